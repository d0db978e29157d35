"""Arguments and options that several commands take, and what they stand for."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from grader.assignment import SPEC
from grader.assignment.folder import Folder
from grader.assignment.load import find_assignment, list_assignments, load_assignment
from grader.diagnosis.catalogue import catalogue
from grader.errors import GraderError, UsageError
from grader.models.wording import Code
from grader.sandbox.client import Zygote
from grader.sandbox.support import IsolationMode


def assignment_names(begun: str) -> list[str]:
    """The assignments here whose names begin so: what a shell completes."""
    return [name for name in list_assignments(Path.cwd()) if name.startswith(begun)]


def exercise_ids(context: typer.Context, begun: str) -> list[str]:
    """The ids of exercises that begin so, of the assignment that stands before: what a shell completes."""
    with suppress(GraderError):
        spec = named_or_here(context.params.get("assignment")).spec
        return [exercise.id for exercise in spec.exercises if exercise.id.startswith(begun)]
    return []


def mistake_ids(begun: str) -> list[str]:
    """The ids of mistakes that begin so: what a shell completes."""
    return [mistake.id for mistake in catalogue() if mistake.id.startswith(begun)]


Name = Annotated[
    str,
    typer.Argument(help="name of an assignment, or its folder", metavar="ASSIGNMENT", autocompletion=assignment_names),
]
Here = Annotated[
    str | None,
    typer.Argument(help="if not given, the one here", metavar="ASSIGNMENT", autocompletion=assignment_names),
]
Seed = Annotated[
    int | None, typer.Option("--seed", min=0, max=2**32 - 1, help="grade with this seed, and ask the solution")
]
Lang = Annotated[
    Code | None, typer.Option("--lang", envvar="GRADE_LANG", help="language of the texts; otherwise the locale's")
]
Selection = Annotated[
    str | None,
    typer.Option(
        "-k",
        metavar="EXPR",
        help="only an exercise, by its id or number, or what matches, as in pytest",
        autocompletion=exercise_ids,
    ),
]
Isolation = Annotated[IsolationMode, typer.Option(help="what keeps the code apart from your files")]
Jobs = Annotated[
    int | None,
    typer.Option("-j", "--jobs", metavar="N", min=1, help="workers side by side; if not given, one for each core"),
]


def named(assignment: str, variant: int | None = None) -> Folder:
    """The assignment of this name, or in this folder.

    Args:
        variant: if not given, the one that its spec says it is.

    Raises:
        UsageError: when there is none, or its spec is wrong.
    """
    return load_assignment(find_assignment(assignment, Path.cwd()), variant)


def named_or_here(assignment: str | None) -> Folder:
    """The same; where none is named, the one whose folder a person is in, or the only one there is.

    Raises:
        UsageError: when there is none, or several.
    """
    here = Path.cwd()
    if assignment is None:
        known = list_assignments(here)
        inside = [folder for folder in (here, *here.parents) if (folder / SPEC).is_file()]
        if not inside and len(known) != 1:
            listed = ", ".join(known) or "none found; run this where the folder `assignments` is"
            raise UsageError("Which assignment?", f"Assignments: {listed}.")
        return load_assignment(inside[0] if inside else next(iter(known.values())))
    return named(assignment)


def warm_zygote(context: typer.Context) -> Zygote:
    """The process for student code that was begun with the command; else a new one, until the command ends."""
    if context.obj is None:
        context.obj = Zygote.spawn(long_lived=True)
        context.call_on_close(context.obj.close)
    zygote: Zygote = context.obj
    return zygote
