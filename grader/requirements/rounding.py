"""How far rounding takes right answers apart: the solution is asked the same in float64, of inputs a digit away.

A float32 sum of a million numbers is off by more than torch's default tolerance, in whatever order it is summed up,
and a student who sums up in float64 comes nearer to the truth than the solution. `exp(x - logsumexp(x))` is right
as well, and loses the digits that a large `x` has before the point. How many numbers went into a result, and how
they cancel out, shows in none of them; so the tolerance is not made from its size. What float64 gives shows how the
solution rounds; and inputs that are off by a float32 digit show what rounding early can do to any right answer
(the backward error; N. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., 1.5).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from grader.models.values import Rounded, Tensor
from grader.requirements.closeness import is_rounded
from grader.requirements.requirement import Probe, Question

_WIDE = {"float32": ("float64", np.float64), "complex64": ("complex128", np.complex128)}
_DIGIT = 2.0**-23
"""The distance from one to the next number in float32."""
_DEFAULT = "torch.set_default_dtype(torch.float64)\n"


def in_float64(question: Question) -> Question:
    """The same question with wide numbers, each up to a digit away, where tensors are float64 unless told otherwise."""
    probe = Probe(question.probe.name, _DEFAULT + question.probe.source)
    return Question(probe, _widened(question.arguments))


def _widened(value: Any) -> Any:
    match value:
        case Tensor(dtype="float32" | "complex64" as dtype):
            name, wide = _WIDE[dtype]
            away = _DIGIT * np.cos(np.arange(1.0, value.values.size + 1).reshape(value.shape))
            return replace(value, values=value.values.astype(wide) * (1 + away), dtype=name)
        case dict():
            return {key: _widened(part) for key, part in value.items()}
        case list() | tuple():
            return type(value)(map(_widened, value))
    return value


def with_exact(expected: Any, exact: Any) -> Any:
    """The solution's answer, whose float32 numbers know what float64 gives.

    Args:
        exact: its answer in float64. A part that is not of the same form, or is of other numbers, tells nothing.
    """
    match expected, exact:
        case Tensor(dtype=dtype), Tensor() if dtype in _WIDE:
            same = exact.dtype == _WIDE[dtype][0] and exact.shape == expected.shape
            known = same and is_rounded(expected.values, exact.values)
            return replace(expected, exact=exact.values) if known else expected
        case float(), float() if is_rounded(np.array(expected), np.array(exact)):
            return Rounded(expected, exact)
        case Mapping(), Mapping() if type(expected) is dict and set(expected) == set(exact):
            return {key: with_exact(part, exact[key]) for key, part in expected.items()}
        case ((list() | tuple()), (list() | tuple())) if len(expected) == len(exact):
            return type(expected)(with_exact(*pair) for pair in zip(expected, exact, strict=True))
    return expected
