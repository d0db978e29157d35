"""`grade doctor`: what it finds on machines that lack something, and what it says to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import Command, Course

from grader.cli import extras

FULL = {"kind": "function", "calls": [{"call": "f()", "returns": "1"}]}


@pytest.fixture
def quiz(course: Course) -> Course:
    course.require(FULL, solution="def f(): return 1\n")
    course.notebook("def f():\n    return 1\n", name="assignments/quiz/quiz.ipynb")
    return course


def seen(out: str) -> dict[str, Any]:
    return {one["name"]: one for one in json.loads(out)["seen"]}


def without(package: str, tmp_path: Path) -> str:
    """A PYTHONPATH on which a package cannot be imported."""
    (tmp_path / "missing" / package).mkdir(parents=True)
    (tmp_path / "missing" / package / "__init__.py").write_text(f"raise ImportError('no {package} here')\n")
    return os.pathsep.join([str(tmp_path / "missing"), *filter(None, [os.environ.get("PYTHONPATH")])])


def test_a_machine_that_has_it_all(quiz: Course, command: Command) -> None:
    ended = command("doctor", "--json", cwd=quiz.path)
    found = seen(ended.out)
    assert (ended.code, json.loads(ended.out)["enough"], ended.err) == (0, True, "")
    assert found["isolation"]["said"] == "Landlock and seccomp"
    assert ("for GPUs" if torch.version.cuda else "the CPU build") in found["torch"]["said"]
    assert found["quiz"]["said"] == "assignments/quiz/quiz.ipynb"
    assert found["CPUs"]["said"] == str(len(os.sched_getaffinity(0)))
    assert {"[batch]", "[text]", "terminal", "Python", "scratch"} <= found.keys()
    assert found["warm start"]["said"] == "none, since GRADE_NO_DAEMON is set"


def test_what_is_missing_has_its_advice(quiz: Course, command: Command, tmp_path: Path) -> None:
    ended = command("doctor", "--json", cwd=quiz.path, PYTHONPATH=without("torch", tmp_path), PYTHONIOENCODING="ascii")
    found = seen(ended.out)
    assert (ended.code, json.loads(ended.out)["enough"]) == (1, False)
    assert (found["torch"]["state"], found["torch"]["said"]) == ("missing", "ImportError: no torch here")
    assert "download.pytorch.org/whl/cpu" in found["torch"]["advice"]
    assert found["terminal"]["state"] == "note"
    assert "PYTHONUTF8" in found["terminal"]["advice"]


@pytest.fixture
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no torch, which takes long to import."""
    monkeypatch.setenv("PYTHONPATH", without("torch", tmp_path))


@pytest.mark.usefixtures("quick")
def test_no_assignment(run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ended = run("doctor")
    assert ended.code == 1
    assert "✗ assignments" in ended.out
    assert "grade get" in ended.out


@pytest.mark.usefixtures("quick")
def test_assignments_that_cannot_be_graded(quiz: Course, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    quiz.write("assignments/broken/assignment.yaml", "format: 9\n")
    monkeypatch.chdir(quiz.path)
    ended = run("doctor")
    assert "✗ broken" in ended.out
    assert "✓ quiz" in ended.out
    assert "broken" not in run("doctor", "quiz").out
    quiz.write("assignments/quiz/quiz.ipynb", "{")
    assert "it is not JSON" in seen(run("doctor", "quiz", "--json").out)["quiz"]["said"]
    (quiz.quiz / "solution.py").unlink()
    assert "nothing can be compared" in seen(run("doctor", "quiz", "--json").out)["quiz"]["said"]


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_whether_a_process_stays_warm(quiz: Course, command: Command, tmp_path: Path) -> None:
    def said(**environment: str) -> Any:
        return seen(command("doctor", "--json", cwd=quiz.path, **environment).out)["warm start"]

    assert said(GRADE_NO_DAEMON="", XDG_RUNTIME_DIR=str(tmp_path))["state"] == "fine"
    (tmp_path / "torch-grader").chmod(0o755)
    assert "no safe folder" in said(GRADE_NO_DAEMON="", XDG_RUNTIME_DIR=str(tmp_path))["said"]


def test_windows_is_told_where_it_works() -> None:
    """Without the modules that Python lacks there."""
    missing = ("fcntl", "grp", "pwd", "resource", "termios", "tty")
    code = f"import sys; sys.platform = 'win32'; sys.modules |= dict.fromkeys({missing}); "
    code += "from grader.cli.main import main; main()"
    ended = subprocess.run([sys.executable, "-c", code, "doctor"], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr == "grade runs on Linux and macOS; on Windows, in WSL (learn.microsoft.com/windows/wsl).\n"


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("files", "extra", "torch_"),
    [({}, "pip install 'torch-grader[ray]'", "pip install torch "),
     ({"pipx_metadata.json": "{}"}, "pipx inject torch-grader-a 'torch-grader[ray]'",
      "pipx runpip torch-grader-a install torch "),
     ({"uv-receipt.toml": "[tool]\n"}, "uv tool install 'torch-grader[batch,ray]'",
      "uv pip install --python '{}' torch "),
     ({"pyvenv.cfg": "home = /usr/bin\nuv = 0.9\n"}, "uv pip install --python '{}' 'torch-grader[ray]'",
      "uv pip install --python '{}' torch "),
     ({"pyvenv.cfg": "home = /usr/bin\n"}, "pip install 'torch-grader[ray]'", "pip install torch ")],
    ids=["pip", "pipx", "a tool of uv's", "uv venv", "venv"],
)  # fmt: skip
def test_how_to_install_what_is_missing(
    run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], extra: str, torch_: str
) -> None:
    """Where pipx or uv made the environment, `pip` is another's."""
    place = tmp_path / "its tools" / "torch-grader-a"
    place.mkdir(parents=True)
    for name, text in files.items():
        (place / name).write_text(text)
    monkeypatch.setattr(sys, "prefix", str(place))
    monkeypatch.setattr(extras, "find_spec", lambda name: name not in ("ray", "copydetect", "psycopg", "pip",
                        "starlette", "jupytext") or None)  # fmt: skip
    monkeypatch.chdir(tmp_path)
    found = seen(run("doctor", "--json").out)
    assert found["[ray]"]["advice"] == f"`{extra.format(place)}`"
    assert found["torch"]["advice"].startswith(f"`{torch_.format(place)}--index-url ")
