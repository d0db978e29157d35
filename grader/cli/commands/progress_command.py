"""`grade progress`: what is remembered of the runs of a notebook."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from grader.assignment.folder import Folder
from grader.cli.group import app
from grader.cli.options import Here, Lang, named_or_here
from grader.cli.remembered import read_progress, remembered_of
from grader.models.message import Message, say
from grader.models.progress import Attempts
from grader.models.wording import choose_language
from grader.report.progress_view import render_progress
from grader.report.terminal import put


@app.command("progress", help="Show how your points grew, exercise by exercise, with each time you graded.")
def progress_command(
    assignment: Here = None,
    path: Annotated[Path | None, typer.Argument(help="the notebook that was graded", metavar="PATH")] = None,
    lang: Lang = None,
) -> None:
    folder, language = named_or_here(assignment), choose_language(lang, os.environ)
    console = Console(highlight=False)
    if found := _work(folder, path):
        put(render_progress(folder.spec, *found, language), console)
        return
    put(Text(language(nothing_yet(f"grade {folder.spec.id}"))), console)


def nothing_yet(command: str) -> Message:
    """What is said before the first run, and which command makes it."""
    return say("Nothing is remembered yet; `{command}` begins.", command=command)


def _work(folder: Folder, path: Path | None) -> tuple[str, Attempts] | None:
    """A notebook's name, and its runs: of the one at a path, else of the one that was graded last, beside those of the
    assignment or in the working directory."""
    if path is not None:
        answer = folder.answer_in(path)
        work = remembered_of(answer, folder, read_progress(answer.parent))
        return (answer.name, work) if work else None
    known = {**_remembered_in(Path.cwd(), folder), **_remembered_in(folder.saved_last.parent, folder)}
    return max(known.items(), key=lambda item: item[1].runs[-1].time, default=None)


def _remembered_in(place: Path, folder: Folder) -> dict[str, Attempts]:
    """The notebooks of a folder that were graded, by name, each with its runs."""
    progress = read_progress(place)
    works = progress.work.get(folder.spec.id, {}) if progress else {}
    return {name: work for name, work in works.items() if work.runs}
