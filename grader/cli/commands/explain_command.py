"""`grade explain`: typical mistakes, each with an example, and how it is fixed."""

from __future__ import annotations

import difflib
import os
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console, Group
from rich.text import Text

from grader.assignment.folder import Folder
from grader.cli.group import app
from grader.cli.options import Lang, assignment_names, mistake_ids, named_or_here
from grader.diagnosis.catalogue import catalogue, chapters
from grader.errors import UsageError
from grader.models.message import say
from grader.models.mistake import Mistake
from grader.models.wording import choose_language
from grader.report.terminal import put
from grader.sandbox.client import Zygote

if TYPE_CHECKING:
    from grader.report.mistake_pages import MadeThere

AROUND = 2
"""Lines that are shown before and after the one with the mistake."""


@app.command(
    "explain", help="Explain typical mistakes. Each has an example, and how it is fixed. Without an ID, list them."
)
def explain_command(
    context: typer.Context,
    ids: Annotated[
        list[str] | None,
        typer.Argument(
            help="mistakes to explain; without one, all are listed", metavar="ID", autocompletion=mistake_ids
        ),
    ] = None,
    assignment: Annotated[
        str | None,
        typer.Option(
            "-a",
            "--assignment",
            help="explain its own mistakes, too",
            metavar="ASSIGNMENT",
            autocompletion=assignment_names,
        ),
    ] = None,
    path: Annotated[
        Path | None,
        typer.Option("--in", help="show where they are in this notebook or script, too", metavar="PATH"),
    ] = None,
    lang: Lang = None,
) -> None:
    from grader.report.mistake_pages import HEADINGS, explain, index

    folder = named_or_here(assignment) if assignment or path else None
    spec = folder.spec if folder else None
    own = spec.mistakes if spec else ()
    language = choose_language(lang, os.environ)
    if ids:
        known = {mistake.id: mistake for mistake in (*catalogue(), *own)}
        mistakes = [_find(name, known) for name in ids]
        places = list(_places(folder, path, ids, context.obj)) if folder and path else []
        shown = explain(mistakes, language, places)
        if folder and path and not places:
            shown = Group(shown, Text(language(say("This mistake was not found in {name}.", name=path.name))))
    else:
        listed = [(heading, chapters()[name]) for name, heading in HEADINGS.items()]
        shown = index([(spec.title, own), *listed] if spec and own else listed, language)
    put(shown, Console(highlight=False))


def _places(folder: Folder, path: Path, ids: list[str], zygote: Zygote | None) -> Iterator[MadeThere]:
    """Where a submission has some mistakes."""
    from grader.judging.single import grade
    from grader.report.mistake_pages import MadeThere
    from grader.report.outline import findings

    report = grade(folder.path, path, zygote=zygote)
    texts = {cell.number: cell.text.splitlines() for cell in folder.read(path).cells}
    for finding in (one for exercise in report.exercises for one in findings(exercise)):
        made, (cell, line) = finding.diagnosis, finding.at
        if made and made.id in ids:
            lines = texts.get(cell, [])[max(line - AROUND - 1, 0) : line + AROUND] if line else []
            yield MadeThere(made.id, finding.where, textwrap.dedent("\n".join(lines)), made.fix)


def _find(name: str, known: dict[str, Mistake]) -> Mistake:
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        advice = f"Did you mean {near[0]!r}?" if near else "`grade explain` lists all mistakes."
        raise UsageError(f"There is no mistake {name!r}.", advice)
    return known[name]
