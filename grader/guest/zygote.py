"""The zygote: imports torch once and forks a guest for every submission.

    python -m grader.guest.zygote FD [long-lived]

Where many are graded side by side, it forks others of its kind, too, one for each
judge. It is trusted, stays single-threaded, and knows no spec, no check and no
reference: it is told limits and readable folders, passes on sockets it does
not read, watches what its guests use, and ends them. When the judge hangs up
it ends every guest, removes its scratch folder, and goes.
"""

from __future__ import annotations

import gc
import importlib
import os
import select
import signal
import socket
import subprocess
import sys
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NoReturn

import psutil
import torch

from grader import wire
from grader.guest import look, pages, processes, scratch
from grader.guest.holder import seed_everything
from grader.guest.notebook import run_guest
from grader.guest.values import decode, encode
from grader.guest.workers import do_without_shm

WATCH = 0.1  # seconds between two looks at what the guests use
CLOSER = 10  # every so many looks, at mapped files, too
TIDYING = 2.0  # seconds to wait for a removal at the end
PATIENCE = 50  # looks that find too much in what a guest keeps, until it is ended, too
MAX_FDS = 250
THREADS = 16  # for every process there may be


@dataclass
class Guest:
    """One forked guest.

    Attributes:
        pid: the trusted process that did the sandboxing.
        notebook: the process that runs the cells.
        lasting: the processes that outlive a cell or a probe: the notebook's, all above it, and its holders.
        expected: how many holders may still be told of.
        seen: what lived when a limit was passed last.
        dying: those that were killed, and are not gone yet.
        looks: how many there were.
        excesses: how many looks in a row found too much in what lasts.
    """

    pid: int
    scratch: str
    limits: dict[str, Any]
    notebook: int = 0
    lasting: set[int] = field(default_factory=set)
    expected: int = 0
    seen: set[psutil.Process] = field(default_factory=set)
    dying: set[psutil.Process] = field(default_factory=set)
    looks: int = 0
    excesses: int = 0

    def keep(self, pid: int) -> None:
        """Let a process last. The notebook's is told first, before student code can tell anything."""
        if self.notebook:
            self.expected -= 1
        else:
            self.notebook, self.expected = pid, self.limits["holders"]
            self.lasting |= set(processes.ancestors(pid, self.pid))
        self.lasting.add(pid)

    def sort_out(self, living: set[psutil.Process]) -> set[psutil.Process]:
        """Those of the living that last, and those that may be holders not told of yet, or only just forked."""
        lasting = {process for process in living if process.pid in self.lasting}
        own = {process for process in living - lasting if processes.parent(process) == self.notebook}
        holders = [process for process in own if process not in self.seen or processes.leads_session(process)]
        self.seen = living
        return lasting | set(sorted(holders, key=lambda process: process.pid)[: max(0, self.expected)])


