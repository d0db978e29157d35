"""Reads what was handed in, a notebook or a script, into cells."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager

from grader.errors import SubmissionError
from grader.models.cells import Cell, Submission
from grader.models.message import clean, spelled

MAX_SIZE = 64 << 20
"""Bytes of a file that is read."""
MAX_KEPT = 32 << 20
"""Bytes of a notebook without what its cells have put out."""
MAX_PARTS = 1_000_000
"""Texts, lists and objects of a notebook's JSON, and commas but those in outputs."""
MAX_DEPTH = 100
MAX_CELLS = 5_000
MAX_CODE = 3 << 20
"""Bytes of what is sent to a guest of all cells, which must fit in one frame."""
_BESIDE = 100  # of them, for each cell, beside its texts
MAX_NAME = 100
"""Characters of an exercise's name in a cell."""
_MARKER = re.compile(r"^[ \t]*#[ \t]*exercise:[ \t]*([\w.-]+)[ \t]*\r?$", re.MULTILINE)
_MAGIC = re.compile(r"^[ \t]*[%!?,;/]|[!?][ \t]*$|=[ \t]*[%!]|\A\s*(?:[ \t]\S|>>>|In ?\[)", re.MULTILINE)
_LINE_END = re.compile(r"\r\n?")
_BLANK_LINES = re.compile(r"(?:[ \t]*\r?\n)*")
MAX_WORK = 400_000
"""Characters that IPython's own syntax is looked for in, in all cells: IPython reads a cell again for each magic."""
SCRIPT_CELL = re.compile(r"^#\s*%%(.*)$")

_PART = re.compile(rb'"[^"]*+"?|[][{},]')
_PART_OF_OUTPUT = re.compile(rb'"[^"]*+"?|[][{}]')  # a plot may hold any number of numbers
_VALUE = re.compile(rb"\s*+:\s*+(?=[\[{])")
_OF_A_CELL = 3
"""Brackets that are open beside a cell's keys: those of the notebook, of the list of cells, of the cell."""
_NOT_NEEDED = (b'"outputs"', b'"attachments"')
_CLEAR = "Clear the outputs of the notebook and save it again."
_SAVE_AGAIN = "Open it in Jupyter and save it again, or download it once more."


@dataclass(frozen=True)
class RawCell:
    """A notebook's cell as it stands in the file."""

    code: bool
    text: str
    metadata: Any


def read_submission(path: Path) -> Submission:
    """Read a `.ipynb` (nbformat 4.0 to 4.5) or a `.py` with `# %%` cells or none.

    An exercise owns a cell by the cell's metadata (`grader.exercise`), or by a
    comment line `# exercise: ID` in it.

    Raises:
        SubmissionError: when the file is missing, too large, or not what its name says.
    """
    data = read_file(path)
    if path.suffix.lower() == ".ipynb":
        cells = _notebook_cells(data, path)
    elif path.suffix.lower() == ".py":
        cells = _script_cells(data, path)
    else:
        raise SubmissionError(f"{_named(path)} is neither a notebook nor a script.", "Hand in a .ipynb or a .py file.")
    sent = sum(len(json.dumps([cell.source, cell.filename, cell.exercise])) + _BESIDE for cell in cells)
    if sent > MAX_CODE:
        raise _too_much(path)
    return Submission(name=spelled(path.name), sha256=hashlib.sha256(data).hexdigest(), cells=tuple(cells))


def read_file(path: Path) -> bytes:
    """The bytes of a file. What is no plain file, and may never end, is not read.

    Raises:
        SubmissionError: when it cannot be read, or is too large.
    """
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                raise SubmissionError(f"{_named(path)} is not a file.", "Give the notebook (.ipynb) or script (.py).")
            data = file.read(MAX_SIZE + 1) if about.st_size <= MAX_SIZE else b""
    except IsADirectoryError:
        raise SubmissionError(
            f"{_named(path)} is a folder.", "Give the notebook (.ipynb) or script (.py) itself."
        ) from None
    except OSError as error:
        raise SubmissionError(f"{_named(path)} cannot be read: {error.strerror}.", "Check the path.") from None
    size = max(about.st_size, len(data))
    if size > MAX_SIZE:
        raise SubmissionError(f"{_named(path)} has {size >> 20} MiB; at most {MAX_SIZE >> 20} MiB are read.", _CLEAR)
    return data


