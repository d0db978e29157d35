"""What `grade verify` shows in a terminal, the conclusion first: a pure function of its report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from grader.authoring.findings import Result, Verification, VerifyReport, survivors

_MOST = 10  # things found by one verification that are listed
_COLUMNS = ("mutants", "killed", "timeout", "survived", "error")


def render(report: VerifyReport, verbose: bool = False) -> RenderableType:
    """The whole report.

    Args:
        verbose: also each survivor, the matrix of all mutants, and the declared equivalents.
    """
    parts: list[RenderableType] = [_conclusion(report)]
    parts += [_total(report), Text()] if report.results else [Text()]
    parts += [line for verification in sorted(report.verifications, key=_place) for line in _verification(verification)]
    groups = survivors(report.results)
    for group in groups if verbose else groups[:_MOST]:
        parts += _survivors(group, verbose)
    if (not verbose and any(len(group) > 1 for group in groups)) or len(groups) > _MOST:
        parts += [Text(), Text("-v shows every survivor with its diff.", style="dim")]
    if report.results and verbose:
        for result in report.results:
            parts += _survivor(result) if result.status == "survived" and not result.hole else []
        parts += _titled("Mutants", _matrix(report))
        parts += _titled("Mutants by operator", _summary(report))
        if report.planted:
            parts += _titled("Mistakes planted, and whether they are the ones shown", _planted(report))
    return Group(*parts)


def _conclusion(report: VerifyReport) -> Text:
    """The one line that says whether all is well."""
    wrong = [verification.id for verification in report.verifications if not verification.ok]
    name = f"{report.assignment}, {report.selection}" if report.selection else report.assignment
    if not wrong:
        return Text.assemble((name, "bold"), (": all of it holds", "green"))
    return Text.assemble((name, "bold"), (f": not ready to publish ({', '.join(wrong)})", "red"))


def _place(verification: Verification) -> int:
    """What is wrong comes first, then what is worth a look."""
    return 0 if not verification.ok else 1 if verification.found else 2


def _verification(verification: Verification) -> list[RenderableType]:
    mark, style = ("✓", "green") if verification.ok else ("✗", "red")
    if verification.warning and verification.found:
        mark, style = "!", "yellow"
    lines: list[RenderableType] = [
        Text.assemble((f"{mark} ", style), (f"{verification.id:<9} ", "bold"), verification.title)
    ]
    if verification.found:
        rest = len(verification.found) - _MOST
        said = [*verification.found[:_MOST], *([f"and {rest} more"] if rest > 0 else [])]
        lines += [Padding(Text(line), (0, 0, 0, 4)) for line in said]
        lines.append(Padding(Text(verification.advice, style="cyan"), (0, 0, 0, 4)))
    return lines


def _titled(title: str, table: Table) -> list[RenderableType]:
    return [Text(), Text(title, style="bold"), table]


def _matrix(report: VerifyReport) -> Table:
    table = _table("exercise", "operator", "line", "status", "killed by", "diagnosis")
    for result in report.results:
        mutant = result.mutant
        line = " ".join(mutant.before.split())
        cells = (mutant.exercise, mutant.operator, line, _with_seeds(result), ", ".join(result.failed))
        table.add_row(*(Text(cell) for cell in (*cells, ", ".join(result.diagnoses))))
    return table


def _with_seeds(result: Result) -> str:
    """The status, and with how many seeds, where they differ."""
    agree = sum((status == "survived") == (result.status == "survived") for status in result.seeds)
    return f"{_status(result)}, {agree} of {len(result.seeds)} seeds" if result.mixed else _status(result)


def _status(result: Result) -> str:
    return "equivalent" if result.equivalent else result.status


def _summary(report: VerifyReport) -> Table:
    counts: dict[str, Counter[str]] = {}
    titles: dict[str, str] = {}
    for result in report.results:
        titles[result.mutant.operator] = result.mutant.title
        counts.setdefault(result.mutant.operator, Counter())[result.status] += 1
    table = _table("operator", *_COLUMNS, "", numbers=_COLUMNS)
    for operator, count in sorted(counts.items()):
        row = [count.total(), *(count[status] for status in _COLUMNS[1:])]
        table.add_row(operator, *(str(number or "") for number in row), Text(titles[operator], style="dim"))
    return table


def _planted(report: VerifyReport) -> Table:
    columns = ("shown", "another", "none")
    table = _table("mistake", *columns, numbers=columns)
    for row in report.planted:
        table.add_row(row.mistake, *(str(getattr(row, column) or "") for column in columns))
    totals = [sum(getattr(row, column) for row in report.planted) for column in columns]
    table.add_row("all", *map(str, totals), style="bold")
    return table


def _table(*columns: str, numbers: tuple[str, ...] = ()) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    return table


def _survivors(group: Sequence[Result], verbose: bool) -> list[RenderableType]:
    """Survivors of one cause: the first of them, or all."""
    shown = [part for result in (group if verbose else group[:1]) for part in _survivor(result)]
    rest = len(group) - 1
    return (
        shown if verbose or not rest else [*shown, Padding(Text(f"and {rest} more like it", style="dim"), (0, 0, 0, 4))]
    )


def _survivor(result: Result) -> list[RenderableType]:
    mutant = result.mutant
    head = Text.assemble(("survived ", "yellow"), (mutant.name, "bold"), f": {mutant.title}")
    diff = Text(mutant.diff)
    diff.highlight_regex(r"(?m)^-.*$", "red")
    diff.highlight_regex(r"(?m)^\+.*$", "green")
    said = [Padding(Text(f"declared: {result.equivalent}", style="cyan"), (0, 0, 0, 4))] if result.equivalent else []
    return [Text(), head, *said, Padding(diff, (0, 0, 0, 4))]


def _total(report: VerifyReport) -> Text:
    counts = Counter(_status(result) for result in report.results)
    said = [f"{len(report.results)} mutant{'s' * (len(report.results) != 1)}", f"{counts['killed']} killed"]
    said += [f"{counts['timeout']} stopped by the limit of time"] if counts["timeout"] else []
    said += [f"{counts['equivalent']} declared equivalent"] if counts["equivalent"] else []
    said += [f"{counts['survived']} survived"]
    said += [f"{counts['error']} ended in an error of the grader's own"] if counts["error"] else []
    rate = f"; {report.rate:.1f} a second with {report.workers} worker{'s' * (report.workers != 1)}"
    return Text(", ".join(said) + rate, style="bold")
