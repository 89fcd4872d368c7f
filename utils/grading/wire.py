"""What passes between the judge and the process that runs a student's function: plain data as JSON, nothing unpickled.

A message is a JSON text behind its length (4 bytes, big-endian). Values arrive as exact base types: a student's class
that claims to equal everything comes out as what it holds, or as an :class:`Opaque` that equals nothing.
Used by `make grade` and `make progress`, by no lesson.
"""

from __future__ import annotations

import base64
import itertools
import json
import numbers
import struct
import sys
from collections.abc import Callable, Iterator, KeysView, ValuesView
from typing import Any, BinaryIO

import numpy as np

LARGEST_MESSAGE = 8_000_000  # bytes; the largest honest answer is about a megabyte. Read, it may take thirty times that
LONGEST = 1_000_000  # items of an answer that may never end
PLAIN_KINDS = "?biufcSU"  # dtypes whose bytes are their values
# What a Keras model may be made of when it is built anew beside the checks. Lambda, TFSMLayer, custom classes and
# anything else that could run code of its own are not in it.
MODEL_MODULES = ("keras", "keras.layers", "keras.models", "keras.initializers", "keras.regularizers")
MODEL_MODULES += ("keras.src.models.functional", "keras.src.ops.numpy", "keras.dtype_policies", "keras.ops")
MODEL_CLASSES = frozenset(
    """
    Functional Model Sequential InputLayer Dense Activation ReLU LeakyReLU ELU Softmax Dropout Flatten Reshape
    Permute RepeatVector Embedding Masking Add Subtract Multiply Average Maximum Minimum Concatenate Dot LSTM
    GRU SimpleRNN LSTMCell GRUCell SimpleRNNCell RNN Bidirectional TimeDistributed Attention
    MultiHeadAttention BatchNormalization LayerNormalization Conv1D Conv2D MaxPooling1D MaxPooling2D
    GlobalAveragePooling1D GlobalAveragePooling2D GlobalMaxPooling1D Rescaling Negative Flip Repeat GetItem Stack
    Transpose ExpandDims Squeeze Tile Abs Square Sqrt Sum Mean Max Min DTypePolicy GlorotUniform
    GlorotNormal HeNormal HeUniform LecunNormal Zeros Ones Constant RandomNormal RandomUniform TruncatedNormal
    Orthogonal OrthogonalInitializer VarianceScaling Identity L1 L2 L1L2
    """.split()  # noqa: SIM905 (a list of names over eighty lines reads worse)
)


class WireError(Exception):
    """A message that cannot be sent or understood; the text says why in a sentence."""


class Opaque:
    """An object that does not travel. It prints as the original did and equals nothing."""

    def __init__(self, text: str):
        self.text = text

    def __repr__(self) -> str:
        return self.text

    __hash__ = None

    def __eq__(self, other: object) -> bool:
        return False


# ---------------------------------------------------------------------------------------------------------------------
# Messages


def send(stream: BinaryIO, message: dict[str, Any]) -> None:
    """Write one message.

    Raises:
        WireError: longer than :data:`LARGEST_MESSAGE`.
    """
    data = json.dumps(message).encode()
    if len(data) > LARGEST_MESSAGE:
        raise WireError(f"the answer is too large ({len(data) / 1e6:.0f} MB)")
    stream.write(struct.pack(">I", len(data)) + data)
    stream.flush()


def receive(stream: BinaryIO) -> dict[str, Any] | None:
    """Read one message; None at the end of the stream.

    Raises:
        WireError: too long, cut off, or no JSON object.
    """
    head = stream.read(4)
    if len(head) < 4:
        return None
    (length,) = struct.unpack(">I", head)
    if length > LARGEST_MESSAGE:
        raise WireError(f"the answer is too large ({length / 1e6:.0f} MB)")
    data = stream.read(length)
    if len(data) < length:
        return None
    try:
        message = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise WireError("the answer cannot be read") from error
    if not isinstance(message, dict):
        raise WireError("the answer cannot be read")
    return message


# ---------------------------------------------------------------------------------------------------------------------
# Values


def encode(value: Any, export: Callable[[Any], Any] | None = None) -> Any:
    """A value as JSON. Containers, numbers, strings, arrays, tensors and Keras models travel.

    Args:
        export: gives a callable's number; without it a callable is an :class:`Opaque` on the other side.
    """
    if value is None or isinstance(value, bool):
        return value
    if value is ...:
        return {"!": "ellipsis"}
    if isinstance(value, np.generic | np.ndarray):
        return _encode_array(value, export)
    for base in (int, float, str):
        if isinstance(value, base):
            return value if type(value) is base else base.__new__(base, value)
    if isinstance(value, list):
        return [encode(item, export) for item in value]
    for kind in (tuple, set, frozenset):
        if isinstance(value, kind):
            return {"!": kind.__name__, "v": [encode(item, export) for item in value]}
    if isinstance(value, dict):
        return {"!": "dict", "v": [[encode(k, export), encode(v, export)] for k, v in value.items()]}
    if isinstance(value, range):
        return {"!": "range", "v": [value.start, value.stop, value.step]}
    if isinstance(value, complex):
        return {"!": "complex", "v": [value.real, value.imag]}
    if isinstance(value, numbers.Real):  # a fraction
        return float(value)
    if isinstance(value, Iterator | KeysView | ValuesView):
        return [encode(item, export) for item in itertools.islice(value, LONGEST)]
    return _encode_object(value, export)


