"""Compares what was observed with what was expected: attributes first, then values."""

from __future__ import annotations

import cmath
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import Field

from grader.errors import GraderError
from grader.models.message import Message, joined, say, verbatim
from grader.models.model import Model
from grader.models.values import Array, Exact, Fields, Opaque, Parts, Tensor, shown

_TOLERANCES = {
    "float16": (1e-3, 1e-5),
    "bfloat16": (1.6e-2, 1e-5),
    "float32": (1.3e-6, 1e-5),
    "float64": (1e-7, 1e-7),
    "complex64": (1.3e-6, 1e-5),
    "complex128": (1e-7, 1e-7),
}
"""dtype -> (rtol, atol), as `torch.testing.assert_close` has them."""


class Incomparable(GraderError):
    """What a check expects is an object that can be shown, and not be compared."""


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


def describe(value: Any) -> Message:
    """A value in a few words, for a person."""
    match value:
        case Tensor(shape=shape, dtype=dtype):
            if value.values.size <= 12:
                return say(
                    "{numbers} (shape {shape}, {dtype})", numbers=_numbers(value), shape=str(list(shape)), dtype=dtype
                )
            kind = say("an array") if isinstance(value, Array) else say("a tensor")
            return say("{kind} of shape {shape}, {dtype}", kind=kind, shape=str(list(shape)), dtype=dtype)
        case Parts(kind=kind, shape=shape, dtype=dtype):
            return say("a {kind} tensor of shape {shape}, {dtype}", kind=kind, shape=str(list(shape)), dtype=dtype)
        case Exact(text=text):
            return verbatim(_cut(text, 200))
        case Fields(type=kind, fields=fields):
            return say("a {kind} object with {fields}", kind=kind, fields=describe(dict(fields)))
        case Opaque(type=kind, repr=text):
            if not text:
                return say("a {kind} object", kind=kind)
            return say("a {kind} object: {text}", kind=kind, text=_cut(text, 80))
        case list() | tuple():
            parts = [describe(part) for part in value[:4]] + [verbatim("…")] * (len(value) > 4)
            before, after = "()" if isinstance(value, tuple) else "[]"
            said = joined(parts, before=before, after=after)
            return said if len(said.text) <= 200 else _sequence(value)
        case dict():
            pairs = [joined([shown(key), describe(part)], ": ") for key, part in list(value.items())[:4]]
            said = joined(pairs, before="{{", after="}}")
            return said if len(said.text) <= 200 and len(value) <= 4 else say("a dict of {count}", count=len(value))
    return verbatim(_cut(shown(value), 200))


def _sequence(value: Sequence[Any]) -> Message:
    return say("a {kind} of {count}", kind="tuple" if isinstance(value, tuple) else "list", count=len(value))


def _cut(text: str, size: int) -> str:
    return text if len(text) <= size else text[: size - 1] + "…"


def _numbers(tensor: Tensor) -> str:
    text = np.array2string(tensor.values, precision=4, separator=", ", suppress_small=True)
    return ("array(" if isinstance(tensor, Array) else "tensor(") + " ".join(text.split()) + ")"


Place = tuple[str | Message, ...]
"""Where in a whole value a part stands: what the whole is, and the steps into it, e.g. `the log`, `[0]`, `['X']`."""


def compare(
    observed: Any, expected: Any, tolerance: Tolerance | None = None, at: str | Message = "", exact: bool = False
) -> None:
    """Hold an observed value against the expected one.

    A list and a tuple with the same parts are the same; a shape never passes by
    broadcasting; the order of a dict's keys does not count.

    Args:
        at: what the value is, where that must be said: a name, or a phrase such as `the log`.
        exact: types count as well: a tuple is no list, an int no float.

    Raises:
        Failure: at the first difference; attributes come before values.
        Incomparable: where an object is expected that cannot be compared.
    """
    _compare(observed, expected, _Rule(tolerance, exact), (at,))


@dataclass(frozen=True)
class _Rule:
    """How two values are compared."""

    tolerance: Tolerance | None
    exact: bool = False


