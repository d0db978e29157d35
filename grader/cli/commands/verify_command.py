"""`grade verify`: proves an assignment before it is published."""

from __future__ import annotations

import os
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from grader.assignment.numbering import with_ids
from grader.cli.group import app
from grader.cli.options import Jobs, Name, Selection, named, warm_zygote
from grader.cli.output import write_text
from grader.report.terminal import put


@app.command("verify", help="Prove an assignment: what do its checks miss?")
def verify_command(
    context: typer.Context,
    assignment: Name,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="show every mutant")] = False,
    select: Selection = None,
    jobs: Jobs = None,
    json_file: Annotated[
        str | None, typer.Option("--json", metavar="FILE", help="write the report; - for stdout")
    ] = None,
    variant: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="all of this variant; others are only tried")
    ] = None,
    no_mutants: Annotated[bool, typer.Option("--no-mutants", help="leave out what takes long")] = False,
) -> None:
    from grader.authoring.findings_view import render
    from grader.authoring.verify import verify

    folder = named(assignment, variant)
    selection = with_ids(select, folder.spec) if select else None
    with _Bar() as bar:
        report = verify(folder, warm_zygote(context), selection, jobs or os.cpu_count() or 1, not no_mutants, bar.show)
    if json_file:
        write_text(report.model_dump_json(indent=2) + "\n", json_file, "--json")
    if json_file != "-":
        put(render(report, verbose), Console(highlight=False))
    raise typer.Exit(3 if report.faulty else 0 if report.ok else 1)


class _Bar(Progress):
    """A progress bar with a rate, on a terminal; nothing elsewhere."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        columns = (TextColumn("{task.description:<9}"), BarColumn(), MofNCompleteColumn(), _Rate())
        super().__init__(*columns, console=console, transient=True, disable=not console.is_terminal)

    def show(self, step: str, done: int, total: int) -> None:
        """Show how far a step of the verification has come."""
        if not self.tasks or self.tasks[-1].description != step:
            self.add_task(step)
        self.update(self.task_ids[-1], completed=done, total=total)


class _Rate(ProgressColumn):
    """How many a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed or 0:.1f} a second")
