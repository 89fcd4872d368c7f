"""Helper package of the course "From Lego to Go": what would distract in a notebook, unit-tested.

Importing it costs nothing; each room (``utils.rl``, ``utils.go``, ...) is imported by the lesson that needs it.
"""

import sys

from utils.settings import set_places

set_places()  # before a library that keeps a cache is imported
if sys.argv[:1] == ["-m"]:  # python -m utils.ROOM.COMMAND: Python is still on its way to the command
    from utils import commands

    commands.watch_loading()
