"""What a batch came to, in a terminal."""

from __future__ import annotations

import statistics
from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from grader.batch.gradebook import Row
from grader.batch.run import Step
from grader.batch.submissions import Download
from grader.models.message import spelled
from grader.models.report import Report
from grader.report.outline import SHOWN, of_other_checks, part_alone, points, some_of, to_be_judged, without_time


def render_summary(rows: Iterable[Row], changed: list[Step], selection: str | None) -> RenderableType:
    """The class in a few lines: errors of the grader first, what was refused, changed scores, the distribution.

    Args:
        rows: what counts for each student.
        changed: steps whose submission had another result before.
        selection: the `-k` expression, where only a part was graded.
    """
    earned: list[float] = []
    possible = 0.0
    faults, refused, stale = [], [], []
    untimed = marked = judged = 0
    same: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        same.setdefault((row.attempt.sha256, row.handed.group), []).append(row.student)
        stale += [row.student] if row.stale else []
        untimed += row.untimed
        marked += row.is_marked
        judged += row.open > 0
        match row.state:
            case "graded" if row.stale:
                pass
            case "graded":
                earned.append(row.credited)
                possible = max(possible, row.possible + row.open)
            case "error":
                faults.append((row.student, row.attempt.reason))
            case _:
                refused.append((row.student, row.attempt.reason))
    parts: list[RenderableType] = []
    parts += listed(f"{len(faults)} with an error of the grader's own", faults, "magenta")
    parts += listed(f"{len(refused)} not graded", refused, "yellow")
    parts += _changes(changed)
    parts += _identical(same)
    parts += [Text(line, style="yellow") for line in (of_other_checks(stale), without_time(untimed)) if line]
    if marked:
        parts.append(
            Text(f"{marked} marked as late by the platform, without a time: taken as one day late", style="yellow")
        )
    if judged:
        parts.append(Text(to_be_judged(judged), style="yellow"))
    parts.append(Text(f"{len(earned)} graded", style="bold"))
    if selection:
        parts.append(Text(str(part_alone(selection)), style="yellow"))
    if earned:
        middle, mean = points(statistics.median(earned)), points(statistics.fmean(earned))
        full = sum(value >= possible for value in earned)
        parts.append(Text(f"median {middle} of {points(possible)}, mean {mean}, full marks {full}"))
    return Group(*parts)


def _identical(same: dict[tuple[str, str], list[str]]) -> list[RenderableType]:
    """Who handed in the same file as others; one group is one.

    Args:
        same: students by the digest of what counts for them, and their group.
    """
    by_file: dict[str, list[str]] = {}
    for (sha256, group), students in same.items():
        if sha256:
            by_file.setdefault(sha256, []).extend(students[:1] if group else students)
    shared = [(", ".join(students), "") for students in by_file.values() if len(students) > 1]
    return listed("the same file was handed in by", shared, "yellow")


def render_download(download: Download) -> RenderableType:
    """What was found: which form it was taken for, whose it is, and what was not taken."""
    kinds = ", ".join(f"{number} {kind}" for kind, number in download.kinds.most_common())
    students = len({one.student for one in download.found})
    noun = "student" if students == 1 else "students"
    lines = [f"layout {download.layout}: {students} {noun}; files handed in: {kinds or 'none'}"]
    if download.left_out:
        lines.append(f"no submissions, and left out: {some_of(download.left_out)}")
    for encoding, number in download.decoded:
        lines.append(f"the zip does not say in which encoding its names are: {number} were read as {encoding}")
    if download.groups:
        lines.append(
            f"members are not known of: {some_of(download.groups)}; the column `group` of a --roster names them"
        )
    if download.absent:
        lines.append(f"{len(download.absent)} of the roster handed in nothing: {some_of(download.absent)}")
    over = [
        (one.student, f"{spelled(one.path.name)} counts, and not {', '.join(one.passed_over)}")
        for one in download.found
        if one.passed_over
    ]
    return Group(*map(Text, lines), *listed(f"{len(over)} with files that were passed over", over, "yellow"))


def listed(title: str, lines: list[tuple[str, str]], style: str) -> list[RenderableType]:
    """A title with lines of two columns below it; nothing where there are none."""
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
