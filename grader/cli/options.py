"""Arguments and options that several commands take."""

from __future__ import annotations

from typing import Annotated

import typer

from grader.models.wording import Code

Name = Annotated[str, typer.Argument(help="name of an assignment, or its folder", metavar="ASSIGNMENT")]
Lang = Annotated[
    Code | None, typer.Option("--lang", envvar="GRADE_LANG", help="language of the texts; otherwise the locale's")
]
