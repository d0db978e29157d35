"""What happened when student code raised: plain data, with the student's frames only."""

from __future__ import annotations

import linecache
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from grader.guest.lacking import lacks
from grader.guest.named_values import named_values
from grader.guest.timing import TimeLimit
from grader.protocol import Lacks

MAX_MESSAGE = 4000
MAX_FRAMES = 12
MAX_WARNINGS = 10


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
        """The student's frames of a traceback, outermost first."""
        found = []
        last: tuple[str, FrameType] | None = None
        live = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
        for frame, running in zip(traceback.extract_tb(error.__traceback__), live, strict=False):
            place = self._places.get(frame.filename)
            if place is not None and frame.lineno is not None:
                offset = place[1]
                code = (frame.line or "").strip()[:200]
                column = _column(frame.filename, frame.lineno, frame.colno)
                found.append(self._frame(frame.filename, frame.lineno + offset, frame.name, code, column))
                last = code, running
        if last is not None:
            with suppress(Exception):  # whatever the student's objects do
                found[-1]["values"] = named_values(*last)
        if isinstance(error, SyntaxError) and error.filename in self._places:
            offset = self._places[error.filename][1]
            code = (error.text or "").strip()[:200]
            column = max((error.offset or 1) - 1, 0)
            found.append(self._frame(error.filename, (error.lineno or 1) + offset, "<module>", code, column))
        return found[-MAX_FRAMES:]

    def _frame(self, filename: str, line: int, function: str, code: str, column: int | None) -> dict[str, Any]:
        cell, file = self.cell(filename), self._modules.get(filename)
        return {"cell": cell, "line": line, "function": function[:100], "code": code, "column": column, "file": file}


def _column(filename: str, line: int, bytes_before: int | None) -> int | None:
    """The characters before a place in a line."""
    if bytes_before is None:
        return None
    return len(linecache.getline(filename, line).encode()[:bytes_before].decode(errors="replace"))


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
    return {
        "type": type(error).__name__[:200],
        "bases": [base.__name__[:200] for base in type(error).__mro__[:20]],
        "message": str(message)[:MAX_MESSAGE],
        "frames": sources.frames(error),
        "missing": error.name[:200] if isinstance(error, NotDefined) else None,
        "limit": limit,
        "lacks": wanted or lacks(error),
    }


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
