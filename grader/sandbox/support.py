"""Which isolation this machine can give, and what a guest may read."""

from __future__ import annotations

import os
import sys
import sysconfig
from functools import cache
from pathlib import Path
from typing import Literal

from grader.errors import IsolationError
from grader.guest.confine import ABI, LINUX, landlock_version

Isolation = Literal["landlock", "none"]
IsolationMode = Literal["auto", "landlock", "none"]


def choose(mode: IsolationMode) -> Isolation:
    """The isolation to use.

    Args:
        mode: `auto` falls back to `none` where a person grades their own work,
            and refuses to in CI (where the variable `CI` is set), which grades strangers'.

    Raises:
        IsolationError: when there is none and there must be.
    """
    if mode == "none":
        return "none"
    reason = _missing()
    if reason is None:
        return "landlock"
    if mode == "landlock" or os.environ.get("CI"):
        raise IsolationError(
            f"Student code cannot be isolated here: {reason}.",
            f"Grade on Linux {LINUX} or later, or pass --isolation none if you trust the code.",
        )
    return "none"


def found() -> str:
    """Which isolation there is on this machine, or why there is none."""
    missing = _missing()
    return f"none ({missing})" if missing else "landlock"


def refuse_without(mode: IsolationMode) -> None:
    """See that what strangers wrote is isolated, unless it is said that it need not be.

    Raises:
        IsolationError: when `auto` would fall back to none.
    """
    if mode == "auto" and choose(mode) == "none":
        raise IsolationError(
            f"This machine cannot keep submissions apart from your files: {_missing()}.",
            "Say --isolation none to grade them anyway.",
        )


def _missing() -> str | None:
    if sys.platform != "linux":
        return f"Landlock needs Linux, and this is {sys.platform}"
    have = landlock_version()
    return None if have >= ABI else f"Landlock's version here is {have}, and {ABI} is needed"


@cache
def readable() -> list[str]:
    """Folders and files a guest may read: the interpreter, its packages, system libraries."""
    keys = ("stdlib", "platstdlib", "purelib", "platlib")
    paths = {sysconfig.get_path(key) for key in keys}
    paths |= {str(Path(sys.base_prefix, "lib")), str(Path(sys.prefix, "pyvenv.cfg"))}
    paths |= {"/usr/lib", "/lib", "/lib64", "/usr/lib64", "/etc/ld.so.cache", "/usr/share/zoneinfo", "/dev/urandom"}
    return sorted(paths)
