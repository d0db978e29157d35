"""A process that grades submissions, one after the other, with the checks collected once.

torch takes a second to import, in another process; so that is begun before anything else is imported here.
"""

from __future__ import annotations

import signal
from multiprocessing.connection import Connection
from pathlib import Path

from grader.errors import GraderError
from grader.sandbox.support import Wish
from grader.sandbox.zygote import Zygote


def work(connection: Connection, assignment: Path, wish: Wish) -> None:
    """A worker's whole life: until the other end of its connection is closed.

    Args:
        connection: brings a `Task`, takes its `Graded`.
        assignment: the folder.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one
    with Zygote() as zygote:
        from grader.batch.loop import Loop
        from grader.judging.run import run_pytest
        from grader.judging.session import Session
        from grader.models.cells import Submission

        nobody = Submission(name="", sha256="", cells=())
        session = Session(nobody, wish, zygote)
        try:
            session.grading(assignment)
            run_pytest(assignment, session, Loop(connection))
        except GraderError as error:  # no submission will fare better
            connection.send(error)
        finally:
            session.close()
