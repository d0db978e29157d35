"""`grade watch`: grades what one works on at each save."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from grader.assignment.load import find_assignment
from grader.cli.group import app
from grader.cli.options import Isolation, Lang, Name, warm_zygote
from grader.models.wording import choose_language


@app.command("watch", help="Grade a notebook or script at each save, on a screen that stays.")
def watch_command(
    context: typer.Context,
    assignment: Name,
    path: Annotated[Path | None, typer.Argument(help="a .ipynb, a .py, or a folder with one", metavar="PATH")] = None,
    isolation: Isolation = "auto",
    lang: Lang = None,
) -> None:
    from grader.cli.watching import watch_submission

    folder = find_assignment(assignment, Path.cwd())
    watch_submission(folder, path, warm_zygote(context), isolation, choose_language(lang, os.environ))
