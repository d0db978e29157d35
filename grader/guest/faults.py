"""What happened when student code raised: plain data, with the student's frames only."""

from __future__ import annotations

import signal
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

MAX_MESSAGE = 4000
MAX_FRAMES = 12
MAX_WARNINGS = 10


AT_WORK = 0.1  # share of the time that a process computes, which waits for nothing but for the machine
TICK = 0.2  # seconds from one look at whether a limit is passed to the next
PATIENCE = 5  # times the limit that such a process may take


def is_late(took: float, computed: float, limit: float, patient: bool = True) -> bool:
    """Whether a process that took some seconds, and computed in so many of them, has had its time.

    Args:
        patient: whether one that computes, and is not done since others do as well, may take longer.
    """
    starved = patient and AT_WORK * took < computed < limit - TICK
    return took >= (PATIENCE * limit if starved else limit)


class TimeLimit(BaseException):
    """Raised inside student code when its time is over; no `except Exception` catches it."""


class NotDefined(Exception):
    """A name the exercise asks for is not there."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is not defined")
        self.name = name


class Sources:
    """Which compiled file is which place of the submission.

    Maps a code object's filename to the number of its cell (None for a script
    without cells) and the line its text starts after.
    """

    def __init__(self) -> None:
        self._places: dict[str, tuple[int | None, int]] = {}

    def add(self, filename: str, cell: int | None, offset: int = 0) -> None:
        self._places[filename] = (cell, offset)

    def cell(self, filename: str) -> int | None:
        return self._places.get(filename, (None, 0))[0]

    def frames(self, error: BaseException) -> list[dict[str, Any]]:
        """The student's frames of a traceback, outermost first."""
        found = []
        for frame in traceback.extract_tb(error.__traceback__):
            place = self._places.get(frame.filename)
            if place is not None and frame.lineno is not None:
                cell, offset = place
                code = (frame.line or "").strip()[:200]
                found.append({"cell": cell, "line": frame.lineno + offset, "function": frame.name[:100], "code": code})
        if isinstance(error, SyntaxError) and error.filename in self._places:
            cell, offset = self._places[error.filename]
            code = (error.text or "").strip()[:200]
            found.append({"cell": cell, "line": (error.lineno or 1) + offset, "function": "<module>", "code": code})
        return found[-MAX_FRAMES:]


def describe(error: BaseException, sources: Sources) -> dict[str, Any]:
    """An exception as plain data: type, bases, message, the student's frames, the limit it hit."""
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
        "missing": error.name if isinstance(error, NotDefined) else None,
        "limit": limit,
    }


@contextmanager
def time_limit(seconds: float, patient: bool = True) -> Iterator[None]:
    """Raise `TimeLimit` in the main thread when the block runs longer.

    What computes, and has not had that much of a processor since others want it as well, may go on for longer.
    The signal is repeated, so that a loop that swallows one is stopped by the next.
    """
    begun, computed = time.monotonic(), time.process_time()

    def stop(signum: int, frame: Any) -> None:
        if is_late(time.monotonic() - begun, time.process_time() - computed, seconds, patient):
            raise TimeLimit(f"stopped after {seconds:g} s")

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, TICK)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


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
