"""What a batch came to, in a terminal."""

from __future__ import annotations

import statistics
from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from grader.batch.gradebook import Row
from grader.batch.run import Step
from grader.models.report import Report
from grader.report.outline import part_alone, points

SHOWN = 20
"""Lines of each kind that are shown; the gradebook has them all."""


def render_summary(rows: Iterable[Row], changed: list[Step], selection: str | None) -> RenderableType:
    """The class in a few lines: errors of the grader first, what was refused, changed scores, the distribution.

    Args:
        rows: what counts for each student.
        changed: steps whose submission had another result before.
        selection: the `-k` expression, where only a part was graded.
    """
    earned: list[float] = []
    possible = 0.0
    faults, refused = [], []
    for row in rows:
        match row.attempt.status:
            case "graded":
                earned.append(row.credited)
                possible = max(possible, row.attempt.possible)
            case "error":
                faults.append((row.student, row.attempt.reason))
            case _:
                refused.append((row.student, row.attempt.reason))
    parts: list[RenderableType] = []
    parts += _listed(f"{len(faults)} with an error of the grader's own", faults, "magenta")
    parts += _listed(f"{len(refused)} not graded", refused, "yellow")
    parts += _changes(changed)
    parts.append(Text(f"{len(earned)} graded", style="bold"))
    if selection:
        parts.append(Text(str(part_alone(selection)), style="yellow"))
    if earned:
        middle = points(statistics.median(earned))
        full = sum(value == possible for value in earned)
        parts.append(
            Text(f"median {middle} of {points(possible)}, mean {statistics.fmean(earned):.1f}, full marks {full}")
        )
    return Group(*parts)


def _listed(title: str, lines: list[tuple[str, str]], style: str) -> list[RenderableType]:
    if not lines:
        return []
    table = Table.grid(padding=(0, 2))
    for student, reason in lines[:SHOWN]:
        table.add_row(Text(f"  {student}"), Text(reason.splitlines()[0] if reason else "", style="dim"))
    if len(lines) > SHOWN:
        table.add_row(Text(f"  … and {len(lines) - SHOWN} more"), Text())
    return [Text(title, style=f"bold {style}"), table]


def _changes(changed: list[Step]) -> list[RenderableType]:
    """Whose score changed, by how much, and in which checks."""
    table = Table.grid(padding=(0, 2))
    number = 0
    for step in changed:
        assert step.before is not None
        different = changed_checks(step.before.read_report(), step.attempt.read_report())
        if step.before.earned == step.attempt.earned and not different:
            continue
        number += 1
        if number <= SHOWN:
            by = step.attempt.earned - step.before.earned
            sign = "+" if by >= 0 else "−"
            score = f"{points(step.before.earned)} → {points(step.attempt.earned)} ({sign}{points(abs(by))})"
            table.add_row(Text(f"  {step.attempt.student}"), Text(score), Text(", ".join(different), style="dim"))
    if not changed:
        return []
    if number > SHOWN:
        table.add_row(Text(f"  … and {number - SHOWN} more"), Text(), Text())
    have = "has" if number == 1 else "have"
    return [Text(f"{number} of {len(changed)} graded again {have} another result", style="bold"), table]


def changed_checks(before: Report | None, after: Report | None) -> list[str]:
    """Checks whose outcome differs between two reports, as `check: passed → failed`."""
    left, right = _outcomes(before), _outcomes(after)
    names = [*right, *(name for name in left if name not in right)]
    return [
        f"{name}: {left.get(name, 'none')} → {right.get(name, 'none')}"
        for name in names
        if left.get(name) != right.get(name)
    ]


def _outcomes(report: Report | None) -> dict[str, str]:
    return {check.id: check.outcome for e in report.exercises for check in e.checks} if report else {}
