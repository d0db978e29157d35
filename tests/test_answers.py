"""Every exercise: wrong answers lose points there and nowhere else, and other right answers keep them."""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from grader import Report, grade
from grader.sandbox.zygote import Zygote

ROOT = Path(__file__).resolve().parent.parent
ANSWERS = ROOT / "tests" / "answers"
DATA_AND_TRAINING = {
    "backward_nonscalar", "backward_twice", "broadcast_hides", "collate_drops_key", "collate_unequal", "copy_construct",
    "dataset_iter_endless", "dataset_len_wrong", "double_softmax", "dtype_mismatch", "eval_forgotten",
    "forgot_zero_grad", "init_inplace_leaf", "lambda_pickle", "loader_next", "mutates_input", "no_grad_graph",
    "nonleaf_grad", "ragged_lists", "shape_mismatch",
}  # fmt: skip
"""Well-known mistakes with data and training. Left out: numpy's random numbers in DataLoader workers, which torch
seeds apart from each other since 1.9, so that nothing is wrong with them."""


@dataclass(frozen=True)
class Answer:
    """One alternative for an exercise's cell.

    Attributes:
        mistake: the well-known mistake that makes it wrong, if it is one.
    """

    assignment: str
    exercise: str
    right: bool
    name: str
    mistake: str
    source: str

    def __str__(self) -> str:
        return f"{self.exercise}-{'right' if self.right else 'wrong'}-{self.name}"


def answers() -> Iterator[Answer]:
    """All answers in `tests/answers/ASSIGNMENT/EXERCISE.py`, one per `# %%` cell."""
    for file in sorted(ANSWERS.glob("*/*.py")):
        for part in re.split(r"^# %% ", file.read_text(), flags=re.MULTILINE)[1:]:
            head, _, source = part.partition("\n")
            verdict, _, rest = head.partition(":")
            name, _, mistake = rest.strip(" )").partition(" (")
            yield Answer(file.parent.name, file.stem, verdict == "right", name, mistake, source)


def notebooks(answers: list[Answer]) -> Iterator[list[Answer]]:
    """Answers that share a notebook: of different exercises, and at most one exercise in three.

    The other exercises keep the solution, so what an answer costs elsewhere shows; who shares a notebook is drawn
    by a seed, so no two exercises always go together.
    """
    for assignment in sorted({answer.assignment for answer in answers}):
        left = [answer for answer in answers if answer.assignment == assignment]
        most = len({answer.exercise for answer in left}) // 3
        random.Random(0).shuffle(left)
        while left:
            together: dict[str, Answer] = {}
            for answer in left:
                if len(together) < most:
                    together.setdefault(answer.exercise, answer)
            yield list(together.values())
            left = [answer for answer in left if answer not in together.values()]


ALL = list(answers())
TOGETHER = {answer: tuple(group) for group in notebooks(ALL) for answer in group}


@pytest.fixture(scope="module")
def warm() -> Iterator[Zygote]:
    with Zygote() as zygote:
        yield zygote


@pytest.fixture(scope="module")
def graded(warm: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Answer], Report]:
    """The report on the notebook that an answer is in."""

    @functools.cache
    def grade_together(group: tuple[Answer, ...]) -> Report:
        folder = tmp_path_factory.mktemp("answers")
        return grade(ROOT / "assignments" / group[0].assignment, with_answers(group, folder), zygote=warm)

    return lambda answer: grade_together(TOGETHER[answer])


def with_answers(answers: Sequence[Answer], folder: Path) -> Path:
    """The solution's notebook with these answers in it."""
    notebook = nbformat.read(ROOT / "solutions" / f"{answers[0].assignment}.ipynb", as_version=4)
    for answer in answers:
        (own,) = [c for c in notebook.cells if c.metadata.get("grader", {}).get("exercise") == answer.exercise]
        own.source = f"# exercise: {answer.exercise}\n{answer.source}"
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
def test_answer(answer: Answer, graded: Callable[[Answer], Report]) -> None:
    report = graded(answer)
    assert report.gradable
    assert (answer.exercise in lost(report)) is not answer.right
    assert set(lost(report)) <= {other.exercise for other in TOGETHER[answer]}


@pytest.mark.parametrize("assignment", sorted({answer.assignment for answer in ALL}))
def test_there_are_enough_answers(assignment: str, warm: Zygote) -> None:
    report = grade(ROOT / "assignments" / assignment, zygote=warm)
    for exercise in report.exercises:
        own = [a for a in ALL if (a.assignment, a.exercise) == (assignment, exercise.id)]
        assert sum(not answer.right for answer in own) >= 3
        assert sum(answer.right for answer in own) >= 1


def test_the_mistakes_with_data_and_training_are_planted() -> None:
    planted = {a.mistake for a in ALL if a.assignment in ("assignment2", "assignment3") and not a.right}
    assert DATA_AND_TRAINING - planted == set()


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
