"""The judge's end of one holder: requests queue up, answers come back checked."""

from __future__ import annotations

import secrets
import socket
import time
from collections import deque
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


@dataclass(eq=False)
class Ticket:
    """A question on its way; `answer` is set when it is settled.

    Attributes:
        fresh: to be answered by a copy of its own.
        alone: to be asked while nothing else runs, since a limit of the whole guest was passed
            while it ran beside others.
        over: the limit of the whole guest that was passed while it ran alone.
        behind: how many questions the copy that answered had answered before.
    """

    header: dict[str, Any]
    blob: bytes
    fresh: bool = False
    alone: bool = False
    over: LostTo | None = None
    answer: Answer | None = None
    behind: int = 0
    nonce: str = ""


class Channel:
    """One exercise's holder.

    Args:
        sock: our end.
        exercise: whose state is held.
    """

    def __init__(self, sock: socket.socket, exercise: str) -> None:
        self.sock = sock
        self.exercise = exercise
        self.held = False
        self.lost: Lost | None = None
        self.queue: deque[Ticket] = deque()
        self.batch: list[Ticket] = []
        self.deadline = 0.0
        self._nonce = ""
        self._asked = 0
        self._stopped = False
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
        self.batch = [first]
        while not (first.fresh or first.alone) and self.queue and not self.queue[0].fresh and not self.queue[0].alone:
            self.batch.append(self.queue.popleft())
        self._nonce = secrets.token_hex(8)
        self._asked = len(self.batch)
        self._stopped = False
        frames = [wire.pack({"nonce": self._nonce, "batch": len(self.batch)})]
        for ticket in self.batch:
            ticket.nonce = secrets.token_hex(8)
            frames.append(wire.pack({**ticket.header, "nonce": ticket.nonce}, ticket.blob))
        self._extend()
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
        if "ended" in header and self._nonce and nonce == self._nonce:
            self._nonce = ""
            self._settle_rest(header["ended"])
        elif self.batch and nonce == self.batch[0].nonce:
            ticket = self.batch.pop(0)
            ticket.behind = self._asked - len(self.batch) - 1
            warned = _WARNED.validate_python(header.get("warned", []))
            if "raised" in header:
                ticket.answer = Answer(raised=Raised.model_validate(header["raised"]), warned=warned)
            else:
                ticket.answer = Answer(value=decode(header.get("value"), blob), warned=warned)
            self._extend()
        else:
            raise WireError("an answer that nobody asked for")

    def _settle_rest(self, status: Any) -> None:
        """The copy has ended: the question it was at is settled, those behind it are asked again."""
        if not self.batch:
            return
        ticket, *rest = self.batch
        self.batch = []
        self.queue.extendleft(reversed(rest))
        if ticket.alone and ticket.over is None and not self._stopped:
            self.queue.appendleft(ticket)
        else:
            ticket.behind = self._asked - len(rest) - 1
            ticket.answer = Answer(lost=Lost(to=ticket.over) if ticket.over else _ending(status))

    def _extend(self) -> None:
        if self.batch:
            self.deadline = time.monotonic() + self.batch[0].header["seconds"] + GRACE

    def check_deadline(self) -> None:
        """Have the copy stopped when its question's time is over; give the holder up when it does not."""
        if not self.busy or time.monotonic() < self.deadline:
            return
        if self._stopped:
            self.lose(Lost(to="time"))
            return
        self._stopped = True
        self.deadline = time.monotonic() + GRACE
        try:
            self.sock.sendall(wire.pack({"stop": True}))
        except OSError:
            self.lose(Lost(to="time"))

    def lose(self, why: Lost) -> None:
        """The holder cannot answer any more: what is open, and all that follows, is lost."""
        if self.lost is None:
            self.lost = why
        for ticket in (*self.batch, *self.queue):
            ticket.answer = Answer(lost=why)
        self.batch = []
        self.queue.clear()
        self._nonce = ""
        self.sock.close()


def _ending(status: Any) -> Lost:
    """What an exit status, as `waitpid` gives it, says of an answer that never came."""
    if not isinstance(status, int):
        return Lost(to="time")
    signal_number = status & 0x7F
    if signal_number:
        return Lost(to="crash", detail=say("signal {number}", number=signal_number))
    return Lost(to="crash", detail=say("exit status {number}", number=status >> 8))
