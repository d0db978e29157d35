"""The files a batch leaves beside its gradebook: a page for each student, and one for the class."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from grader.assignment.folder import Folder
from grader.batch.gradebook import Gradebook, Row
from grader.batch.kept import Kept, write_whole
from grader.batch.roster import Roster
from grader.batch.run import present_checks, present_rows
from grader.batch.submissions import SubmissionFile
from grader.judging.by_person import with_judgements
from grader.models.report import Report
from grader.models.wording import Language
from grader.report.class_summary import Entry, read_class_summary
from grader.report.classpage import render_class
from grader.report.exports import render_table
from grader.report.formats.html import render_page
from grader.report.packed_page import pack_page
from grader.report.standing import standing
from grader.submission.source import read_source

FOLDER = "students"
CLASS_PAGE = "class.html"
LARGE = 300
"""Students of a class from whose number on each page is packed, and has no report as JSON beside it."""
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
    """Writes `students/NAME.html` and `students/NAME.json` of what counts for each student; see `LARGE`.

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
        self._checks = present_checks(assignment, gradebook)
        self._found: dict[str, list[SubmissionFile]] = defaultdict(list)
        for one in found:
            self._found[one.student] += [] if one.problem else [one]
        self._names = file_names({*self._found, *gradebook.students()})
        self._packed = len(self._names) > LARGE
        self._language = language
        self._kept = Kept(out)

    def settle(self, student: str) -> None:
        """Write a student's files, unless they are there as they should be."""
        for row in self._rows(student):
            self._settle(row)

    def settle_all(self) -> None:
        """The same for all, also for those of whom nothing is in this batch: policy and checks may be others by now."""
        for row in self._rows():
            self._settle(row)

    def drop(self, group: str) -> None:
        """Leave no files of a group whose members are known by now: each has their own."""
        name = file_names({*self._names, group})[group]
        if name not in self._names.values():
            for suffix in ("html", "json"):
                (self._folder / f"{name}.{suffix}").unlink(missing_ok=True)

    def _rows(self, student: str | None = None) -> Iterator[Row]:
        spec = self._assignment.spec
        return self._gradebook.rows(spec.grading, self._checks, spec.exercises, student)

    def _settle(self, row: Row) -> None:
        if row.attempt.report is None:
            return
        kept = self._kept.keep(row.attempt.sha256, self._assignment, self._found.get(row.student, ()))
        content = zlib.decompress(row.attempt.report)
        if row.marks:
            checked = Report.model_validate_json(content)
            content = with_judgements(checked, row.exercises, row.said).model_dump_json().encode()
        says = standing(row)
        stamp = hashlib.sha256(f"{says}{self._language.code}{self._packed}".encode() + content).hexdigest()
        name = self._names[row.student]
        page, data = self._folder / f"{name}.html", self._folder / f"{name}.json"
        end = f"<!-- {stamp} -->\n".encode()
        if data.exists() is not self._packed and _ends(page, end):
            return
        report = Report.model_validate_json(content)
        cells = read_source(*kept) if kept else ()
        shown = render_page(report, cells, self._language, says)
        if self._packed:
            data.unlink(missing_ok=True)
            shown = pack_page(shown, f"{self._language(report.assignment.title)} · {row.student}", self._language)
        else:
            write_whole(data, content)
        write_whole(page, shown.encode() + end)  # says that all is there


def _ends(path: Path, end: bytes) -> bool:
    """Whether a file is there and ends so."""
    with suppress(OSError), path.open("rb") as file:
        file.seek(-len(end), os.SEEK_END)
        return file.read() == end
    return False


def write_class(out: Path, gradebook: Gradebook, folder: Folder) -> None:
    """Write the page of a class and `gradebook.csv`."""

    def link(entry: Entry) -> str | None:
        name = f"{names[entry.student]}.html"
        return f"{FOLDER}/{quote(name)}" if name in written else None

    assignment = folder.spec
    names = file_names(gradebook.students())
    written = set(os.listdir(out / FOLDER))
    roll = read_class_summary(present_rows(folder, gradebook))
    times = [handed.time for handed in gradebook.people() if handed.submitted]
    write_whole(out / CLASS_PAGE, render_class(roll, assignment, link, times).encode())
    write_whole(out / "gradebook.csv", render_table(roll, "csv", assignment, Roster()).encode("utf-8-sig"))
