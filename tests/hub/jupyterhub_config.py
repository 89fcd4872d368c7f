"""Settings of the hub that classroom.py starts; what differs from run to run comes in ``COURSE_HUB`` as JSON."""

import json
import os

given = json.loads(os.environ["COURSE_HUB"])


def told(text):
    """A setting of deploy/values.yaml with the student's home of this machine for the container's."""
    return lambda spawner: text.replace("/home/jovyan", f"{given['homes']}/{spawner.user.name}")


c = get_config()  # noqa: F821
c.JupyterHub.bind_url = given["url"]
c.JupyterHub.hub_port = given["ports"][0]
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{given['ports'][1]}"
c.ConfigurableHTTPProxy.command = [given["proxy"]]
c.JupyterHub.db_url = "sqlite:///hub.sqlite"
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = given["password"]
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = given["homes"] + "/{username}"
c.Spawner.cmd = given["command"]
c.Spawner.default_url = given["default_url"]
c.Spawner.environment = {name: told(text) for name, text in given["environment"].items()}
c.Spawner.start_timeout = c.Spawner.http_timeout = given["patience"]
