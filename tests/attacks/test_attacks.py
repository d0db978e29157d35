"""What a student might try to get points without the work, to stop the report, or to reach out.

An attack is a file beside this one: comment lines that say what it tries, then
cells as a student would write them. A cell with a marker takes the place of that
exercise's cell; the others stand before all exercises. The comment may say

    # shows: TEXT      stands in the report when the attack really happened
    # limits: LIMITS   instead of the assignment's
    # costs: IDS       put into a right notebook, it costs these exercises and no other

Those without `costs` go into the starter, and earn nothing. A line that an attack
prints in capitals (`DID`, `READ`, `FOUND`) says that it got what it wanted.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
STARTER = ROOT / "assignments" / "assignment1" / "assignment1.ipynb"
SOLUTION = ROOT / "solutions" / "assignment1.ipynb"
GRADE = Path(sys.executable).with_name("grade")
SECONDS = 30  # no attack may keep the grader longer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")


@dataclass(frozen=True)
class Attack:
    name: str
    cells: tuple[str, ...]
    shows: str
    limits: str
    costs: frozenset[str] | None

    @staticmethod
    def read(path: Path) -> Attack:
        head, *cells = re.split(r"^# %%\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        said = dict(re.findall(r"^# (shows|limits|costs): ?(.*)$", head, re.MULTILINE))
        costs = frozenset(re.findall(r"[\w-]+", said["costs"])) if "costs" in said else None
        return Attack(path.stem, tuple(cells), said.get("shows", ""), said.get("limits", ""), costs)


ATTACKS = [Attack.read(path) for path in sorted(HERE.glob("*.py")) if not path.name.startswith("test_")]


def pick(attacks: list[Attack]) -> Any:
    return pytest.mark.parametrize("attack", attacks, ids=lambda attack: attack.name)


class Place:
    """An assignment of its own in a temporary folder, and things outside the sandbox to go for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.folder = path / "assignments" / "assignment1"
        self.temporary = path / "tmp"
        self.outside = path / "outside" / "secret.txt"
        self.shared = Path(f"/dev/shm/grader-test-{os.getpid()}-theirs")
        self.letter = Path(f"/dev/shm/grader-test-{os.getpid()}-letter")
        self.peak = 0

    def __enter__(self) -> Place:
        self.stack = ExitStack()
        self.temporary.mkdir()
        shutil.copytree(ROOT / "assignments" / "assignment1", self.folder)
        shutil.copytree(ROOT / "solutions", self.path / "solutions")
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
        for path in self.letter.parent.glob(f"grader-test-{os.getpid()}-*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _surroundings(self) -> dict[str, Any]:
        """What no submission may change."""
        process = self.bystander
        seen = {
            "process": (process.nice(), process.cpu_affinity(), process.rlimit(psutil.RLIMIT_NOFILE), process.ionice(),
                        process.status() == psutil.STATUS_STOPPED, os.sched_getscheduler(process.pid)),
            "scratch": sorted(path.name for path in self.temporary.iterdir()),
            "left": [p.pid for p in psutil.process_iter(["environ"])
                     if (p.info["environ"] or {}).get("TMPDIR") == str(self.temporary)],
            "connected": [listener.getsockname() for listener in self.listeners if _heard(listener)],
        }  # fmt: skip
        for path in (self.outside, self.outside.parent, self.folder, self.folder / "checks", self.path / "solutions"):
            about = path.stat()
            names = os.listdir(path) if path.is_dir() else path.read_text()
            seen[path.name] = (names, about.st_mode, about.st_uid, about.st_mtime, os.listxattr(path))
        return seen

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

    def grade(self, cells: list[Any], limits: str = "", *arguments: str, name: str = "attack.ipynb") -> Graded:
        """Grade a notebook made of these cells with the real command."""
        spec = self.folder / "assignment.yaml"
        given = r"limits: \{seconds: 10, memory: 1GiB\}"
        text, number = re.subn(given, f"limits: {{{limits or 'seconds: 10'}}}", spec.read_text(encoding="utf-8"))
        assert number == 1, "the limits of the spec are written in another way now"
        spec.write_text(text, encoding="utf-8")
        notebook = self.path / name
        notebook.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
        self._before = self._surroundings()
        command = [GRADE, self.folder, notebook, "--isolation", "landlock", *(arguments or ("--json", "-"))]
        with open(self.path / "out", "w+b") as out, open(self.path / "err", "w+b") as err:
            process = psutil.Popen(
                [*map(str, command)],
                stdout=out,
                stderr=err,
                cwd=self.path,
                env={**os.environ, "TMPDIR": str(self.temporary)},
            )
            end = time.monotonic() + SECONDS
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
        assert not late, f"still running after {SECONDS} s"
        return graded


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
class Graded:
    """What the command left."""

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


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with Place(tmp_path) as place:
        yield place


def code_cell(source: str) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": source}


def attacked(notebook: Path, attacks: list[Attack], targets: dict[str, Any]) -> list[Any]:
    """The code cells of a notebook with attacks put in."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    front = [f"TARGETS = {targets!r}"]
    for cell in (cell for attack in attacks for cell in attack.cells):
        marker = re.match(r"# exercise: \S+$", cell, re.MULTILINE)
        if marker is None:
            front.append(cell)
            continue
        (place,) = (place for place, source in enumerate(sources) if source.startswith(marker[0] + "\n"))
        sources[place] = cell
    return [code_cell(source) for source in (sources[0], *front, *sources[1:])]


def assert_repelled(attacks: list[Attack], graded: Graded, place: Place) -> None:
    report = graded.report
    errors = [check["detail"] for e in report["exercises"] for check in e["checks"] if check["outcome"] == "error"]
    assert not errors
    assert report["gradable"]
    for attack in attacks:
        assert attack.shows in graded.text
    got = [line for cell in report["cells"] for line in cell["output"].splitlines() if re.match("[A-Z]{3,} ", line)]
    assert not got
    assert len(graded.out) < 2_000_000
    assert place.peak < 100
    place.assert_untouched()


@pick([attack for attack in ATTACKS if attack.costs is None])
def test_it_earns_nothing(attack: Attack, place: Place) -> None:
    graded = place.grade(attacked(STARTER, [attack], place.targets()), attack.limits)
    assert_repelled([attack], graded, place)
    assert graded.report["earned"] == 0


@pick([attack for attack in ATTACKS if attack.costs])
def test_it_costs_what_it_touches(attack: Attack, place: Place) -> None:
    graded = place.grade(attacked(SOLUTION, [attack], place.targets()), attack.limits)
    assert_repelled([attack], graded, place)
    exercises = graded.report["exercises"]
    assert {exercise["id"] for exercise in exercises if exercise["earned"] < exercise["possible"]} == attack.costs
    assert {exercise["id"] for exercise in exercises if exercise["earned"] == 0} == attack.costs


@pytest.mark.parametrize("notebook", [STARTER, SOLUTION], ids=["starter", "solution"])
def test_nothing_outside_is_reached(notebook: Path, place: Place) -> None:
    attacks = [attack for attack in ATTACKS if attack.costs == frozenset()]
    graded = place.grade(attacked(notebook, attacks, place.targets()))
    assert_repelled(attacks, graded, place)
    assert graded.report["earned"] == (graded.report["possible"] if notebook == SOLUTION else 0)
    place.assert_shared_memory_untouched()


CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def test_no_control_character_reaches_the_terminal(place: Place) -> None:
    (attack,) = (attack for attack in ATTACKS if attack.name == "escapes")
    cells = attacked(STARTER, [attack], place.targets())
    graded = place.grade(cells, "", "--verbose", name="\x1b]0;title\x07\x1b[2J.ipynb")
    assert graded.code == 1, graded.err
    assert attack.shows in graded.text
    assert not CONTROL.findall(graded.text)


HARD_TO_READ = {
    "noise": "\n" * 200_000 + "1",
    "linear": "%time 1\n" * 600,
    "sequential": "%time 1\n" * 300 + "x = 1\n" * 30_000,
    "module-list": "x = '\ud800'",
    "module-dict": "x = '\0'",
    "calculator": "x = " + "(" * 100_000,
    "parameters": "x = " + "-" * 100_000 + "1",
    "running-mean": "x" + ".x" * 100_000,
    "walk": "x = " + "[0]" * 100_000,
}


def test_a_cell_that_is_hard_to_read_costs_itself(place: Place) -> None:
    attack = Attack("", tuple(f"# exercise: {name}\n{source}" for name, source in HARD_TO_READ.items()), "", "", None)
    report = place.grade(attacked(SOLUTION, [attack], place.targets())).report
    assert report["gradable"]
    assert {e["id"] for e in report["exercises"] if e["earned"] < e["possible"]} == set(HARD_TO_READ)
