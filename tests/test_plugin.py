"""The same grading through pytest: `pytest ASSIGNMENT --submission=PATH`."""

# ruff: noqa: E501 (tables)

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Command, Course, Ended

RIGHT = """
# exercise: one
import torch
from torch import nn

class Mean(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(2))

# %%
# exercise: two
def f():
    return 1
"""
WRONG = RIGHT.replace('self.register_buffer("mean", torch.zeros(2))', "self.mean = torch.zeros(2)").replace(
    "return 1", "return 2"
)


@pytest.fixture
def quiz(course: Course) -> Course:
    course.assign(
        {"id": "one", "hint": "register_buffer", "requirements": [
            {"kind": "buffers", "object": "Mean()", "buffers": {"mean": {"shape": [2]}}},
            {"kind": "module", "object": "Mean()"},
        ]},
        {"id": "two", "requirements": [{"kind": "function", "hidden": True, "calls": [{"call": "f()", "returns": "1"}]}]},
    )  # fmt: skip
    course.check(
        """
        from grader import check, probe

        @probe
        def f_of_nothing(student):
            \"\"\"f\"\"\"
            return student.f()

        @check(exercise="two", points=1, hint="Think of one.")
        def test_f_is_one(observe):
            \"\"\"f is one\"\"\"
            assert observe(f_of_nothing) == 1
        """,
        "test_f.py",
    )
    course.write("right.py", RIGHT)
    course.write("wrong.py", WRONG)
    return course


@pytest.fixture
def pytest_command(course: Course) -> Command:
    """pytest, as an instructor runs it."""

    def call(*arguments: str, cwd: Path = course.path) -> Ended:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *arguments], cwd=cwd, capture_output=True, text=True, timeout=60,
            env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"},
        )  # fmt: skip
        return Ended(done.returncode, done.stdout, done.stderr)

    return call


@pytest.mark.slow
def test_ids(quiz: Course, pytest_command: Command) -> None:
    ended = pytest_command("assignments/quiz", "--submission", "right.py", "--collect-only", "-q")
    assert ended.code == 0, ended
    found = ended.out.splitlines()[:4]
    assert [line.partition("assignments/quiz/")[2] for line in found] == [
        "assignment.yaml::one::buffer[mean]", "assignment.yaml::one::module[Mean]", "assignment.yaml::two::call[1]",
        "checks/test_f.py::test_f_is_one",
    ]  # fmt: skip


@pytest.mark.slow
def test_failures_show_the_four_parts(quiz: Course, pytest_command: Command) -> None:
    ended = pytest_command("assignments/quiz", "--submission", "wrong.py", "-rf")
    assert ended.code == 1
    assert "3 failed, 1 passed" in ended.out
    for part in (
        "   called: the buffers of Mean()\n", " expected: a buffer `mean`\n",
        " observed: `mean` is a plain tensor: neither saved nor moved with the module\n", "    where: line 6\n",
        "     hint: register_buffer\n",
        "     hint: Think of one.\n", " expected: f is one\n",
    ):  # fmt: skip
        assert part in ended.out
    for frames in ("Traceback", "grader/judging", "runpy", "CheckFailed("):
        assert frames not in ended.out


@pytest.mark.slow
def test_stopping_and_repeating(quiz: Course, pytest_command: Command) -> None:
    ended = pytest_command("assignments/quiz", "--submission", "wrong.py", "-x")
    assert "1 failed" in ended.out
    assert "passed" not in ended.out
    ended = pytest_command("assignments/quiz", "--submission", "right.py", "--lf")
    assert ended.code == 0
    assert "1 passed" in ended.out


@pytest.mark.slow
def test_selecting(quiz: Course, pytest_command: Command) -> None:
    ended = pytest_command("assignments/quiz", "--submission", "right.py", "-k", "two")
    assert ended.code == 0, ended
    assert "2 passed, 2 deselected" in ended.out


@pytest.mark.slow
def test_one_check_by_its_id(quiz: Course, pytest_command: Command) -> None:
    ended = pytest_command("assignments/quiz/assignment.yaml::one::module[Mean]", "--submission", "wrong.py")
    assert ended.code == 0, ended
    assert "1 passed" in ended.out


@pytest.mark.slow
def test_a_missing_submission(quiz: Course, pytest_command: Command) -> None:
    ended = pytest_command("assignments/quiz", "--submission", "nowhere.py")
    assert ended.code in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.USAGE_ERROR)
    assert "nowhere.py cannot be read" in ended.out + ended.err
    assert "INTERNALERROR" not in ended.out
    assert "Traceback" not in ended.out + ended.err


def test_pytest_never_runs_student_code(quiz: Course, pytest_command: Command) -> None:
    """Nor does it collect what lies beside: a submission that looks like a test is no test."""
    outside = quiz.path / "written"
    text = f"import os\nopen({str(outside)!r}, 'w').write('me')\n"
    quiz.write("test_mine.py", text + RIGHT)
    quiz.write("conftest_mine.py", text)
    ended = pytest_command("assignments/quiz", "--submission", "test_mine.py", "--isolation", "auto")
    assert ended.code == 0  # the first lines are refused; the marker begins a cell of its own
    assert not outside.exists()


@pytest.mark.slow
def test_the_plugin_keeps_out_of_other_projects(tmp_path: Path, pytest_command: Command) -> None:
    (tmp_path / "test_other.py").write_text("import sys\ndef test_it():\n    assert 'torch' not in sys.modules\n")
    ended = pytest_command("-q", cwd=tmp_path)
    assert ended.code == 0, ended
