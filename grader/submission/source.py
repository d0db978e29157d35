"""Reads what was handed in as a person wrote it, to be shown beside what was found in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from grader.models.message import clean
from grader.submission.read import MAX_SIZE, SCRIPT_CELL, owner

MAX_TEXT = 50_000
"""Characters of a cell that are shown."""
MAX_CELLS = 1_000


@dataclass(frozen=True)
class SourceCell:
    """One cell.

    Attributes:
        code: whether it is code, or text in Markdown.
        number: of the code cell in a notebook, from 1; None for text, and in a script.
        line: where its text begins: 1 in a notebook, the line of the file in a script.
        exercise: that it belongs to.
    """

    text: str
    code: bool
    number: int | None
    line: int
    exercise: str | None


def read_source(path: Path) -> tuple[SourceCell, ...]:
    """The cells of a notebook or script in order; none where it cannot be read."""
    try:
        if path.stat().st_size > MAX_SIZE:
            return ()
        text = path.read_bytes().decode("utf-8-sig")
        cells = _of_notebook(text) if path.suffix.lower() == ".ipynb" else _of_script(text)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return ()
    return tuple(cells[:MAX_CELLS])


def _of_notebook(text: str) -> list[SourceCell]:
    cells: list[SourceCell] = []
    numbers = 0
    for cell in json.loads(text)["cells"]:
        code, content = cell["cell_type"] == "code", "".join(cell["source"])
        numbers += code
        exercise = owner(content, cell.get("metadata")) if code else None
        cells.append(SourceCell(_cut(content), code, numbers if code else None, 1, exercise))
    return cells


def _of_script(text: str) -> list[SourceCell]:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    starts = sorted({0, *(place for place, line in enumerate(lines) if SCRIPT_CELL.match(line))})
    cells: list[SourceCell] = []
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        part = "\n".join(lines[start:end])
        title = SCRIPT_CELL.match(lines[start])
        if title and "[markdown]" in title[1]:
            words = "\n".join(line.removeprefix("#").removeprefix(" ") for line in lines[start + 1 : end])
            cells.append(SourceCell(_cut(words), False, None, start + 1, None))
        else:
            cells.append(SourceCell(_cut(part), True, None, start + 1, owner(part, None)))
    return cells


def _cut(text: str) -> str:
    return clean(text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + " …")
