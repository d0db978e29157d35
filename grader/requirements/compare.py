"""Compares what was observed with what was expected: attributes first, then values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.errors import GraderError
from grader.models.figure import Figure
from grader.models.message import Message, joined, say, verbatim
from grader.models.observation import Where
from grader.models.values import Array, Exact, Fields, Opaque, Parts, Rounded, Tensor, shown
from grader.requirements.closeness import Tolerance, closeness
from grader.requirements.difference_map import differences

SHOWN = 12
"""Elements of a tensor that are shown."""
PRECISION = 4
"""Digits behind the point of a tensor's numbers, where these show what differs."""
DIGITS = range(6, 18)
"""How many digits of two numbers are shown: the fewest in which they differ; 17 tell any two floats apart."""


class Incomparable(GraderError):
    """What a check expects is an object that can be shown, and not be compared."""


class Failure(Exception):
    """A requirement is not met.

    Args:
        expected, observed: two of the four parts of what the student reads.
        hint: takes the place of the requirement's own.
        near: whether numbers differ so little that rounding may be all that is between them.
        place: what to point to, where the failure is about what is written there.
        figure: where elements differ.
        shapes: whether it is shapes that differ.
        compared: whether `observed` has both sides of what differs most.
        reads: the parts of what was returned that the failure is about; None for all of it.
    """

    def __init__(
        self,
        expected: Message,
        observed: Message,
        hint: Message | None = None,
        near: bool = False,
        place: Where | None = None,
        figure: Figure | None = None,
        shapes: bool = False,
        compared: bool = False,
        reads: frozenset[str] | None = None,
    ) -> None:
        super().__init__(f"expected {expected}, observed {observed}")
        self.expected = expected
        self.observed = observed
        self.hint = hint
        self.near = near
        self.place = place
        self.figure = figure
        self.shapes = shapes
        self.compared = compared
        self.reads = reads


def describe(value: Any, precision: int = PRECISION) -> Message:
    """A value in a few words, for a person.

    Args:
        precision: digits of a tensor's numbers behind the point.
    """
    match value:
        case Tensor(shape=shape, dtype=dtype):
            if value.values.size <= SHOWN:
                numbers = _numbers(value, precision)
                return say("{numbers} (shape {shape}, {dtype})", numbers=numbers, shape=str(list(shape)), dtype=dtype)
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
        case set() | frozenset():
            text = ", ".join(sorted(map(shown, value)))  # a set's own order is another in each process
            return verbatim(_cut(f"{{{text}}}" if value else "set()", 200))
        case dict():
            pairs = [joined([shown(key), describe(part)], ": ") for key, part in list(value.items())[:4]]
            said = joined(pairs, before="{{", after="}}")
            return said if len(said.text) <= 200 and len(value) <= 4 else say("a dict of {count}", count=len(value))
    return verbatim(_cut(shown(value), 200))


def _sequence(value: Sequence[Any]) -> Message:
    return say("a {kind} of {count}", kind="tuple" if isinstance(value, tuple) else "list", count=len(value))


def _cut(text: str, size: int) -> str:
    return text if len(text) <= size else text[: size - 1] + "…"


def apart(one: complex, other: complex) -> tuple[str, str]:
    """Two numbers with as many digits as show that they differ."""
    texts = str(one), str(other)
    for digits in DIGITS if all(isinstance(number, (float, complex)) for number in (one, other)) else ():
        texts = f"{one:.{digits}g}", f"{other:.{digits}g}"
        if texts[0] != texts[1]:
            break
    return texts


def _precision(one: Tensor, other: Tensor, differ: Any) -> int:
    """As many digits behind the point as show every difference of two tensors.

    Args:
        differ: where they differ.
    """
    for precision in range(PRECISION, DIGITS.stop):
        texts = [re.findall(r"[^][,\s]+", _array(tensor, precision)) for tensor in (one, other)]
        if all(left != right for left, right, apart in zip(*texts, differ.flat, strict=True) if apart):
            break
    return precision


def _numbers(tensor: Tensor, precision: int) -> str:
    return f"{'array' if isinstance(tensor, Array) else 'tensor'}({_array(tensor, precision)})"


