"""The report in words: pure functions, shared by the terminal and pytest."""

from __future__ import annotations

from typing import Protocol

from grader.models.message import Localized, Message


class FourParts(Protocol):
    """What a failed check says."""

    @property
    def called(self) -> Message | None: ...
    @property
    def expected(self) -> Message | None: ...
    @property
    def observed(self) -> Message | None: ...
    @property
    def hint(self) -> Localized | Message | None: ...
    @property
    def cell(self) -> int | None: ...
    @property
    def line(self) -> int | None: ...


def text(said: Localized | Message | None) -> str:
    """A text of either kind in English; empty for none."""
    if said is None:
        return ""
    return said.text if isinstance(said, Message) else said.en


def place(cell: int | None, line: int | None) -> str:
    """`cell 7, line 3`, as far as it is known."""
    parts = [f"cell {cell}"] if cell is not None else []
    parts += [f"line {line}"] if line is not None else []
    return ", ".join(parts)


def labelled(failure: FourParts) -> list[tuple[str, str]]:
    """The parts of a failure that there are, with their names."""
    rows = [
        ("called", text(failure.called)),
        ("expected", text(failure.expected)),
        ("observed", text(failure.observed)),
        ("where", place(failure.cell, failure.line)),
        ("hint", text(failure.hint)),
    ]
    return [(label, said) for label, said in rows if said]


def four_parts(failure: FourParts) -> str:
    """A failure as plain text, a line for each part."""
    return "\n".join(f"{label:>9}: {said}" for label, said in labelled(failure))
