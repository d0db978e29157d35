"""Reads what was handed in, a notebook or a script, into cells."""

from __future__ import annotations

import codecs
import hashlib
import io
import json
import os
import re
import stat
import tokenize
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager

from grader.diagnosis.syntax import parse_source
from grader.errors import SubmissionError
from grader.import_without import GRAMMAR_OF_IRIS, import_without
from grader.models.cells import Cell, Heading, Marked, Submission
from grader.models.message import Message, clean, say, spelled

MAX_SIZE = 64 << 20
"""Bytes of a file that is read."""
MAX_KEPT = 32 << 20
"""Bytes of a notebook without what its cells have put out."""
MAX_PARTS = 1_000_000
"""Texts, lists and objects of a notebook's JSON, and commas but those in outputs."""
MAX_DEPTH = 100
MAX_CELLS = 5_000
OLDEST, NEWEST = 2, 4
"""The formats of notebooks (nbformat's) that are read."""
MAX_CODE = 3 << 20
"""Bytes of what is sent to a guest of all cells, which must fit in one frame."""
_BESIDE = 100  # of them, for each cell, beside its texts
MAX_NAME = 100
"""Characters of an exercise's name in a cell, and of a heading."""
MAX_TAGS, MAX_HEADINGS, MAX_ASTRAY = 50, 100, 50
"""Exercises that one cell is marked for, headings of one text, and markers in texts, that are looked at."""
MARKER = re.compile(r"^[ \t]*#+[ \t]*exercise[ \t]*[:\uff1a](.*)$", re.MULTILINE | re.IGNORECASE)
"""A line that says whose answer a cell is; a Korean keyboard may make its colon a wide one."""
_MAGIC = re.compile(r"^[ \t]*[%!?,;/]|[!?][ \t]*$|=[ \t]*[%!]|\A\s*(?:[ \t]\S|>>>|In ?\[)", re.MULTILINE)
_BARE_INSTALL = re.compile(r"^(?=(?:pip|conda|mamba) (?:un)?install\b)", re.MULTILINE)
"""A magic without its sign, as IPython takes it where it stands alone."""
_CHECKED = re.compile(
    r"""^[ \t]*(?:\w+[ \t]*=[ \t]*)?(?:grader|ok)\.(?:check|grade)\([ \t]*["']([^"'\n]{1,100})["']""", re.MULTILINE
)
"""A call of Otter's, or of ok's, that has a question checked."""
_LINE_END = re.compile(r"\r\n?")
_BLANK_LINES = re.compile(r"(?:[ \t]*\r?\n)*")
_OUR_CELL = re.compile(r"\A(\s*)%%grade\b.*")
_OUR_LINE = re.compile(r"^([ \t]*)%(?:grade|hint|progress|(?:re|un)?load_ext[ \t]+grader)\b.*", re.MULTILINE)
"""The magics of `grader.kernel`: they are not run while they grade."""
MAX_WORK = 400_000
"""Characters that IPython's own syntax is looked for in, in all cells: IPython reads a cell again for each magic."""
SCRIPT_CELL = re.compile(r"^#\s*(?:%%(.*)|In\s?\[[ \d]*\]:\s*)$")
"""The line that begins a cell of a script: `# %%`, as editors write it, or `# In[7]:`, as nbconvert does."""
_COMMENTED = re.compile(r"^# (?=#{1,6}[ \t])", re.MULTILINE)
_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t](.*)$", re.MULTILINE)
_FIRST_LINES = 4_096  # bytes
_ENCODINGS = {"cp949", "euc-kr", "euc_kr", "cp1252", "iso-8859-1"}  # the time that each takes grows with the length
_PYTHON = re.compile(r"i?python", re.IGNORECASE)

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
    prompt: int | None


@dataclass(frozen=True)
class RawNotebook:
    """A notebook without its outputs.

    Attributes:
        language: of its kernel; empty where it does not say.
    """

    cells: list[RawCell]
    language: str


def read_submission(path: Path, data: bytes | None = None) -> Submission:
    """Read a `.ipynb` (nbformat 2 to 4) or a `.py`, whose cells begin at `# %%`, at `# In[n]:` and at markers.

    No cell is given to an exercise yet; see `grader.submission.ownership`.

    Args:
        data: what is read in the place of the file's content, such as cells that are not saved.

    Raises:
        SubmissionError: when the file is missing, too large, or not what its name says.
    """
    data = read_file(path) if data is None else data
    if path.suffix.lower() == ".ipynb":
        submission = _notebook(data, path)
    elif path.suffix.lower() == ".py":
        submission = _script(data, path)
    else:
        raise SubmissionError(f"{named(path)} is neither a notebook nor a script.", "Hand in a .ipynb or a .py file.")
    sent = sum(len(json.dumps([cell.source, cell.filename, *cell.tags])) + _BESIDE for cell in submission.cells)
    if sent > MAX_CODE:
        raise _too_much(path)
    return submission


