"""`grade again`: an assignment, or an exercise of it, once more with other sizes, names and constants."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from grader.assignment import AGAIN, SPEC
from grader.assignment.folder import Folder
from grader.assignment.load import list_assignments, load_assignment
from grader.cli.bringing import Brought, bring
from grader.cli.commands.get_command import show_brought
from grader.cli.commands.hint_command import find_exercise
from grader.cli.group import app
from grader.cli.options import Here, Lang, exercise_ids, named_or_here
from grader.errors import UsageError


@app.command("again", help="Practise again: bring the next variant, with other sizes, names and constants.")
def again_command(
    assignment: Here = None,
    exercise: Annotated[
        str | None,
        typer.Argument(help="the one to practise: id or number", metavar="EXERCISE", autocompletion=exercise_ids),
    ] = None,
    lang: Lang = None,
) -> None:
    folder = _with_variants(assignment)
    chosen = find_exercise(exercise, folder.spec).id if exercise else None
    show_brought(_next_variant(folder, chosen), lang, chosen)


def _with_variants(assignment: str | None) -> Folder:
    """The assignment of this name; where none is named, the one here, or the only one that came with variants."""
    some = [path for path in list_assignments(Path.cwd()).values() if (path / AGAIN).is_dir()]
    alone = assignment is None and len(some) == 1 and not Path(SPEC).exists()
    return load_assignment(some[0]) if alone else named_or_here(assignment)


def _next_variant(folder: Folder, exercise: str | None) -> Brought:
    """Bring the first variant that is not there yet.

    Raises:
        UsageError: when there is none, or an exercise is the same in it.
    """
    id, course = folder.spec.id, folder.path.resolve().parent
    packed = sorted(course.glob(f"*/{AGAIN}/{id}.zip"))  # it is one itself
    home = packed[0].parent if packed else folder.path / AGAIN
    variants = {course / one.stem: one for one in sorted(home.glob("*.zip"), key=lambda path: (len(path.name), path))}
    left = [packed for place, packed in variants.items() if not (place / SPEC).exists()]
    if not variants:
        advice = "Ask for some: `grade release ASSIGNMENT --variant 0 --variant 1` makes them."
        raise UsageError(f"{id} came with no other variant.", advice)
    if not left:
        listed = ", ".join(place.name for place in variants)
        raise UsageError(f"All variants are here already: {listed}.", "Remove the folder of one; it is brought anew.")
    if exercise:
        with TemporaryDirectory() as stage:
            other = load_assignment(bring(str(left[0]), Path(stage)).place)
            varied = [one.id for one in folder.spec.exercises if _differs(folder, other, one.id)]
        if exercise not in varied:
            raise UsageError(f"{exercise} is the same in each variant.", f"These are not: {', '.join(varied)}.")
    return bring(str(left[0]), course)


def _differs(folder: Folder, other: Folder, exercise: str) -> bool:
    """Whether a variant asks for something else in an exercise, or has other answers to it."""
    from grader.judging.references import Recorded  # it takes long to import

    one, two = folder.spec.exercise(exercise), other.spec.exercise(exercise)
    before, after = Recorded(folder.recorded), Recorded(other.recorded)
    checks = [check for requirement in one.requirements for check in requirement.checks(folder.spec.seed)]
    keys = [(exercise, check.question.digest) for check in checks]
    return not keys or one != two or any(before.written(key) != after.written(key) for key in keys)
