"""The files a batch leaves beside its gradebook: a page for each student, and one for the class."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import quote

from grader.assignment.load import Folder
from grader.assignment.spec import Assignment
from grader.batch.gradebook import Gradebook, Row
from grader.batch.submissions import SubmissionFile
from grader.errors import SubmissionError
from grader.models.report import Report
from grader.models.wording import Language
from grader.report.class_summary import Entry, read_class_summary
from grader.report.classpage import render_class
from grader.report.exports import render_table
from grader.report.formats.html import render_page
from grader.submission.source import SourceCell, read_source

FOLDER = "students"
MAX_NAME = 100
"""Bytes of a file's name, without its suffix."""
_PLAIN = re.compile(r"\w[\w@+. -]*")
_DIGEST = re.compile(r"-[0-9a-f]{16}")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\S|lpt\S)", re.IGNORECASE)
"""What names no file on Windows, whatever suffix it has."""


def file_names(students: Iterable[str]) -> dict[str, str]:
    """A name for each student's files: the student's own, where that is one on every system, and nobody else's there.

    Others get a digest of the student's key. To some systems, capitals and the forms of a letter make no difference.
    """
    everybody = set(students)
    alike = Counter(_folded(student) for student in everybody)
    return {student: _file_name(student, alike[_folded(student)] == 1) for student in everybody}


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _file_name(student: str, alone: bool) -> str:
    own = _PLAIN.fullmatch(student) and len(student.encode()) <= MAX_NAME and not student.endswith((".", " "))
    odd = _DIGEST.fullmatch(student[-17:]) or _RESERVED.fullmatch(student.partition(".")[0].strip())
    if own and alone and not odd:
        return student
    digest = f"-{hashlib.sha256(student.encode()).hexdigest()[:16]}"
    plain = re.sub(r"[^\w@+ -]", "_", student).encode()[: MAX_NAME - len(digest)].decode(errors="ignore").strip(" -")
    return f"{plain or 'student'}{digest}"


class Pages:
    """Writes `students/NAME.html` and `students/NAME.json` of what counts for each student.

    Args:
        found: the submissions of the batch, from which a page shows the source.
    """

    def __init__(
        self, out: Path, gradebook: Gradebook, assignment: Folder, found: Sequence[SubmissionFile], language: Language
    ) -> None:
        self._folder = out / FOLDER
        self._folder.mkdir(exist_ok=True)
        self._gradebook = gradebook
        self._assignment = assignment
        self._found = {one.student: one for one in found if not one.problem}
        self._names = file_names({*(one.student for one in found), *gradebook.students()})
        self._language = language

    def settle(self, student: str) -> None:
        """Write a student's files, unless they are there as they should be."""
        row = self._gradebook.row(student, self._assignment.spec.grading)
        if row is None or row.attempt.report is None:
            return
        content = zlib.decompress(row.attempt.report)
        name = self._names[student]
        data = self._folder / f"{name}.json"
        if data.exists() and data.read_bytes() == content:
            return
        page = render_page(Report.model_validate_json(content), self._source(row), self._language)
        _write(self._folder / f"{name}.html", page.encode())
        _write(data, content)  # the last, since it says that the page is there, too

    def _source(self, row: Row) -> tuple[SourceCell, ...]:
        """What was handed in; nothing where another attempt counts than the one at hand."""
        found = self._found.get(row.student)
        if found is None:
            return ()
        try:
            same = self._assignment.digest_of(found.path, found.alone) == row.attempt.sha256
            return read_source(found.path) if same else ()
        except (OSError, SubmissionError):
            return ()


def write_class(out: Path, gradebook: Gradebook, assignment: Assignment) -> None:
    """Write `class.html` and `gradebook.csv`."""

    def link(entry: Entry) -> str | None:
        name = f"{names[entry.student]}.html"
        return f"{FOLDER}/{quote(name)}" if name in written else None

    names = file_names(gradebook.students())
    written = set(os.listdir(out / FOLDER))
    roll = read_class_summary(gradebook.rows(assignment.grading))
    _write(out / "class.html", render_class(roll, assignment, link).encode())
    _write(out / "gradebook.csv", render_table(roll, "csv", assignment).encode("utf-8-sig"))


def _write(path: Path, content: bytes) -> None:
    """Write a file as a whole or not at all."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(content)
    beside.replace(path)