def _array(tensor: Tensor, precision: int) -> str:
    text = np.array2string(tensor.values, precision=precision, separator=", ", suppress_small=True)
    return " ".join(text.split())


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
    if rule.exact and type(observed) is not (float if isinstance(expected, Rounded) else type(expected)):
        raise _differ(_typed(expected), _typed(observed), at)
    match expected:
        case np.ndarray():
            _compare(observed, Tensor(expected, str(expected.dtype)), rule, at)
        case Tensor():
            if type(observed) is not type(expected):
                wanted = say("an array") if isinstance(expected, Array) else say("a tensor")
                wanted = say("{kind} of shape {shape}", kind=wanted, shape=str(list(expected.shape)))
                found = describe(observed)
                if isinstance(observed, (list, tuple)):  # a tensor alone in one looks as if it were not in one
                    found = joined([_sequence(observed), found], ": ")
                raise _differ(wanted, found, at)
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
            place = _place(at).text
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


def _differ(expected: Message, observed: Message, at: Place, **more: Any) -> Failure:
    place = _place(at)
    return Failure(say("{value} at {at}", value=expected, at=place) if place.text else expected, observed, **more)


def _place(at: Place) -> Message:
    """A place in words: `mean[0]`, or `[0] of the log`."""
    whole, *steps = at
    if isinstance(whole, Message) and steps:
        return say("{at} of {whole}", at=joined(steps, ""), whole=whole)
    return joined(at, "")


def _with_length(value: Sequence[Any]) -> Message:
    return say("{value} (length {length})", value=describe(value), length=len(value))


def _keys(mapping: Mapping[Any, Any]) -> str | Message:
    return names([_cut(shown(key), 200) for key in list(mapping)[:12]])


def _compare_numbers(observed: Any, expected: float | complex, tolerance: Tolerance | None, at: Place) -> None:
    if isinstance(observed, bool) or not isinstance(observed, (int, float, complex)):
        raise _differ(say("the number {number}", number=f"{expected:g}"), describe(observed), at)
    if observed == expected or (observed != observed and expected != expected):
        return
    exact = np.array(expected.exact) if isinstance(expected, Rounded) else None
    try:
        found = closeness(np.array(complex(observed)), np.array(complex(expected)), "complex64", tolerance, exact)
    except OverflowError:  # an int beyond what a float holds
        raise _differ(verbatim(f"{expected:.6g}"), verbatim(_cut(shown(observed), 40)), at) from None
    if not found.close.all():
        wanted, told = apart(expected, observed)
        raise _differ(verbatim(wanted), verbatim(_cut(told, 40)), at, near=found.near)


def _compare_tensors(observed: Tensor, expected: Tensor, tolerance: Tolerance | None, at: Place) -> None:
    if observed.shape != expected.shape:
        raise _differ(shape_of(expected.shape), shape_of(observed.shape), at, shapes=True)
    if observed.dtype != expected.dtype:
        raise _differ(verbatim(f"dtype {expected.dtype}"), verbatim(f"dtype {observed.dtype}"), at)
    found = closeness(observed.values, expected.values, expected.dtype, tolerance, expected.exact)
    differ = ~found.close
    if not differ.any():
        return
    precision = _precision(observed, expected, differ) if differ.size <= SHOWN else PRECISION
    said = describe(observed, precision)
    if differ.size > 1:
        worst = tuple(int(i) for i in np.unravel_index(int(found.distance.argmax()), differ.shape))
        wanted, told = apart(expected.values[worst].item(), observed.values[worst].item())
        said = say(
            "{value}; {wrong} of {size} elements differ, most at {index}: {observed} instead of {expected}",
            value=said,
            wrong=int(differ.sum()),
            size=int(differ.size),
            index=str(list(worst)),
            observed=told,
            expected=wanted,
        )
    figure = differences(differ, found.distance) if differ.size > SHOWN and not differ.all() else None
    several = differ.size > 1
    raise _differ(describe(expected, precision), said, at, near=found.near, figure=figure, compared=several)


def shape_of(shape: Sequence[int]) -> Message:
    """`shape [2, 3]`."""
    return say("shape {shape}", shape=str(list(shape)))


def names(values: Sequence[str]) -> str | Message:
    """Names as a person lists them; `(none)` where there is none."""
    return ", ".join(values) or say("(none)")
