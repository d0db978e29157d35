"""The judge's end of one holder: requests queue up, answers come back checked."""

from __future__ import annotations

import secrets
import socket
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from grader import wire
from grader.errors import WireError
from grader.models.observation import Answer, Lost, LostTo, Raised
from grader.models.values import decode

GRACE = 3.0  # seconds a holder has, beyond the probe's, to say that it ended the probe


@dataclass(eq=False)
class Ticket:
    """A question on its way; `answer` is set when it is settled.

    Attributes:
        alone: to be asked while nothing else runs, since a limit of the whole guest was passed
            while it ran beside others.
        over: the limit of the whole guest that was passed while it ran alone.
    """

    header: dict[str, Any]
    blob: bytes
    answer: Answer | None = None
    alone: bool = False
    over: LostTo | None = None
    nonce: str = ""
    deadline: float = field(default=0.0)
    partial: Answer | None = None


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
        self.current: Ticket | None = None
        self._reader = wire.Reader()

    def send_next(self) -> None:
        """Send the first question of the queue."""
        ticket = self.queue.popleft()
        ticket.nonce = secrets.token_hex(8)
        ticket.deadline = time.monotonic() + ticket.header["seconds"] + GRACE
        ticket.partial = None
        self.current = ticket
        try:
            self.sock.settimeout(GRACE)
            wire.send(self.sock, {**ticket.header, "nonce": ticket.nonce}, ticket.blob)
            self.sock.setblocking(False)
        except OSError:
            self.lose(Lost(to="crash", detail="its process is gone"))

    def read(self) -> None:
        """Take what has arrived, and settle the current question with it."""
        try:
            data = self.sock.recv(1 << 20)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.lose(Lost(to="crash", detail="its process is gone"))
            return
        try:
            for header, blob in self._reader.feed(data):
                self._take(header, blob)
        except (wire.BrokenFrame, WireError, ValidationError, ValueError, RecursionError) as error:
            detail = str(error) if isinstance(error, (wire.BrokenFrame, WireError)) else "a malformed answer"
            self.lose(Lost(to="wire", detail=detail))

    def _take(self, header: dict[str, Any], blob: bytes) -> None:
        ticket = self.current
        if ticket is None or header.get("nonce") != ticket.nonce:
            raise WireError("an answer that nobody asked for")
        if "ended" in header:
            self.current = None
            if ticket.partial is None and ticket.alone and ticket.over is None:
                self.queue.appendleft(ticket)
            else:
                over = Lost(to=ticket.over) if ticket.over else _ending(header["ended"])
                ticket.answer = ticket.partial or Answer(lost=over)
        elif "raised" in header:
            ticket.partial = Answer(raised=Raised.model_validate(header["raised"]))
        else:
            ticket.partial = Answer(value=decode(header.get("value"), blob))

    def overdue(self) -> bool:
        return self.current is not None and time.monotonic() > self.current.deadline

    def lose(self, why: Lost) -> None:
        """The holder cannot answer any more: what is open, and all that follows, is lost."""
        if self.lost is None:
            self.lost = why
        for ticket in [self.current, *self.queue]:
            if ticket is not None:
                ticket.answer = Answer(lost=why)
        self.current = None
        self.queue.clear()
        self.sock.close()


def _ending(status: Any) -> Lost:
    """What an exit status, as `waitpid` gives it, says of an answer that never came."""
    if not isinstance(status, int):
        return Lost(to="time")
    signal_number = status & 0x7F
    return Lost(to="crash", detail=f"signal {signal_number}" if signal_number else f"exit status {status >> 8}")
