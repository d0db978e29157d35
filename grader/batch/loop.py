"""The loop of a worker: it takes the place of pytest's own."""

from __future__ import annotations

import time
from multiprocessing.connection import Connection

import pytest

from grader.batch.tasks import Graded, Task
from grader.errors import GraderError, SubmissionError
from grader.judging.plugin import SESSION, prefetch
from grader.judging.results import build_report
from grader.judging.session import Session


class Loop:
    """Grades what a connection brings, with the checks that pytest has collected."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        given = session.config.stash[SESSION]
        while True:
            try:
                task: Task = self._connection.recv()
            except EOFError:
                return True
            self._connection.send(_grade(task, given, session))


def _grade(task: Task, given: Session, collected: pytest.Session) -> Graded:
    """Run all checks on one submission, as the plugin does for a single one."""
    assert given.started is not None
    start = time.monotonic()
    folder, references = given.started.folder, given.started.references
    session = Session(task.path, given.wish, given.zygote, given=folder, references=references)
    collected.config.stash[SESSION] = session
    try:
        session.grading(folder.path)
        prefetch(session, collected.items)
        for item in collected.items:
            collected.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        report = build_report(session)
    except SubmissionError as error:
        return Graded(None, time.monotonic() - start, str(error).replace(f"{task.path.parent}/", ""))
    except GraderError as error:
        return Graded(None, time.monotonic() - start, str(error), fault=True)
    finally:
        session.close()
    return Graded(report, time.monotonic() - start)
