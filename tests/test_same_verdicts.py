"""However a student or an instructor has a notebook graded, each check comes to the same."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import GRADE, ROOT
from jupyter_client.manager import start_new_kernel
from planted import GROUPS, with_answers
from test_kernel import Kernel
from test_watch import BUSY, Terminal

from grader import Report
from grader.report.outline import findings, points

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("same verdicts")]
ASSIGNMENT = ROOT / "assignments" / "assignment1"
SAMPLE = [group for group in GROUPS if group[0].assignment == "assignment1"][1:4]
"""36 planted answers, twelve in a notebook."""
NOTEBOOK = "submission.ipynb"
Verdict = dict[str, set[str]]
"""Of each exercise, the checks that did not pass."""
WIDE = {"width": 600, "height": 70}


class Room:
    """A folder in which all of it grades one notebook, which is saved again and again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notebook = path / NOTEBOOK
        self.classes = path / "class"
        for number, group in enumerate(SAMPLE):
            student = self.classes / f"student{number}"
            student.mkdir(parents=True)
            with_answers(group, student)
        self.save(0)
        named = [str(ASSIGNMENT), str(self.classes), "--out", str(path / "graded")]
        subprocess.run([GRADE, "batch", *named], cwd=path, env=self.environment, check=True, capture_output=True)
        self.terminal = Terminal(path, str(ASSIGNMENT), NOTEBOOK, **WIDE)
        self.manager, client = start_new_kernel(cwd=str(path), env=self.environment)
        self.kernel = Kernel(self.manager, client)
        self.kernel.run("%load_ext grader")

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: text for name, text in os.environ.items() if name not in ("CI", "GRADE_LANG", "JPY_SESSION_NAME")}
        own = dict.fromkeys(("XDG_STATE_HOME", "XDG_RUNTIME_DIR", "IPYTHONDIR"), str(self.path))
        return {**kept, **own, "LC_ALL": "C.UTF-8"}

    def save(self, number: int) -> None:
        shutil.copy(self.classes / f"student{number}" / NOTEBOOK, self.notebook)

    def close(self) -> None:
        self.terminal.close()
        self.kernel.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        subprocess.run([GRADE, "stop"], env=self.environment, check=True)

    def by_batch(self, number: int) -> Report:
        """With a seed that was drawn, and the solution asked."""
        return Report.model_validate_json((self.path / "graded" / "students" / f"student{number}.json").read_bytes())

    def by_grade(self, **environment: str) -> Report:
        command = [GRADE, ASSIGNMENT, NOTEBOOK, "--json", "-"]
        ran = subprocess.run(command, cwd=self.path, env={**self.environment, **environment}, capture_output=True)
        return Report.model_validate_json(ran.stdout)

    def by_pytest(self, report: Report) -> Verdict:
        command = [sys.executable, "-m", "pytest", ASSIGNMENT, f"--submission={NOTEBOOK}", "-rA", "-q", "--tb=no"]
        ran = subprocess.run(command, cwd=self.path, env=self.environment, capture_output=True, text=True)
        exercises = {check: name for name, check in (one.id.split("::") for e in report.exercises for one in e.checks)}
        ended: Verdict = {}
        for outcome, name, check in re.findall(r"^([A-Z]+) [^\s:]+::(?:([\w-]+)::)?(\S+)", ran.stdout, re.MULTILINE):
            exercise = name or exercises[check]  # the file of a plain check is no exercise's
            ended.setdefault(exercise, set()).update(() if outcome == "PASSED" else {check})
        return ended

    def by_magic(self) -> tuple[Verdict, dict[str, str]]:
        """The verdict, and the points of each exercise."""
        html = self.kernel.run(f"%grade --assignment {ASSIGNMENT}").html
        verdict: Verdict = {}
        earned = {}
        for part in re.split(r'<li>(?=<(?:details[^>]*><summary|div) class="row">)', html)[1:]:
            head, _, told = part.partition('<div class="within-exercise">')
            name = re.search(r'soft mono">([^<]+)<', head)[1]  # type: ignore[index]
            earned[name] = re.search(r'class="points[^"]*">([^<]+)<', head)[1]  # type: ignore[index]
            verdict[name] = set(re.findall(r'[✗–!]</span>\s*<span class="mono">([^<]+)<', told))
            verdict[name] |= set(re.findall(rf"(?<=[\s>]){name}::([^,<\s]+)", told))
        return verdict, earned

    def by_watch(self, report: Report) -> Verdict:
        """What the screen says of each exercise, once it says as much of the whole as a report."""
        whole = f"{NOTEBOOK}  {points(report.earned)} / {points(report.possible)} "
        shown = self.terminal.until(whole, "Next: ", "open the page", without=BUSY, seconds=90)
        verdict = {
            part.id: set() for part in report.exercises if f"✓ {part.id} {len(part.checks)}/{len(part.checks)}" in shown
        }
        number = sum(len(findings(part)) for part in report.exercises)
        for _ in range(number):
            self.terminal.press("n")
            shown = self.terminal.until("open the page", unlike=shown if number > 1 else "")
            title, rest = re.search(r"^\d+\. [^\n]*  ([\w-]+)$\n(.*)", shown, re.MULTILINE | re.DOTALL).groups()  # type: ignore[union-attr]
            found = re.search(r"^[✗–!] (.*)", rest, re.MULTILINE)
            assert found, shown
            verdict.setdefault(title, set()).update(found[1].partition("  ")[0].split(", "))
        return verdict


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    room = Room(tmp_path_factory.mktemp("room"))
    yield room
    room.close()


def verdict_of(report: Report) -> Verdict:
    return {
        part.id: {check.id.partition("::")[2] for check in part.checks if check.outcome != "passed"}
        for part in report.exercises
    }


@pytest.mark.parametrize("number", range(len(SAMPLE)))
def test_it_comes_to_the_same(room: Room, number: int) -> None:
    room.save(number)
    report = room.by_grade()
    expected = verdict_of(report)
    wrong = {answer.exercise for answer in SAMPLE[number] if not answer.right}
    assert {name for name, checks in expected.items() if checks} == wrong
    marked, warm = room.by_batch(number), room.by_grade(GRADE_NO_DAEMON="")
    magic, earned = room.by_magic()
    assert verdict_of(marked) == expected
    assert verdict_of(warm) == expected
    assert room.by_pytest(report) == expected
    assert magic == expected
    assert room.by_watch(report) == expected
    for part, other in zip(report.exercises, marked.exercises, strict=True):
        assert (other.earned, other.possible) == (part.earned, part.possible)
        assert earned[part.id] == f"{points(part.earned)} / {points(part.possible)}"
