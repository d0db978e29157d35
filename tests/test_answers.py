"""Every exercise: wrong answers lose points there and nowhere else, and other right answers keep them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conftest import ROOT
from planted import ALL, EACH, TOGETHER, Answer

from grader import Report, grade
from grader.assignment.load import load_assignment
from grader.judging.references import References
from grader.sandbox.client import Zygote

DATA_AND_TRAINING = {
    "backward_nonscalar", "backward_twice", "broadcast_hides", "collate_drops_key", "collate_unequal", "copy_construct",
    "dataset_iter_endless", "dataset_len_wrong", "double_softmax", "dtype_mismatch", "eval_forgotten",
    "forgot_zero_grad", "lambda_pickle", "loader_next", "mutates_input", "no_grad_graph",
    "nonleaf_grad", "ragged_lists", "shape_mismatch",
}  # fmt: skip
"""Well-known mistakes with data and training. Left out: numpy's random numbers in DataLoader workers, which torch
seeds apart from each other since 1.9, so that nothing is wrong with them."""


def lost(report: Report) -> dict[str, list[str]]:
    """Exercises without full marks, and their checks that did not pass."""
    return {
        exercise.id: [check.id for check in exercise.checks if check.outcome != "passed"]
        for exercise in report.exercises
        if exercise.earned != exercise.possible
    }


@pytest.mark.parametrize("answer", EACH)
def test_answer(answer: Answer, graded: Callable[[Answer], Report]) -> None:
    report = graded(answer)
    assert report.gradable
    assert (answer.exercise in lost(report)) is not answer.right
    assert set(lost(report)) <= {other.exercise for other in TOGETHER[answer]}


@pytest.mark.parametrize("assignment", sorted({answer.assignment for answer in ALL}))
def test_there_are_enough_answers(assignment: str) -> None:
    for exercise in load_assignment(ROOT / "assignments" / assignment).spec.exercises:
        own = [a for a in ALL if (a.assignment, a.exercise) == (assignment, exercise.id)]
        assert sum(not answer.right for answer in own) >= 3
        assert sum(answer.right for answer in own) >= 1


def test_the_mistakes_with_data_and_training_are_planted() -> None:
    planted = {a.mistake for a in ALL if a.assignment in ("assignment2", "assignment3") and not a.right}
    assert DATA_AND_TRAINING - planted == set()


@pytest.mark.parametrize("assignment", sorted({answer.assignment for answer in ALL}))
def test_the_starter_earns_nothing(assignment: str, zygote: Zygote) -> None:
    report = grade(ROOT / "assignments" / assignment, zygote=zygote)
    assert report.earned == 0
    assert {exercise.status for exercise in report.exercises} == {"not started"}
    assert {check.outcome for exercise in report.exercises for check in exercise.checks} == {"failed"}


@pytest.mark.parametrize("assignment", sorted({answer.assignment for answer in ALL}))
def test_the_solution_earns_everything(assignment: str, zygote: Zygote) -> None:
    report = grade(ROOT / "assignments" / assignment, ROOT / "solutions" / f"{assignment}.ipynb", zygote=zygote)
    assert lost(report) == {}


@pytest.mark.parametrize("name", ["assignment1", "assignment2", "assignment3", "assignment4"])
def test_what_is_recorded_is_of_the_present_checks(name: str) -> None:
    """Else a practice would pay for what is foreseen."""
    references = References(load_assignment(ROOT / "assignments" / name), lambda _: pytest.fail("it was asked"))
    assert references.foreseen
