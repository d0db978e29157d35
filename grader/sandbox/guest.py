"""The judge's end of one guest: it runs the cells, stops where exercises end, and answers questions there."""

from __future__ import annotations

import socket
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

import psutil
from pydantic import TypeAdapter, ValidationError

from grader import wire
from grader.errors import WireError
from grader.guest.timing import Clock, is_late
from grader.models.cells import Submission
from grader.models.limits import Limits
from grader.models.message import Message, clean, say, verbatim
from grader.models.observation import Answer, CellRun, Lost, LostTo, Raised, Warned
from grader.models.values import decode
from grader.processor_time import TooLong, at_most
from grader.protocol import Answered, Ask, CellEnded, Copy, FromGuest, GoOn, Job, JobCell, Limit, Reached
from grader.sandbox.client import Zygote
from grader.sandbox.incoming import from_guest
from grader.sandbox.support import Isolation
from grader.submission.bindings import bound_names

GRACE = 1.5  # seconds between the polite end of a cell or a question and that of its process
STRIKES = 2  # times that what runs may pass a limit of the whole guest
READING = 5.0  # seconds of computing for what arrives at once
QUICK = 0.2  # seconds that cells may take to be run again, where an answer in place did not do
MAX_PID = 1 << 31
_WARNED = TypeAdapter(Warned)


class State(Enum):
    """What a guest is doing."""

    BETWEEN = auto()  # it begins, or has run a cell
    RUNNING = auto()  # a cell
    ANSWERING = auto()  # in place
    COPYING = auto()  # a copy answers
    WAITING = auto()  # at the end of an exercise
    FINISHED = auto()
    GONE = auto()


@dataclass(eq=False)
class Ticket:
    """A question on its way; `answer` is set when it is settled.

    Attributes:
        clean: whether nothing was asked before it of the state that answered.
        touched: whether that state may have come about by what was asked for an exercise before.
        threads: whether it was answered in place, beside other threads, which a copy would not have had.
    """

    exercise: str
    source: str
    function: str
    arguments: Any
    blob: bytes
    answer: Answer | None = None
    clean: bool = False
    touched: bool = False
    threads: bool = False


@dataclass(frozen=True)
class Surroundings:
    """What all guests of a submission have in common.

    Attributes:
        readable: what they may read; `data` as well, as a folder of that name.
        seed: of torch, random and NumPy, before the cells and before every question.
        fixtures: source of names that expressions may use.
        borrowed: names of each exercise that are another one's answer.
        any_device: whether what asks for a GPU runs on the CPU.
        writes_data: whether cells may write below `data`, which is a copy then.
    """

    submission: Submission
    limits: Limits
    seed: int
    fixtures: str
    readable: list[str]
    data: str | None
    isolation: Isolation
    borrowed: dict[str, frozenset[str]] = field(default_factory=dict)
    any_device: bool = False
    writes_data: bool = False


@dataclass
class Progress:
    """What is known of a submission's cells, whichever guest ran them.

    Attributes:
        skipped: indices of cells that took a guest down, and are not run again.
        stop_at: seconds that all cells may take; see `Limits.notebook_seconds`.
    """

    cells: dict[int, CellRun] = field(default_factory=dict)
    skipped: set[int] = field(default_factory=set)


