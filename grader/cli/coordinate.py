"""Runs `grade batch`, once its options are read: what it needs takes long to import."""

from __future__ import annotations

import fcntl
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from grader.assignment.load import Folder
from grader.batch.archive import unpack_submissions
from grader.batch.batch_engine import Engine, Site
from grader.batch.events import Events
from grader.batch.gradebook import Gradebook
from grader.batch.run import Step, run_batch
from grader.batch.submissions import Layout, SubmissionFile, find_submissions
from grader.cli.batch_pages import Pages, write_class
from grader.errors import UsageError
from grader.models.wording import Language
from grader.report.batch_view import render_summary


def grade_class(
    site: Site,
    engine: Engine,
    submissions: Path,
    out: Path,
    layout: Layout | None,
    regrade: bool,
    gradebook: str | None,
    seed: int | None,
    language: Language,
) -> int:
    """Grade a class and show what it came to; the options are those of the command.

    Returns:
        How many submissions ended in an error of ours.
    """
    spec = site.folder.spec
    faults, changed = 0, []
    with _alone(out):
        found = _find(submissions, out, site.folder, layout)
        with (
            Gradebook(gradebook or out / "gradebook.sqlite", spec.id) as book,
            Events(out / "events.jsonl") as events,
        ):
            book.hold_to(site.selection)
            if seed is not None:
                book.set_seed(seed)
            pages = Pages(out, book, site.folder, found, language)
            for step in _shown(run_batch(site, engine, found, book, regrade), len(found), events):
                pages.settle(step.attempt.student)
                faults += step.kind == "error"
                changed += [step] if step.before is not None else []
            write_class(out, book, spec)
            Console(highlight=False).print(render_summary(book.rows(spec.grading), changed, site.selection))
    return faults


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Hold a folder for one batch.

    Raises:
        UsageError: when another one is at work in it, or it cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with (out / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
    except BlockingIOError:
        raise UsageError(f"Another batch is at work in {out}.", "Wait for it, or give another --out.") from None
    except PermissionError as error:
        raise UsageError(f"{error.filename} cannot be written: {error.strerror}.", "Give another --out.") from None


def _find(submissions: Path, out: Path, folder: Folder, layout: Layout | None) -> list[SubmissionFile]:
    """The submissions of a folder, or of a zip, which is unpacked into `out`."""
    if not submissions.exists():
        raise UsageError(f"{submissions} does not exist.", "Give a folder of submissions, or a zip.")
    if submissions.is_dir():
        return find_submissions(submissions, folder.spec.id, layout)[1]
    unpacked = out / "submissions"
    shutil.rmtree(unpacked, ignore_errors=True)
    return unpack_submissions(submissions, unpacked, folder, layout)


def _shown(steps: Iterator[Step], total: int, events: Events) -> Iterator[Step]:
    """The same steps, with a progress bar and the diary beside them."""
    events.write("started", submissions=total)
    bar = Progress(
        TextColumn("grading"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(), console=Console(stderr=True), disable=not sys.stderr.isatty(),
    )  # fmt: skip
    start, graded = time.monotonic(), 0
    with bar:
        task = bar.add_task("", total=total, rate="")
        for step in steps:
            graded += step.kind in ("graded", "error")
            rate = graded / max(time.monotonic() - start, 0.001)
            bar.update(task, advance=1, rate=f"{rate:.1f}/s")
            attempt = step.attempt
            events.write(
                step.kind, student=attempt.student, name=attempt.name, earned=attempt.earned,
                possible=attempt.possible, seconds=round(attempt.seconds, 3), reason=attempt.reason,
            )  # fmt: skip
            yield step
    events.write("finished", graded=graded, seconds=round(time.monotonic() - start, 3))
