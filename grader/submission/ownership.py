"""Whose answer a cell is.

A marker says it, `# exercise: ID`, in a comment of the cell or in its metadata. CellRule an exercise has
none, the spec may say where its answer is found (`cells`). In a notebook without any marker, the cells
that define what an exercise is about are its cells.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated

from pydantic import BeforeValidator, Field, field_validator, model_validator

from grader.models.cells import Cell, Marked, Submission
from grader.models.message import Localized, Message, Text, clean, joined, say
from grader.models.model import Model
from grader.models.wording import place
from grader.processor_time import TooLong, at_most
from grader.submission.bindings import Bound, bound_names, can_be_read, changed_names
from grader.submission.read import MARKER, MAX_ASTRAY, MAX_TAGS

SEARCHING = 2.0
"""Seconds of computing for a spec's expression in all cells."""
MAX_NOTES = 10
_NUMBER = re.compile(r"^(\d+(\.\d+)*[.):]?|[A-Za-z][.)])\s+")
_SIGNS = re.compile(r"^[^\w]+|[^\w]+$")
_ID = re.compile(r"[\w.-]+")


_ONE_OR_SEVERAL = BeforeValidator(
    lambda names: (names,) if isinstance(names, str) else names, json_schema_input_type=str | tuple[str, ...]
)


class CellRule(Model):
    """CellRule the answer to an exercise is, in notebooks without markers; one of three, also where `graded_as` fails.

    Attributes:
        graded_as: names that other graders know its cells by: nbgrader's `grade_id`, or the one in the next
            `grader.check("...")` of Otter's.
        heading: the text of a heading, in each language; its cells are those up to the next one of its level, or above.
        matches: a regular expression; cells in which it is found.
        defines: a name, or several; cells that bind one of them.
    """

    graded_as: Annotated[tuple[str, ...], _ONE_OR_SEVERAL] = ()
    heading: Text | None = None
    matches: str | None = Field(default=None, min_length=1)
    defines: Annotated[tuple[Annotated[str, Field(pattern=r"^[^\W\d]\w*$")], ...], _ONE_OR_SEVERAL] = ()

    @field_validator("matches")
    @classmethod
    def _is_expression(cls, text: str | None) -> str | None:
        try:
            re.compile(text or "")
        except re.error as error:
            raise ValueError(f"{text!r} is not a regular expression: {error}") from None
        return text

    @model_validator(mode="after")
    def _one(self) -> CellRule:
        others = len([name for name in ("heading", "matches", "defines") if getattr(self, name)])
        if others > 1 or not (others or self.graded_as):
            raise ValueError("give one of `heading`, `matches` and `defines`")
        return self


@dataclass(frozen=True)
class Claim:
    """What is known of an exercise's answer before it is seen.

    Attributes:
        asked: gives the names that its checks ask for.
        in_texts: whether a person grades it, who finds the answer in texts, too.
    """

    exercise: str
    where: CellRule | None
    asked: Callable[[], frozenset[str]]
    in_texts: bool = False

    @cached_property
    def names(self) -> frozenset[str]:
        return self.asked()


def with_owners(submission: Submission, claims: Sequence[Claim]) -> Submission:
    """A submission with each cell given to the exercises that own it.

    Args:
        claims: of all exercises, in their order.
    """
    found = _Found(submission, claims)
    owners: dict[int, list[str]] = {}
    unanswered: dict[str, Message] = {}
    notes = [*submission.notes, *found.notes[:MAX_NOTES]]
    unmarked = not any(found.marked.values())
    guessed = False
    for claim in claims:
        own = found.marked[claim.exercise]
        if not own and claim.where:
            own = _search(submission, claim.where)
        if not own and unmarked and claim.names:
            own = found.definers(claim)
            guessed = guessed or bool(own)
            if own and claim.where:
                notes.append(found.why_not(claim, unmarked))
        for index in own:
            owners.setdefault(index, []).append(claim.exercise)
        if not own and not claim.in_texts and not (unmarked and not claim.where and _may_hold(submission, claim)):
            unanswered[claim.exercise] = reason = found.why_not(claim, unmarked)
            if found.strayed(claim.exercise):
                notes.append(reason)
            elif not unmarked and (note := found.unmarked_answer(claim)):
                notes.append(note)
    if not any(cell.text.strip() for cell in submission.cells):
        notes.append(say("there is no code in it"))
    if guessed:
        notes.append(say("no cell carries a marker, so an exercise's cells are those that define what it asks for"))
    cells = (cell.model_copy(update={"exercises": tuple(owners.get(i, ()))}) for i, cell in enumerate(submission.cells))
    return submission.model_copy(update={"cells": tuple(cells), "notes": tuple(notes), "unanswered": unanswered})


