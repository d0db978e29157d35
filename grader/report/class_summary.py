"""A class in a few numbers per student, read from the gradebook row by row, each report once."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import TypeAdapter

from grader.batch.gradebook import HandIn, Row
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
    open: float = 0.0


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
        state: as in the gradebook, or `old` where other checks than the present ones did it; only `graded` is a score.
        handed: what it is a result of: where that came from, and when.
        reason: why it is none.
        file: name of the submission.
        earned, credited: points, before and after what being late costs.
        possible: of what is judged.
        open: points that a person is still to give; then what is earned is no score yet.
        bonus: on the whole, which is in `credited`.
        exercises: points of each that was graded, and judged by whom it is to be judged, by id.
        mistakes: that were named, by id.
        failed: checks that did not pass, by id, of those of exercises that were begun.
    """

    student: str
    state: str
    reason: str
    file: str
    earned: float
    credited: float
    possible: float
    open: float
    bonus: float
    late_days: int
    attempts: int
    handed: HandIn
    untimed: bool
    marked: bool
    graded: datetime
    seconds: float
    exercises: dict[str, float]
    mistakes: frozenset[str]
    failed: frozenset[str]

    @property
    def scored(self) -> bool:
        return self.state == "graded"

    @property
    def final(self) -> bool:
        """Whether that is all of the score."""
        return self.scored and not self.open


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
        made: set[str] = set()
        failed: set[str] = set()
        if attempt.report is not None and not row.stale:
            report = _READ.validate_json(zlib.decompress(attempt.report))
            roll.selection = report.selection
            for marks in row.marks or report.exercises:
                earned |= {marks.id: marks.earned} if not marks.open else {}
                roll.points[marks.id] = max(marks.possible + marks.open, roll.points.get(marks.id, 0.0))
            for exercise in report.exercises:
                if exercise.status in UNTOUCHED:
                    roll.untouched[exercise.id] += 1
                    continue
                for check in exercise.checks:
                    roll.checks.setdefault(check.id, Counter())[check.outcome] += 1
                    made |= {check.diagnosis.id} if check.diagnosis else set()
                    failed |= {check.id} if check.outcome in ("failed", "skipped") else set()
            roll.mistakes.update(made)
            roll.possible = max(roll.possible, row.possible + row.open)
        roll.entries.append(
            Entry(
                row.student,
                "old" if row.stale else row.state,
                attempt.reason,
                attempt.name,
                row.earned,
                row.credited,
                row.possible,
                row.open,
                row.bonus,
                row.late_days,
                row.attempts,
                row.handed,
                row.untimed,
                row.is_marked,
                attempt.graded,
                attempt.seconds,
                earned,
                frozenset(made),
                frozenset(failed),
            )
        )
    return roll
