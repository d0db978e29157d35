"""Observed values as the judge holds them: plain data, numpy arrays, never live objects.

The judge does not import torch. A tensor arrives as its bytes and attributes and
becomes a `Tensor`, a sparse or quantized one the `Parts` it is made of, an array
of NumPy an `Array`. Of some types the text says all there is (`Exact`: a range, a
dtype); anything else is `Opaque`, which can be shown, and not be compared.

The JSON form: scalars and lists stand for themselves; every other kind is an
object with one telling key (`tuple`, `dict`, `set`, `tensor`, `parts`, `float`, `int`,
`complex`, `exact`, `object`). `grader.guest.encoding` holds the other end.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors
from safetensors.numpy import save

from grader.errors import WireError

MAX_DEPTH = 24
MAX_NODES = 100_000
MAX_TEXT = 1_000_000
MAX_DIGITS = 30_000  # of an int, in base 16
MAX_DIMENSIONS = 64  # of a sparse tensor, as NumPy's arrays have at most
MAX_ALIKE = 100  # keys of one hash, since looking one up takes a step for each

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
        exact: of an expected tensor, what float64 gives in its place, where that is known (`requirements/rounding.py`).
    """

    values: npt.NDArray[Any]
    dtype: str
    requires_grad: bool = False
    leaf: bool = True
    parameter: bool = False
    exact: npt.NDArray[Any] | None = None

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


@dataclass(frozen=True, eq=False, repr=False)
class Array(Tensor):
    """An array of NumPy, which is no tensor."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Array) and super().__eq__(other)

    __hash__ = None

    def __repr__(self) -> str:
        return super().__repr__().replace("tensor(", "array(", 1)


@dataclass(frozen=True, eq=False)
class Parts:
    """A tensor that is not strided, and what it is made of.

    Attributes:
        kind: `sparse_coo` and torch's other sparse layouts, or a quantized dtype such as `quint8`.
        parts: e.g. `indices` and `values`; `scale`, `zero_point` and the dequantized `values`.
    """

    kind: str
    shape: tuple[int, ...]
    parts: Mapping[str, Any]
    requires_grad: bool = False
    leaf: bool = True
    parameter: bool = False

    @property
    def dtype(self) -> str:
        values = self.parts.get("values")
        return values.dtype if isinstance(values, Tensor) else self.kind

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Parts) and (self.kind, self.shape, self.parts) == (
            other.kind,
            other.shape,
            other.parts,
        )

    __hash__ = None  # type: ignore[assignment]


class Rounded(float):
    """An expected float that went through float32, and `exact`, what float64 gives in its place."""

    def __new__(cls, value: float, exact: float) -> Rounded:
        made = super().__new__(cls, value)
        made.exact = exact
        return made

    exact: float


@dataclass(frozen=True)
class Exact:
    """A value of a type whose text says all there is: equal texts are equal values."""

    type: str
    text: str

    def __repr__(self) -> str:
        return self.text


@dataclass(frozen=True, eq=False)
class Opaque:
    """Something that is neither plain data nor a tensor: its type's name, and its repr for people to read.

    Two of them are never equal, since what is printed is not what is there.
    """

    type: str
    repr: str

    def __repr__(self) -> str:
        return self.repr or f"a {self.type}"


@dataclass(frozen=True)
class Fields:
    """An object of a dataclass: its class's name and its fields."""

    type: str
    fields: Mapping[str, Any]

    __hash__ = None  # type: ignore[assignment]


def shown(value: Any) -> str:
    """`repr`; where Python prints none, since an int in it has thousands of digits, what there is."""
    try:
        return repr(value)
    except ValueError:
        return hex(value) if isinstance(value, int) else f"a {type(value).__name__} of large numbers"


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
        try:
            arrays[name] = np.frombuffer(bytes(part["data"]), dtype=dtype).reshape(part["shape"])
        except (ValueError, OverflowError) as error:
            raise WireError(f"an answer holds a tensor of a shape that no array has: {error}") from None
    return arrays


def _decode(data: Any, arrays: dict[str, npt.NDArray[Any]], budget: list[int], depth: int) -> Any:
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
            return tuple(inner(part) for part in parts)
        case {"set": list(parts)}:
            return _hashed("set", [inner(part) for part in parts], frozenset)
        case {"dict": list(pairs), **more} if all(isinstance(p, list) and len(p) == 2 for p in pairs):
            if isinstance(kind := more.get("fields"), str):
                return Fields(kind[:200], {str(key): inner(value) for key, value in pairs})
            made = [(inner(key), inner(value)) for key, value in pairs]
            return _hashed("dict", [key for key, _ in made], lambda _: dict(made))
        case {"int": str(digits)}:
            return _integer(digits)
        case {"exact": str(kind), "text": str(text)} if len(text) <= MAX_TEXT:
            return Exact(kind[:200], text)
        case {
            "parts": list(parts),
            "is": str(kind),
            "shape": list(shape),
            "flags": [bool() as grad, bool() as leaf, bool() as parameter],
        } if all(isinstance(p, list) and len(p) == 2 and isinstance(p[0], str) for p in parts):
            return _parts(kind, shape, {name: inner(part) for name, part in parts}, (grad, leaf, parameter))
        case {"float": "nan" | "inf" | "-inf" as text}:
            return float(text)
        case {"complex": [real, imaginary]}:
            pair = inner(real), inner(imaginary)
            if not all(isinstance(part, (int, float)) for part in pair):
                raise WireError("a complex number of something else")
            try:
                return complex(*pair)
            except OverflowError:
                raise WireError("a complex number of ints that no float holds") from None
        case {"object": str(kind), "repr": str(text)}:
            return Opaque(kind[:200], text[:MAX_TEXT])
        case {
            "tensor": str(name),
            "dtype": str(dtype),
            "flags": [bool() as grad, bool() as leaf, bool() as parameter],
            **more,
        }:
            if name not in arrays:
                raise WireError("an answer names a tensor that it does not hold, or names it twice")
            values = arrays.pop(name)  # each once, or what is made of one would take memory without end
            if dtype.startswith("complex"):
                if values.dtype.kind != "f" or values.shape[-1:] != (2,):
                    raise WireError("a complex tensor without its two parts")
                values = _complex(values[..., 0], values[..., 1])
            return (Array if more.get("array") is True else Tensor)(values, dtype[:40], grad, leaf, parameter)
    raise WireError("an answer holds something the wire does not know")


