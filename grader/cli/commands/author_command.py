"""`grade author`: shows how an assignment stands at each save."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console, ConsoleRenderable
from rich.live import Live
from rich.text import Text

from grader.assignment import SPEC
from grader.assignment.load import find_assignment, load_assignment
from grader.cli.group import app
from grader.cli.options import Jobs, Name, warm_zygote
from grader.errors import GraderError
from grader.models.message import clean

SETTLED = 50
"""Milliseconds without a further change after which a save is over."""


WAITS = 200
"""Milliseconds between two looks whether there was a save; the first one, which is none, tells that it is watched."""


@app.command("author", help="Watch an assignment: at each save, judge what has changed.")
def author_command(
    context: typer.Context,
    assignment: Name,
    once: Annotated[bool, typer.Option("--once", help="one round, and exit: 0 if all is well, 1 if not")] = False,
    jobs: Jobs = None,
) -> None:
    from grader.authoring.rounds import Bench
    from grader.authoring.rounds_view import render_states

    path = find_assignment(assignment, Path.cwd())
    bench = Bench(path, warm_zygote(context), jobs or os.cpu_count() or 1)
    console = Console(highlight=False)
    if once:
        bench.round(lambda: None)
        console.print(render_states(bench))
        raise typer.Exit(0 if all(state.ok for state in bench.states.values()) and not bench.faults else 1)
    with Live(console=console, auto_refresh=False, vertical_overflow="visible") as live:

        def show(shown: ConsoleRenderable) -> None:
            if console.is_terminal:
                live.update(shown, refresh=True)
            else:  # where nothing can be written over
                console.print(shown)

        for _ in watched(path):
            try:
                bench.round(lambda: show(render_states(bench)) if console.is_terminal else None)
                show(render_states(bench))
            except GraderError as error:
                show(Text(clean(str(error)), style="red"))


def watched(path: Path) -> Iterator[None]:
    """Once at first, and then after each save of a file of the assignment, until it is interrupted."""
    from watchfiles import watch

    def matters(_: object, name: str) -> bool:
        file = Path(name)
        own = file.is_relative_to(path.resolve()) and not {"__pycache__", ".ipynb_checkpoints"} & set(file.parts)
        return (own and file.name != "reference.safetensors") or file == solution

    solution = path / SPEC
    with suppress(GraderError):  # it is told in the first round
        solution = load_assignment(path).solution
    folders = {folder for folder in (path.resolve(), solution.parent) if folder.is_dir()}
    first = True
    for saved in watch(
        *folders,
        watch_filter=matters,
        step=SETTLED,
        debounce=10 * SETTLED,
        rust_timeout=WAITS,
        yield_on_timeout=True,
        raise_interrupt=False,
    ):
        if first or saved:
            yield
        first = False
