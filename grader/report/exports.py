"""A class's scores as tables that learning platforms import.

Forms, and where they are described:
    canvas    Instructure, "How do I import grades in the Gradebook?": five columns, then the assignment's.
    moodle    the offline grading worksheet of an assignment (mod/assign/feedback/offline in Moodle's source).
    nbgrader  `nbgrader export` (nbgrader/plugins/export.py in nbgrader's source).
    csv       ours, with the points of each exercise.

A platform finds a student by an id of its own: the one that its download had, or the one in a roster. A student without
a score, by a fault of ours or of the file, or since a person is still to give a part of it, has an empty cell and not a
zero.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from typing import TYPE_CHECKING

from grader.assignment.spec import Assignment
from grader.errors import UsageError
from grader.models.wording import Code
from grader.report.outline import of_other_checks, points

if TYPE_CHECKING:
    from grader.batch.roster import Roster
    from grader.report.class_summary import ClassSummary, Entry

    Pairs = list[tuple[Entry, "Known"]]

MOST = 10
"""Students that an error names."""
Cell = str | float | int | datetime | None
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
OWN_NAMES = ("nbgrader", "students", "files")
"""Layouts in which a student is called what nbgrader would call them."""


@dataclass(frozen=True)
class Known:
    """A student as a platform knows them.

    Attributes:
        id: of the platform; empty where it is not known.
        sis, login: of Canvas, which goes by them, too.
    """

    id: str
    name: str
    email: str
    sis: str
    login: str


def render_table(
    roll: ClassSummary, form: str, assignment: Assignment, roster: Roster, site: Code | None = None
) -> str:
    """The scores of a class as CSV, in the form of a platform, by its name in `TABLES`.

    Args:
        site: the language of a Moodle site, by whose words it finds the columns; English if None.

    Raises:
        UsageError: where a platform would take a score for another one, or for another student's.
    """
    old = [entry.student for entry in roll.entries if entry.state == "old"]
    if old and form != "csv":
        raise UsageError(f"{of_other_checks(old)}.", "This is an option of `grade batch`; nothing was written.")
    pairs = _all_known(roll, form, roster) if form != "csv" else []
    written = StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    heads, *rows = TABLES[form](roll, assignment, pairs)
    if site and form == "moodle":
        words = _MOODLE[site]
        heads = [words.get(str(head), head) for head in heads]
        rows = [
            [str(number).replace(_PARTICIPANT, words.get(_PARTICIPANT, _PARTICIPANT)), *row] for number, *row in rows
        ]
    for row in (heads, *rows):
        writer.writerow([_cell(value) for value in row])
    return written.getvalue()


def _known(entry: Entry, platform: str, roster: Roster) -> Known:
    """What is known of a student: the platform's own id, where the submission came from there; else the roster's."""
    handed = entry.handed
    listed = roster.find(handed.layout, entry.student, handed.platform_id, handed.email, handed.person)
    own = handed.platform_id if handed.layout == platform else ""
    if platform == "nbgrader" and handed.layout in OWN_NAMES and not handed.group:
        own = entry.student
    name, email = handed.person or entry.student, handed.email
    if listed is None or (own and listed[platform] not in ("", own)):
        return Known(own, name, email, "", "")
    given = listed[platform] or listed["id"] or (listed.key if platform == "nbgrader" else "")
    return Known(own or given, listed["name"] or name, listed["email"] or email, listed["sis"], listed["login"])


def _all_known(roll: ClassSummary, platform: str, roster: Roster) -> Pairs:
    """Everybody that the platform knows, each by an id of its own.

    Args:
        roll: in which everybody with a score must be known.

    Raises:
        UsageError: when somebody has none, or two have the same.
    """
    ways = ("id", "sis", "login") if platform == "canvas" else ("id",)
    by_id: dict[tuple[str, str], list[str]] = defaultdict(list)
    pairs, nobody = [], []
    for entry in roll.entries:
        one = _known(entry, platform, roster)
        ids = [(way, getattr(one, way)) for way in ways if getattr(one, way)]
        for each in ids:
            by_id[each].append(entry.student)
        if ids:
            pairs.append((entry, one))
        elif entry.scored:
            nobody.append(entry.student)
    advice = (
        f"Give --roster FILE, a CSV with the columns key (the student as here), name, email and {platform} (the id)."
    )
    if nobody:
        more = f" and {len(nobody) - MOST} more" if len(nobody) > MOST else ""
        raise UsageError(
            f"No id of {platform} is known of {', '.join(nobody[:MOST])}{more}; nothing was written.", advice
        )
    for (_, number), students in by_id.items():
        if len(students) > 1:
            said = f"{', '.join(students[:MOST])} would all be {number} in {platform}; nothing was written."
            raise UsageError(said, advice)
    return pairs


def _canvas(roll: ClassSummary, assignment: Assignment, pairs: Pairs) -> Iterator[list[Cell]]:
    yield ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", assignment.title.en]
    yield ["    Points Possible", "", "", "", "", roll.possible]
    for entry, known in pairs:
        yield [known.name, known.id, known.sis, known.login, "", _score(entry)]


_PARTICIPANT = "Participant "
_MOODLE: dict[Code, dict[str, str]] = {
    "en": {},
    "ko": {
        "Identifier": "식별자", "Full name": "성명", "Email address": "이메일 주소", "Status": "상태", "Grade": "성적",
        "Maximum Grade": "최대 성적", "Last modified (submission)": "마지막 수정됨(제출)",
        "Last modified (grade)": "마지막 수정됨(성적)", "Feedback comments": "피드백 코멘트", _PARTICIPANT: "참가자",
    },
}  # fmt: skip
"""What a site in each language calls the columns, and what stands before a number; as its language pack has it."""


def _moodle(roll: ClassSummary, assignment: Assignment, pairs: Pairs) -> Iterator[list[Cell]]:
    yield [
        "Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade", "Grade can be changed",
        "Last modified (submission)", "Last modified (grade)", "Feedback comments",
    ]  # fmt: skip
    for entry, known in pairs:
        yield [
            f"{_PARTICIPANT}{known.id}", known.name, known.email, "Submitted for grading", _score(entry),
            roll.possible, "Yes", _day(entry.handed.submitted), _day(entry.graded), entry.reason,
        ]  # fmt: skip


def _nbgrader(roll: ClassSummary, assignment: Assignment, pairs: Pairs) -> Iterator[list[Cell]]:
    yield [
        "assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score",
        "late_submission_penalty", "score", "max_score",
    ]  # fmt: skip
    for entry, known in pairs:
        raw = entry.earned + entry.bonus if entry.final else None
        lost = round(entry.earned + entry.bonus - entry.credited, 2) if entry.final else None
        yield [
            assignment.id, assignment.grading.due, entry.handed.submitted, known.id, "", "", known.email, raw, lost,
            _score(entry), roll.possible,
        ]  # fmt: skip


def _own(roll: ClassSummary, assignment: Assignment, _: Pairs) -> Iterator[list[Cell]]:
    yield [
        "student", "state", "score", "possible", "earned", "open", "bonus", "late_days", "attempts", "submitted",
        "graded", "seconds", "file", "reason", "name", "email", "layout", "id", "group", "passed_over",
        *(exercise.id for exercise in assignment.exercises),
    ]  # fmt: skip
    for entry in roll.entries:
        exercises = (entry.exercises.get(exercise.id) for exercise in assignment.exercises)
        handed = entry.handed
        yield [
            entry.student, entry.state, _score(entry), roll.possible if entry.state != "old" else entry.possible,
            entry.earned if entry.state in ("graded", "old") else None, entry.open, entry.bonus, entry.late_days,
            entry.attempts, handed.submitted, entry.graded, round(entry.seconds, 3), entry.file, entry.reason,
            handed.person, handed.email, handed.layout, handed.platform_id, handed.group,
            "; ".join(handed.passed_over.splitlines()), *exercises,
        ]  # fmt: skip


TABLES: dict[str, Callable[[ClassSummary, Assignment, Pairs], Iterator[list[Cell]]]] = {
    "canvas": _canvas,
    "moodle": _moodle,
    "nbgrader": _nbgrader,
    "csv": _own,
}


def _score(entry: Entry) -> float | None:
    """What the platform gets; nothing while a person is still to give a part of it."""
    return entry.credited if entry.final else None


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
        return value.isoformat(" ", "seconds")
    if not isinstance(value, str):
        return points(value) if isinstance(value, float) else str(value)
    return f"'{value}" if value.startswith(_FORMULA) and value != "-" else value
