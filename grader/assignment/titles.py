"""Titles that the spec leaves to the notebook: its headings."""

from __future__ import annotations

from collections.abc import Mapping

from grader.assignment.spec import NO_TITLE, Assignment
from grader.models.cells import Heading
from grader.models.message import Localized
from grader.models.wording import Code
from grader.submission.read import MARKER, RawNotebook, headings_in

Owners = Mapping[int, tuple[str, ...]]
"""The exercises that own a notebook's code cells, by their numbers."""
_WHOLE = ""


def with_titles(spec: Assignment, notebooks: Mapping[Code, tuple[RawNotebook, Owners]]) -> Assignment:
    """A spec in which whatever had no title has that of its heading, or its id where there is none."""
    found = {code: _titles(notebook, owners) for code, (notebook, owners) in notebooks.items()}

    def titled(title: Localized, name: str, id: str) -> Localized:
        if title is not NO_TITLE:
            return title
        said = {code: titles[name] for code, titles in found.items() if name in titles}
        return Localized(**{"en": id, **said})

    exercises = tuple(one.model_copy(update={"title": titled(one.title, one.id, one.id)}) for one in spec.exercises)
    return spec.model_copy(update={"title": titled(spec.title, _WHOLE, spec.id), "exercises": exercises})


def _titles(notebook: RawNotebook, owners: Owners) -> dict[str, str]:
    """What stands above each exercise's first cell, and the notebook's own title."""
    titles: dict[str, str] = {}
    above: list[Heading] = []
    met: set[str] = set()
    for number, cell in enumerate(notebook.cells, 1):
        above += [] if cell.code else headings_in(cell.text)
        if above and _WHOLE not in titles:
            titles[_WHOLE] = above.pop(0).text
        marked = () if cell.code else tuple(mark[1].strip() for mark in MARKER.finditer(cell.text))
        exercises = owners.get(number, ()) if cell.code else marked
        if above and exercises:
            titles |= dict.fromkeys({*exercises} - met, _nearest(above))
        if exercises:
            met, above = met | {*exercises}, []
    return titles


def _nearest(headings: list[Heading]) -> str:
    """The heading of an exercise, among those since the one before: neither of a chapter nor of a part of it."""
    level = min(heading.level for heading in [one for one in headings if one.level > 1] or headings)
    return next(heading.text for heading in reversed(headings) if heading.level == level)
