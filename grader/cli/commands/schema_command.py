"""`grade schema`: the JSON Schemas of what people and programs write and read."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from grader.assignment.schema import SCHEMAS
from grader.cli.group import app


@app.command("schema", help="Print a JSON Schema: of the `spec` or of the `report`.")
def schema_command(name: Annotated[str, typer.Argument(metavar="spec|report")]) -> None:
    if name not in SCHEMAS:
        raise typer.BadParameter(f"{name!r} is neither spec nor report")
    sys.stdout.write(json.dumps(SCHEMAS[name](), indent=2) + "\n")
