"""Modules that lie beside a submission, and take the place of those that the trusted processes import."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import GRADE, Course

TRAP = "import os\nopen({path!r}, 'a').write(__name__ + ' ')\n"
UNASKED = ("conftest", "sitecustomize", "usercustomize", "trap")
"""Modules that Python and pytest import where they find them; and one that the settings below name."""
SETTINGS = {
    "pytest.ini": "[pytest]\naddopts = -p trap\n",
    "tox.ini": "[pytest]\naddopts = -p trap\n",
    "setup.cfg": "[tool:pytest]\naddopts = -p trap\n",
    "pyproject.toml": '[tool.pytest.ini_options]\naddopts = "-p trap"\n',
    "trap.pth": "import trap\n",
    ".env": "PYTEST_PLUGINS=trap\nPYTEST_ADDOPTS=-p trap\nPYTHONPATH=.\n",
    "__init__.py": "import trap\n",
}
"""Files that tools read where they are started."""


def imported() -> set[str]:
    """Names of everything that judge, zygote and workers import, and of the standard library."""
    code = (
        "import sys, grader.cli.app, grader.judging.plugin, grader.workers.worker, grader.batch.engines.local, "
        "grader.guest.zygote; print(*{name.partition('.')[0] for name in sys.modules})"
    )
    said = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True).stdout
    return {*said.split(), *sys.stdlib_module_names, *UNASKED} - {"grader", "__main__", "__mp_main__"}


@pytest.fixture
def trapped(course: Course) -> tuple[Course, Path]:
    """A folder with a right submission, and a trap for every name."""
    function = {"kind": "function", "calls": [{"call": "f()", "returns": "1"}]}
    course.assign({"id": "one", "requirements": [function]})
    reached = course.path / "reached"
    for name in imported():
        course.write(f"in/{name}.py", TRAP.format(path=str(reached)))
    for name, text in SETTINGS.items():
        course.write(f"in/{name}", text)
    course.write("in/answer.ipynb", b"")
    right = course.notebook("# exercise: one\ndef f(): return 1", name="in/answer.ipynb")
    course.write("in/only/ada.ipynb", right.read_bytes())
    return course, reached


COMMANDS: list[list[str | Path]] = [
    [GRADE, "{quiz}", "answer.ipynb"],
    [GRADE, "batch", "{quiz}", "only", "--out", "../out", "-j", "1"],
    [GRADE.with_name("pytest"), "{quiz}", "--submission=answer.ipynb", "-p", "no:cacheprovider"],
]


@pytest.mark.slow
def test_a_module_beside_the_submission_is_not_imported(trapped: tuple[Course, Path]) -> None:
    course, reached = trapped
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    for command in COMMANDS:
        arguments = [str(part).format(quiz=course.quiz) for part in command]
        ended = subprocess.run(
            arguments, cwd=course.path / "in", capture_output=True, text=True, env=environment, timeout=120
        )
        assert not reached.exists(), reached.read_text()
        assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.slow
@pytest.mark.parametrize("settings", ["addopts = {folder}", "addopts = --confcutdir=/ {folder} -p no:cacheprovider"])
@pytest.mark.parametrize("inside", [True, False])
def test_settings_beside_the_submission_are_refused(course: Course, settings: str, inside: bool) -> None:
    """With a space in place of `=`, pytest takes the submission for one of the folders that it is to look in."""
    course.require({"kind": "function", "calls": [{"call": "f()", "returns": "1"}]})
    folder, reached = course.path / "in", course.path / "reached"
    course.write("in/pytest.ini", f"[pytest]\n{settings.format(folder=folder)}\n")
    course.write("in/conftest.py", TRAP.format(path=str(reached)))
    course.write("in/answer.py", "def f(): return 1\n")
    submission = Path("answer.py") if inside else folder / "answer.py"
    command = [GRADE.with_name("pytest"), course.quiz, "--submission"]
    ended = subprocess.run(
        [*command, submission], cwd=folder if inside else course.path, capture_output=True, text=True, timeout=120
    )
    assert not reached.exists()
    assert ended.returncode == 4, ended.stdout + ended.stderr
    assert "--submission=PATH" in ended.stderr
