"""Read tensors from an old-style PyTorch file without PyTorch and without trusting the file (lesson 03).

A ``.pth`` file written before PyTorch 1.6 is a chain of pickles followed by raw numbers. A pickle is a program: it may
name any function of any installed package and call it. The reader below admits five names and nothing else, and its
"tensor" is a plain NumPy view, so a hostile file is refused before anything of it runs.
"""

from __future__ import annotations

import io
import math
import pickle
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C  # first pickle of every file in this format
PROTOCOL_VERSION = 1001
MAX_PICKLE_BYTES = 4_000_000
MAX_ELEMENTS = 200_000_000


class UnsafeFileError(ValueError):
    """The file asks for something that is not needed to describe tensors, or does not hold together."""


class _Unalterable:
    """Base of what a pickle may name: an instruction to set attributes on it (BUILD) is refused."""

    def __setstate__(self, state: Any) -> None:
        raise UnsafeFileError("it tries to alter the reader")


@dataclass(frozen=True)
class _StorageType(_Unalterable):
    """Stands for ``torch.FloatStorage`` and its like; never called."""

    dtype: np.dtype


@dataclass(frozen=True)
class _Storage(_Unalterable):
    key: str
    dtype: np.dtype
    size: int


@dataclass(frozen=True)
class _TensorView(_Unalterable):
    """Where in a storage a tensor's numbers are; resolved once the raw numbers have been read."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _TensorBuilder(_Unalterable):
    """Takes the place of ``torch._utils._rebuild_tensor_v2``: checks the numbers and keeps them."""

    def __call__(self, storage: Any, offset: Any, shape: Any, strides: Any, *unused: Any) -> _TensorView:
        if not isinstance(storage, _Storage):
            raise UnsafeFileError("a tensor without a storage")
        numbers = (offset, *shape, *strides)
        if len(shape) != len(strides) or any(type(number) is not int or number < 0 for number in numbers):
            raise UnsafeFileError("a tensor with an impossible shape")
        last = offset + sum((length - 1) * stride for length, stride in zip(shape, strides))
        # A stride of zero repeats numbers: a few bytes could describe a tensor that fills the memory.
        if 0 not in shape and (last >= storage.size or math.prod(shape) > storage.size):
            raise UnsafeFileError("a tensor that reaches past its storage")
        return _TensorView(storage, offset, tuple(shape), tuple(strides))


class _State(OrderedDict):
    """An ordered dictionary that ignores attributes the file wants to set on it (PyTorch stores metadata so)."""

    def __setstate__(self, state: Any) -> None:
        pass


_ADMITTED = {
    ("collections", "OrderedDict"): _State,
    ("torch._utils", "_rebuild_tensor_v2"): _TensorBuilder(),
    ("torch", "FloatStorage"): _StorageType(np.dtype("<f4")),
    ("torch", "HalfStorage"): _StorageType(np.dtype("<f2")),
    ("torch", "LongStorage"): _StorageType(np.dtype("<i8")),  # batch counters; dropped from the result
}


class _TensorUnpickler(pickle.Unpickler):
    """An unpickler that knows five names."""

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ADMITTED[module, name]
        except KeyError:
            raise UnsafeFileError(f"it asks for {module}.{name}") from None

    def persistent_load(self, identifier: Any) -> _Storage:
        match identifier:
            case ("storage", _StorageType(dtype=dtype), str(key), str(), int(size), *_) if 0 <= size <= MAX_ELEMENTS:
                return _Storage(key, dtype, size)
        raise UnsafeFileError("a storage of an unknown kind")


class _BoundedReader(io.RawIOBase):
    """Hands an unpickler at most so many bytes: a pickle of a few tensors' names is short."""

    def __init__(self, file: BinaryIO, limit: int):
        self.file, self.left = file, limit

    def read(self, size: int = -1) -> bytes:
        return self._spend(self.file.read(self.left + 1 if size < 0 else min(size, self.left + 1)))

    def readline(self, size: int = -1) -> bytes:
        return self._spend(self.file.readline(self.left + 1 if size < 0 else min(size, self.left + 1)))

    def _spend(self, data: bytes) -> bytes:
        self.left -= len(data)
        if self.left < 0:
            raise UnsafeFileError("its description of the tensors is far too long")
        return data


