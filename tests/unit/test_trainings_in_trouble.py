"""TRAININGS x FAULTS: what goes wrong in the middle costs the work since the last checkpoint, and nothing else.

Each training runs with its networks, files and locks; only what takes long (games, gradient steps, measurements) is a
counter. The tests marked ``full`` run the commands themselves on a real small disk that somebody else fills up
meanwhile, and send them real signals.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from faults import FAULTS, REAL, ROOT, assert_one_sentence, contents, on_a_real_disk, trouble_in

from utils import commands, results
from utils.checkpoints import load_checkpoint

GAMES = ROOT / "mldata" / "go" / "gnugo_9x9_heldout.sgf.gz"
OLD = b"older"
SMALL_AGENT = {"num_games": 4, "capacity": 400, "learning_starts": 64, "batch_size": 8, "filters": "[2,2]", "hidden": 8}


@dataclass
class Training:
    """A training in small.

    Attributes:
        main: of its command.
        arguments: of the command line.
        owner, method: what does a stretch of work.
        work: counts instead.
        done: how far a trainer is.
        middle: so far it is at a checkpoint, with more to come.
        total: so far it is at the end.
        checkpoint: the file, and where in its JSON stands how far it was.
    """

    main: Callable[[], object]
    arguments: str
    owner: type
    method: str
    work: Callable
    done: Callable[[object], int]
    middle: int
    total: int
    checkpoint: tuple[Path, Callable[[dict], int]]


def _steps(trainer, steps: int) -> float:
    trainer.step += steps
    return 1.0


def _iterations(trainer) -> dict:
    trainer.iteration += 1
    trainer.curve.append({"iteration": trainer.iteration})
    return trainer.curve[-1]


def _supervised(folder: Path, patch: pytest.MonkeyPatch) -> Training:
    from utils.go import supervised

    games, aside, _ = supervised.split_games(GAMES, 30)
    patch.setattr(supervised, "split_games", lambda *_: (games, aside, aside))
    patch.setattr(supervised, "accuracy", lambda *_: {"loss": 1.0, "top1 all": 0.5})
    words = f"--out {folder}/net.npz --checkpoint {folder}/run.npz --steps 6 --every 2 --blocks 1 --filters 8 --batch 8"
    file = folder / "run.npz", lambda meta: meta["step"]
    return Training(supervised.main, words, supervised.Trainer, "run", _steps, lambda t: t.step, 2, 6, file)


def _reinforce(folder: Path, patch: pytest.MonkeyPatch) -> Training:
    from utils.go import reinforce

    patch.setattr(reinforce, "compare", lambda *_, **__: {"win_rate": 0.5})
    words = f"--out {folder}/net.npz --checkpoint {folder}/run.npz --iterations 60"
    file, owner = (folder / "run.npz", lambda meta: meta["iteration"]), reinforce.Learner
    return Training(reinforce.main, words, owner, "iterate", _iterations, lambda t: t.iteration, 20, 60, file)


def _units(trainer) -> dict:
    trainer.unit += 1
    return {"loss": 1.0}


def _value(folder: Path, patch: pytest.MonkeyPatch) -> Training:
    from utils.go import examples, value

    some = examples.positions_of(examples.load_games("heldout", 3))
    patch.setattr(value, "play_unit", lambda *_: some)
    patch.setattr(value, "mean_squared_error", lambda *_: 1.0)
    patch.setattr(value.Stream, "learn", lambda _: {"loss": 1.0})
    words = f"--out {folder}/net.npz --folder {folder}/games --units 60 --filters 8 --blocks 1"
    file = folder / "games" / "training.npz", lambda meta: meta["unit"]
    return Training(value.main, words, value.Stream, "iterate", _units, lambda t: t.unit, 20, 60, file)


def _selfplay(folder: Path, patch: pytest.MonkeyPatch) -> Training:
    import numpy as np

    from utils.go import selfplay

    patch.setattr(selfplay, "duel", lambda *_: np.ones(10))
    words = f"--out {folder}/net.npz --checkpoint {folder}/run.npz --iterations 5 --filters 8 --blocks 1"
    words += f" --curves {folder}"
    file = folder / "run.npz", lambda meta: meta["iteration"]
    return Training(selfplay.main, words, selfplay.Loop, "iterate", _iterations, lambda t: t.iteration, 3, 5, file)


def _breakout(folder: Path, patch: pytest.MonkeyPatch) -> Training:
    from utils.rl import breakout, train_breakout

    def step(trainer) -> None:
        trainer.counters["agent_steps"] += 4

    words = f"--folder {folder}/run --steps 16 --save-minutes 0 --threads 1 --set "
    words += " ".join(f"{name}={value}" for name, value in SMALL_AGENT.items())
    file = folder / "run" / "checkpoint.npz", lambda meta: meta["counters"]["agent_steps"]
    done = lambda trainer: trainer.counters["agent_steps"]  # noqa: E731
    return Training(train_breakout.main, words, breakout.Trainer, "step", step, done, 8, 16, file)


TRAININGS = {
    "supervised": _supervised,
    "reinforce": _reinforce,
    "value": _value,
    "selfplay": _selfplay,
    "breakout": _breakout,
}


def call(training: Training, patch: pytest.MonkeyPatch) -> tuple[int, str, str]:
    """Exit status, and what it says on its standard error and output."""
    patch.setattr(sys, "argv", ["training", *training.arguments.split()])
    with contextlib.redirect_stderr(io.StringIO()) as said, contextlib.redirect_stdout(io.StringIO()) as printed:
        status = commands.run(training.main, ValueError, interrupted=commands.GOES_ON)
    return status, said.getvalue(), printed.getvalue()


@pytest.fixture
def training(tmp_path, monkeypatch):
    """The training of a name, with an older network where its own is to be."""

    def prepare(name: str) -> Training:
        (tmp_path / "net.npz").write_bytes(OLD)
        return TRAININGS[name](tmp_path, monkeypatch)

    monkeypatch.setattr(results, "curve_path", lambda name: tmp_path / f"{name}.curve.json")
    return prepare


def _assert_told(fault: str, status: int, said: str, printed: str) -> None:
    if fault == "Ctrl-C":
        assert status == commands.INTERRUPTED and ("Interrupted." in said or "stopped" in printed), (said, printed)
        assert "Traceback" not in said
    else:
        assert_one_sentence(status, said)


def faults(*sample: str) -> list:
    """All of them in full; a sample in every run."""
    return [fault if fault in sample else pytest.param(fault, marks=pytest.mark.full) for fault in FAULTS]


def _no_parts(folder: Path) -> bool:
    return not [path.name for path in folder.rglob("*.part")]


@pytest.mark.parametrize("fault", faults("Ctrl-C", "disk full"))
@pytest.mark.parametrize("name", TRAININGS)
def test_a_training_that_ends_in_the_middle_goes_on_from_its_checkpoint(name, fault, training, tmp_path, monkeypatch):
    one, begun = training(name), []
    path, reached = one.checkpoint

    def work(trainer, *stretch):
        if one.done(trainer) == one.middle and fault == "Ctrl-C":
            raise KeyboardInterrupt
        if one.done(trainer) == one.middle:
            trouble.enter_context(trouble_in(tmp_path, FAULTS[fault]))
        return one.work(trainer, *stretch)

    def counted(trainer, *stretch):
        begun.append(one.done(trainer))
        return one.work(trainer, *stretch)

    with contextlib.ExitStack() as trouble, monkeypatch.context() as patch:
        patch.setattr(one.owner, one.method, work)
        _assert_told(fault, *call(one, patch))
    assert reached(load_checkpoint(path)[1]) == one.middle
    assert (tmp_path / "net.npz").read_bytes() == OLD and _no_parts(tmp_path)
    monkeypatch.setattr(one.owner, one.method, counted)
    status, said, _ = call(one, monkeypatch)
    assert status == 0, said
    assert begun[0] == one.middle and reached(load_checkpoint(path)[1]) == one.total
    assert name == "breakout" or (tmp_path / "net.npz").read_bytes() != OLD


@pytest.mark.parametrize("fault", faults("disk full"))
@pytest.mark.parametrize("name", [name for name in TRAININGS if name != "breakout"])  # it writes nothing at its end
def test_a_network_that_cannot_be_written_at_the_end_is_written_by_the_next_call(
    name, fault, training, tmp_path, monkeypatch
):
    from utils.go import networks

    one, begun, save = training(name), [], networks.save

    def work(trainer, *stretch):
        begun.append(one.done(trainer))
        return one.work(trainer, *stretch)

    def spoiled(*arguments, **options):
        if fault == "Ctrl-C":
            raise KeyboardInterrupt
        trouble.enter_context(trouble_in(tmp_path, FAULTS[fault]))
        return save(*arguments, **options)

    monkeypatch.setattr(one.owner, one.method, work)
    with contextlib.ExitStack() as trouble, monkeypatch.context() as patch:
        patch.setattr(networks, "save", spoiled)
        _assert_told(fault, *call(one, patch))
    assert (tmp_path / "net.npz").read_bytes() == OLD and _no_parts(tmp_path)
    begun.clear()
    status, said, _ = call(one, monkeypatch)
    assert status == 0, said
    assert len(begun) <= 1 and (tmp_path / "net.npz").read_bytes() != OLD
    assert json.loads((tmp_path / "net.json").read_text())["seed"] == 1


@pytest.mark.parametrize("name", ["supervised", "reinforce", "value"])
def test_a_curve_that_could_not_be_written_is_said_before_the_training(name, training, tmp_path, monkeypatch):
    one = training(name)
    (tmp_path / "file").touch()
    monkeypatch.setattr(results, "curve_path", lambda name: tmp_path / "file" / f"{name}.json")
    status, said, _ = call(one, monkeypatch)
    assert_one_sentence(status, said)
    assert "net.json" in said and not (tmp_path / "run.npz").exists() and not (tmp_path / "games").exists()


@pytest.mark.parametrize("fault", faults("disk full"))
def test_games_that_step_3_has_played_stay(fault, training, tmp_path, monkeypatch):
    from utils.go import value

    one, played = training("value"), []
    play = value.play_unit

    def spoiled(*arguments):
        if fault == "Ctrl-C" and len(played) == 1:
            raise KeyboardInterrupt
        if len(played) == 1:
            trouble.enter_context(trouble_in(tmp_path, FAULTS[fault]))
        played.append(arguments[-1])
        return play(*arguments)

    with contextlib.ExitStack() as trouble, monkeypatch.context() as patch:
        patch.setattr(value, "play_unit", spoiled)
        _assert_told(fault, *call(one, patch))
    assert [path.name for path in (tmp_path / "games").iterdir()] == ["test000.npz"]
    first = contents(tmp_path / "games")
    monkeypatch.setattr(one.owner, one.method, one.work)
    status, said, _ = call(one, monkeypatch)
    assert status == 0, said
    assert contents(tmp_path / "games")["test000.npz"] == first["test000.npz"]
    assert len(list(tmp_path.glob("games/test*"))) == 8


# ---------------------------------------------------------------------------------------------------------------------
# The commands themselves on a real disk

# Without an end, so that what ends them is the fault; and the file that says how far they are.
ENDLESS = {
    "supervised": (
        f"utils.go.supervised --out {{disk}}/net.npz --checkpoint {{disk}}/run.npz --games {GAMES} --limit 30 "
        "--steps 1000000 --blocks 1 --filters 8 --batch 8",
        "run.npz",
        "step",
    ),
    "reinforce": (
        "utils.go.reinforce --out {disk}/net.npz --checkpoint {disk}/run.npz --iterations 1000000 --games 2 "
        "--positions 16",
        "run.npz",
        "iteration",
    ),
    "value": (
        "utils.go.value --out {disk}/net.npz --folder {disk}/games --units 1000000 --games 2 --latest 4 "
        "--filters 8 --blocks 1 --batch 8",
        "games/training.npz",
        "unit",
    ),
    "selfplay": (
        "utils.go.selfplay --out {disk}/net.npz --checkpoint {disk}/run.npz --curves {disk} --iterations 1000000 "
        "--games 2 --playouts 4 --fast-playouts 2 --steps 2 --filters 8 --blocks 1",
        "run.npz",
        "iteration",
    ),
    "breakout": (
        "utils.rl.train_breakout --folder {disk}/run --steps 100000000 --save-minutes 0 --threads 1 --set "
        + " ".join(f"{name}={value}" for name, value in SMALL_AGENT.items()),
        "run/checkpoint.npz",
        "agent_steps",
    ),
}
SOMEBODY_FILLS_THE_DISK = """
import contextlib, json, signal, subprocess, sys, time
from utils.checkpoints import load_checkpoint

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it, and their children
checkpoint = DISK / NAME
command = [sys.executable, "-m", *WORDS.format(disk=DISK).split()]

