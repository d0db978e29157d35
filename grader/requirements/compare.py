"""Compares what was observed with what was expected: attributes first, then values."""

from __future__ import annotations

import cmath
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import Field

from grader.models.base import Model
from grader.models.message import Message, Scalar, say
from grader.models.values import Opaque, Tensor

_TOLERANCES = {
    "float16": (1e-3, 1e-5),
    "bfloat16": (1.6e-2, 1e-5),
    "float32": (1.3e-6, 1e-5),
    "float64": (1e-7, 1e-7),
    "complex64": (1.3e-6, 1e-5),
    "complex128": (1e-7, 1e-7),
}
"""dtype -> (rtol, atol), as `torch.testing.assert_close` has them."""

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


class Tolerance(Model):
    """How far numbers may be apart: |observed - expected| <= atol + rtol * |expected|."""

    rtol: float = Field(ge=0, le=0.1)
    atol: float = Field(ge=0)


class Failure(Exception):
    """A requirement is not met.

    Args:
        expected, observed: two of the four parts of what the student reads.
        hint: takes the place of the requirement's own.
    """

    def __init__(self, expected: Message, observed: Message, hint: Message | None = None) -> None:
        super().__init__(f"expected {expected}, observed {observed}")
        self.expected = expected
        self.observed = observed
        self.hint = hint


def describe(value: Any) -> str:
    """A value in a few words, for a person."""
    match value:
        case Tensor():
            if value.values.size <= 12:
                return f"{_numbers(value)} (shape {list(value.shape)}, {value.dtype})"
            return f"a tensor of shape {list(value.shape)}, {value.dtype}"
        case Opaque():
            return f"a {value.type} object: {_cut(value.repr, 80)}" if value.repr else f"a {value.type} object"
        case list() | tuple():
            inside = ", ".join(describe(part) for part in value[:4]) + (", …" if len(value) > 4 else "")
            text = f"({inside})" if isinstance(value, tuple) else f"[{inside}]"
            return text if len(text) <= 200 else f"a {_kind(value)} of {len(value)}"
        case dict():
            text = "{" + ", ".join(f"{k!r}: {describe(v)}" for k, v in list(value.items())[:4]) + "}"
            return text if len(text) <= 200 and len(value) <= 4 else f"a dict of {len(value)}"
        case None:
            return "None"
    return _cut(repr(value), 200)


def _cut(text: str, size: int) -> str:
    return text if len(text) <= size else text[: size - 1] + "…"


def _numbers(tensor: Tensor) -> str:
    text = np.array2string(tensor.values, precision=4, separator=", ", suppress_small=True)
    return "tensor(" + " ".join(text.split()) + ")"


def _kind(value: Any) -> str:
    if isinstance(value, Tensor):
        return "tensor"
    if isinstance(value, Opaque):
        return f"{value.type} object"
    if isinstance(value, tuple):
        return "tuple"
    return "None" if value is None else type(value).__name__


def compare(observed: Any, expected: Any, tolerance: Tolerance | None = None, at: str = "") -> None:
    """Hold an observed value against the expected one.

    A list and a tuple with the same parts are the same; a shape never passes by
    broadcasting; the order of a dict's keys does not count.

    Args:
        at: where in the whole value this part stands, e.g. `[0]['X']`.

    Raises:
        Failure: at the first difference; attributes come before values.
    """
    match expected:
        case np.ndarray():
            compare(observed, Tensor(expected, str(expected.dtype)), tolerance, at)
        case Tensor():
            if not isinstance(observed, Tensor):
                raise _differ(f"a tensor of shape {list(expected.shape)}", describe(observed), at)
            _compare_tensors(observed, expected, tolerance, at)
        case Mapping():
            if not isinstance(observed, Mapping):
                raise _differ(f"a dict with the keys {_keys(expected)}", describe(observed), at)
            if set(observed) != set(expected):
                raise _differ(f"the keys {_keys(expected)}", f"the keys {_keys(observed)}", at)
            for key in expected:
                compare(observed[key], expected[key], tolerance, f"{at}[{key!r}]")
        case list() | tuple():
            if not isinstance(observed, (list, tuple)):
                raise _differ(f"a {_kind(expected)} of {len(expected)}", describe(observed), at)
            if len(observed) != len(expected):
                raise _differ(
                    f"{describe(expected)} (length {len(expected)})",
                    f"{describe(observed)} (length {len(observed)})",
                    at,
                )
            for place, (left, right) in enumerate(zip(observed, expected, strict=True)):
                compare(left, right, tolerance, f"{at}[{place}]")
        case float() | complex():
            _compare_numbers(observed, expected, tolerance, at)
        case Opaque():
            same = isinstance(observed, Opaque) and observed.type == expected.type
            if not same or _ADDRESS.sub("", observed.repr) != _ADDRESS.sub("", expected.repr):
                raise _differ(describe(expected), describe(observed), at)
        case _:
            same_kind = isinstance(observed, bool) == isinstance(expected, bool)
            if isinstance(observed, Tensor) or not same_kind or observed != expected:
                raise _differ(describe(expected), describe(observed), at)


