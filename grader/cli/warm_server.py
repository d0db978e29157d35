"""A process that has all imported that `grade` needs, torch in its zygotes included, and forks for each command.

    python -P -m grader.cli.warm_server FD PATH HOME

It reads no assignment and no submission: a command is read in the fork that runs it, and its guests come from a clone
of a zygote, which goes with them. Modules that an assignment has imported early are in a zygote of their own.
It ends when nobody came for ten minutes, by `grade stop`, or with its socket.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import Any, NoReturn

from grader import wire
from grader.cli.streams import accept_every_text
from grader.cli.warm_client import PATIENCE, is_own, locked
from grader.errors import SandboxFault
from grader.sandbox.client import Zygote

IDLE = 600.0
"""Seconds without a command after which it ends."""
KINDS = 4
"""Zygotes with other modules imported that are kept."""
Modules = frozenset[str]


class CloneForCommand(Zygote):
    """A zygote for one command: a clone of one that has imported what is wanted, where there is such a one.

    Attributes:
        wanted: the modules that were to be imported first.
    """

    def __init__(self, kept: dict[Modules, socket.socket]) -> None:
        super().__init__(_cloned(kept[frozenset()]))
        self._kept = kept
        self.wanted: Modules = frozenset()

    def preload(self, modules: Iterable[str]) -> bool:
        modules = frozenset(modules)
        if modules and not self.wanted and self.torch_version is None:
            self.wanted = modules
            with suppress(KeyError, SandboxFault):
                control = _cloned(self._kept[modules])
                self.control.close()
                self.control = control
                self._preloaded |= modules
        return super().preload(modules)


def _cloned(control: socket.socket) -> socket.socket:
    return Zygote(control).clone()


class WarmServer:
    """Forks for each command that comes.

    Args:
        listener: where they come.
        path: of its socket.
    """

    def __init__(self, listener: socket.socket, path: str) -> None:
        self._listener = listener
        self._path = path
        self._bound = _identity(path)
        self._zygotes: dict[Modules, Zygote] = {frozenset(): Zygote.spawn()}
        self._running: dict[int, tuple[int, socket.socket]] = {}

    def serve(self) -> None:
        """Until it has been idle for long, or its socket is not its own any more."""
        poll = select.poll()
        poll.register(self._listener, select.POLLIN)
        last = time.monotonic()
        while self._running or time.monotonic() < last + IDLE:
            for fd, _ in poll.poll(1000 * IDLE / 60):
                last = time.monotonic()
                if fd == self._listener.fileno():
                    self._begin(poll)
                elif fd in self._running:
                    self._finish(poll, fd)
                else:
                    self._abandon(fd)
            if _identity(self._path) != self._bound:
                return

    def close(self) -> None:
        """Take the socket away, and end the zygotes; a command that runs has its own."""
        with suppress(OSError), locked(self._path):
            if _identity(self._path) == self._bound:
                os.unlink(self._path)
        self._close_zygotes()

    def _close_zygotes(self) -> None:
        for zygote in self._zygotes.values():
            zygote.close()

    def _begin(self, poll: select.poll) -> None:
        connection, _ = self._listener.accept()
        if not is_own(connection):
            connection.close()
            return
        if self._zygotes[frozenset()].ended:
            self._close_zygotes()
            self._zygotes = {frozenset(): Zygote.spawn()}
        ours, theirs = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(ours)
            self._listener.close()
            kept = {modules: zygote.control for modules, zygote in self._zygotes.items()}
            _live(connection, self._path, theirs, kept)
        os.close(theirs)
        self._running[ours] = pid, connection
        poll.register(ours, select.POLLIN)
        poll.register(connection, select.POLLRDHUP)  # it is the fork's to read

    def _abandon(self, fd: int) -> None:
        """End a command whose giver has gone."""
        for pid, connection in self._running.values():
            if connection.fileno() == fd:
                os.kill(pid, signal.SIGKILL)  # not waited for yet, so it is still its number

    def _finish(self, poll: select.poll, pipe: int) -> None:
        """See what a command that ended had imported early, so that the next one of the kind finds it there."""
        pid, connection = self._running.pop(pipe)
        poll.unregister(pipe)
        poll.unregister(connection)
        with open(pipe, "rb") as file:
            said = file.read()
        os.waitpid(pid, 0)
        connection.close()
        import_the_rest()
        modules = frozenset(json.loads(said or b"[]"))
        if modules in self._zygotes:
            return
        zygote = Zygote(_cloned(self._zygotes[frozenset()].control))
        zygote.preload(modules)
        self._zygotes[modules] = zygote
        for oldest in list(self._zygotes)[1:-KINDS]:
            self._zygotes.pop(oldest).close()


def _identity(path: str) -> tuple[int, int] | None:
    with suppress(OSError):
        found = os.lstat(path)
        return found.st_dev, found.st_ino
    return None


def _live(connection: socket.socket, path: str, told: int, kept: dict[Modules, socket.socket]) -> NoReturn:
    """The whole life of a fork."""
    try:
        connection.settimeout(PATIENCE)
        request, streams = _read(connection)
        if request["tag"] == "stop":
            with locked(path):
                os.unlink(path)  # once this fork ends, the server sees it
            os._exit(0)
        _move(request, streams)
        zygote = CloneForCommand(kept)  # which ends with this process
        connection.sendall(wire.pack({"pid": os.getpid()}))  # fails where it runs by itself by now
        connection.settimeout(None)
        code = _run(request["arguments"], zygote, told)
        with suppress(OSError):  # who reads what it says may have gone
            sys.stdout.flush()
            sys.stderr.flush()
        connection.sendall(wire.pack({"code": code}))
    finally:
        os._exit(0)


def _read(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    reader = wire.Reader()
    data, streams, _, _ = socket.recv_fds(connection, 1 << 16, 3)
    while data:
        for request, _ in reader.feed(data):
            return request, streams
        data = connection.recv(1 << 16)
    os._exit(0)


def _move(request: dict[str, Any], streams: list[int]) -> None:
    """Be where the command was given: folder, environment, streams."""
    os.chdir(request["folder"])
    os.umask(request["umask"])
    os.environ.clear()
    os.environ.update(request["environment"])
    tempfile.tempdir = None
    for number, (stream, encoding) in enumerate(zip(streams, request["encodings"], strict=True)):
        os.dup2(stream, number)
        os.close(stream)
        file = open(number, "w" if number else "r", encoding=encoding, closefd=False)  # noqa: SIM115
        setattr(sys, ("stdin", "stdout", "stderr")[number], file)
    accept_every_text()


def _run(arguments: list[str], zygote: CloneForCommand, told: int) -> int:
    from grader.cli.app import run

    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = ["grade", *arguments]
    try:
        return run(arguments, zygote)
    except KeyboardInterrupt:
        return 130
    finally:
        os.write(told, json.dumps(sorted(zygote.wanted)).encode())


@cache
def import_the_rest() -> None:
    """Import what commands need in their midst: once nobody waits for the first of them any more."""
    from _pytest.config import default_plugins

    for name in ("libcst.matchers", "numpy.random", *(f"_pytest.{plugin}" for plugin in default_plugins)):
        import_module(name)
    gc.collect()
    gc.freeze()


def main() -> None:
    """Serve at the socket whose number, path and grader are the arguments."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if os.path.dirname(wire.__file__) != sys.argv[3]:
        return  # not the grader that the command is of
    server = WarmServer(socket.socket(fileno=int(sys.argv[1])), sys.argv[2])
    try:
        import_module("grader.cli.app")
        import_module("grader.judging.plugin")
        server.serve()
    finally:
        server.close()


if __name__ == "__main__":
    main()
