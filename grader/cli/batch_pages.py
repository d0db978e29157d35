"""The files a batch leaves beside its gradebook: a page for each student, and one for the class."""

from __future__ import annotations

import hashlib
import os
import re
import zlib
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from grader.assignment.spec import Assignment
from grader.batch.fingerprint import digest
from grader.batch.gradebook import Gradebook, Row
from grader.batch.submissions import SubmissionFile
from grader.models.policy import Policy
from grader.models.report import Report
from grader.models.wording import Language
from grader.report.class_summary import Entry, read_class_summary
from grader.report.classpage import render_class
from grader.report.exports import render_table
from grader.report.formats.html import render_page
from grader.submission.source import SourceCell, read_source

FOLDER = "students"
_PLAIN = re.compile(r"\w[\w@+. -]{0,99}")


def file_name(student: str) -> str:
    """A name for a student's files: the student's own, where that is one on every system."""
    if _PLAIN.fullmatch(student) and not student.endswith((".", " ")):
        return student
    short = hashlib.sha256(student.encode()).hexdigest()[:8]
    plain = re.sub(r"[^\w@+. -]", "_", student)[:80].strip(" .-")
    return f"{plain or 'student'}-{short}"


class Pages:
    """Writes `students/NAME.html` and `students/NAME.json` of what counts for each student.

    Args:
        found: the submissions of the batch, from which a page shows the source.
    """

    def __init__(
        self, out: Path, gradebook: Gradebook, policy: Policy, found: Iterable[SubmissionFile], language: Language
    ) -> None:
        self._folder = out / FOLDER
        self._folder.mkdir(exist_ok=True)
        self._gradebook = gradebook
        self._policy = policy
        self._paths = {one.student: one.path for one in found if not one.problem}
        self._language = language

    def settle(self, student: str) -> None:
        """Write a student's files, unless they are there as they should be."""
        row = self._gradebook.row(student, self._policy)
        if row is None or row.attempt.report is None:
            return
        content = zlib.decompress(row.attempt.report)
        name = file_name(student)
        data = self._folder / f"{name}.json"
        if data.exists() and data.read_bytes() == content:
            return
        page = render_page(Report.model_validate_json(content), self._source(row), self._language)
        _write(self._folder / f"{name}.html", page.encode())
        _write(data, content)  # the last, since it says that the page is there, too

    def _source(self, row: Row) -> tuple[SourceCell, ...]:
        """What was handed in; nothing where another attempt counts than the one at hand."""
        path = self._paths.get(row.student)
        try:
            return read_source(path) if path and digest(path) == row.attempt.sha256 else ()
        except OSError:
            return ()


def write_class(out: Path, gradebook: Gradebook, assignment: Assignment) -> None:
    """Write `class.html` and `gradebook.csv`."""

    def link(entry: Entry) -> str | None:
        name = f"{file_name(entry.student)}.html"
        return f"{FOLDER}/{quote(name)}" if name in written else None

    written = set(os.listdir(out / FOLDER))
    roll = read_class_summary(gradebook.rows(assignment.grading), [exercise.id for exercise in assignment.exercises])
    _write(out / "class.html", render_class(roll, assignment, link).encode())
    _write(out / "gradebook.csv", render_table(roll, "csv", assignment).encode("utf-8-sig"))


def _write(path: Path, content: bytes) -> None:
    """Write a file as a whole or not at all."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(content)
    beside.replace(path)