def _differ(expected: str, observed: str, at: str) -> Failure:
    if at:
        return Failure(say("{value} at {at}", value=expected, at=at), say("{value}", value=observed))
    return Failure(say("{value}", value=expected), say("{value}", value=observed))


def _keys(mapping: Mapping[Any, Any]) -> str:
    return ", ".join(repr(key) for key in list(mapping)[:12]) or "(none)"


def _compare_numbers(observed: Any, expected: float | complex, tolerance: Tolerance | None, at: str) -> None:
    rtol, atol = (tolerance.rtol, tolerance.atol) if tolerance else _TOLERANCES["float32"]
    if isinstance(observed, bool) or not isinstance(observed, (int, float, complex)):
        raise _differ(f"the number {expected:g}", describe(observed), at)
    if not _near(observed, expected, rtol, atol):
        told = f"{observed:.6g}" if isinstance(observed, float) else _cut(repr(observed), 40)
        raise _differ(f"{expected:.6g}", told, at)


def _near(observed: complex, expected: complex, rtol: float, atol: float) -> bool:
    if observed == expected or (observed != observed and expected != expected):
        return True
    if not cmath.isfinite(expected):
        return False
    try:
        return abs(observed - expected) <= atol + rtol * abs(expected)
    except OverflowError:  # an int beyond what a float holds
        return False


def _compare_tensors(observed: Tensor, expected: Tensor, tolerance: Tolerance | None, at: str) -> None:
    if observed.shape != expected.shape:
        raise _differ(f"shape {list(expected.shape)}", f"shape {list(observed.shape)}", at)
    if observed.dtype != expected.dtype:
        raise _differ(f"dtype {expected.dtype}", f"dtype {observed.dtype}", at)
    rtol, atol = (tolerance.rtol, tolerance.atol) if tolerance else _TOLERANCES.get(expected.dtype, (0.0, 0.0))
    left, right = _wide(observed), _wide(expected)
    with np.errstate(all="ignore"):
        same = observed.values == expected.values
        close = same | np.isclose(left, right, rtol=rtol, atol=atol, equal_nan=True) if rtol or atol else same
        if bool(close.all()):
            return
        distance = np.where(close, -1.0, np.nan_to_num(np.abs(left - right), nan=math.inf))
    where = np.argwhere(~close)
    worst = tuple(int(i) for i in np.unravel_index(int(distance.argmax()), distance.shape))
    params: dict[str, Scalar] = {
        "value": describe(observed),
        "wrong": len(where),
        "size": int(close.size),
        "index": str(list(worst)),
        "observed": _number(observed.values[worst]),
        "expected": _number(expected.values[worst]),
    }
    if close.size == 1:
        said = say("{value}", value=params["value"])
    else:
        said = say(
            "{value}; {wrong} of {size} numbers differ, most at {index}: {observed} instead of {expected}", **params
        )
    raise Failure(_located(describe(expected), at), said)


def _located(value: str, at: str) -> Message:
    return say("{value} at {at}", value=value, at=at) if at else say("{value}", value=value)


def _number(value: Any) -> str:
    return f"{value.item():.6g}" if value.dtype.kind in "fc" else str(value.item())


def _wide(tensor: Tensor) -> Any:
    """Numbers as wide floats, for distances."""
    return tensor.values.astype(np.complex128 if tensor.values.dtype.kind == "c" else np.float64)


def names(values: Sequence[str]) -> str:
    """Names as a person lists them; `(none)` where there is none."""
    return ", ".join(values) if values else "(none)"