def read_file(path: Path) -> bytes:
    """The bytes of a file. What is no plain file, and may never end, is not read.

    Raises:
        SubmissionError: when it cannot be read, or is too large.
    """
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                raise SubmissionError(f"{named(path)} is not a file.", "Give the notebook (.ipynb) or script (.py).")
            data = file.read(MAX_SIZE + 1) if about.st_size <= MAX_SIZE else b""
    except IsADirectoryError:
        raise SubmissionError(
            f"{named(path)} is a folder.", "Give the notebook (.ipynb) or script (.py) itself."
        ) from None
    except OSError as error:
        raise SubmissionError(f"{named(path)} cannot be read: {error.strerror}.", "Check the path.") from None
    size = max(about.st_size, len(data))
    if size > MAX_SIZE:
        raise SubmissionError(f"{named(path)} has {size >> 20} MiB; at most {MAX_SIZE >> 20} MiB are read.", _CLEAR)
    return data


def _open_at_once(path: str, flags: int) -> int:
    """Open without waiting for another end, as that of a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def named(path: Path) -> str:
    """A path as it is said to a person."""
    return clean(str(path))


def _too_much(path: Path) -> SubmissionError:
    return SubmissionError(
        f"{named(path)} has more code than the {MAX_CODE >> 20} MiB that are graded.",
        "Leave out what the assignment does not ask for; data belongs in files.",
    )


def _too_many(path: Path, number: int) -> SubmissionError:
    return SubmissionError(
        f"{named(path)} has {number:,} cells; at most {MAX_CELLS:,} are graded.", "Leave out what was not asked for."
    )


def read_notebook(data: bytes, path: Path) -> RawNotebook:
    """All cells of a notebook, without their outputs.

    Raises:
        SubmissionError: when it is none, or larger than any that is worked in.
    """
    try:
        text = _text(_without_outputs(data, path), "utf-8-sig", path)
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        begins = data.lstrip(b"\xef\xbb\xbf \r\n\t")[:1]
        reason = {b"": "it is empty", b"<": "it is a web page"}.get(begins, f"it is not JSON ({error})")
        raise SubmissionError(f"{named(path)} is not a notebook: {reason}.", _SAVE_AGAIN) from None
    version = content.get("nbformat") if isinstance(content, dict) else None
    if not isinstance(version, int):
        raise SubmissionError(f"{named(path)} is JSON but not a notebook: it has no nbformat number.", _SAVE_AGAIN)
    if version > NEWEST or version < OLDEST:
        raise SubmissionError(
            f"{named(path)} is a notebook of format {str(version)[:20]}; formats {OLDEST} to {NEWEST} are read.",
            _SAVE_AGAIN,
        )
    if version < NEWEST:
        content = _upgraded(text, path)
    cells = content.get("cells")
    if not isinstance(cells, list):
        raise _invalid(path, "it has no list of cells")
    if len(cells) > MAX_CELLS:
        raise _too_many(path, len(cells))
    return RawNotebook([_raw_cell(cell, path) for cell in cells], _language(content.get("metadata")))


def _upgraded(text: str, path: Path) -> dict[str, Any]:
    """A notebook of an older format as one of format 4.

    Raises:
        SubmissionError: where it is not valid in its own format.
    """
    with import_without(GRAMMAR_OF_IRIS):
        import nbformat  # takes as long as all else that reads a notebook, and few need it

    try:
        return dict(nbformat.reads(text, as_version=NEWEST))
    except Exception:  # it takes the parts of an older format for what they should be
        raise _invalid(path, "parts are missing, or are not what a notebook of its older format has") from None


def _language(metadata: Any) -> str:
    """The language of a notebook's kernel, as far as its metadata say."""
    about = metadata if isinstance(metadata, dict) else {}
    for part, key in (("language_info", "name"), ("kernelspec", "language")):
        named = about.get(part)
        if isinstance(named, dict) and isinstance(named.get(key), str):
            return clean(str(named[key])[:MAX_NAME])
    return ""


