"""The report in a terminal; plain text where there is none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from grader.diagnosis.catalogue import catalogue
from grader.diagnosis.underline import within
from grader.models.figure import Figure
from grader.models.figure_text import DRAWN, caption, figure_lines
from grader.models.message import Message, clean, say
from grader.models.observation import CellRun
from grader.models.report import CheckResult, ExerciseResult, Outcome, Report, Status
from grader.models.wording import ENGLISH, Language, labelled
from grader.report.outline import (
    MARKS,
    STATUS,
    UNTOUCHED,
    Finding,
    basis,
    failed_line,
    fault,
    findings,
    name_of,
    remarks,
    score,
    told_by_person,
    total,
    traceback,
    troubles,
)

_STYLES: dict[Outcome | Status, str] = {
    "passed": "green", "failed": "red", "skipped": "yellow", "error": "magenta",
    "full": "green", "partial": "yellow", "none": "red", "not started": "dim", "not answered": "dim",
    "to be judged": "cyan",
}  # fmt: skip
MOST_CELLS = 3
"""Cells that went wrong of which it is told, unless all is."""
_PARTS = {"hint": "cyan", "see": "dim"}
"""Styles of a failure's parts, by their labels."""


def render(
    report: Report,
    verbose: bool = False,
    quiet: bool = False,
    language: Language = ENGLISH,
    in_notebook: bool = False,
) -> RenderableType:
    """What the terminal shows.

    Args:
        verbose: every check, tracebacks, and what the cells printed; otherwise a line for each exercise, and one
            failure.
        quiet: the total alone.
        in_notebook: whether this is shown in one, where commands are not at hand.
    """
    if quiet:
        return _total(report, language)
    parts: list[RenderableType] = [_title(report, language), Text()]
    for exercise in report.exercises:
        parts += _summary(exercise, verbose, language)
        parts += _checks(exercise, language) if verbose else []
    found = _found(report)
    parts += [] if verbose else _first(found, len(report.exercises) == 1, language)
    parts += [Text(), Text(clean(report.comment), style="cyan")] if report.comment else []
    parts += _cells(report, verbose, found[0].at if found else None, language)
    named = (check for one in (found if verbose else found[:1]) for check in one.checks)
    parts += _explanations(named, language, in_notebook)
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
    full = report.earned >= report.possible and not report.open
    style = "bold magenta" if not report.gradable else "bold green" if full else "bold"
    return Text(language(total(report)), style=style)


def _summary(exercise: ExerciseResult, verbose: bool, language: Language) -> list[RenderableType]:
    """An exercise's line, whose title is cut where the terminal ends; and what is said of it as a whole."""
    mark, style = STATUS[exercise.status], _STYLES[exercise.status]
    untouched = UNTOUCHED.get(exercise.status)
    title = Text(language(exercise.title), no_wrap=True, overflow="ellipsis")
    title.stylize("" if untouched or exercise.status == "full" else "bold")
    name = Text(f" {exercise.id}", style="dim")
    if untouched:
        name.append("  " + language(untouched), style="dim italic")
    head = Table.grid(padding=(0, 1))
    head.add_column(width=1)
    head.add_column(width=11, justify="right")
    head.add_column()
    head.add_column(no_wrap=True)
    head.add_row(Text(mark, style=style), Text(score(exercise), style=style), title, name)
    rows: list[RenderableType] = [head]
    if told := told_by_person(exercise, language):
        rows.append(Padding(Text(told, style="cyan"), (0, 0, 0, 4)))
    if untouched and not verbose:
        return rows
    return rows + [Padding(Text(language(note), style="yellow"), (0, 0, 0, 4)) for note in exercise.notes]


def _checks(exercise: ExerciseResult, language: Language) -> list[RenderableType]:
    """Every check of an exercise, in full."""
    blocks = {finding.first.id: finding.checks for finding in findings(exercise)}
    blocks |= {check.id: (check,) for check in exercise.checks if check.outcome == "passed"}
    shown = [blocks[check.id] for check in exercise.checks if check.id in blocks]
    return [Padding(_block(checks, True, language), (0, 0, 0, 4)) for checks in shown]


def _found(report: Report) -> list[Finding]:
    """What went wrong, in the notebook's order; an error of ours comes first, for then there is no score."""
    begun = [exercise for exercise in report.exercises if exercise.status not in UNTOUCHED]
    found = [finding for exercise in begun for finding in findings(exercise) if finding.first.outcome != "skipped"]
    return sorted(found, key=lambda finding: finding.first.outcome != "error")