def reached():
    meta = load_checkpoint(checkpoint)[1]
    return (meta | meta.get("counters", {}))[COUNTER]

def training(before, then):
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and (not checkpoint.exists() or reached() <= before):
            time.sleep(0.1)
        then(process)
        printed, said = process.communicate()
        return [process.returncode, said, printed, reached(), [path.name for path in DISK.rglob("*.part")]]

def fill(process):
    with open(DISK / "ballast", "wb", buffering=0) as file:
        while process.poll() is None:  # again and again: a file that is replaced leaves room for the next
            with contextlib.suppress(OSError):
                while file.write(bytes(4096)):
                    pass
            time.sleep(0.05)

first = training(-1, fill)
(DISK / "ballast").unlink()
rest = [training(first[3], lambda process: process.send_signal(signal.SIGINT))]
rest += [training(rest[-1][3], lambda process: process.terminate())]
(DISK / "told.json").write_text(json.dumps([first, *rest]))
"""


@pytest.mark.full
@REAL
@pytest.mark.parametrize("name", ENDLESS)
def test_a_command_on_a_disk_that_fills_up_goes_on_when_there_is_room(name, tmp_path):
    words, checkpoint, counter = ENDLESS[name]
    code = f"WORDS, NAME, COUNTER = {words!r}, {checkpoint!r}, {counter!r}\n{SOMEBODY_FILLS_THE_DISK}"
    status, said, after = on_a_real_disk(tmp_path, "rw", 16_000, {}, code)
    assert status == 0, said
    told = json.loads(after["told.json"])  # TensorFlow's first lines are in it, too
    print(name, [(row[0], row[1].strip().splitlines()[-1:], row[3]) for row in told])
    (full, said, _, *_), *interrupted = told
    assert full == 1 and ("full" in said or "space" in said), said
    assert said.strip().splitlines()[-1].startswith("Could not write") and "Traceback" not in said
    for status, said, printed, _, _ in interrupted:
        assert status == commands.INTERRUPTED, said
        assert (said.strip().endswith(commands.GOES_ON) or "stopped" in printed) and "Traceback" not in said
    assert not any(row[4] for row in told)
    assert told[0][3] < told[1][3] < told[2][3]  # each went on from where the one before it had come to


@pytest.mark.full
@REAL
@pytest.mark.parametrize("name", ENDLESS)
def test_a_command_in_a_folder_that_cannot_be_written_says_so_before_it_begins(name, tmp_path):
    words = ENDLESS[name][0]
    code = "import sys, runpy\n"
    code += f"sys.argv = {words!r}.format(disk=DISK).split()\nrunpy.run_module(sys.argv[0], run_name='__main__')\n"
    status, said, after = on_a_real_disk(tmp_path, "ro", 16_000, {"net.npz": OLD}, code)
    assert_one_sentence(status, said.strip().splitlines()[-1])
    assert "Traceback" not in said
    assert after == {"net.npz": OLD}
