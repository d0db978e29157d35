"""Runs a command of those in `commands/`, and says how it ended.

Exit codes: 0, full marks. 1, marks missing. 2, wrong usage, spec or submission. 3, the grader's own fault.
"""

from __future__ import annotations

import sys
import traceback

from rich.console import Console
from rich.text import Text

from grader.cli import commands
from grader.cli.extras import EXTRAS, way_to_install
from grader.cli.group import app
from grader.errors import GraderError, SurroundingsFault, of_the_machine
from grader.models.message import clean
from grader.registry import modules_in
from grader.sandbox.client import Zygote

modules_in(commands)  # each adds itself to `app`


def run(arguments: list[str], zygote: Zygote | None) -> int:
    """Run a command.

    Args:
        arguments: of the command line, its name not included.
        zygote: where student code will run, if one was begun already.

    Returns:
        The exit code.
    """
    stderr = Console(stderr=True, highlight=False)
    try:
        return int(app(arguments, prog_name="grade", standalone_mode=True, obj=zygote) or 0)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    except Exception as error:
        told = _not_installed(error) or of_the_machine(error) or error
        if isinstance(told, GraderError):
            stderr.print(Text(clean(str(told)), style="red"), soft_wrap=True)
            return told.exit_code
        said = "The grader failed; this is not your mistake. Please report it with the lines below."
        stderr.print(Text(said), soft_wrap=True)
        sys.stderr.write(traceback.format_exc())
        return 3


def _not_installed(error: Exception) -> SurroundingsFault | None:
    """What to say where a package of an extra is missing."""
    package = (error.name or "").partition(".")[0] if isinstance(error, ModuleNotFoundError) else ""
    if package not in EXTRAS:
        return None
    return SurroundingsFault(
        f"This command needs {package}, which is not installed: `{way_to_install(EXTRAS[package])}`."
    )
