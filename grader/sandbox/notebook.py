"""The judge's end of the process that runs a submission's cells."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

from pydantic import ValidationError

from grader import wire
from grader.models.cells import Submission
from grader.models.limits import Limits
from grader.models.message import say
from grader.models.observation import CellRun, Lost, LostTo, Raised
from grader.sandbox.channel import Channel

GRACE = 1.5  # seconds between a cell's polite stop and its process's end
STRIKES = 2  # times a running cell may pass a limit of the whole guest


class Notebook:
    """Runs the cells, and holds the state in which each exercise ends: in a process of its own, or here.

    Args:
        sock: our end.
        submission: the cells.
        limits: what they may use.
        channels: of the exercises to hold; in the order in which they end, where it answers for them itself.
        in_turn: whether it does, unless other threads run, and runs on when its channel is closed.
        stop_at: when the time of all cells is over; waiting for questions does not count.
        cells: what happened in each cell is noted here, unless it ran in an earlier process, too.
        keep: is told the processes that last.

    Attributes:
        answering: the exercise it answers for, instead of running cells.
        running: index of the cell that runs.
        finished: whether there is no cell left.
        lost: why the process is gone, or must go.
    """

    def __init__(
        self,
        sock: socket.socket,
        submission: Submission,
        limits: Limits,
        channels: list[Channel],
        in_turn: bool,
        stop_at: float,
        cells: dict[int, CellRun],
        keep: Callable[[int], None],
    ) -> None:
        sock.setblocking(False)
        self.sock = sock
        self._submission = submission
        self._limits = limits
        self._channels = channels
        self._in_turn = in_turn
        self.stop_at = stop_at
        self._cells = cells
        self._keep = keep
        self.pid: int | None = None
        self.answering: Channel | None = None
        self.running: int | None = None
        self.finished = False
        self.lost: Lost | None = None
        self._last = -1
        self._reader = wire.Reader()
        self._begin()

    def _begin(self) -> None:
        """The process turns to a cell, or to what is between two."""
        self._since = time.monotonic()
        self._strikes = 0

    @property
    def deadline(self) -> float | None:
        """When the process has to do something else, if it has."""
        return None if self.answering else min(self._since + self._limits.seconds + GRACE, self.stop_at)

    @property
    def came_further(self) -> bool:
        """Whether another process could go on behind it: one that has less to hold."""
        held = [channel.held for channel in self._channels]
        return any(held) and not all(held)

    def check_deadline(self) -> None:
        """Give the process up where it is late."""
        if self.answering is not None and self.answering.lost:
            self.run_on()
        if self.deadline is not None and time.monotonic() > self.deadline:
            self.lost = Lost(to="notebook_time" if time.monotonic() > self.stop_at else "time")

    def run_on(self) -> None:
        """Nothing more is to be asked about the exercise it answers for."""
        self.stop_at += time.monotonic() - self._since
        self.answering = None
        self._begin()

    def strike(self, limit: LostTo) -> None:
        """A limit of the whole guest was passed, and it is not known to be anyone else's doing."""
        self._strikes += self.running is not None
        if self._strikes >= STRIKES:
            self.lost = Lost(to=limit)

    def read(self) -> Iterator[Channel]:
        """Take what has arrived; gives the exercises that are held now."""
        try:
            data = self.sock.recv(1 << 20)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.lost = Lost(to="crash")
            return
        if self.answering is not None and self.answering.lost:
            self.run_on()
        try:
            for header, _ in self._reader.feed(data):
                if "held" in header:
                    yield self._hold(header)
                else:
                    self._take(header)
        except (wire.BrokenFrame, ValidationError, ArithmeticError, ValueError, KeyError, TypeError, RecursionError):
            self.lost = Lost(to="wire", detail=say("the cell wrote to the grader's own channel"))

    def _take(self, header: dict[str, Any]) -> None:
        if "running" in header:
            if self.pid is not None:
                raise ValueError("running twice")
            self.pid = int(header["running"])
            self._keep(self.pid)
        elif "started" in header:
            index = header["started"]
            if not isinstance(index, int) or not self._last < index < len(self._submission.cells):
                raise ValueError("a cell out of turn")
            if self.running is not None or self.answering is not None:
                raise ValueError("a cell while another runs")
            self.running = self._last = index
            self._begin()
        elif "ran" in header:
            if header["ran"] != self.running or self.running is None:
                raise ValueError("a cell that is not running")
            raised = header.get("raised")
            self._note(
                float(header["seconds"]),
                str(header["output"])[: self._limits.output + 100],
                raised=Raised.model_validate(raised) if raised else None,
            )
        elif "finished" in header:
            self.finished = True

    def _hold(self, header: dict[str, Any]) -> Channel:
        channel = next(channel for channel in self._channels if channel.exercise == header["held"])
        ahead = self._in_turn and any(not one.held for one in self._channels[: self._channels.index(channel)])
        if ahead or channel.lost or channel.held or self.running is not None or self.answering is not None:
            raise ValueError("held twice, or before its cells have run")
        if self._in_turn and "pid" not in header:
            self.answering = channel
            self._since = time.monotonic()
        else:
            self._keep(int(header["pid"]))
        channel.held = True
        return channel

    def note_loss(self) -> int | None:
        """Note the cell that the process was lost in, if it was in one; its index."""
        index = self.running
        if index is not None:
            self._cells.pop(index, None)
            assert self.lost is not None
            self._note(self._limits.seconds if self.lost.to == "time" else 0.0, "", lost=self.lost)
        return index

    def _note(self, seconds: float, output: str, raised: Raised | None = None, lost: Lost | None = None) -> None:
        """The running cell has come to its end."""
        assert self.running is not None
        cell = self._submission.cells[self.running]
        run = CellRun(
            number=cell.number, exercise=cell.exercise, seconds=seconds, output=output, raised=raised, lost=lost
        )
        self._cells.setdefault(self.running, run)
        self.running = None
