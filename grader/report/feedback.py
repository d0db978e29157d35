"""Where a student's feedback goes, so that a platform takes it back.

Forms, and where they are described:
    canvas    Instructure, "How do I upload all of my student assignment submissions' comments?": the names of the
              download, of which it reads the numbers of student and file.
    moodle    "Upload multiple feedback files in a zip" (mod/assign/feedback/file/importziplib.php in Moodle's source).
    nbgrader  what `nbgrader release_feedback` collects: feedback/STUDENT/ASSIGNMENT/NOTEBOOK.html.
    folder    ours: a page for each student.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath

from grader.batch.gradebook import Row
from grader.batch.layouts import MOODLE
from grader.judging.by_person import WHOLE
from grader.report.exports import OWN_NAMES


def holds_back(row: Row) -> str:
    """Why a student is not given feedback yet; empty where nothing speaks against it."""
    if row.state != "graded":
        return row.attempt.reason.partition("\n")[0] or row.state
    if row.stale:
        return "it is a result of other checks than the present ones"
    waiting = [one.id for one in row.marks if one.open]
    if waiting:
        return f"to be judged: {', '.join(waiting)}"
    ids = (*(one.id for one in row.exercises), WHOLE)
    again = [exercise or "the whole" for exercise in ids if row.asks_again(exercise)]
    return f"to be judged again: {', '.join(again)}" if again else ""


def _canvas(row: Row, assignment: str, name: str) -> str | None:
    return PurePosixPath(row.handed.file).with_suffix(".html").name if row.handed.layout == "canvas" else None


def _moodle(row: Row, assignment: str, name: str) -> str | None:
    first = row.handed.file.partition("/")[0]  # a folder of the student's, or a file
    found = MOODLE.fullmatch(first) if row.handed.layout == "moodle" else None
    folder = f"{found['student']}_{found['user']}_assignsubmission_file_" if found else ""  # as every version takes it
    return f"{folder}/{assignment}-feedback.html" if folder else None


def _nbgrader(row: Row, assignment: str, name: str) -> str | None:
    if row.handed.layout not in OWN_NAMES or row.handed.group or name != row.student:
        return None
    if row.handed.layout == "nbgrader":
        assignment = PurePosixPath(row.handed.file).parts[1]  # as the course calls it
    return f"feedback/{name}/{assignment}/{PurePosixPath(row.handed.name).stem}.html"


def _folder(row: Row, assignment: str, name: str) -> str | None:
    return f"{name}.html"


FORMS: dict[str, Callable[[Row, str, str], str | None]] = {
    "folder": _folder,
    "canvas": _canvas,
    "moodle": _moodle,
    "nbgrader": _nbgrader,
}
"""Gives the place of a student's page: from what counts, the assignment's id, and the student's name as a file's; None
where the platform's own name is not known."""
