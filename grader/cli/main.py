"""The console command `grade`.

torch takes a second to import, in another process; so that is begun before
anything else is read or imported here.
"""

from __future__ import annotations

import sys

from grader.sandbox.zygote import Zygote

COMMANDS = ("list", "record", "schema")


def main() -> None:
    """Run the command; exits with its code."""
    arguments = sys.argv[1:]
    zygote = None
    first = next((a for a in arguments if not a.startswith("-")), None)
    if first is not None and first not in COMMANDS and "--help" not in arguments:
        arguments.insert(0, "run")
    if first is not None and first not in ("list", "schema") and "--help" not in arguments:
        zygote = Zygote()
    try:
        from grader.cli.app import run

        code = run(arguments, zygote)
    except KeyboardInterrupt:
        code = 130
    finally:
        if zygote is not None:
            zygote.close()
    sys.exit(code)
