"""A class in a few numbers per student, read from the gradebook row by row, each report once."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import TypeAdapter

from grader.batch.gradebook import Row
from grader.models.report import Outcome, Status
from grader.report.outline import UNTOUCHED


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
    status: Status
    earned: float
    possible: float
    checks: tuple[_Check, ...]


@dataclass(frozen=True, slots=True)
class _Report:
    """The part of a report that is needed here: a twentieth of the time that the whole takes to read."""

    selection: str | None
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
        exercises: points of each that was graded, by id.
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
    exercises: dict[str, float]

    @property
    def scored(self) -> bool:
        return self.state == "graded"


@dataclass
class ClassSummary:
    """A whole class.

    Attributes:
        mistakes: how many students made each, by id.
        checks: how often each check had each outcome, among those who began its exercise.
        untouched: how many did not begin each exercise, by id.
        points: what each exercise that was graded is worth.
        possible: what the whole is worth.
        selection: the `-k` expression, where only a part was graded.
    """

    entries: list[Entry] = field(default_factory=list)
    mistakes: Counter[str] = field(default_factory=Counter)
    checks: dict[str, Counter[Outcome]] = field(default_factory=dict)
    untouched: Counter[str] = field(default_factory=Counter)
    points: dict[str, float] = field(default_factory=dict)
    possible: float = 0.0
    selection: str | None = None

    @property
    def scored(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.scored]


def read_class_summary(rows: Iterable[Row]) -> ClassSummary:
    """Read a class."""
    roll = ClassSummary()
    for row in rows:
        attempt = row.attempt
        earned: dict[str, float] = {}
        if attempt.report is not None:
            made = set()
            report = _READ.validate_json(zlib.decompress(attempt.report))
            roll.selection = report.selection
            for exercise in report.exercises:
                earned[exercise.id] = exercise.earned
                roll.points[exercise.id] = exercise.possible
                if exercise.status in UNTOUCHED:
                    roll.untouched[exercise.id] += 1
                    continue
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
                earned,
            )
        )
    return roll
