"""`grade stop`: ends what stays warm for the next `grade`."""

from __future__ import annotations

import typer

from grader.cli.group import app
from grader.cli.warm_client import stop_all


@app.command("stop", help="End the process that stays warm for the next `grade`; it ends by itself after ten minutes.")
def stop_command() -> None:
    typer.echo("stopped" if stop_all() else "nothing was running")
