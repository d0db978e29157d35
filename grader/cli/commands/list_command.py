"""`grade list`: the assignments there are."""

from __future__ import annotations

import os
from pathlib import Path

from rich.console import Console
from rich.text import Text

from grader.assignment.load import list_assignments, load_assignment
from grader.cli.group import app
from grader.cli.options import Lang
from grader.errors import GraderError
from grader.models.message import say
from grader.models.wording import choose_language


@app.command("list", help="List the assignments.")
def list_command(lang: Lang = None) -> None:
    console = Console(highlight=False)
    language = choose_language(lang, os.environ)
    found = list_assignments(Path.cwd())
    if not found:
        nothing = say("No assignments here. Run this where the folder `assignments` is, or give a folder's path.")
        console.print(language(nothing))
    for name, path in found.items():
        try:
            folder = load_assignment(path)
        except GraderError as error:
            console.print(Text(f"{name}  {error}", style="red"))
            continue
        spec, starters = folder.spec, folder.starters
        starter = starters.get(language.code) or starters.get("en")
        count = len(spec.exercises)
        content = (
            say("{title}, 1 exercise", title=spec.title)
            if count == 1
            else say("{title}, {count} exercises", title=spec.title, count=count)
        )
        file = (f"  {starter.name}", "dim") if starter else ""
        console.print(Text.assemble((name, "bold"), f"  {language(content)}", file))
