"""What `grade watch` shows: all exercises at a glance, one of them opened up, and the next step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from grader.models.message import Message, Said, joined, say
from grader.models.report import ExerciseResult
from grader.models.wording import Language
from grader.report.outline import STATUS, UNTOUCHED, Finding, findings, name_of, points
from grader.report.terminal import render_finding, status_style

KEYS = {
    "n": say("next failure"), "p": say("previous"), "h": say("hint"), "e": say("explain"), "q": say("quit"),
    "o": say("open the page"),
}  # fmt: skip
_GAP = 3
_NAMED = 2
"""Exercises that the first line says more of; the others show below what they gained or lost."""


@dataclass(frozen=True)
class WatchScreen:
    """All that is on the screen.

    Attributes:
        title: of the assignment.
        file: the submission's name.
        titles: of all exercises, by id, in order.
        results: of those that were graded.
        working: those that are being graded again.
        before: what they were before the last save, by id.
        opened: the exercise that is opened up.
        failure: which of its failures is shown.
        page: which part of it, where there is no room for all; after the last one comes the first.
        trouble: why the file is not graded as it is.
        busy: what is being done that takes long.
        beside: what was asked for, a hint or an explanation.
    """

    title: Said
    file: str
    titles: Mapping[str, Said]
    results: Mapping[str, ExerciseResult]
    working: frozenset[str]
    before: Mapping[str, ExerciseResult]
    opened: str
    failure: int
    page: int
    trouble: Said | None
    busy: Said | None
    beside: RenderableType | None
    language: Language

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The screen, filled to its last line; its midst has pages where it does not fit."""
        height = options.height or console.height
        own = options.update(height=None)
        head = [*self._head(), *self._glance(options.max_width), Text()]
        above = [line for part in head for line in console.render_lines(part, own, pad=False)]
        below = console.render_lines(self._keys(), own, pad=False)
        room = max(height - len(above) - len(below) - 1, 0)
        middle = [line for part in self._middle() for line in console.render_lines(part, own, pad=False)]
        if len(middle) > room:
            middle = [*self._part(middle, max(room - 1, 1)), *console.render_lines(self._more(), own, pad=False)][:room]
        lines = [*above, *middle, *([[]] * (room - len(middle) + 1)), *below][:height]
        for number, line in enumerate(lines):
            yield from line
            if number < len(lines) - 1:
                yield Segment.line()

    def _part(self, lines: list[list[Segment]], size: int) -> list[list[Segment]]:
        start = self.page % -(-len(lines) // size) * size
        part = lines[start : start + size]
        return part + [[]] * (size - len(part))

    def _more(self) -> Text:
        return Text(
            self.language(say("… the space bar shows the rest")), style="dim", no_wrap=True, overflow="ellipsis"
        )

    def _head(self) -> Iterator[RenderableType]:
        earned = sum(result.earned for result in self.results.values())
        possible = sum(result.possible for result in self.results.values())
        title = Text.assemble((self.language(self.title), "bold"), (f"  {self.file}", "dim"))
        if self.results:
            title.append(f"  {points(earned)} / {points(possible)}", style="bold")
        title.append(f"  {self.language(self._state())}", style="yellow" if self.trouble else "dim")
        yield title
        if self.trouble:
            yield Text(self.language(self.trouble), style="yellow")

    def _state(self) -> Said:
        if self.busy:
            return self.busy
        if self.trouble:
            return say("as it was before")
        if self.working:
            return say("grading")
        return self._news() or say("watching")

    def _news(self) -> Message | None:
        """What the last save changed."""
        said = []
        for name, result in self.results.items():
            if change := self._change(name):
                counts = {"passed": _passed(result), "all": len(result.checks)}
                new = say("{exercise}: {passed} of {all}, {change}", exercise=name, change=_signed(change), **counts)
                said.append(new)
        if more := len(said[_NAMED:]):
            said[_NAMED:] = [say("and {number} more", number=more)]
        return joined(said, "; ") if said else None

    def _change(self, name: str) -> int:
        """How many more checks of an exercise pass than before the last save."""
        return _passed(self.results[name]) - _passed(self.before[name]) if name in self.before else 0

    def _glance(self, width: int) -> Iterator[RenderableType]:
        """All exercises, in as many columns as there is room for."""
        entries = [self._entry(name) for name in self.titles]
        longest = max((entry.cell_len for entry in entries), default=1)
        columns = max(1, min(len(entries), (width + _GAP) // (longest + _GAP)))
        rows = -(-len(entries) // columns)
        table = Table.grid(padding=(0, _GAP, 0, 0))
        for _ in range(columns):
            table.add_column(no_wrap=True, overflow="ellipsis", width=min(longest, width))
        for row in range(rows):
            table.add_row(*entries[row::rows])
        yield table

    def _entry(self, name: str) -> Text:
        result = self.results.get(name)
        style = "dim" if result is None or name in self.working else status_style(result)
        mark = "·" if result is None else STATUS[result.status]
        entry = Text.assemble((f"{mark} ", style), (name, "bold underline" if name == self.opened else ""))
        if result is None:
            return entry
        entry.append(f" {_passed(result)}/{len(result.checks)}", style=style)
        if change := self._change(name):
            entry.append(f" {_signed(change)}", style="green" if change > 0 else "red")
        return entry

    def _middle(self) -> Iterator[RenderableType]:
        """The exercise that is opened up, or what was asked for."""
        result = self.results.get(self.opened)
        if self.opened:
            yield Text.assemble((self.language(self.titles[self.opened]), "bold"), (f"  {self.opened}", "dim"))
        if self.beside is not None:
            yield self.beside
            return
        if result is None or self.opened in self.working:
            return
        for note in result.notes:
            yield Text(self.language(note), style="yellow")
        if untouched := UNTOUCHED.get(result.status):
            yield Text(self.language(untouched), style="dim italic")
        elif failures := findings(result):
            yield from self._failure(failures)
        yield Text()
        yield Text(self.language(self._step(result)), style="cyan")

    def _failure(self, failures: Sequence[Finding]) -> Iterator[RenderableType]:
        place = min(self.failure, len(failures) - 1)
        yield render_finding(failures[place], self.language)
        others = [", ".join(map(name_of, one.checks)) for one in failures if one is not failures[place]]
        if others:
            said = say(
                "{number} of {all}; also: {others}", number=place + 1, all=len(failures), others="; ".join(others)
            )
            yield Text(self.language(said), style="dim")

    def _step(self, result: ExerciseResult) -> Said:
        """What to do next."""
        failures = [] if result.status in UNTOUCHED else findings(result)
        if failures:
            failure = failures[min(self.failure, len(failures) - 1)]
            name = name_of(failure.first)
            if failure.where is None:
                return say("Next: {check}; h shows a hint.", check=name)
            return say("Next: {check}, at {where}; h shows a hint.", check=name, where=failure.where)
        if result.status in UNTOUCHED:
            return say("Next: write this one.")
        order = list(self.titles)
        after = order.index(self.opened)
        for name in [*order[after:], *order[:after]]:
            if name in self.results and self.results[name].status != "full":
                return say("Next: {exercise}", exercise=joined([self.titles[name], f"({name})"], " "))
        return say("All of it passes.")

    def _keys(self) -> Text:
        text = Text(no_wrap=True, overflow="ellipsis")
        for key, does in KEYS.items():
            text.append(f"{key} ", style="bold").append(f"{self.language(does)}   ", style="dim")
        return text


def _passed(result: ExerciseResult) -> int:
    return sum(check.outcome == "passed" for check in result.checks)


def _signed(number: int) -> str:
    return f"+{number}" if number > 0 else f"−{-number}"
