"""What can go wrong on any computer ends a command with one sentence and an exit status, and spoils no file.

COMMANDS x FAULTS. A command runs as ``python -m ...`` runs it, but in this process, and meets the faults of
:mod:`faults`. Below, some run on a real small disk and get real signals. What happens in the middle of a training is in
test_trainings_in_trouble.py.
"""

from __future__ import annotations

import contextlib
import errno
import gzip
import hashlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import numpy as np
import pytest
from faults import (
    DISK_FULL,
    FAULTS,
    READ_ONLY,
    REAL,
    ROOT,
    SETTINGS,
    assert_one_sentence,
    call,
    contents,
    on_a_real_disk,
    trouble_in,
)
from filelock import FileLock
from packaging.version import Version

from utils import commands, results, runtime
from utils.checkpoints import append_line

# ---------------------------------------------------------------------------------------------------------------------
# The commands


@dataclass
class Command:
    """How to call a command.

    Attributes:
        program: what ``python -m`` takes, or a script.
        arguments: such that it would succeed, writing into the folder alone.
        wrong: with a path that is none.
        held: the lock by which a second process is refused, for those in :data:`HELD`.
        cheap: a fault is tried at each of its writes, not at the first alone.
    """

    program: str
    arguments: list[object] = field(default_factory=list)
    wrong: list[object] = field(default_factory=list)
    held: str = ""
    cheap: bool = True


Prepare = Callable[[Path, pytest.MonkeyPatch], Command]
OLD = b"older"
GAMES = ROOT / "mldata" / "go" / "gnugo_9x9_heldout.sgf.gz"


def _grade(folder: Path, patch: pytest.MonkeyPatch) -> Command:
    from utils.grading import judge

    patch.setattr(judge, "trial", lambda fenced: "")
    patch.setattr("tempfile.tempdir", str(folder.parent))
    (folder.parent / "submissions" / "ada").mkdir(parents=True)  # nothing in it: no judge is needed
    (folder / "grades.csv").write_bytes(OLD)
    arguments = ["grade", folder.parent / "submissions", "--lesson", "08", "--out", folder / "grades.csv"]
    return Command("utils.grading.grade", arguments, ["grade", folder / "nowhere"], ".grades.csv.lock")


