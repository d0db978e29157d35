"""Runs a submission's cells in order, and holds the state in which each exercise ends.

Either in a process of its own, forked there, so that several exercises can be asked
about at any time; or in this one, which runs on when the judge has no more to ask.
"""

from __future__ import annotations

import os
import re
import resource
import signal
import socket
import sys
import tempfile
import time
from contextlib import suppress
from typing import Any

from grader import wire
from grader.guest.confine import confine
from grader.guest.faults import Sources, describe, time_limit
from grader.guest.holder import Fixtures, close, hold, seed_everything
from grader.guest.look import Student
from grader.guest.shell import Capture, Shell

_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")


def run_guest(channels: list[socket.socket], limits: dict[str, Any], scratch: str, used_memory: int) -> None:
    """The guest's whole life. Never returns.

    Args:
        channels: the notebook's, then one for each exercise of the job.
        limits: `grader.models.limits.Limits` as plain data.
        scratch: the one folder that may be written.
        used_memory: private memory torch had before, in bytes.
    """
    notebook = channels[0]
    try:
        _settle(limits, scratch, used_memory)
        job, _ = wire.receive(notebook)
        _run(notebook, dict(enumerate(channels[1:])), job, limits)
        _wait_for_hangup(notebook)
    except (wire.Closed, OSError):
        pass
    finally:
        os._exit(0)


def _settle(limits: dict[str, Any], scratch: str, used_memory: int) -> None:
    """Set limits of this process and its children; leave the standard streams."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.chdir(scratch)
    os.environ.update(TMPDIR=scratch, HOME=scratch, MPLBACKEND="Agg")
    tempfile.tempdir = scratch
    for fd in (0, 1, 2):
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_RDWR), fd)
    for name, value in (
        ("RLIMIT_DATA", used_memory + limits["memory"]),
        ("RLIMIT_FSIZE", limits["file_size"]),
        ("RLIMIT_CORE", 0),
        ("RLIMIT_NOFILE", 512),
    ):
        with suppress(OSError, ValueError, AttributeError):  # not every system has each of them
            resource.setrlimit(getattr(resource, name), (value, value))
    confine()


def _run(
    notebook: socket.socket, channels: dict[int, socket.socket], job: dict[str, Any], limits: dict[str, Any]
) -> None:
    sources = Sources()
    output = Capture(limits["output"])
    shell = Shell(sources, output)
    fixtures = Fixtures(job["fixtures"])
    sys.argv = ["notebook"]
    seed_everything(job["seed"])
    wire.send(notebook, {"running": os.getpid()})
    for cell in job["cells"]:
        if not cell["skipped"]:
            wire.send(notebook, {"started": cell["index"]})
            output.clear()
            start = time.monotonic()
            header: dict[str, Any] = {"ran": cell["index"]}
            try:
                with time_limit(limits["seconds"]):
                    shell.run(cell["source"], cell["filename"], cell["number"])
            except BaseException as error:
                header["raised"] = describe(error, sources)
            header["seconds"] = time.monotonic() - start
            header["output"] = _ADDRESS.sub("0x…", output.text())
            wire.send(notebook, header)
        for exercise, place in cell["ends"].items():
            student = Student(shell.module.__dict__, fixtures, _cells_of(exercise, job["cells"]))
            channel = channels.pop(place)
            others = [notebook, *channels.values()]
            if job["in_turn"] and len(sys._current_frames()) == 1:  # other threads would go on
                wire.send(notebook, {"held": exercise})
                hold(channel, others, student, sources)
            else:
                pid = _fork_holder(channel, others, student, sources)
                wire.send(notebook, {"held": exercise, "pid": pid})
            channel.close()
    wire.send(notebook, {"finished": True})


def _cells_of(exercise: str, cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The exercise's own cells; all cells where none carries its marker."""
    sources = [cell for cell in cells if "source" in cell]
    return [cell for cell in sources if cell["exercise"] == exercise] or sources


def _fork_holder(channel: socket.socket, others: list[socket.socket], student: Student, sources: Sources) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            close(others)
            hold(channel, [], student, sources)
        finally:
            os._exit(0)
    return pid


def _wait_for_hangup(notebook: socket.socket) -> None:
    while True:
        wire.receive(notebook)
