"""Where two observations differ, as facts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import permutations
from typing import Any

import numpy as np

from grader.models.message import clean
from grader.models.mistake import Fact
from grader.models.values import Tensor, shown
from grader.requirements.compare import Failure, Incomparable, compare

MOST = 20
DEEP = 6
MOST_NUMBERS = 1_000_000  # a column against a row is far more than either
MOST_DIMENSIONS = 5  # which have 120 orders


def differences(observed: Any, expected: Any, at: str = "", depth: int = 0) -> Iterator[Fact]:
    """The differences between two values, attributes before values.

    Yields:
        `differs` facts: `what` is one of none, type, shape, dtype, requires_grad, keys, length, value.
    """
    if depth > DEEP:
        return
    if observed is None and expected is not None:
        yield _differs("none", at)
    elif isinstance(expected, Tensor):
        yield from _tensors(observed, expected, at)
    elif isinstance(expected, Mapping):
        if not isinstance(observed, Mapping):
            yield _differs("type", at)
            return
        missing = [key for key in expected if key not in observed]
        if missing:
            yield _differs("keys", at, missing=clean(", ".join(map(str, missing))[:100]))
        for key in list(expected)[:MOST]:
            if key in observed:
                yield from differences(observed[key], expected[key], f"{at}.{key}" if at else str(key), depth + 1)
    elif isinstance(expected, (list, tuple)):
        if not isinstance(observed, (list, tuple)):
            yield _differs("type", at)
            return
        if len(observed) != len(expected):
            yield _differs("length", at, expected=len(expected), observed=len(observed))
        for place, (left, right) in enumerate(zip(observed, expected, strict=False)):
            if place < MOST:
                yield from differences(left, right, f"{at}[{place}]", depth + 1)
    elif not _same(observed, expected):
        yield _differs("value", at, expected=clean(shown(expected)[:80]), observed=clean(shown(observed)[:80]))


def _differs(what: str, at: str, **fields: Any) -> Fact:
    texts = dict.fromkeys(("expected", "observed", "missing"), "")
    empty: Fact = {**texts, "broadcasts": False, "reversed": False, "sums_to_one": False, "alike": False}
    empty |= {"permuted": False, "reread": False, "squeezed": False}
    return {"fact": "differs", "what": what, "at": at, **empty, **fields}


def _same(observed: Any, expected: Any) -> bool:
    try:
        compare(observed, expected)
    except Failure:
        return False
    except Incomparable:  # beside what differs
        return True
    return True


def _tensors(observed: Any, expected: Tensor, at: str) -> Iterator[Fact]:
    if not isinstance(observed, Tensor):
        yield _differs("type", at, expected="Tensor", observed=type(observed).__name__)
    elif observed.shape != expected.shape:
        shapes = {"expected": str(list(expected.shape)), "observed": str(list(observed.shape))}
        turned = observed.shape == expected.shape[::-1]
        ones = [size for size in observed.shape if size != 1] == [size for size in expected.shape if size != 1]
        squeezed = ones and _alike(observed.values.reshape(expected.shape), expected.values)
        order = _order(observed, expected)
        broadcasts = _broadcasts(observed, expected)
        yield _differs("shape", at, broadcasts=broadcasts, reversed=turned, squeezed=squeezed, **order, **shapes)
    elif observed.dtype != expected.dtype:
        alike = _equal_in_numbers(observed, expected)
        yield _differs("dtype", at, expected=expected.dtype, observed=observed.dtype, alike=alike)
    elif observed.requires_grad != expected.requires_grad:
        grads = {"expected": str(expected.requires_grad), "observed": str(observed.requires_grad)}
        yield _differs("requires_grad", at, **grads)
    elif not _same(observed, expected):
        one = _sums_to_one(observed) and not _sums_to_one(expected)
        yield _differs("value", at, sums_to_one=one, **_order(observed, expected))


def _broadcasts(observed: Tensor, expected: Tensor) -> bool:
    """Whether the numbers are right and only the shape is not, which `==` hides."""
    try:
        shape = np.broadcast_shapes(observed.shape, expected.shape)
    except ValueError:
        return False
    return bool(expected.shape) and math.prod(shape) > 0 and _equal_in_numbers(observed, expected)


def _equal_in_numbers(observed: Tensor, expected: Tensor) -> bool:
    """Whether two tensors hold about the same numbers, whatever their dtypes; of other shapes, broadcast."""
    if math.prod(np.broadcast_shapes(observed.shape, expected.shape)) > MOST_NUMBERS:
        return False
    left, right = np.broadcast_arrays(observed.values, expected.values)
    return _alike(left, right)


def _alike(left: Any, right: Any, rtol: float = 1e-2, atol: float = 1e-4) -> bool:
    wide = np.complex128 if "c" in (left.dtype.kind, right.dtype.kind) else np.float64
    return bool(np.allclose(left.astype(wide), right.astype(wide), rtol=rtol, atol=atol, equal_nan=True))


def _order(observed: Tensor, expected: Tensor) -> dict[str, bool]:
    """Whether the numbers are the expected ones with dimensions in another order, or read on in another order."""
    own, theirs = observed.values, expected.values
    few = 2 <= theirs.ndim <= MOST_DIMENSIONS and 1 < theirs.size <= MOST_NUMBERS // 10
    if not few or own.size != theirs.size or len(np.unique(theirs)) < theirs.size // 2:
        return {}
    if not _equal(np.sort(own, axis=None), np.sort(theirs, axis=None)):
        return {}
    orders = [theirs.transpose(order) for order in permutations(range(theirs.ndim))][1:]
    if any(turned.shape == own.shape and _equal(own, turned) for turned in orders):
        return {"permuted": True}
    return {"reread": any(_equal(own.ravel(), turned.ravel()) for turned in orders)}


def _equal(left: Any, right: Any) -> bool:
    """Whether numbers are the same, but for rounding."""
    return _alike(left, right, rtol=1e-5, atol=1e-7)


def _sums_to_one(tensor: Tensor) -> bool:
    """Whether each row is a distribution, as softmax makes it."""
    values = tensor.values
    if values.ndim != 2 or values.dtype.kind != "f" or values.shape[1] < 2 or not values.size:
        return False
    return bool((values >= 0).all() and np.allclose(values.sum(axis=1), 1, atol=1e-4))