def _release(folder: Path, patch: pytest.MonkeyPatch) -> Command:
    root = folder.parent / "course"
    for name in ("README.md", "utils/a.py", "mldata/b.txt"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("text")
    patch.setattr(runtime, "repo_root", lambda: root)
    (folder / "file").touch()
    return Command("utils.grading.release", [folder / "new"], [folder / "file" / "new"])


def _store(folder: Path, patch: pytest.MonkeyPatch, cache: Path) -> None:
    """A registry of one file, which lies in a mirror."""
    from utils.datasets import registry, sources, store

    mirror, content = folder.parent / "mirror", b"content" * 1000
    mirror.mkdir()
    (mirror / "tiny.bin").write_bytes(content)
    (mirror / "registry.txt").write_text(f"tiny.bin {hashlib.sha256(content).hexdigest()}\n")
    entry = {"name": "tiny.bin", "title": "t", "size": len(content), "licence": "-", "citation": "-"}
    entry |= {"mirror": "tiny.bin", "stand_in": "nothing", "addresses": [], "notebooks": ["01"]}
    text = "[[file]]\n" + "\n".join(f"{key} = {value!r}" for key, value in entry.items())
    (folder.parent / "registry.toml").write_text(text)
    patch.setenv("COURSE_REGISTRY", str(folder.parent / "registry.toml"))
    patch.setenv("COURSE_MIRROR", str(mirror))
    patch.setenv("COURSE_DATA", str(cache))
    patch.setenv("COURSE_OFFLINE", "1")
    patch.setattr(store, "_outcomes", {})
    patch.setattr(store, "_said", set())
    sources._mirror_registry.cache_clear()
    registry._read_registry.cache_clear()


def _mirror(folder: Path, patch: pytest.MonkeyPatch) -> Command:
    _store(folder, patch, folder.parent / "cache")
    from utils.datasets import store

    store.fetch("tiny.bin")
    (folder / "file").touch()
    (folder / "stick").mkdir()
    (folder / "stick" / "registry.txt").write_bytes(OLD)
    return Command("utils.datasets.mirror", [folder / "stick"], [folder / "file" / "stick"])


def _data(folder: Path, patch: pytest.MonkeyPatch) -> Command:
    _store(folder, patch, folder / "cache")
    return Command("utils.datasets.inventory", ["tiny.bin"], ["no_such_file.bin"])


def _match(folder: Path, patch: pytest.MonkeyPatch) -> Command:
    arguments = ["match", "random", "random", "--games", "2", "--size", "5", "--out", folder / "match.jsonl"]
    return Command("utils.go.arena", arguments, ["elo", folder / "nowhere"], ".match.jsonl.share0of1.lock")


def _gnugo_games(folder: Path, patch: pytest.MonkeyPatch) -> Command:
    (folder / "raw.sgf").write_text("(;SZ[9])\n" * 2)
    play = ["play", "--games", "2", "--out", folder / "raw.sgf"]
    build = ["build", "--games", folder / "nowhere.sgf", "--out", folder]
    return Command("utils.go.gnugo_games", play, build, ".raw.sgf.lock")


def _training(
    module: str, wrong: list[object], held=".run.npz.lock", checkpoint="--checkpoint run.npz", few=()
) -> Prepare:
    def prepare(folder: Path, patch: pytest.MonkeyPatch) -> Command:
        option, name = checkpoint.split()
        (folder / "net.npz").write_bytes(OLD)
        arguments = ["--out", folder / "net.npz", option, folder / name, *few]
        return Command(module, arguments, [*arguments, *wrong], held, cheap=False)

    return prepare


def _breakout(folder: Path, patch: pytest.MonkeyPatch) -> Command:
    run = ["--folder", folder / "run", "--steps", "1"]
    return Command("utils.rl.train_breakout", run, [*run, "--resume", folder / "nowhere.npz"], ".run.lock", cheap=False)


def _play(folder: Path, patch: pytest.MonkeyPatch) -> Command:
    wrong = ["--episodes", "1", "--agent", folder / "nowhere.npz"]
    (folder / "game.mp4").write_bytes(OLD)
    return Command("utils.rl.play_breakout", ["--episodes", "1", "--video", folder / "game.mp4"], wrong, cheap=False)


def _tiny_course(folder: Path, *cells: str) -> Path:
    path = folder / "notebooks" / "05_tiny.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells]), path)
    return path


def _notebooks(folder: Path, patch: pytest.MonkeyPatch) -> Command:
    _tiny_course(folder, "1 + 1")
    script = folder.parent / "tests" / "notebooks" / "execute.py"
    script.parent.mkdir(parents=True)
    shutil.copy(ROOT / "tests" / "notebooks" / "execute.py", script)
    text = script.read_text().replace("parents[2]", f"parents[2] / {folder.name!r}")
    script.write_text(text)
    return Command(str(script), ["05"], ["77"])


def _claims(folder: Path, patch: pytest.MonkeyPatch) -> Command:
    import execute

    path = _tiny_course(folder, "1 + 1")
    notebook = nbformat.read(path, as_version=4)
    patch.setattr(execute, "ROOT", folder)
    patch.setattr(execute, "run", lambda path: notebook)
    patch.setattr("utils.claims.stored_claims", lambda notebook: CLAIMS)
    patch.setenv("COURSE_RESULTS", str(folder / "results.json"))
    for number in ("claims.05.01", "claims.05.02", "claims.05.03"):
        results.record(number, 1.0, unit="fraction", hardware="h", note="of an older run")
    return Command(str(ROOT / "tests" / "notebooks" / "claims_over_seeds.py"), ["05", "--seeds", "1"], ["77"])


CLAIMS = [{"sentence": text, "state": "holds", "by_seed": []} for text in ("One", "Two")]


def _results(folder: Path, patch: pytest.MonkeyPatch) -> Command:
    patch.setenv("COURSE_RESULTS", str(folder / "results.json"))
    results.record("an.older", 1.0, unit="x", hardware="h")
    script = folder.parent / "measure.py"
    script.write_text(
        "from utils import commands, results\n"
        "def main():\n    results.record('a.newer', 2.0, unit='x', hardware='h')\n"
        "raise SystemExit(commands.run(main))\n"
    )
    return Command(str(script))


def _slides(folder: Path, patch: pytest.MonkeyPatch) -> Command:
    patch.syspath_prepend(ROOT / "lectures" / "tools")
    tools = folder.parent / "lectures" / "tools"
    shutil.copytree(ROOT / "lectures" / "tools", tools, ignore=shutil.ignore_patterns("__pycache__"))
    script = tools / "decks.py"
    script.write_text(script.read_text().replace('BUILD = LECTURES / "build"', f"BUILD = Path({str(folder)!r})"))
    (tools.parent / "05_tiny.md").write_text("# A deck\n")
    return Command(str(script), ["05", "--no-pdf"], ["77"], cheap=False)


def _sweeps(folder: Path, patch: pytest.MonkeyPatch) -> Command:
    script = folder.parent / "tests" / "unit" / "exercises" / "sweeps.py"
    script.parent.mkdir(parents=True)
    text = (ROOT / "tests" / "unit" / "exercises" / "sweeps.py").read_text()
    text = text.replace('target = ROOT / "utils" / "exercises" / "sweeps"', f"target = Path({str(folder)!r})")
    text = text.replace("Path(__file__).parent.glob", f"Path({str(ROOT / 'tests' / 'unit' / 'exercises')!r}).glob")
    script.write_text(text.replace("Path(__file__).resolve().parents[3]", f"Path({str(ROOT)!r})"))
    (folder / "08_q_learning.json.gz").write_bytes(OLD)
    return Command(str(script), ["08"], ["77"], cheap=False)


COMMANDS: dict[str, Prepare] = {
    "grade": _grade,
    "release": _release,
    "mirror": _mirror,
    "data": _data,
    "results": _results,
    "notebooks": _notebooks,
    "claims": _claims,
    "sweeps": _sweeps,
    "slides": _slides,
    "go match": _match,
    "go gnugo_games": _gnugo_games,
    "go supervised": _training(
        "utils.go.supervised", ["--games", "nowhere.sgf"], few=("--games", GAMES, "--limit", "30")
    ),
    "go reinforce": _training("utils.go.reinforce", ["--start", "nowhere"]),
    "go value": _training("utils.go.value", ["--start", "nowhere"], ".games.lock", "--folder games"),
    "go selfplay": _training("utils.go.selfplay", ["--start", "nowhere"]),
    "train_breakout": _breakout,
    "play_breakout": _play,
}


# A second process of these is refused; of the others it waits, or does no harm: tested below and in their rooms.
HELD = ["grade", *(name for name in COMMANDS if name.startswith("go ")), "train_breakout"]


@pytest.fixture
def prepared(tmp_path, monkeypatch):
    """The command of a name, ready to be called, and the folder that it writes into."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)  # where no relative path leads anywhere

    def prepare(name: str) -> tuple[Command, Path]:
        return COMMANDS[name](folder, monkeypatch), folder

    yield prepare
    for module in ("sources._mirror_registry", "registry._read_registry"):
        room, function = module.split(".")
        if f"utils.datasets.{room}" in sys.modules:
            getattr(sys.modules[f"utils.datasets.{room}"], function).cache_clear()


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "results"])
def test_a_wrong_path_is_a_sentence(name, prepared):
    command, folder = prepared(name)
    before = contents(folder)
    assert_one_sentence(*call(command.program, *command.wrong))
    assert contents(folder) == before


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_any_write_is_a_sentence_and_spoils_nothing(name, fault, prepared):
    command, folder = prepared(name)
    before = contents(folder)
    for after in range(30 if command.cheap else 1):
        with trouble_in(folder, FAULTS[fault], after) as trouble:
            status, said = call(command.program, *command.arguments)
        if status == 0:  # it is done before the fault comes, or needs not what failed
            assert after > 0, said
            if trouble.writes <= after:
                return
            continue
        if fault == "Ctrl-C":
            assert status == commands.INTERRUPTED and "nterrupted" in said, (after, said)
        else:
            assert_one_sentence(status, said)
        now = contents(folder)
        for path, content in before.items():
            assert now[path] == content, f"{path} was lost at write {after + 1}"
        assert not [path for path in set(now) - set(before) if not _whole(folder / path)], f"write {after + 1}"
        before = {path: content for path, content in now.items() if not path.endswith(".part")}
    assert not command.cheap


def _whole(path: Path) -> bool:
    """What a command had finished before the fault came may stay."""
    if path.suffix == ".jsonl":
        return all(json.loads(line) for line in path.read_text().splitlines())
    if path.suffix == ".part" and path.name.startswith("tiny.bin"):
        return True  # a download goes on from there; that a full disk is not left with one is held below
    kept = ("registry.txt", "tiny.bin", "tiny.bin.source.json")
    return path.name in kept or path.suffix == ".ipynb" or path.name == "grades_interrupted.csv"


@pytest.mark.parametrize("name", HELD)
def test_a_second_process_is_refused(name, prepared):
    command, folder = prepared(name)
    before = contents(folder)
    with FileLock(folder / command.held):
        status, said = call(command.program, *command.arguments)
    assert_one_sentence(status, said)
    assert "Another process" in said
    assert contents(folder) == before


# ---------------------------------------------------------------------------------------------------------------------
# What each command has of its own: missing tools, two at once, commands that write nothing


def test_a_wrong_path_of_the_ledger_is_a_sentence(prepared, tmp_path, monkeypatch):
    command, folder = prepared("results")
    monkeypatch.setenv("COURSE_RESULTS", str(folder / "results.json" / "in_a_file.json"))
    assert_one_sentence(*call(command.program))
    monkeypatch.setenv("COURSE_RESULTS", str(folder))
    assert_one_sentence(*call(command.program))


@pytest.mark.parametrize("fault", ["disk full", "read-only"])
def test_no_part_of_a_download_stays_on_a_full_disk(fault, prepared):
    command, folder = prepared("data")
    for after in range(12):
        with trouble_in(folder, FAULTS[fault], after):
            call(command.program, *command.arguments)
        assert not list(folder.rglob("*.part")), f"write {after + 1}"


def test_a_deck_that_fails_leaves_the_last_one(prepared, monkeypatch):
    _, folder = prepared("slides")
    import decks

    built = folder / "05_tiny"

    def sphinx(error: BaseException | None):
        def run(source: Path, place: Path) -> None:
            place.mkdir(parents=True)
            (place / "index.html").write_text("newer")
            if error:
                raise error

        return run

    monkeypatch.setattr(decks, "_tidy", lambda *_: None)
    monkeypatch.setattr(decks, "check_page", lambda text: [])
    monkeypatch.setattr(decks, "_run_sphinx", sphinx(None))
    decks._build_beside(folder / "05_tiny.md", built, "mark")
    before = contents(folder)
    assert sorted(before) == ["05_tiny/.fingerprint", "05_tiny/index.html"]
    for error in (KeyboardInterrupt(), DISK_FULL, decks.DeckError("a cell failed")):
        monkeypatch.setattr(decks, "_run_sphinx", sphinx(error))
        with pytest.raises(type(error)):
            decks._build_beside(folder / "05_tiny.md", built, "another mark")
        assert contents(folder) == before


def test_ctrl_c_does_not_begin_the_decks_that_wait(prepared, monkeypatch):
    prepared("slides")
    import decks

    begun = []

    def make(source: Path, arguments: object) -> str:
        begun.append(source)
        raise KeyboardInterrupt

    monkeypatch.setattr(decks, "make", make)
    monkeypatch.setattr(decks, "decks", lambda numbers: [Path(f"{k}.md") for k in range(200)])
    monkeypatch.setattr(sys, "argv", ["decks.py"])
    with pytest.raises(KeyboardInterrupt):
        decks.main()
    assert len(begun) < 200


def test_a_release_without_git_is_refused_not_everything_handed_out(prepared, tmp_path, monkeypatch):
    command, folder = prepared("release")
    (tmp_path / "course" / ".git").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path))
    status, said = call(command.program, *command.arguments)
    assert_one_sentence(status, said)
    assert "git" in said and not (folder / "new").exists()


def test_games_without_gnu_go_are_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    out = ["--games", "2", "--out", tmp_path / "out"]
    for program, *arguments in (("utils.go.gnugo_games", "play"), ("utils.go.arena", "match", "gnugo", "random")):
        status, said = call(program, *arguments, *out)
        assert_one_sentence(status, said)
        assert "gnugo" in said


def test_slides_without_a_browser_are_a_sentence(prepared, monkeypatch):
    prepared("slides")
    import browse

    from utils import doctor

    monkeypatch.setattr(doctor, "find_browser", lambda: None)
    monkeypatch.setattr("playwright.sync_api.sync_playwright", _no_playwright)
    with pytest.raises(browse.DeckError, match="PDF=0"):
        browse.chosen_browser()


@contextlib.contextmanager
def _no_playwright():
    class Chromium:
        executable_path = "/nowhere/chromium"

    class Playwright:
        chromium = Chromium()

    yield Playwright()


def test_a_package_that_is_missing_is_a_sentence(prepared, monkeypatch, tmp_path):
    (tmp_path / "command.py").write_text(
        "from utils import commands\ndef main():\n    import no_such_package.part\n"
        "raise SystemExit(commands.run(main))\n"
    )
    status, said = call(str(tmp_path / "command.py"))
    assert_one_sentence(status, said)
    assert "no_such_package" in said and "make doctor" in said


def test_two_releases_into_one_folder_spoil_neither(prepared, monkeypatch):
    _, folder = prepared("release")
    from utils.grading import release

    begun, write = threading.Event(), release._write

    def slow(root: Path, names: list[Path], place: Path) -> None:
        write(root, names, place)
        if not begun.is_set():  # the first: another one is faster
            begun.set()
            release.release(root, folder / "new")

    monkeypatch.setattr(release, "_write", slow)
    assert release.main([str(folder / "new")]) == 2
    assert sorted(contents(folder / "new")) == ["README.md", "mldata/b.txt", "utils/a.py"]
    assert [path.name for path in folder.iterdir() if path.name.endswith(".part")] == []


def test_two_mirrors_at_once_are_both_whole(prepared, tmp_path):
    _, folder = prepared("mirror")
    from utils.datasets import mirror

    together, failed = threading.Barrier(4), []

    def write() -> None:
        together.wait()
        try:
            mirror.write_mirror(folder / "stick")
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    content = (folder / "stick" / "tiny.bin").read_bytes()
    promised = f"tiny.bin {hashlib.sha256(content).hexdigest()}\n"
    assert (folder / "stick" / "registry.txt").read_text() == promised
    assert sorted(path.name for path in (folder / "stick").iterdir()) == ["registry.txt", "tiny.bin"]


@pytest.mark.parametrize("name", ["notebooks", "sweeps"])
def test_the_last_of_two_at_once_counts(name, prepared):
    """Both end well, and what is there is whole, from one of them."""
    command, folder = prepared(name)
    before = contents(folder)
    both = [
        subprocess.Popen(
            [sys.executable, command.program, *command.arguments], env=SETTINGS, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    said = [one.communicate()[1] for one in both]
    assert [one.returncode for one in both] == [0, 0], said
    after = contents(folder)
    assert set(after) == set(before) and after != before
    (content,) = after.values()
    if name == "notebooks":
        (cell,) = nbformat.reads(content.decode(), as_version=4).cells
        assert cell.outputs[0]["data"]["text/plain"] == "2"
    else:
        assert json.loads(gzip.decompress(content))


COUNTS = """
import sys, claims_over_seeds
who = sys.argv[1]
for _ in range(5):
    claims_over_seeds.record("05", [(f"{who} {k}", False, [True]) for k in range(int(who) + 1)])
"""


def test_counts_of_claims_at_once_are_those_of_one_of_them(prepared):
    _, folder = prepared("claims")
    places = [ROOT, ROOT / "tests" / "notebooks"]
    settings = SETTINGS | {"PYTHONPATH": os.pathsep.join(map(str, places)), "COURSE_RESULTS": f"{folder}/results.json"}
    several = [subprocess.Popen([sys.executable, "-c", COUNTS, str(who)], env=settings) for who in range(3)]
    assert [one.wait() for one in several] == [0, 0, 0]
    notes = [entry["note"] for entry in results.read().values()]
    who = notes[0][0]
    assert notes == [f"{who} {k}" for k in range(int(who) + 1)]


def test_lines_appended_by_many_are_all_whole(tmp_path):
    def add(k: int) -> None:
        for n in range(20):
            append_line(tmp_path / "lines", json.dumps([k, n]) * 50)

    threads = [threading.Thread(target=add, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = (tmp_path / "lines").read_text().splitlines()
    assert len(lines) == 80 and all(len(line) in (300, 350) for line in lines)


SILENT = {  # commands that write nothing: how they are called, and where Ctrl-C comes
    "progress": ("utils.grading.grade", ["progress", "--notebooks", "{}"], "utils.grading.submission.read_notebook"),
    "doctor": ("utils.doctor", [], "utils.runtime.device_report"),
}


def _interrupts(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("name", SILENT)
def test_ctrl_c_in_a_command_that_writes_nothing(name, tmp_path, monkeypatch):
    program, arguments, place = SILENT[name]
    _tiny_course(tmp_path, "x = 1").rename(tmp_path / "08_q_learning.ipynb")
    if name == "progress":
        monkeypatch.setattr(subprocess, "Popen", _interrupts)
    else:
        monkeypatch.setattr(place, _interrupts)
    status, said = call(program, *(argument.format(tmp_path) for argument in arguments))
    assert status == commands.INTERRUPTED and said.strip().endswith("Interrupted."), said


WRONG = {
    "progress": ("utils.grading.grade", ["progress", "--notebooks", "nowhere"]),
    "doctor": ("utils.doctor", ["no-such-check"]),
    "video": ("utils.rl.play_breakout", ["--video", "game.avi"]),
    "share": ("utils.go.arena", ["match", "random", "random", "--share", "2/2"]),
    "weights": ("utils.grading.grade", ["grade", ".", "--weights", "nowhere.csv"]),
    "weights that are none": ("utils.grading.grade", ["grade", ".", "--weights", "picture.png"]),
    "csv that is a folder": ("utils.grading.grade", ["grade", ".", "--out", "."]),
    "release into a file": ("utils.grading.release", ["picture.png"]),
    "another training's checkpoint": ("utils.rl.train_breakout", ["--folder", "run", "--resume", "picture.png"]),
    "matches that are none": ("utils.go.arena", ["elo", "picture.png"]),
}


@pytest.mark.parametrize("name", WRONG)
def test_further_wrong_calls_are_sentences(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\xff\n")
    program, arguments = WRONG[name]
    assert_one_sentence(*call(program, *arguments))


def _gtp(*arguments: str, cwd: Path) -> subprocess.Popen:
    command, pipe = [sys.executable, "-m", "utils.go.gtp", *arguments], subprocess.PIPE
    return subprocess.Popen(command, cwd=cwd, env=SETTINGS, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def test_a_network_that_is_not_there_is_a_sentence_over_gtp(tmp_path):
    said, complained = _gtp("--network", "nowhere.npz", cwd=tmp_path).communicate("genmove b\n")
    assert "nowhere.npz" in said + complained and "Traceback" not in complained
    assert len([line for line in (said + complained).splitlines() if "nowhere.npz" in line]) == 1


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
def test_ctrl_c_at_gtp_is_no_traceback(tmp_path):
    with _gtp("--network", "-", cwd=tmp_path) as process:
        process.stdin.write("name\n")
        process.stdin.flush()
        assert process.stdout.readline().startswith("=")
        process.send_signal(signal.SIGINT)
        complained = process.stderr.read()
        assert process.wait() == commands.INTERRUPTED, complained
    assert "Traceback" not in complained


def test_grades_are_kept_elsewhere_where_the_disk_fills_up_meanwhile(prepared, tmp_path, monkeypatch):
    """Hours of grading are not lost: the csv is written where there is room, and at last on the terminal."""
    _, folder = prepared("grade")
    from utils.grading import tables

    row = tables.Row("ada", "08.1", 1, "correct")
    with trouble_in(folder, DISK_FULL):
        kept = tables.keep_grades([row], folder / "grades.csv")
    assert kept.parent.parent == tmp_path and "ada,08.1,1,correct" in kept.read_text()
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    said = io.StringIO()
    with trouble_in(tmp_path, DISK_FULL), contextlib.redirect_stdout(said):
        assert tables.keep_grades([row], folder / "grades.csv") is None
    assert "ada,08.1,1,correct" in said.getvalue()
    assert (folder / "grades.csv").read_bytes() == OLD


# ---------------------------------------------------------------------------------------------------------------------
# The mechanism


def _run(error: BaseException, *told: type) -> tuple[int | str, str]:
    said = io.StringIO()

    def main() -> None:
        raise error

    with contextlib.redirect_stderr(said):
        try:
            return commands.run(main, *told), said.getvalue()
        except BaseException as raised:
            return "traceback", repr(raised)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/a/b"), "disk is full.*/a/b"),
        (PermissionError(errno.EACCES, "Permission denied", b"/a/b"), "/a/b cannot be used here"),
        (OSError(errno.EROFS, "Read-only file system", "/a/b"), "/a/b.*Read-only"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "/a/b"), "/a/b.*check the path"),
        (FileNotFoundError("There is no folder x."), "^There is no folder x.$"),
        (OSError(errno.EIO, "Input/output error", 3), "3: Input/output error"),
        (TimeoutError("Another process has held it."), "Another process has held it"),
        (MemoryError(), "not enough memory"),
        (ModuleNotFoundError("No module named 'x'", name="x.y"), "package x.y is not installed"),
        (commands.Busy("Another process writes it."), "Another process writes it"),
    ],
)
def test_what_happens_on_any_computer_is_a_sentence(error, words):
    status, said = _run(error)
    assert_one_sentence(status, said)
    assert re.search(words, said.strip())


def test_a_mistake_of_ours_keeps_its_traceback():
    for error in (ValueError("x"), KeyError("x"), ModuleNotFoundError("no", name="utils.nothing"), SystemError("x")):
        assert _run(error)[0] == "traceback"
    assert _run(ValueError("The table is wrong."), ValueError) == (1, "The table is wrong.\n")


def test_a_reader_that_has_enough_is_no_error_of_anybodys(tmp_path):
    script = tmp_path / "talks.py"
    script.write_text(
        "from utils import commands\ndef main():\n    for number in range(10**6):\n        print(number)\n"
        "raise SystemExit(commands.run(main))\n"
    )
    with subprocess.Popen(
        [sys.executable, script], env=SETTINGS, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 1


def test_nothing_is_left_of_looking_whether_a_file_can_be_written(tmp_path):
    commands.check_writable(tmp_path / "new" / "deep" / "file.csv")
    assert not list(tmp_path.iterdir())
    with trouble_in(tmp_path, READ_ONLY), pytest.raises(OSError, match=r"file\.csv cannot be written"):
        commands.check_writable(tmp_path / "new" / "file.csv")


def test_a_kill_is_an_interruption_and_nohup_stays(monkeypatch):
    def main() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        threading.Event().wait(60)

    before = signal.getsignal(signal.SIGTERM)
    assert commands.run(main, interrupted="kept") == commands.INTERRUPTED
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("raise KeyboardInterrupt", "Interrupted."),
        ("raise ModuleNotFoundError('No', name='numpy')", "The package numpy is not installed here"),
    ],
)
def test_what_happens_while_a_command_loads_is_a_sentence_too(tmp_path, line, words):
    (tmp_path / "numpy.py").write_text(line)
    settings = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    command = [sys.executable, "-m", "utils.go.arena", "elo", "x"]
    done = subprocess.run(command, cwd=tmp_path, env=settings, capture_output=True, text=True)
    assert done.returncode != 0 and done.stderr.strip().startswith(words), done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


NO_COMMANDS = {"judge.py", "worker.py"}  # processes that grading starts; nobody calls them


def test_every_command_ends_this_way():
    places = ["utils/**/*.py", "lectures/tools/decks.py", "tests/notebooks/*.py", "tests/benchmarks/results_*.py"]
    places += [
        "tests/benchmarks/bench_*.py",
        "tests/unit/exercises/sweeps.py",
        "tests/run.py",
        ".ci/readme.py",
        "site/*.py",
    ]
    paths = [path for place in places for path in ROOT.glob(place) if path.name not in NO_COMMANDS | {"commands.py"}]
    ends = {
        path: re.search(r'^if __name__ == "__main__":\n(.*)', path.read_text("utf-8"), re.M | re.S) for path in paths
    }
    found = {path: end[1] for path, end in ends.items() if end}
    assert len(found) > 30
    assert not [path.name for path, end in found.items() if "raise SystemExit(commands.run(" not in end]


# ---------------------------------------------------------------------------------------------------------------------
# A real disk that is full or read-only, a real Ctrl-C


LEDGER = b"[]"
REAL_COMMANDS = {
    "results": (
        {"results.json": LEDGER},
        "import os\nos.environ['COURSE_RESULTS'] = str(DISK / 'results.json')\n"
        "from utils import commands, results\nresults.hardware_name = lambda: 'h'\n"
        "def main():\n    results.record('a.b', 1.0, unit='x', hardware='h', note='long' * 50_000)\n"
        "raise SystemExit(commands.run(main))",
    ),
    "release": (
        {},
        "import sys, runpy\nfrom utils import runtime\nroot = DISK.parent / 'course'\n"
        "(root / 'utils').mkdir(parents=True)\n"
        "for k in range(20): (root / 'utils' / f'{{k}}.py').write_text('x' * 20_000)\n"
        "runtime.repo_root = lambda: root\nsys.argv = ['release', str(DISK / 'new')]\n"
        "runpy.run_module('utils.grading.release', run_name='__main__', alter_sys=True)",
    ),
    "match": (
        {"match.jsonl": b""},
        "import sys, runpy\n"
        "sys.argv = 'arena match random random --size 5 --games 2000 --out'.split() + [str(DISK / 'match.jsonl')]\n"
        "runpy.run_module('utils.go.arena', run_name='__main__', alter_sys=True)",
    ),
    "a large copy": (
        {"old.npz": OLD},
        "from utils import commands, checkpoints\nimport numpy\n"
        "def main():\n    checkpoints.save_checkpoint(DISK / 'old.npz', {{'a': numpy.ones(10**6)}})\n"
        "raise SystemExit(commands.run(main))",
    ),
}


@REAL
@pytest.mark.parametrize("state", ["rw", "ro"])
@pytest.mark.parametrize("name", REAL_COMMANDS)
def test_on_a_real_disk_nothing_is_half_written(name, state, tmp_path):
    if (name, state) == ("a large copy", "rw") and Version(np.__version__) < Version("2.2"):
        pytest.skip("NumPy before 2.2 leaves its archive open, of which Python complains in lines of its own")
    kept, code = REAL_COMMANDS[name]
    status, said, after = on_a_real_disk(tmp_path, state, 100, kept, code.replace("{{", "{").replace("}}", "}"))
    assert_one_sentence(status, said)
    lines = after.pop("match.jsonl", b"")
    assert after == {name: content for name, content in kept.items() if name != "match.jsonl"}
    assert all(json.loads(line)["end"] for line in lines.splitlines()) and (lines == b"" or lines.endswith(b"\n"))
    assert ("full" in said or "space" in said) if state == "rw" else "ead-only" in said, said


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_a_real_interruption_of_a_match_leaves_whole_games(tmp_path, kind):
    out = tmp_path / "match.jsonl"
    command = [sys.executable, "-m", "utils.go.arena", "match", "random", "random", "--size", "5", "--games", "1000000"]
    with subprocess.Popen([*command, "--out", out], env=SETTINGS, stderr=subprocess.PIPE, text=True) as process:
        while not out.exists() or out.read_bytes().count(b"\n") < 3:
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.05)
        process.send_signal(kind)
        said = process.stderr.read()
        assert process.wait() == commands.INTERRUPTED, said
    assert said.strip() == "Interrupted." or said.strip() == commands.GOES_ON
    lines = out.read_text().splitlines()
    assert [json.loads(line)["number"] for line in lines] == list(range(len(lines)))
