"""Arguments and options that several commands take."""

from __future__ import annotations

from typing import Annotated

import typer

from grader.models.wording import Code

Name = Annotated[str, typer.Argument(help="name of an assignment, or its folder", metavar="ASSIGNMENT")]
Seed = Annotated[
    int | None, typer.Option("--seed", min=0, max=2**32 - 1, help="grade with this seed, and ask the solution")
]
Lang = Annotated[
    Code | None, typer.Option("--lang", envvar="GRADE_LANG", help="language of the texts; otherwise the locale's")
]
