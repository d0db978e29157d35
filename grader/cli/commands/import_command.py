"""`grade import`: assignments of nbgrader and Otter, and tests for pytest, as assignments of this grader."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from grader.cli.group import app
from grader.cli.options import warm_zygote
from grader.errors import UsageError
from grader.report.terminal import put

if TYPE_CHECKING:
    from grader.authoring.importing.imported import Imported

import_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
app.add_typer(
    import_app, name="import", help="Make an assignment of one for nbgrader or Otter, or of tests for pytest."
)

Out = Annotated[
    Path | None, typer.Option("--out", metavar="FOLDER", help="where to write it; assignments/NAME if not given")
]
Called = Annotated[
    str | None, typer.Option("--name", metavar="NAME", help="of the assignment; the file's if not given")
]
Starter = Annotated[
    Path | None, typer.Option("--starter", metavar="FILE", exists=True, help="what students begin with, if it is there")
]


@import_app.command("nbgrader", help="Import nbgrader's source notebook, or a folder of them.")
def import_nbgrader(
    context: typer.Context,
    source: Annotated[Path, typer.Argument(metavar="SOURCE", exists=True)],
    out: Out = None,
    name: Called = None,
) -> None:
    from grader.authoring.importing.from_nbgrader import read_nbgrader

    _import_all(context, _notebooks(source), read_nbgrader, out, name)


@import_app.command("otter", help="Import Otter's master notebook, or one with a folder of OK tests beside it.")
def import_otter(
    context: typer.Context,
    source: Annotated[Path, typer.Argument(metavar="SOURCE", exists=True)],
    out: Out = None,
    name: Called = None,
    starter: Starter = None,
) -> None:
    from grader.authoring.importing.from_otter import read_otter

    _import_all(context, _notebooks(source), lambda path, called: read_otter(path, called, starter), out, name)


@import_app.command("pytest", help="Import tests for pytest or unittest, with a solution that passes them.")
def import_pytest(
    context: typer.Context,
    tests: Annotated[Path, typer.Argument(metavar="TESTS", exists=True, help="a file, or a folder of them")],
    solution: Annotated[Path, typer.Option("--solution", metavar="FILE", exists=True, help="a script or notebook")],
    out: Out = None,
    name: Called = None,
    starter: Starter = None,
) -> None:
    from grader.authoring.importing.from_pytest import read_pytest

    called = name or solution.stem
    _import_all(context, [tests], lambda path, made: read_pytest(path, solution, made, starter), out, called)


def _notebooks(source: Path) -> list[Path]:
    if source.is_file():
        return [source]
    found = [path for path in sorted(source.rglob("*.ipynb")) if ".ipynb_checkpoints" not in path.parts]
    if not found:
        raise UsageError(f"There is no notebook in {source}.", "Give a .ipynb file, or a folder with some.")
    return found


def _import_all(
    context: typer.Context,
    sources: list[Path],
    read: Callable[[Path, str], Imported],
    out: Path | None,
    name: str | None,
) -> None:
    from grader.assignment.load import load_assignment
    from grader.authoring.findings_view import render
    from grader.authoring.importing.notebook_file import id_of
    from grader.authoring.importing.writing import write_imported
    from grader.authoring.verify import verify

    console = Console(highlight=False)
    several, worst = len(sources) > 1, 0
    for source in sources:
        stem = source.stem if several or not name else name
        called = id_of(f"{name}-{stem}" if several and name else stem, set())
        folder = (out / called if several else out) if out else Path("assignments", called)
        try:
            imported = read(source, id_of(folder.name, set()))
            write_imported(imported, folder, warm_zygote(context))
        except UsageError as error:
            if not several:
                raise
            console.print(f"{source}: {error}", markup=False)
            worst = max(worst, error.exit_code)
            continue
        report = verify(load_assignment(folder), warm_zygote(context), None, 1, False, lambda *_: None)
        _say(console, imported, folder)
        put(render(report, False), console)
        worst = max(worst, 3 if report.faulty else 0 if report.ok else 1)
    raise typer.Exit(worst)


def _say(console: Console, imported: Imported, folder: Path) -> None:
    """What was written, and what was not."""
    checks = [draft for exercise in imported.exercises for draft in exercise.drafts]
    points = sum(draft.points for draft in checks) + sum(one.manual for one in imported.exercises)
    hidden = sum(draft.hidden for draft in checks)
    console.print(
        f"{folder}: {len(imported.exercises)} exercises, {len(checks)} checks ({hidden} hidden), {points:g} points",
        markup=False,
    )
    if imported.left_out:
        console.print("Not carried over:")
        for one in imported.left_out:
            console.print(f"  {one.place}: {one.why}", markup=False, soft_wrap=True)
