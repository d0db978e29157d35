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
from grader.guest import colab, huge_pages, look, processes, scratch
from grader.guest.encoding import decode, encode
from grader.guest.lacking import do_without_compiler
from grader.guest.seeding import seed_everything
from grader.guest.serve import serve
from grader.guest.shell import Shell
from grader.guest.without_shm import do_without_shm
from grader.protocol import Ended, FromZygote, Limit, Over, Ready, Start, Started

WATCH = 0.1  # seconds between two looks at what the guests use
CLOSER = 1.0  # seconds between two looks at mapped files, too; where a look found too much, the next one is such
TIDYING = 2.0  # seconds to wait for a removal at the end
PATIENCE = 50  # looks that find too much in a guest's first process, until it is ended, too
MAX_SOCKETS = 16
THREADS = 16  # for every process there may be


@dataclass
class GuestProcess:
    """One forked guest.

    Attributes:
        pid: its first process, a child of ours.
        dying: processes that were killed, and are not gone yet.
        closer: when to look at mapped files, too.
        excesses: how many looks in a row found too much in the first process.
    """

    pid: int
    scratch: str
    limits: dict[str, Any]
    dying: set[psutil.Process] = field(default_factory=set)
    closer: float = field(default_factory=lambda: time.monotonic() + CLOSER)
    excesses: int = 0