def _compare(observed: Any, expected: Any, rule: _Rule, at: Place) -> None:
    if rule.exact and type(observed) is not type(expected):
        raise _differ(_typed(expected), _typed(observed), at)
    match expected:
        case np.ndarray():
            _compare(observed, Tensor(expected, str(expected.dtype)), rule, at)
        case Tensor():
            if type(observed) is not type(expected):
                wanted = say("an array") if isinstance(expected, Array) else say("a tensor")
                wanted = say("{kind} of shape {shape}", kind=wanted, shape=str(list(expected.shape)))
                raise _differ(wanted, describe(observed), at)
            _compare_tensors(observed, expected, rule.tolerance, at)
        case Parts():
            same = isinstance(observed, Parts) and observed.kind == expected.kind
            if not same or observed.shape != expected.shape or set(observed.parts) != set(expected.parts):
                raise _differ(describe(expected), describe(observed), at)
            for name in expected.parts:
                _compare(observed.parts[name], expected.parts[name], rule, (*at, f".{name}"))
        case Fields():
            if not isinstance(observed, Fields) or observed.type != expected.type:
                raise _differ(describe(expected), describe(observed), at)
            _compare(observed.fields, expected.fields, rule, at)
        case Mapping():
            if not isinstance(observed, Mapping):
                raise _differ(say("a dict with the keys {names}", names=_keys(expected)), describe(observed), at)
            if set(observed) != set(expected):
                left, right = (say("the keys {names}", names=_keys(keys)) for keys in (observed, expected))
                raise _differ(right, left, at)
            for key in expected:
                _compare(observed[key], expected[key], rule, (*at, f"[{_cut(shown(key), 200)}]"))
        case list() | tuple():
            if not isinstance(observed, (list, tuple)):
                raise _differ(_sequence(expected), describe(observed), at)
            if len(observed) != len(expected):
                raise _differ(_with_length(expected), _with_length(observed), at)
            for number, (left, right) in enumerate(zip(observed, expected, strict=True)):
                _compare(left, right, rule, (*at, f"[{number}]"))
        case float() | complex():
            _compare_numbers(observed, expected, rule.tolerance, at)
        case Opaque():
            if not isinstance(observed, Opaque) or observed.type != expected.type:
                raise _differ(describe(expected), describe(observed), at)
            place = joined(at, "").text
            raise Incomparable(
                f"Two objects of type {expected.type} cannot be compared{f' at {place}' if place else ''}.",
                "Let the call or the probe return what is in it: plain data, tensors or arrays.",
            )
        case _:
            same_kind = isinstance(observed, bool) == isinstance(expected, bool)
            if isinstance(observed, (Tensor, Parts)) or not same_kind or observed != expected:
                raise _differ(describe(expected), describe(observed), at)


def _typed(value: Any) -> Message:
    """A value with its type, where that alone may be what is wrong."""
    kind = type(value).__name__ if not isinstance(value, (Exact, Fields, Opaque)) else value.type
    kind = {"Tensor": "torch.Tensor", "Array": "numpy.ndarray", "NoneType": "None"}.get(kind, kind)
    return say("{value} ({kind})", value=describe(value), kind=kind)


def _differ(expected: Message, observed: Message, at: Place) -> Failure:
    place = joined(at, "")
    return Failure(say("{value} at {at}", value=expected, at=place) if place.text else expected, observed)


def _with_length(value: Sequence[Any]) -> Message:
    return say("{value} (length {length})", value=describe(value), length=len(value))


def _keys(mapping: Mapping[Any, Any]) -> str | Message:
    return names([_cut(shown(key), 200) for key in list(mapping)[:12]])


def _compare_numbers(observed: Any, expected: float | complex, tolerance: Tolerance | None, at: Place) -> None:
    rtol, atol = (tolerance.rtol, tolerance.atol) if tolerance else _TOLERANCES["float32"]
    if isinstance(observed, bool) or not isinstance(observed, (int, float, complex)):
        raise _differ(say("the number {number}", number=f"{expected:g}"), describe(observed), at)
    if not _near(observed, expected, rtol, atol):
        told = f"{observed:.6g}" if isinstance(observed, float) else _cut(shown(observed), 40)
        raise _differ(verbatim(f"{expected:.6g}"), verbatim(told), at)


def _near(observed: complex, expected: complex, rtol: float, atol: float) -> bool:
    if observed == expected or (observed != observed and expected != expected):
        return True
    if not cmath.isfinite(expected):
        return False
    try:
        return abs(observed - expected) <= atol + rtol * abs(expected)
    except OverflowError:  # an int beyond what a float holds
        return False


def _compare_tensors(observed: Tensor, expected: Tensor, tolerance: Tolerance | None, at: Place) -> None:
    if observed.shape != expected.shape:
        raise _differ(shape_of(expected.shape), shape_of(observed.shape), at)
    if observed.dtype != expected.dtype:
        raise _differ(verbatim(f"dtype {expected.dtype}"), verbatim(f"dtype {observed.dtype}"), at)
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
    said = describe(observed)
    if close.size > 1:
        said = say(
            "{value}; {wrong} of {size} elements differ, most at {index}: {observed} instead of {expected}",
            value=said,
            wrong=len(where),
            size=int(close.size),
            index=str(list(worst)),
            observed=_number(observed.values[worst]),
            expected=_number(expected.values[worst]),
        )
    raise _differ(describe(expected), said, at)


def shape_of(shape: Sequence[int]) -> Message:
    """`shape [2, 3]`."""
    return say("shape {shape}", shape=str(list(shape)))


def _number(value: Any) -> str:
    return f"{value.item():.6g}" if value.dtype.kind in "fc" else str(value.item())


def _wide(tensor: Tensor) -> Any:
    """Numbers as wide floats, for distances."""
    return tensor.values.astype(np.complex128 if tensor.values.dtype.kind == "c" else np.float64)


def names(values: Sequence[str]) -> str | Message:
    """Names as a person lists them; `(none)` where there is none."""
    return ", ".join(values) or say("(none)")
