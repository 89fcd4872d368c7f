"""The reader of PyTorch files admits tensors of numbers and refuses everything else, before it runs."""

from __future__ import annotations

import io
import os
import pickle
import struct

import numpy as np
import pytest

from utils.vision import efficientnet_lite
from utils.vision.torch_weights import MAGIC_NUMBER, PROTOCOL_VERSION, UnsafeFileError, load_torch_weights


class Global:
    """Pickles as a reference to ``module.name``, whether such a thing exists or not."""

    def __init__(self, module, name):
        self.module, self.name = module, name


class Call:
    """Pickles as a call of a :class:`Global`."""

    def __init__(self, function, *arguments, state=None):
        self.function, self.arguments, self.state = function, arguments, state


class Persistent:
    def __init__(self, identifier):
        self.identifier = identifier


class Writer(pickle._Pickler):
    """The pure-Python pickler, taught to write names that are not importable here."""

    def persistent_id(self, value):
        return value.identifier if isinstance(value, Persistent) else None

    def save(self, value, save_persistent_id=True):
        if isinstance(value, Global):
            self.write(pickle.GLOBAL + f"{value.module}\n{value.name}\n".encode())
        elif isinstance(value, Call):
            self.save(value.function)
            self.save(tuple(value.arguments))
            self.write(pickle.REDUCE)
            if value.state is not None:
                self.save(value.state)
                self.write(pickle.BUILD)
        else:
            super().save(value, save_persistent_id)


def dump(value) -> bytes:
    buffer = io.BytesIO()
    writer = Writer(buffer, protocol=2)
    writer.fast = True
    writer.dump(value)
    return buffer.getvalue()


FLOATS = Global("torch", "FloatStorage")
REBUILD = Global("torch._utils", "_rebuild_tensor_v2")


def tensor(shape, strides, offset=0, size=6, key="7", storage_type=FLOATS):
    storage = Persistent(("storage", storage_type, key, "cpu", size, None))
    return Call(REBUILD, storage, offset, shape, strides, False, None)


def torch_file(state, keys=("7",), magic=MAGIC_NUMBER) -> bytes:
    numbers = np.arange(6, dtype="<f4")
    system = {"protocol_version": PROTOCOL_VERSION, "little_endian": True}
    head = b"".join(map(dump, (magic, PROTOCOL_VERSION, system, state, list(keys))))
    return head + struct.pack("<q", len(numbers)) + numbers.tobytes()


def load(tmp_path, content: bytes):
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    return load_torch_weights(path)


def test_reads_contiguous_and_strided_tensors(tmp_path):
    arrays = load(tmp_path, torch_file({"w": tensor((2, 3), (3, 1)), "t": tensor((3, 2), (1, 3))}))
    np.testing.assert_array_equal(arrays["w"], [[0, 1, 2], [3, 4, 5]])
    np.testing.assert_array_equal(arrays["t"], [[0, 3], [1, 4], [2, 5]])
    assert arrays["w"].dtype == np.float32


def test_reads_an_ordered_dictionary_with_metadata_and_drops_counters(tmp_path):
    counter = tensor((1,), (1,), size=1, key="8", storage_type=Global("torch", "LongStorage"))
    items = [["w", tensor((6,), (1,))], ["n", counter]]
    state = Call(Global("collections", "OrderedDict"), items, state={"_metadata": {"version": 1}})
    content = torch_file(state, keys=("7", "8")) + struct.pack("<q", 1) + np.array([5], "<i8").tobytes()
    assert list(load(tmp_path, content)) == ["w"]


@pytest.mark.parametrize(
    "module, name", [("os", "system"), ("builtins", "eval"), ("posix", "system"), ("torch", "load")]
)
def test_a_call_of_anything_else_is_refused_and_never_runs(tmp_path, module, name):
    target = tmp_path / "was_here"
    call = Call(Global(module, name), f"touch {target}" if name == "system" else f"open({str(target)!r}, 'w')")
    with pytest.raises(UnsafeFileError, match=f"{module}.{name}"):
        load(tmp_path, torch_file({"w": call}))
    assert not target.exists()


def test_a_real_exploit_is_refused(tmp_path):
    class Exploit:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "was_here"),)

    with pytest.raises(UnsafeFileError, match="refused"):
        load(tmp_path, pickle.dumps(Exploit()))
    assert not (tmp_path / "was_here").exists()


@pytest.mark.parametrize("victim", [FLOATS, REBUILD])
def test_the_reader_cannot_be_altered(tmp_path, victim):
    build = Call(Global("collections", "OrderedDict"), [])

    class Altering:
        pass

    writer_state = {"dtype": "O"}

    class AlteringWriter(Writer):
        def save(self, value, save_persistent_id=True):
            if isinstance(value, Altering):
                super().save(victim)
                super().save(writer_state)
                self.write(pickle.BUILD)
            else:
                super().save(value, save_persistent_id)

    buffer = io.BytesIO()
    writer = AlteringWriter(buffer, protocol=2)
    writer.fast = True
    writer.dump({"w": Altering(), "x": build})
    head = b"".join(map(dump, (MAGIC_NUMBER, PROTOCOL_VERSION, {"little_endian": True})))
    with pytest.raises(UnsafeFileError, match="alter"):
        load(tmp_path, head + buffer.getvalue())
    assert load(tmp_path, torch_file({"w": tensor((6,), (1,))}))["w"].dtype == np.float32


@pytest.mark.parametrize(
    "bad",
    [
        tensor((7,), (1,)),  # longer than its storage
        tensor((2, 3), (3, 1), offset=1),
        tensor((2, 3), (3,)),
        tensor((-1,), (1,)),
        tensor((10**9,), (0,)),  # six numbers that pretend to be a billion
        tensor((6,), (1,), size=10**12),
        tensor((6,), (1,), storage_type="not a type"),
        Call(REBUILD, "no storage", 0, (1,), (1,), False, None),
        "text",
        3.0,
    ],
)
def test_impossible_tensors_are_refused(tmp_path, bad):
    with pytest.raises(UnsafeFileError, match=r"weights\.pth"):
        load(tmp_path, torch_file({"w": bad}))


def test_damaged_files_are_refused(tmp_path):
    whole = torch_file({"w": tensor((6,), (1,))})
    for length in (0, 1, 20, len(whole) // 2, len(whole) - 1):
        with pytest.raises(UnsafeFileError, match=r"weights\.pth"):
            load(tmp_path, whole[:length])
    with pytest.raises(UnsafeFileError, match="format before"):
        load(tmp_path, torch_file({"w": tensor((6,), (1,))}, magic=17))
    with pytest.raises(UnsafeFileError):
        load(tmp_path, b"PK\x03\x04" + bytes(100))
    with pytest.raises(FileNotFoundError):
        load_torch_weights(tmp_path / "nothing.pth")


def test_the_installed_weights_are_float_tensors_only():
    arrays = load_torch_weights(efficientnet_lite.weights_path())
    assert {array.dtype for array in arrays.values()} == {np.dtype("float32")}
    assert sum(a.size for name, a in arrays.items() if "running" not in name) == 4_652_008
