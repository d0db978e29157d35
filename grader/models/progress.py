"""What is remembered of a student's own runs."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from grader.models.model import Model


class GradedRun(Model):
    """What one run came to.

    Attributes:
        selection: the `-k` expression, when only a part was graded.
        exercises: earned and possible points of those that were graded.
    """

    time: datetime
    sha256: str
    selection: str | None = None
    earned: float
    possible: float
    exercises: dict[str, tuple[float, float]]


class Attempts(Model):
    """The runs of one notebook.

    Attributes:
        attempts: how often it was graded, changed since the time before.
        full: when each exercise first had full marks.
        runs: the last ones, the earliest first.
    """

    attempts: int = 0
    full: dict[str, datetime] = {}
    runs: tuple[GradedRun, ...] = ()


class Remembered(Model):
    """All of one folder, by assignment and notebook."""

    format: Literal[1] = 1
    work: dict[str, dict[str, Attempts]] = {}
