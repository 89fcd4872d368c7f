"""Atomic writes, checkpoints, and networks with their optimisers."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from utils import checkpoints, results, runtime
from utils.checkpoints import load_checkpoint, save_checkpoint, write_atomically


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
        with pytest.raises(ValueError, match="move it away"):
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


# Networks and their optimisers


def _trained(seed: int):
    import keras

    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.1), "mse")
    x = np.random.default_rng(seed).normal(size=(8, 3)).astype(np.float32)
    model.train_on_batch(x, x[:, :1])
    return model, x


def test_a_training_goes_on_as_if_it_had_not_stopped(tmp_path):
    model, x = _trained(0)
    save_checkpoint(tmp_path / "a.npz", checkpoints.state_of(model) | checkpoints.numbered("a", model.get_weights()))
    other, _ = _trained(1)
    arrays, _ = load_checkpoint(tmp_path / "a.npz")
    checkpoints.restore(other, arrays)
    for going_on in (model, other):
        going_on.train_on_batch(x, x[:, :1])
    for mine, theirs in zip(model.get_weights(), other.get_weights()):
        np.testing.assert_array_equal(mine, theirs)
    np.testing.assert_array_equal(checkpoints.group(arrays, "a")[0], arrays["w0"])
    assert len(checkpoints.group(arrays, "a")) == 4 and checkpoints.group(arrays, "b") == []


def test_many_arrays_come_back_in_order():
    arrays = checkpoints.numbered("w", np.arange(12))
    assert [int(value) for value in checkpoints.group(arrays, "w")] == list(range(12))


def test_another_optimiser_is_refused():
    import keras

    model, _ = _trained(0)
    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(1)])
    other.compile(keras.optimizers.SGD(0.1), "mse")
    with pytest.raises(ValueError, match="optimiser"):
        checkpoints.restore(other, checkpoints.state_of(model))


def test_a_network_ships_with_its_origin(tmp_path):
    sidecar = dict.fromkeys(checkpoints.SIDECAR, "x")
    weights = [np.full((2, 2), 1 / 3), np.arange(3.0)]
    checkpoints.save_network(tmp_path / "net.npz", weights, {"filters": 8}, sidecar)
    again, meta = checkpoints.load_network(tmp_path / "net.npz")
    assert meta == {"filters": 8} and again[0].dtype == np.float32
    np.testing.assert_allclose(again[0], weights[0], rtol=1e-3)
    assert json.loads((tmp_path / "net.json").read_text()) == sidecar
    with pytest.raises(ValueError, match="lacks seed"):
        checkpoints.save_network(tmp_path / "b.npz", weights, {}, {k: v for k, v in sidecar.items() if k != "seed"})
    assert not (tmp_path / "b.npz").exists()


SHIPPED = sorted((runtime.repo_root() / "mldata" / "weights").glob("*.npz"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_network_has_the_one_format_and_says_where_it_comes_from(path):
    weights, _ = checkpoints.load_network(path)
    arrays, _ = load_checkpoint(path)
    assert len(weights) == len(arrays) > 0 and all(array.dtype == np.float16 for array in arrays.values())
    sidecar = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert all(sidecar.get(field) not in (None, "") for field in checkpoints.SIDECAR)


def test_every_curve_that_ships_says_where_it_comes_from():
    paths = sorted(results.curve_path("any").parent.glob("*.json"))
    assert len(paths) > 5
    for path in paths:
        stored = json.loads(path.read_text(encoding="utf-8"))
        assert all(stored["provenance"][field] for field in results.provenance("x")), path.name
        assert stored["rows"], path.name
