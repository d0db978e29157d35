"""The command `grade`, to which every file in `commands/` adds one of its own."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import grader
from grader.cli.options import Lang
from grader.sandbox.support import found


class DefaultGroup(TyperGroup):
    """Commands, and `run` for whatever names none: `grade assignment1` is `grade run assignment1`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.commands:
            return "run", self.commands["run"], args
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        (assignment,) = (one for one in self.commands["run"].params if one.name == "assignment")
        return [*super().shell_complete(ctx, incomplete), *assignment.shell_complete(ctx, incomplete)]

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(self.commands, key=lambda name: (name != "run", name))


app = typer.Typer(
    name="grade",
    cls=DefaultGroup,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Grade a PyTorch assignment: `grade ASSIGNMENT [PATH]`, e.g. `grade assignment1 my.ipynb`.",
)


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"grade {grader.__version__}, isolation: {found()}\n")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="print the version, and the isolation")
    ] = False,
    lang: Lang = None,
) -> None:
    if lang is not None:
        context.default_map = _for_each(context.command, {"lang": lang})


def _for_each(group: Any, defaults: dict[str, Any]) -> dict[str, Any]:
    """Defaults of options, for every command of a group and of those in it."""
    commands = group.commands.items()
    return {name: _for_each(one, defaults) if hasattr(one, "commands") else defaults for name, one in commands}
