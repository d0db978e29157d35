"""`grade batch`: a class at a time."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from grader.assignment.numbering import with_ids
from grader.batch.batch_engine import Site, engines
from grader.batch.layouts import LAYOUTS
from grader.cli.group import app
from grader.cli.options import Isolation, Jobs, Lang, Name, Seed, Selection, named, warm_zygote
from grader.cli.runner_log import no_commands
from grader.errors import UsageError
from grader.judging.grading import Diagnose
from grader.models.wording import choose_language
from grader.sandbox.support import refuse_without

if TYPE_CHECKING:
    EngineName = str
    LayoutName = str
else:
    EngineName = Literal[tuple(engines())]
    LayoutName = Literal[tuple(LAYOUTS)]


@app.command("batch", help="Grade a class: a folder of submissions, or a zip.")
def batch_command(
    context: typer.Context,
    assignment: Name,
    submissions: Annotated[Path, typer.Argument(help="a folder of submissions, or a zip", metavar="SUBMISSIONS")],
    out: Annotated[Path, typer.Option(help="where the gradebook and the reports go", metavar="FOLDER")],
    layout: Annotated[LayoutName | None, typer.Option(help="how SUBMISSIONS is laid out; seen by its names")] = None,
    name: Annotated[
        str | None,
        typer.Option(metavar="REGEX", help="finds the student in a file's path, e.g. '(?P<student>\\w+)/hw.ipynb'"),
    ] = None,
    roster: Annotated[
        Path | None, typer.Option(metavar="FILE", help="a CSV of the class: key, name, email, group, ids")
    ] = None,
    extensions: Annotated[
        Path | None, typer.Option(metavar="FILE", help="a CSV of later due dates: student, and due or days")
    ] = None,
    zone: Annotated[
        str | None, typer.Option(help="of times that name none, e.g. Asia/Seoul; otherwise that of `due`, or UTC")
    ] = None,
    select: Selection = None,
    jobs: Jobs = None,
    engine: Annotated[
        EngineName, typer.Option(help="; ".join(f"{e.name}: {e.about}" for e in engines().values()))
    ] = "local",
    address: Annotated[str | None, typer.Option(help="of the cluster; if not given, one of this machine")] = None,
    regrade: Annotated[bool, typer.Option(help="grade again what was graded by other checks")] = False,
    gradebook: Annotated[
        str | None,
        typer.Option(metavar="URL", help="a database as SQLAlchemy names it; if not given, SQLite in FOLDER"),
    ] = None,
    seed: Seed = None,
    diagnose: Annotated[
        Diagnose,
        typer.Option(
            help="name mistakes: also those that a fix, tried on the code, proves; only those that a check saw; or none"
        ),
    ] = "proven",
    isolation: Isolation = "auto",
    lang: Lang = None,
) -> None:
    chosen = engines()[engine]
    if address and not chosen.takes_address:
        known = " or ".join(f"--engine {other.name}" for other in engines().values() if other.takes_address)
        raise UsageError(f"--engine {engine} takes no --address.", f"Say {known}, too.")
    folder = named(assignment)
    refuse_without(isolation)
    if name and layout:
        raise UsageError("--name says where students' names are, and so does --layout.", "Give one of them.")
    from grader.cli.coordinate import Class, grade_class  # it takes long to import

    of_class = Class(submissions, out, layout, name, roster, extensions, zone, gradebook)
    selection = with_ids(select, folder.spec) if select else None
    site = Site(folder, isolation, warm_zygote(context), selection, jobs, address, diagnose)
    with no_commands():
        faults = grade_class(site, chosen, of_class, regrade, seed, choose_language(lang, os.environ))
    raise typer.Exit(3 if faults else 0)
