"""`grade release`: what students are given, of an assignment its copy, of a graded class the feedback."""

from __future__ import annotations

import getpass
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperCommand

from grader.assignment import SPEC
from grader.assignment.load import list_assignments
from grader.cli.commands.review_command import Author, Book, Which
from grader.cli.group import app
from grader.cli.options import Lang, assignment_names, named
from grader.errors import UsageError
from grader.models.wording import choose_language

if TYPE_CHECKING:
    Form = str
else:
    Form = Literal["folder", "canvas", "moodle", "nbgrader"]

_COPY, _FEEDBACK = "Options for an assignment", "Options for a graded folder"
_OF_A_COPY = ("out", "packed", "template", "in_place", "variant")
_OF_BOTH = ("what", "lang", "help")


class _TwoGroups(TyperCommand):
    """A command whose options are for an assignment, or for a graded folder."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        groups: dict[str, list[Any]] = {"Arguments": [], _COPY: [], _FEEDBACK: [], "Options": []}
        for one in self.get_params(ctx):
            if record := one.get_help_record(ctx):
                argument = "Arguments" if one.param_type_name == "argument" else ""
                groups[argument or _group(one.name) or "Options"].append(record)
        for title, records in groups.items():
            with formatter.section(title):
                formatter.write_dl(records)


def _group(name: str | None) -> str | None:
    """What an option is for."""
    return None if name in _OF_BOTH else _COPY if name in _OF_A_COPY else _FEEDBACK


@app.command(
    "release",
    cls=_TwoGroups,
    help="Write what students are given. Of an assignment: their copy, and a proof that it holds no answer. "
    "Of a graded folder: feedback, pages with comments, of all that are judged.",
)
def release_command(
    context: typer.Context,
    what: Annotated[
        str,
        typer.Argument(
            help="an assignment, or the folder of `grade batch`", metavar="WHAT", autocompletion=assignment_names
        ),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="the folder that the copy goes into")] = Path(
        "released"
    ),
    packed: Annotated[bool, typer.Option("--zip", help="a zip in place of a folder")] = False,
    template: Annotated[
        bool, typer.Option("--template", help="a repository for students to copy; a workflow grades each push")
    ] = False,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="no copy: the notebooks that a master makes, beside it")
    ] = False,
    variant: Annotated[
        list[int] | None,
        typer.Option(
            metavar="N", min=0, help="which variant; may be given several times: `grade again` brings the others"
        ),
    ] = None,
    to: Annotated[Form, typer.Option(help="who takes it: a folder of pages, or a platform's zip")] = "folder",
    file: Annotated[
        Path | None,
        typer.Option("--file", metavar="PATH", help="if not given, feedback or feedback-FORM.zip in the folder"),
    ] = None,
    student: Annotated[
        list[str] | None, typer.Option(metavar="KEY", help="only this one; may be given several times")
    ] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="take back what was released")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say who would be given it, and do nothing")] = False,
    assignment: Which = None,
    gradebook: Book = None,
    author: Author = None,
    lang: Lang = None,
) -> None:
    graded = gradebook is not None or Path(what, "gradebook.sqlite").is_file()
    if (
        not graded
        and Path(what).is_dir()
        and not Path(what, SPEC).is_file()
        and what not in list_assignments(Path.cwd())
    ):
        raise UsageError(
            f"There is no gradebook in {what}, and no {SPEC}.",
            "Give an assignment, or what `grade batch ... --out FOLDER` wrote.",
        )
    _hold_options(context, what, graded)
    if graded:
        if withdraw and not student:
            raise UsageError("--withdraw takes back what single students were given.", "Name them: --student KEY.")
        from grader.cli.releasing import Wanted, release  # it takes long to import

        wanted = Wanted(Path(what), to, file, student or [], withdraw, dry_run, author or getpass.getuser())
        release(wanted, assignment, gradebook, choose_language(lang, os.environ))
        return
    from grader.cli.releasing_copy import release_copy, release_in_place

    first, *others = dict.fromkeys(variant) if variant else (None,)
    folder = named(what, first)
    if in_place:
        if others:
            raise UsageError("Notebooks in their place are of one variant.", "Give one --variant.")
        release_in_place(folder)
    else:
        release_copy(folder, [one for one in others if one is not None], out, packed, template, context.obj)


def _hold_options(context: typer.Context, what: str, graded: bool) -> None:
    """Whether each option that was given is one for what was given."""
    other = _COPY if graded else _FEEDBACK
    for one in context.command.params:
        source = context.get_parameter_source(one.name or "")
        if _group(one.name) == other and source is not None and source.name == "COMMANDLINE":
            kind, another = ("a graded folder", "an assignment") if graded else ("an assignment", "a graded folder")
            raise UsageError(f"{one.opts[0]} is for {another}, and {what} is {kind}.", "`grade release --help`.")
