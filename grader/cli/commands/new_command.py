"""`grade new`: writes the first version of an assignment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from grader.cli.group import app
from grader.cli.options import named, warm_zygote
from grader.errors import UsageError

if TYPE_CHECKING:
    from grader.authoring.draft import Destination, Draft


@app.command("new", help="Begin an assignment: a spec, a starter notebook, a solution, checks.")
def new_command(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="of the new assignment, such as hw1", metavar="ASSIGNMENT")],
    like: Annotated[
        list[str] | None,
        typer.Option("--like", metavar="ASSIGNMENT:EXERCISE", help="begin with this exercise; as often as you like"),
    ] = None,
    notebook: Annotated[
        Path | None,
        typer.Option("--from", metavar="NOTEBOOK", help="begin with a notebook or script with all answers in it"),
    ] = None,
    master: Annotated[
        bool, typer.Option("--master", help="tasks, answers and checks in one file, of which the notebooks are made")
    ] = False,
) -> None:
    from grader.authoring.draft import first_draft, place_for

    given = [name for name, one in (("--like", like), ("--from", notebook), ("--master", master)) if one]
    if len(given) > 1:
        raise UsageError(f"{' and '.join(given)} do not go together.", "Give one of them.")
    place = place_for(name, Path.cwd())
    unseen: list[str] = []
    if notebook:
        from grader.authoring.proposal import propose

        proposal = propose(place, notebook, warm_zygote(context))
        draft, unseen = proposal.draft, proposal.unseen
    else:
        draft = _borrowed(place, like) if like else first_draft(place, master)
    console = Console(highlight=False)
    for path in draft.write(place):
        console.print(os.path.relpath(path), markup=False, soft_wrap=True)
    if unseen:
        console.print("Left to you:", style="bold")
        for line in unseen:
            console.print(f"  {line}", markup=False, soft_wrap=True)
    console.print(f"Change them into your own; `grade verify {name}` proves them.", style="dim")


def _borrowed(place: Destination, like: list[str]) -> Draft:
    from grader.authoring.borrowed import Lender, borrow

    wanted: dict[str, list[str]] = {}
    for one in like:
        assignment, colon, exercise = one.rpartition(":")
        if not colon:
            raise UsageError(f"--like {one} names no exercise.", f"Write --like {one}:EXERCISE.")
        wanted.setdefault(assignment, []).append(exercise)
    return borrow(place, [Lender.of(named(assignment), ids) for assignment, ids in wanted.items()])
