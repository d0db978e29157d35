"""`grade doctor`: what this machine has of what grading needs, and what to do about the rest."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.cli.group import app
from grader.cli.machine import Seen, State, look
from grader.cli.options import assignment_names, named
from grader.models.message import clean
from grader.report.terminal import put

_MARKS: dict[State, tuple[str, str]] = {"fine": ("✓", "green"), "note": ("·", "yellow"), "missing": ("✗", "red")}


@app.command("doctor", help="Say what this machine has of what grading needs, and what to do. Exit code 1: not enough.")
def doctor_command(
    assignment: Annotated[
        str | None,
        typer.Argument(
            help="only this one, not all that are here", metavar="ASSIGNMENT", autocompletion=assignment_names
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="as JSON, for programs")] = False,
) -> None:
    seen = list(look(named(assignment) if assignment else None))
    enough = all(one.state != "missing" for one in seen)
    if as_json:
        sys.stdout.write(json.dumps({"enough": enough, "seen": [asdict(one) for one in seen]}, indent=2) + "\n")
    else:
        put(_table(seen), Console(highlight=False))
    raise typer.Exit(0 if enough else 1)


def _table(seen: list[Seen]) -> Table:
    rows = Table.grid(padding=(0, 1))
    rows.add_column(width=1)
    rows.add_column(no_wrap=True)
    rows.add_column(overflow="fold")
    for one in seen:
        said = Text(clean(one.said))
        if one.advice:
            said.append(f"\n{clean(one.advice)}", style="dim")
        mark, style = _MARKS[one.state]
        rows.add_row(Text(mark, style=style), Text(clean(one.name)), said)
    return rows
