"""`grade open`: the report as a page, in a browser."""

from __future__ import annotations

import os
import tempfile
import webbrowser
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from grader.cli.group import app
from grader.cli.options import Here, Isolation, Lang, Selection, named_or_here
from grader.cli.output import context_of, exit_code
from grader.cli.remembered import remember
from grader.judging.single import grade
from grader.models.message import say
from grader.models.wording import choose_language
from grader.report.format import formats
from grader.report.outline import total

NAME = ".grade-report.html"
"""Beside the notebook, where every browser may read; hidden, so it is not handed in."""


@app.command("open", help="Grade a notebook or script, and show the report as a page, in a browser.")
def open_command(
    context: typer.Context,
    assignment: Here = None,
    path: Annotated[Path | None, typer.Argument(help="a .ipynb, a .py, or a folder with one", metavar="PATH")] = None,
    select: Selection = None,
    isolation: Isolation = "auto",
    lang: Lang = None,
) -> None:
    folder, language = named_or_here(assignment), choose_language(lang, os.environ)
    report = grade(folder.path, path, selection=select, mode=isolation, zygote=context.obj)
    answer = folder.answer_in(path) if path else folder.saved_last
    remember(folder, answer, report, os.environ)
    page = _written(formats()["html"].text(report, context_of(answer, language)), answer.parent)
    console = Console(highlight=False)
    console.print(Text(language(total(report)), style="bold"))
    said = say("page: {path}", path=str(page))
    if not _shown(page):
        said = say("There is no browser here; the page: {path}", path=str(page))
    console.print(Text(language(said)), soft_wrap=True)
    raise typer.Exit(exit_code(report))


def _written(text: str, folder: Path) -> Path:
    """The page in a folder, or elsewhere if that cannot be written to."""
    page = (folder / NAME).absolute()
    try:
        page.unlink(missing_ok=True)  # a link is not followed
        page.write_bytes(text.encode())
    except OSError:
        page = Path(tempfile.mkdtemp(prefix="grade-"), "report.html")
        page.write_bytes(text.encode())
    return page


def _shown(page: Path) -> bool:
    try:
        return webbrowser.open(page.as_uri())
    except (webbrowser.Error, OSError):
        return False
