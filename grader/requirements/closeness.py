"""When numbers are close enough: the tolerance looks at their scale, and at what rounding does to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from grader.models.model import Model

_TOLERANCES = {
    "float16": (1e-3, 1e-5),
    "bfloat16": (1.6e-2, 1e-5),
    "float32": (1.3e-6, 1e-5),
    "float64": (1e-7, 1e-7),
    "complex64": (1.3e-6, 1e-5),
    "complex128": (1e-7, 1e-7),
}
"""dtype -> (rtol, atol), as `torch.testing.assert_close` has them."""
_EPSILONS = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float64": 2.0**-52, "complex128": 2.0**-52}
"""dtype -> the distance from one to the next number; float32's is `_EPSILON`."""
_EPSILON = 2.0**-23
SMALL = 1e-3
"""torch's absolute tolerance is for numbers around one. Of small numbers it is at most this share of the largest,
or zeros would pass for them."""
SLACK = 2.0
"""How many times as far from the exact numbers as the solution's own an answer may be."""


class Tolerance(Model):
    """How far numbers may be apart: |observed - expected| <= atol + rtol * |expected|."""

    rtol: float = Field(ge=0, le=0.1)
    atol: float = Field(ge=0)


@dataclass(frozen=True)
class Closeness:
    """How close numbers are.

    Attributes:
        close: which of them are close enough.
        distance: how far each is from the expected one; -1 where it is close enough.
        near: whether rounding may be all that is between the others.
    """

    close: npt.NDArray[np.bool_]
    distance: npt.NDArray[np.float64]
    near: bool


def closeness(
    observed: npt.NDArray[Any],
    expected: npt.NDArray[Any],
    dtype: str,
    tolerance: Tolerance | None = None,
    exact: npt.NDArray[Any] | None = None,
) -> Closeness:
    """Hold numbers against those expected.

    Args:
        dtype: torch's name of it; the numbers of ints and bools must be the same.
        tolerance: an instructor's; torch's for the dtype if None, scaled for small numbers.
        exact: the expected numbers as float64 gives them (`requirements/rounding.py`). A result that is no further
            from these than `SLACK` times as far as the solution's own is right, in whatever way it was computed.
    """
    rtol, atol = (tolerance.rtol, tolerance.atol) if tolerance else _TOLERANCES.get(dtype, (0.0, 0.0))
    with np.errstate(all="ignore"):
        same = observed == expected
        if not (rtol or atol) or bool(same.all()):
            return Closeness(same, np.where(same, -1.0, _distance(_wide(observed), _wide(expected))), near=False)
        left, right = _wide(observed), _wide(expected)
        scale, least = _largest(right), atol
        error = 0.0 if exact is None else _largest(right - exact)
        meaningful = says_something(expected, dtype) if exact is None else scale > SLACK * error
        if tolerance is None and meaningful:
            least = min(atol, SMALL * scale)
        close = same | np.isclose(left, right, rtol=rtol, atol=least, equal_nan=True)
        if exact is not None:
            close |= np.abs(left - exact) <= least + rtol * np.abs(exact) + SLACK * error
        distance = np.where(close, -1.0, _distance(left, right))
        return Closeness(close, distance, near=bool((distance <= atol + SMALL * scale).all()))


def says_something(values: npt.NDArray[Any], dtype: str) -> bool:
    """Whether among numbers are larger ones than rounding leaves of zeros, where all was computed around one."""
    return values.dtype.kind in "fc" and _largest(_wide(values)) > _EPSILONS.get(dtype, _EPSILON)


def is_rounded(expected: npt.NDArray[Any], exact: npt.NDArray[Any]) -> bool:
    """Whether numbers are others in float64 by no more than rounding does; else these are of another computation."""
    with np.errstate(all="ignore"):
        right = _wide(expected)
        return _largest(right - exact) <= _TOLERANCES["float32"][1] + SMALL * _largest(exact)


def _wide(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Numbers as wide floats, for distances."""
    return values.astype(np.complex128) if values.dtype.kind == "c" else values.astype(np.float64)


def _distance(left: npt.NDArray[Any], right: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.asarray(np.nan_to_num(np.abs(left - right), nan=np.inf))


def _largest(values: npt.NDArray[Any]) -> float:
    """The largest size of a finite number."""
    sizes = np.abs(values)
    return float(np.max(sizes, where=np.isfinite(sizes), initial=0.0))
