"""Reads what was handed in as a person wrote it, to be shown beside what was found in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from grader.errors import SubmissionError
from grader.models.message import clean
from grader.submission.file_lines import lines_in_file
from grader.submission.read import read_file, read_notebook, read_script

MAX_TEXT = 50_000
"""Characters of a cell that are shown."""
MAX_SHOWN = 200_000
"""The same of all cells: to colour them takes some seconds."""
MAX_CELLS = 1_000


@dataclass(frozen=True)
class SourceCell:
    """One cell.

    Attributes:
        code: whether it is code, or text in Markdown.
        number: of the cell in a notebook, from 1; None for text, and in a script.
        line: where its text begins: 1 in a notebook, the line of the file in a script.
        more: whether there is more in the file, of it or behind it, that is not shown.
    """

    text: str
    code: bool
    number: int | None
    line: int
    more: bool = False


def read_source(path: Path, data: bytes | None = None) -> tuple[SourceCell, ...]:
    """The cells of a notebook or script in order, as many as are shown; none where it cannot be read.

    Args:
        data: what is read in the place of the file's content.
    """
    try:
        data = read_file(path) if data is None else data
        cells = _of_notebook(data, path) if path.suffix.lower() == ".ipynb" else _of_script(data, path)
        return tuple(_shown(cells))
    except SubmissionError:
        return ()


def read_rows(path: Path) -> dict[int, list[int]]:
    """Of a notebook, the lines of its file as `lines_in_file` has them; nothing of a script."""
    try:
        return lines_in_file(read_file(path)) if path.suffix.lower() == ".ipynb" else {}
    except SubmissionError:
        return {}


def _shown(cells: Iterator[SourceCell]) -> list[SourceCell]:
    """As much as is shown."""
    shown: list[SourceCell] = []
    left = MAX_SHOWN
    for cell in cells:
        if len(shown) == MAX_CELLS or not left:
            shown[-1] = replace(shown[-1], more=True)
            break
        most = min(left, MAX_TEXT)
        shown.append(replace(cell, text=clean(cell.text[:most]), more=len(cell.text) > most))
        left -= min(len(cell.text), most)
    return shown


def _of_notebook(data: bytes, path: Path) -> Iterator[SourceCell]:
    for number, cell in enumerate(read_notebook(data, path).cells, 1):
        yield SourceCell(cell.text, cell.code, number if cell.code else None, 1)


def _of_script(data: bytes, path: Path) -> Iterator[SourceCell]:
    for part in read_script(data, path):
        words = part.markdown
        yield SourceCell(part.text if words is None else words, words is None, None, part.start + 1)
