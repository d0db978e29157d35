"""Keeps the handlers of signals that student code has set, or torch for it, to student code."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any

_SIGNALS = tuple(int(number) for number in signal.valid_signals())
# All handlers are looked at beside each cell and each question: without an enum of each number, as `signal` makes one.
_handler_of, _set_handler = (getattr(import_module("_signal"), name) for name in ("getsignal", "signal"))
_DEFAULT, _IGNORED = int(signal.SIG_DFL), int(signal.SIG_IGN)


class Handlers:
    """Handlers that run while student code does, and at no other time: one that raises must not end the guest.

    torch's, for example, raises when a DataLoader's worker has died.
    """

    def __init__(self) -> None:
        self._kept: dict[int, Any] = {}
        self._take()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Have them run in this block."""
        kept, self._kept = self._kept, {}
        try:
            for number, handler in kept.items():
                _set_handler(number, handler)
            yield
        finally:
            self._take()

    def _take(self) -> None:
        """Have none of them run; one that raises in the very moment has had its last chance."""
        for _ in _SIGNALS:
            with suppress(BaseException):
                self._take_all()
                return

    def _take_all(self) -> None:
        found = {number: handler for number in _SIGNALS if callable(handler := _handler_of(number))}
        self._kept |= found
        for number in found:
            _set_handler(number, _DEFAULT if number == signal.SIGCHLD else _IGNORED)
