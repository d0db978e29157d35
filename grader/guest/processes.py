"""A guest's processes from outside: counting, weighing and ending them."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from contextlib import suppress

import psutil

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Let descendants whose parent died become children of this process, so none gets away (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def descendants(pid: int) -> list[psutil.Process]:
    """All living processes below `pid`."""
    with suppress(psutil.Error):
        return psutil.Process(pid).children(recursive=True)
    return []


def private_memory(processes: list[psutil.Process], shared: int) -> int:
    """Memory that processes hold beyond the `shared` bytes they were forked with."""
    total = 0
    for process in processes:
        with suppress(psutil.Error):
            memory = process.memory_info()
            total += max(0, getattr(memory, "data", memory.rss) - shared)
    return total


def die_with_parent() -> None:
    """Let the kernel kill this process when the one that forked it is gone (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def end_tree(pid: int) -> None:
    """Kill everything below `pid`, and then `pid` itself, a child of ours."""
    while living := [process for process in descendants(pid) if _alive(process)]:
        for process in living:
            with suppress(psutil.Error):
                process.kill()
        time.sleep(0.002)
    with suppress(OSError):
        os.kill(pid, signal.SIGKILL)
    with suppress(OSError):
        os.waitpid(pid, 0)


def _alive(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    return False


def folder_size(path: str, enough: int) -> int:
    """Bytes of the files below a folder; counting stops once there are `enough`."""
    total = 0
    for root, _, names in os.walk(path):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(root, name)).st_size
        if total >= enough:
            break
    return total
