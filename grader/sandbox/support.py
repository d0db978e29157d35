"""Which isolation this machine can give, and what a guest may read."""

from __future__ import annotations

import os
import sys
import sysconfig
from functools import cache
from pathlib import Path
from typing import Literal

from grader.errors import IsolationError

Isolation = Literal["sandlock", "none"]
Wish = Literal["auto", "sandlock", "none"]


def choose(wish: Wish) -> Isolation:
    """The isolation to use.

    Args:
        wish: `auto` falls back to `none` where a person grades their own work,
            and refuses to in CI (where the variable `CI` is set), which grades strangers'.

    Raises:
        IsolationError: when there is none and there must be.
    """
    if wish == "none":
        return "none"
    reason = _missing()
    if reason is None:
        return "sandlock"
    if wish == "sandlock" or os.environ.get("CI"):
        raise IsolationError(
            f"Student code cannot be isolated here: {reason}.",
            "Grade on Linux 6.7 or later, or pass --isolation none if you trust the code.",
        )
    return "none"


def _missing() -> str | None:
    if sys.platform != "linux":
        return f"sandlock needs Linux, and this is {sys.platform}"
    try:
        import sandlock
    except ImportError:
        return "the package sandlock is not installed"
    have, need = sandlock.landlock_abi_version(), sandlock.min_landlock_abi()
    return None if have >= need else f"the kernel's Landlock ABI is {have}, and sandlock needs {need}"


@cache
def readable() -> list[str]:
    """Folders and files a guest may read: the interpreter, its packages, system libraries."""
    keys = ("stdlib", "platstdlib", "purelib", "platlib")
    paths = {sysconfig.get_path(key) for key in keys}
    paths |= {str(Path(sys.base_prefix, "lib")), str(Path(sys.prefix, "pyvenv.cfg"))}
    paths |= {"/usr/lib", "/lib", "/lib64", "/usr/lib64", "/etc/ld.so.cache", "/usr/share/zoneinfo", "/dev/urandom"}
    return sorted(paths)
