"""`grade export`: scores for a learning platform, and graders for the places where students hand in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from grader.cli.group import app
from grader.cli.options import Name, named
from grader.cli.output import write_bytes, write_text
from grader.errors import UsageError
from grader.models.wording import Code
from grader.report.exports import TABLES, render_table
from grader.report.outline import to_be_judged

if TYPE_CHECKING:
    Table = str
else:
    Table = Literal[tuple(TABLES)]


class _Scores(TyperGroup):
    """A group whose command is `scores` where none is named: `grade export ASSIGNMENT --out FOLDER`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] != "--help" and args[0] not in self.commands:
            args = ["scores", *args]
        return super().parse_args(ctx, args)


export_app = typer.Typer(cls=_Scores, no_args_is_help=True, rich_markup_mode=None)
app.add_typer(export_app, name="export", help="Write scores for a platform, or a grader for one.")


@export_app.command("scores", help="Write the scores of a class as a platform imports them.")
def scores_command(
    assignment: Name,
    out: Annotated[Path, typer.Option(help="the folder of `grade batch`", metavar="FOLDER")],
    form: Annotated[Table, typer.Option("--format", help="who imports them; csv is our own form")],
    file: Annotated[str, typer.Argument(help="where to write it; - for stdout", metavar="FILE")] = "-",
    gradebook: Annotated[str | None, typer.Option(metavar="URL", help="the database, if not the one in FOLDER")] = None,
    roster: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="a CSV of the class, with the platform's ids: key, name, email, ids"),
    ] = None,
    moodle_language: Annotated[
        Code | None, typer.Option("--moodle-language", help="of the Moodle site; it finds its columns by their names")
    ] = None,
) -> None:
    if moodle_language and form != "moodle":
        raise UsageError(f"--format {form} has no --moodle-language.", "Say --format moodle, too.")
    folder = named(assignment)
    book = out / "gradebook.sqlite"
    if gradebook is None and not book.is_file():
        raise UsageError(f"There is no gradebook in {out}.", "`grade batch` writes it; --out is its folder.")
    from grader.batch.gradebook import Gradebook
    from grader.batch.roster import Roster, read_roster
    from grader.batch.run import present_rows
    from grader.report.class_summary import read_class_summary

    listed = read_roster(roster) if roster else Roster()
    with Gradebook(gradebook or book, folder.spec.id) as opened:
        roll = read_class_summary(present_rows(folder, opened))
    waiting = sum(entry.open > 0 for entry in roll.entries)
    write_text(render_table(roll, form, folder.spec, listed, moodle_language), file, "`grade export`")
    if waiting:
        typer.echo(f"{to_be_judged(waiting)}: without a score here", err=True)


@export_app.command("github", help="Write a GitHub Actions workflow. It grades a student's repository.")
def github_command(
    assignment: Name,
    file: Annotated[str, typer.Argument(help="where to write it; - for stdout", metavar="FILE")] = (
        ".github/workflows/grade.yml"
    ),
    package: Annotated[
        str | None,
        typer.Option(
            metavar="SPEC", help="what pip installs as the grader; if not given, the one that is installed here"
        ),
    ] = None,
    marks: Annotated[
        bool, typer.Option("--marks", help="one for the course's own repository: it grades all submissions for marks")
    ] = False,
) -> None:
    from grader.report.platforms import grader_for, workflow

    folder = named(assignment)
    if file != "-":
        place = Path(file).parent
        place.mkdir(parents=True, exist_ok=True)
        package, beside = grader_for(package)
        for name, content in beside.items():
            _write(content, place / name, "github")
    text = workflow(folder, package, marks)
    if file == "-":
        write_text(text, file, "`grade export github`")
    else:
        _write(text.encode(), Path(file), "github")


@export_app.command("gradescope", help="Write an autograder for Gradescope. The solution is not in it.")
def gradescope_command(
    assignment: Name,
    file: Annotated[
        Path | None, typer.Argument(help="the zip; ASSIGNMENT-gradescope.zip if not given", metavar="FILE")
    ] = None,
) -> None:
    from grader.report.platforms import autograder

    folder = named(assignment)
    _write(autograder(folder), file or Path(f"{folder.spec.id}-gradescope.zip"), "gradescope")


def _write(content: bytes, file: Path, command: str) -> None:
    write_bytes(content, str(file), f"`grade export {command}`")
    typer.echo(f"written: {file}", err=True)
