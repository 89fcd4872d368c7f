"""Atomic writes, checkpoints and the lock."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from utils import checkpoints, runtime
from utils.checkpoints import file_lock, load_checkpoint, save_checkpoint, write_atomically


def test_a_checkpoint_comes_back_as_it_was(tmp_path):
    path = tmp_path / "runs" / "a.npz"
    arrays = {"w": np.arange(6, dtype=np.float32).reshape(2, 3), "steps": np.array(7), "mask": np.array([True, False])}
    assert save_checkpoint(path, arrays, {"seed": 3, "names": ["ä", "b"]}) == path
    loaded, meta = load_checkpoint(path)
    assert meta == {"seed": 3, "names": ["ä", "b"]} and set(loaded) == set(arrays)
    for name, array in arrays.items():
        assert loaded[name].dtype == array.dtype and np.array_equal(loaded[name], array)
    save_checkpoint(path, {"w": np.zeros(1)})
    loaded, meta = load_checkpoint(path)
    assert list(loaded) == ["w"] and meta == {}
    assert os.listdir(path.parent) == ["a.npz"]


def test_what_would_need_pickle_is_refused(tmp_path):
    with pytest.raises(ValueError, match="'bad'"):
        save_checkpoint(tmp_path / "a.npz", {"bad": np.array([{}, None])})
    with pytest.raises(ValueError, match="reserved"):
        save_checkpoint(tmp_path / "a.npz", {checkpoints.META_KEY: np.zeros(1)})
    assert os.listdir(tmp_path) == []


def test_damaged_missing_and_foreign_files_are_told_apart(tmp_path):
    with pytest.raises(FileNotFoundError, match="without resuming"):
        load_checkpoint(tmp_path / "none.npz")
    path = save_checkpoint(tmp_path / "a.npz", {"w": np.random.default_rng(0).random(1000)})
    whole = path.read_bytes()
    for content in (b"", b"text", whole[: len(whole) // 2], whole[:-30], whole[:3000] + b"\0" * 50 + whole[3050:]):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="delete it"):
            load_checkpoint(path)
    np.savez(path, w=np.zeros(2))
    with pytest.raises(ValueError, match="no readable checkpoint"):
        load_checkpoint(path)
    np.save(tmp_path / "plain.npy", np.zeros(3))
    with pytest.raises(ValueError, match="no readable checkpoint"):
        load_checkpoint(tmp_path / "plain.npy")


def test_a_failed_write_keeps_the_old_file_and_leaves_nothing(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def interrupted(file):
        file.write(b"half")
        raise KeyboardInterrupt

    def full(file):
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, interrupted)
    with pytest.raises(OSError, match="disk space") as caught:
        write_atomically(path, full)
    assert caught.value.errno == errno.ENOSPC and str(path) in str(caught.value)
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["a.txt"]


def test_a_kill_while_saving_leaves_the_previous_checkpoint(tmp_path):
    path = save_checkpoint(tmp_path / "a.npz", {"round": np.array(0)})
    code = (
        "import sys, time, numpy as np; from utils.checkpoints import write_atomically\n"
        "def slow(file):\n"
        "    file.write(b'half a checkpoint'); file.flush(); print('writing', flush=True); time.sleep(60)\n"
        "write_atomically(sys.argv[1], slow)"
    )
    command = [sys.executable, "-c", code, str(path)]
    process = subprocess.Popen(command, cwd=runtime.repo_root(), stdout=subprocess.PIPE)
    assert process.stdout.readline().startswith(b"writing")
    process.kill()
    process.wait()
    process.stdout.close()
    assert load_checkpoint(path)[0]["round"] == 0


@pytest.mark.skipif(os.name == "nt", reason="Windows has no file modes")
def test_files_are_readable_by_others(tmp_path):
    write_atomically(tmp_path / "a.txt", lambda file: file.write(b"x"))
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o644


# The lock


def test_the_lock_lets_one_in_at_a_time(tmp_path):
    inside, most, faults = [0], [0], []

    def work():
        try:
            for _ in range(5):
                with file_lock(tmp_path / "lock"):
                    inside[0] += 1
                    most[0] = max(most[0], inside[0])
                    time.sleep(0.002)
                    inside[0] -= 1
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] and faults == [] and os.listdir(tmp_path) == []


def test_the_lock_is_let_go_after_an_error(tmp_path):
    with pytest.raises(ValueError, match="inside"), file_lock(tmp_path / "lock"):
        raise ValueError("inside")
    with file_lock(tmp_path / "lock", patience=0.0):
        pass


def test_a_taken_lock_is_waited_for_then_told(tmp_path):
    waits = []
    with (
        file_lock(tmp_path / "lock"),
        pytest.raises(TimeoutError, match="Another process"),
        file_lock(tmp_path / "lock", patience=0.15, on_wait=lambda: waits.append(1)),
    ):
        pass
    assert waits == [1]


def test_a_killed_holder_blocks_nobody(tmp_path):
    code = (
        "import sys, time; from utils.checkpoints import file_lock\n"
        "with file_lock(sys.argv[1]):\n"
        "    print('held', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "lock")]
    process = subprocess.Popen(command, cwd=runtime.repo_root(), stdout=subprocess.PIPE)
    assert process.stdout.readline().strip() == b"held"
    with pytest.raises(TimeoutError), file_lock(tmp_path / "lock", patience=0.0):
        pass
    process.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
    process.wait()
    process.stdout.close()
    assert (tmp_path / "lock").exists()  # the file is left, the lock is not
    with file_lock(tmp_path / "lock", patience=2.0):
        pass
    assert os.listdir(tmp_path) == []
