"""Reads what was handed in, a notebook or a script, into cells."""

from __future__ import annotations

import hashlib
import json
import re
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import nbformat
from IPython.core.inputtransformer2 import TransformerManager

from grader.errors import SubmissionError
from grader.models.cells import Cell, Submission

MAX_SIZE = 64 << 20
MAX_CODE = 3 << 20
"""Bytes of what is sent to a guest of all cells, which must fit in one frame."""
_BESIDE = 100  # of them, for each cell, beside its texts
_MARKER = re.compile(r"^[ \t]*#[ \t]*exercise:[ \t]*([\w.-]+)[ \t]*\r?$", re.MULTILINE)
_MAGIC = re.compile(r"^[ \t]*[%!?]|[!?][ \t]*$|=[ \t]*[%!]", re.MULTILINE)
MAX_WORK = 400_000
"""Characters that IPython's own syntax is looked for in, in all cells: IPython reads a cell again for each magic."""
SCRIPT_CELL = re.compile(r"^#\s*%%(.*)$")


def read_submission(path: Path) -> Submission:
    """Read a `.ipynb` (nbformat 4.0 to 4.5) or a `.py` with `# %%` cells or none.

    An exercise owns a cell by the cell's metadata (`grader.exercise`), or by a
    comment line `# exercise: ID` in it.

    Raises:
        SubmissionError: when the file is missing, too large, or not what its name says.
    """
    if path.is_dir():
        raise SubmissionError(f"{path} is a folder.", "Give the notebook (.ipynb) or script (.py) itself.")
    try:
        size = path.stat().st_size
        if size > MAX_SIZE:
            raise SubmissionError(
                f"{path} has {size >> 20} MiB; at most {MAX_SIZE >> 20} MiB are read.",
                "Clear the outputs of the notebook and save it again.",
            )
        data = path.read_bytes()
    except OSError as error:
        raise SubmissionError(f"{path} cannot be read: {error.strerror}.", "Check the path.") from None
    if path.suffix.lower() == ".ipynb":
        cells = _notebook_cells(data, path)
    elif path.suffix.lower() == ".py":
        cells = _script_cells(data, path)
    else:
        raise SubmissionError(f"{path} is neither a notebook nor a script.", "Hand in a .ipynb or a .py file.")
    sent = sum(len(json.dumps([cell.source, cell.filename, cell.exercise])) + _BESIDE for cell in cells)
    if sent > MAX_CODE:
        raise _too_much(path)
    return Submission(name=path.name, sha256=hashlib.sha256(data).hexdigest(), cells=tuple(cells))


def _too_much(path: Path) -> SubmissionError:
    return SubmissionError(
        f"{path} has more code than the {MAX_CODE >> 20} MiB that are graded.",
        "Leave out what the assignment does not ask for; data belongs in files.",
    )


def _notebook_cells(data: bytes, path: Path) -> list[Cell]:
    advice = "Open it in Jupyter and save it again, or download it once more."
    try:
        content = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise SubmissionError(f"{path} is not a notebook: it is not JSON ({error}).", advice) from None
    version = content.get("nbformat") if isinstance(content, dict) else None
    if not isinstance(version, int):
        raise SubmissionError(f"{path} is JSON but not a notebook: it has no nbformat number.", advice)
    if version != 4:
        raise SubmissionError(f"{path} is a notebook of format {version}; formats 4.0 to 4.5 are read.", advice)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            notebook = nbformat.from_dict(content)
            cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
            texts = [("".join(c.source), c) for c in cells]
    except (AttributeError, TypeError, ValueError, RecursionError) as error:
        raise SubmissionError(f"{path} is not a valid notebook: {error}.", advice) from None
    sources = _as_python([text for text, _ in texts])
    return [
        _cell(number, text, source, owner(text, cell.get("metadata")), f"<cell {number}>")
        for number, ((text, cell), source) in enumerate(zip(texts, sources, strict=True), 1)
    ]


def _script_cells(data: bytes, path: Path) -> list[Cell]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SubmissionError(f"{path} is not UTF-8 text: {error}.", "Save it as UTF-8.") from None
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    starts = [0] + [place for place, line in enumerate(lines) if SCRIPT_CELL.match(line)]
    starts = sorted(set(starts))
    if sum(starts) > MAX_CODE:  # each part has a line end for every line before it
        raise _too_much(path)
    cells = []
    parts = ["\n".join(lines[start:end]) for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)]
    for place, (start, part, source) in enumerate(zip(starts, parts, _as_python(parts), strict=True)):
        title = SCRIPT_CELL.match(lines[start]) if lines else None
        if title and "[markdown]" in title[1]:
            continue
        # The lines before keep their numbers, so that a person finds the place in the file.
        cells.append(_cell(None, part, "\n" * start + source, owner(part, None), f"<script part {place}>"))
    return cells


def owner(text: str, metadata: Any) -> str | None:
    """The exercise a cell belongs to: by a comment line in it, else by its metadata."""
    try:
        named = metadata["grader"]["exercise"]
    except (KeyError, TypeError):
        named = None
    marker = _MARKER.search(text)
    if marker:
        return marker[1]
    return named if isinstance(named, str) else None


def _cell(number: int | None, text: str, source: str, exercise: str | None, filename: str) -> Cell:
    return Cell(number=number, source=source, filename=filename, exercise=exercise, text=text)


def _as_python(texts: list[str]) -> Iterator[str]:
    """Cells with IPython's own syntax as calls.

    Text that is not even that, or has too much of it, is left for the compiler to refuse.
    """
    left = MAX_WORK
    for text in texts:
        work = len(text) * len(_MAGIC.findall(text))
        if 0 < work <= left:
            left -= work
            with suppress(Exception), warnings.catch_warnings():  # IPython raises whatever befalls it
                warnings.simplefilter("ignore")
                text = str(TransformerManager().transform_cell(text))
        yield text
