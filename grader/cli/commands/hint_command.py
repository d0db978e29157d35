"""`grade hint`: the hints of an exercise, one more with each call."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from grader.assignment.folder import Folder
from grader.assignment.numbering import by_number
from grader.assignment.spec import Assignment, Exercise
from grader.cli.group import app
from grader.cli.options import Lang, Name, exercise_ids, named
from grader.cli.seen_hints import one_more, seen_file
from grader.errors import UsageError
from grader.models.message import joined, say
from grader.models.wording import Language, choose_language
from grader.report.terminal import put


@app.command("hint", help="Show a hint for an exercise; with each call, the next one.")
def hint_command(
    assignment: Name,
    exercise: Annotated[
        str | None,
        typer.Argument(
            help="its id, as in `# exercise: ID`, or its number", metavar="EXERCISE", autocompletion=exercise_ids
        ),
    ] = None,
    lang: Lang = None,
) -> None:
    folder = named(assignment)
    chosen, language = find_exercise(exercise, folder.spec), choose_language(lang, os.environ)
    put(told_hints(folder, chosen, f"grade {folder.spec.id} -k {chosen.id}", language), Console(highlight=False))


def told_hints(folder: Folder, exercise: Exercise, way: str, language: Language) -> RenderableType:
    """The hints of an exercise with the next one.

    Args:
        way: the command that shows what fails.

    Raises:
        UsageError: when it cannot be remembered which were seen.
    """
    shown = _shown(exercise, number_to_show(folder, exercise), way, language)
    return Group(Text.assemble((language(exercise.title), "bold"), (f"  {exercise.id}", "dim")), *shown)


def find_exercise(name: str | None, spec: Assignment) -> Exercise:
    """The exercise with an id, or a number.

    Raises:
        UsageError: when there is none; with the nearest id.
    """
    ids = [exercise.id for exercise in spec.exercises]
    if name and (chosen := by_number(name, spec)) in ids:
        return spec.exercise(chosen)
    near = difflib.get_close_matches(name or "", ids, n=1)
    advice = f"Did you mean {near[0]!r}?" if near else f"The exercises are: {', '.join(ids)}."
    raise UsageError(f"There is no exercise {name!r}." if name else "Which exercise?", advice)


def hint_rows(exercise: Exercise, number: int, language: Language) -> RenderableType:
    """The hints so far, the last one as new."""
    rows = Table.grid(padding=(0, 1))
    for place, hint in enumerate(exercise.hints[:number], 1):
        style = "" if place == number else "dim"
        rows.add_row(Text(f"{place}/{len(exercise.hints)}", style="dim"), Text(language(hint), style=style))
    return Padding(rows, (0, 0, 0, 2))


def number_to_show(folder: Folder, exercise: Exercise) -> int:
    """How many hints of an exercise are seen with the next one.

    Raises:
        UsageError: when it cannot be remembered.
    """
    try:
        return one_more(folder.path, exercise.id, len(exercise.hints)) if exercise.hints else 0
    except OSError as error:
        advice = "Set XDG_STATE_HOME to a folder that can be written to."
        raise UsageError(f"{seen_file()} cannot be written: {error.strerror}.", advice) from None


def _shown(exercise: Exercise, number: int, way: str, language: Language) -> Iterator[RenderableType]:
    """The hints so far, the last one as new, and what to do next."""
    total = len(exercise.hints)
    if number:
        yield hint_rows(exercise, number, language)
    if number < total:
        yield Text(language(say("The same command shows the next hint.")), style="dim")
        return
    rest = say("There are no more hints.") if total else say("This exercise has no hints.")
    yield Text(language(joined([rest, say("`{command}` shows what fails.", command=way)], " ")), style="dim")
