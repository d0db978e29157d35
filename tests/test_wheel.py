"""What is installed: the wheel, in an environment without extras, away from the checkout, with every command."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml
from conftest import ROOT, Course, Ended
from test_cli import COMMANDS

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wheel")]
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
ANSWER = "# %%\n# exercise: one\ndef f(): return 2\n"
NEEDS_BATCH = "This command needs sqlalchemy, which is not installed: `pip install 'torch-grader[batch]'`."
TOUR: dict[str, tuple[int, str]] = {
    "run quiz right.py": (0, "1 / 1 points"),
    "run quiz right.py --html - --lang ko": (0, "<!doctype html>"),
    "list": (0, "quiz  Quiz, 1 exercise"),
    "hint quiz one": (0, "Two."),
    "explain list_not_registered": (0, "register"),
    "schema spec": (0, '"$defs"'),
    "schema report": (0, '"$defs"'),
    "record quiz": (0, "reference.safetensors"),
    "verify quiz --no-mutants": (0, "quiz"),
    "new hw1": (0, "hw1/hw1.ipynb"),
    "author quiz --once": (0, "one"),
    "import nbgrader nowhere": (2, "nowhere"),
    "import otter nowhere.ipynb": (2, "nowhere"),
    "import pytest nowhere --solution right.py": (2, "nowhere"),
    "doctor": (0, "Python"),
    "again quiz": (2, "variant"),
    "get nowhere": (2, "nowhere does not exist"),
    "open quiz right.py": (0, "page: "),
    "progress quiz right.py": (0, "one"),
    "stop": (0, ""),
    "watch quiz right.py": (2, "needs a terminal"),
    "export github quiz": (0, "written: "),
    "export gradescope quiz": (0, "written: "),
    "batch quiz class --out graded": (3, NEEDS_BATCH),
    "similar graded": (3, "`pip install 'torch-grader[similar]'`"),
    "review graded": (3, "`pip install 'torch-grader[review]'`"),
    "release quiz": (0, "students must not see"),
    "release graded --gradebook sqlite://": (3, NEEDS_BATCH),
    "export scores quiz --out graded --format csv": (3, NEEDS_BATCH),
}
"""A line for each command: how it ends without extras, and what it says."""


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.split("\0") if (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from what is in version control alone."""
    place = tmp_path_factory.mktemp("wheel")
    for name in tracked():
        (place / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, place / "source" / name)
    subprocess.run([*PIP, "wheel", "--no-deps", "-w", place, place / "source"], check=True)
    (built,) = place.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The scripts of an environment that has the wheel, and what it needs."""
    place = tmp_path_factory.mktemp("installed")
    venv.create(place, symlinks=True)
    to = ["--python", str(place / "bin" / "python"), "install"]
    subprocess.run([*PIP, *to, "-c", ROOT / "constraints.txt", wheel], check=True)
    yield place / "bin"
    shutil.rmtree(place)  # a torch takes its room


def call(place: Path, cwd: Path, *arguments: str) -> Ended:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [place / "grade", *arguments], cwd=cwd, capture_output=True, text=True, timeout=120,
        env=environment | {"COLUMNS": "200", "XDG_STATE_HOME": str(cwd)}, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return Ended(done.returncode, done.stdout, done.stderr)


def elsewhere(course: Course) -> Path:
    """A folder with a quiz, answers to it and a class."""
    one = {"kind": "function", "calls": [{"call": "f()"}]}
    course.assign({"id": "one", "hint": "Two.", "requirements": [one]}, solution=ANSWER)
    course.notebook("# exercise: one\ndef f(): ...", name="assignments/quiz/quiz.ipynb")
    course.write("right.py", ANSWER)
    course.write("class/ada.py", ANSWER)
    course.write("graded/gradebook.sqlite", "")
    return course.path


def test_the_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.startswith("grader/")}
    assert packed == {name for name in tracked() if name.startswith("grader/")}


def test_every_command_runs_where_it_is_installed(installed: Path, course: Course) -> None:
    place = elsewhere(course)
    missing = [words for words in map(" ".join, COMMANDS) if not any(line.startswith(words) for line in TOUR)]
    assert not missing, "a line of TOUR is missing"
    for line, (code, said) in TOUR.items():
        ended = call(installed, place, *line.split())
        assert ended.code == code, (line, ended)
        assert said in f"{ended.out}{ended.err}", (line, ended)
        assert "Traceback" not in ended.err, (line, ended)
        if code == 3:
            assert len(ended.err.splitlines()) == 1, (line, ended)
    with ZipFile(place / "quiz-gradescope.zip") as archive:
        assert {"setup.sh", "run_autograder", "grader/report/templates/style.css"} <= set(archive.namelist())


def test_the_workflow_installs_what_was_exported_with_it(installed: Path, course: Course) -> None:
    """Its own commands, before any release is in an index; but for torch, which is there."""
    place = elsewhere(course)
    assert call(installed, place, "record", "quiz").code == 0
    assert call(installed, place, "export", "github", "quiz").code == 0
    job = yaml.safe_load((place / ".github" / "workflows" / "grade.yml").read_text())["jobs"]["grade"]
    steps = {step["name"]: step["run"] for step in job["steps"] if "run" in step}
    install = steps["Install the grader"].replace("pip install", "pip install --no-deps --force-reinstall --no-index")
    install = " ".join(word for word in install.split() if not word.strip('"').startswith("torch=="))
    environment = {
        **os.environ, **job["env"], "NOTEBOOK": "right.py", "PATH": f"{installed}{os.pathsep}{os.environ['PATH']}",
        "GITHUB_STEP_SUMMARY": str(place / "step.md"),
    }  # fmt: skip
    pip = f'pip() {{ {" ".join(PIP)} --python {installed / "python"} "$@"; }}\n'
    done = subprocess.run(
        ["bash", "-euc", f"{pip}{install}\n{steps['Grade']}"],
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads((place / "report.json").read_text())["earned"] == 1
