"""Where attacks are tried: an assignment of its own, things outside the sandbox to go for, and three doors.

They are `grade ASSIGNMENT NOTEBOOK`; `grade batch ASSIGNMENT FOLDER`, where right notebooks lie beside; and `pytest
ASSIGNMENT --submission=NOTEBOOK`.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import socket
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree

import psutil
from attack_table import ROOT, SECRET, TOKEN, Attack, as_notebook

PROGRAMS = Path(sys.executable).parent
SECONDS = 30  # no attack may keep the grader longer
_numbers = itertools.count(1)
HIDDEN = f'''"""What no submission is to learn."""

from grader import check, probe


@probe
def hidden_noise(student, rows, columns, seed):
    return [list(student.noise(rows, columns, seed).shape), bool((student.noise(1, 1, 3) != 0).all())]


@check(exercise="noise", points=1, hidden=True)
def test_noise_of_a_number_that_nobody_knows(observe):
    assert observe(hidden_noise, 1, 2, {SECRET}) == [[1, 2], True]
'''
_GOT = re.compile(r"(DID|READ|FOUND|LISTED) ")


@dataclass(frozen=True)
class Graded:
    """What a command left."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode("utf-8")

    @property
    def report(self) -> dict[str, Any]:
        assert self.code in (0, 1), f"exit code {self.code}\n{self.text[-3000:]}\n{self.err[-3000:]}"
        report: dict[str, Any] = json.loads(self.text, parse_constant=_refuse)
        return report


