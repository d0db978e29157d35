"""`grade run`, or `grade` alone: one submission."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

from grader.cli.group import app
from grader.cli.options import Isolation, Lang, Name, Seed, Selection, named
from grader.cli.output import context_of, exit_code, write_text
from grader.cli.remembered import remember
from grader.cli.runner_log import no_commands
from grader.errors import UsageError
from grader.judging.session import draw_seed
from grader.judging.single import grade
from grader.models.report import Report
from grader.models.wording import Language, choose_language
from grader.report.format import formats
from grader.report.terminal import show
from grader.sandbox.support import refuse_without

_PLATFORMS = [form for form in formats().values() if form.platform]
if TYPE_CHECKING:
    Platform = str
else:
    Platform = Literal[tuple(form.name for form in _PLATFORMS)]


def _with_files(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command that takes `**files` an option `--NAME FILE` for each format."""
    signature = inspect.signature(command, eval_str=True)
    *own, _ = signature.parameters.values()
    for form in formats().values():
        if not form.platform:
            option = typer.Option(f"--{form.name}", metavar="FILE", help=f"write {form.about}; - for stdout")
            kind = inspect.Parameter.KEYWORD_ONLY
            own.append(inspect.Parameter(form.name, kind, default=None, annotation=Annotated[str | None, option]))
    command.__signature__ = signature.replace(parameters=own)  # type: ignore[attr-defined]
    return command


@app.command("run", help="Grade a notebook or script. Without PATH, the notebook saved last in its folder.")
@_with_files
def run_command(
    context: typer.Context,
    assignment: Name,
    path: Annotated[Path | None, typer.Argument(help="a .ipynb, a .py, or a folder with one", metavar="PATH")] = None,
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="show every check, tracebacks, and what cells printed")
    ] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="show the total alone")] = False,
    select: Selection = None,
    marks: Annotated[
        bool, typer.Option("--marks", help="draw a seed, ask the solution, and refuse to grade without isolation")
    ] = False,
    seed: Seed = None,
    isolation: Isolation = "auto",
    lang: Lang = None,
    form: Annotated[
        Platform | None,
        typer.Option("--format", help=f"write to --json FILE instead: {', '.join(form.about for form in _PLATFORMS)}"),
    ] = None,
    no_daemon: Annotated[
        bool, typer.Option("--no-daemon", help="use no process that is warm, and leave none; as GRADE_NO_DAEMON=1")
    ] = False,
    **files: str | None,
) -> None:
    if form and not files["json"]:
        raise UsageError(f"--format {form} needs --json FILE.", "FILE is where the results are written; - for stdout.")
    wanted = {name: file for name, file in files.items() if file}
    if list(wanted.values()).count("-") > 1:
        to_stdout = " and ".join(f"--{name}" for name, file in wanted.items() if file == "-")
        raise UsageError(f"{to_stdout} cannot all go to stdout.", "Give a FILE to all but one.")
    if marks:
        refuse_without(isolation)
        seed = draw_seed() if seed is None else seed
    report = grade(assignment, path, selection=select, seed=seed, mode=isolation, zygote=context.obj)
    if marks:
        sys.stderr.write(f"Graded for marks; --seed {seed} grades so again.\n")
    language = choose_language(lang, os.environ)
    folder = named(assignment)
    answer = folder.answer_in(path) if path else folder.saved_last
    if not marks and seed is None:
        remember(folder, answer, report, os.environ)
    if wanted:
        _write(report, answer, wanted, form, language)
    if "-" not in wanted.values():
        with no_commands():
            show(report, Console(highlight=False, soft_wrap=False), verbose, quiet, language)
    # A platform's runner reads the score from the file; to Classroom 50's, any other code is a grader that failed.
    raise typer.Exit(0 if form and report.gradable else exit_code(report))


def _write(report: Report, submission: Path, files: dict[str, str], form: str | None, language: Language) -> None:
    """Write a report to the file of each format; `form` takes the place of the grader's own JSON."""
    context = context_of(submission, language)
    for name, file in files.items():
        chosen = formats()[form if form and name == "json" else name]
        write_text(chosen.text(report, context), file, f"--{name}")
