"""Live values to the wire's form and back; the other end of `grader.models.values`.

Reads tensors below `__torch_function__`, so that a subclass cannot lie about
its own elements.
"""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import fractions
import math
import pathlib
import re
from typing import Any

import numpy as np
import torch
from safetensors.torch import load, save
from torch import Tensor, nn

MAX_DEPTH = 20
MAX_NODES = 50_000
MAX_TEXT = 1_000_000
MAX_SHOWN = 20_000
ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")
"""An address of an object, as its repr has it: another one in each run."""
MAX_BITS = 100_000
MAX_BYTES = 48 << 20

_AS_FLOAT32 = {torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2}
_PLAIN = {
    torch.float64,
    torch.float32,
    torch.float16,
    torch.bool,
    torch.uint8,
    torch.uint16,
    torch.uint32,
    torch.uint64,
    torch.int8,
    torch.int16,
    torch.int32,
    torch.int64,
    torch.complex64,
    torch.complex128,
}
_ARRAYS = {str(dtype).removeprefix("torch.") for dtype in _PLAIN}
"""Names of the dtypes that an array of NumPy shares with torch."""

_EXACT = (
    range,
    type(...),
    torch.dtype,
    torch.device,
    np.dtype,
    decimal.Decimal,
    fractions.Fraction,
    pathlib.PurePath,
    datetime.date,
    datetime.time,
    datetime.timedelta,
)
"""Types of which `repr` says all there is, so that equal texts are equal values."""

_COMPRESSED = {
    torch.sparse_csr: ("crow_indices", "col_indices"),
    torch.sparse_bsr: ("crow_indices", "col_indices"),
    torch.sparse_csc: ("ccol_indices", "row_indices"),
    torch.sparse_bsc: ("ccol_indices", "row_indices"),
}

# Taken before any student code ran, which may put others in their place.
_clone = Tensor.clone
_detach = Tensor.detach


class TooLarge(Exception):
    """An answer is larger than the wire carries."""


def encode(value: Any) -> tuple[Any, bytes]:
    """The JSON part and the safetensors part of a value.

    Raises:
        TooLarge: when the value has too many parts, or too many bytes of tensors.
    """
    if type(value) is Encoded:
        return value.data, save(value.tensors) if value.tensors else b""
    encoder = Encoder()
    data = encoder.encode(value, 0)
    return data, save(encoder.tensors) if encoder.tensors else b""


@dataclasses.dataclass
class Encoded:
    """What was encoded bit by bit, each part as it was at its time."""

    data: Any
    tensors: dict[str, Tensor]


