"""Arguments and options that several commands take, and what they stand for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from grader.assignment.load import Folder, find_assignment, load_assignment
from grader.models.wording import Code
from grader.sandbox.client import Zygote
from grader.sandbox.support import IsolationMode

Name = Annotated[str, typer.Argument(help="name of an assignment, or its folder", metavar="ASSIGNMENT")]
Seed = Annotated[
    int | None, typer.Option("--seed", min=0, max=2**32 - 1, help="grade with this seed, and ask the solution")
]
Lang = Annotated[
    Code | None, typer.Option("--lang", envvar="GRADE_LANG", help="language of the texts; otherwise the locale's")
]
Selection = Annotated[
    str | None, typer.Option("-k", metavar="EXPR", help="only an exercise, by its id, or what matches, as in pytest")
]
Isolation = Annotated[IsolationMode, typer.Option(help="what keeps the code apart from your files")]
Jobs = Annotated[
    int | None,
    typer.Option("-j", "--jobs", metavar="N", min=1, help="workers side by side; if not given, one for each core"),
]


def named(assignment: str) -> Folder:
    """The assignment of this name, or in this folder.

    Raises:
        UsageError: when there is none, or its spec is wrong.
    """
    return load_assignment(find_assignment(assignment, Path.cwd()))


def warm_zygote(context: typer.Context) -> Zygote:
    """The process for student code that was begun with the command; else a new one, until the command ends."""
    if context.obj is None:
        context.obj = Zygote.spawn(long_lived=True)
        context.call_on_close(context.obj.close)
    zygote: Zygote = context.obj
    return zygote