class Guest:
    """One process that runs the cells of a submission.

    Args:
        zygote: forks it.
        progress: learns what happens in the cells, if this guest is the one that counts.
        clock: of the questions.
        ends: which exercises end after which cell, -1 being the notebook's end.
        asked: questions known from the start, answered in place where their exercise ends.
        waits: exercises at whose end it stays until it is told to go on.

    Attributes:
        here: the exercises at whose end it is.
        passed: exercises whose end it has reached.
        lost: why it is gone.
    """

    def __init__(
        self,
        zygote: Zygote,
        around: Surroundings,
        progress: Progress,
        clock: Clock,
        ends: dict[int, list[str]],
        asked: Iterable[Ticket] = (),
        waits: Iterable[str] = (),
        quick: float = QUICK,
    ) -> None:
        self._zygote = zygote
        self._around = around
        self._limits = around.limits
        self._progress = progress
        self._clock = clock
        self._pending: dict[int, Ticket] = {}
        self._queues: dict[str, deque[int]] = {}
        self._batch: deque[int] = deque()
        self._next = 0
        self._to_reach = list(ends.values())  # each once, or one that says so again and again is never late
        self._copy: int | None = None
        self._stopped = False
        self._over: Limit | None = None
        self._strikes = 0
        self._since = 0.0
        self._asked = self._asked_copy = False
        self._touched = self._threads = False
        self.state = State.BETWEEN
        self.cell: int | None = None
        self.here: list[str] = []
        self.waiting = False
        self.in_place = True
        self.passed: set[str] = set()
        self._changed = False
        self.lost: Lost | None = None
        self._reader = wire.Reader()
        self.sock, theirs = socket.socketpair()
        with theirs:
            files = {file.name: file.path for file in around.submission.beside}
            self.number, self.pid = zygote.start(
                around.limits.model_dump(), around.readable, around.data, files, around.isolation, theirs
            )
        self.sock.setblocking(False)
        self._out = bytearray()
        frames = [self._ask_frame(ticket) for ticket in asked]
        self._out += wire.pack(self._job(ends, waits, len(frames), quick)) + b"".join(frames)
        self._cells_since = time.monotonic()
        self._cells_took = 0.0
        self._begin(State.BETWEEN)
        self.write()  # so that it works while the judge is busy with something else
        self.turn_away()

    # -- what goes out

    def _job(self, ends: dict[int, list[str]], waits: Iterable[str], questions: int, quick: float) -> Job:
        cells = [
            JobCell(
                index=index,
                number=cell.number,
                source=cell.source,
                filename=cell.filename,
                skipped=index in self._progress.skipped,
                ends=ends.get(index, []),
                owners=list(cell.exercises),
                binds={n: [at.first, at.last] for n, at in bound_names(cell.source).items()} if cell.exercises else {},
            )
            for index, cell in enumerate(self._around.submission.cells)
        ]
        last = JobCell(
            index=-1, number=None, source="", filename="", skipped=True, ends=ends.get(-1, []), owners=[], binds={}
        )
        return Job(
            tag="job",
            cells=[*cells, last],
            modules=[module.filename for module in self._around.submission.modules],
            borrowed={exercise: sorted(names) for exercise, names in self._around.borrowed.items()},
            script=self._around.submission.script,
            any_device=self._around.any_device,
            writes_data=self._around.writes_data,
            seed=self._around.seed,
            fixtures=self._around.fixtures,
            seconds=self._clock.each,
            together=self._clock.together,
            spent=self._clock.spent,
            output=self._limits.output,
            questions=questions,
            waits=list(waits),
            quick=quick,
        )

    def _ask_frame(self, ticket: Ticket) -> bytes:
        number = self._next = self._next + 1
        self._pending[number] = ticket
        self._queues.setdefault(ticket.exercise, deque()).append(number)
        ask = Ask(
            tag="ask",
            number=number,
            exercise=ticket.exercise,
            source=ticket.source,
            function=ticket.function,
            arguments=ticket.arguments,
            seed=self._around.seed,
        )
        return wire.pack(ask, ticket.blob)

    def ask(self, ticket: Ticket) -> None:
        """Ask in place, where it waits."""
        self._out += self._ask_frame(ticket)
        self._batch.append(self._queues[ticket.exercise].pop())
        self._begin(State.ANSWERING)

    def ask_copy(self, tickets: list[Ticket]) -> None:
        """Ask a copy of the state it waits in."""
        frames = [self._ask_frame(ticket) for ticket in tickets]
        for ticket in tickets:
            self._batch.append(self._queues[ticket.exercise].popleft())
        self._copy = None
        self._stopped = False
        self._out += wire.pack(Copy(tag="copy", questions=len(tickets), spent=self._clock.spent)) + b"".join(frames)
        self._begin(State.COPYING)

    def go_on(self) -> None:
        """Let it run on to the next exercise's end."""
        self._out += wire.pack(GoOn(tag="go_on"))
        self.here, self.waiting = [], False
        self._cells_since = time.monotonic()
        self._begin(State.BETWEEN)

    def holds(self, ticket: Ticket) -> bool:
        """Whether a question was put that is still to be answered."""
        return ticket in self._pending.values()

    def stays_clean(self, exercise: str) -> bool:
        """Whether it waits where an exercise ends, and has copies answer."""
        return self.state is State.WAITING and exercise in self.here and not self.in_place

    @property
    def writes(self) -> bool:
        """Whether there is something to send."""
        return bool(self._out)

    def write(self) -> None:
        """Send what the socket takes."""
        try:
            sent = self.sock.send(bytes(self._out[: 1 << 20]))
            del self._out[:sent]
            if not self._out:
                self._begin(self.state)  # what had still to read the question is not late with the answer
        except BlockingIOError:
            return
        except OSError:
            self._out.clear()  # it is gone, as `read` will see

    # -- what comes in

    def read(self) -> None:
        """Take what has arrived."""
        try:
            data = self.sock.recv(1 << 20)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._lose(self._over or "crash")
            return
        try:
            with at_most(READING):
                for header, blob in self._reader.feed(data):
                    if self.state is State.GONE:
                        return
                    self._take(from_guest(header), blob)
        except WireError as error:
            self._lose("wire", verbatim(error))
        except (TooLong, MemoryError):
            self._lose("wire", say("to read it takes too long, or too much memory"))
        except (wire.BrokenFrame, ValidationError, ValueError, TypeError, ArithmeticError, RecursionError) as error:
            named = isinstance(error, wire.BrokenFrame)
            self._lose("wire", verbatim(error) if named else say("a malformed answer"))

    def _take(self, message: FromGuest, blob: bytes) -> None:
        match message["tag"]:
            case "cell_started" if self.state is State.BETWEEN:
                self.cell = self._cell(message["cell"])
                self._begin(State.RUNNING)
            case "cell_ran" if self.state is State.RUNNING and message["cell"] == self.cell:
                self._take_cell(message)
            case "reached" if self.state is State.BETWEEN and message["exercises"] in self._to_reach:
                self._take_reached(message)
            case "copying" if self.state is State.COPYING and self._copy is None and 0 < message["pid"] < MAX_PID:
                self._copy = message["pid"]
                self._begin(State.COPYING)
            case "answered" if self._batch and message["number"] == self._batch[0]:
                self._take_answer(message, blob)
            case "copy_ended" if self.state is State.COPYING:
                self._take_end_of_copy(message["status"])
            case "finished" if self.state is State.BETWEEN:
                self._begin(State.FINISHED)
            case _:
                raise WireError("a message that does not belong here")

    def _cell(self, index: int) -> int:
        if not 0 <= index < len(self._around.submission.cells):
            raise WireError("a cell that there is not")
        return index

    def _take_cell(self, message: CellEnded) -> None:
        raised = Raised.model_validate(message["raised"]) if "raised" in message else None
        passed_over = tuple(Raised.model_validate(one) for one in message["passed_over"])
        self._note_cell(message["seconds"], message["output"], raised, passed_over=passed_over)
        self._begin(State.BETWEEN)
        took, most = self._cells_took + time.monotonic() - self._cells_since, self._limits.notebook_seconds
        if took > most and is_late(took, self._processor_time(), most):
            self._lose("notebook_time")

    def _note_cell(
        self,
        seconds: float,
        output: str,
        raised: Raised | None = None,
        lost: Lost | None = None,
        passed_over: tuple[Raised, ...] = (),
    ) -> None:
        assert self.cell is not None
        cell = self._around.submission.cells[self.cell]
        most = self._limits.output + 100
        run = CellRun(
            number=cell.number,
            prompt=cell.prompt,
            exercises=cell.exercises,
            seconds=seconds,
            output=clean(output[:most])[:most],
            raised=raised,
            lost=lost,
            passed_over=passed_over,
        )
        self._progress.cells.setdefault(self.cell, run)
        self.cell = None

    def _take_reached(self, message: Reached) -> None:
        exercises = message["exercises"]
        self._to_reach.remove(exercises)
        self._cells_took += time.monotonic() - self._cells_since
        self.here, self.waiting, self.in_place = list(exercises), message["waiting"], message["in_place"]
        self._threads = message["threads"]
        self.passed.update(exercises)
        self._touched = self._changed
        for exercise in exercises:
            numbers = self._queues.pop(exercise, deque())
            if self.in_place:
                self._batch += numbers
            else:  # they are asked again, of copies
                for number in numbers:
                    del self._pending[number]
        self._settle_down()

    def _settle_down(self) -> None:
        """Turn to the next question, or wait, or go on."""
        if self._batch:
            self._begin(State.ANSWERING)
        elif self.waiting:
            self._begin(State.WAITING)
        else:
            self.here = []
            self._cells_since = time.monotonic()
            self._begin(State.BETWEEN)

    def _take_answer(self, message: Answered, blob: bytes) -> None:
        warned = _WARNED.validate_python(message["warned"])
        if "raised" in message:
            raised = Raised.model_validate(message["raised"])
            answer = Answer(
                raised=raised.model_copy(update={"limit": self._late()}) if raised.limit == "time" else raised,
                warned=warned,
            )
        else:
            answer = Answer(value=decode(message.get("value"), blob), warned=warned)
        self._settle(answer)
        if self.state is State.COPYING:
            self._asked_copy = True
            self._begin(State.COPYING)
        else:
            self._asked = True
            self._changed = self._changed or message["changed"] or bool(answer.raised and answer.raised.limit)
            self._settle_down()

    def _settle(self, answer: Answer) -> None:
        """The question it was at has its answer."""
        ticket = self._pending.pop(self._batch.popleft())
        ticket.clean = not self._asked and not (self.state is State.COPYING and self._asked_copy)
        ticket.touched = self._touched
        ticket.threads = self._threads and self.state is State.ANSWERING
        ticket.answer = answer

    def _take_end_of_copy(self, status: int) -> None:
        """The copy has ended: the question it was at is settled, those behind it are to be asked again."""
        if self._batch:
            stopped = self._over or (self._late() if self._stopped else None)
            lost = Lost(to=stopped) if stopped else _crash(status)
            self._settle(Answer(lost=lost))
            for number in self._batch:
                self._pending.pop(number)
            self._batch.clear()
        self._begin(State.WAITING)

    # -- limits

    def turn_to(self) -> None:
        """The judge looks at it again: that it did not look in between is no delay of the guest's."""
        missed = time.monotonic() - self._left_at
        self._since += missed
        self._look_at += missed
        self._cells_since += missed

    def turn_away(self) -> None:
        """The judge turns to something else."""
        self._left_at = time.monotonic()

    def _begin(self, state: State) -> None:
        """Turn to something else, whose time begins now."""
        if self.state in (State.ANSWERING, State.COPYING):
            self._clock.spent += time.monotonic() - self._since
        if state is State.COPYING and self.state is not State.COPYING:
            self._asked_copy = False
        self.state = state
        self._since = time.monotonic()
        self._computed: float | None = None
        self._hurried = self._clock.hurried
        self._over = None
        self._strikes = 0
        self._look_at = self._since + min(1.0, self._seconds / 2)

    @property
    def _seconds(self) -> float:
        return self._clock.seconds if self.state in (State.ANSWERING, State.COPYING) else self._limits.seconds

    @property
    def deadline(self) -> float | None:
        """When to look whether it is late; None while it has nothing to do."""
        return None if self.state in (State.WAITING, State.FINISHED, State.GONE) else self._look_at

    def check_deadline(self) -> None:
        """See whether it is late, and end what is."""
        now = time.monotonic()
        if self.deadline is None or now < self._look_at:
            return
        if self._computed is None:  # from here on, it is known how much it computes
            self._computed, self._looked = self._processor_time(), now
            self._look_at = self._since + self._seconds + GRACE
            return
        took = now - self._since
        computed = took * (self._processor_time() - self._computed) / (now - self._looked)  # as in the time looked at
        running = self.state in (State.BETWEEN, State.RUNNING)
        cells_took = self._cells_took + now - self._cells_since if running else 0.0
        if cells_took and is_late(cells_took, self._processor_time(), self._limits.notebook_seconds):
            self._lose("notebook_time")
        elif not is_late(took, computed, self._seconds + GRACE, patient=not self._hurried or running):
            self._look_at = now + 0.2
        elif self.state is State.COPYING and self._copy is not None and not self._stopped:
            self._stopped = True
            self._look_at = now + GRACE
            self._zygote.kill(self.number, self._copy)
        else:
            self._lose(self._late())

    def _processor_time(self) -> float:
        """Seconds that the process at work has computed."""
        try:
            times = psutil.Process(self._copy if self.state is State.COPYING and self._copy else self.pid).cpu_times()
        except psutil.Error:
            return 0.0
        return float(times.user + times.system + times.children_user + times.children_system)

    def _late(self) -> LostTo:
        questions = self.state in (State.ANSWERING, State.COPYING)
        return "probes_time" if questions and self._hurried else "time"

    def strike(self, limit: Limit) -> None:
        """A limit of all its processes was passed."""
        if self.state in (State.WAITING, State.FINISHED, State.GONE):
            return
        self._over = limit
        self._strikes += 1
        if self.state is State.ANSWERING or (self._strikes >= STRIKES and self.state is not State.COPYING):
            self._lose(limit)

    def _lose(self, to: LostTo, detail: Message | None = None) -> None:
        """It cannot go on: what it was at is lost."""
        status = self._end()
        self.lost = _crash(status) if to == "crash" else Lost(to=to, detail=detail)
        if self.state is State.RUNNING:
            cell = self.cell
            assert cell is not None
            seconds = self._limits.seconds if to == "time" else 0.0
            detail = say("the cell wrote to the grader's own channel") if to == "wire" else None
            self._progress.cells.pop(cell, None)
            self._note_cell(seconds, "", lost=Lost(to=to, detail=detail))
            self._progress.skipped.add(cell)
        elif self._batch:
            self._settle(Answer(lost=self.lost))
        self._batch.clear()
        self._pending.clear()
        self._begin(State.GONE)

    @property
    def lives(self) -> bool:
        """Whether its processes have not been ended."""
        return self.sock.fileno() >= 0

    def close(self) -> None:
        """It is not needed any more."""
        self.state = State.GONE
        self._end()

    def retire(self) -> None:
        """End all its processes, once it has done what it was to do."""
        self._end()

    def _end(self) -> int:
        if self.sock.fileno() < 0:
            return 0
        self.sock.close()
        return self._zygote.end(self.number)


def _crash(status: int) -> Lost:
    """What an exit status, as `waitpid` gives it, says of an answer that never came."""
    signal_number = status & 0x7F
    if signal_number:
        return Lost(to="crash", detail=say("signal {number}", number=signal_number))
    return Lost(to="crash", detail=say("exit status {number}", number=status >> 8))
