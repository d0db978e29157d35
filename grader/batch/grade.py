"""What a worker does with one submission."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest

from grader.batch.tasks import Graded, Task
from grader.errors import GraderError, SandboxFault, SubmissionError
from grader.judging.driver import run_collected
from grader.judging.reporting import build_report
from grader.judging.session import Session
from grader.models.message import clean


def grade_one(task: Task, given: Session, collected: pytest.Session, checks: list[pytest.Item]) -> Graded:
    """Run all checks on one submission, as the plugin does for a single one."""
    assert given.started is not None
    start = time.monotonic()
    folder, references = given.started.folder, given.started.references
    session: Session | None = None
    try:
        submission = folder.read(task.path, task.alone)
        session = Session(
            submission, given.mode, given.zygote, given.selection,
            seed=given.seed, foreseen=given.foreseen, given=folder, references=references, diagnose=task.diagnose,
        )  # fmt: skip
        session.grading(folder.path)
        run_collected(session, collected, checks)
        return Graded.of(build_report(session), time.monotonic() - start)
    except SubmissionError as error:
        return Graded(None, time.monotonic() - start, str(error).replace(f"{clean(str(task.path.parent))}/", ""))
    except SandboxFault:  # nor would the next one be graded: whoever gave it replaces zygote and worker
        raise
    except Exception as error:  # a fault of ours costs this submission its result, and no other
        with suppress(Exception):  # fixtures that are still set up, as after `pytest.exit`
            collected._setupstate.teardown_exact(None)
        fault = str(error) if isinstance(error, GraderError) else f"{type(error).__name__}: {error}"
        return Graded(None, time.monotonic() - start, fault, fault=True)
    finally:
        if session is not None:
            session.close()
