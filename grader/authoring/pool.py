"""Workers side by side; one that dies costs the mutant it was at, and is replaced."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import cast

from grader.authoring.loop import Job
from grader.authoring.report import Result
from grader.authoring.worker import work


class Pool:
    """Judges mutants in processes of their own. Use as a context manager: they start at once, to be warm when needed.

    Args:
        assignment: the folder.
        selection: which checks, as pytest's `-k` takes it.
        size: number of processes.
    """

    def __init__(self, assignment: Path, selection: str | None, size: int) -> None:
        self._arguments = (assignment, selection)
        self._workers: dict[Connection, SpawnProcess] = {}
        for _ in range(size):
            self._start()

    def judge(self, jobs: list[Job]) -> Iterator[Result]:
        """The results, as they come."""
        left = jobs[::-1]
        busy: dict[Connection, Job] = {}
        while left or busy:
            for connection in self._workers.keys() - busy.keys():
                if left:
                    busy[connection] = left.pop()
                    with suppress(OSError):  # it died while it was idle, and says so when it is read from
                        connection.send(busy[connection])
            for ready in cast("list[Connection]", wait(list(busy))):
                job = busy.pop(ready)
                answer = self._receive(ready)
                if isinstance(answer, Result):
                    yield answer
                else:
                    self._replace(ready)
                    yield Result(mutant=job.mutant, status="error", detail=answer)

    def _receive(self, connection: Connection) -> Result | str:
        """A result, or what ended the worker."""
        try:
            return cast("Result | str", connection.recv())
        except (EOFError, OSError):
            process = self._workers[connection]
            process.join(1)
            return f"the process that judged it ended (exit status {process.exitcode})"

    def _start(self) -> None:
        context = get_context("spawn")  # a fork would inherit threads, and the sockets of other guests
        ours, theirs = context.Pipe()
        process = context.Process(target=work, args=(theirs, *self._arguments), daemon=True)
        process.start()
        theirs.close()
        self._workers[ours] = process

    def _replace(self, connection: Connection) -> None:
        self._stop(connection)
        self._start()

    def _stop(self, connection: Connection) -> None:
        process = self._workers.pop(connection)
        connection.close()
        process.terminate()  # its zygote sees it go, and ends every guest
        process.join()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        for connection in list(self._workers):
            self._stop(connection)