def _text(data: bytes, encoding: str, path: Path) -> str:
    """Text that is what it should be.

    Raises:
        SubmissionError: naming the encoding that it seems to have instead.
        UnicodeDecodeError: where it seems to have none.
    """
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        if seems := _seems(data):
            raise SubmissionError(
                f"{named(path)} is not UTF-8 text: it seems to be {seems}.", "Save it as UTF-8."
            ) from None
        raise


def _seems(data: bytes) -> str:
    """The encoding of text that is not UTF-8, by its first bytes or by what Korean Windows writes."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "UTF-16"
    with suppress(UnicodeDecodeError):
        data.decode("cp949")
        return "CP949 (EUC-KR)"
    return ""


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
            raise SubmissionError(f"{named(path)} has more than {MAX_PARTS:,} parts in its JSON.", _CLEAR)
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
            f"{named(path)} has more than {MAX_KEPT >> 20} MiB beside the outputs of its cells.",
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
    prompt = cell.get("execution_count")
    known = type(prompt) is int and 0 < prompt < 1_000_000
    return RawCell(code, _LINE_END.sub("\n", "".join(lines)), cell.get("metadata"), prompt if known else None)


def _invalid(path: Path, reason: str) -> SubmissionError:
    return SubmissionError(f"{named(path)} is not a valid notebook: {reason}.", _SAVE_AGAIN)


def _notebook(data: bytes, path: Path) -> Submission:
    raw = read_notebook(data, path)
    code = [cell.text for cell in raw.cells if cell.code]
    if sum(map(len, code)) > MAX_CODE:
        raise _too_much(path)
    sources = _as_python(code)
    cells: list[Cell] = []
    astray: list[Marked] = []
    above: list[Heading] = []
    for number, cell in enumerate(raw.cells, 1):
        if cell.code:
            cells.append(
                Cell(
                    number=number,
                    prompt=cell.prompt,
                    source=next(sources),
                    filename=f"<cell {number}>",
                    text=cell.text,
                    tags=_tags(cell.metadata),
                    graded_as=_grade_id(cell.metadata),
                    headings=tuple(above),
                )
            )
            above = []
        else:
            above += headings_in(cell.text)
            astray += [Marked(number=number, name=name) for name in _astray(cell.text)]
    notes = (
        ()
        if not raw.language or _PYTHON.match(raw.language)
        else (say("the notebook's language is {language}; its cells are run as Python", language=raw.language),)
    )
    return _submission(data, path, cells, astray, notes)


def _submission(
    data: bytes, path: Path, cells: list[Cell], astray: list[Marked], notes: tuple[Message, ...] = ()
) -> Submission:
    digest = hashlib.sha256(data).hexdigest()
    name = spelled(path.name)
    checked = tuple(_with_questions(cells))
    return Submission(name=name, sha256=digest, cells=checked, astray=tuple(astray[:MAX_ASTRAY]), notes=notes)


def _with_questions(cells: list[Cell]) -> Iterator[Cell]:
    """Cells that know the question of Otter's that is checked below them, or in them."""
    above: list[Cell] = []
    for cell in cells:
        above.append(cell)
        if names := tuple(clean(found[1]) for found in islice(_CHECKED.finditer(cell.text), MAX_TAGS)):
            yield from (one.model_copy(update={"graded_as": (*one.graded_as, *names)}) for one in above)
            above = []
    yield from above


def _tags(metadata: Any) -> tuple[str, ...]:
    """The exercises that a cell's metadata name."""
    try:
        named = metadata["grader"]["exercise"]
    except (KeyError, TypeError):
        return ()
    names = named if isinstance(named, list) else [named]
    return tuple(clean(name) for name in names[:MAX_TAGS] if isinstance(name, str) and len(name) <= MAX_NAME)


def _grade_id(metadata: Any) -> tuple[str, ...]:
    """The name that nbgrader knows a cell by."""
    about = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    name = about.get("grade_id") if isinstance(about, dict) else None
    return (clean(name),) if isinstance(name, str) and 0 < len(name) <= MAX_NAME else ()


def headings_in(text: str) -> list[Heading]:
    """The headings of a text in Markdown."""
    found = islice(_HEADING.finditer(text), MAX_HEADINGS)
    return [Heading(level=len(heading[1]), text=heading[2].strip(" \t\r#")[:MAX_NAME]) for heading in found]


def _astray(text: str) -> list[str]:
    """What the markers in a text name."""
    return [clean(found[1].strip()[:MAX_NAME]) for found in islice(MARKER.finditer(text), MAX_TAGS)]