def _refuse(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


@dataclass(frozen=True)
class Result:
    """What a door gave for one submission.

    Attributes:
        earned: points of each exercise; through pytest, its passed tests.
        possible: the same of a right notebook.
        said: all that was said.
        printed: what the cells printed, where the door shows it.
        faults: why this is no report: what is missing in it, errors of the grader's own.
    """

    earned: Mapping[str, float]
    possible: Mapping[str, float]
    said: str
    printed: str = ""
    faults: tuple[str, ...] = field(default=())

    @property
    def points(self) -> float:
        return sum(self.earned.values())


def as_result(report: dict[str, Any], said: str) -> Result:
    """A report as it was read from JSON."""
    exercises = report["exercises"]
    errors = [check["detail"] for one in exercises for check in one["checks"] if check["outcome"] == "error"]
    if not report["gradable"]:
        errors.append("it is not gradable")
    if len(said) >= 2_000_000:
        errors.append(f"a report of {len(said)} characters")
    earned = {one["id"]: float(one["earned"]) for one in exercises}
    if abs(sum(earned.values()) - report["earned"]) > 0.01:
        errors.append("its points do not add up")
    return Result(
        earned=earned,
        possible={one["id"]: float(one["possible"]) for one in exercises},
        said=said,
        printed="\n".join(cell["output"] for cell in report["cells"]),
        faults=tuple(str(error) for error in errors),
    )


class Place:
    """A place in a temporary folder. Use as a context manager.

    Args:
        hidden: whether the assignment has a hidden check, which asks with a number that nobody knows.
    """

    def __init__(self, path: Path, hidden: bool = False) -> None:
        self.path = path
        self.folder = path / "assignments" / "assignment1"
        self.temporary = path / "tmp"
        self.outside = path / "outside" / "secret.txt"
        self._mark = f"grader-test-{os.getpid()}-{next(_numbers)}-"
        self.shared = Path(f"/dev/shm/{self._mark}theirs")
        self.letter = Path(f"/dev/shm/{self._mark}letter")
        self.peak = 0
        self._hidden = hidden

    def __enter__(self) -> Place:
        self.stack = ExitStack()
        self.temporary.mkdir()
        shutil.copytree(ROOT / "assignments" / "assignment1", self.folder)
        shutil.copytree(ROOT / "solutions", self.path / "solutions")
        if self._hidden:
            (self.folder / "checks" / "test_secret.py").write_text(HIDDEN)
        self.outside.parent.mkdir()
        self.outside.write_text("secret")
        self.outside.chmod(0o600)
        self.shared.write_text("theirs")
        self.stack.callback(self._sweep)
        self.bystander = psutil.Popen(["sleep", "300"], start_new_session=True)
        self.stack.callback(self.bystander.wait)
        self.stack.callback(self.bystander.kill)
        unix = str(self.path / "socket")
        self.tcp = self._listen(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0))
        self.listeners = [
            self.tcp,
            self._listen(socket.AF_INET, socket.SOCK_DGRAM, self.tcp.getsockname()),
            self._listen(socket.AF_UNIX, socket.SOCK_STREAM, unix),
            self._listen(socket.AF_UNIX, socket.SOCK_DGRAM, unix + ".datagram"),
            self._listen(socket.AF_UNIX, socket.SOCK_STREAM, "\0" + unix),
        ]
        self._before = self._surroundings()
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    def _listen(self, family: int, kind: int, address: Any) -> socket.socket:
        made = self.stack.enter_context(socket.socket(family, kind))
        made.bind(address)
        if kind == socket.SOCK_STREAM:
            made.listen()
        made.setblocking(False)
        return made

    def _sweep(self) -> None:
        for path in self.letter.parent.glob(f"{self._mark}*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    # -- what is outside

    def _surroundings(self) -> dict[str, Any]:
        """What no submission may change."""
        process = self.bystander
        ours = [p for p in psutil.process_iter(["environ"])
                if (p.info["environ"] or {}).get("TMPDIR") == str(self.temporary)]  # fmt: skip
        _, left = psutil.wait_procs(ours, timeout=5)  # what forks workers ends itself, once nobody needs it
        seen = {
            "process": (process.nice(), process.cpu_affinity(), process.rlimit(psutil.RLIMIT_NOFILE), process.ionice(),
                        process.status() == psutil.STATUS_STOPPED, os.sched_getscheduler(process.pid)),
            "scratch": sorted(path.name for path in self.temporary.iterdir()),
            "left": [p.pid for p in left],
            "connected": [listener.getsockname() for listener in self.listeners if _heard(listener)],
        }  # fmt: skip
        for path in (self.outside, self.outside.parent, self.folder, self.folder / "checks", self.path / "solutions"):
            about = path.stat()
            names = os.listdir(path) if path.is_dir() else path.read_text()
            seen[path.name] = (names, about.st_mode, about.st_uid, about.st_mtime, os.listxattr(path))
        return seen

    def changes(self) -> list[str]:
        """What is not as it was."""
        now = self._surroundings()
        return [f"{name}: {now[name]}, and was {was}" for name, was in self._before.items() if now[name] != was]

    def assert_untouched(self) -> None:
        assert self._surroundings() == self._before

    def assert_shared_memory_untouched(self) -> None:
        """Other programs' files are as they were, and none of the guest's is left."""
        assert not sorted(self.letter.parent.glob(self.letter.name + "*"))
        assert self.shared.exists()
        assert self.shared.read_text() == "theirs"

    def targets(self) -> dict[str, Any]:
        """What an attacker who knows all about this place knows."""
        return {
            "folder": str(self.folder), "solution": str(self.path / "solutions" / "assignment1.ipynb"),
            "outside": str(self.outside), "bystander": self.bystander.pid, "port": self.tcp.getsockname()[1],
            "socket": str(self.path / "socket"), "shared": str(self.shared), "letter": self.letter.name,
        }  # fmt: skip

    # -- the doors

    def grade(self, cells: list[Any], limits: str = "", *arguments: str, name: str = "attack.ipynb") -> Graded:
        """Grade a notebook made of these cells with the real command."""
        notebook = self._write(name, cells)
        self._limit(limits)
        arguments = ("--isolation", "landlock", *(arguments or ("--json", "-")))
        return self._run([PROGRAMS / "grade", self.folder, notebook, "--no-daemon", *arguments])

    def through_grade(self, cells: list[Any], limits: str = "") -> Result:
        """The result of one notebook by `grade`."""
        graded = self.grade(cells, limits)
        return as_result(graded.report, graded.text)

    def through_batch(
        self, notebooks: Mapping[str, list[Any]], limits: str = "", seconds: float = 300
    ) -> dict[str, Result]:
        """The results of a class by `grade batch`."""
        from gradebooks import rows  # with other graders, this one is not there

        for name, cells in notebooks.items():
            self._write(f"class/{name}.ipynb", cells)
        self._limit(limits)
        out = self.path / "out-of-the-batch"
        options = ("--out", out, "-j", "2", "--isolation", "landlock")
        graded = self._run([PROGRAMS / "grade", "batch", self.folder, self.path / "class", *options], seconds)
        assert graded.code == 0, f"exit code {graded.code}\n{graded.text[-3000:]}\n{graded.err[-3000:]}"
        results = {}
        for name, row in rows(out, assignment="assignment1").items():
            report = row.attempt.read_report()
            assert report is not None, f"{name}: {row.attempt.status}, {row.attempt.reason}"
            results[name] = as_result(json.loads(report.model_dump_json()), report.model_dump_json())
        return results

    def through_pytest(self, cells: list[Any], limits: str = "") -> Result:
        """The result of one notebook by `pytest`: a test is a point."""
        notebook = self._write("attack.ipynb", cells)
        self._limit(limits)
        listed = self.path / "junit.xml"
        options = ("--isolation", "landlock", f"--junitxml={listed}", "-q", "-o", "console_output_style=classic")
        plugins = ("-p", "no:cacheprovider", "-p", "no:xdist")
        graded = self._run([PROGRAMS / "pytest", self.folder, f"--submission={notebook}", *options, *plugins])
        said = graded.text + graded.err
        assert graded.code in (0, 1), f"exit code {graded.code}\n{said[-3000:]}"
        earned: dict[str, float] = {}
        possible: dict[str, float] = {}
        faults = ["pytest has an internal error"] if "INTERNALERROR" in said else []
        for case in ElementTree.parse(listed).iter("testcase"):
            exercise = _exercise(case)
            possible[exercise] = possible.get(exercise, 0.0) + 1
            passed = not any(part.tag in ("failure", "error", "skipped") for part in case)
            earned[exercise] = earned.get(exercise, 0.0) + passed
            faults += [f"{case.get('name')}: {part.get('message')}" for part in case if part.tag == "error"]
        return Result(earned, possible, said, said, tuple(faults))

    def _limit(self, limits: str) -> None:
        spec = self.folder / "assignment.yaml"
        given = r"limits: \{seconds: 10, memory: 1GiB\}"
        text, number = re.subn(given, f"limits: {{{limits or 'seconds: 10'}}}", spec.read_text(encoding="utf-8"))
        assert number == 1, "the limits of the spec are written in another way now"
        spec.write_text(text, encoding="utf-8")
        self._before = self._surroundings()

    def _write(self, name: str, cells: list[Any]) -> Path:
        notebook = self.path / name
        notebook.parent.mkdir(exist_ok=True)
        notebook.write_text(as_notebook(cells))
        return notebook

    def _run(self, command: Iterable[str | Path], seconds: float = SECONDS) -> Graded:
        """Run a command that grades, and watch it."""
        environment = {**os.environ, "TMPDIR": str(self.temporary), "COURSE_TOKEN": TOKEN}
        with open(self.path / "out", "w+b") as out, open(self.path / "err", "w+b") as err:
            process = psutil.Popen([*map(str, command)], stdout=out, stderr=err, cwd=self.path, env=environment)
            end = time.monotonic() + seconds
            while process.poll() is None and time.monotonic() < end:
                with suppress(psutil.Error):
                    self.peak = max(self.peak, len(process.children(recursive=True)))
                time.sleep(0.05)
            late = process.poll() is None
            if late:
                for living in (*process.children(recursive=True), process):
                    with suppress(psutil.Error):
                        living.kill()
            code = process.wait()
            out.seek(0)
            err.seek(0)
            graded = Graded(code, out.read(), err.read().decode(errors="replace"))
        assert not late, f"still running after {seconds} s"
        return graded


def _exercise(case: ElementTree.Element) -> str:
    """The exercise that a test belongs to, by where pytest says that it is."""
    place = case.get("classname", "").rpartition(".")[2]
    return {"test_running_mean": "running-mean", "test_secret": "noise"}.get(place, place)


def _heard(listener: socket.socket) -> bool:
    try:
        if listener.type == socket.SOCK_DGRAM:
            listener.recv(10)
        else:
            listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


@dataclass(frozen=True)
class Breach:
    """Something that an attack got.

    Attributes:
        what: `earned`: points; `lost`: a report, its own or another's; `read`; `left`: something outside.
    """

    what: Literal["earned", "lost", "read", "left"]
    detail: str


def breaches(attack: Attack, result: Result) -> list[Breach]:
    """What an attack got, as far as its own report tells."""
    found = [Breach("lost", fault) for fault in result.faults]
    allowed = attack.may_earn(dict(result.possible))
    for exercise, points in result.earned.items():
        if points > allowed[exercise]:
            found.append(Breach("earned", f"{points:g} for {exercise}"))
        elif points < allowed[exercise]:
            found.append(Breach("lost", f"{points:g} of {allowed[exercise]:g} for {exercise}"))
    found += [Breach("read", line) for line in result.printed.splitlines() if _GOT.match(line)]
    found += [Breach("read", f"{secret} is told") for secret in (str(SECRET), TOKEN) if secret in result.said]
    return found


def changed_outside(place: Place) -> list[Breach]:
    """What is not as it was, once the grader has ended."""
    found = [Breach("left", change) for change in place.changes()]
    if place.peak >= 100:
        found.append(Breach("left", f"{place.peak} processes at once"))
    return found
