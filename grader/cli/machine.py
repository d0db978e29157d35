"""What a machine has of what grading needs, and what to do about the rest."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import grader
from grader.assignment.folder import Folder
from grader.assignment.load import list_assignments, load_assignment
from grader.cli.extras import EXTRAS, installed, pip_install, way_to_install
from grader.cli.warm_client import POSSIBLE, home_folder
from grader.errors import GraderError
from grader.sandbox.support import found

State = Literal["fine", "note", "missing"]
CPU_BUILD = "torch --index-url https://download.pytorch.org/whl/cpu"
IMPORTING = 120
"""Seconds that torch may take to be imported: the first time, from a slow disk."""
ROOM = 200 << 20
"""Bytes that should be free for the scratch folder of a submission."""
_TORCH = (
    "import torch; print(torch.__version__, torch.version.cuda or torch.version.hip or '', torch.cuda.is_available())"
)


@dataclass(frozen=True)
class Seen:
    """One thing that was looked at.

    Attributes:
        state: `missing` where grading needs it; `note` where it only should be known.
        advice: what to do; empty where nothing is to be done.
    """

    name: str
    state: State
    said: str
    advice: str = ""


def look(assignment: Folder | None) -> Iterator[Seen]:
    """Look at everything, the quick things first.

    Args:
        assignment: the one to look at; if None, all that are found.
    """
    yield Seen("grade", "fine", grader.__version__)
    yield Seen("Python", "fine", f"{platform.python_version()}, {sys.executable}")
    yield _isolation()
    yield Seen("CPUs", "fine", str(_cpus()))
    yield _terminal()
    yield _room()
    yield _warm()
    yield from _assignments(assignment)
    yield from map(_extra, dict.fromkeys(EXTRAS.values()))
    yield _torch()


def _torch() -> Seen:
    """torch, imported in another process as the one for student code does it."""
    try:
        asked = [sys.executable, "-P", "-c", _TORCH]
        done = subprocess.run(asked, capture_output=True, text=True, timeout=IMPORTING, cwd=tempfile.gettempdir())
    except subprocess.TimeoutExpired:
        return Seen(
            "torch", "missing", f"is not imported after {IMPORTING} s", "Try again; the first time takes longest."
        )
    if done.returncode:
        said = (done.stderr.strip().splitlines() or [f"the import ended with {done.returncode}"])[-1]
        return Seen("torch", "missing", said, f"`{pip_install()} {CPU_BUILD}`")
    version, build, gpu = done.stdout.rstrip("\n").split(" ")
    if not build:
        return Seen("torch", "fine", f"{version}, the CPU build")
    if gpu == "True":
        return Seen("torch", "fine", f"{version}, for GPUs ({build}); grading uses the CPU alone")
    said = f"{version}, for GPUs ({build}), and there is none"
    way = f"{pip_install()} {CPU_BUILD} --force-reinstall"
    return Seen("torch", "note", said, f"The CPU build is enough, and far smaller: `{way}`")


def _isolation() -> Seen:
    said = found()
    if said == "landlock":
        return Seen("isolation", "fine", "Landlock and seccomp")
    if os.environ.get("CI"):
        return Seen("isolation", "missing", said, "CI grades strangers' code: use Linux 6.12 or later.")
    return Seen("isolation", "note", said, "You can grade your own work; other people's needs Linux 6.12 or later.")


def _cpus() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _terminal() -> Seen:
    encoding = sys.stdout.encoding or "none"
    said = f"{encoding}, {shutil.get_terminal_size().columns} columns"
    try:
        "✓한█".encode(encoding)
    except (LookupError, UnicodeError):
        return Seen("terminal", "note", said, "Marks are shown in ASCII; PYTHONUTF8=1 has the terminal sent UTF-8.")
    return Seen("terminal", "fine", said)


def _room() -> Seen:
    try:
        place = tempfile.gettempdir()
        with tempfile.TemporaryFile(dir=place):
            free = shutil.disk_usage(place).free
    except OSError as error:
        return Seen(
            "scratch", "missing", f"{error.strerror or error}", "Set TMPDIR to a folder that can be written to."
        )
    said = f"{free >> 20:,} MiB free in {place}"
    if free < ROOM:
        return Seen("scratch", "missing", said, f"Make room for {ROOM >> 20} MiB, or set TMPDIR to another folder.")
    return Seen("scratch", "fine", said)


def _warm() -> Seen:
    """Whether a process stays that has all imported."""
    if not POSSIBLE:
        return Seen("warm start", "note", "none on this system: each `grade` imports all; `grade watch` does once")
    if switched_off := next((name for name in ("CI", "GRADE_NO_DAEMON") if os.environ.get(name)), None):
        return Seen("warm start", "note", f"none, since {switched_off} is set")
    if home_folder() is None:
        advice = "Set XDG_RUNTIME_DIR to a folder of yours that nobody else can look into."
        return Seen("warm start", "note", "none: there is no safe folder for its socket", advice)
    return Seen("warm start", "fine", "after a `grade`, the next ones of ten minutes take a fraction of the time")


def _assignments(chosen: Folder | None) -> Iterator[Seen]:
    places = {chosen.path.name: chosen.path} if chosen else list_assignments(Path.cwd())
    if not places:
        advice = "Go where the folder `assignments` is, or `grade get URL-OR-FOLDER-OR-ZIP`."
        yield Seen("assignments", "missing", f"none in {Path.cwd()} or above", advice)
    for name, path in places.items():
        try:
            yield _assignment(name, load_assignment(path))
        except GraderError as error:
            yield Seen(name, "missing", error.message, error.advice)


def _assignment(name: str, folder: Folder) -> Seen:
    if not (folder.recorded.is_file() or folder.solution.is_file()):
        said = f"neither {folder.recorded.name} nor a solution is there, so nothing can be compared"
        return Seen(name, "missing", said, "Get the students' copy again.")
    notebook = folder.saved_last
    if not notebook.is_file():
        return Seen(name, "missing", f"{notebook.name} is not in {folder.path}", "Get the students' copy again.")
    try:
        folder.read(notebook)
    except GraderError as error:
        return Seen(name, "missing", error.message, error.advice)
    return Seen(name, "fine", os.path.relpath(notebook))


def _extra(extra: str) -> Seen:
    if installed(extra):
        return Seen(f"[{extra}]", "fine", "is installed")
    return Seen(f"[{extra}]", "note", "is not installed; most students never need it", f"`{way_to_install(extra)}`")
