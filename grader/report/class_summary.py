"""A class in a few numbers per student, read from the gradebook row by row, each report once."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import TypeAdapter

from grader.batch.gradebook import Row
from grader.models.report import Outcome


@dataclass(frozen=True, slots=True)
class _Diagnosis:
    id: str


@dataclass(frozen=True, slots=True)
class _Check:
    id: str
    outcome: Outcome
    diagnosis: _Diagnosis | None


@dataclass(frozen=True, slots=True)
class _Exercise:
    id: str
    earned: float
    possible: float
    checks: tuple[_Check, ...]


@dataclass(frozen=True, slots=True)
class _Report:
    """The part of a report that is needed here: a twentieth of the time that the whole takes to read."""

    exercises: tuple[_Exercise, ...]


_READ = TypeAdapter(_Report)


@dataclass(frozen=True, slots=True)
class Entry:
    """What counts for one student.

    Attributes:
        state: as in the gradebook; only `graded` is a score.
        reason: why it is none.
        file: name of the submission.
        earned, credited: points, before and after what being late costs.
        exercises: points of each, in the order of the assignment; none without a report.
    """

    student: str
    state: str
    reason: str
    file: str
    earned: float
    credited: float
    possible: float
    late_days: int
    attempts: int
    submitted: datetime | None
    graded: datetime
    seconds: float
    exercises: tuple[float, ...]

    @property
    def scored(self) -> bool:
        return self.state == "graded"


@dataclass
class ClassSummary:
    """A whole class.

    Attributes:
        mistakes: how many students made each, by id.
        checks: how often each check had each outcome.
        points: what each exercise is worth.
        possible: what the whole is worth.
    """

    entries: list[Entry] = field(default_factory=list)
    mistakes: Counter[str] = field(default_factory=Counter)
    checks: dict[str, Counter[Outcome]] = field(default_factory=dict)
    points: dict[str, float] = field(default_factory=dict)
    possible: float = 0.0

    @property
    def scored(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.scored]


def read_class_summary(rows: Iterable[Row], exercises: Sequence[str]) -> ClassSummary:
    """Read a class.

    Args:
        exercises: ids of the assignment's exercises, in order.
    """
    roll = ClassSummary()
    for row in rows:
        attempt = row.attempt
        earned: dict[str, float] = {}
        if attempt.report is not None:
            made = set()
            for exercise in _READ.validate_json(zlib.decompress(attempt.report)).exercises:
                earned[exercise.id] = exercise.earned
                roll.points[exercise.id] = exercise.possible
                for check in exercise.checks:
                    roll.checks.setdefault(check.id, Counter())[check.outcome] += 1
                    made |= {check.diagnosis.id} if check.diagnosis else set()
            roll.mistakes.update(made)
            roll.possible = max(roll.possible, attempt.possible)
        roll.entries.append(
            Entry(
                row.student,
                attempt.status,
                attempt.reason,
                attempt.name,
                attempt.earned,
                row.credited,
                attempt.possible,
                row.late_days,
                row.attempts,
                attempt.submitted,
                attempt.graded,
                attempt.seconds,
                tuple(earned.get(name, 0.0) for name in exercises) if earned else (),
            )
        )
    return roll
