"""`grade record`: the solution's answers, for copies of an assignment without it."""

from __future__ import annotations

import os

import typer
from rich.console import Console

from grader.cli.group import app
from grader.cli.options import Lang, Name, named
from grader.judging.recording import record
from grader.models.message import say
from grader.models.wording import choose_language


@app.command("record", help="Record the solution's answers. A copy of the assignment can then do without the solution.")
def record_command(context: typer.Context, assignment: Name, lang: Lang = None) -> None:
    folder = named(assignment)
    number = record(folder, context.obj)
    file = str(folder.recorded)
    recorded = (
        say("{file}: 1 answer recorded.", file=file)
        if number == 1
        else say("{file}: {number} answers recorded.", file=file, number=number)
    )
    Console(highlight=False).print(choose_language(lang, os.environ)(recorded))
