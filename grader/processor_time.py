"""Bounds how long a process computes for one thing, whatever it waits for in between."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn


class TooLong(BaseException):
    """What was done took too much processor time. It passes all handlers of errors on its way out."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise `TooLong` once the block has computed for so long; inside another one, that one stands still.

    Only a process's main thread can be interrupted; elsewhere nothing is bounded.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.signal(signal.SIGPROF, _raise)
    left, again = signal.setitimer(signal.ITIMER_PROF, seconds, 1)  # again, where a destructor swallowed the first
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, left, again)
        signal.signal(signal.SIGPROF, handler)


def _raise(*_: Any) -> NoReturn:
    raise TooLong


class Budget:
    """Processor time for many things, one after the other.

    Args:
        each: seconds for one of them.
        together: for all; then each gets `last`.
    """

    def __init__(self, each: float, together: float, last: float = 1.0) -> None:
        self._each = each
        self._left = together
        self._last = last

    @contextmanager
    def spend(self) -> Iterator[None]:
        """Raise `TooLong` once the block has computed for its share."""
        start = time.process_time()
        try:
            with at_most(min(self._each, max(self._left, self._last))):
                yield
        finally:
            self._left -= time.process_time() - start
