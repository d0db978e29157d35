"""The console command `grade`.

torch takes a second to import, in another process; so that is begun before
anything else is read or imported here.
"""

from __future__ import annotations

import sys

from grader.sandbox.zygote import Zygote

COMMANDS = ("batch", "explain", "export", "list", "record", "schema", "verify")


def main() -> None:
    """Run the command; exits with its code."""
    arguments = sys.argv[1:]
    zygote = None
    # The command goes to the front, so that `grade --lang ko list` is `grade list --lang ko`.
    plain = (a for before, a in zip(["", *arguments], arguments, strict=False) if before != "--lang")
    first = next((a for a in plain if not a.startswith("-")), None)
    if first is not None and "--help" not in arguments:
        arguments.insert(0, arguments.pop(arguments.index(first)) if first in COMMANDS else "run")
    if first is not None and first not in ("explain", "export", "list", "schema") and "--help" not in arguments:
        zygote = Zygote.spawn(long_lived=first in ("batch", "verify"))
    try:
        from grader.cli.app import run

        code = run(arguments, zygote)
    except KeyboardInterrupt:
        code = 130
    finally:
        if zygote is not None:
            zygote.close()
    sys.exit(code)