def _open_at_once(path: str, flags: int) -> int:
    """Open without waiting for another end, as that of a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _named(path: Path) -> str:
    return clean(str(path))


def _too_much(path: Path) -> SubmissionError:
    return SubmissionError(
        f"{_named(path)} has more code than the {MAX_CODE >> 20} MiB that are graded.",
        "Leave out what the assignment does not ask for; data belongs in files.",
    )


def _too_many(path: Path, number: int) -> SubmissionError:
    return SubmissionError(
        f"{_named(path)} has {number:,} cells; at most {MAX_CELLS:,} are graded.", "Leave out what was not asked for."
    )


def read_notebook(data: bytes, path: Path) -> list[RawCell]:
    """All cells of a notebook, without their outputs.

    Raises:
        SubmissionError: when it is none, or larger than any that is worked in.
    """
    try:
        content = json.loads(_without_outputs(data, path).decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise SubmissionError(f"{_named(path)} is not a notebook: it is not JSON ({error}).", _SAVE_AGAIN) from None
    version = content.get("nbformat") if isinstance(content, dict) else None
    if not isinstance(version, int):
        raise SubmissionError(f"{_named(path)} is JSON but not a notebook: it has no nbformat number.", _SAVE_AGAIN)
    if version != 4:
        raise SubmissionError(
            f"{_named(path)} is a notebook of format {str(version)[:20]}; formats 4.0 to 4.5 are read.", _SAVE_AGAIN
        )
    cells = content.get("cells")
    if not isinstance(cells, list):
        raise _invalid(path, "it has no list of cells")
    if len(cells) > MAX_CELLS:
        raise _too_many(path, len(cells))
    return [_raw_cell(cell, path) for cell in cells]


def _without_outputs(data: bytes, path: Path) -> bytes:
    """A notebook's JSON with `null` for what cells have put out, whose images may be most of the file.

    It is looked through before it is parsed, which takes the more memory the more parts it has.

    Raises:
        SubmissionError: when it has more parts than any notebook that is worked in, or is nested deeper.
    """
    plain = data.replace(rb"\\", b"__").replace(rb"\"", b"__")  # the same length; every quote begins or ends a text
    kept: list[bytes] = []
    pattern = _PART
    start = position = depth = parts = 0
    while found := pattern.search(plain, position):
        position = found.end()
        parts += 1
        if parts > MAX_PARTS:
            raise SubmissionError(f"{_named(path)} has more than {MAX_PARTS:,} parts in its JSON.", _CLEAR)
        match plain[found.start() : found.start() + 1]:
            case b'"' if depth == _OF_A_CELL and pattern is _PART and found[0] in _NOT_NEEDED:
                if value := _VALUE.match(plain, position):
                    position = value.end()
                    kept += (data[start:position], b"null")
                    pattern = _PART_OF_OUTPUT
            case b"[" | b"{":
                depth += 1
                if depth > MAX_DEPTH:
                    raise _invalid(path, f"it is nested more than {MAX_DEPTH} levels deep")
            case b"]" | b"}":
                depth -= 1
                if depth == _OF_A_CELL and pattern is _PART_OF_OUTPUT:
                    start = position
                    pattern = _PART
    kept.append(data[start:] if pattern is _PART else b"")
    if sum(map(len, kept)) > MAX_KEPT:
        raise SubmissionError(
            f"{_named(path)} has more than {MAX_KEPT >> 20} MiB beside the outputs of its cells.",
            "Leave out images and data that are in its texts.",
        )
    return b"".join(kept)


def _raw_cell(cell: Any, path: Path) -> RawCell:
    if not isinstance(cell, dict) or not isinstance(cell.get("cell_type"), str):
        raise _invalid(path, "it has a cell without a type")
    code = cell["cell_type"] == "code"
    source = cell.get("source", None if code else "")
    lines: list[Any] = source if isinstance(source, list) else [source]
    if not all(isinstance(line, str) for line in lines):
        raise _invalid(path, "it has a cell without a text")
    return RawCell(code, _LINE_END.sub("\n", "".join(lines)), cell.get("metadata"))


def _invalid(path: Path, reason: str) -> SubmissionError:
    return SubmissionError(f"{_named(path)} is not a valid notebook: {reason}.", _SAVE_AGAIN)


def _notebook_cells(data: bytes, path: Path) -> list[Cell]:
    raw = [cell for cell in read_notebook(data, path) if cell.code]
    if sum(len(cell.text) for cell in raw) > MAX_CODE:
        raise _too_much(path)
    sources = _as_python([cell.text for cell in raw])
    return [
        _cell(number, cell.text, source, owner(cell.text, cell.metadata), f"<cell {number}>")
        for number, (cell, source) in enumerate(zip(raw, sources, strict=True), 1)
    ]


def read_script(data: bytes, path: Path) -> tuple[list[str], list[int]]:
    """A script's lines, and where each of its parts begins.

    Raises:
        SubmissionError: when it is no text, or too long.
    """
    if len(data) > MAX_CODE:
        raise _too_much(path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SubmissionError(f"{_named(path)} is not UTF-8 text: {error}.", "Save it as UTF-8.") from None
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    starts = sorted({0, *(place for place, line in enumerate(lines) if SCRIPT_CELL.match(line))})
    if len(starts) > MAX_CELLS:
        raise _too_many(path, len(starts))
    return lines, starts


def _script_cells(data: bytes, path: Path) -> list[Cell]:
    lines, starts = read_script(data, path)
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
        named = marker[1]
    return named if isinstance(named, str) and len(named) <= MAX_NAME else None


def _cell(number: int | None, text: str, source: str, exercise: str | None, filename: str) -> Cell:
    return Cell(number=number, source=source, filename=filename, exercise=exercise, text=text)


def _lines_before(text: str) -> str:
    """The blank lines that IPython takes from the front, which count in a line's number."""
    blank = _BLANK_LINES.match(text)
    return "\n" * blank[0].count("\n") if blank else ""


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
                text = _lines_before(text) + str(TransformerManager().transform_cell(text))
        yield text
