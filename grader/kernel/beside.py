"""The process beside a kernel: reads what is asked for, one JSON object a line, and answers in the same way."""

from __future__ import annotations

import io
import json
import os
import sys
import traceback
from contextlib import suppress
from datetime import datetime
from math import inf
from pathlib import Path
from typing import Any

from rich.console import Console, RenderableType

from grader.assignment.folder import Folder
from grader.assignment.varying import FillError, fill
from grader.cli.commands.hint_command import find_exercise, told_hints
from grader.cli.commands.progress_command import nothing_yet
from grader.cli.remembered import read_progress, remember, remembered_of
from grader.errors import GraderError, UsageError, of_the_machine
from grader.judging.driver import run_checks
from grader.judging.session import Session
from grader.kernel.assignment_of import assignment_of
from grader.kernel.hidden_state import hidden_faults
from grader.kernel.present import Present, present_cells
from grader.kernel.runs import Run
from grader.models.cells import Submission
from grader.models.message import Message, say, verbatim
from grader.models.wording import Language, choose_language
from grader.report.fragment import progress_fragment, render_fragment
from grader.report.progress_view import render_progress
from grader.report.terminal import render
from grader.sandbox.client import Zygote
from grader.submission.read import MARKER, read_file

WIDTH = 100
"""Characters of a line of text, where a page shows no HTML."""


def main() -> None:
    """Answer until the kernel ends."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what an instructor's checks print is no reply
    with Zygote.spawn(long_lived=False) as zygote:
        for line in sys.stdin:
            replies.write(json.dumps(_reply(json.loads(line), zygote)) + "\n")
            replies.flush()


def _reply(request: dict[str, Any], zygote: Zygote) -> dict[str, Any]:
    """What is to be shown, by its kind, or an error in one line."""
    try:
        os.chdir(request["folder"])
        if request["wanted"] == "cell":
            return {"cell": _filled(Path(request["path"]), request["text"])}
        return {"shown": _shown(request, zygote)}
    except Exception as error:
        told = of_the_machine(error) or error
        if isinstance(told, FillError):
            return {"error": f"{told}."}
        if isinstance(told, GraderError):
            return {"error": " ".join(str(told).split()), "fault": told.exit_code == GraderError.exit_code}
        said = "The grader failed; this is not your mistake. Please report it with the lines below."
        return {"error": f"{said}\n{traceback.format_exc()}", "fault": True}


def _filled(path: Path, text: str) -> str:
    """A cell of a master with the values of its variant."""
    with suppress(UsageError):  # of no assignment
        folder = assignment_of(path, ())
        if folder.master and folder.master.samefile(path):
            return fill(text, folder.spec.values(folder.spec.id))
    return text


def _shown(request: dict[str, Any], zygote: Zygote) -> dict[str, str]:
    path, language = Path(request["path"]), choose_language(request["lang"], os.environ)
    runs = [Run(**run) for run in request["runs"]]
    data, saved = _saved(path, request["content"])
    present = present_cells(data, runs, saved, request["began"], request["on_cell"])
    now = present or Present(data, {}, None, ())
    marked = [name.strip() for text in now.texts.values() for name in MARKER.findall(text)]
    folder = assignment_of(path, marked, request["assignment"])
    if request["wanted"] == "hint":
        exercise = find_exercise(request["exercise"], folder.spec)
        return {"text/plain": _as_text(told_hints(folder, exercise, f"%grade {exercise.id}", language))}
    if request["wanted"] == "progress":
        return _progress(folder, path, language)
    submission = folder.read(path, data=now.data)
    chosen = _selection(request, folder, submission, now)
    session = Session(submission, zygote=zygote, selection=chosen, in_notebook=True)
    try:
        report = run_checks(folder.path, session)
    finally:
        session.close()
    remember(folder, path, report, os.environ)
    hidden = hidden_faults(report, now.texts, runs, request["names"])
    report = report.model_copy(update={"notes": (*now.notes, *hidden, *report.notes)})
    return {
        "text/html": render_fragment(report, _as_saved(path, saved), language, request["verbose"]),
        "text/plain": _as_text(render(report, request["verbose"], language=language, in_notebook=True)),
    }


def _progress(folder: Folder, path: Path, language: Language) -> dict[str, str]:
    work = remembered_of(path, folder, read_progress(path.parent))
    if work is None:
        return {"text/plain": language(nothing_yet("%grade"))}
    return {
        "text/html": progress_fragment(folder.spec, path.name, work, language),
        "text/plain": _as_text(render_progress(folder.spec, path.name, work, language)),
    }


def _saved(path: Path, content: str | None) -> tuple[bytes, float]:
    """A notebook's JSON, and when it was saved; where the page has sent it, nothing is newer."""
    if content is not None:
        return content.encode(), inf
    return read_file(path), path.stat().st_mtime


def _as_saved(path: Path, saved: float) -> Message:
    if saved == inf:
        return verbatim(path.name)
    return say("{name}, as saved at {time}", name=path.name, time=datetime.fromtimestamp(saved).strftime("%H:%M:%S"))


def _selection(request: dict[str, Any], folder: Folder, submission: Submission, now: Present) -> str | None:
    """The exercises to grade, as pytest's `-k` takes it; all if None."""
    if request["exercise"]:
        return find_exercise(request["exercise"], folder.spec).id
    if not request["on_cell"]:
        return None
    own = [cell.exercises for cell in submission.cells if cell.number == now.own]
    if not any(own):
        ids = ", ".join(exercise.id for exercise in folder.spec.exercises)
        said = "This cell belongs to no exercise: it has no line `# exercise: ID`, and defines nothing of one."
        raise UsageError(said, f"Name it, as in `%%grade ID`: {ids}.")
    return " or ".join(own[0])


def _as_text(shown: RenderableType) -> str:
    console = Console(file=io.StringIO(), width=WIDTH, color_system=None, highlight=False)
    with console.capture() as captured:
        console.print(shown)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


if __name__ == "__main__":
    main()
