"""A guest's processes from outside: counting, weighing and ending them."""

from __future__ import annotations

import ctypes
import os
import signal
import stat
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Let descendants whose parent died become children of this process, so none gets away (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children(pid: int) -> list[int]:
    """Numbers of a process's children, the dead ones that nobody has waited for included."""
    if _LISTS_CHILDREN:
        return _children(pid)
    with suppress(psutil.Error):
        return [child.pid for child in psutil.Process(pid).children()]
    return []


def descendants(pid: int) -> list[psutil.Process]:
    """All living processes below `pid`. Where some of them just end, others may be missed."""
    with suppress(psutil.Error):
        if not _LISTS_CHILDREN:
            return psutil.Process(pid).children(recursive=True)
    found = []
    parents = [pid]
    while parents:
        for child in _children(parents.pop()):
            parents.append(child)
            with suppress(psutil.Error):
                found.append(psutil.Process(child))
    return found


def _children(pid: int) -> list[int]:
    """Numbers of a process's children, without a look at every process there is (Linux)."""
    found: list[int] = []
    with suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", "rb") as listed:
                found += map(int, listed.read().split())
    return found


_LISTS_CHILDREN = os.path.exists(f"/proc/self/task/{threading.get_native_id()}/children")


def private_memory(processes: Iterable[psutil.Process], shared: int) -> int:
    """Memory that processes hold beyond the `shared` bytes they were forked with, and what the kernel notes of it."""
    total = 0
    for process in processes:
        with suppress(psutil.Error):
            memory = process.memory_info()
            total += max(0, getattr(memory, "data", memory.rss) - shared) + _page_tables(process.pid)
    return total


def _page_tables(pid: int) -> int:
    """Bytes of a process's page tables (Linux): what only reads empty pages fills these, and no memory of its own."""
    with suppress(OSError), open(f"/proc/{pid}/status", "rb") as status:
        for line in status:  # the name, in the first, has no line end
            if line.startswith(b"VmPTE:"):
                return int(line.split()[1]) << 10
    return 0


def threads(processes: Iterable[psutil.Process]) -> int:
    """Threads of processes, the first of each included."""
    total = 0
    for process in processes:
        with suppress(psutil.Error, OSError):
            # A process can give itself a name that looks like the line in which others would look for their number.
            tasks = f"/proc/{process.pid}/task"
            total += len(os.listdir(tasks)) if os.path.isdir(tasks) else process.num_threads()
    return total


def die_with_parent() -> None:
    """Let the kernel kill this process when the one that forked it is gone (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def end_tree(pid: int) -> int:
    """Kill everything below `pid`, and then `pid` itself, a child of ours; its status, also if it had ended before."""
    while living := _living(pid):
        for process in living:
            with suppress(psutil.Error):
                process.kill()
        time.sleep(0.001)
    with suppress(OSError):
        os.kill(pid, signal.SIGKILL)
    with suppress(OSError):
        return os.waitpid(pid, 0)[1]
    return 0


def _living(pid: int) -> list[psutil.Process]:
    """What lives below `pid`; none only if a second look finds none, when nothing ends any more."""
    for _ in range(2):
        if found := [process for process in descendants(pid) if alive(process)]:
            return found
    return []


def alive(process: psutil.Process) -> bool:
    """Whether a process is more than what is left of one that nobody has waited for."""
    with suppress(psutil.Error):
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    return False


def removed_files(processes: Iterable[psutil.Process], mapped: bool) -> int:
    """Bytes of removed files that processes still have open (Linux).

    Args:
        mapped: whether to count those that are mapped, too, which takes twenty times as long.
    """
    sizes: dict[tuple[int, int], int] = defaultdict(int)
    for process in processes:
        with suppress(OSError):
            for entry in os.scandir(f"/proc/{process.pid}/fd"):
                with suppress(OSError):
                    about = entry.stat()
                    if stat.S_ISREG(about.st_mode) and not about.st_nlink:
                        sizes[about.st_dev, about.st_ino] = about.st_blocks * 512
            if mapped:
                for file, size in _removed_and_mapped(process.pid).items():
                    sizes[file] = max(sizes[file], size)
    return sum(sizes.values())


def _removed_and_mapped(pid: int) -> dict[tuple[int, int], int]:
    """Bytes that a process has mapped of each removed file, by device and inode."""
    sizes: dict[tuple[int, int], int] = defaultdict(int)
    for line in Path(f"/proc/{pid}/maps").read_bytes().splitlines():
        if line.endswith(b" (deleted)"):
            addresses, _, _, device, inode, *_ = line.split()
            start, end = (int(address, 16) for address in addresses.split(b"-"))
            major, minor = (int(number, 16) for number in device.split(b":"))
            sizes[os.makedev(major, minor), int(inode)] += end - start
    return sizes
