"""Values travel between the judge and the worker as plain data."""

from __future__ import annotations

import io
import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.exercises import engine
from utils.grading import wire

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=8,
)


def _there_and_back(value):
    return wire.decode(json.loads(json.dumps(wire.encode(value))))


@given(PLAIN)
def test_plain_values_arrive_as_they_were(value):
    back = _there_and_back(value)
    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: (n * n for n in range(3)),
        lambda: reversed([4, 1, 0]),
        lambda: {0: 1, 1: 2, 4: 3}.keys(),
        lambda: map(int, "014"),
        lambda: [Fraction(0), Fraction(2, 2), 4],
    ],
)
def test_what_a_check_in_a_notebook_accepts_travels_too(make):
    assert engine.same(make(), list(make()))
    assert engine.same(_there_and_back(make()), list(make()))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "uint16", "bool", "complex64", "<U3", "S2"])
def test_arrays_keep_dtype_and_shape(dtype):
    array = np.arange(6).reshape(2, 3).astype(dtype)[:, ::2]
    back = _there_and_back(array)
    assert back.dtype == array.dtype and np.array_equal(back, array)
    scalar = _there_and_back(array[1, 1])
    assert type(scalar) is type(array[1, 1]) and scalar == array[1, 1]


def test_other_containers_and_constants():
    for value in (..., {1, 2}, frozenset("ab"), range(3, 9, 2), 1 + 2j, np.zeros((0, 3))):
        back = _there_and_back(value)
        assert type(back) is type(value) and np.array_equal(np.asarray(back), np.asarray(value))
    mixed = _there_and_back(np.array([1, "a", None], dtype=object))
    assert mixed.tolist() == [1, "a", None]
    frozen = np.arange(3)
    frozen.flags.writeable = False
    assert not _there_and_back(frozen).flags.writeable


def test_an_object_that_equals_everything_equals_nothing_here():
    class Sly(float):
        def __eq__(self, other):
            return True

    class Worse:
        def __eq__(self, other):
            return True

        def __repr__(self):
            raise RuntimeError

    assert type(_there_and_back(Sly(2.0))) is float
    assert _there_and_back(Sly(2.0)) != 3.0
    back = _there_and_back(Worse())
    assert back != 3.0 and type(back).__name__ == "Worse" and "cannot be printed" in repr(back)


@pytest.mark.parametrize(
    "data",
    [
        {"!": "nonsense"},
        {"no": "kind"},
        {"!": "array", "dtype": "O", "shape": [1], "v": ""},
        {"!": "array", "dtype": "<f8", "shape": [10**12], "v": "AAAA"},
        {"!": "set", "v": [[1]]},
        {"!": "callable", "v": 0},
        {"!": "dict", "v": [[{"!": "dict", "v": []}, 1]]},
    ],
)
def test_what_was_not_written_by_us_is_refused(data):
    with pytest.raises(wire.WireError):
        wire.decode(data)


def test_messages_have_a_largest_size_and_an_end(monkeypatch):
    stream = io.BytesIO()
    wire.send(stream, {"a": 1})
    stream.seek(0)
    assert wire.receive(stream) == {"a": 1}
    assert wire.receive(stream) is None
    monkeypatch.setattr(wire, "LARGEST_MESSAGE", 10)
    with pytest.raises(wire.WireError, match="too large"):
        wire.send(stream, {"a": "x" * 20})
    with pytest.raises(wire.WireError, match="too large"):
        wire.receive(io.BytesIO(b"\xff\xff\xff\xff"))
    with pytest.raises(wire.WireError, match="cannot be read"):
        wire.receive(io.BytesIO(b"\x00\x00\x00\x02{]"))


@pytest.mark.parametrize(
    "part",
    [
        {"class_name": "Lambda", "module": "keras.layers", "config": {}},
        {"class_name": "TFSMLayer", "module": "keras.layers", "config": {}},
        {"class_name": "function", "module": "builtins", "config": "eval"},
        {"class_name": "Dense", "module": "os", "config": {}},
        {"class_name": "Dense", "module": "keras.layers", "registered_name": "mine>Dense", "config": {}},
    ],
)
def test_models_with_parts_that_could_run_code_are_not_built(part):
    config = json.dumps({"class_name": "Sequential", "config": {"layers": [part]}})
    with pytest.raises(wire.WireError, match="does not load"):
        wire.decode({"!": "model", "config": config, "weights": []})


def test_a_layer_of_ones_own_is_named():
    keras = pytest.importorskip("keras")

    class Twins(keras.layers.Layer):
        def call(self, inputs):
            return inputs

    model = keras.Sequential([keras.Input((2,)), Twins()])
    with pytest.raises(wire.WireError, match=r"a class of its own .Twins., which grading does not load"):
        wire.encode(model)
