"""What the coordinator and its workers tell each other."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

from grader.judging.grading import Diagnose
from grader.models.report import Report


def pack(report: Report) -> bytes:
    """A report as it is stored."""
    return zlib.compress(report.model_dump_json().encode())


@dataclass(frozen=True)
class Task:
    """One submission to grade, whosever it is.

    Attributes:
        sha256: of its files as the coordinator saw them.
        alone: whether what lies beside the file is others'.
        diagnose: whether mistakes are named; see `Grading`.
    """

    path: Path
    sha256: str
    alone: bool = True
    diagnose: Diagnose = "proven"


@dataclass(frozen=True)
class Graded:
    """What came of a task.

    Attributes:
        report: as it is stored; None where there is none, for a reason.
        fault: whether that was a fault of ours, and not of the submission.
        seconds: that it took.
        earned, possible: points.
    """

    report: bytes | None
    seconds: float
    reason: str = ""
    fault: bool = False
    earned: float = 0.0
    possible: float = 0.0

    @staticmethod
    def of(report: Report, seconds: float) -> Graded:
        """What comes of a task with a report. Packed where it was made: what cannot be written costs no other."""
        fault = "" if report.gradable else "a check ended in an error of the grader's own"
        return Graded(pack(report), seconds, fault, not report.gradable, report.earned, report.possible)
