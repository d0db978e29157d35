"""The commands, their options, and their exit codes.

0: full marks. 1: marks missing. 2: wrong usage, spec or submission. 3: the grader's own fault.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text
from typer.core import TyperGroup

import grader
from grader.assignment.load import find_assignment, list_assignments, load_assignment
from grader.assignment.schema import SCHEMAS
from grader.cli.batch_command import batch_command
from grader.cli.explain_command import explain_command
from grader.cli.export_command import export_app
from grader.cli.options import Lang, Name
from grader.cli.output import Files, write_report
from grader.cli.verify_command import verify_command
from grader.errors import GraderError, UsageError
from grader.judging.driver import grade
from grader.judging.recording import record
from grader.models.message import clean, say
from grader.models.wording import choose_language
from grader.report.result_forms import Form
from grader.report.terminal import show
from grader.sandbox.client import Zygote
from grader.sandbox.support import IsolationMode


class DefaultGroup(TyperGroup):
    """Commands, and `run` for whatever names none: `grade assignment1` is `grade run assignment1`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.commands:
            return "run", self.commands["run"], args
        return super().resolve_command(ctx, args)


app = typer.Typer(
    name="grade",
    cls=DefaultGroup,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Grade a PyTorch assignment: `grade ASSIGNMENT [PATH]`, e.g. `grade assignment1 my.ipynb`.",
)


@app.command("run", help="Grade a notebook or script; without PATH, the notebook in the assignment's folder.")
def run_command(
    context: typer.Context,
    assignment: Name,
    path: Annotated[Path | None, typer.Argument(help="the .ipynb or .py to grade", metavar="PATH")] = None,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="show every check, and what cells printed")] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="show the total alone")] = False,
    select: Annotated[
        str | None, typer.Option("-k", metavar="EXPR", help="only exercises that match, as in pytest")
    ] = None,
    json_file: Annotated[
        str | None, typer.Option("--json", metavar="FILE", help="write the report; - for stdout")
    ] = None,
    form: Annotated[Form | None, typer.Option("--format", help="the form of --json, if not the grader's own")] = None,
    html: Annotated[str | None, typer.Option(metavar="FILE", help="write it as a page; - for stdout")] = None,
    markdown: Annotated[str | None, typer.Option(metavar="FILE", help="write it as Markdown, for GitHub")] = None,
    junit: Annotated[str | None, typer.Option(metavar="FILE", help="write it as JUnit XML, for CI")] = None,
    isolation: Annotated[IsolationMode, typer.Option(help="what keeps the code apart from your files")] = "auto",
    lang: Lang = None,
) -> None:
    if form and not json_file:
        raise UsageError("--format needs --json FILE.", "It is the form of what is written there.")
    report = grade(assignment, path, selection=select, mode=isolation, zygote=context.obj)
    language = choose_language(lang, os.environ)
    files = Files(json_file, form, html, markdown, junit)
    write_report(report, path or load_assignment(find_assignment(assignment, Path.cwd())).notebook, files, language)
    if not files.take_stdout:
        show(report, Console(highlight=False, soft_wrap=False), verbose, quiet, language)
    if not report.gradable:
        raise typer.Exit(3)
    raise typer.Exit(0 if report.earned == report.possible else 1)


@app.command("list", help="List the assignments.")
def list_command(lang: Lang = None) -> None:
    console = Console(highlight=False)
    language = choose_language(lang, os.environ)
    found = list_assignments(Path.cwd())
    if not found:
        nothing = say("No assignments here. Run this where the folder `assignments` is, or give a folder's path.")
        console.print(language(nothing))
    for name, path in found.items():
        try:
            spec = load_assignment(path).spec
        except GraderError as error:
            console.print(Text(f"{name}  {error}", style="red"))
            continue
        content = say("{title}, {count} exercises", title=spec.title, count=len(spec.exercises))
        console.print(Text.assemble((name, "bold"), f"  {language(content)}"))


@app.command("record", help="Record the solution's answers, for copies of the assignment without the solution.")
def record_command(context: typer.Context, assignment: Name, lang: Lang = None) -> None:
    folder = load_assignment(find_assignment(assignment, Path.cwd()))
    number = record(folder, context.obj)
    recorded = say("{file}: {number} answers recorded.", file=str(folder.recorded), number=number)
    Console(highlight=False).print(choose_language(lang, os.environ)(recorded))


app.command("batch", help="Grade a class: a folder of submissions, or a zip.")(batch_command)
app.command("explain", help="Explain typical mistakes, with an example and its cure; without an ID, list them.")(
    explain_command
)
app.add_typer(export_app, name="export", help="Write scores for a platform, or a grader for GitHub or Gradescope.")
app.command("verify", help="Prove an assignment before it is published: what do its checks miss?")(verify_command)


@app.command("schema", help="Print a JSON Schema: of the `spec` or of the `report`.")
def schema_command(name: Annotated[str, typer.Argument(metavar="spec|report")]) -> None:
    if name not in SCHEMAS:
        raise typer.BadParameter(f"{name!r} is neither spec nor report")
    sys.stdout.write(json.dumps(SCHEMAS[name](), indent=2) + "\n")


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"grade {grader.__version__}\n")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="print the version")
    ] = False,
    lang: Lang = None,
) -> None:
    if lang is not None:
        context.default_map = _for_each(context.command, {"lang": lang})


def _for_each(group: Any, defaults: dict[str, Any]) -> dict[str, Any]:
    """Defaults of options, for every command of a group and of those in it."""
    commands = group.commands.items()
    return {name: _for_each(one, defaults) if hasattr(one, "commands") else defaults for name, one in commands}


def run(arguments: list[str], zygote: Zygote | None) -> int:
    """Run a command.

    Args:
        arguments: of the command line, its name not included.
        zygote: where student code will run; None for commands that run none.

    Returns:
        The exit code.
    """
    stderr = Console(stderr=True, highlight=False)
    try:
        return int(app(arguments, prog_name="grade", standalone_mode=True, obj=zygote) or 0)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    except GraderError as error:
        stderr.print(Text(clean(str(error)), style="red"), soft_wrap=True)
        return error.exit_code
    except Exception:
        stderr.print(Text("The grader failed; this is not your mistake. Please report it with the lines below."))
        sys.stderr.write(traceback.format_exc())
        return 3
