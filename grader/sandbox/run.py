"""One submission on its way through its guests.

Normally there is one guest: it runs the cells and holds the state in which each
exercise ends, in a process of its own, or in the notebook's, which waits there. A
cell that takes its process down (a hang nothing interrupts, `os._exit`, a crash)
costs a guest: the next one runs the cells again without that cell, for the
exercises that are not held yet.
"""

from __future__ import annotations

import os
import selectors
import socket
import time
from functools import partial
from typing import Any

from grader import wire
from grader.errors import SandboxFault
from grader.models.cells import Submission
from grader.models.limits import Limits
from grader.models.message import say
from grader.models.observation import Answer, CellRun, Lost, LostTo
from grader.sandbox.channel import Channel, Clock, Ticket
from grader.sandbox.notebook import Notebook
from grader.sandbox.support import Isolation
from grader.sandbox.zygote import Zygote


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
        in_turn: the exercises are asked about one after the other, as they are given, and not again. Where the
            cells have them in that order, too, this takes half as many processes; but only one is at work.

    Raises:
        SandboxFault: by `ask`, for an exercise that was passed in turn.
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
        in_turn: bool = False,
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
        self._channels = {exercise: Channel(exercise, clock, self._kill) for exercise in exercises}
        self._ends = _ends(submission, exercises)
        self._in_turn = in_turn and _in_order(self._ends) == exercises
        self._selector = selectors.DefaultSelector()
        self._selector.register(zygote.control, selectors.EVENT_READ)
        self._parallel = max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2)
        self._cells: dict[int, CellRun] = {}
        self._skipped: set[int] = set()
        self._guests: list[int] = []
        self._notebook: Notebook | None = None
        self._start_guest(stop_at=time.monotonic() + limits.notebook_seconds)

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
        ticket = Ticket(exercise, header, blob, fresh)
        channel = self._channels[exercise]
        if channel.left:
            raise SandboxFault(f"{exercise} was asked about out of turn.", "Report it.")
        if channel.lost:
            ticket.answer = Answer(lost=channel.lost)
        else:
            channel.queue.append(ticket)
        return ticket

    def answer(self, ticket: Ticket) -> Answer:
        """Wait until a question is settled."""
        while ticket.answer is None:
            self._turn_to(ticket.exercise)
            self._turn()
        return ticket.answer

    def cells(self) -> tuple[CellRun, ...]:
        """Wait until all cells have run; what happened in each."""
        while self._notebook is not None:
            self._turn_to(None)
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
            self._notebook.sock.close()

    # -- guests

    def _start_guest(self, stop_at: float) -> None:
        """Run the cells in a new guest, for the exercises that are not held yet."""
        waiting = [channel for channel in self._channels.values() if not channel.held and not channel.lost]
        ours, theirs = socket.socketpair()
        others = [theirs]
        for channel in waiting:
            channel.sock, other = socket.socketpair()
            channel.sock.setblocking(False)
            others.append(other)
        limits = {**self._limits.model_dump(), "holders": 4 + len(waiting)}
        guest = self._zygote.start(limits, self._readable, self._data, self._isolation, others)
        self._guests.append(guest)
        for other in others:
            other.close()
        wire.send(ours, self._job([channel.exercise for channel in waiting]))
        self._notebook = Notebook(
            ours, self._submission, self._limits, waiting, self._in_turn, stop_at, self._cells,
            keep=lambda pid: self._zygote.keep(guest, pid),
        )  # fmt: skip
        self._selector.register(ours, selectors.EVENT_READ, (1, self._read_notebook))

    def _job(self, exercises: list[str]) -> dict[str, Any]:
        """What a guest is to run; exercises are numbered as their sockets are."""
        ends = {
            index: {exercise: exercises.index(exercise) for exercise in ending if exercise in exercises}
            for index, ending in self._ends.items()
        }
        cells: list[dict[str, Any]] = [
            {
                "index": index,
                "number": cell.number,
                "source": cell.source,
                "filename": cell.filename,
                "exercise": cell.exercise,
                "skipped": index in self._skipped,
                "ends": ends.get(index, {}),
            }
            for index, cell in enumerate(self._submission.cells)
        ]
        cells.append({"index": -1, "skipped": True, "ends": ends.get(-1, {})})
        return {"cells": cells, "seed": self._seed, "fixtures": self._fixtures, "in_turn": self._in_turn}

    def _kill(self, pid: int) -> None:
        for guest in self._guests:
            self._zygote.kill(guest, pid)

    def _turn_to(self, exercise: str | None) -> None:
        """Let the notebook run on, where it waits for questions about another exercise."""
        channel = self._notebook and self._notebook.answering
        if self._notebook and channel and channel.exercise != exercise and not channel.busy:
            self._forget(channel)
            channel.leave()
            self._notebook.run_on()

    def _turn(self) -> None:
        """Send what can be sent, then wait for something to happen and deal with it."""
        self._dispatch()
        ready = self._selector.select(self._patience())
        self._heed_zygote()  # first, since it explains what ends; it may have spoken to another run's ear
        found = [key.data for key, _ in ready if key.data is not None]
        for _, read in sorted(found, key=lambda data: data[0]):
            read()
        self._check()

    def _dispatch(self) -> None:
        busy = [channel for channel in self._channels.values() if channel.busy]
        cells_run = self._notebook is not None and self._notebook.answering is None
        for channel in self._channels.values():
            if any(other.alone for other in busy) or len(busy) >= self._parallel:
                return
            occupied = busy or cells_run
            if channel.held and channel.queue and not channel.busy and not (channel.alone and occupied):
                channel.send_batch()
                busy.append(channel)

    def _patience(self) -> float:
        deadlines = [channel.deadline for channel in self._channels.values() if channel.busy]
        if self._notebook is not None and self._notebook.deadline is not None:
            deadlines.append(self._notebook.deadline)
        return max(0.0, min(deadlines, default=time.monotonic() + 1) - time.monotonic()) + 0.001

    def _check(self) -> None:
        """See who is late, and what follows where the notebook's process has come to an end."""
        for channel in self._channels.values():
            channel.check_deadline()
            if channel.lost:
                self._forget(channel)
        if self._notebook is not None:
            self._notebook.check_deadline()
            if self._notebook.lost:
                self._replace(self._notebook, self._notebook.lost)
            elif self._notebook.finished:
                self._end(self._notebook, Lost(to="notebook"))

    def _heed_zygote(self) -> None:
        for event in self._zygote.events(self._guests):
            limit: LostTo = event["limit"]
            busy = [channel for channel in self._channels.values() if channel.busy]
            suspects = [channel for channel in busy if not channel.disturbed]
            for channel in busy:
                channel.disturb(limit)
            if self._notebook is not None and not suspects:
                self._notebook.strike(limit)

    def _read_notebook(self) -> None:
        assert self._notebook is not None
        for channel in self._notebook.read():
            self._selector.register(channel.sock, selectors.EVENT_READ, (0, partial(self._read_channel, channel)))

    def _replace(self, notebook: Notebook, why: Lost) -> None:
        """The process that ran the cells is gone, or must go: start again without the cell it was in.

        Where it was in none, and nothing was held before, the next one would come no further.
        """
        if notebook.pid is not None:
            self._kill(notebook.pid)
        if notebook.answering is not None:
            notebook.answering.lose(why if why.detail else Lost(to=why.to, detail=say("its process is gone")))
            self._forget(notebook.answering)
            notebook.run_on()
        cell = notebook.note_loss()
        if cell is not None:
            self._skipped.add(cell)
        if why.to == "notebook_time":
            self._end(notebook, why)
        elif cell is None and not notebook.came_further:
            self._end(notebook, Lost(to="notebook"))
        else:
            self._end(notebook)
            self._start_guest(notebook.stop_at)

    def _end(self, notebook: Notebook, why: Lost | None = None) -> None:
        """The process that ran the cells is done with; what is not held is lost, if there is a reason."""
        self._selector.unregister(notebook.sock)
        notebook.sock.close()
        self._notebook = None
        for channel in self._channels.values():
            if why is not None and not channel.held:
                channel.lose(why)

    def _read_channel(self, channel: Channel) -> None:
        channel.read()
        if channel.lost:
            self._forget(channel)

    def _forget(self, channel: Channel) -> None:
        for key in list(self._selector.get_map().values()):
            if key.fileobj is channel.sock:
                self._selector.unregister(key.fd)


def _in_order(ends: dict[int, list[str]]) -> list[str]:
    """Exercises in the order in which the cells come to their ends."""
    return [exercise for index in sorted(ends, key=lambda index: (index < 0, index)) for exercise in ends[index]]


def _ends(submission: Submission, exercises: list[str]) -> dict[int, list[str]]:
    """Which exercises end after which cell; those without cells at the very end (-1)."""
    last = {cell.exercise: index for index, cell in enumerate(submission.cells) if cell.exercise}
    ends: dict[int, list[str]] = {}
    for exercise in exercises:
        ends.setdefault(last.get(exercise, -1), []).append(exercise)
    return ends
