"""Keeps the state an exercise ended in, and answers its probes from copies of it.

The process that holds a state forks for every batch of questions: the copy answers
them in order and is gone. The judge asks again, in a copy of its own, what did not
come out right behind another question; so no student loses a point by what another
probe did.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import torch
from torch import nn

from grader import wire
from grader.guest import look
from grader.guest.faults import Sources, describe, kept_warnings, time_limit
from grader.guest.shell import Capture
from grader.guest.values import decode, encode

Question = tuple[dict[str, Any], bytes]


class Fixtures:
    """The names of the instructor's `fixtures.py`.

    It runs before any cell does, so that what it imports and defines is what it was written for, whatever the
    student's code puts in its place. What it raises is raised where a name is asked for.
    """

    def __init__(self, source: str) -> None:
        self._names: dict[str, Any] = {"__name__": "fixtures"}
        self._fault: Exception | None = None
        try:
            exec(compile(source, "<fixtures>", "exec", dont_inherit=True), self._names)
        except Exception as error:
            self._fault = error

    def __call__(self) -> dict[str, Any]:
        if self._fault is not None:
            raise self._fault
        return self._names


def seed_everything(seed: int) -> None:
    """Seed the generators student code may draw from."""
    # `torch.manual_seed` seeds accelerators, too, which a guest does not see, and notes its whole stack for each kind.
    torch.default_generator.manual_seed(seed)
    random.seed(seed)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(seed)


def hold(channel: socket.socket, others: list[socket.socket], student: look.Student, sources: Sources) -> None:
    """Answer batches until the judge hangs up.

    What is asked is read by the copies alone, which also close the `others`.
    """
    with suppress(wire.Closed, OSError), _no_handlers() as handlers:
        while True:
            start, _ = wire.receive(channel)
            if "batch" not in start:  # a question whose copy did not live to read it
                continue
            pid = os.fork()
            if pid == 0:
                try:
                    os.setpgid(0, 0)
                    _set(handlers)
                    close(others)
                    wire.send(channel, {"nonce": start["nonce"], "pid": os.getpid()})
                    questions = [wire.receive(channel) for _ in range(start["batch"])]
                    for question in questions:
                        _answer(channel, student, sources, question)
                finally:
                    os._exit(0)
            _, status = os.waitpid(pid, 0)
            _end_group(pid)
            wire.send(channel, {"nonce": start["nonce"], "ended": status})


@contextmanager
def _no_handlers() -> Iterator[Mapping[int, Any]]:
    """Have no handler of signals run, such as torch's, which raises when a DataLoader's worker has died.

    Gives the handlers that there were.
    """
    found = {number: signal.getsignal(number) for number in signal.valid_signals()}
    handlers: dict[int, Any] = {number: handler for number, handler in found.items() if callable(handler)}
    _set({number: signal.SIG_DFL if number == signal.SIGCHLD else signal.SIG_IGN for number in handlers})
    try:
        yield handlers
    finally:
        _set(handlers)


def _set(handlers: Mapping[int, Any]) -> None:
    for number, handler in handlers.items():
        signal.signal(number, handler)


def close(channels: list[socket.socket]) -> None:
    """Close sockets that another process goes on with, whose objects it may need."""
    for channel in channels:
        os.close(channel.fileno())


def _end_group(pid: int) -> None:
    """Kill what a copy started, and wait until it is gone, so that it does not count against the next copy."""
    end = time.monotonic() + 1
    with suppress(OSError):
        while time.monotonic() < end:
            os.killpg(pid, signal.SIGKILL)
            time.sleep(0.001)


def _answer(channel: socket.socket, student: look.Student, sources: Sources, question: Question) -> None:
    request, blob = question
    sys.stdout = sys.stderr = Capture(0)
    header: dict[str, Any] = {"nonce": request["nonce"]}
    answer = b""
    try:
        with time_limit(request["seconds"]), kept_warnings() as header["warned"]:
            seed_everything(request["seed"])
            names: dict[str, Any] = {"torch": torch, "nn": nn, "look": look, "__name__": "probe"}
            exec(compile(request["source"], "<probe>", "exec", dont_inherit=True), names)
            arguments = decode(request["arguments"], blob)
            header["value"], answer = encode(names[request["function"]](student, **arguments))
    except BaseException as error:
        header["raised"] = describe(error, sources)
    wire.send(channel, header, answer)
