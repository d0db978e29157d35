"""Observed values as the judge holds them: plain data, numpy arrays, never live objects.

The judge does not import torch. A tensor arrives as its bytes and attributes and
becomes a `Tensor`; anything that is neither plain data nor a tensor is `Opaque`.

The JSON form: scalars and lists stand for themselves; every other kind is an
object with one telling key (`tuple`, `dict`, `set`, `tensor`, `float`, `complex`,
`object`). `grader.guest.values` holds the other end.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors
from safetensors.numpy import save

from grader.errors import WireError

MAX_DEPTH = 24
MAX_NODES = 100_000
MAX_TEXT = 100_000

_DTYPES = {
    "F64": np.float64,
    "F32": np.float32,
    "F16": np.float16,
    "BOOL": np.bool_,
    "I64": np.int64,
    "I32": np.int32,
    "I16": np.int16,
    "I8": np.int8,
    "U64": np.uint64,
    "U32": np.uint32,
    "U16": np.uint16,
    "U8": np.uint8,
}


@dataclass(frozen=True, eq=False)
class Tensor:
    """A tensor's values and attributes.

    Attributes:
        values: the numbers (bfloat16 and float8 as float32, which holds them exactly).
        dtype: torch's name of the dtype, without `torch.`.
        requires_grad, leaf, parameter: as torch had them.
    """

    values: npt.NDArray[Any]
    dtype: str
    requires_grad: bool = False
    leaf: bool = True
    parameter: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.values.shape)

    def item(self) -> Any:
        return self.values.item()

    def tolist(self) -> Any:
        return self.values.tolist()

    def __len__(self) -> int:
        return len(self.values)

    def __eq__(self, other: object) -> bool:
        """Exactly the same dtype, shape and numbers, as one truth value."""
        return (
            isinstance(other, Tensor)
            and self.dtype == other.dtype
            and self.shape == other.shape
            and bool(np.array_equal(self.values, other.values, equal_nan=self.values.dtype.kind in "fc"))
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        body = np.array2string(self.values, precision=4, threshold=12, edgeitems=2, separator=", ")
        return f"tensor({' '.join(body.split())}, shape={list(self.shape)}, dtype={self.dtype})"


@dataclass(frozen=True)
class Opaque:
    """Something that is neither plain data nor a tensor: its type's name and its repr."""

    type: str
    repr: str

    def __repr__(self) -> str:
        return self.repr or f"a {self.type}"


class Sequence(tuple[Any, ...]):
    """A tuple of the student's; `list` stays a list."""

    __slots__ = ()


def decode(data: Any, blob: bytes) -> Any:
    """Build the value a guest sent.

    Args:
        data: the JSON part.
        blob: the safetensors part; empty where there is no tensor.

    Raises:
        WireError: when either breaks the form or a limit.
    """
    arrays = _arrays(blob)
    budget = [MAX_NODES]
    return _decode(data, arrays, budget, 0)


def _arrays(blob: bytes) -> dict[str, npt.NDArray[Any]]:
    if not blob:
        return {}
    try:
        parts = safetensors.deserialize(blob)
    except Exception as error:
        raise WireError(f"the tensors of an answer cannot be read: {error}") from None
    arrays = {}
    for name, part in parts:
        dtype = _DTYPES.get(part["dtype"])
        if dtype is None:
            raise WireError(f"an answer holds a tensor of dtype {part['dtype']}, which the wire does not carry")
        arrays[name] = np.frombuffer(bytes(part["data"]), dtype=dtype).reshape(part["shape"])
    return arrays


def _decode(data: Any, arrays: Mapping[str, npt.NDArray[Any]], budget: list[int], depth: int) -> Any:
    budget[0] -= 1
    if budget[0] < 0 or depth > MAX_DEPTH:
        raise WireError("an answer has too many parts, or is nested too deeply")

    def inner(part: Any) -> Any:
        return _decode(part, arrays, budget, depth + 1)

    match data:
        case None | bool() | int() | float():
            return data
        case str():
            if len(data) > MAX_TEXT:
                raise WireError(f"an answer holds a text of more than {MAX_TEXT} characters")
            return data
        case list():
            return [inner(part) for part in data]
        case {"tuple": list(parts)}:
            return Sequence(inner(part) for part in parts)
        case {"set": list(parts)}:
            return frozenset(_hashable(inner(part)) for part in parts)
        case {"dict": list(pairs)} if all(isinstance(p, list) and len(p) == 2 for p in pairs):
            return {_hashable(inner(key)): inner(value) for key, value in pairs}
        case {"float": "nan" | "inf" | "-inf" as text}:
            return float(text)
        case {"complex": [real, imaginary]}:
            pair = inner(real), inner(imaginary)
            if not all(isinstance(part, (int, float)) for part in pair):
                raise WireError("a complex number of something else")
            return complex(*pair)
        case {"object": str(kind), "repr": str(text)}:
            return Opaque(kind[:200], text[:MAX_TEXT])
        case {"tensor": str(name), "dtype": str(dtype), "flags": [bool() as grad, bool() as leaf, bool() as parameter]}:
            if name not in arrays:
                raise WireError("an answer names a tensor that it does not hold")
            values = arrays[name]
            if dtype.startswith("complex"):
                if values.dtype.kind != "f" or values.shape[-1:] != (2,):
                    raise WireError("a complex tensor without its two parts")
                values = values[..., 0] + 1j * values[..., 1]
            return Tensor(values, dtype[:40], grad, leaf, parameter)
    raise WireError("an answer holds something the wire does not know")


def _hashable(value: Any) -> Any:
    try:
        hash(value)
    except TypeError:
        return repr(value)
    return value


def encode(value: Any) -> tuple[Any, bytes]:
    """Turn plain data and `Tensor`s into the JSON part and the safetensors part."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    data = _encode(value, arrays)
    return data, save(arrays) if arrays else b""


def _encode(value: Any, arrays: dict[str, npt.NDArray[Any]]) -> Any:
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else {"float": str(value)}
        case complex():
            return {"complex": [_encode(value.real, arrays), _encode(value.imag, arrays)]}
        case list():
            return [_encode(part, arrays) for part in value]
        case tuple():
            return {"tuple": [_encode(part, arrays) for part in value]}
        case set() | frozenset():
            return {"set": sorted((_encode(part, arrays) for part in value), key=repr)}
        case dict():
            return {"dict": [[_encode(k, arrays), _encode(v, arrays)] for k, v in value.items()]}
        case Opaque():
            return {"object": value.type, "repr": value.repr}
        case Tensor():
            name = f"t{len(arrays)}"
            values = value.values
            if values.dtype.kind == "c":
                values = np.stack([values.real, values.imag], axis=-1)
            arrays[name] = np.ascontiguousarray(values).reshape(values.shape)
            flags = [value.requires_grad, value.leaf, value.parameter]
            return {"tensor": name, "dtype": value.dtype, "flags": flags}
        case np.generic():
            return _encode(value.item(), arrays)
        case np.ndarray():
            return _encode(Tensor(value, str(value.dtype)), arrays)
    raise TypeError(f"a {type(value).__name__} cannot cross the wire; pass plain data or a tensor")
