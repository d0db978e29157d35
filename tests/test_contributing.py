"""The diffs of CONTRIBUTING.md: each applies to a copy of the package, and does there what is said of it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, Course, Ended
from gradebooks import rows
from test_batch import EXERCISE, RIGHT, WRONG, files
from test_report import value

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PARTS = dict(part.split("\n", 1) for part in re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:])
DIFFS = [title for title, text in PARTS.items() if "```diff\n" in text]
KIND, FORMAT, ENGINE, COMMAND = (
    f"A new {thing}" for thing in ("kind of requirement", "report format", "engine of a batch", "command")
)
Patched = Callable[..., Ended]


def block(title: str, kind: str) -> str:
    """The first block of a kind in a part of the text."""
    return PARTS[title].partition(f"```{kind}\n")[2].partition("```")[0]


@pytest.fixture
def patched(request: pytest.FixtureRequest, tmp_path: Path) -> Patched:
    """The command line of a copy of the package, with a diff applied to it."""
    copy = tmp_path / "copy"
    shutil.copytree(ROOT / "grader", copy / "grader", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    subprocess.run(["git", "apply", "-"], cwd=copy, input=block(request.param, "diff"), text=True, check=True)
    for lint in (["check"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *lint, "grader"]
        done = subprocess.run(ruff, cwd=copy, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout

    def call(*arguments: str | Path) -> Ended:
        done = subprocess.run(
            [sys.executable, "-m", "grader.cli", *map(str, arguments)], cwd=copy, capture_output=True, text=True,
            env={**os.environ, "PYTHONPATH": str(copy), "COLUMNS": "400"}, timeout=120, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        return Ended(done.returncode, done.stdout, done.stderr)

    return call


def only(title: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("patched", [title], ids=["diff"], indirect=True)


def test_there_are_four() -> None:
    assert DIFFS == [KIND, FORMAT, ENGINE, COMMAND]


@pytest.mark.slow
@only(KIND)
def test_a_kind_of_requirement(course: Course, patched: Patched) -> None:
    (requirement,) = yaml.safe_load(block(KIND, "yaml"))
    course.assign({"id": "halves", "title": "Halves", "requirements": [requirement]})
    answer = "# exercise: halves\ndef halve(x):\n    import warnings\n    {}\n    return x // 2\n"
    ended = patched(course.quiz, course.write("wrong.py", answer.format("print('odd')")))
    assert ended.code == 1, ended
    assert block(KIND, "text") in ended.out
    assert patched(course.quiz, course.write("right.py", answer.format("warnings.warn('odd')"))).code == 0


@pytest.mark.slow
@only(FORMAT)
def test_a_report_format(course: Course, patched: Patched) -> None:
    course.require(value("f()", "1"), value("f()", "2", id="b"))
    ended = patched(course.quiz, course.write("a.py", "# exercise: one\ndef f(): return 1\n"), "--tap", "-")
    assert ended.code == 1, ended
    assert ended.out.splitlines() == [
        "TAP version 14", "1..2", "ok 1 - one::call[1]", "not ok 2 - one::call[1,b]", "# called: f()", "# expected: 2",
        "# observed: 1", "# where: line 2",
        "# code: def f(): return 1",
    ]  # fmt: skip
    assert "--tap FILE" in patched("run", "--help").out


@pytest.mark.slow
@only(ENGINE)
def test_an_engine_of_a_batch(course: Course, patched: Patched, tmp_path: Path) -> None:
    course.assign(EXERCISE, solution=RIGHT)
    folder = files(tmp_path / "in", ada=RIGHT, bob=WRONG, cleo="def (")
    (folder / "eve.ipynb").write_text("this is not JSON")
    ended = patched("batch", course.quiz, folder, "--out", tmp_path / "out", "--engine", "inline")
    assert ended.code == 0, ended
    assert "3 graded" in ended.out
    scores = {name: (row.attempt.status, row.credited) for name, row in rows(tmp_path / "out").items()}
    assert scores == {"ada": ("graded", 2), "bob": ("graded", 0), "cleo": ("graded", 0), "eve": ("refused", 0)}


@pytest.mark.slow
@only(COMMAND)
def test_a_command(course: Course, patched: Patched) -> None:
    course.require(value("f()", "1"))
    report = course.path / "report.json"
    assert patched(course.quiz, course.write("a.py", "def f(): return 1\n"), "--json", report).code == 0
    assert patched("points", report).out == "      1 / 1  one\n"
    ended = patched("points", course.path / "a.py")
    assert (ended.code, "is no report." in ended.err) == (2, True)
    assert "Show the points in a report." in patched("--help").out
