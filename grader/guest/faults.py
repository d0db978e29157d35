"""What happened when student code raised: plain data, with the student's frames only."""

from __future__ import annotations

import builtins
import difflib
import linecache
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from types import FrameType, TracebackType
from typing import Any

from grader.guest.lacking import lacks
from grader.guest.named_values import named_values
from grader.guest.timing import TimeLimit
from grader.protocol import Lacks

MAX_MESSAGE = 4000
FIRST_FRAMES, LAST_FRAMES = 4, 8
"""Of the student's own frames, these are told."""
MAX_WARNINGS = 10
MAX_NOTES = 5
MAX_NAMES = 3000
"""Names among which one is looked for that is written like another; torch has half as many."""


class NotDefined(Exception):
    """A name the exercise asks for is not there."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is not defined")
        self.name = name


class Sources:
    """Which compiled file is which place of the submission.

    Maps a code object's filename to the number of its cell (None for a script
    without cells) and the line its text starts after; or to the name of a module.
    """

    def __init__(self) -> None:
        self._places: dict[str, tuple[int | None, int]] = {}
        self._modules: dict[str, str] = {}

    def add(self, filename: str, cell: int | None, offset: int = 0) -> None:
        self._places[filename] = (cell, offset)

    def add_module(self, filename: str, name: str) -> None:
        """A module of the submission's."""
        self.add(filename, None)
        self._modules[filename] = name

    def forget(self, filename: str) -> None:
        self._places.pop(filename, None)

    def cell(self, filename: str) -> int | None:
        return self._places.get(filename, (None, 0))[0]

    def frames(self, error: BaseException) -> list[dict[str, Any]]:
        """The student's frames of a traceback, outermost first; of many, the first and the last ones."""
        own = [one for one in _traceback(error) if self._has(one.tb_frame)]
        first, last = own[:FIRST_FRAMES], own[FIRST_FRAMES:][-LAST_FRAMES:]
        found = [self._running(one) for one in (*first, *last)]
        if last:
            found[len(first)]["skipped"] = len(own) - len(first) - len(last)
        if own:
            with suppress(Exception):  # whatever the student's objects do
                found[-1]["values"] = named_values(found[-1]["code"], own[-1].tb_frame)
        if isinstance(error, SyntaxError) and error.filename in self._places:
            found.append(self._not_python(error.filename, error))
        return found

    def library(self, error: BaseException) -> str | None:
        """The innermost function of a library that the student's code was in: `torch: Linear.forward`."""
        found = None
        for one in _traceback(error):
            module = one.tb_frame.f_globals.get("__name__")
            package = module.partition(".")[0] if type(module) is str else ""
            if self._has(one.tb_frame):
                found = None
            elif package not in ("", "grader"):
                found = f"{package}: {one.tb_frame.f_code.co_qualname}"[:200]
        return found

    def _has(self, frame: FrameType) -> bool:
        return frame.f_code.co_filename in self._places

    def _running(self, one: TracebackType) -> dict[str, Any]:
        """A place that was being run."""
        code, line = one.tb_frame.f_code, one.tb_lineno
        _, end_line, column, end = next(islice(code.co_positions(), one.tb_lasti // 2, None))
        text = linecache.getline(code.co_filename, line)
        until = _characters(text, end) if end_line == line else len(text.rstrip())
        return self._frame(code.co_filename, line, code.co_name, text, _characters(text, column), until)

    def _not_python(self, filename: str, error: SyntaxError) -> dict[str, Any]:
        """A place that cannot be run."""
        line, column = error.lineno or 1, max((error.offset or 1) - 1, 0)
        end = (error.end_offset or 0) - 1 if error.end_lineno == line else -1
        return self._frame(filename, line, "<module>", error.text or "", column, end if end > column else None)

    def _frame(
        self, filename: str, line: int, function: str, text: str, column: int | None, end: int | None
    ) -> dict[str, Any]:
        """A place, whose columns are counted in its line without the indentation."""
        cell, offset = self._places[filename]
        indent = len(text) - len(text.lstrip())
        return {
            "cell": cell,
            "line": line + offset,
            "function": function[:100],
            "code": text.strip()[:200],
            "column": None if column is None else max(column - indent, 0),
            "end": None if end is None else max(end - indent, 0),
            "file": self._modules.get(filename),
        }


def _traceback(error: BaseException) -> Iterator[TracebackType]:
    one = error.__traceback__
    while one is not None:
        yield one
        one = one.tb_next


def _characters(text: str, bytes_before: int | None) -> int | None:
    """The characters before a place in a line."""
    return None if bytes_before is None else len(text.encode()[:bytes_before].decode(errors="replace"))


def describe(error: BaseException, sources: Sources, wanted: Lacks | None = None) -> dict[str, Any]:
    """An exception as plain data: type, bases, message, the student's frames, the limit it hit.

    Args:
        wanted: what it is known to be for want of.
    """
    try:
        message = error.msg if isinstance(error, SyntaxError) else str(error)
    except BaseException:
        message = ""
    limit = None
    if isinstance(error, TimeLimit):
        limit = "time"
    elif isinstance(error, MemoryError) or "can't allocate memory" in message:
        limit = "memory"
    frames = sources.frames(error)
    return {
        "type": type(error).__name__[:200],
        "bases": [base.__name__[:200] for base in type(error).__mro__[:20]],
        "message": str(message)[:MAX_MESSAGE],
        "frames": frames,
        "library": sources.library(error),
        "suggests": _suggested(error, asked=bool(frames)),
        "notes": _notes(error),
        "missing": error.name[:200] if isinstance(error, NotDefined) else None,
        "limit": limit,
        "lacks": wanted or lacks(error),
    }


def _suggested(error: BaseException, asked: bool) -> str | None:
    """A name that is known where another one was asked for: `self.w` for `w`, or one that is written alike.

    Args:
        asked: whether the student's code did; otherwise an object of the instructor's lacks what is his own to know.
    """
    with suppress(Exception):  # whatever the student's objects do
        name = getattr(error, "name", None)
        if not asked and type(getattr(error, "obj", None)).__module__ == "fixtures":
            return None
        if isinstance(error, AttributeError) and name:
            return _alike(name, dir(error.obj))
        if isinstance(error, NameError) and name and not isinstance(error, UnboundLocalError):
            *_, last = _traceback(error)
            frame = last.tb_frame
            if name in dir(frame.f_locals.get("self")):
                return f"self.{name}"
            return _alike(name, [*frame.f_locals, *frame.f_globals, *dir(builtins)])
    return None


def _alike(name: str, known: list[str]) -> str | None:
    names = {one for one in known[:MAX_NAMES] if one.startswith("_") == name.startswith("_") and len(one) <= 100}
    if name in names:  # what it stands for, such as a property, raised
        return None
    same = [one for one in names if one.casefold() == name.casefold()]
    near = same or difflib.get_close_matches(name[:100], sorted(names), n=1, cutoff=0.75)
    return near[0] if near else None


def _notes(error: BaseException) -> list[str]:
    """What was added to an exception by `add_note`."""
    with suppress(Exception):  # whatever the student's objects do
        notes = getattr(error, "__notes__", None)
        if type(notes) is list:
            return [note[:MAX_MESSAGE] for note in notes if type(note) is str][:MAX_NOTES]
    return []


@contextmanager
def kept_warnings() -> Iterator[list[list[str]]]:
    """Collect the first warnings of the block, each with its category and message, instead of printing them."""
    found: list[list[str]] = []

    def keep(message: Any, category: Any, *_: Any) -> None:
        if len(found) < MAX_WARNINGS:
            found.append([category.__name__[:100], str(message)[:500]])

    with warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.showwarning = keep  # type: ignore[assignment]
        yield found