def _may_hold(submission: Submission, claim: Claim) -> bool:
    """Whether a notebook without markers may hold an answer in no cell that can be named."""
    return not claim.names or not all(can_be_read(cell.source) for cell in submission.cells)


@dataclass
class _Found:
    """The markers of a submission.

    Attributes:
        marked: the cells of each exercise, by their places.
        notes: what was not understood.
        near: an exercise that was perhaps meant by a marker that was not understood, with what was said of it.
    """

    submission: Submission
    claims: Sequence[Claim]
    marked: dict[str, list[int]] = field(default_factory=dict)
    notes: list[Message] = field(default_factory=list)
    near: dict[str, Message] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._known = [claim.exercise for claim in self.claims]
        named = [self._named(cell) for cell in self.submission.cells]
        for exercise in self._known:
            marked = [index for index, names in enumerate(named) if exercise in names]
            tagged = [i for i, cell in enumerate(self.submission.cells) if exercise in cell.tags and not named[i]]
            self.marked[exercise] = sorted({*marked, *self._not_scratch(marked, tagged)})

    def _named(self, cell: Cell) -> list[str]:
        """The exercises that the markers in a cell's text name."""
        names: list[str] = []
        for found in list(MARKER.finditer(cell.text))[:MAX_TAGS]:
            names += self._understood(cell.number, found[0].strip(), found[1].strip())
        for tag in cell.tags:
            if tag not in self._known:
                self._not_understood(cell.number, f"grader.exercise: {tag}", tag)
        return names

    def _understood(self, number: int | None, marker: str, text: str) -> list[str]:
        """What one marker names: ids, or an id and further words."""
        words = _ID.findall(text)
        if words and all(word in self._known for word in words):
            return words
        if words and words[0] in self._known and text.startswith(words[0]):
            return words[:1]
        if len(words) == 1:  # more are a sentence
            self._not_understood(number, marker, words[0])
        return []

    def _not_understood(self, number: int | None, marker: str, name: str) -> None:
        if len(self.notes) >= MAX_ASTRAY:  # nobody misspells more
            return
        where, marker = place(number, None), clean(marker[:100])
        near = difflib.get_close_matches(name, self._known, n=1)
        said = (
            say("`{marker}` names no exercise; did you mean `{near}`?", marker=marker, near=near[0])
            if near
            else say("`{marker}` names no exercise of this assignment", marker=marker)
        )
        note = joined([where, said], ": ") if where else said
        self.notes.append(note)
        if near:
            self.near.setdefault(near[0], note)

    def _not_scratch(self, marked: list[int], tagged: list[int]) -> Iterable[int]:
        """Cells that have an exercise's metadata alone: not those that bind again what its marked cells bind.

        A copy of a cell takes its metadata along, and its two halves have both the same.
        """
        bound = {name for index in marked for name in bound_names(self.submission.cells[index].source)}
        return (index for index in tagged if not bound & bound_names(self.submission.cells[index].source).keys())

    def definers(self, claim: Claim) -> list[int]:
        """The cells that define what an exercise asks for.

        CellRule several exercises ask for one name, and as many cells bind it, these are theirs one after the other.
        """
        places: set[int] = set()
        for name in claim.names:
            binders = [index for index, bound in enumerate(self._bound) if name in bound]
            sharing = [other for other in self.claims if name in other.names]
            if len(sharing) == len(binders):
                places.add(binders[sharing.index(claim)])
            else:
                places.update(index for index, changed in enumerate(self._changed) if name in changed)
        return sorted(places)

    @cached_property
    def _bound(self) -> list[Mapping[str, Bound]]:
        return [bound_names(cell.source) for cell in self.submission.cells]

    @cached_property
    def _changed(self) -> list[Collection[str]]:
        return [changed_names(cell.source) for cell in self.submission.cells]

    def unmarked_answer(self, claim: Claim) -> Message | None:
        """That a cell of no exercise defines what one without a cell asks for."""
        owned = {index for places in self.marked.values() for index in places}
        for index, bound in enumerate(self._bound):
            names = sorted(claim.names & set(bound))
            cell = self.submission.cells[index]
            if names and index not in owned and not cell.tags and not MARKER.search(cell.text):
                said = say(
                    "it defines `{name}` and carries no marker; write `# exercise: {exercise}` into it",
                    name=names[0],
                    exercise=claim.exercise,
                )
                where = place(cell.number, bound[names[0]].line)
                return joined([where, said], ": ") if where else said
        return None

    def strayed(self, exercise: str) -> Marked | None:
        """A marker of an exercise that stands in a text."""
        return next((astray for astray in self.submission.astray if astray.name == exercise), None)

    def why_not(self, claim: Claim, unmarked: bool) -> Message:
        """Why an exercise owns no cell."""
        name = claim.exercise
        if name in self.near:
            return self.near[name]
        if astray := self.strayed(name):
            said = say("the marker `# exercise: {name}` stands in a text, which does not run; make it code", name=name)
            where = place(astray.number, None)
            return joined([where, said], ": ") if where else said
        match claim.where:
            case CellRule(heading=Localized() as text):
                return say("there is no code cell under the heading {heading}", heading=text)
            case CellRule(matches=str(text)):
                return say("no cell matches {expression}", expression=text)
            case CellRule(defines=(_, *_) as names):
                return say("no cell defines `{names}`", names="`, `".join(names))
            case CellRule(graded_as=(_, *_) as names):
                return say("no cell matches {expression}", expression=", ".join(names))
        if unmarked:
            return say("no cell defines `{names}`", names="`, `".join(sorted(claim.names)))
        return say("no cell carries the marker `# exercise: {name}`", name=name)


