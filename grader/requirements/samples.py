"""Holds samples against samples, in whatever order they came."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from grader.models.values import Array, Exact, Fields, Opaque, Parts, Tensor
from grader.requirements.closeness import Tolerance
from grader.requirements.compare import Failure, Incomparable, compare

MOST_NEAR = 100
"""Samples without an exact match that are compared with each other, since each is compared with all."""


def unmatched(samples: list[Any], wanted: list[Any], tolerance: Tolerance | None = None) -> int:
    """How many of the wanted samples have none of their own, the same or one near it, among the samples."""
    spare: dict[Any, list[Any]] = defaultdict(list)
    for sample in samples:
        spare[exact_form(sample)].append(sample)
    missing = []
    for sample in wanted:
        same = spare.get(exact_form(sample))
        if same:
            same.pop()
        else:
            missing.append(sample)
    left = [sample for group in spare.values() for sample in group]
    if len(missing) > MOST_NEAR or len(left) > MOST_NEAR:
        return len(missing)
    for sample in list(missing):
        place = next((place for place, other in enumerate(left) if near(other, sample, tolerance)), None)
        if place is not None:
            del left[place]
            missing.remove(sample)
    return len(missing)


def different(samples: list[Any]) -> int:
    """How many different samples there are."""
    return len(set(map(exact_form, samples)))


def near(left: Any, right: Any, tolerance: Tolerance | None = None) -> bool:
    """Whether two samples are the same within the tolerance; objects that cannot be compared are not."""
    try:
        compare(left, right, tolerance)
    except (Failure, Incomparable):
        return False
    return True


def exact_form(value: Any) -> Any:
    """Something hashable that is the same for two values if they are exactly the same."""
    match value:
        case Tensor(values=values, dtype=dtype):
            return isinstance(value, Array), dtype, values.shape, values.tobytes()
        case Parts(kind=kind, shape=shape, parts=parts):
            return kind, shape, exact_form(dict(parts))
        case dict():
            return "dict", frozenset((exact_form(key), exact_form(part)) for key, part in value.items())
        case list() | tuple():
            return "list", tuple(map(exact_form, value))
        case Opaque():
            return "object", id(value)
        case Fields(type=kind, fields=fields):
            return kind, exact_form(dict(fields))
        case int() | Exact():
            return type(value).__name__, value
    return type(value).__name__, repr(value)
