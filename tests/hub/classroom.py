"""A class on this machine: JupyterHub with its proxy, local processes for servers, and students in a real browser.

For the tests beside it and for ``tests/benchmarks/class_of_six.py``. Settings of the servers come from
``deploy/values.yaml``, with this machine's folders in place of the container's.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import psutil
import yaml

from utils import doctor

from bench_00_execution import memory_of
from publish import FOLDER, hub_path

ROOT = Path(__file__).resolve().parents[2]
VALUES = ROOT / "deploy" / "values.yaml"
CONFIGURATION = Path(__file__).with_name("jupyterhub_config.py")
PASSWORD = "a password for the class"
PATIENCE = 600  # seconds for anything, on a busy machine


def missing() -> str:
    """Why no class can be held here, with the remedy; empty if it can."""
    for package in ("jupyterhub", "nbgitpuller", "playwright"):
        try:
            __import__(package)
        except ImportError:
            return f"the package {package} is not installed: make test-hub"
    if not proxy():
        return "JupyterHub's proxy, a program for node.js, is not here: make test-hub"
    if not doctor.find_browser():
        return "no Chromium was found: apt install chromium, or name it in COURSE_BROWSER"
    if not shutil.which("git"):
        return "git was not found"
    return ""


def proxy() -> str | None:
    """configurable-http-proxy, of this environment or of the machine."""
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return shutil.which("configurable-http-proxy", path=places)


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody uses."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def end(process: subprocess.Popen) -> None:
    """End a process and whatever it has started, students' servers and kernels too."""
    with contextlib.suppress(psutil.Error):
        family = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        for member in family:
            with contextlib.suppress(psutil.Error):
                member.kill()
    process.wait()


# ---------------------------------------------------------------------------------------------------------------------
# The course, as its instructor publishes it


@dataclass
class Course:
    """A repository of the student's version, served by git itself."""

    folder: Path
    address: str = ""

    def git(self, *arguments: str) -> None:
        who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *who, "-C", str(self.folder), *arguments], check=True, capture_output=True)

    def publish(self) -> None:
        """What lies in the folder becomes the newest version."""
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "A version")


@contextlib.contextmanager
def published_course(folder: Path, fill: Any) -> Iterator[Course]:
    """``fill(path)`` writes the course's first version; git serves it as long as the context lasts."""
    course = Course(folder / "course.git")
    fill(course.folder)
    course.git("init", "-q", "-b", "main")
    course.publish()
    [port] = free_ports(1)
    command = ["git", "daemon", "--export-all", f"--base-path={folder}", "--listen=127.0.0.1", f"--port={port}"]
    daemon = subprocess.Popen([*command, "--reuseaddr", str(folder)], stderr=subprocess.DEVNULL)
    course.address = f"git://127.0.0.1:{port}/course.git"
    try:
        _until(lambda: not subprocess.run(["git", "ls-remote", "-q", course.address], capture_output=True).returncode)
        yield course
    finally:
        end(daemon)


def _until(reached: Any, problem: str = "it did not begin") -> None:
    deadline = time.monotonic() + PATIENCE
    while not reached():
        if time.monotonic() > deadline:
            raise TimeoutError(problem)
        time.sleep(0.2)


# ---------------------------------------------------------------------------------------------------------------------
# The hub


@dataclass
class Hub:
    """A hub that runs: its address, and the folder with the students' homes."""

    url: str
    homes: Path
    course: Course
    process: subprocess.Popen

    def link(self, page: str) -> str:
        """The address to hand out for a page of the course."""
        return self.url + hub_path(self.course.address, page)

    def copy(self, student: str) -> Path:
        """A student's copy of the course."""
        return self.homes / student / FOLDER

    def processes(self, student: str) -> dict[str, list[psutil.Process]]:
        """A student's server, and below it the kernels."""
        found: dict[str, list[psutil.Process]] = {"server": [], "kernels": []}
        for process in psutil.Process(self.process.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if process.environ().get("JUPYTERHUB_USER") == student:
                    kernel = "ipykernel_launcher" in " ".join(process.cmdline())
                    found["kernels" if kernel else "server"].append(process)
        return found


def environment() -> dict[str, str]:
    """What deploy/values.yaml and the image tell a student's server; this machine's mirror, the smoke budget."""
    told = yaml.safe_load(VALUES.read_text(encoding="utf-8"))["singleuser"]["extraEnv"]
    told |= {"COURSE_BUDGET": "smoke", "COURSE_MIRROR": os.environ.get("COURSE_MIRROR", "")}
    attributes = str(ROOT / "deploy" / "gitattributes")  # in the image it is /etc/gitattributes
    return told | {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.attributesFile",
        "GIT_CONFIG_VALUE_0": attributes,
    }


@contextlib.contextmanager
def running_hub(folder: Path, course: Course) -> Iterator[Hub]:
    """JupyterHub with its proxy; ends with all that it started."""
    port, *ports = free_ports(3)
    homes, lab = folder / "homes", folder / "lab"
    homes.mkdir(parents=True)
    lab.mkdir()
    shutil.copyfile(ROOT / ".ci" / "lab-settings.json", lab / "overrides.json")
    command = [sys.executable, "-m", "jupyterhub.singleuser", f"--LabApp.app_settings_dir={lab}"]
    command += ["--KernelManager.transport_encryption=auto", *(["--allow-root"] if os.getuid() == 0 else [])]
    given = {"url": f"http://127.0.0.1:{port}", "ports": ports, "proxy": proxy(), "password": PASSWORD}
    given |= {"homes": str(homes), "command": command, "environment": environment(), "patience": PATIENCE}
    given |= {"default_url": hub_path(course.address, "index.md").removeprefix("/hub/user-redirect")}
    log = folder / "hub.log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "-f", str(CONFIGURATION)],
            cwd=folder,
            env=os.environ | {"COURSE_HUB": json.dumps(given)},
            stdout=file,
            stderr=file,
        )
    hub = Hub(given["url"], homes, course, process)
    try:
        _until(lambda: process.poll() is not None or _answers(f"{hub.url}/hub/health"), "the hub did not start")
        if process.poll() is not None:
            raise RuntimeError(f"the hub ended: {log.read_text(errors='replace')[-2000:]}")
        yield hub
    finally:
        end(process)


