"""Keeps the state an exercise ended in, and answers its probes from copies of it.

A holder is forked where the exercise's last cell has run. For every probe it
forks once more: the copy answers and is gone, so no probe sees what another
did, and a hang or a crash costs one answer.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import sys
import time
from contextlib import suppress
from typing import Any

import torch
from torch import nn

from grader import wire
from grader.guest import look
from grader.guest.faults import Sources, describe, time_limit
from grader.guest.shell import Capture
from grader.guest.values import decode, encode

GRACE = 1.0  # seconds between the polite stop of a probe and its end


class Fixtures:
    """The instructor's `fixtures.py`, run in the copy that first needs it."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._names: dict[str, Any] | None = None

    def __call__(self) -> dict[str, Any]:
        if self._names is None:
            self._names = {"__name__": "fixtures"}
            exec(compile(self._source, "<fixtures>", "exec", dont_inherit=True), self._names)
        return self._names


def seed_everything(seed: int) -> None:
    """Seed the generators student code may draw from."""
    torch.manual_seed(seed)
    random.seed(seed)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(seed)


def hold(channel: socket.socket, student: look.Student, sources: Sources) -> None:
    """Answer requests until the judge hangs up. Never returns."""
    os.setsid()
    while True:
        try:
            request, blob = wire.receive(channel)
        except (wire.Closed, OSError):
            os._exit(0)
        pid = os.fork()
        if pid == 0:
            try:
                os.setpgid(0, 0)
                _answer(channel, student, sources, request, blob)
            finally:
                os._exit(0)
        status = _wait(pid, request["seconds"] + GRACE)
        wire.send(channel, {"nonce": request["nonce"], "ended": status})


def _wait(pid: int, seconds: float) -> int | None:
    """The exit status of a child, as `waitpid` gives it; None when it had to be killed."""
    deadline = time.monotonic() + seconds
    pause = 0.0005
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return status
        time.sleep(pause)
        pause = min(pause * 1.3, 0.02)
    with suppress(OSError):
        os.killpg(pid, signal.SIGKILL)
    with suppress(OSError):
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return None


def _answer(
    channel: socket.socket, student: look.Student, sources: Sources, request: dict[str, Any], blob: bytes
) -> None:
    sys.stdout = sys.stderr = Capture(0)  # type: ignore[assignment]
    header: dict[str, Any] = {"nonce": request["nonce"]}
    answer = b""
    try:
        with time_limit(request["seconds"]):
            seed_everything(request["seed"])
            names: dict[str, Any] = {"torch": torch, "nn": nn, "look": look, "__name__": "probe"}
            exec(compile(request["source"], "<probe>", "exec", dont_inherit=True), names)
            arguments = decode(request["arguments"], blob)
            header["value"], answer = encode(names[request["function"]](student, **arguments))
    except BaseException as error:
        header["raised"] = describe(error, sources)
    wire.send(channel, header, answer)
