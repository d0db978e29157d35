"""`grade review`: a local page on which persons judge."""

from __future__ import annotations

import getpass
import os
from pathlib import Path
from typing import Annotated

import typer

from grader.cli.group import app
from grader.cli.options import Lang
from grader.models.wording import choose_language

Graded = Annotated[Path, typer.Argument(help="the folder of `grade batch`", metavar="FOLDER")]
Which = Annotated[
    str | None, typer.Option("--assignment", metavar="NAME", help="its folder or name, if not found by that in FOLDER")
]
Book = Annotated[str | None, typer.Option("--gradebook", metavar="URL", help="the database, if not the one in FOLDER")]
Author = Annotated[str | None, typer.Option("--as", metavar="NAME", help="who judges; if not given, who is logged in")]


@app.command("review", help="Judge what a person grades, on a local page.")
def review_command(
    out: Graded,
    assignment: Which = None,
    gradebook: Book = None,
    author: Author = None,
    anonymous: Annotated[bool, typer.Option("--anonymous", help="show no names")] = False,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="if not given, that of the last time")] = None,
    lang: Lang = None,
) -> None:
    from grader.cli.reviewing import serve  # it takes long to import

    serve(out, assignment, gradebook, author or getpass.getuser(), anonymous, port, choose_language(lang, os.environ))