def load_torch_weights(path: str | Path) -> dict[str, np.ndarray]:
    """Float tensors of a PyTorch file in the format before 1.6, by name.

    Args:
        path: a ``.pth`` file that holds a state dictionary.

    Returns:
        Name to array, float32 or float16 as stored, each a copy of its own; integer counters are left out.

    Raises:
        FileNotFoundError: there is no such file.
        UnsafeFileError: (a ValueError) the file is no such state dictionary, is damaged, or wants anything else.
    """
    path = Path(path)
    with path.open("rb") as file:
        try:
            return _read(file, path.stat().st_size)
        except UnsafeFileError as error:
            raise UnsafeFileError(f"{path.name} was refused: {error}. Install the package or file again.") from None
        except Exception as error:  # whatever a damaged pickle makes the unpickler raise
            reason = f"{type(error).__name__}: {error}"
            raise UnsafeFileError(
                f"{path.name} is not a readable weights file ({reason}). Install it again."
            ) from error


def _read(file: BinaryIO, file_size: int) -> dict[str, np.ndarray]:
    if (_next_pickle(file), _next_pickle(file)) != (MAGIC_NUMBER, PROTOCOL_VERSION):
        raise UnsafeFileError("it is no PyTorch file of the format before 1.6")
    system = _next_pickle(file)
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise UnsafeFileError("it was written on a big-endian machine")
    state = _next_pickle(file)
    keys = _next_pickle(file)
    if not isinstance(state, dict) or not isinstance(keys, list):
        raise UnsafeFileError("it holds no state dictionary")
    views = {name: view for name, view in state.items() if isinstance(view, _TensorView)}
    if len(views) != len(state) or not all(isinstance(name, str) for name in views):
        raise UnsafeFileError("it holds something else than tensors")
    dtypes = {view.storage.key: view.storage.dtype for view in views.values()}
    numbers = {key: _raw_numbers(file, dtypes[key], file_size) for key in keys if _known(key, dtypes)}
    arrays = {name: _view(numbers[view.storage.key], view) for name, view in views.items()}
    return {name: array for name, array in arrays.items() if array.dtype.kind == "f"}


def _known(key: Any, dtypes: dict[str, np.dtype]) -> bool:
    if key not in dtypes:
        raise UnsafeFileError("it lists a storage that no tensor uses")
    return True


def _next_pickle(file: BinaryIO) -> Any:
    start = file.tell()
    reader = _BoundedReader(file, MAX_PICKLE_BYTES)
    value = _TensorUnpickler(reader).load()
    file.seek(start + MAX_PICKLE_BYTES - reader.left)
    return value


def _raw_numbers(file: BinaryIO, dtype: np.dtype, file_size: int) -> np.ndarray:
    """A storage: its length as a 64-bit integer, then its numbers."""
    header = file.read(8)
    size = int.from_bytes(header, "little", signed=True)
    if len(header) < 8 or not 0 <= size * dtype.itemsize <= file_size - file.tell():
        raise UnsafeFileError("it is truncated")
    return np.frombuffer(file.read(size * dtype.itemsize), dtype=dtype)


def _view(numbers: np.ndarray, view: _TensorView) -> np.ndarray:
    if len(numbers) < view.storage.size:
        raise UnsafeFileError("a storage is shorter than announced")
    if 0 in view.shape:
        return np.zeros(view.shape, dtype=numbers.dtype)
    bytes_ = tuple(stride * numbers.itemsize for stride in view.strides)
    strided = np.lib.stride_tricks.as_strided(numbers[view.offset :], view.shape, bytes_, writeable=False)
    return strided.astype(numbers.dtype.newbyteorder("="), copy=True)
