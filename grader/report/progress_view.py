"""What is remembered of a student's runs: a line with a curve for each exercise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from grader.assignment.spec import Assignment
from grader.models.message import Said, clean, say
from grader.models.progress import Attempts
from grader.models.wording import Language
from grader.report.outline import points

LEVELS = "▁▂▃▄▅▆▇█"
MOST = 20
"""Runs that a curve shows, the last ones."""


def curve(runs: Sequence[tuple[float, float]]) -> str:
    """Earned of possible points, run by run: at the lowest level there are none, at the highest all."""
    top = len(LEVELS) - 1
    return "".join(LEVELS[int(top * _share(*run))] for run in runs[-MOST:])


def _share(earned: float, possible: float) -> float:
    return min(max(earned / possible, 0.0), 1.0) if possible else 1.0


@dataclass(frozen=True)
class Growth:
    """How the points of one exercise grew, in words.

    Attributes:
        tone: `good`, `some` or `bad`.
        since: since when, or when, it had full marks; empty where it never had.
    """

    mark: str
    tone: str
    score: str
    curve: str
    title: str
    id: str
    since: str


@dataclass(frozen=True)
class ShownProgress:
    """What is shown of the runs of a notebook, in words: the exercises in its order, and the whole.

    Attributes:
        total: the points of the last run that was of all exercises; empty where there is none.
        curve: of all such runs.
    """

    title: str
    notebook: str
    lines: tuple[Growth, ...]
    total: str
    curve: str
    attempts: str

    @classmethod
    def of(cls, spec: Assignment, notebook: str, work: Attempts, language: Language) -> ShownProgress:
        """In somebody's language."""
        whole = [(run.earned, run.possible) for run in work.runs if run.selection is None]
        said = None
        if whole:
            earned, possible = map(points, whole[-1])
            said = say("{earned} / {possible} points", earned=earned, possible=possible)
        return cls(
            title=language(spec.title),
            notebook=clean(notebook),
            lines=tuple(_lines(spec, work, language)),
            total=language(said),
            curve=curve(whole),
            attempts=language(_attempts(work)),
        )


def _lines(spec: Assignment, work: Attempts, language: Language) -> Iterator[Growth]:
    for exercise in spec.exercises:
        runs = [run.exercises[exercise.id] for run in work.runs if exercise.id in run.exercises]
        if runs:
            share = _share(*runs[-1])
            mark, tone = ("✓", "good") if share == 1 else ("◐", "some") if share else ("✗", "bad")
            since = language(_since(work.full[exercise.id], share == 1)) if exercise.id in work.full else ""
            score = " / ".join(map(points, runs[-1]))
            yield Growth(mark, tone, score, curve(runs), language(exercise.title), exercise.id, since)


_STYLES = {"good": "green", "some": "yellow", "bad": "red"}


def render_progress(spec: Assignment, notebook: str, work: Attempts, language: Language) -> RenderableType:
    """The same in a terminal."""
    progress = ShownProgress.of(spec, notebook, work, language)
    rows = Table.grid(padding=(0, 1))
    for _ in range(3):
        rows.add_column(no_wrap=True)
    rows.add_column(overflow="fold")
    for line in progress.lines:
        name = Text(line.title).append(f"  {line.id}", style="dim")
        if line.since:
            name.append(f"  {line.since}", style="dim")
        style = _STYLES[line.tone]
        rows.add_row(*(Text(said, style=style) for said in (line.mark, line.score.rjust(11), line.curve)), name)
    title = Text.assemble((progress.title, "bold"), (f"  {progress.notebook}", "dim"))
    parts: list[RenderableType] = [title, Text(), rows, Text()]
    if progress.total:
        parts.append(Text.assemble((progress.total, "bold"), f"  {progress.curve}"))
    return Group(*parts, Text(progress.attempts, style="dim"))


def _attempts(work: Attempts) -> Said:
    since = day(work.runs[0].time) if work.runs else ""
    if work.attempts == 1:
        return say("1 attempt, {day}", day=since)
    return say("{count} attempts, since {day}", count=work.attempts, day=since)


def _since(time: datetime, still: bool) -> Said:
    return say("full marks since {day}", day=day(time)) if still else say("had full marks on {day}", day=day(time))


def day(time: datetime) -> str:
    """A day and a time where the reader is."""
    return f"{time.astimezone():%Y-%m-%d %H:%M}"
