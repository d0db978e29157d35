"""`grade batch`: a class at a time."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from grader.assignment.load import find_assignment, load_assignment
from grader.batch.submissions import Layout
from grader.cli.options import Lang, Seed
from grader.errors import UsageError
from grader.models.wording import choose_language
from grader.sandbox import support

if TYPE_CHECKING:
    from grader.batch.run import Engine
    from grader.sandbox.client import Zygote


def batch_command(
    context: typer.Context,
    assignment: Annotated[str, typer.Argument(help="name of an assignment, or its folder", metavar="ASSIGNMENT")],
    submissions: Annotated[Path, typer.Argument(help="a folder of submissions, or a zip", metavar="SUBMISSIONS")],
    out: Annotated[Path, typer.Option(help="where the gradebook and the reports go", metavar="FOLDER")],
    layout: Annotated[Layout | None, typer.Option(help="how SUBMISSIONS is laid out; seen by its names")] = None,
    jobs: Annotated[
        int | None, typer.Option("-j", "--jobs", min=1, help="workers side by side; if not given, one for each core")
    ] = None,
    engine: Annotated[Literal["local", "ray"], typer.Option(help="on this machine, or on a Ray cluster")] = "local",
    address: Annotated[str | None, typer.Option(help="of the Ray cluster; if not given, one of this machine")] = None,
    regrade: Annotated[bool, typer.Option(help="grade again what was graded by other checks")] = False,
    gradebook: Annotated[
        str | None,
        typer.Option(metavar="URL", help="a database as SQLAlchemy names it; if not given, SQLite in FOLDER"),
    ] = None,
    seed: Seed = None,
    isolation: Annotated[
        support.IsolationMode, typer.Option(help="what keeps the code apart from your files")
    ] = "auto",
    lang: Lang = None,
) -> None:
    folder = load_assignment(find_assignment(assignment, Path.cwd()))
    support.refuse_without(isolation)
    from grader.batch.cluster import RayEngine
    from grader.batch.local import LocalEngine
    from grader.cli.coordinate import grade_class

    if engine == "ray":
        used: Engine = RayEngine(folder, isolation, address, jobs)
    elif address:
        raise UsageError("--address is of a Ray cluster.", "Say --engine ray, too.")
    else:
        zygote: Zygote = context.obj
        zygote.preload(folder.spec.preload)
        used = LocalEngine(zygote, folder.path, isolation, jobs or os.cpu_count() or 1)
    language = choose_language(lang, os.environ)
    faults = grade_class(folder, submissions, out, layout, regrade, gradebook, seed, used, language)
    raise typer.Exit(3 if faults else 0)
