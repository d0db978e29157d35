"""`grade batch`: a class at a time."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from grader.batch.batch_engine import Site, engines
from grader.batch.submissions import Layout
from grader.cli.group import app
from grader.cli.options import Isolation, Jobs, Lang, Name, Seed, Selection, named, warm_zygote
from grader.errors import UsageError
from grader.judging.grading import Diagnose
from grader.models.wording import choose_language
from grader.sandbox.support import refuse_without

if TYPE_CHECKING:
    EngineName = str
else:
    EngineName = Literal[tuple(engines())]


@app.command("batch", help="Grade a class: a folder of submissions, or a zip.")
def batch_command(
    context: typer.Context,
    assignment: Name,
    submissions: Annotated[Path, typer.Argument(help="a folder of submissions, or a zip", metavar="SUBMISSIONS")],
    out: Annotated[Path, typer.Option(help="where the gradebook and the reports go", metavar="FOLDER")],
    layout: Annotated[Layout | None, typer.Option(help="how SUBMISSIONS is laid out; seen by its names")] = None,
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
    from grader.cli.coordinate import grade_class  # it takes long to import

    site = Site(folder, isolation, warm_zygote(context), select, jobs, address, diagnose)
    language = choose_language(lang, os.environ)
    faults = grade_class(site, chosen, submissions, out, layout, regrade, gradebook, seed, language)
    raise typer.Exit(3 if faults else 0)
