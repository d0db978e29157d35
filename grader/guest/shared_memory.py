"""What guests leave in `/dev/shm`, where semaphores of DataLoader workers live.

Landlock can only grant the whole folder, so what a guest leaves there is removed
when it ends: it must not become a letter box between submissions.
"""

from __future__ import annotations

import os
from contextlib import suppress

import psutil

_FOLDER = "/dev/shm"


class SharedMemory:
    """Remembers what was there when a guest started."""

    def __init__(self) -> None:
        self._before = _names()

    def sweep(self) -> None:
        """Remove our own files that are new and that no living process has mapped or open."""
        new = {name for name in _names() - self._before if _ours(name)}
        if new:
            for name in new - _in_use():
                with suppress(OSError):
                    os.unlink(os.path.join(_FOLDER, name))


def _names() -> set[str]:
    with suppress(OSError):
        return set(os.listdir(_FOLDER))
    return set()


def _ours(name: str) -> bool:
    with suppress(OSError):
        return os.lstat(os.path.join(_FOLDER, name)).st_uid == os.getuid()
    return False


def _in_use() -> set[str]:
    used = set()
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            paths = [mapped.path for mapped in process.memory_maps()]
            paths += [file.path for file in process.open_files()]
            used |= {os.path.basename(path) for path in paths if path.startswith(_FOLDER)}
    return used
