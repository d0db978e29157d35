"""The console command `grade`.

torch takes a second to import, in another process; so that is begun before
anything else is read or imported here, where the command looks as if it will run student code.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from grader.assignment import SPEC
from grader.cli.streams import accept_every_text
from grader.sandbox.client import Zygote

RUNNING = {"run": False, "record": False, "batch": True, "verify": True}
"""Commands that run student code, and whether it is much of it."""
FLAGS = {"-v", "--verbose", "-q", "--quiet", "--no-mutants", "--regrade", "--no-regrade", "--marks"}
"""Options of those commands that take no value. A test holds them against the commands themselves."""


def main() -> None:
    """Run the command; exits with its code."""
    accept_every_text()
    arguments = sys.argv[1:]
    long_lived = runs_code(arguments)
    zygote = None if long_lived is None else Zygote.spawn(long_lived)
    try:
        from grader.cli.app import run

        code = run(arguments, zygote)
    except KeyboardInterrupt:
        code = 130
    finally:
        if zygote is not None:
            zygote.close()
    if long_lived is False:  # to take the interpreter down takes a tenth of a second, and nobody needs what is in it
        with suppress(OSError):  # who reads what it says may have gone
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def runs_code(arguments: list[str]) -> bool | None:
    """Whether a command will run much student code; None if it will run none, or is not of the right form.

    What is overlooked here costs time, and nothing else.
    """
    words: list[str] = []
    value = False  # whether the next one is the value of an option
    for argument in arguments:
        if value:
            value = False
        elif not argument.startswith("-"):
            words.append(argument)
        elif argument not in FLAGS:
            value = "=" not in argument if argument.startswith("--") else len(argument) == 2  # not as in `-j4`
    command = words.pop(0) if words and words[0] in RUNNING else "run"
    if not words or value:
        return None
    assignment, *paths = words
    here = Path.cwd()
    known = Path(assignment, SPEC).is_file() or any(
        (folder / "assignments" / assignment / SPEC).is_file() for folder in (here, *here.parents)
    )
    return RUNNING[command] if known and all(Path(path).exists() for path in paths) else None
