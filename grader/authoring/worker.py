"""A process that judges mutants, one after the other, with the checks collected once.

torch takes a second to import, in another process; so that is begun before anything else is imported here.
"""

from __future__ import annotations

import signal
from multiprocessing.connection import Connection
from pathlib import Path

from grader.sandbox.zygote import Zygote


def work(connection: Connection, assignment: Path, selection: str | None) -> None:
    """A worker's whole life: until the other end of its connection is closed.

    Args:
        connection: brings a `Job`, takes its `Result`.
        assignment: the folder.
        selection: which checks, as pytest's `-k` takes it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one
    with Zygote() as zygote:
        from grader.authoring.loop import Loop
        from grader.judging.run import run_pytest
        from grader.judging.session import Session

        session = Session(zygote=zygote, selection=selection)
        try:
            session.grading(assignment)
            run_pytest(assignment, session, Loop(connection))
        except Exception as error:
            connection.send(f"{type(error).__name__}: {error}")
        finally:
            session.close()
