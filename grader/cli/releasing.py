"""Runs `grade release`, once its options are read."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

from grader.assignment.folder import Folder
from grader.batch.gradebook import Row
from grader.batch.kept import Kept
from grader.batch.run import present_rows
from grader.cli.batch_pages import file_names
from grader.cli.graded_folder import opened, rewrite
from grader.cli.output import write_bytes
from grader.errors import UsageError
from grader.models.wording import Language
from grader.report.batch_view import listed
from grader.report.feedback import FORMS, holds_back
from grader.report.formats.html import render_page
from grader.report.standing import standing
from grader.submission.source import read_source

MOST = 10
"""Students that an error names."""


@dataclass(frozen=True)
class Wanted:
    """What is to be released.

    Attributes:
        form: of `FORMS`.
        file: where it goes; in the batch's folder if None.
        students: the only ones; everybody that is judged, if empty.
        withdraw: whether they are to be given nothing instead.
        dry: whether nothing is done but said.
        author: who says so.
    """

    out: Path
    form: str
    file: Path | None
    students: Sequence[str]
    withdraw: bool
    dry: bool
    author: str


def release(wanted: Wanted, assignment: str | None, gradebook: str | None, language: Language) -> None:
    """Note who is given feedback, and write that of all who are.

    Raises:
        UsageError: when a student is not known, was given nothing that could be withdrawn, or has no place on the
            platform.
    """
    console = Console(highlight=False)
    with opened(wanted.out, assignment, gradebook) as (folder, book):
        rows = {row.student: row for row in present_rows(folder, book)}
        released = set(book.released())
        known = released if wanted.withdraw else rows.keys()
        if unknown := [student for student in wanted.students if student not in known]:
            said = "Nothing was released to" if wanted.withdraw else "Nobody here is"
            raise UsageError(f"{said} {', '.join(unknown[:MOST])}.", "gradebook.csv has the keys.")
        if wanted.withdraw:
            ready, held = [], {}
            released -= set(wanted.students)
            if not wanted.dry:  # whatever may hinder the rest
                book.withdraw(wanted.students)
            said = "would be withdrawn" if wanted.dry else "withdrawn"
            console.print(Text(f"{said}: {', '.join(wanted.students)}"), soft_wrap=True)
        else:
            chosen = [rows[student] for student in wanted.students or rows]
            held = {row.student: holds_back(row) for row in chosen if row.student not in released and holds_back(row)}
            ready = [row.student for row in chosen if row.student not in held]
            released |= set(ready)
        given = [row for row in rows.values() if row.student in released and row.attempt.report is not None]
        places = _places(given, wanted.form, folder)
        for part in listed(f"{len(held)} held back", list(held.items()), "yellow"):
            console.print(part)
        outdated = [(row.student, reason) for row in given if (reason := holds_back(row))]
        for part in listed(f"{len(outdated)} released before are given as they are now", outdated, "yellow"):
            console.print(part)
        if not wanted.dry:
            target = _write(wanted, ((places[row.student], _page(row, wanted.out, language)) for row in given))
            book.release(ready, wanted.author)
            console.print(Text(f"{len(given)} released, in {target}"), soft_wrap=True)
            rewrite(wanted.out, folder, book, language)
        else:
            console.print(f"{len(given)} would be released")


def _places(given: Iterable[Row], form: str, folder: Folder) -> dict[str, str]:
    """Where each student's page goes.

    Raises:
        UsageError: when that is not known of some.
    """
    rows = list(given)
    names = file_names(row.student for row in rows)
    found = {row.student: FORMS[form](row, folder.spec.id, names[row.student]) for row in rows}
    lost = [student for student, place in found.items() if place is None]
    if lost:
        more = f" and {len(lost) - MOST} more" if len(lost) > MOST else ""
        raise UsageError(
            f"{', '.join(lost[:MOST])}{more} did not hand in by {form}; nothing was written.",
            "Grade the download of that platform, or take --to folder.",
        )
    return {student: place for student, place in found.items() if place is not None}


def _page(row: Row, out: Path, language: Language) -> bytes:
    report = row.read_report()
    assert report is not None
    kept = Kept(out).find(row.attempt.sha256)
    return render_page(report, read_source(*kept) if kept else (), language, standing(row)).encode()


def _write(wanted: Wanted, pages: Iterable[tuple[str, bytes]]) -> Path:
    """Write pages into a folder, or into a zip; those that were there are gone.

    Raises:
        UsageError: where something else is in the folder, or it cannot be written.
    """
    if wanted.form == "folder":
        folder = (wanted.file or wanted.out / "feedback").resolve()
        try:
            return _write_folder(folder, pages)
        except OSError as error:
            at = error.filename or folder
            raise UsageError(f"{at} cannot be written: {error.strerror}.", "Give another --file.") from None
    file = wanted.file or wanted.out / f"feedback-{wanted.form}.zip"
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, page in pages:
            archive.writestr(place, page)
    write_bytes(packed.getvalue(), str(file), "--file")
    return file


def _write_folder(folder: Path, pages: Iterable[tuple[str, bytes]]) -> Path:
    if folder.exists() and not (folder.is_dir() and all(one.suffix == ".html" for one in folder.iterdir())):
        raise UsageError(f"{folder} holds something else than pages.", "Give another --file.")
    beside = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    for place, page in pages:
        (beside / place).write_bytes(page)
    shutil.rmtree(folder, ignore_errors=True)
    return beside.replace(folder)
