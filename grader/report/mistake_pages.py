"""Mistakes explained in a terminal, as a textbook would: what is wrong, an example, the fix."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from grader.diagnosis.diagnose import hint
from grader.models.message import Message, Said, say
from grader.models.mistake import FACTS, Mistake
from grader.models.wording import Language
from grader.report.terminal import more_about

HEADINGS: dict[str, Said] = {
    "python": say("Python"),
    "modules": say("Modules"),
    "hooks": say("Hooks"),
    "autograd": say("Autograd"),
    "data": say("Data"),
    "training": say("Training"),
}
"""The chapters of the catalogue, which are its files, in the order of a course."""

_UNSAID = dict.fromkeys((field for fields in FACTS.values() for field in fields), "...")
"""Fills the places of a hint that has no example to speak of."""


@dataclass(frozen=True)
class MadeThere:
    """Where a student made a mistake.

    Attributes:
        mistake: its id.
        code: the lines there.
        fix: these lines as they were in the code in which checks passed, where that was tried.
    """

    mistake: str
    where: Message | None
    code: str
    fix: str


def index(chapters: Sequence[tuple[Said, Sequence[Mistake]]], language: Language) -> RenderableType:
    """The ids and titles of mistakes, chapter by chapter."""
    parts: list[RenderableType] = []
    longest = max(len(mistake.id) for _, mistakes in chapters for mistake in mistakes)
    for heading, mistakes in chapters:
        rows = Table.grid(padding=(0, 2))
        rows.add_column(width=longest)
        rows.add_column(overflow="fold")
        for mistake in mistakes:
            rows.add_row(mistake.id, Text(language(mistake.title), style="dim"))
        parts += [Text(language(heading), style="bold"), Padding(rows, (0, 0, 1, 2))]
    return Group(*parts, Text(language(more_about(["ID"])), style="dim"))


def explain(mistakes: Iterable[Mistake], language: Language, places: Sequence[MadeThere] = ()) -> RenderableType:
    """Mistakes in full; a hint speaks of the names in its example.

    Args:
        places: where a student made them.
    """
    parts: list[RenderableType] = []
    for mistake in mistakes:
        parts += [Text(), *_explained(mistake, language)]
        for place in places:
            parts += _placed(place, language) if place.mistake == mistake.id else []
    return Group(*parts[1:])


def _placed(place: MadeThere, language: Language) -> Iterable[RenderableType]:
    label = say("your code, {where}", where=place.where) if place.where else say("your code")
    for said, code in ((label, place.code), (say("fixed"), place.fix)):
        if code:
            yield Text(language(said), style="dim")
            yield Padding(_highlighted(code), (0, 0, 1, 4))


def _explained(mistake: Mistake, language: Language) -> Iterable[RenderableType]:
    yield Text.assemble((language(mistake.title), "bold"), (f"  {mistake.id}", "dim"))
    yield Padding(Text(language(hint(mistake, {**_UNSAID, **mistake.places}))), (1, 0, 1, 0))
    for label, code in ((say("the mistake"), mistake.example), (say("fixed"), mistake.fixed)):
        if code:
            yield Text(language(label), style="dim")
            yield Padding(_highlighted(code), (0, 0, 1, 4))
    if mistake.page:
        yield Text.assemble((language(say("see")), "dim"), f" {mistake.page}")


def _highlighted(code: str) -> Text:
    """Python in the terminal's own colours; plain where it has none."""
    text = Syntax("", "python", theme="ansi_dark").highlight(code)
    text.rstrip()
    return text
