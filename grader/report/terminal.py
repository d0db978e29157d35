"""The report in a terminal; plain text where there is none."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from grader.models.message import say
from grader.models.observation import CellRun
from grader.models.report import CheckResult, ExerciseResult, Report
from grader.models.wording import labelled, place, text

_MARKS = {"passed": ("✓", "green"), "failed": ("✗", "red"), "skipped": ("–", "yellow"), "error": ("!", "magenta")}
_STATUS = {
    "full": ("✓", "green"),
    "partial": ("◐", "yellow"),
    "none": ("✗", "red"),
    "not started": ("·", "dim"),
    "error": ("!", "magenta"),
}


def render(report: Report, verbose: bool = False, quiet: bool = False) -> RenderableType:
    """What the terminal shows.

    Args:
        verbose: also checks that passed, exercises not started, and what the cells printed.
        quiet: the total alone.
    """
    if quiet:
        return _total(report)
    parts: list[RenderableType] = [_title(report), Text()]
    for exercise in report.exercises:
        parts += _exercise(exercise, verbose)
    parts += _cells(report, verbose)
    parts += [Text(), _total(report)]
    if report.isolation == "none":
        parts.append(Text("isolation: none. The code ran in a plain process, as you.", style="yellow"))
    return Group(*parts)


def show(report: Report, console: Console, verbose: bool = False, quiet: bool = False) -> None:
    """Print the report on a console; into a file or a pipe, without the blanks that fill lines."""
    if console.is_terminal:
        console.print(render(report, verbose, quiet))
        return
    with console.capture() as captured:
        console.print(render(report, verbose, quiet))
    for line in captured.get().splitlines():
        console.file.write(line.rstrip() + "\n")


def points(number: float) -> str:
    """A number of points without needless zeros."""
    return f"{number:.2f}".rstrip("0").rstrip(".")


def _title(report: Report) -> RenderableType:
    line = Text()
    line.append(report.assignment.title.en, style="bold")
    line.append(f"  {report.submission.name}", style="dim")
    return line


def _total(report: Report) -> RenderableType:
    if not report.gradable:
        return Text(
            "Not graded: a check ended in an error of the grader's own. This is not your mistake; "
            "please tell your instructor.",
            style="bold magenta",
        )
    full = report.earned == report.possible
    line = Text()
    line.append(f"{points(report.earned)} / {points(report.possible)} points", style="bold green" if full else "bold")
    return line


def _exercise(exercise: ExerciseResult, verbose: bool) -> list[RenderableType]:
    mark, style = _STATUS[exercise.status]
    score = f"{points(exercise.earned)} / {points(exercise.possible)}"
    head = Table.grid(padding=(0, 1))
    head.add_column(width=1)
    head.add_column(width=11, justify="right")
    head.add_column(overflow="fold")
    name = Text(exercise.title.en, style="bold" if exercise.status not in ("full", "not started") else "")
    name.append(f"  {exercise.id}", style="dim")
    if exercise.status == "not started":
        name.append("  not started", style="dim italic")
    head.add_row(Text(mark, style=style), Text(score, style=style), name)
    rows: list[RenderableType] = [head]
    rows += [Padding(Text(note.text, style="yellow"), (0, 0, 0, 4)) for note in exercise.notes]
    if exercise.status == "not started" and not verbose:
        return rows
    shown = [check for check in exercise.checks if verbose or check.outcome != "passed"]
    return rows + [Padding(_check(check), (0, 0, 0, 4)) for check in shown]


def _check(check: CheckResult) -> RenderableType:
    mark, style = _MARKS[check.outcome]
    title = Text.assemble(
        (f"{mark} ", style), (check.id.partition("::")[2], "bold" if check.outcome == "failed" else "")
    )
    if check.outcome == "passed":
        title.append(f"  {text(check.called)}", style="dim")
        return title
    if check.outcome == "skipped":
        title.append(f"  {text(check.observed)}", style="yellow")
        return title
    if check.outcome == "error":
        title.append("  error of the grader, not yours: ", style="magenta")
        title.append(check.detail)
        return title
    parts = Table.grid(padding=(0, 1))
    parts.add_column(width=10, justify="right")
    parts.add_column(overflow="fold")
    for label, said in labelled(check):
        parts.add_row(Text(label, style="dim"), Text(said, style="cyan" if label == "hint" else ""))
    return Group(title, parts)


def _cells(report: Report, verbose: bool) -> list[RenderableType]:
    """Cells that raised or were lost; with `verbose`, what cells printed."""
    rows: list[RenderableType] = []
    for cell in report.cells:
        said = _trouble(cell)
        if said:
            rows.append(Text.assemble(("  ! ", "red"), said))
        if verbose and cell.output.strip():
            rows.append(Text(f"  cell {cell.number} printed:" if cell.number else "  printed:", style="dim"))
            rows.append(Padding(Text(cell.output.rstrip()), (0, 0, 0, 4)))
    return [Text(), Text("Cells", style="bold"), *rows] if rows else []


def _trouble(cell: CellRun) -> str:
    if cell.raised:
        frame = cell.raised.frames[-1] if cell.raised.frames else None
        where = place(frame.cell, frame.line) if frame else place(cell.number, None)
        first = cell.raised.message.strip().splitlines()[:1]
        return f"{where}: {cell.raised.type}: {first[0] if first else ''}" if where else f"{cell.raised.type}"
    if cell.lost:
        why = {"time": f"stopped after {cell.seconds:g} s", "crash": f"its process ended ({cell.lost.detail})"}
        said = why.get(cell.lost.to, f"it passed the limit of {cell.lost.to}")
        return say("{where}: {said}; the notebook went on without it", where=place(cell.number, None), said=said).text
    return ""
