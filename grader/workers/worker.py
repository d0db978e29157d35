"""A process that does jobs, one after the other, with an assignment's checks collected once."""

from __future__ import annotations

import gc
import os
import resource
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from grader.assignment.load import load_assignment
from grader.errors import GraderError, SandboxFault
from grader.judging.driver import run_pytest
from grader.judging.foreseen import look_ahead
from grader.judging.plugin import SESSION
from grader.judging.session import Session
from grader.models.cells import Submission
from grader.sandbox.client import Zygote
from grader.sandbox.support import IsolationMode

Work = Callable[[Any, Session, pytest.Session, list[pytest.Item]], Any]
"""Does a job, given the session that the checks were collected with, pytest's own, and all checks."""


MEMORY = 4 << 30
"""Bytes that a judge may allocate."""


def work(
    connection: Connection,
    control: socket.socket,
    streams: list[Connection],
    do: Work,
    assignment: Path,
    mode: IsolationMode = "auto",
    selection: str | None = None,
    seed: int | None = None,
    variant: int | None = None,
) -> None:
    """A worker's whole life: until the other end of its connection is closed.

    Args:
        connection: brings jobs, takes what came of them; or the error that keeps this worker from doing any.
        control: of this worker's own zygote.
        streams: what the standard output and the standard error are to be.
        do: what to do with a job.
        assignment: the folder.
        mode: which isolation to use.
        selection: which checks, as pytest's `-k` takes it.
        seed: one that is not published; see `Session`.
        variant: of the assignment; the one that its spec says it is if None.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    for number, stream in enumerate(streams, 1):
        os.dup2(stream.fileno(), number)
        stream.close()
    nobody = Submission(name="", sha256="", cells=())
    with Zygote(control) as zygote:
        session = Session(nobody, mode, zygote, selection, seed=seed)
        try:
            session.given = load_assignment(assignment, variant)
            session.grading(assignment)
            if seed is not None:
                look_ahead(session, assignment)
            run_pytest(assignment, session, Loop(connection, do))
        except GraderError as error:  # no job will fare better
            with suppress(OSError):
                connection.send(error)
        finally:
            session.close()


def _bound_memory() -> None:
    """Have what is too much for the judge end in a MemoryError here, before the machine has no more for others."""
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY if most == resource.RLIM_INFINITY else min(MEMORY, most), most))


class Loop:
    """Goes round pytest's own loop: once for each job."""

    def __init__(self, connection: Connection, do: Work) -> None:
        self._connection = connection
        self._do = do
        self._working = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        if self._working:
            return None  # what runs the checks of a job: the plugin, and pytest
        self._working = True
        given = session.config.stash[SESSION]
        items = session.items
        if given.selection and not items:
            return True  # pytest says so, as of a single submission
        _bound_memory()
        gc.freeze()  # what is there stays: the collector need not look at it for every job
        while True:
            try:
                job = self._connection.recv()
            except (EOFError, OSError):  # who gives the jobs has gone
                return True
            try:
                done = self._do(job, given, session, items)
            except SandboxFault:  # no job will fare better here; whoever gave it replaces worker and zygote
                os._exit(1)
            with suppress(OSError):
                self._connection.send(done)
