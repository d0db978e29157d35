"""`holds`: conditions over what a call returned, which the judge evaluates."""

# ruff: noqa: E501 (tables)

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conftest import Course

from grader.models.values import Array, Opaque, Tensor
from grader.requirements.closeness import Tolerance
from grader.requirements.compare import Failure
from grader.requirements.conditions import check_condition, judge_condition, names_solution

SEEN: dict[str, Any] = {
    "order": [3, 1, 2],
    "again": [3, 1, 2],
    "nested": [[1, 2], [3]],
    "flag": True,
    "number": 2.5,
    "name": "Subset",
    "nothing": None,
    "x": Tensor(np.array([1.0, 2.0], "float32"), "float32", requires_grad=True),
    "y": Tensor(np.array([1.0, 2.000001], "float32"), "float32"),
    "logits": Tensor(np.array([[1.0, 0.0], [0.0, 1.0]]), "float64"),
    "labels": Tensor(np.array([0, 0]), "int64"),
    "array": Array(np.array([1.0, 2.0], "float32"), "float32"),
    "inside": {"shape": [2]},
    "thing": Opaque("Thing", "<thing>"),
}
SOLUTION = {"order": [2, 1, 3], "number": 2.5, "x": Tensor(np.array([1.0, 5.0], "float32"), "float32")}

HOLD = [
    "order == again", "sorted(order) == range(1, 4)", "order != solution.order", "sorted(order) == sorted(solution.order)",
    "flat(nested) == [1, 2, 3]", "len(nested) == 2 and flag", "number > 2 or nothing", "2 < number <= 2.5", "not nothing",
    "number == solution.number", "x == y", "x.requires_grad and not y.requires_grad", "x.shape == [2]", "x != array",
    "x - y == 0 * x", "accuracy(logits, labels) == 0.5", "accuracy(logits, labels) >= 1 / 2", "distinct([x, y, x]) == 2",
    "distinct(nested) == 2", "kind(number) == 'float'", "kind(x) == 'tensor'", "kind(array) == 'array'",
    "all(one > 0 for one in order)", "any([one == 3 for one in order])", "'Subset' in [name]", "4 not in order",
    "inside.shape == [2]", "order[0] == 3", "order + again == [3, 1, 2, 3, 1, 2]", "sum(order) / len(order) == 2",
    "abs(-1 - number) == 3.5", "max(order) - min(order) == 2", "returned.flag", "all(len(part) > 0 for part in nested)",
    "[[2 * one for one in part] for part in nested] == [[2, 4], [6]]",
]  # fmt: skip


@pytest.mark.parametrize("text", HOLD)
def test_what_holds(text: str) -> None:
    judge_condition(check_condition(text), SEEN, SOLUTION, None)


FAIL = {
    "order == solution.order": "3 instead of 2 at [0]",
    "number < 2": "2.5",
    "flag and number > 3": "2.5",
    "not flag": "True",
    "all(len(part) == 2 for part in nested)": "[3]",
    "x == array": "tensor([1., 2.])",
    "accuracy(logits, labels) >= 0.9": "0.5",
    "missing == 1": "a dict of",
    "nothing > 1": "a dict of",
    "order.append": "a dict of",
    "logits == labels": "shape [2, 2] instead of shape [2]",
    "x == solution.x": "most at [1]: 2 instead of 5. Expected: tensor([1., 5.])",
    "labels[0]": "a dict of",
    "any(order)[0]": "a dict of",
    "1 / 0": "a dict of",
    "x + logits == x": "a dict of",
    "kind(thing) == 'float'": "'Thing'",
}


@pytest.mark.parametrize("text", FAIL)
def test_what_does_not(text: str) -> None:
    with pytest.raises(Failure) as failed:
        judge_condition(check_condition(text), SEEN, SOLUTION, None)
    assert str(failed.value.expected) == text
    assert FAIL[text] in str(failed.value.observed)


def test_a_tolerance_counts() -> None:
    judge_condition("number == 2.6", SEEN, None, Tolerance(rtol=0, atol=0.2))
    with pytest.raises(Failure):
        judge_condition("number == 2.6", SEEN, None, None)


@pytest.mark.parametrize(
    "text",
    ["f(x)", "open('x')", "x.__class__", "[a for a in b if a]", "lambda: 1", "a := 1", "x[1:2]", "a ** b", "a if b else c",
     "{1: 2}", "", "a b", "len(x, key=1)", "b'x'", "f'{x}'", "len(" * 99 + "x" + ")" * 99 + "."],
)  # fmt: skip
def test_what_is_no_condition(text: str) -> None:
    with pytest.raises(ValueError, match="not"):
        check_condition(text)


def test_when_the_solution_is_asked() -> None:
    assert names_solution("a == solution.a")
    assert not names_solution("a == 'solution'")


def test_in_a_spec(course: Course) -> None:
    """An order that is right, and not the solution's; one that is forged by a constant; one that lacks a part."""
    call = {"call": "order()", "holds": ["sorted(returned) == range(3)", "returned != range(3)"]}
    course.require({"kind": "function", "calls": [call]})
    for code, outcome in (("[2, 0, 1]", "passed"), ("[1, 1, 1]", "failed"), ("[2, 1]", "failed"), ("True", "failed")):
        (check,) = course.grade(f"def order(): return {code}\n").exercises[0].checks
        assert check.outcome == outcome, code
    assert "sorted(returned) == range(3)" in str(check.expected)


@pytest.mark.parametrize(("given", "outcome"), [("[1, 2]", "passed"), ("(1, 2)", "failed"), ("[1.0, 2]", "failed")])
def test_exact_types(course: Course, given: str, outcome: str) -> None:
    course.require({"kind": "function", "calls": [{"call": "f()", "returns": "[1, 2]", "exact": True}]})
    (check,) = course.grade(f"def f(): return {given}\n").exercises[0].checks
    assert check.outcome == outcome
