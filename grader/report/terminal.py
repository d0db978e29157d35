"""The report in a terminal; plain text where there is none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from grader.diagnosis.catalogue import catalogue
from grader.models.message import Message, say
from grader.models.report import CheckResult, ExerciseResult, Outcome, Report, Status
from grader.models.wording import ENGLISH, Language, labelled
from grader.report.outline import MARKS, STATUS, basis, name_of, remarks, score, total, troubles

_STYLES: dict[Outcome | Status, str] = {
    "passed": "green", "failed": "red", "skipped": "yellow", "error": "magenta",
    "full": "green", "partial": "yellow", "none": "red", "not started": "dim",
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
    name = Text(language(exercise.title), style="bold" if exercise.status not in ("full", "not started") else "")
    name.append(f"  {exercise.id}", style="dim")
    if exercise.status == "not started":
        name.append("  " + language(say("not started")), style="dim italic")
    head.add_row(Text(mark, style=style), Text(score(exercise), style=style), name)
    rows: list[RenderableType] = [head]
    rows += [Padding(Text(language(note), style="yellow"), (0, 0, 0, 4)) for note in exercise.notes]
    if exercise.status == "not started" and not verbose:
        return rows
    shown = [check for check in exercise.checks if verbose or check.outcome != "passed"]
    return rows + [Padding(_check(check, language), (0, 0, 0, 4)) for check in _mistakes_once(shown)]


def _mistakes_once(checks: list[CheckResult]) -> Iterator[CheckResult]:
    """The same checks; a mistake that several show stands at the first of them."""
    said = set()
    for check in checks:
        repeated = check.diagnosis is not None and check.diagnosis.text in said
        if check.diagnosis is not None:
            said.add(check.diagnosis.text)
        yield check.model_copy(update={"diagnosis": None}) if repeated else check


def _check(check: CheckResult, language: Language) -> RenderableType:
    mark, style = MARKS[check.outcome], _STYLES[check.outcome]
    title = Text.assemble((f"{mark} ", style), (name_of(check), "bold" if check.outcome == "failed" else ""))
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
    return say("`grade explain {ids}` shows an example and its cure.", ids=" ".join(ids))
