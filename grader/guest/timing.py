"""How long code may take: for the guest, which stops it politely, and the judge, which stops what does not listen."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic, process_time  # by name: student code may put others into the module
from typing import Any

AT_WORK = 0.1  # share of the time that a process computes, which waits for nothing but for the machine
UNDISTURBED = 0.95  # the share of one that has the machine for itself
TICK = 0.2  # seconds from one look at whether a limit is passed to the next
PATIENCE = 5  # times the limit that such a process may take
HURRIED = 1.0  # seconds a question gets at most when those before have used up the time of all


class TimeLimit(BaseException):
    """Raised inside student code when its time is over; no `except Exception` catches it."""


@dataclass
class Clock:
    """How long the questions of a submission may take.

    Attributes:
        each: seconds for one.
        together: seconds for all; each that follows must hurry.
        spent: seconds they have taken.
    """

    each: float
    together: float
    spent: float = 0.0

    @property
    def hurried(self) -> bool:
        return self.spent > self.together

    @property
    def seconds(self) -> float:
        """What the next question gets."""
        return min(self.each, HURRIED) if self.hurried else self.each


def is_late(took: float, computed: float, limit: float, patient: bool = True) -> bool:
    """Whether a process that took some seconds, and computed in so many of them, has had its time.

    Args:
        patient: whether one that computes, and is not done since others do as well, may take longer.
    """
    starved = patient and computed < limit and AT_WORK * took < computed < UNDISTURBED * took
    return took >= (PATIENCE * limit if starved else limit)


@contextmanager
def time_limit(seconds: float, patient: bool = True) -> Iterator[None]:
    """Raise `TimeLimit` in the main thread when the block runs longer.

    The signal is repeated, so that a loop that swallows one is stopped by the next.

    Args:
        patient: as `is_late` takes it.
    """
    begun, computed = monotonic(), process_time()

    def stop(signum: int, frame: Any) -> None:
        if is_late(monotonic() - begun, process_time() - computed, seconds, patient):
            raise TimeLimit(f"stopped after {seconds:g} s")

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, TICK)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
