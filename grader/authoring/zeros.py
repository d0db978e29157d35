"""Whether zeros pass in the place of the solution's small numbers, as they do where a tolerance is above these."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np

from grader.assignment.folder import Folder
from grader.judging.grading import Grading
from grader.models.values import Tensor
from grader.requirements.closeness import says_something
from grader.requirements.compare import Failure
from grader.requirements.requirement import Check
from grader.sandbox.client import Zygote

MOST = 100
"""Tensors of an answer that zeros are tried for."""
FAR = 1e6
"""What surely differs from the solution's numbers: where this passes, too, the check does not look at them."""
Path = tuple[Any, ...]


def checks_that_take_zeros(folder: Folder, zygote: Zygote) -> list[str]:
    """The ids of the checks that are passed by an answer like the solution's with a tensor of zeros in it."""
    grading = Grading(folder, folder.solution, zygote)
    try:
        return [
            f"{exercise.id}::{check.name}"
            for exercise in folder.spec.exercises
            for requirement in exercise.requirements
            for check in requirement.checks(folder.spec.seed)
            if check.reference and _takes_zeros(check, grading.references.answer(exercise.id, check.question).value)
        ]
    finally:
        grading.close()


def _takes_zeros(check: Check, value: Any) -> bool:
    return any(
        _takes(check, value, path, 0.0) and not _takes(check, value, path, FAR)
        for path in islice(_tensors(value, ()), MOST)
    )


def _tensors(value: Any, path: Path) -> Iterator[Path]:
    """Where in an answer there are tensors of more than what rounding leaves of zeros."""
    if isinstance(value, Tensor):
        if says_something(value.values, value.dtype):
            yield path
    elif isinstance(value, (list, tuple, dict)):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _tensors(part, (*path, key))


def _takes(check: Check, value: Any, path: Path, number: float) -> bool:
    """Whether a check passes with a number everywhere in one tensor of the solution's answer."""
    try:
        check.judge(_with(value, path, number), value)
    except Failure:
        return False
    return True


def _with(value: Any, path: Path, number: float) -> Any:
    if not path:
        return replace(value, values=np.full_like(value.values, number))
    key, rest = path[0], path[1:]
    if isinstance(value, dict):
        return {**value, key: _with(value[key], rest, number)}
    return type(value)(_with(part, rest, number) if place == key else part for place, part in enumerate(value))
