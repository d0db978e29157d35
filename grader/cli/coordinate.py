"""Runs `grade batch`, once its options are read: what it needs takes long to import."""

from __future__ import annotations

import fcntl
import re
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from threading import Thread
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from grader.assignment.choosing import folded
from grader.assignment.folder import Folder
from grader.batch.archive import unpack_submissions
from grader.batch.batch_engine import Engine, Site
from grader.batch.download import key_of
from grader.batch.events import Events
from grader.batch.gradebook import Gradebook
from grader.batch.roster import Roster, read_extensions, read_roster
from grader.batch.run import Step, present_rows, run_batch
from grader.batch.submissions import Download, Looking, SubmissionFile, find_submissions
from grader.cli.batch_pages import CLASS_PAGE, Pages, write_class
from grader.errors import BusyError, SurroundingsFault, UsageError
from grader.models.message import spelled
from grader.models.wording import Language
from grader.report.batch_view import render_download, render_summary

EVERY = 5.0
"""Seconds between two lines on how far it is, where there is no terminal."""


@dataclass(frozen=True)
class Class:
    """Where a class's submissions are, and how they are read; as the options of `grade batch` say it."""

    submissions: Path
    out: Path
    layout: str | None
    name: str | None
    roster: Path | None
    extensions: Path | None
    zone: str | None
    gradebook: str | None


@dataclass
class Reach:
    """How far a batch has come."""

    done: int = 0
    total: int = 0

    def __str__(self) -> str:
        return f"{self.done} of {self.total} graded; run the same command to go on."


def grade_class(site: Site, engine: Engine, given: Class, regrade: bool, seed: int | None, language: Language) -> int:
    """Grade a class and show what it came to.

    Returns:
        How many submissions ended in an error of ours.
    """
    spec, out = site.folder.spec, given.out
    zone = _zone(given.zone, spec.grading.due)
    extensions = read_extensions(given.extensions, spec.grading.due, zone) if given.extensions else None
    faults, changed = 0, []
    reach = Reach()
    with alone(out), _told_how_far(out, reach):
        engine.get_ready()
        download = _find(given, site.folder, zone)
        reach.total = len(download.found)
        console = Console(highlight=False)
        console.print(render_download(download))
        with (
            Gradebook(given.gradebook or out / "gradebook.sqlite", spec.id) as book,
            Events(out / "events.jsonl") as events,
        ):
            book.hold_to(site.selection)
            if seed is not None:
                book.set_seed(seed)
            for group, members in download.members.items():
                book.divide(group, members)
            if extensions is not None:
                book.extend(_by_student(extensions, download.found, book, console))
            pages = Pages(out, book, site.folder, download.found, language)
            for group in download.members:
                pages.drop(group)
            Thread(target=_import_what_draws, daemon=True).start()
            steps = run_batch(site, engine, download.found, book, regrade)
            for step in _shown(steps, reach, events):
                pages.settle(step.attempt.student)
                faults += step.kind == "error"
                changed += [step] if step.before is not None else []
            pages.settle_all()
            write_class(out, book, site.folder)
            console.print(render_summary(present_rows(site.folder, book), changed, site.selection))
            console.print(f"class page: {out / CLASS_PAGE}", markup=False, soft_wrap=True)
    return faults


def _import_what_draws() -> None:
    """Import what pages need, which takes long, while the first submissions are graded."""
    with suppress(ImportError):  # whoever needs it says what is missing
        from grader.report import notebook, plots  # noqa: F401


def _zone(name: str | None, due: datetime | None) -> tzinfo:
    """The zone of times that name none.

    Raises:
        UsageError: when there is none of this name.
    """
    if name is None:
        return (due and due.tzinfo) or UTC
    try:
        return ZoneInfo(name)
    except (ValueError, LookupError, OSError):
        raise UsageError(f"There is no time zone {name!r}.", "Name it as in Asia/Seoul.") from None


