"""Every exercise: wrong answers lose points there and nowhere else, and other right answers keep them."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from grader import Report, grade
from grader.sandbox.zygote import Zygote

ROOT = Path(__file__).resolve().parent.parent
ANSWERS = ROOT / "tests" / "answers"


@dataclass(frozen=True)
class Answer:
    """One alternative for an exercise's cell."""

    assignment: str
    exercise: str
    right: bool
    name: str
    source: str

    def __str__(self) -> str:
        return f"{self.exercise}-{'right' if self.right else 'wrong'}-{self.name}"


def answers() -> Iterator[Answer]:
    """All answers in `tests/answers/ASSIGNMENT/EXERCISE.py`, one per `# %%` cell."""
    for file in sorted(ANSWERS.glob("*/*.py")):
        for part in re.split(r"^# %% ", file.read_text(), flags=re.MULTILINE)[1:]:
            head, _, source = part.partition("\n")
            verdict, _, rest = head.partition(":")
            name = rest.split("(")[0].strip()
            yield Answer(file.parent.name, file.stem, verdict == "right", name, source)


ALL = list(answers())


@pytest.fixture(scope="module")
def warm() -> Iterator[Zygote]:
    with Zygote() as zygote:
        yield zygote


def with_answer(answer: Answer, folder: Path) -> Path:
    """The solution's notebook with one answer in it."""
    notebook = copy.deepcopy(nbformat.read(ROOT / "solutions" / f"{answer.assignment}.ipynb", as_version=4))
    own = [cell for cell in notebook.cells if cell.metadata.get("grader", {}).get("exercise") == answer.exercise]
    assert len(own) == 1
    own[0].source = f"# exercise: {answer.exercise}\n{answer.source}"
    path = folder / "submission.ipynb"
    nbformat.write(notebook, path)
    return path


def lost(report: Report) -> dict[str, list[str]]:
    """Exercises without full marks, and their checks that did not pass."""
    return {
        exercise.id: [check.id for check in exercise.checks if check.outcome != "passed"]
        for exercise in report.exercises
        if exercise.earned != exercise.possible
    }


@pytest.mark.parametrize("answer", ALL, ids=str)
def test_answer(answer: Answer, warm: Zygote, tmp_path: Path) -> None:
    report = grade(ROOT / "assignments" / answer.assignment, with_answer(answer, tmp_path), zygote=warm)
    assert report.gradable
    if answer.right:
        assert lost(report) == {}
    else:
        assert set(lost(report)) == {answer.exercise}


@pytest.mark.parametrize("assignment", sorted({answer.assignment for answer in ALL}))
def test_there_are_enough_answers(assignment: str, warm: Zygote) -> None:
    report = grade(ROOT / "assignments" / assignment, zygote=warm)
    for exercise in report.exercises:
        own = [a for a in ALL if (a.assignment, a.exercise) == (assignment, exercise.id)]
        assert sum(not answer.right for answer in own) >= 3
        assert sum(answer.right for answer in own) >= 1


@pytest.mark.parametrize("assignment", sorted({answer.assignment for answer in ALL}))
def test_the_starter_earns_nothing(assignment: str, warm: Zygote) -> None:
    report = grade(ROOT / "assignments" / assignment, zygote=warm)
    assert report.earned == 0
    assert {exercise.status for exercise in report.exercises} == {"not started"}
    assert {check.outcome for exercise in report.exercises for check in exercise.checks} == {"failed"}


@pytest.mark.parametrize("assignment", sorted({answer.assignment for answer in ALL}))
def test_the_solution_earns_everything(assignment: str, warm: Zygote) -> None:
    report = grade(ROOT / "assignments" / assignment, ROOT / "solutions" / f"{assignment}.ipynb", zygote=warm)
    assert lost(report) == {}
