"""One submission on its way through its guests.

Normally there is one guest: it runs the cells and leaves a holder per exercise.
A cell that takes its process down (a hang nothing interrupts, `os._exit`, a
crash) costs a guest: the next one runs the cells again without that cell, for
the exercises that have no holder yet.
"""

from __future__ import annotations

import os
import selectors
import socket
import time
from typing import Any

from pydantic import ValidationError

from grader import wire
from grader.models.cells import Submission
from grader.models.limits import Limits
from grader.models.message import say
from grader.models.observation import Answer, CellRun, Lost, LostTo, Raised
from grader.sandbox.channel import Channel, Clock, Ticket
from grader.sandbox.support import Isolation
from grader.sandbox.zygote import Zygote

GRACE = 1.5  # seconds between a cell's polite stop and its process's end
STRIKES = 2  # times a running cell may pass a limit of the whole guest


class Run:
    """Runs a submission and puts questions to the states its exercises ended in.

    Args:
        zygote: who forks the guests.
        submission: the cells.
        exercises: ids, each held where its last own cell ends, or at the very end.
        limits: what the submission may use.
        seed: of torch, random and numpy, before the cells and before every probe.
        fixtures: source of names that expressions may use.
        readable: what a guest may read.
        data: a folder it may read, too, as `data` in the folder its code runs in.
        isolation: as `support.choose` decided.
    """

    def __init__(
        self,
        zygote: Zygote,
        submission: Submission,
        exercises: list[str],
        limits: Limits,
        seed: int,
        fixtures: str,
        readable: list[str],
        data: str | None,
        isolation: Isolation,
    ) -> None:
        self._zygote = zygote
        self._submission = submission
        self._limits = limits
        self._seed = seed
        self._fixtures = fixtures
        self._readable = readable
        self._data = data
        self._isolation = isolation
        clock = Clock(limits.seconds, limits.notebook_seconds)
        self._channels = {exercise: Channel(socket.socket(), exercise, clock) for exercise in exercises}
        self._ends = _ends(submission, exercises)
        self._selector = selectors.DefaultSelector()
        self._selector.register(zygote.control, selectors.EVENT_READ)
        self._parallel = max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2)
        self._cells: dict[int, CellRun] = {}
        self._skipped: set[int] = set()
        self._guests: list[int] = []
        self._notebook: socket.socket | None = None
        self._stop_at = time.monotonic() + limits.notebook_seconds
        self._start_guest()

    def ask(
        self, exercise: str, source: str, function: str, arguments: Any, blob: bytes, fresh: bool = False
    ) -> Ticket:
        """Queue a question for an exercise's state; `answer` waits for it.

        Args:
            fresh: to be answered by a copy of its own, behind no other question.
        """
        header = {
            "source": source,
            "function": function,
            "arguments": arguments,
            "seed": self._seed,
        }
        ticket = Ticket(header, blob, fresh)
        channel = self._channels[exercise]
        if channel.lost:
            ticket.answer = Answer(lost=channel.lost)
        else:
            channel.queue.append(ticket)
        return ticket

    def answer(self, ticket: Ticket) -> Answer:
        """Wait until a question is settled."""
        while ticket.answer is None:
            self._turn()
        return ticket.answer

    def cells(self) -> tuple[CellRun, ...]:
        """Wait until all cells have run; what happened in each."""
        while self._notebook is not None:
            self._turn()
        return tuple(self._cells[index] for index in sorted(self._cells))

    def close(self) -> None:
        """End the guests."""
        for guest in self._guests:
            self._zygote.end(guest)
        self._selector.close()
        for channel in self._channels.values():
            channel.sock.close()
        if self._notebook is not None:
            self._notebook.close()

    # -- guests

    def _start_guest(self) -> None:
        """Run the cells in a new guest, for the exercises that are not held yet."""
        waiting = [channel for channel in self._channels.values() if not channel.held and not channel.lost]
        notebook, theirs = socket.socketpair()
        others = [theirs]
        for channel in waiting:
            channel.sock, other = socket.socketpair()
            others.append(other)
        limits = {**self._limits.model_dump(), "holders": len(waiting) + 4}
        self._guests.append(self._zygote.start(limits, self._readable, self._data, self._isolation, others))
        for other in others:
            other.close()
        places = {channel.exercise: place for place, channel in enumerate(waiting)}
        cells = [
            {
                "index": index,
                "number": cell.number,
                "source": cell.source,
                "filename": cell.filename,
                "exercise": cell.exercise,
                "skipped": index in self._skipped,
                "ends": {e: places[e] for e in self._ends.get(index, ()) if e in places},
            }
            for index, cell in enumerate(self._submission.cells)
        ]
        last = self._ends.get(-1, ())
        cells.append({"index": -1, "skipped": True, "ends": {e: places[e] for e in last if e in places}})
        wire.send(notebook, {"cells": cells, "seed": self._seed, "fixtures": self._fixtures})
        notebook.setblocking(False)
        self._notebook = notebook
        self._reader = wire.Reader()
        self._pid: int | None = None
        self._running: int | None = None
        self._last = -1
        self._running_until = time.monotonic() + self._limits.seconds + GRACE
        self._strikes = 0
        self._selector.register(notebook, selectors.EVENT_READ, self._read_notebook)
        for channel in waiting:
            channel.sock.setblocking(False)

    def _turn(self) -> None:
        """Send what can be sent, then wait for something to happen and deal with it."""
        self._dispatch()
        ready = self._selector.select(self._patience())
        for key, _ in sorted(ready, key=lambda one: one[0].data is not None):  # the zygote explains what ends
            if key.data is None:
                self._heed_zygote()
            else:
                key.data()
        self._check_deadlines()

    def _dispatch(self) -> None:
        busy = [channel for channel in self._channels.values() if channel.busy]
        for channel in self._channels.values():
            if any(other.alone for other in busy) or len(busy) >= self._parallel:
                return
            occupied = busy or self._notebook is not None
            if channel.held and channel.queue and not channel.busy and not (channel.alone and occupied):
                channel.send_batch()
                busy.append(channel)

    def _patience(self) -> float:
        deadlines = [channel.deadline for channel in self._channels.values() if channel.busy]
        if self._notebook is not None:
            deadlines += [self._running_until, self._stop_at]
        return max(0.0, min(deadlines, default=time.monotonic() + 1) - time.monotonic()) + 0.001

    def _check_deadlines(self) -> None:
        for channel in self._channels.values():
            channel.check_deadline()
            if channel.lost:
                self._forget(channel)
        now = time.monotonic()
        if self._notebook is not None and now > self._stop_at:
            self._drop_notebook(Lost(to="notebook_time"), final=True)
        elif self._notebook is not None and now > self._running_until:
            self._drop_notebook(Lost(to="time"))

    def _heed_zygote(self) -> None:
        for event in self._zygote.events():
            if event["event"] != "over" or event["guest"] not in self._guests:
                continue
            limit: LostTo = event["limit"]
            busy = [channel for channel in self._channels.values() if channel.busy]
            suspects = [channel for channel in busy if not channel.disturbed]
            for channel in busy:
                channel.disturb(limit)
            if self._running is not None and not suspects:
                self._strikes += 1
                if self._strikes >= STRIKES:
                    self._drop_notebook(Lost(to=limit))

    # -- the notebook's process

    def _read_notebook(self) -> None:
        assert self._notebook is not None
        try:
            data = self._notebook.recv(1 << 20)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop_notebook(Lost(to="crash"))
            return
        try:
            for header, _ in self._reader.feed(data):
                self._take(header)
        except (wire.BrokenFrame, ValidationError, ArithmeticError, ValueError, KeyError, TypeError, RecursionError):
            self._drop_notebook(Lost(to="wire", detail=say("the cell wrote to the grader's own channel")))

    def _take(self, header: dict[str, Any]) -> None:
        if "running" in header:
            if self._pid is not None:
                raise ValueError("running twice")
            self._pid = int(header["running"])
            self._zygote.keep(self._guests[-1], self._pid)
        elif "started" in header:
            index = self._known(header["started"])
            if self._running is not None or index <= self._last:
                raise ValueError("a cell out of turn")
            self._running = self._last = index
            self._running_until = time.monotonic() + self._limits.seconds + GRACE
            self._strikes = 0
        elif "ran" in header:
            index = self._known(header["ran"])
            if index != self._running:
                raise ValueError("a cell that is not running")
            raised = header.get("raised")
            self._record(
                index,
                float(header["seconds"]),
                str(header["output"])[: self._limits.output + 100],
                raised=Raised.model_validate(raised) if raised else None,
            )
            self._running = None
        elif "held" in header:
            channel, pid = self._channels[header["held"]], int(header["pid"])
            if channel.lost or channel.held or self._running is not None:
                raise ValueError("held twice, or before its cells have run")
            channel.held = True
            self._zygote.keep(self._guests[-1], pid)
            self._selector.register(channel.sock, selectors.EVENT_READ, lambda: self._read_channel(channel))
        elif "finished" in header:
            self._end_notebook()
            for channel in self._channels.values():
                if not channel.held:
                    channel.lose(Lost(to="notebook"))

    def _known(self, index: Any) -> int:
        if not isinstance(index, int) or not 0 <= index < len(self._submission.cells):
            raise ValueError("a cell that is not there")
        return index

    def _record(
        self, index: int, seconds: float, output: str, raised: Raised | None = None, lost: Lost | None = None
    ) -> None:
        if index in self._cells:  # ran before, in a guest that was lost later
            return
        cell = self._submission.cells[index]
        self._cells[index] = CellRun(
            number=cell.number, exercise=cell.exercise, seconds=seconds, output=output, raised=raised, lost=lost
        )

    def _drop_notebook(self, why: Lost, final: bool = False) -> None:
        """The notebook's process is gone, or must go: start again without the cell it was in."""
        if self._pid is not None:
            self._zygote.kill(self._guests[-1], self._pid)
        cell = self._running
        self._end_notebook()
        if cell is not None:
            self._cells.pop(cell, None)
            self._record(cell, self._limits.seconds if why.to == "time" else 0.0, "", lost=why)
            self._skipped.add(cell)
        if final or cell is None:
            for channel in self._channels.values():
                if not channel.held:
                    channel.lose(why if final else Lost(to="notebook"))
        else:
            self._start_guest()

    def _end_notebook(self) -> None:
        if self._notebook is not None:
            self._selector.unregister(self._notebook)
            self._notebook.close()
            self._notebook = None

    def _read_channel(self, channel: Channel) -> None:
        channel.read()
        if channel.lost:
            self._forget(channel)

    def _forget(self, channel: Channel) -> None:
        for key in list(self._selector.get_map().values()):
            if key.data is not None and key.fileobj is channel.sock:
                self._selector.unregister(key.fd)


def _ends(submission: Submission, exercises: list[str]) -> dict[int, list[str]]:
    """Which exercises end after which cell; those without cells at the very end (-1)."""
    last = {cell.exercise: index for index, cell in enumerate(submission.cells) if cell.exercise}
    ends: dict[int, list[str]] = {}
    for exercise in exercises:
        ends.setdefault(last.get(exercise, -1), []).append(exercise)
    return ends