def _by_student(
    dues: dict[str, datetime], found: Sequence[SubmissionFile], book: Gradebook, console: Console
) -> dict[str, datetime]:
    """Due dates by the keys of the students that are meant, by key, number, address or name.

    Raises:
        UsageError: when several students may be meant.
    """
    known = {(one.student, one.person.id, one.person.email, one.person.name) for one in found}
    known |= {(one.student, one.platform_id, one.email, one.person) for one in book.people()}
    known |= {(student,) * 4 for student in book.students()}
    meant: dict[str, datetime] = {}
    nobody = []
    for told, due in dues.items():
        students = {one[0] for one in known if folded(told) in map(folded, one)}
        exact = {one for one in students if one == key_of(told)} or students
        if len(exact) > 1:
            listed = ", ".join(sorted(exact))
            raise UsageError(f"The extension of {told!r} may be that of {listed}.", "Name the student by the key.")
        nobody += [] if exact else [told]
        student = next(iter(exact), key_of(told))
        if student in meant:
            raise UsageError(f"Two extensions are of {student}; {told!r} is one.", "Give one line to each.")
        meant[student] = due
    if nobody:
        console.print(
            f"extensions of {len(nobody)} without a submission: {', '.join(map(spelled, nobody))}", markup=False
        )
    return meant


@contextmanager
def alone(out: Path) -> Iterator[None]:
    """Hold a folder for one batch.

    Raises:
        BusyError: when another one is at work in it.
        UsageError: when it cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with (out / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
    except BlockingIOError:
        raise BusyError(f"Another batch is at work in {out}.", "Wait for it, or give another --out.") from None
    except PermissionError as error:
        raise UsageError(f"{error.filename} cannot be written: {error.strerror}.", "Give another --out.") from None


@contextmanager
def _told_how_far(out: Path, reach: Reach) -> Iterator[None]:
    """Say how far a batch came that is stopped, by a person or by its surroundings.

    Raises:
        SurroundingsFault: when it is the latter: the disk is full, or its folder gone.
    """
    try:
        yield
    except KeyboardInterrupt:
        sys.stderr.write(f"{reach}\n")
        raise
    except SurroundingsFault as fault:
        raise SurroundingsFault(f"{fault} {reach}") from None
    except BrokenPipeError:  # who reads what it says has gone
        raise
    except OSError as error:
        raise SurroundingsFault(f"{error.filename or out}: {error.strerror or error}. {reach}") from None


def _find(given: Class, folder: Folder, zone: tzinfo) -> Download:
    """The submissions of a folder, or of a zip, which is unpacked beside the gradebook."""
    if not given.submissions.exists():
        raise UsageError(f"{given.submissions} does not exist.", "Give a folder of submissions, or a zip.")
    try:
        name = re.compile(given.name) if given.name else None
    except re.error as error:
        raise UsageError(f"--name {given.name!r} is no regular expression: {error}.") from None
    looking = Looking(given.layout, name, zone, read_roster(given.roster) if given.roster else Roster())
    if given.submissions.is_dir():
        return find_submissions(given.submissions, folder, looking)
    unpacked = given.out / "submissions"
    shutil.rmtree(unpacked, ignore_errors=True)
    return unpack_submissions(given.submissions, unpacked, folder, looking)


def _shown(steps: Iterator[Step], reach: Reach, events: Events) -> Iterator[Step]:
    """The same steps, with the diary beside them, and a progress bar; or in a pipe, a line now and then."""
    events.write("started", submissions=reach.total)
    on_terminal = sys.stderr.isatty()
    bar = Progress(
        TextColumn("grading"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(), console=Console(stderr=True), disable=not on_terminal,
    )  # fmt: skip
    start, graded = time.monotonic(), 0
    next_line = start + EVERY
    with bar:
        task = bar.add_task("", total=reach.total, rate="")
        for step in steps:
            reach.done += 1
            graded += step.kind in ("graded", "error")
            now = time.monotonic()
            rate = graded / max(now - start, 0.001)
            bar.update(task, advance=1, rate=f"{rate:.1f}/s")
            if not on_terminal and now >= next_line:
                left = f", about {(reach.total - reach.done) / rate:.0f} s left" if rate else ""
                sys.stderr.write(f"{reach.done} of {reach.total} graded{left}\n")
                next_line = now + EVERY
            attempt = step.attempt
            events.write(
                step.kind, student=attempt.student, name=attempt.name, earned=attempt.earned,
                possible=attempt.possible, seconds=round(attempt.seconds, 3), reason=attempt.reason,
            )  # fmt: skip
            yield step
    events.write("finished", graded=graded, seconds=round(time.monotonic() - start, 3))
