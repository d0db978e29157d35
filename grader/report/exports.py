"""A class's scores as tables that learning platforms import.

Forms, and where they are described:
    canvas    Instructure, "How do I import grades in the Gradebook?": five columns, then the assignment's.
    moodle    the offline grading worksheet of an assignment (mod/assign/feedback/offline in Moodle's source).
    nbgrader  `nbgrader export` (nbgrader/plugins/export.py in nbgrader's source).
    csv       ours, with the points of each exercise.

A student without a score, by a fault of ours or of the file, has an empty cell and not a zero.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import StringIO
from typing import TYPE_CHECKING

from grader.assignment.spec import Assignment
from grader.report.outline import points

if TYPE_CHECKING:
    from grader.report.class_summary import ClassSummary, Entry

Cell = str | float | int | datetime | None
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBERED = re.compile(r"(?P<name>.+)_(?P<number>\d+)")
"""How downloads of Canvas and Moodle name a student: by a name, and by the number that their imports go by."""


def render_table(roll: ClassSummary, form: str, assignment: Assignment) -> str:
    """The scores of a class as CSV, in the form of a platform, by its name in `TABLES`."""
    written = StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    for row in TABLES[form](roll, assignment):
        writer.writerow([_cell(value) for value in row])
    return written.getvalue()


def _canvas(roll: ClassSummary, assignment: Assignment) -> Iterator[list[Cell]]:
    yield ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", assignment.title.en]
    yield ["    Points Possible", "", "", "", "", roll.possible]
    for entry in roll.entries:
        name, number = _named(entry)
        yield [name, number, "", "" if number else entry.student, "", _score(entry)]


def _moodle(roll: ClassSummary, assignment: Assignment) -> Iterator[list[Cell]]:
    yield [
        "Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade", "Grade can be changed",
        "Last modified (submission)", "Last modified (grade)", "Feedback comments",
    ]  # fmt: skip
    for entry in roll.entries:
        name, number = _named(entry)
        email = entry.student if "@" in entry.student else ""
        yield [
            f"Participant {number}" if number else "", name, email, "Submitted for grading", _score(entry),
            roll.possible, "Yes", _day(entry.submitted), _day(entry.graded), entry.reason,
        ]  # fmt: skip


def _nbgrader(roll: ClassSummary, assignment: Assignment) -> Iterator[list[Cell]]:
    yield [
        "assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score",
        "late_submission_penalty", "score", "max_score",
    ]  # fmt: skip
    for entry in roll.entries:
        email = entry.student if "@" in entry.student else ""
        raw = entry.earned if entry.scored else None
        lost = round(entry.earned - entry.credited, 2) if entry.scored else None
        yield [
            assignment.id, assignment.grading.due, entry.submitted, entry.student, "", "", email, raw, lost,
            _score(entry), roll.possible,
        ]  # fmt: skip


def _own(roll: ClassSummary, assignment: Assignment) -> Iterator[list[Cell]]:
    yield [
        "student", "state", "score", "possible", "earned", "late_days", "attempts", "submitted", "graded", "seconds",
        "file", "reason", *(exercise.id for exercise in assignment.exercises),
    ]  # fmt: skip
    for entry in roll.entries:
        exercises = (entry.exercises.get(exercise.id) for exercise in assignment.exercises)
        yield [
            entry.student, entry.state, _score(entry), roll.possible,
            entry.earned if entry.scored else None, entry.late_days, entry.attempts, entry.submitted, entry.graded,
            round(entry.seconds, 3), entry.file, entry.reason, *exercises,
        ]  # fmt: skip


TABLES: dict[str, Callable[[ClassSummary, Assignment], Iterator[list[Cell]]]] = {
    "canvas": _canvas,
    "moodle": _moodle,
    "nbgrader": _nbgrader,
    "csv": _own,
}


def _score(entry: Entry) -> float | None:
    return entry.credited if entry.scored else None


def _named(entry: Entry) -> tuple[str, str]:
    """A student's name and number, where the download had both."""
    match = _NUMBERED.fullmatch(entry.student)
    return (match["name"], match["number"]) if match else (entry.student, "")


def _day(time: datetime | None) -> str:
    """A time as Moodle's worksheet writes it."""
    if time is None:
        return "-"
    hour = time.strftime("%I:%M %p").lstrip("0")
    return f"{time:%A}, {time.day} {time:%B} {time.year}, {hour}"


def _cell(value: Cell) -> str:
    """A value as text; what a spreadsheet would run as a formula begins with a quote."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.replace(tzinfo=value.tzinfo or UTC).isoformat(" ", "seconds")
    if not isinstance(value, str):
        return points(value) if isinstance(value, float) else str(value)
    return f"'{value}" if value.startswith(_FORMULA) and value != "-" else value
