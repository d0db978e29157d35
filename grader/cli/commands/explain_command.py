"""`grade explain`: typical mistakes, each with an example, and how it is fixed."""

from __future__ import annotations

import difflib
import os
from typing import Annotated

import typer
from rich.console import Console

from grader.cli.group import app
from grader.cli.options import Lang, named
from grader.diagnosis.catalogue import catalogue, chapters
from grader.errors import UsageError
from grader.models.mistake import Mistake
from grader.models.wording import choose_language
from grader.report.terminal import put


@app.command(
    "explain", help="Explain typical mistakes. Each has an example, and how it is fixed. Without an ID, list them."
)
def explain_command(
    ids: Annotated[
        list[str] | None, typer.Argument(help="mistakes to explain; without one, all are listed", metavar="ID")
    ] = None,
    assignment: Annotated[
        str | None, typer.Option("-a", "--assignment", help="explain its own mistakes, too", metavar="ASSIGNMENT")
    ] = None,
    lang: Lang = None,
) -> None:
    from grader.report.mistake_pages import HEADINGS, explain, index

    spec = named(assignment).spec if assignment else None
    own = spec.mistakes if spec else ()
    language = choose_language(lang, os.environ)
    if ids:
        known = {mistake.id: mistake for mistake in (*catalogue(), *own)}
        shown = explain([_find(name, known) for name in ids], language)
    else:
        listed = [(heading, chapters()[name]) for name, heading in HEADINGS.items()]
        shown = index([(spec.title, own), *listed] if spec and own else listed, language)
    put(shown, Console(highlight=False))


def _find(name: str, known: dict[str, Mistake]) -> Mistake:
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        advice = f"Did you mean {near[0]!r}?" if near else "`grade explain` lists all mistakes."
        raise UsageError(f"There is no mistake {name!r}.", advice)
    return known[name]