def _answers(address: str) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=5):
        return True
    return False


# ---------------------------------------------------------------------------------------------------------------------
# The students


@dataclass
class Student:
    """One student with a browser of her own; what her server and kernels held and computed."""

    name: str
    hub: Hub
    page: Any
    memory: float = 0.0  # most gigabytes at once, shared pages counted by share
    resident: float = 0.0  # the same, shared pages counted in full, as a container's limit does at worst
    server_memory: float = 0.0
    cpu_seconds: float = 0.0
    _cpu: dict[int, float] = field(default_factory=dict)

    @property
    def copy(self) -> Path:
        return self.hub.copy(self.name)

    def notebook(self, name: str) -> nbformat.NotebookNode:
        return nbformat.read(self.copy / "notebooks" / name, as_version=4)

    def sample(self) -> None:
        """Note what all of this student's processes hold and have computed by now."""
        total = resident = server = 0
        for kind, processes in self.hub.processes(self.name).items():
            for process in processes:
                with contextlib.suppress(psutil.Error):
                    held = memory_of(process)
                    total, resident = total + held, resident + process.memory_info().rss
                    server += held * (kind == "server")
                    self._cpu[process.pid] = sum(process.cpu_times()[:2])
        self.memory = max(self.memory, total / 1e9)
        self.resident = max(self.resident, resident / 1e9)
        self.server_memory = max(self.server_memory, server / 1e9)
        self.cpu_seconds = sum(self._cpu.values())

    async def log_in(self) -> None:
        """Through the hub's page; the server starts, fetches the course and opens the start page."""
        await self.page.goto(f"{self.hub.url}/hub/login")
        await self.page.fill("#username_input", self.name)
        await self.page.fill("#password_input", PASSWORD)
        await self.page.click("#login_submit")
        await self.page.wait_for_url("**/index.md*")
        await self.page.wait_for_selector(".jp-RenderedMarkdown h1")

    async def follow(self, page: str) -> None:
        """A link to a notebook, as the instructor hands it out; it updates the course first."""
        await self.page.goto(self.hub.link(page))
        await self.page.wait_for_url(f"**/{page}*")
        await self.page.wait_for_selector(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell")
        await self.page.get_by_text("| Idle").wait_for()  # in the status bar: the kernel is there

    async def write(self, code: str) -> None:
        """A new cell below the first of the notebook that is open."""
        await self.page.click(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell")
        for key in ("Escape", "b", "Enter"):
            await self.page.keyboard.press(key)
        await self.page.keyboard.insert_text(code)

    async def run_all(self) -> None:
        """The menu's *Run All Cells*; returns at once."""
        await self.page.click(".lm-MenuBar-itemLabel:text-is('Run')")
        await self.page.click(".lm-Menu-itemLabel:text-is('Run All Cells')")

    async def run_to_the_end(self, name: str) -> None:
        """Run all cells, wait, and save."""
        await self.run_all()
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            await self.page.keyboard.press("Control+s")
            await asyncio.sleep(3)
            with contextlib.suppress(ValueError):  # half-written
                if _executed(self.notebook(name)):
                    return
        raise TimeoutError(f"{self.name} is not through with {name}")


def _executed(notebook: nbformat.NotebookNode) -> bool:
    """Did every cell of code run?"""
    return all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code" and cell.source)


@contextlib.asynccontextmanager
async def students(hub: Hub, names: list[str]) -> AsyncIterator[list[Student]]:
    """Students at one machine, each with cookies of her own; watched as long as the context lasts."""
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=doctor.find_browser(), args=["--no-sandbox"])
        pages = [await (await browser.new_context()).new_page() for _ in names]
        for page in pages:
            page.set_default_timeout(1000 * PATIENCE)
        group = [Student(name, hub, page) for name, page in zip(names, pages, strict=True)]
        done = threading.Event()
        watch = threading.Thread(target=_watch, args=(group, done), daemon=True)
        watch.start()
        try:
            yield group
        finally:
            done.set()
            watch.join()
            await browser.close()


def _watch(group: list[Student], done: threading.Event) -> None:
    while not done.wait(2.0):
        for student in group:
            student.sample()
