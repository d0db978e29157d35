"""A guest's scratch folder, in the hands of one who does not trust what is in it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from contextlib import suppress

_NOTHING = subprocess.DEVNULL
_BLOCK = 4096  # counted for every file and folder, since empty ones use up a disk, too


def make() -> str:
    """A new folder."""
    return tempfile.mkdtemp(prefix="grade-")


def size(path: str, enough: int) -> int:
    """Bytes of what is in a folder; counting stops at `enough`, and where it is too deep to be looked at."""
    total, pending = 0, [path]
    while pending:
        try:
            for entry in os.scandir(pending.pop()):
                with suppress(FileNotFoundError):
                    total += _BLOCK + entry.stat(follow_symlinks=False).st_blocks * 512
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                if total >= enough:
                    return total
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            return enough
    return total


def remove_empty(path: str) -> bool:
    """Remove a folder with nothing in it but the link to the data; whether it was one."""
    with suppress(OSError):
        os.unlink(os.path.join(path, "data"))
    with suppress(OSError):
        os.rmdir(path)
        return True
    return False


def remove(*paths: str) -> subprocess.Popen[bytes]:
    """Have files and folders removed, by a process that is given back.

    A guest may have made too many to wait for, or too deep for a recursion, and may still write to them. So they
    are moved first, to where it may not write.
    """
    grave = make()
    for number, path in enumerate(paths):
        with suppress(OSError):
            os.rename(path, f"{grave}/{number}")
    return subprocess.Popen(["rm", "-rf", grave], stdin=_NOTHING, stdout=_NOTHING, stderr=_NOTHING)