class Server:
    """Serves the judge's requests, one at a time."""

    def __init__(self, control: socket.socket, long_lived: bool) -> None:
        self._control = control
        self._long_lived = long_lived
        self._clones: set[int] = set()
        self._guests: dict[int, GuestProcess] = {}
        self._removals: list[subprocess.Popen[bytes]] = []

    def serve(self) -> None:
        """Until the judge hangs up."""
        processes.adopt_orphans()
        reader = wire.Reader()
        self._tell(Ready(tag="ready", torch=torch.__version__))
        sockets: list[int] = []
        next_look = 0.0
        while True:
            timeout = max(0.0, next_look - time.monotonic()) if self._guests else None
            if select.select([self._control], [], [], timeout)[0]:
                data, new, _, _ = socket.recv_fds(self._control, 1 << 16, MAX_SOCKETS)
                if not data:
                    break
                sockets += new
                for request, _ in reader.feed(data):
                    own, sockets = sockets[: request.get("sockets", 0)], sockets[request.get("sockets", 0) :]
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

    def _tell(self, message: FromZygote) -> None:
        wire.send(self._control, message)

    def _obey(self, request: Any, sockets: list[int]) -> None:
        match request["tag"]:
            case "preload":
                preload(request["modules"], self._long_lived)
            case "clone":
                self._clone(socket.socket(fileno=sockets[0]))
            case "start":
                guest = self._start(request, sockets[0])
                self._guests[request["guest"]] = guest
                self._tell(Started(tag="started", guest=request["guest"], pid=guest.pid))
            case "kill" if request["guest"] in self._guests:
                self._kill_one(self._guests[request["guest"]], request["pid"])
            case "end":
                status = self._end(request["guest"])
                self._tell(Ended(tag="ended", guest=request["guest"], status=status))

    def _clone(self, control: socket.socket) -> None:
        """Fork a zygote for another judge, with guests of its own."""
        pid = os.fork()
        if pid == 0:
            try:
                self._control.close()
                live(Server(control, self._long_lived))
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(1)  # what is further up the stack has guests that are not ours
        control.close()
        self._clones = {clone for clone in self._clones if not os.waitpid(clone, os.WNOHANG)[0]} | {pid}

    def _start(self, request: Start, channel: int) -> GuestProcess:
        folder = scratch.make()
        if request["data"]:
            os.symlink(request["data"], os.path.join(folder, "data"))
        memory = _private_memory()
        pid = os.fork()
        if pid == 0:
            try:
                self._control.close()
                serve(socket.socket(fileno=channel), request, folder, memory)
            finally:
                os._exit(1)
        os.close(channel)
        return GuestProcess(pid, folder, request["limits"])

    def _kill_one(self, guest: GuestProcess, pid: int) -> None:
        """Kill one process, if it is the guest's: the number comes from the guest itself."""
        for process in processes.descendants(guest.pid):
            if process.pid == pid:
                with suppress(psutil.Error):
                    process.kill()

    def _watch(self) -> None:
        self._end_strays()
        for number, guest in list(self._guests.items()):
            found = set(processes.descendants(guest.pid))
            guest.dying &= found
            started = found - guest.dying
            with suppress(psutil.Error):
                first = psutil.Process(guest.pid)
                closer = time.monotonic() >= guest.closer
                over = self._over(guest, started | {first}, closer)
                if over is None:
                    guest.excesses = 0
                    guest.closer = time.monotonic() + CLOSER if closer else guest.closer
                    continue
                self._tell(Over(tag="over", guest=number, limit=over))  # before it shows in what ends
                guest.closer = 0.0
                self._trim(guest, started, first)
                guest.excesses = guest.excesses + 1 if self._over(guest, {first}, closer) else 0
                if guest.excesses >= PATIENCE:
                    first.kill()

    def _over(self, guest: GuestProcess, living: set[psutil.Process], closer: bool) -> Limit | None:
        """The limit that a guest has passed.

        Args:
            closer: whether to look at mapped files, too.
        """
        limits = guest.limits
        most = limits["processes"] + 2  # its first process, and a copy
        if len(living) > most:
            living = {process for process in living if processes.alive(process)}
        if len(living) > most or processes.threads(living) > THREADS * most:
            return "processes"
        if processes.private_memory(living, _private_memory()) > 4 * limits["memory"]:
            return "memory"
        disk = processes.removed_files(living, mapped=closer)
        disk += scratch.size(guest.scratch, limits["disk"] + 1)
        return "disk" if disk > limits["disk"] else None

    def _trim(self, guest: GuestProcess, started: set[psutil.Process], first: psutil.Process) -> None:
        """End what a guest started, and remove what it wrote, while its first process can write no more."""
        first.suspend()
        for process in started:
            with suppress(psutil.Error):
                process.kill()
        guest.dying |= started
        found = list(os.scandir(guest.scratch))
        self._remove(*(entry.path for entry in found if entry.name != "data" or not entry.is_symlink()))
        first.resume()

    def _remove(self, *paths: str) -> None:
        self._removals = [removal for removal in self._removals if removal.poll() is None]
        self._removals.append(scratch.remove(*paths))

    def _end(self, number: int) -> int:
        guest = self._guests.pop(number, None)
        if guest is None:
            return 0
        status = processes.end_tree(guest.pid)
        self._end_strays()
        if not scratch.remove_empty(guest.scratch):
            self._remove(guest.scratch)
        return status

    def _end_strays(self) -> None:
        """End what a guest that is gone has left behind: it has become a child of ours."""
        own = {guest.pid for guest in self._guests.values()} | self._clones | {r.pid for r in self._removals}
        while strays := [pid for pid in processes.children(os.getpid()) if pid not in own]:
            for pid in strays:
                processes.end_tree(pid)


def _private_memory() -> int:
    return getattr(psutil.Process().memory_info(), "data", 0)


def warm_up() -> None:
    """Do once what every guest will do, so that guests do not pay for first times."""
    torch.set_num_threads(1)
    do_without_shm()
    do_without_compiler()
    colab.be_there()
    Shell.instance().warm_up()
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
        huge_pages.merge()


def main() -> None:
    """Serve the judge whose socket's number is the first argument; for long, where there is a second."""
    control = socket.socket(fileno=int(sys.argv[1]))
    long_lived = len(sys.argv) > 2
    warm_up()
    settle(long_lived)
    live(Server(control, long_lived))


def live(zygote: Server) -> NoReturn:
    """Serve until the judge hangs up; then tidy up and go."""
    try:
        with suppress(ConnectionError):
            zygote.serve()
    finally:
        zygote.close()
    os._exit(0)  # torch takes its time to tear down, and there is nothing to save


if __name__ == "__main__":
    main()
