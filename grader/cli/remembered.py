"""Remembers a student's own runs beside the notebook, in a file that is not handed in: its name begins with a dot."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from grader.assignment.choosing import folded, original_of
from grader.assignment.folder import Folder
from grader.errors import SubmissionError
from grader.models.progress import Attempts, GradedRun, Remembered
from grader.models.report import Report
from grader.submission.read import named, read_file

NAME = ".grade-progress.json"
BROKEN = ".grade-progress.broken.json"
MAX_RUNS = 100
"""Runs of a notebook that are kept."""
MAX_SIZE = 256 << 10
"""Bytes of the file; where it would have more, earlier runs are forgotten."""


def read_progress(folder: Path) -> Remembered | None:
    """What is remembered beside notebooks; None where it is not for this version to read, or to write over.

    A file that is broken is set aside.
    """
    file = folder / NAME
    if not file.exists():
        return Remembered()
    try:
        content = read_file(file)
        if isinstance(written := json.loads(content), dict) and written.get("format", 1) != 1:
            return None
        return Remembered.model_validate_json(content)
    except (SubmissionError, ValidationError, ValueError, RecursionError):
        try:
            file.replace(folder / BROKEN)
        except OSError:
            return None
        sys.stderr.write(f"{named(file)} is broken, so progress is remembered from here on; it is {BROKEN} now.\n")
        return Remembered()


def remembered_of(answer: Path, folder: Folder, progress: Remembered | None) -> Attempts | None:
    """The runs of a notebook, also under the name that it had before, or that it is a copy of; None if there are none.

    Args:
        progress: what is remembered beside it.
    """
    known = progress.work.get(folder.spec.id, {}) if progress else {}
    name = _name_before(answer, known)
    return known[name] if name in known and known[name].runs else None


def _name_before(answer: Path, known: Mapping[str, Attempts]) -> str:
    """The name under which the runs of a notebook are remembered: its own; else that of which it is a copy, or of which
    there is a copy; else that of one which is gone, most likely since it was renamed."""
    if answer.name in known:
        return answer.name
    called = original_of(folded(answer.stem))
    copies = {name for name in known if original_of(folded(Path(name).stem)) == called}
    gone = {name for name in known if _is_gone(answer.parent / name)}
    return max(copies or gone, key=lambda name: _last_time(known[name]), default=answer.name)


def _is_gone(path: Path) -> bool:
    try:
        return not path.exists()
    except (OSError, ValueError):  # it is no name
        return False


def _last_time(work: Attempts) -> float:
    return work.runs[-1].time.timestamp() if work.runs else 0.0


def remember(
    folder: Folder, answer: Path, report: Report, environment: Mapping[str, str], if_changed: bool = False
) -> None:
    """Remember a run, if it is a student's own, of whole exercises: not in CI, and not the solution's.

    Where the folder cannot be written to, nothing is remembered.

    Args:
        answer: the notebook or script.
        if_changed: only if an exercise has other points than when it was graded last.
    """
    solutions = (folder.solution.resolve(), folder.solution_file)
    ids = {exercise.id for exercise in folder.spec.exercises}
    of_checks = report.selection is not None and not {*report.selection.split(" or ")} <= ids
    if environment.get("CI") or not report.gradable or answer.resolve() in solutions or of_checks:
        return
    progress = read_progress(answer.parent)
    if progress is None:
        return
    notebooks = progress.work.get(folder.spec.id, {})
    before = _name_before(answer, notebooks)
    known = notebooks.get(before, Attempts())
    if if_changed and not _changes(known, report):
        return
    work = _with_run(known, report)
    kept = before != answer.name and not _is_gone(answer.parent / before)  # a copy goes on from where the other was
    others = {name: one for name, one in notebooks.items() if name != answer.name and (name != before or kept)}
    works = {**progress.work, folder.spec.id: {**others, answer.name: work}}
    with suppress(OSError):
        _write(answer.parent / NAME, _bounded(progress.model_copy(update={"work": works})))


def _changes(work: Attempts, report: Report) -> bool:
    """Whether an exercise has other points in a report than in the last run that it was part of."""
    last = {name: points for run in work.runs for name, points in run.exercises.items()}
    return any(last.get(one.id) != (one.earned, one.possible) for one in report.exercises)


def _with_run(work: Attempts, report: Report) -> Attempts:
    now = datetime.now(UTC)
    run = GradedRun(
        time=now,
        sha256=report.submission.sha256,
        selection=report.selection,
        earned=report.earned,
        possible=report.possible,
        exercises={one.id: (one.earned, one.possible) for one in report.exercises},
    )
    before = work.runs[-1:]
    changed = not before or before[0].sha256 != run.sha256
    again = not changed and before[0].selection == run.selection  # the same once more
    full = {one.id: now for one in report.exercises if one.status == "full"}
    runs = (*(work.runs[:-1] if again else work.runs), run)
    return Attempts(attempts=work.attempts + changed, full={**full, **work.full}, runs=runs[-MAX_RUNS:])


def _bounded(progress: Remembered) -> bytes:
    """As it is written, without as many of the earlier runs as there is no room for."""
    most = MAX_RUNS
    while len(content := progress.model_dump_json().encode()) > MAX_SIZE and most:
        most //= 2
        work = {
            assignment: {name: _with_last(one, most) for name, one in notebooks.items()}
            for assignment, notebooks in progress.work.items()
        }
        progress = progress.model_copy(update={"work": work})
    return content if len(content) <= MAX_SIZE else Remembered().model_dump_json().encode()


def _with_last(work: Attempts, number: int) -> Attempts:
    return work.model_copy(
        update={"runs": work.runs[len(work.runs) - number :] if len(work.runs) > number else work.runs}
    )


def _write(file: Path, content: bytes) -> None:
    """Write as a whole or not at all, also where two do so at once."""
    beside = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