def _complex(real: npt.NDArray[Any], imaginary: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Put together and not computed: `1j * inf` has a real part, which is NaN."""
    values = np.empty(real.shape, np.result_type(real.dtype, np.complex64))
    values.real, values.imag = real, imaginary
    return values


def _hashed(kind: str, keys: list[Any], make: Callable[[list[Any]], Any]) -> Any:
    """A set or a dict of these keys; `Opaque` where one cannot be hashed, such as a tensor."""
    for key in keys:
        try:
            hash(key)
        except TypeError:
            return Opaque(f"{kind} of {type(key).__name__}s", "")
    alike = Counter(map(hash, keys))
    if alike and max(alike.values()) > MAX_ALIKE:
        raise WireError(f"an answer holds a {kind} with more than {MAX_ALIKE} keys of one hash")
    if any(isinstance(key, Opaque) for key in keys):
        return Opaque(f"{kind} of objects", "")
    return make(keys)


def _integer(digits: str) -> int:
    """An int of more than 64 bits, from base 16, which takes linear time."""
    if len(digits) > MAX_DIGITS:
        raise WireError(f"an answer holds an int of more than {MAX_DIGITS} digits")
    try:
        return int(digits, 16)
    except ValueError:
        raise WireError("an answer holds an int that is none") from None


def _parts(kind: str, shape: list[Any], parts: dict[str, Any], flags: tuple[bool, bool, bool]) -> Parts:
    if not isinstance(parts.get("values"), Tensor) or not all(type(size) is int and size >= 0 for size in shape):
        raise WireError("an answer holds a sparse or quantized tensor without values or shape")
    if kind == "sparse_coo":
        found = parts.get("indices")
        indices: npt.NDArray[Any] = found.values if isinstance(found, Tensor) else np.zeros(0)
        values = parts["values"].values
        shaped = indices.dtype == np.int64 and indices.ndim == 2 and values.ndim > 0
        if not shaped or indices.shape[1] != len(values) or not len(indices) <= len(shape) <= MAX_DIMENSIONS:
            raise WireError("an answer holds a sparse tensor whose indices and values do not fit")
        parts = _coalesced(indices, parts["values"])
    return Parts(kind[:40], tuple(shape), parts, *flags)


def _coalesced(indices: npt.NDArray[np.int64], values: Tensor) -> dict[str, Tensor]:
    """Indices in order, each once, with the sum of its values, as torch's `coalesce` leaves them."""
    count = indices.shape[1]
    order = np.lexsort(indices[::-1]) if len(indices) else np.arange(count)
    places, summands = indices[:, order], values.values[order]
    is_first = np.ones(count, np.bool_)
    is_first[1:] = (places[:, 1:] != places[:, :-1]).any(axis=0)
    starts = np.flatnonzero(is_first)
    sums = np.add.reduceat(summands, starts, axis=0, dtype=summands.dtype) if count else summands
    return {"indices": Tensor(places[:, starts], "int64"), "values": Tensor(sums, values.dtype)}


def encode(value: Any) -> tuple[Any, bytes]:
    """Turn plain data and `Tensor`s into the JSON part and the safetensors part."""
    data, arrays = taken_apart(value)
    return data, save(arrays) if arrays else b""


def taken_apart(value: Any) -> tuple[Any, dict[str, npt.NDArray[Any]]]:
    """The JSON part, and the arrays that it names."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    return _encode(value, arrays), arrays


def _encode(value: Any, arrays: dict[str, npt.NDArray[Any]]) -> Any:
    match value:
        case None | bool() | str():
            return value
        case int():
            return value if -(1 << 63) <= value < 1 << 63 else {"int": hex(value)}
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
        case Exact():
            return {"exact": value.type, "text": value.text}
        case Fields():
            return {"fields": value.type, "dict": [[k, _encode(v, arrays)] for k, v in value.fields.items()]}
        case Parts():
            parts = [[name, _encode(part, arrays)] for name, part in value.parts.items()]
            flags = [value.requires_grad, value.leaf, value.parameter]
            return {"parts": parts, "is": value.kind, "shape": list(value.shape), "flags": flags}
        case Tensor():
            name = f"t{len(arrays)}"
            values = value.values
            if values.dtype.kind == "c":
                values = np.stack([values.real, values.imag], axis=-1)
            arrays[name] = np.ascontiguousarray(values).reshape(values.shape)
            flags = [value.requires_grad, value.leaf, value.parameter]
            array = {"array": True} if isinstance(value, Array) else {}
            return {"tensor": name, "dtype": value.dtype, "flags": flags, **array}
        case np.generic():
            return _encode(value.item(), arrays)
        case np.ndarray():
            return _encode(Tensor(value, str(value.dtype)), arrays)
    raise TypeError(f"a {type(value).__name__} cannot cross the wire; pass plain data or a tensor")