class Encoder:
    """Encodes values, all of whose tensors are to be sent together."""

    def __init__(self) -> None:
        self.tensors: dict[str, Tensor] = {}
        self.nodes = 0
        self.bytes = 0

    def encode(self, value: Any, depth: int) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES or depth > MAX_DEPTH:
            raise TooLarge("the answer has too many parts, or is nested too deeply, to look at")
        kind = type(value)
        if value is None or kind is bool:
            return value
        if kind is str:
            return self._text(value)
        if kind is int:
            return self._integer(value)
        if kind is float:
            return value if math.isfinite(value) else {"float": str(value)}
        if kind is complex:
            return {"complex": [self.encode(part, depth + 1) for part in (value.real, value.imag)]}
        if issubclass(kind, Tensor):
            return self._tensor(value, depth)
        if issubclass(kind, tuple):
            return {"tuple": [self.encode(part, depth + 1) for part in tuple.__iter__(value)]}
        if issubclass(kind, list):
            return [self.encode(part, depth + 1) for part in list.__iter__(value)]
        if issubclass(kind, (set, frozenset)):
            return {"set": sorted((self.encode(part, depth + 1) for part in value), key=repr)}
        if issubclass(kind, dict):
            pairs = dict.items(value)
            return {"dict": [[self.encode(k, depth + 1), self.encode(v, depth + 1)] for k, v in pairs]}
        return self._object(value, kind, depth)

    def _object(self, value: Any, kind: type, depth: int) -> Any:
        if kind is bytes:
            return {"exact": "bytes", "text": self._text(repr(value))}
        if issubclass(kind, np.generic):
            plain = value.item()
            if isinstance(plain, (np.floating, np.complexfloating)):  # wider than Python's own
                plain = complex(plain) if isinstance(plain, np.complexfloating) else float(plain)
            if not isinstance(plain, np.generic):
                return self.encode(plain, depth + 1)
        if issubclass(kind, np.ndarray) and value.dtype.name in _ARRAYS and not isinstance(value, np.ma.MaskedArray):
            array = torch.from_numpy(np.array(value, dtype=value.dtype.newbyteorder("="), subok=False))
            return {**self._strided(array), "array": True}
        if isinstance(value, type):
            return {"exact": "class", "text": f"{value.__module__}.{value.__qualname__}"[:1000]}
        if issubclass(kind, enum.Enum):
            return {"exact": kind.__name__, "text": self._text(str(value._name_))}
        for base in (str, int, float):
            if issubclass(kind, base):
                return self.encode(base(value), depth + 1)
        if issubclass(kind, _EXACT) and kind.__module__ != "__main__":
            return {"exact": kind.__name__, "text": self._text(repr(value))}
        if kind is slice:
            parts = [["start", value.start], ["stop", value.stop], ["step", value.step]]
            return {"fields": "slice", "dict": [[name, self.encode(part, depth + 1)] for name, part in parts]}
        if dataclasses.is_dataclass(value):
            fields = [[field.name, getattr(value, field.name, None)] for field in dataclasses.fields(value)]
            return {"fields": kind.__name__, "dict": [[k, self.encode(v, depth + 1)] for k, v in fields]}
        return self._other(value, kind)

    def _other(self, value: Any, kind: type) -> Any:
        """An object, which can be shown."""
        return {"object": kind.__name__, "repr": _shown(value)}

    def _text(self, text: str) -> str:
        if len(text) > MAX_TEXT:
            raise TooLarge(f"the answer holds a text of more than {MAX_TEXT:,} characters")
        self.bytes += len(text)
        return text

    def _integer(self, value: int) -> Any:
        if -(1 << 63) <= value < 1 << 63:
            return value
        if value.bit_length() > MAX_BITS:
            raise TooLarge(f"the answer holds an int of more than {MAX_BITS:,} bits")
        return {"int": hex(value)}

    def _tensor(self, tensor: Tensor, depth: int) -> Any:
        with torch._C.DisableTorchFunctionSubclass(), torch.no_grad():
            flags = [bool(tensor.requires_grad), bool(tensor.is_leaf), isinstance(tensor, nn.Parameter)]
            if nn.parameter.is_lazy(tensor) or tensor.device.type != "cpu" or tensor.is_nested:
                return {"object": type(tensor).__name__, "repr": _shown(tensor)}
            plain = _detach(tensor)
            if plain.layout == torch.strided:
                plain = plain.as_subclass(Tensor)
            parts = self._parts(plain)
            if parts is not None:
                kind, more = parts
                inner = [[name, self.encode(part, depth + 1)] for name, part in more.items()]
                return {"parts": inner, "is": kind, "shape": list(plain.shape), "flags": flags}
            if plain.layout != torch.strided or plain.dtype not in _PLAIN | _AS_FLOAT32:
                return {"object": type(tensor).__name__, "repr": _shown(plain)}
            return {**self._strided(plain), "flags": flags}

    @staticmethod
    def _parts(tensor: Tensor) -> tuple[str, dict[str, Any]] | None:
        """What a sparse or a quantized tensor is made of, and the name of its kind; None for any other."""
        if tensor.layout == torch.sparse_coo:
            return "sparse_coo", {"indices": tensor._indices(), "values": tensor._values()}
        if tensor.layout in _COMPRESSED:
            made = {name: getattr(tensor, name)() for name in _COMPRESSED[tensor.layout]}
            return str(tensor.layout).removeprefix("torch."), {**made, "values": tensor.values()}
        if tensor.is_quantized:
            dtype = str(tensor.dtype).removeprefix("torch.")
            if tensor.qscheme() in (torch.per_tensor_affine, torch.per_tensor_symmetric):
                scheme: dict[str, Any] = {"scale": tensor.q_scale(), "zero_point": tensor.q_zero_point()}
            else:
                scheme = {
                    "scale": tensor.q_per_channel_scales(),
                    "zero_point": tensor.q_per_channel_zero_points(),
                    "axis": tensor.q_per_channel_axis(),
                }
            return dtype, {**scheme, "values": tensor.dequantize()}
        return None

    def _strided(self, plain: Tensor) -> dict[str, Any]:
        dtype = str(plain.dtype).removeprefix("torch.")
        self.bytes += plain.numel() * max(plain.element_size(), 4)
        if self.bytes > MAX_BYTES:
            raise TooLarge(f"the answer holds more than {MAX_BYTES >> 20} MiB of tensors")
        if plain.dtype in _AS_FLOAT32:
            plain = plain.float()
        if plain.is_complex():
            plain = torch.view_as_real(plain.resolve_conj())
        name = f"t{len(self.tensors)}"
        self.tensors[name] = _clone(plain.resolve_neg(), memory_format=torch.contiguous_format)
        return {"tensor": name, "dtype": dtype, "flags": [False, True, False]}


def _shown(value: Any) -> str:
    """A repr that cannot fail, for a person to read; it may run student code, so it is only called within limits."""
    try:
        text = repr(value)
    except Exception as error:
        return f"<a {type(value).__name__} whose repr raises {type(error).__name__}>"
    if not isinstance(text, str):
        return f"<a {type(value).__name__}>"
    text = ADDRESS.sub("0x…", text[: 2 * MAX_SHOWN])
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"


def decode(data: Any, blob: bytes) -> Any:
    """Build the values the judge sent: trusted input, so the form is taken as it is."""
    return decode_with(data, load(blob) if blob else {})


def decode_with(data: Any, tensors: dict[str, Tensor]) -> Any:
    """The same, where the tensors are there already."""
    if isinstance(data, list):
        return [decode_with(part, tensors) for part in data]
    if not isinstance(data, dict):
        return data
    if "tensor" in data:
        tensor = tensors[data["tensor"]]
        if data["dtype"].startswith("complex"):
            tensor = torch.view_as_complex(tensor)
        requires_grad, _, parameter = data["flags"]
        tensor = tensor.to(getattr(torch, data["dtype"]))
        return nn.Parameter(tensor, requires_grad) if parameter else tensor.requires_grad_(requires_grad)
    if "tuple" in data:
        return tuple(decode_with(part, tensors) for part in data["tuple"])
    if "dict" in data:
        return {decode_with(key, tensors): decode_with(value, tensors) for key, value in data["dict"]}
    if "set" in data:
        return {decode_with(part, tensors) for part in data["set"]}
    if "float" in data:
        return float(data["float"])
    if "int" in data:
        return int(data["int"], 16)
    return complex(*(decode_with(part, tensors) for part in data["complex"]))
