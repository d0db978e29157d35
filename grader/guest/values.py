"""Live values to the wire's form and back; the other end of `grader.models.values`.

Reads tensors below `__torch_function__`, so that a subclass cannot lie about
its own numbers.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor, nn

MAX_DEPTH = 20
MAX_NODES = 50_000
MAX_TEXT = 20_000
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


class TooLarge(Exception):
    """An answer is larger than the wire carries."""


def encode(value: Any) -> tuple[Any, bytes]:
    """The JSON part and the safetensors part of a value.

    Raises:
        TooLarge: when the value has too many parts, or too many bytes of tensors.
    """
    encoder = _Encoder()
    data = encoder.encode(value, 0)
    return data, save(encoder.tensors) if encoder.tensors else b""


class _Encoder:
    def __init__(self) -> None:
        self.tensors: dict[str, Tensor] = {}
        self.nodes = 0
        self.bytes = 0

    def encode(self, value: Any, depth: int) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES or depth > MAX_DEPTH:
            raise TooLarge("the answer has too many parts, or is nested too deeply, to look at")
        kind = type(value)
        if value is None or kind is bool or kind is str or kind is int:
            return _short(value) if kind is str else value
        if kind is float:
            return value if math.isfinite(value) else {"float": str(value)}
        if kind is complex:
            return {"complex": [self.encode(part, depth + 1) for part in (value.real, value.imag)]}
        if issubclass(kind, Tensor):
            return self._tensor(value)
        if issubclass(kind, tuple):
            return {"tuple": [self.encode(part, depth + 1) for part in tuple.__iter__(value)]}
        if issubclass(kind, list):
            return [self.encode(part, depth + 1) for part in list.__iter__(value)]
        if issubclass(kind, (set, frozenset)):
            return {"set": sorted((self.encode(part, depth + 1) for part in value), key=repr)}
        if issubclass(kind, dict):
            pairs = dict.items(value)
            return {"dict": [[self.encode(k, depth + 1), self.encode(v, depth + 1)] for k, v in pairs]}
        return {"object": kind.__name__, "repr": _short(_repr(value))}

    def _tensor(self, tensor: Tensor) -> Any:
        with torch._C.DisableTorchFunctionSubclass(), torch.no_grad():
            parameter = isinstance(tensor, nn.Parameter)
            flags = [bool(tensor.requires_grad), bool(tensor.is_leaf), parameter]
            if tensor.layout != torch.strided or tensor.device.type != "cpu":
                return {"object": type(tensor).__name__, "repr": _short(_repr(tensor.detach()))}
            plain = tensor.detach().as_subclass(Tensor)
            if plain.dtype not in _PLAIN | _AS_FLOAT32:
                return {"object": type(tensor).__name__, "repr": _short(_repr(plain))}
            dtype = str(plain.dtype).removeprefix("torch.")
            self.bytes += plain.numel() * max(plain.element_size(), 4)
            if self.bytes > MAX_BYTES:
                raise TooLarge(f"the answer holds more than {MAX_BYTES >> 20} MiB of tensors")
            if plain.dtype in _AS_FLOAT32:
                plain = plain.float()
            if plain.is_complex():
                plain = torch.view_as_real(plain.resolve_conj())
            name = f"t{len(self.tensors)}"
            self.tensors[name] = plain.resolve_neg().clone(memory_format=torch.contiguous_format)
        return {"tensor": name, "dtype": dtype, "flags": flags}


def _short(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + "…"


def _repr(value: Any) -> str:
    """A repr that cannot fail; it may run student code, so it is only called within limits."""
    try:
        text = repr(value)
    except Exception as error:
        return f"<a {type(value).__name__} whose repr raises {type(error).__name__}>"
    return text if isinstance(text, str) else f"<a {type(value).__name__}>"


def decode(data: Any, blob: bytes) -> Any:
    """Build the values the judge sent: trusted input, so the form is taken as it is."""
    return _decode(data, load(blob) if blob else {})


def _decode(data: Any, tensors: dict[str, Tensor]) -> Any:
    if isinstance(data, list):
        return [_decode(part, tensors) for part in data]
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
        return tuple(_decode(part, tensors) for part in data["tuple"])
    if "dict" in data:
        return {_decode(key, tensors): _decode(value, tensors) for key, value in data["dict"]}
    if "set" in data:
        return {_decode(part, tensors) for part in data["set"]}
    if "float" in data:
        return float(data["float"])
    return complex(*(_decode(part, tensors) for part in data["complex"]))
