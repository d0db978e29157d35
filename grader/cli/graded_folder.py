"""The folder that a batch leaves: opens it, and brings its pages up to date."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from grader.assignment.folder import Folder
from grader.batch.gradebook import Gradebook
from grader.cli.batch_pages import Pages, write_class
from grader.cli.coordinate import alone
from grader.cli.options import named
from grader.errors import BusyError, SurroundingsFault, UsageError
from grader.models.wording import Language


@contextmanager
def opened(out: Path, assignment: str | None, gradebook: str | None) -> Iterator[tuple[Folder, Gradebook]]:
    """What a batch left in a folder, and the assignment that it is of.

    Raises:
        UsageError: when there is none, or it is not said of which assignment.
    """
    file = out / "gradebook.sqlite"
    if gradebook is None and not file.is_file():
        raise UsageError(f"There is no gradebook in {out}.", "`grade batch ... --out FOLDER` writes it.")
    if assignment is None:
        with Gradebook(gradebook or file, "") as book:
            known = book.assignments()
        if len(known) != 1:
            listed = ", ".join(known) or "none"
            raise UsageError(f"The gradebook has these assignments: {listed}.", "Name one of them with --assignment.")
        try:
            folder = named(known[0])
        except UsageError as error:
            raise UsageError(error.message, "Give its folder with --assignment.") from None
    else:
        folder = named(assignment)
    with Gradebook(gradebook or file, folder.spec.id) as book:
        yield folder, book


def rewrite(out: Path, folder: Folder, book: Gradebook, language: Language) -> None:
    """Write the pages and the tables anew, with what was said; a batch that is at work does that itself.

    Raises:
        SurroundingsFault: when they cannot be written.
    """
    try:
        with suppress(BusyError), alone(out):
            Pages(out, book, folder, (), language).settle_all()
            write_class(out, book, folder)
    except OSError as error:
        file = error.filename2 or error.filename or out
        raise SurroundingsFault(f"{file} cannot be written: {error.strerror}.", "What was said is kept.") from None
