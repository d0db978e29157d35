"""A guest's whole life: it runs a submission's cells, and answers questions where exercises end.

It is one process. What is asked where an exercise ends is answered in place, and the
surroundings of student code are put back afterwards; or, when the judge says so, in a
copy that is forked for it. Whatever comes out wrong in place is asked again elsewhere.
"""

from __future__ import annotations

import math
import os
import resource
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from grader import wire
from grader.guest import scratch as folder
from grader.guest.confine import confine
from grader.guest.defined import Defined
from grader.guest.encoding import ADDRESS
from grader.guest.faults import Sources, describe
from grader.guest.lacking import do_without_modes, do_without_network
from grader.guest.look import Student
from grader.guest.on_cpu import run_on_cpu
from grader.guest.probing import Fixtures, Question, answer, marks_of, undisturbed, use_one_thread
from grader.guest.processes import adopt_orphans, die_with_parent
from grader.guest.seeding import seed_everything
from grader.guest.shell import Capture, Shell
from grader.guest.signals import Handlers
from grader.guest.timing import Clock, time_limit
from grader.protocol import Answered, CellEnded, CellStarted, CopyEnded, Copying, Finished, Job, JobCell, Reached, Start

MOST_COPIED = 64 << 20
"""Bytes of data that are copied; more can only be read."""


def serve(channel: socket.socket, start: Start, scratch: str, used_memory: int) -> None:
    """Never returns.

    Args:
        channel: to the judge.
        start: limits, and what may be read.
        scratch: the one folder that may be written.
        used_memory: private memory torch had before, in bytes.
    """
    try:
        _close_but(channel.fileno())
        _settle(start, scratch, used_memory)
        job, _ = wire.receive(channel)
        asked: dict[str, deque[Question]] = defaultdict(deque)
        for _ in range(job["questions"]):
            question = wire.receive(channel)
            asked[question[0]["exercise"]].append(question)
        _Life(channel, job, asked).run()  # type: ignore[arg-type]  # it is the judge's, which knows the form
    except (wire.Closed, OSError):
        pass
    finally:
        os._exit(0)


def _close_but(channel: int) -> None:
    """Leave to student code no file that the zygote, or a driver that torch brings, had open."""
    for fd in (int(name) for name in os.listdir("/dev/fd")):
        if fd > 2 and fd != channel:
            with suppress(OSError):  # the listing's own
                os.close(fd)
    nothing = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(nothing, fd)
    os.close(nothing)


def _settle(start: Start, scratch: str, used_memory: int) -> None:
    """Set limits of this process and its children; be confined."""
    os.setsid()
    die_with_parent()
    adopt_orphans()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.chdir(scratch)
    for name, path in start["files"].items():
        with suppress(OSError):  # it was there when its digest was taken
            os.makedirs(os.path.dirname(os.path.join(scratch, name)), exist_ok=True)
            shutil.copyfile(path, name)
    os.environ.update(TMPDIR=scratch, HOME=scratch)
    tempfile.tempdir = scratch
    for name, value in (
        ("RLIMIT_DATA", used_memory + start["limits"]["memory"]),
        ("RLIMIT_FSIZE", start["limits"]["file_size"]),
        ("RLIMIT_CORE", 0),
        ("RLIMIT_NOFILE", 512),
    ):
        with suppress(OSError, ValueError, AttributeError):  # not every system has each of them
            resource.setrlimit(getattr(resource, name), (value, value))
    if start["isolation"] != "none":
        do_without_network()
        do_without_modes()
        confine(start["readable"], scratch)


def copy_data() -> None:
    """Put a copy in place of the link to the assignment's data, so that it can be written to."""
    linked = os.path.realpath("data")
    if os.path.islink("data") and folder.size(linked, MOST_COPIED) < MOST_COPIED:
        os.unlink("data")
        shutil.copytree(linked, "data", copy_function=shutil.copyfile)


