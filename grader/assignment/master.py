"""One file of which students' notebooks, solution and checks are made: a notebook, or text by jupytext.

What is made lies in the user's cache, under a digest of what it is made of.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, get_args

from platformdirs import user_cache_path

from grader.assignment import marks, varying
from grader.assignment.marks import Line, MarkError, read_marks
from grader.assignment.plain_checks import CHECKS, hold_comma
from grader.assignment.text_notebook import FORMATS, KERNEL, QUARTO_TAGS, cells_of_text
from grader.assignment.varying import FillError, fill
from grader.errors import SpecError, SubmissionError, SurroundingsFault
from grader.models.wording import Code
from grader.submission.read import MARKER, NEWEST, read_file, read_notebook

STARTS = "starts.json"
"""How many lines of a text are before each cell, by its number."""
KEPT = 30 * 24 * 3600
"""Seconds that what was made is kept after it was used."""
LANGUAGES: tuple[Code, ...] = get_args(Code)
_LABEL = re.compile(r"(?:#+|<!--)[ \t]*(?P<what>[A-Za-z]+)\b(?P<more>.*)", re.DOTALL)
_CHECK = re.compile(r"#+[ \t]*check[ \t]*:(?P<exercise>[^,]*)(?P<options>.*)", re.IGNORECASE)
_HIDDEN = re.compile(r",\s*hidden\b(?!\s*=\s*(?:false|no|0)\b)", re.IGNORECASE)
_CHECK_FORM = "Write `# check: EXERCISE, points=1`."
_ORIGIN = re.compile(r"# (cell|line) (\d+)")
_OURS = {"instructor", *LANGUAGES}


@dataclass(frozen=True)
class MasterCell:
    """A cell of a master.

    Attributes:
        number: from 1.
        start: lines of the file before it, where the file is text.
        kind: `code`, `markdown` or `raw`.
        lines: as its marks have them; a line that says what the cell is is nobody's.
        languages: the notebooks that it is in.
        note: whether it is the instructor's alone.
        check: the exercise that it checks.
        hidden: whether that check is.
        metadata, attachments, outputs: as in the file.
    """

    number: int
    start: int | None
    id: str
    kind: str
    lines: tuple[Line, ...]
    languages: frozenset[str]
    note: bool
    check: str | None
    hidden: bool
    metadata: dict[str, Any]
    attachments: dict[str, Any]
    outputs: list[Any]

    @property
    def where(self) -> str:
        """What the cell is called: a cell of a notebook, a line of a text."""
        return f"cell {self.number}" if self.start is None else f"line {self.start + 1}"

    @property
    def starter(self) -> str:
        return "\n".join(line.starter for line in self.lines if line.starter is not None).rstrip()

    @property
    def solution(self) -> str:
        return "\n".join(line.solution for line in self.lines if line.solution is not None).rstrip()

    @property
    def line_by_line(self) -> str:
        """The solution with each line where the master has it."""
        return "\n".join(line.solution or "" for line in self.lines).rstrip()

    @property
    def secrets(self) -> list[str]:
        """Lines that students must not see."""
        lines = (line.solution if self.note or self.hidden else line.secret for line in self.lines)
        return [line for line in lines if line and line.strip()]

    @property
    def emptied(self) -> bool:
        """Whether something stands in it; where a copy has nothing of that, it has no such cell."""
        return any(line.starter or line.solution for line in self.lines)

    @property
    def exercises(self) -> tuple[str, ...]:
        """Those that its metadata or its markers name."""
        grader = self.metadata.get("grader")
        named = grader.get("exercise", []) if isinstance(grader, dict) else []
        written = [one.strip() for found in MARKER.findall(self.solution) for one in found.split(",")]
        listed = named if isinstance(named, list) else [named]
        return tuple(dict.fromkeys([*(one for one in listed if isinstance(one, str)), *written]))


@dataclass(frozen=True)
class Master:
    """A master, read.

    Attributes:
        shows_checks: whether visible checks are in the students' notebooks.
        kernel: of the notebooks.
    """

    path: Path
    cells: tuple[MasterCell, ...]
    shows_checks: bool
    kernel: dict[str, Any]

    @cached_property
    def languages(self) -> tuple[Code, ...]:
        """Those that there is a notebook in: English, and others that cells are marked with."""
        marked = {one for cell in self.cells if len(cell.languages) == 1 for one in cell.languages}
        return tuple(code for code in LANGUAGES if code == "en" or code in marked)

    def starter(self, language: Code) -> bytes:
        """The notebook that students begin from."""
        given = [cell for cell in self.cells if language in cell.languages and not cell.note]
        shown = [c for c in given if c.check is None or (self.shows_checks and not c.hidden)]
        return self._notebook(_written(c, c.starter, _plain_id(c)) for c in shown if c.starter or not c.emptied)

    @property
    def clean_solution(self) -> bytes:
        """The solution as a notebook to look at."""
        shown = [cell for cell in self.cells if _is_solution(cell)]
        return self._notebook(_written(c, c.solution, _plain_id(c)) for c in shown if c.solution or not c.emptied)

    @property
    def solution(self) -> bytes:
        """The solution as it is graded: cells and lines have the master's numbers, and the others are empty."""
        return self._notebook(
            _written(cell, cell.line_by_line, cell.id)
            if _is_solution(cell)
            else {"cell_type": "markdown", "id": cell.id, "metadata": {}, "source": []}
            for cell in self.cells
        )

    def checks(self, hidden: bool) -> str:
        """The check cells as one text.

        Args:
            hidden: whether hidden ones are in it, and hidden lines of the others; then a line above each says which
                cell it is.
        """
        chosen = [cell for cell in self.cells if cell.check is not None and (hidden or not cell.hidden)]
        if hidden:
            return "\n\n".join(f"# {cell.where}\n{cell.line_by_line}\n" for cell in chosen)
        return "\n\n".join(f"{cell.starter}\n" for cell in chosen)

    @property
    def given(self) -> Iterator[str]:
        """Texts that students see."""
        for cell in self.cells:
            if not cell.note and not cell.hidden:
                yield cell.starter

    def _notebook(self, cells: Iterable[dict[str, Any]]) -> bytes:
        metadata = {"kernelspec": self.kernel, "language_info": {"name": "python"}}
        content = {"cells": list(cells), "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
        return (json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()


def place_in_master(checks: str, name: str) -> Callable[[int], str]:
    """How a line of the check cells' text is called.

    Args:
        checks: as `Master.checks` gives it.
        name: of the master.
    """
    starts = {number: found for number, row in enumerate(checks.split("\n"), 1) if (found := _ORIGIN.fullmatch(row))}

    def place(line: int) -> str:
        above = max(start for start in starts if start <= line)
        kind, number = starts[above].groups()
        return _place(name, int(number), int(number) - 1 if kind == "line" else None, line - above)

    return place


def _place(name: object, cell: int, start: int | None, line: int) -> str:
    """How a line of a cell is called; see `MasterCell`."""
    return f"{name}, cell {cell}, line {line}" if start is None else f"{name}, line {start + line}"


def is_hidden_check(line: str) -> bool:
    """Whether a line begins a check that students are not shown."""
    found = _CHECK.fullmatch(line.strip())
    return found is not None and bool(_HIDDEN.search(found["options"]))


def _is_solution(cell: MasterCell) -> bool:
    return not cell.note and cell.check is None and "en" in cell.languages


def _plain_id(cell: MasterCell) -> str:
    """A cell's id, the same in each language: `intro` of `intro-ko`."""
    (language, *others) = cell.languages
    return cell.id if others else cell.id.removesuffix(f"-{language}")


def _written(cell: MasterCell, text: str, id: str) -> dict[str, Any]:
    """A cell as a notebook has it, with nothing in it but what is meant for students."""
    grader = cell.metadata.get("grader")
    metadata: dict[str, Any] = {}
    if isinstance(grader, dict) and "exercise" in grader:
        metadata["grader"] = {"exercise": grader["exercise"]}
    if tags := [tag for tag in _tags(cell.metadata) if tag not in _OURS]:
        metadata["tags"] = tags
    written: dict[str, Any] = {
        "cell_type": cell.kind,
        "id": id,
        "metadata": metadata,
        "source": re.findall(r".*\n|.+", text),
    }
    if cell.kind == "code":
        written |= {"execution_count": None, "outputs": []}
    elif used := {name: data for name, data in cell.attachments.items() if name in text}:
        written["attachments"] = used
    return written


def _tags(metadata: dict[str, Any]) -> list[str]:
    tags = metadata.get("tags")
    return [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []


def read_master(path: Path, exercises: dict[str, bool], shows_checks: bool, values: Mapping[str, Any]) -> Master:
    """Read a master.

    Args:
        exercises: the ids of the spec's, each with whether the spec checks it; then it needs cells.
        shows_checks: see `Master`.
        values: that its cells refer to.

    Raises:
        SpecError: when it is none, or does not fit the spec; with cell and line.
    """
    try:
        data = read_file(path)
        content = _content(data, path)
    except SubmissionError as error:
        raise SpecError(error.message, error.advice) from None
    cells = tuple(_cell(path, number, raw, values) for number, raw in enumerate(content["cells"], 1))
    _hold_exercises(path, cells, exercises)
    metadata = content.get("metadata")
    kernel = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    return Master(path, cells, shows_checks, kernel if isinstance(kernel, dict) else KERNEL)


def _content(data: bytes, path: Path) -> dict[str, Any]:
    """A notebook's content as JSON has it."""
    suffix = path.suffix.lower()
    if suffix == ".ipynb":
        read_notebook(data, path)  # which says what is wrong with it
        whole: dict[str, Any] = json.loads(data.decode("utf-8-sig"))
        if whole["nbformat"] != NEWEST:
            raise SpecError(f"{path} is of an older notebook format.", "Open it in Jupyter and save it again.")
        return whole
    if suffix not in FORMATS:
        raise SpecError(f"{path} is neither a notebook nor text.", "A master is a .ipynb, .py, .md or .qmd file.")
    return {"cells": cells_of_text(data, path)}


def _cell(path: Path, number: int, raw: Any, values: Mapping[str, Any]) -> MasterCell:
    start = raw.get("start")
    kind = raw["cell_type"]
    text = re.sub(r"\r\n?", "\n", _filled(_source(raw), partial(_place, path, number, start), values))
    rows = text.split("\n")
    metadata = raw.get("metadata") if isinstance(raw.get("metadata"), dict) else {}
    tags = set(_tags(metadata))
    languages = tags & set(LANGUAGES)
    note = "instructor" in tags
    check, hidden = None, False
    first = next((place for place, row in enumerate(rows) if row.strip()), 0)
    nobody = {place for place, row in enumerate(rows) if QUARTO_TAGS.fullmatch(row)}
    if label := _LABEL.fullmatch(rows[first].strip()):
        what = label["what"].lower()
        note = note or what == "instructor"
        if what in LANGUAGES and not label["more"].removesuffix("-->").strip():
            languages.add(what)
            nobody.add(first)
    if kind == "code":
        hold_comma(rows[first].strip(), _place(path, number, start, first + 1))
    if kind == "code" and (found := _CHECK.fullmatch(rows[first].strip())):
        check, hidden = found["exercise"].strip(), is_hidden_check(rows[first])
        if not check:
            raise _fault(_place(path, number, start, first + 1), "a check of no exercise", _CHECK_FORM)
    try:
        lines = read_marks(["" if place in nobody else row for place, row in enumerate(rows)], kind == "code")
    except MarkError as error:
        raise _fault(_place(path, number, start, error.line), f"{error}", "docs/master.md has all marks.") from None
    return MasterCell(
        number=number,
        start=start,
        id=raw.get("id") if isinstance(raw.get("id"), str) else f"cell-{number}",
        kind=kind,
        lines=tuple(Line(None, None) if place in nobody else line for place, line in enumerate(lines)),
        languages=frozenset(languages or LANGUAGES),
        note=note,
        check=check,
        hidden=hidden,
        metadata=metadata,
        attachments=raw.get("attachments") or {},
        outputs=raw.get("outputs") or [],
    )


def _filled(text: str, place: Callable[[int], str], values: Mapping[str, Any]) -> str:
    """A text with values in it.

    Args:
        place: what an error calls a line of it, from 1.
    """
    try:
        return fill(text, values)
    except FillError as error:
        line = text.split("\n")[error.line]
        said = f"{error}\n    {line}\n    {' ' * error.column}{'^' * error.width}"
        raise SpecError(f"{place(error.line + 1)}: {said}") from None


def _source(raw: Any) -> str:
    """A cell's text."""
    source = raw.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def _fault(place: str, said: str, advice: str) -> SpecError:
    return SpecError(f"{place}: {said}.", advice)


def _hold_exercises(path: Path, cells: tuple[MasterCell, ...], exercises: dict[str, bool]) -> None:
    """Whether each exercise has its cells, and an answer in them, and each cell an exercise that there is."""
    last: dict[str, MasterCell] = {}
    answered = set()
    for cell in cells:
        if cell.note:
            continue
        named = [(cell.check, r"check[ \t]*:")] if cell.check else [(one, "exercise") for one in cell.exercises]
        for name, mark in named:
            if name not in exercises:
                rows = [line.solution or line.starter or "" for line in cell.lines]
                found = (n for n, row in enumerate(rows, 1) if re.search(mark, row, re.IGNORECASE) and name in row)
                near = difflib.get_close_matches(name, exercises, n=1, cutoff=0.5)
                advice = f"Did you mean {near[0]!r}?" if near else f"Exercises: {', '.join(exercises)}."
                there = _place(path, cell.number, cell.start, next(found, 1))
                raise _fault(there, f"there is no exercise {name!r}", advice)
            if cell.check is None and cell.kind == "code":
                last[name] = cell
                answered |= {name} if cell.secrets else set()
    needed = [name for name, asked in exercises.items() if asked or any(cell.check == name for cell in cells)]
    for name in needed:
        if name not in last:
            end = cells[-1] if cells else None
            there = _place(path, end.number, end.start, len(end.lines)) if end else str(path)
            advice = f"Begin the cell of its answer with `# exercise: {name}`."
            raise _fault(there, f"there was no cell of the exercise {name!r} up to here", advice)
        if name not in answered:
            cell = last[name]
            advice = "Without `# solution` and `# end`, students are given the answer."
            there = _place(path, cell.number, cell.start, 1)
            raise _fault(there, f"no cell of {name!r} marks its solution", advice)


def made_of(path: Path, name: str, exercises: dict[str, bool], shows_checks: bool, values: Mapping[str, Any]) -> Path:
    """The folder with what is made of a master: the notebooks in each language, the solution, and the checks.

    Args:
        name: of the notebooks, without suffix.
        values: that its cells refer to.

    Raises:
        SpecError: see `read_master`.
        SurroundingsFault: where there is no room for it.
    """

    def make() -> dict[str, bytes]:
        master = read_master(path, exercises, shows_checks, values)
        names = {code: f"{name if code == 'en' else f'{name}.{code}'}.ipynb" for code in master.languages}
        files = {names[code]: master.starter(code) for code in names}
        files[f"solution/{solution_name(path)}"] = master.solution
        if checks := master.checks(hidden=True):
            files[CHECKS] = checks.encode()
        starts = {cell.number: cell.start for cell in master.cells if cell.start is not None}
        return files | {STARTS: json.dumps(starts).encode()}

    return _kept([path], [path.name, name, exercises, shows_checks, values], make)


def filled(notebooks: Mapping[str, Path], values: Mapping[str, Any]) -> Path:
    """The folder with notebooks and scripts in which values stand in the places that refer to them.

    Args:
        notebooks: by what they are called there.

    Raises:
        SpecError: where a place refers to none; with cell and line.
        SurroundingsFault: where there is no room for it.
    """
    return _kept(
        notebooks.values(),
        [list(notebooks), values],
        lambda: {name: _filled_notebook(path, values) for name, path in notebooks.items()},
    )


def _filled_notebook(path: Path, values: Mapping[str, Any]) -> bytes:
    data = read_file(path)
    if path.suffix.lower() != ".ipynb":
        return _filled(data.decode("utf-8-sig"), lambda line: f"{path}, line {line}", values).encode()
    content = _content(data, path)
    for number, cell in enumerate(content["cells"], 1):
        cell["source"] = _filled(_source(cell), partial(_place, path, number, None), values)
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def texts_of(path: Path) -> list[str]:
    """The cells of a notebook, as they are written; of a text, all of it."""
    data = read_file(path)
    if path.suffix.lower() != ".ipynb":
        return [data.decode("utf-8-sig")]
    return [_source(cell) for cell in _content(data, path)["cells"]]


def _kept(sources: Iterable[Path], given: Any, make: Callable[[], dict[str, bytes]]) -> Path:
    """The folder with files that are made of others, and of what is given; made if it is not there."""
    total = hashlib.sha256()
    code = [Path(one) for one in (__file__, marks.__file__, varying.__file__)]
    try:
        for part in (*(read_file(path) for path in (*sources, *code)), json.dumps(given).encode()):
            total.update(hashlib.sha256(part).digest())
        place = user_cache_path("torch-grader") / "masters" / total.hexdigest()
        with suppress(OSError):
            os.utime(place)
            return place
        files = make()
    except SubmissionError as error:
        raise SpecError(error.message, error.advice) from None
    try:
        _keep(files, place)
    except OSError as error:
        said = f"{place}: cannot be written: {error.strerror}."
        raise SurroundingsFault(said, "Name a folder that can in the variable XDG_CACHE_HOME.") from None
    return place


def solution_name(path: Path) -> str:
    """The solution is called as its master is, so that whoever reads where something is wrong looks there."""
    return f"{path.stem}.ipynb"


def _keep(files: dict[str, bytes], place: Path) -> None:
    """Write the files at once, readable by nobody else, and drop what was not used for long."""
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    for other in place.parent.iterdir():
        if other.stat().st_mtime < time.time() - KEPT:
            shutil.rmtree(other, ignore_errors=True)
    beside = Path(mkdtemp(dir=place.parent))
    try:
        for name, content in files.items():
            file = beside / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        beside.rename(place)
    except OSError:
        shutil.rmtree(beside, ignore_errors=True)
        if not place.is_dir():  # another process was as quick
            raise