class Zygote:
    """Serves the judge's requests, one at a time."""

    def __init__(self, control: socket.socket, long_lived: bool) -> None:
        self._control = control
        self._long_lived = long_lived
        self._clones: list[int] = []
        self._guests: dict[int, Guest] = {}
        self._removals: list[subprocess.Popen[bytes]] = []

    def serve(self) -> None:
        """Until the judge hangs up."""
        reader = wire.Reader()
        self._tell({"event": "ready", "torch": torch.__version__})
        fds: list[int] = []
        next_look = 0.0
        while True:
            timeout = max(0.0, next_look - time.monotonic()) if self._guests else None
            if select.select([self._control], [], [], timeout)[0]:
                data, new, _, _ = socket.recv_fds(self._control, 1 << 16, MAX_FDS)
                if not data:
                    break
                fds += new
                for request, _ in reader.feed(data):
                    own, fds = fds[: request.get("fds", 0)], fds[request.get("fds", 0) :]
                    self._obey(request, own)
            if self._guests and time.monotonic() >= next_look:
                self._watch()
                next_look = time.monotonic() + WATCH

    def close(self) -> None:
        """End every guest, and see what they wrote removed, where that does not take long."""
        for number in list(self._guests):
            self._end(number)
        for removal in self._removals:
            with suppress(subprocess.TimeoutExpired):
                removal.wait(TIDYING)
        for clone in self._clones:  # each goes when its own judge does
            os.waitpid(clone, 0)

    def _tell(self, event: dict[str, Any]) -> None:
        wire.send(self._control, event)

    def _obey(self, request: dict[str, Any], fds: list[int]) -> None:
        if request["op"] == "preload":
            preload(request["modules"], self._long_lived)
            return
        if request["op"] == "clone":
            self._clone(socket.socket(fileno=fds[0]))
            return
        number = request["guest"]
        if request["op"] == "start":
            self._guests[number] = self._start(request, fds)
            self._tell({"event": "started", "guest": number})
        elif request["op"] == "keep" and number in self._guests:
            self._guests[number].keep(request["pid"])
        elif request["op"] == "kill" and number in self._guests:
            self._kill_one(self._guests[number], request["pid"])
        elif request["op"] == "end":
            self._end(number)
            self._tell({"event": "ended", "guest": number})

    def _clone(self, control: socket.socket) -> None:
        """Fork a zygote for another judge, with guests of its own."""
        pid = os.fork()
        if pid == 0:
            try:
                self._control.close()
                live(Zygote(control, self._long_lived))
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(1)  # what is further up the stack has guests that are not ours
        control.close()
        self._clones = [clone for clone in self._clones if not os.waitpid(clone, os.WNOHANG)[0]]
        self._clones.append(pid)

    def _start(self, request: dict[str, Any], fds: list[int]) -> Guest:
        folder = scratch.make()
        if request["data"]:
            os.symlink(request["data"], os.path.join(folder, "data"))
        guest = Guest(0, folder, request["limits"])
        memory = _private_memory()
        guest.pid = os.fork()
        if guest.pid == 0:
            try:
                self._control.close()
                os.setsid()
                processes.die_with_parent()
                processes.adopt_orphans()
                signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries them
                channels = [socket.socket(fileno=fd) for fd in fds]
                _sandboxed(request, channels, folder, memory)
                while True:  # the guest's helpers may outlive its first process
                    signal.pause()
            finally:
                os._exit(1)
        for fd in fds:
            os.close(fd)
        return guest

    def _kill_one(self, guest: Guest, pid: int) -> None:
        """Kill one process, if it is the guest's: the number comes from the guest itself."""
        for process in processes.descendants(guest.pid):
            if process.pid == pid:
                with suppress(psutil.Error):
                    process.kill()

    def _watch(self) -> None:
        for number, guest in list(self._guests.items()):
            guest.looks += 1
            found = set(processes.descendants(guest.pid))
            guest.dying &= found
            living = found - guest.dying
            over = self._over(guest, living)
            if over is None:
                guest.excesses = 0
                continue
            self._tell({"event": "over", "guest": number, "limit": over})  # before it shows in what ends
            lasting = guest.sort_out(living)
            self._trim(guest, living - lasting, lasting)
            guest.excesses = guest.excesses + 1 if self._over(guest, lasting) else 0
            if guest.excesses >= PATIENCE:
                self._trim(guest, lasting, set())

    def _over(self, guest: Guest, living: set[psutil.Process]) -> str | None:
        """The limit that a guest has passed."""
        limits = guest.limits
        most = limits["processes"] + limits["holders"]
        if len(living) > most or processes.threads(living) > THREADS * most:
            return "processes"
        if processes.private_memory(living, _private_memory()) > 4 * limits["memory"]:
            return "memory"
        disk = processes.removed_files(living, mapped=guest.looks % CLOSER == 0)
        disk += scratch.size(guest.scratch, limits["disk"] + 1)
        return "disk" if disk > limits["disk"] else None

    def _trim(self, guest: Guest, surplus: set[psutil.Process], lasting: set[psutil.Process]) -> None:
        """End processes of a guest, and remove what it wrote, while the others can write no more."""
        for process in lasting:
            with suppress(psutil.Error):
                process.suspend()
        for process in surplus:
            with suppress(psutil.Error):
                process.kill()
        guest.dying |= surplus
        found = list(os.scandir(guest.scratch))
        self._remove(*(entry.path for entry in found if entry.name != "data" or not entry.is_symlink()))
        for process in lasting:
            with suppress(psutil.Error):
                process.resume()

    def _remove(self, *paths: str) -> None:
        self._removals = [removal for removal in self._removals if removal.poll() is None]
        self._removals.append(scratch.remove(*paths))

    def _end(self, number: int) -> None:
        guest = self._guests.pop(number, None)
        if guest is not None:
            processes.end_tree(guest.pid)
            if not scratch.remove_empty(guest.scratch):
                self._remove(guest.scratch)


def _sandboxed(request: dict[str, Any], channels: list[socket.socket], folder: str, memory: int) -> None:
    """Fork the guest, into a sandbox where there is one; returns when its first process is gone."""

    def guest(*_: int) -> None:
        run_guest(channels, request["limits"], folder, memory)

    if request["isolation"] == "none":
        if os.fork() == 0:
            guest()
        _close(channels)
        return
    from sandlock import Sandbox

    def nothing() -> None:
        """sandlock wants an `init_fn`; torch is already warm."""

    Sandbox(
        fs_readable=[path for path in request["readable"] if os.path.exists(path)],
        fs_writable=[folder, "/dev/null"],
        init_fn=nothing,
        work_fn=guest,
    ).fork(1)
    _close(channels)


def _close(channels: list[socket.socket]) -> None:
    """Close our copies, so that the judge sees when the guest is gone."""
    for channel in channels:
        channel.close()


def _private_memory() -> int:
    return getattr(psutil.Process().memory_info(), "data", 0)


def warm_up() -> None:
    """Do once what every guest will do, so that guests do not pay for first times."""
    torch.set_num_threads(1)
    with suppress(ImportError):  # where there is no sandbox
        importlib.import_module("sandlock")
    do_without_shm()
    seed_everything(0)
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU())
    look.fill(model, 0)
    seen = look.forward(model, [torch.randn(1, 2)], gradients=True)
    decode(*encode([seen, look.structure(model), look.hook_counts(model)]))


def preload(modules: list[str], long_lived: bool) -> None:
    """Import what guests will need; what cannot be imported here is the student's to miss."""
    new = [module for module in modules if module not in sys.modules]
    for module in new:
        with suppress(ImportError):
            importlib.import_module(module)
    if new:
        settle(long_lived)


def settle(long_lived: bool) -> None:
    """Get ready to fork, once all is imported."""
    gc.collect()
    gc.freeze()
    if long_lived:
        pages.merge()


def main() -> None:
    """Serve the judge whose socket's number is the first argument; for long, where there is a second."""
    control = socket.socket(fileno=int(sys.argv[1]))
    long_lived = len(sys.argv) > 2
    warm_up()
    settle(long_lived)
    live(Zygote(control, long_lived))


def live(zygote: Zygote) -> NoReturn:
    """Serve until the judge hangs up; then tidy up and go."""
    try:
        with suppress(ConnectionError):
            zygote.serve()
    finally:
        zygote.close()
    os._exit(0)  # torch takes its time to tear down, and there is nothing to save


if __name__ == "__main__":
    main()