def _encode_array(value: np.ndarray | np.generic, export: Callable | None) -> dict:
    array = np.asarray(value)
    if array.dtype.kind not in PLAIN_KINDS:
        return {"!": "objects", "shape": array.shape, "v": [encode(item, export) for item in array.ravel().tolist()]}
    data = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
    kind = "array" if isinstance(value, np.ndarray) else "scalar"
    writable = bool(array.flags.writeable) if kind == "array" else False
    return {"!": kind, "dtype": array.dtype.str, "shape": array.shape, "v": data, "writable": writable}


def _described(model: Any) -> str:
    own = {type(part).__name__ for part in (model, *model.layers) if not type(part).__module__.startswith("keras.")}
    if own:
        raise WireError(
            f"the model contains a class of its own ({', '.join(sorted(own))}), which grading does not load"
        )
    return model.to_json()


def _encode_object(value: Any, export: Callable | None) -> dict:
    keras = sys.modules.get("keras")
    if keras is not None and hasattr(keras, "ops"):  # a half-imported Keras has none yet
        if isinstance(value, keras.Model):
            return {"!": "model", "config": _described(value), "weights": [encode(w) for w in value.get_weights()]}
        if isinstance(value, keras.KerasTensor):
            return _opaque(value)
        if keras.ops.is_tensor(value):
            return {"!": "tensor", "v": encode(np.asarray(keras.ops.convert_to_numpy(value)))}
    if export is not None and callable(value):
        return {"!": "callable", "v": export(value)}
    if hasattr(type(value), "__array__"):
        return encode(np.asarray(value), export)
    return _opaque(value)


def _opaque(value: Any) -> dict:
    try:
        text = repr(value)[:200]
    except Exception as error:
        text = f"<cannot be printed: {type(error).__name__}>"
    return {"!": "opaque", "type": type(value).__name__, "v": text}


def decode(data: Any, call: Callable[[int], Callable] | None = None) -> Any:
    """The value that :func:`encode` wrote.

    Args:
        call: makes a function of a callable's number.

    Raises:
        WireError: nothing that :func:`encode` writes.
    """
    try:
        return _decode(data, call)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, OverflowError) as error:
        raise WireError("the answer cannot be read") from error


def _decode(data: Any, call: Callable | None) -> Any:
    if isinstance(data, list):
        return [_decode(item, call) for item in data]
    if not isinstance(data, dict):
        return data
    kind = data["!"]
    if kind == "ellipsis":
        return ...
    if kind in ("tuple", "set", "frozenset"):
        items = [_decode(item, call) for item in data["v"]]
        return {"tuple": tuple, "set": set, "frozenset": frozenset}[kind](items)
    if kind == "dict":
        return {_decode(key, call): _decode(value, call) for key, value in data["v"]}
    if kind == "range":
        return range(*data["v"])
    if kind == "complex":
        return complex(*data["v"])
    if kind in ("array", "scalar", "objects"):
        return _decode_array(data, call)
    if kind == "tensor":
        array = _decode(data["v"], call)
        keras = sys.modules.get("keras")
        return keras.ops.convert_to_tensor(array) if keras is not None else array
    if kind == "model":
        return _decode_model(data)
    if kind == "callable" and call is not None:
        return call(int(data["v"]))
    if kind == "opaque":
        return type(str(data["type"])[:60] or "object", (Opaque,), {})(str(data["v"])[:200])
    raise WireError("the answer cannot be read")


def _decode_array(data: dict, call: Callable | None) -> Any:
    shape = tuple(int(length) for length in data["shape"])
    if data["!"] == "objects":
        array = np.empty(len(data["v"]), dtype=object)
        for index, item in enumerate(data["v"]):
            array[index] = _decode(item, call)
        return array.reshape(shape)
    dtype = np.dtype(str(data["dtype"]))
    if dtype.kind not in PLAIN_KINDS:
        raise WireError("the answer cannot be read")
    array = np.frombuffer(base64.b64decode(data["v"]), dtype=dtype).reshape(shape).copy()
    if data["!"] == "scalar":
        return array[()]
    array.flags.writeable = bool(data.get("writable", True))
    return array


def _decode_model(data: dict) -> Any:
    """Build a model anew from its description, if it consists of Keras's ordinary layers."""
    config = json.loads(data["config"])
    _refuse_unknown_parts(config)
    import keras

    weights = [_decode(weight, None) for weight in data["weights"]]
    try:
        model = keras.models.model_from_json(json.dumps(config))
        model.set_weights(weights)
    except Exception as error:  # whatever Keras raises for a description that does not fit
        raise WireError(f"the model cannot be built anew: {type(error).__name__}") from error
    return model


def _refuse_unknown_parts(config: Any) -> None:
    if isinstance(config, list):
        for item in config:
            _refuse_unknown_parts(item)
    if not isinstance(config, dict):
        return
    name, module = config.get("class_name"), config.get("module")
    if name is not None and name not in MODEL_CLASSES | {"__keras_tensor__", "__tuple__", "__slice__", "__ellipsis__"}:
        raise WireError(f"the model contains {name}, which grading does not load; use Keras's ordinary layers")
    if module is not None and module not in MODEL_MODULES:
        raise WireError(f"the model contains a part from {module}, which grading does not load")
    if name is not None and config.get("registered_name") not in (None, name):
        raise WireError(f"the model contains a class of its own ({name}), which grading does not load")
    for value in config.values():
        _refuse_unknown_parts(value)