def _search(submission: Submission, where: CellRule) -> list[int]:
    """The places of the cells in which a spec says that an answer is."""
    cells = submission.cells
    if known := [index for index, cell in enumerate(cells) if not set(where.graded_as).isdisjoint(cell.graded_as)]:
        return known
    if where.heading is not None:
        return _below(cells, {plain_heading(text) for text in (where.heading.en, where.heading.ko) if text})
    if where.defines:
        return [i for i, cell in enumerate(cells) if not changed_names(cell.source).isdisjoint(where.defines)]
    if where.matches is None:
        return []
    pattern = re.compile(where.matches, re.MULTILINE)
    try:
        with at_most(SEARCHING):
            return [index for index, cell in enumerate(cells) if pattern.search(cell.text)]
    except (TooLong, MemoryError):
        return []


def _below(cells: Sequence[Cell], texts: Collection[str]) -> list[int]:
    """The places of the cells below a heading, up to the next one of its level or above."""
    found = []
    level: int | None = None
    for index, cell in enumerate(cells):
        for above in cell.headings:
            if plain_heading(above.text) in texts:
                level = above.level
            elif level is not None and above.level <= level:
                level = None
        if level is not None:
            found.append(index)
    return found


def plain_heading(heading: str) -> str:
    """A heading without its number, emphasis, signs around it, and differences of case and space."""
    text = _SIGNS.sub("", _NUMBER.sub("", re.sub(r"[*_`]", "", heading).strip()))
    return " ".join(text.casefold().split())