def _first(found: Sequence[Finding], alone: bool, language: Language) -> list[RenderableType]:
    """One finding in full, and how many more there are.

    Args:
        alone: whether its exercise is the only one, and stands right above.
    """
    if not found:
        return []
    exercise, more = found[0].exercise, len(found) - 1
    title = Text.assemble((language(exercise.title), "bold"), (f"  {exercise.id}", "dim"))
    rows: list[RenderableType] = [] if alone else [Text(), title]
    rows.append(Padding(_block(found[0].checks, False, language), (0, 0, 0, 4)))
    if more:
        rows.append(Padding(Text(language(_more(more)), style="dim"), (0, 0, 0, 4)))
    return rows


def render_finding(finding: Finding, language: Language) -> RenderableType:
    """One reason for which an exercise lost points."""
    return _block(finding.checks, False, language)


def status_style(exercise: ExerciseResult) -> str:
    """The style of an exercise's mark."""
    return _STYLES[exercise.status]


def _block(checks: tuple[CheckResult, ...], verbose: bool, language: Language) -> RenderableType:
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
        title.append("  " + language(fault(check)), style="magenta")
        title.append(check.detail)
        return title
    parts = Table.grid(padding=(0, 1))
    parts.add_column(width=10, justify="right")
    parts.add_column(overflow="fold")
    for label, said in labelled(check, language):
        part: RenderableType = Text(said, style=_PARTS.get(label.text, ""))
        if check.figure and label.text in DRAWN:
            part = _figure(check.figure, language)
        elif label.text == "code":
            part = _Code(said)
        parts.add_row(Text(language(label), style="dim"), part)
    if verbose and check.raised and not check.hidden:
        parts.add_row(Text(language(say("traceback")), style="dim"), _Code(traceback(check.raised, language)))
    return Group(title, parts)


def _figure(figure: Figure, language: Language) -> RenderableType:
    """A figure whose lines are cut where the terminal ends, and its caption."""
    lines = Text("\n".join(figure_lines(figure, language)), no_wrap=True, overflow="ellipsis")
    return Group(lines, Text(language(said))) if (said := caption(figure)) else lines


@dataclass(frozen=True)
class _Code:
    """Lines of code that may have a part underlined."""

    text: str

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        yield Text(within(self.text, options.max_width))


def _cells(
    report: Report, verbose: bool, told_above: tuple[int | None, int | None] | None, language: Language
) -> list[RenderableType]:
    """What went wrong in cells; with `verbose`, what cells printed.

    Args:
        told_above: the cell and line of the failure that is told in full.
    """
    rows: list[RenderableType] = []
    told = [
        cell
        for cell in report.cells
        if verbose or (troubles(cell) and (told_above is None or _ended_at(cell) != told_above))
    ]
    shown = told if verbose else told[:MOST_CELLS]
    for cell in shown:
        rows += [Text.assemble(("  ! ", "red"), language(said)) for said in troubles(cell)]
        if cell.raised:
            said = traceback(cell.raised, language) if verbose else failed_line(cell.raised)
            rows += [Padding(_Code(said), (0, 0, 0, 4))] if said else []
        if verbose and cell.output.strip():
            printed = say("cell {number} printed:", number=cell.number) if cell.number else say("printed:")
            rows.append(Text(f"  {language(printed)}", style="dim"))
            rows.append(Padding(Text(cell.output.rstrip()), (0, 0, 0, 4)))
    if more := len(told) - len(shown):
        rows.append(Padding(Text(language(_more(more)), style="dim"), (0, 0, 0, 4)))
    return [Text(), Text(language(say("Cells")), style="bold"), *rows] if rows else []


def _ended_at(cell: CellRun) -> tuple[int | None, int | None] | None:
    """The cell and line where a cell raised, if that is all that went wrong in it."""
    frame = cell.raised.frames[-1] if cell.raised and cell.raised.frames and not cell.passed_over else None
    return (frame.cell, frame.line) if frame else None


def _more(number: int) -> Message:
    return say("1 more: `-v`") if number == 1 else say("{count} more: `-v`", count=number)


def _explanations(checks: Iterable[CheckResult], language: Language, in_notebook: bool) -> list[RenderableType]:
    """Where the mistakes that are named of some checks are explained, said once."""
    named = dict.fromkeys(check.diagnosis.id for check in checks if check.diagnosis)
    known = {mistake.id for mistake in catalogue()}
    ids = [name for name in named if name in known]
    return [Text(), Text(language(more_about(ids, in_notebook)), style="dim")] if ids else []


def more_about(ids: Iterable[str], in_notebook: bool = False) -> Message:
    """Which command explains mistakes."""
    named = " ".join(ids)
    if in_notebook:
        return say("In a terminal, `grade explain {ids}` shows an example, and how it is fixed.", ids=named)
    return say("`grade explain {ids}` shows an example, and how it is fixed.", ids=named)
