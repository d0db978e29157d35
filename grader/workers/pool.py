"""Workers side by side on this machine; one that dies costs the job it was at, and is replaced."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import forkserver, get_context, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Generic, TypeVar, cast

from grader.sandbox.client import Zygote
from grader.workers.worker import work

# A fork of this process would inherit threads, and the sockets of other guests. What forks where it can be done has
# imported all that workers need, once; its socket lies in a folder of its own below the temporary one, and the path of
# a socket has 107 characters at most.
_FORKS = sys.platform == "linux" and len(os.fsencode(tempfile.gettempdir())) <= 70
_CONTEXT = get_context("forkserver") if _FORKS else get_context("spawn")
_CONTEXT.set_forkserver_preload([work.__module__])
Job = TypeVar("Job")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Died:
    """The worker ended at a job, every time it was tried."""

    detail: str


def get_ready() -> None:
    """Begin to import what workers need, in the process that forks them, while something else is done here."""
    if _FORKS:
        with _starting():
            forkserver.ensure_running()


@contextmanager
def _starting() -> Iterator[None]:
    """Start processes in this block."""
    # Ctrl-C waits until the worker has said that it is for us alone. What starts with the first process of all
    # would end the wait.
    safe_path = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"  # no module that lies beside the submissions takes the place of one of ours
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        if safe_path is None:
            del os.environ["PYTHONSAFEPATH"]
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Pool(Generic[Job, Result]):
    """Does jobs in processes of their own. Use as a context manager: they start at once, to be warm when needed.

    Args:
        zygote: is cloned for each of them.
        arguments: of `work`, behind the connection and the zygote's; picklable.
        size: number of processes.
        seconds: that a job may take before its worker is killed.
        tries: how often a job is begun whose worker dies.
    """

    def __init__(self, zygote: Zygote, arguments: tuple[Any, ...], size: int, seconds: float, tries: int = 1) -> None:
        self._zygote = zygote
        self._arguments = arguments
        self._seconds = seconds
        self._tries = tries
        self._workers: dict[Connection, BaseProcess] = {}
        for _ in range(size):
            self._start()

    def run(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, Result | Died]]:
        """Results as they come. Jobs are taken as workers become free, so they may be any number.

        Raises:
            Exception: the one that a worker sent in place of a result.
        """
        coming = iter(jobs)
        again: deque[tuple[Job, int]] = deque()
        busy: dict[Connection, tuple[Job, int]] = {}
        ends: dict[Connection, float] = {}
        done: deque[tuple[Job, Any]] = deque()
        while True:
            for connection in self._workers.keys() - busy.keys():
                job = again.popleft() if again else next(((job, 1) for job in coming), None)
                if job is None:
                    break
                busy[connection] = job
                ends[connection] = time.monotonic() + self._seconds
                with suppress(OSError):  # it died while it was idle, and says so when it is read from
                    connection.send(job[0])
            while done:  # while all are at work again: what becomes of a result takes its time
                one, result = done.popleft()
                if isinstance(result, Exception):
                    raise result
                yield one, result
            if not busy:
                return
            now = time.monotonic()
            arrived = cast("list[Connection]", wait(list(busy), max(0.0, min(ends[one] for one in busy) - now)))
            late = [connection for connection in busy if ends[connection] <= now and connection not in arrived]
            for ready in [*arrived, *late]:
                one, tried = busy.pop(ready)
                result = Died(f"it took more than {self._seconds:.0f} s") if ready in late else self._receive(ready)
                if isinstance(result, Died):
                    self._stop(ready)
                    self._start()
                if isinstance(result, Died) and tried < self._tries and ready not in late:
                    again.append((one, tried + 1))
                else:
                    done.append((one, result))

    @property
    def pids(self) -> list[int]:
        """The processes there are."""
        return [process.pid for process in self._workers.values() if process.pid is not None]

    def _receive(self, connection: Connection) -> Any:
        """A result, or what ended the worker."""
        try:
            return connection.recv()
        except (EOFError, OSError):
            process = self._workers[connection]
            process.join(1)
            return Died(f"the process that worked on it ended (exit status {process.exitcode})")

    def _start(self) -> None:
        ours, theirs = _CONTEXT.Pipe()
        control = self._zygote.clone()
        streams = [Connection(os.dup(number), readable=False) for number in (1, 2)]  # those of now
        process: BaseProcess = _CONTEXT.Process(
            target=work, args=(theirs, control, streams, *self._arguments), daemon=True
        )
        with _starting():
            process.start()
        control.close()
        for end in (theirs, *streams):
            end.close()
        self._workers[ours] = process

    def _stop(self, connection: Connection) -> None:
        process = self._workers.pop(connection)
        connection.close()
        process.kill()  # its zygote sees it go, and ends every guest
        process.join()

    def __enter__(self) -> Pool[Job, Result]:
        return self

    def __exit__(self, *_: object) -> None:
        for connection in list(self._workers):
            self._stop(connection)
