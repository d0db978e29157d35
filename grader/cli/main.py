"""The console command `grade`.

torch takes a second to import, in another process; so that is begun before
anything else is read or imported here, where the command looks as if it will run student code.
"""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from pathlib import Path

from grader.assignment import SPEC
from grader.cli.streams import accept_every_text
from grader.cli.warm_client import POSSIBLE, run_warm

RUNNING = {
    "run": False,
    "open": False,
    "record": False,
    "release": False,
    "batch": True,
    "verify": True,
    "author": True,
    "watch": True,
}
"""Commands that run student code, and whether it is much of it."""
FLAGS = {
    "-v", "--verbose", "-q", "--quiet", "--no-mutants", "--regrade", "--no-regrade", "--marks", "--zip", "--template",
    "--in-place", "--withdraw", "--dry-run", "--once", "--no-daemon",
}  # fmt: skip
"""Options of those commands that take no value. A test holds them against the commands themselves."""


def main() -> None:
    """Run the command; exits with its code."""
    accept_every_text()
    if sys.platform == "win32":
        sys.stderr.write("grade runs on Linux and macOS; on Windows, in WSL (learn.microsoft.com/windows/wsl).\n")
        sys.exit(3)
    arguments = sys.argv[1:]
    long_lived = runs_code(arguments)
    code = run_warm(arguments) if long_lived is False and may_stay(arguments) else None
    if code is not None:
        os._exit(code)
    try:
        from grader.sandbox.client import Zygote

        zygote = None if long_lived is None else Zygote.spawn(long_lived)
    except OSError as error:  # no room for a file, no folder for one, no process to be had
        sys.stderr.write(f"No process for student code can be started: {error.strerror or error}.\n")
        sys.exit(3)
    try:
        gc.disable()  # what is imported stays, and to look for garbage in it takes a sixth of the time
        from grader.cli.app import run

        gc.freeze()
        gc.enable()
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


def may_stay(arguments: list[str]) -> bool:
    """Whether a command grades one's own work, on a machine of one's own: what is warm may stay for the next time."""
    own = _words(arguments)[0] == "run" and not {"--marks", "--no-daemon"} & set(arguments)
    return own and POSSIBLE and not (os.environ.get("CI") or os.environ.get("GRADE_NO_DAEMON"))


def runs_code(arguments: list[str]) -> bool | None:
    """Whether a command will run much student code; None if it will run none, or is not of the right form.

    What is overlooked here costs time, and nothing else.
    """
    command, words, complete = _words(arguments)
    if not words or not complete:
        return None
    assignment, *paths = words
    here = Path.cwd()
    known = Path(assignment, SPEC).is_file() or any(
        (folder / "assignments" / assignment / SPEC).is_file() for folder in (here, *here.parents)
    )
    return RUNNING[command] if known and all(Path(path).exists() for path in paths) else None


def _words(arguments: list[str]) -> tuple[str, list[str], bool]:
    """The command, its arguments without options, and whether the last option has its value."""
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
    return command, words, not value