class _Life:
    """From the first cell to the end of the notebook."""

    def __init__(self, channel: socket.socket, job: Job, asked: dict[str, deque[Question]]) -> None:
        self._channel = channel
        self._job = job
        self._asked = asked
        self._sources = Sources()
        for name in job["modules"]:
            self._sources.add_module(os.path.abspath(name), name)
        self._output = Capture(job["output"])
        self._fixtures = Fixtures(job["fixtures"], job["seconds"])
        self._shell = Shell.instance()
        self._shell.settle(self._sources, self._output, job["script"])
        if job["any_device"]:
            run_on_cpu()
        self._defined = Defined(self._shell.user_ns, job["borrowed"])
        self._handlers = Handlers()
        self._clock = Clock(job["seconds"], job["together"], job["spent"])
        self._cells_took = 0.0
        self._marks: list[Any] = []  # of the names, since the last answer; none once a cell has run

    def run(self) -> None:
        if self._job["writes_data"]:
            copy_data()
        seed_everything(self._job["seed"])
        for cell in self._job["cells"]:
            self._defined.begin(cell)
            if not cell["skipped"]:
                self._run_cell(cell)
            if cell["ends"]:
                self._stop(cell["ends"])
        wire.send(self._channel, Finished(tag="finished"))
        while True:
            wire.receive(self._channel)

    def _run_cell(self, cell: JobCell) -> None:
        wire.send(self._channel, CellStarted(tag="cell_started", cell=cell["index"]))
        self._output.clear()
        self._marks = []
        start = time.monotonic()
        ended = CellEnded(tag="cell_ran", cell=cell["index"], seconds=0.0, output="", passed_over=[])
        stopped = math.inf
        try:
            with self._handlers.at_work(), time_limit(self._job["seconds"]):
                raised = self._shell.run(cell["source"], cell["filename"], cell["number"])
        except BaseException as error:
            raised = error
        if raised is not None:
            ended["raised"] = told = describe(raised, self._sources)
            began = not (isinstance(raised, SyntaxError) and raised.filename == cell["filename"])
            stopped = next(_lines_of_cells(told), 0) if began else 0
        passed_over = [line for one in self._shell.passed_over for line in _lines_of_cells(one)]
        self._defined.end(cell, stopped, passed_over)
        ended["passed_over"] = self._shell.passed_over
        ended["seconds"] = time.monotonic() - start
        ended["output"] = ADDRESS.sub("0x…", self._output.text())
        self._cells_took += ended["seconds"]
        wire.send(self._channel, ended)

    def _stop(self, exercises: list[str]) -> None:
        """Answer what is asked where some exercises end."""
        threads = len(sys._current_frames()) > 1
        slow = self._cells_took > self._job["quick"] and not threads
        waiting = slow or any(exercise in self._job["waits"] for exercise in exercises)
        reached = Reached(tag="reached", exercises=exercises, waiting=waiting, in_place=not slow, threads=threads)
        wire.send(self._channel, reached)
        for exercise in exercises:
            questions = self._asked.pop(exercise, deque())
            while questions and not slow:
                self._answer(questions.popleft())
        while waiting:
            request, blob = wire.receive(self._channel)
            match request["tag"]:
                case "ask":
                    self._answer((request, blob))
                case "copy":
                    self._copy(request["questions"], request["spent"])
                case "go_on":
                    return

    def _answer(self, question: Question) -> None:
        """Answer in place, and leave everything as it was."""
        start = time.monotonic()
        before = self._marks or marks_of(self._shell.user_ns)
        with undisturbed():
            message, blob = self._ask_student(question)
        self._marks = marks_of(self._shell.user_ns)
        message["changed"] = self._marks != before
        wire.send_answer(self._channel, message, blob)
        self._clock.spent += time.monotonic() - start

    def _copy(self, questions: int, spent: float) -> None:
        """Have a copy read and answer questions."""
        self._clock.spent = spent
        pid = os.fork()
        if pid == 0:
            try:
                os.setpgid(0, 0)
                wire.send(self._channel, Copying(tag="copying", pid=os.getpid()))
                use_one_thread()
                for question in [wire.receive(self._channel) for _ in range(questions)]:
                    wire.send_answer(self._channel, *self._ask_student(question))
            finally:
                os._exit(0)
        _, status = os.waitpid(pid, 0)
        _end_group(pid)
        wire.send(self._channel, CopyEnded(tag="copy_ended", status=status))

    def _ask_student(self, question: Question) -> tuple[Answered, bytes]:
        missing = self._defined.missing(question[0]["exercise"])
        student = Student(self._shell.user_ns, self._fixtures, missing)
        return answer(student, self._sources, question, self._clock, self._handlers)


def _lines_of_cells(raised: dict[str, Any]) -> Iterator[int]:
    """The lines of an exception's frames that are in a cell, and in no function."""
    frames = (frame for frame in raised["frames"] if frame["file"] is None)
    return (frame["line"] for frame in frames if frame["function"] == "<module>")


def _end_group(pid: int) -> None:
    """Kill what a copy started, and wait until it is gone, so that it does not count against the next copy."""
    end = time.monotonic() + 1
    with suppress(OSError):
        while time.monotonic() < end:
            os.killpg(pid, signal.SIGKILL)
            time.sleep(0.001)
