"""What the coordinator and its workers tell each other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from grader.models.report import Report


@dataclass(frozen=True)
class Task:
    """One submission to grade.

    Attributes:
        sha256: of the file as the coordinator saw it.
    """

    student: str
    path: Path
    sha256: str


@dataclass(frozen=True)
class Graded:
    """What came of a task.

    Attributes:
        report: None where there is none, for a reason.
        fault: whether that was a fault of ours, and not of the submission.
        seconds: that it took.
    """

    report: Report | None
    seconds: float
    reason: str = ""
    fault: bool = False
