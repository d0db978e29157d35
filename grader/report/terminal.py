"""The report in a terminal; plain text where there is none."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from grader.diagnosis.catalogue import catalogue
from grader.models.message import Message, say
from grader.models.report import CheckResult, ExerciseResult, Outcome, Report, Status
from grader.models.wording import ENGLISH, Language, labelled
from grader.report.outline import MARKS, STATUS, UNTOUCHED, basis, findings, name_of, remarks, score, total, troubles

_STYLES: dict[Outcome | Status, str] = {
    "passed": "green", "failed": "red", "skipped": "yellow", "error": "magenta",
    "full": "green", "partial": "yellow", "none": "red", "not started": "dim", "not answered": "dim",
}  # fmt: skip
_PARTS = {"hint": "cyan", "see": "dim"}
"""Styles of a failure's parts, by their labels."""


def render(report: Report, verbose: bool = False, quiet: bool = False, language: Language = ENGLISH) -> RenderableType:
    """What the terminal shows.

    Args:
        verbose: also checks that passed, exercises not started, and what the cells printed.
        quiet: the total alone.
    """
    if quiet:
        return _total(report, language)
    parts: list[RenderableType] = [_title(report, language), Text()]
    for exercise in report.exercises:
        parts += _exercise(exercise, verbose, language)
    parts += _cells(report, verbose, language)
    parts += _explanations(report, language)
    parts += [Text(), _total(report, language)]
    if verbose or report.seed is None:
        parts.append(Text(language(basis(report)), style="dim"))
    parts += [Text(language(remark), style="yellow") for remark in remarks(report)]
    return Group(*parts)


def show(
    report: Report, console: Console, verbose: bool = False, quiet: bool = False, language: Language = ENGLISH
) -> None:
    """Print the report on a console."""
    put(render(report, verbose, quiet, language), console)


def put(shown: RenderableType, console: Console) -> None:
    """Print something on a console; into a file or a pipe, without the blanks that fill lines."""
    if console.is_terminal:
        console.print(shown)
        return
    with console.capture() as captured:
        console.print(shown)
    for line in captured.get().splitlines():
        console.file.write(line.rstrip() + "\n")


def _title(report: Report, language: Language) -> RenderableType:
    return Text.assemble((language(report.assignment.title), "bold"), (f"  {report.submission.name}", "dim"))


def _total(report: Report, language: Language) -> RenderableType:
    full = report.earned == report.possible
    style = "bold magenta" if not report.gradable else "bold green" if full else "bold"
    return Text(language(total(report)), style=style)


def _exercise(exercise: ExerciseResult, verbose: bool, language: Language) -> list[RenderableType]:
    mark, style = STATUS[exercise.status], _STYLES[exercise.status]
    head = Table.grid(padding=(0, 1))
    head.add_column(width=1)
    head.add_column(width=11, justify="right")
    head.add_column(overflow="fold")
    untouched = UNTOUCHED.get(exercise.status)
    name = Text(language(exercise.title), style="" if untouched or exercise.status == "full" else "bold")
    name.append(f"  {exercise.id}", style="dim")
    if untouched:
        name.append("  " + language(untouched), style="dim italic")
    head.add_row(Text(mark, style=style), Text(score(exercise), style=style), name)
    rows: list[RenderableType] = [head]
    if untouched and not verbose:
        return rows
    rows += [Padding(Text(language(note), style="yellow"), (0, 0, 0, 4)) for note in exercise.notes]
    blocks = {finding.first.id: finding.checks for finding in findings(exercise)}
    blocks |= {check.id: (check,) for check in exercise.checks if verbose and check.outcome == "passed"}
    shown = [blocks[check.id] for check in exercise.checks if check.id in blocks]
    return rows + [Padding(_block(checks, language), (0, 0, 0, 4)) for checks in shown]


def _block(checks: tuple[CheckResult, ...], language: Language) -> RenderableType:
    """Checks of which the same is to be said."""
    check, *others = checks
    mark, style = MARKS[check.outcome], _STYLES[check.outcome]
    title = Text.assemble((f"{mark} ", style), (name_of(check), "bold" if check.outcome == "failed" else ""))
    for other in others:
        title.append(", ").append(name_of(other), "bold" if check.outcome == "failed" else "")
    if check.outcome == "passed":
        title.append(f"  {language(check.called)}", style="dim")
        return title
    if check.outcome == "skipped":
        title.append(f"  {language(check.observed)}", style="yellow")
        return title
    if check.outcome == "error":
        title.append("  " + language(say("error of the grader, not yours: ")), style="magenta")
        title.append(check.detail)
        return title
    parts = Table.grid(padding=(0, 1))
    parts.add_column(width=10, justify="right")
    parts.add_column(overflow="fold")
    for label, said in labelled(check, language):
        parts.add_row(Text(language(label), style="dim"), Text(said, style=_PARTS.get(label.text, "")))
    return Group(title, parts)


def _cells(report: Report, verbose: bool, language: Language) -> list[RenderableType]:
    """What went wrong in cells; with `verbose`, what cells printed."""
    rows: list[RenderableType] = []
    for cell in report.cells:
        rows += [Text.assemble(("  ! ", "red"), language(said)) for said in troubles(cell)]
        if verbose and cell.output.strip():
            printed = say("cell {number} printed:", number=cell.number) if cell.number else say("printed:")
            rows.append(Text(f"  {language(printed)}", style="dim"))
            rows.append(Padding(Text(cell.output.rstrip()), (0, 0, 0, 4)))
    return [Text(), Text(language(say("Cells")), style="bold"), *rows] if rows else []


def _explanations(report: Report, language: Language) -> list[RenderableType]:
    """Where the mistakes that were named are explained, said once."""
    named = dict.fromkeys(check.diagnosis.id for part in report.exercises for check in part.checks if check.diagnosis)
    known = {mistake.id for mistake in catalogue()}
    ids = [name for name in named if name in known]
    return [Text(), Text(language(more_about(ids)), style="dim")] if ids else []


def more_about(ids: Iterable[str]) -> Message:
    """Which command explains mistakes."""
    return say("`grade explain {ids}` shows an example, and how it is fixed.", ids=" ".join(ids))
