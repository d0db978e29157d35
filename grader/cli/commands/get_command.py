"""`grade get`: a students' copy that was released, brought to where a student works."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from grader.assignment.load import list_assignments
from grader.cli.bringing import Brought, bring
from grader.cli.group import app
from grader.cli.options import Lang
from grader.models.message import say
from grader.models.wording import Code, choose_language


@app.command("get", help="Bring an assignment here: from a folder, a zip, or an https URL of a zip or git repository.")
def get_command(
    source: Annotated[str, typer.Argument(help="what you were given", metavar="SOURCE")],
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="DIR", help="the folder that it goes into; if not given, `assignments` here"),
    ] = None,
    lang: Lang = None,
) -> None:
    show_brought(bring(source, to), lang)


def show_brought(brought: Brought, lang: Code | None, exercise: str | None = None) -> None:
    """Say where it is, and how to go on.

    Args:
        exercise: the one that it was brought for.
    """
    language, console = choose_language(lang, os.environ), Console(highlight=False)
    place = os.path.relpath(brought.place)
    console.print(Text(language(say("{place}: {count} files", place=place, count=brought.files))), soft_wrap=True)
    console.print(
        Text(language(say("Next: {command}", command=_next(brought, place) + (f" -k {exercise}" if exercise else "")))),
        soft_wrap=True,
    )


def _next(brought: Brought, place: str) -> str:
    """The command that grades it for the first time."""
    first = brought.assignments[0]
    if brought.course:
        return f"cd {shlex.quote(place)} && grade {first}"
    known = list_assignments(Path.cwd()).get(first)
    return f"grade {first if known and known.samefile(brought.place) else shlex.quote(place)}"
