"""The judge's end of one held state: requests queue up, answers come back checked."""

from __future__ import annotations

import secrets
import socket
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from grader import wire
from grader.errors import WireError
from grader.models.message import say, verbatim
from grader.models.observation import Answer, Lost, LostTo, Raised, Warned
from grader.models.values import decode

GRACE = 1.5  # seconds between a probe's polite stop and its end, and from there to giving its holder up
_WARNED = TypeAdapter(Warned)
HURRIED = 1.0  # seconds a probe gets at most when those before have used up the time of all


@dataclass
class Clock:
    """How long the probes of a submission may take.

    Attributes:
        each: seconds for one probe.
        together: seconds for all, whichever exercise they ask; each that follows must hurry.
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
        """What the next probe gets."""
        return min(self.each, HURRIED) if self.hurried else self.each


@dataclass(eq=False)
class Ticket:
    """A question on its way; `answer` is set when it is settled.

    Attributes:
        exercise: which state is asked.
        fresh: to be answered by a copy of its own.
        alone: to be asked while nothing else runs, since a limit of the whole guest was passed
            while it ran beside others.
        isolated: whether it did run alone.
        over: the limit of the whole guest that was passed while it ran alone.
        behind: how many questions the copy that answered had answered before.
    """

    exercise: str
    header: dict[str, Any]
    blob: bytes
    fresh: bool = False
    alone: bool = False
    isolated: bool = False
    over: LostTo | None = None
    answer: Answer | None = None
    behind: int = 0
    nonce: str = ""


class Channel:
    """One exercise's state, and the process that holds it.

    Args:
        exercise: whose state is held.
        clock: of all exercises.
        kill: ends a process of the same guest.

    Attributes:
        sock: our end, once there is a guest.
        held: whether the state is there to be asked.
        left: whether it is there no more, since nothing more was to be asked.
    """

    def __init__(self, exercise: str, clock: Clock, kill: Callable[[int], None]) -> None:
        self.sock = socket.socket()
        self.exercise = exercise
        self._clock = clock
        self._kill = kill
        self._since = 0.0
        self._hurried = False
        self.held = False
        self.left = False
        self.lost: Lost | None = None
        self.queue: deque[Ticket] = deque()
        self.batch: list[Ticket] = []
        self.deadline = 0.0
        self._nonce = ""
        self._copy: int | None = None
        self._asked = 0
        self._stopped = False
        self.disturbed = False
        self._reader = wire.Reader()

    @property
    def busy(self) -> bool:
        """Whether a copy is at work."""
        return bool(self._nonce)

    @property
    def alone(self) -> bool:
        """Whether what is asked, or would be asked next, must run while nothing else does."""
        open_ = self.batch or self.queue
        return bool(open_) and open_[0].alone

    def send_batch(self) -> None:
        """Send the questions that one copy may answer: all that wait, or one that wants its own."""
        first = self.queue.popleft()
        first.isolated = first.alone
        self.batch = [first]
        while not (first.fresh or first.alone) and self.queue and not self.queue[0].fresh and not self.queue[0].alone:
            self.batch.append(self.queue.popleft())
        self._nonce = secrets.token_hex(8)
        self._copy = None
        self._asked = len(self.batch)
        self._stopped = self.disturbed = False
        frames = [wire.pack({"nonce": self._nonce, "batch": len(self.batch)})]
        for ticket in self.batch:
            ticket.nonce = secrets.token_hex(8)
            header = {**ticket.header, "nonce": ticket.nonce, "seconds": self._clock.seconds}
            frames.append(wire.pack(header, ticket.blob))
        self._begin()
        try:
            self.sock.settimeout(GRACE)
            self.sock.sendall(b"".join(frames))
            self.sock.setblocking(False)
        except OSError:
            self.lose(Lost(to="crash", detail=say("its process is gone")))

    def read(self) -> None:
        """Take what has arrived, and settle questions with it."""
        try:
            data = self.sock.recv(1 << 20)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.lose(Lost(to="crash", detail=say("its process is gone")))
            return
        try:
            for header, blob in self._reader.feed(data):
                self._take(header, blob)
        except (wire.BrokenFrame, WireError, ValidationError, ArithmeticError, ValueError, RecursionError) as error:
            named = isinstance(error, (wire.BrokenFrame, WireError))
            self.lose(Lost(to="wire", detail=verbatim(error) if named else say("a malformed answer")))

    def _take(self, header: dict[str, Any], blob: bytes) -> None:
        nonce = header.get("nonce")
        if "pid" in header and self._nonce and nonce == self._nonce and self._copy is None:
            self._copy = _whole(header["pid"])
            self._spend()
            self._begin()
        elif "ended" in header and self._nonce and nonce == self._nonce:
            self._nonce = ""
            self._spend()
            self._settle_rest(_whole(header["ended"]))
        elif self.batch and nonce == self.batch[0].nonce:
            ticket = self.batch.pop(0)
            self._spend()
            warned = _WARNED.validate_python(header.get("warned", []))
            if "raised" in header:
                answer = Answer(raised=self._raised(header["raised"]), warned=warned)
            else:
                answer = Answer(value=decode(header.get("value"), blob), warned=warned)
            self._settle(ticket, answer, len(self.batch))
            self._begin()
        else:
            raise WireError("an answer that nobody asked for")

    def _raised(self, data: Any) -> Raised:
        raised = Raised.model_validate(data)
        return raised.model_copy(update={"limit": self._late()}) if raised.limit == "time" else raised

    def _settle_rest(self, status: int) -> None:
        """The copy has ended: the question it was at is settled, those behind it are asked again."""
        if not self.batch:
            return
        ticket, *rest = self.batch
        self.batch = []
        self.queue.extendleft(reversed(rest))
        if self.disturbed and not ticket.isolated and not self._stopped:
            ticket.alone = True
            self.queue.appendleft(ticket)
            return
        stopped = ticket.over or (self._late() if self._stopped else None)
        lost = Lost(to=stopped) if stopped else _crash(status)
        self._settle(ticket, Answer(lost=lost), len(rest))

    def _settle(self, ticket: Ticket, answer: Answer, left: int) -> None:
        """Answer a question; one that was stopped in a hurry is not to be asked once more."""
        ended = answer.raised.limit if answer.raised else answer.lost and answer.lost.to
        ticket.behind = 0 if ended == "probes_time" else self._asked - left - 1
        ticket.answer = answer

    def _begin(self) -> None:
        """The copy turns to the first open question, or to its end."""
        self._since = time.monotonic()
        self._hurried = self._clock.hurried
        self.deadline = self._since + self._clock.seconds + GRACE

    def _spend(self) -> None:
        self._clock.spent += time.monotonic() - self._since

    def _late(self) -> LostTo:
        return "probes_time" if self._hurried else "time"

    def disturb(self, limit: LostTo) -> None:
        """A limit of the whole guest was passed while the copy is at work, which may not live to answer."""
        self.disturbed = True
        if self.batch and self.batch[0].isolated:
            self.batch[0].over = limit

    def check_deadline(self) -> None:
        """Have the copy stopped when its question's time is over; give the holder up when it does not."""
        if not self.busy or time.monotonic() < self.deadline:
            return
        if self._stopped or self._copy is None:
            self.lose(Lost(to=self._late()))
            return
        self._stopped = True
        self.deadline = time.monotonic() + GRACE
        self._kill(self._copy)

    def lose(self, why: Lost) -> None:
        """The holder cannot answer any more: what is open, and all that follows, is lost."""
        if self.busy:
            self._spend()
            if self._copy is not None:
                self._kill(self._copy)
        if self.lost is None:
            self.lost = why
        for ticket in (*self.batch, *self.queue):
            ticket.answer = Answer(lost=why)
        self.batch = []
        self.queue.clear()
        self._nonce = ""
        self.sock.close()

    def leave(self) -> None:
        """Nothing more will be asked: whoever holds the state may let it go. Not while a copy is at work."""
        self.left = True
        for ticket in self.queue:  # which nobody waits for
            ticket.answer = Answer(lost=Lost(to="notebook"))
        self.queue.clear()
        self.sock.close()


def _whole(number: Any) -> int:
    if not isinstance(number, int):
        raise WireError("a malformed answer")
    return number


def _crash(status: int) -> Lost:
    """What an exit status, as `waitpid` gives it, says of an answer that never came."""
    signal_number = status & 0x7F
    if signal_number:
        return Lost(to="crash", detail=say("signal {number}", number=signal_number))
    return Lost(to="crash", detail=say("exit status {number}", number=status >> 8))
