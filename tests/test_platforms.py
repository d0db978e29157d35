"""Files for platforms against the platforms' own code, where it can be installed: in an environment of its own."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import venv
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Command, Course
from test_report import value
from test_wheel import PIP

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wheel")]
GRADESCOPE = """
import json, sys, unittest
from gradescope_utils.autograder_utils.decorators import number, tags, visibility, weight
from gradescope_utils.autograder_utils.json_test_runner import JSONTestRunner

class Tests(unittest.TestCase):
    @weight(2)
    @number("1.1")
    @tags("one")
    @visibility("visible")
    def test_passes(self):
        pass

    @weight(1)
    def test_fails(self):
        self.fail("no")

JSONTestRunner(visibility="visible", stdout_visibility="hidden", stream=open(sys.argv[1], "w")).run(
    unittest.defaultTestLoader.loadTestsFromTestCase(Tests)
)
"""
NBGRADER = """
import sys
from nbgrader.api import Gradebook
from nbgrader.plugins.export import CsvExportPlugin
with Gradebook(f"sqlite:///{sys.argv[1]}.db") as book:
    book.add_assignment("quiz", duedate="2026-11-20 00:00:00 UTC")
    book.add_student("ada", email="ada@example.org")
    book.add_submission("quiz", "ada", timestamp="2026-11-19 00:00:00 UTC")
    exporter = CsvExportPlugin()
    exporter.to = sys.argv[1]
    exporter.export(book)
"""


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has the platforms' packages."""
    place = tmp_path_factory.mktemp("theirs")
    venv.create(place, symlinks=True)
    python = place / "bin" / "python"
    install = [*PIP, "--python", str(python), "install", "nbgrader", "gradescope-utils"]
    if subprocess.run(install, capture_output=True).returncode:
        pytest.skip("the platforms' packages cannot be installed")
    return python


@pytest.fixture
def quiz(course: Course) -> Course:
    requirements = [value("f()", "2"), value("g()", "2", id="g")]
    course.assign({"id": "one", "requirements": requirements}, solution="def f(): return 2\ng = f\n")
    return course


def made(theirs: Path, program: str, file: Path) -> str:
    """What a program of theirs writes into a file."""
    subprocess.run([theirs, "-c", program, file], check=True, cwd=file.parent, capture_output=True, env=beside(theirs))
    return file.read_text()


def beside(theirs: Path) -> dict[str, str]:
    """Variables with which commands of theirs are found; nbgrader calls alembic by its name."""
    return {**os.environ, "PATH": f"{theirs.parent}{os.pathsep}{os.environ['PATH']}"}


def kinds(data: Any) -> dict[str, set[str]]:
    """The fields of objects, and of which types they are."""
    found: dict[str, set[str]] = {}
    for one in data:
        for name, content in one.items():
            found.setdefault(name, set()).add("number" if type(content) in (int, float) else type(content).__name__)
    return found


def test_gradescope_results_are_like_those_of_its_own_runner(theirs: Path, quiz: Course, run: Command) -> None:
    own = json.loads(made(theirs, GRADESCOPE, quiz.path / "theirs.json"))
    file = quiz.path / "ours.json"
    answer = quiz.write("a.py", "def f(): return 2\n")
    assert run("run", quiz.quiz, answer, "--json", file, "--format", "gradescope", "--isolation", "none").code == 0
    ours = json.loads(file.read_text())
    for one, other in (([ours], [own]), (ours["tests"], own["tests"])):
        mine, its = kinds(one), kinds(other)
        its.pop("execution_time", None)  # a text of theirs, and a number in Gradescope's documentation
        assert {name: mine[name] for name in mine.keys() & its.keys()} == {
            name: its[name] for name in mine.keys() & its.keys()
        }
    assert {"name", "score", "max_score", "status"} <= kinds(ours["tests"]).keys() & kinds(own["tests"]).keys()
    assert {test["status"] for test in ours["tests"]} == {test["status"] for test in own["tests"]}


def test_nbgraders_own_export_has_our_columns(theirs: Path, quiz: Course, run: Command) -> None:
    own = csv.DictReader(io.StringIO(made(theirs, NBGRADER, quiz.path / "theirs.csv")))
    quiz.write("submitted/ada/quiz/a.py", "def f(): return 2\n")
    quiz.write("submitted/ada/quiz/timestamp.txt", "2026-11-19 00:00:00 UTC\n")
    out = quiz.path / "out"
    assert run("batch", quiz.quiz, quiz.path / "submitted", "--out", out, "-j", "1", "--isolation", "none").code == 0
    ended = run("export", quiz.quiz, "--out", out, "--format", "nbgrader")
    ours = csv.DictReader(io.StringIO(ended.out))
    assert ours.fieldnames == own.fieldnames
    (mine,), (its,) = list(ours), list(own)
    assert (mine["assignment"], mine["student_id"]) == (its["assignment"], its["student_id"])
    assert mine["timestamp"][:19] == its["timestamp"][:19]


def test_nbgrader_releases_our_feedback(theirs: Path, quiz: Course, run: Command) -> None:
    """By the commands that the documentation gives."""
    place = quiz.path / "course"
    quiz.write("course/submitted/ada/ps1/a.py", "def f(): return 2\n")
    quiz.write("course/submitted/ada/ps1/timestamp.txt", "2026-11-19 00:00:00 UTC")
    quiz.write("course/submitted/ada/ps1/submission_secret.txt", "a secret")
    out = quiz.path / "out"
    batch = ("batch", quiz.quiz, place / "submitted", "--out", out, "--layout", "nbgrader", "-j", "1")
    assert run(*batch, "--isolation", "none").code == 0
    ended = run(
        "release", out, "--assignment", quiz.quiz, "--to", "nbgrader", "--file", place / "feedback-nbgrader.zip"
    )
    assert ended.code == 0, ended.err
    told = (ROOT / "docs" / "review.md").read_text()
    commands = [line[2:] for line in told.splitlines() if line.startswith("$ ")]
    assert [line.split()[0] for line in commands] == ["unzip", "for", "nbgrader"]
    quiz.write(
        "course/nbgrader_config.py",
        f"c = get_config()\nc.CourseDirectory.course_id = 'c'\nc.Exchange.root = {str(quiz.path / 'exchange')!r}\n",
    )
    (quiz.path / "exchange").mkdir()
    (quiz.path / "exchange").chmod(0o777)
    script = "\n".join(["set -e", *commands])
    done = subprocess.run(["bash", "-c", script], cwd=place, env=beside(theirs), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (page,) = (quiz.path / "exchange" / "c" / "feedback").iterdir()
    assert page.read_bytes() == (place / "feedback" / "ada" / "ps1" / "a.html").read_bytes()
    assert "Student: ada" in page.read_text()