@dataclass(frozen=True)
class Part:
    """A part of a script: a cell, or a text in Markdown.

    Attributes:
        start: lines of the file before it.
    """

    start: int
    lines: list[str]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def markdown(self) -> str | None:
        """Its text, where it is Markdown in a comment."""
        title = SCRIPT_CELL.match(self.lines[0])
        if not title or "[markdown]" not in (title[1] or ""):
            return None
        return "\n".join(line.removeprefix("#").removeprefix(" ") for line in self.lines[1:])

    @property
    def commented_headings(self) -> tuple[list[Heading], list[Heading]]:
        """Headings in its comments, as nbconvert writes a notebook's texts: those above its code, and the others."""
        code = next((place for place, line in enumerate(self.lines) if line.strip() and not line.startswith("#")), None)
        parts = ("\n".join(self.lines[:code]), "" if code is None else "\n".join(self.lines[code:]))
        above, below = ("\n".join(line[2:] for line in part.split("\n") if _COMMENTED.match(line)) for part in parts)
        return headings_in(above), headings_in(below)


def read_script(data: bytes, path: Path) -> list[Part]:
    """The parts of a script in order; each line of the file is in one.

    Raises:
        SubmissionError: when it is no text, or too long.
    """
    if len(data) > MAX_CODE:
        raise _too_much(path)
    try:
        text = _text(data, _declared(data), path)
    except UnicodeDecodeError as error:
        raise SubmissionError(f"{named(path)} is not UTF-8 text: {error}.", "Save it as UTF-8.") from None
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    starts = [0, *_starts(lines)]
    if len(starts) > MAX_CELLS:
        raise _too_many(path, len(starts))
    return [Part(start, lines[start:end]) for start, end in zip(starts, [*starts[1:], len(lines)], strict=True)]


def _declared(data: bytes) -> str:
    """The encoding that a script declares in its first two lines (PEP 263), if people use it; else UTF-8."""
    with suppress(SyntaxError):  # one that there is not
        declared = tokenize.detect_encoding(io.BytesIO(data[:_FIRST_LINES]).readline)[0]
        if declared in _ENCODINGS:
            return declared
    return "utf-8-sig"


def _starts(lines: list[str]) -> list[int]:
    """The lines at which a script's parts begin, but the first.

    A marker begins one where code stands above it in the same part, unless it stands inside a statement.
    """
    tree = parse_source("\n".join(lines))
    inside = {
        line for node in (tree.body if tree else []) for line in range(node.lineno, node.end_lineno or node.lineno)
    }
    starts = []
    code = text = False
    for place, line in enumerate(lines):
        if title := SCRIPT_CELL.match(line):
            code, text = False, "[markdown]" in (title[1] or "")
        elif code and not text and line.startswith("#") and MARKER.match(line) and place not in inside:
            code = False
        else:
            code = code or bool(line.strip() and not line.lstrip().startswith("#"))
            continue
        if place:
            starts.append(place)
    return starts


def _script(data: bytes, path: Path) -> Submission:
    parts = read_script(data, path)
    if sum(part.start for part in parts) > MAX_CODE:  # each part has a line end for every line before it
        raise _too_much(path)
    cells: list[Cell] = []
    astray: list[Marked] = []
    above: list[Heading] = []
    for place, (part, source) in enumerate(zip(parts, _as_python([part.text for part in parts]), strict=True)):
        if (words := part.markdown) is not None:
            above += headings_in(words)
            astray += [Marked(number=None, name=name) for name in _astray(words)]
            continue
        # The lines before keep their numbers, so that a person finds the place in the file.
        source, name = "\n" * part.start + source, f"<script part {place}>"
        before, after = part.commented_headings
        cells.append(Cell(number=None, source=source, filename=name, text=part.text, headings=(*above, *before)))
        above = after
    return _submission(data, path, cells, astray)


def without_our_magics(text: str) -> str:
    """A cell without the magics that grade it; its lines keep their numbers."""
    return _OUR_LINE.sub(r"\1pass", _OUR_CELL.sub(r"\1", text))


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
        if "%" in text and parse_source(text) is None:
            text = without_our_magics(text)
        if _BARE_INSTALL.search(text) and parse_source(text) is None:
            text = _BARE_INSTALL.sub("%", text)
        work = len(text) * len(_MAGIC.findall(text))
        if 0 < work <= left:
            left -= work
            with suppress(Exception), warnings.catch_warnings():  # IPython raises whatever befalls it
                warnings.simplefilter("ignore")
                text = _lines_before(text) + str(TransformerManager().transform_cell(text))
        yield text
