"""The judge's own work is bounded: no answer keeps it busy, and no submission holds up the others."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from conftest import Command, Course
from gradebooks import rows

from grader.authoring import judge_mutant
from grader.authoring.findings import Mutant
from grader.judging import judge
from grader.judging.session import Session
from grader.models.limits import Limits
from grader.processor_time import Budget, TooLong, at_most

SOLUTION = "# exercise: one, two\ndef count():\n    return 3\n"
SLOW = """
    import time
    from grader import check, probe

    @probe
    def counted(student):
        return student.count()

    @check(exercise="one", points=2)
    def test_count(observe):
        number = observe(counted)
        while number == 4:
            {then}
        assert number == 3
"""


def work() -> None:
    while True:
        pass


def swallowing_errors() -> None:
    with suppress(Exception):
        work()


def work_behind_another_bound() -> None:
    with at_most(10):
        pass
    work()


def test_what_computes_too_long_is_stopped() -> None:
    start = time.process_time()
    with pytest.raises(TooLong), at_most(0.2):
        swallowing_errors()
    assert time.process_time() - start < 5
    with at_most(0.2):
        time.sleep(0.4)  # which is no computing


def test_an_inner_bound_keeps_the_outer_one() -> None:
    with pytest.raises(TooLong), at_most(0.3):
        work_behind_another_bound()
    with at_most(0.2):
        pass
    spin_until = time.process_time() + 0.4
    while time.process_time() < spin_until:
        pass


def test_a_budget_leaves_a_little_for_what_comes_late() -> None:
    budget = Budget(each=0.3, together=0.3, last=0.1)
    for _ in range(3):
        start = time.process_time()
        with pytest.raises(TooLong), budget.spend():
            work()
        took = time.process_time() - start
    assert took < 0.3


def test_an_answer_that_takes_long_to_judge_fails(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.judging.session.JUDGING_EACH", 0.5)
    counted = {"kind": "function", "calls": [{"call": "count()"}]}
    course.assign({"id": "one", "points": 2}, {"id": "two", "requirements": [counted]}, solution=SOLUTION)
    course.check(SLOW.format(then="pass"))
    report = course.grade(SOLUTION.replace("3", "4"))
    assert [(e.status, e.earned) for e in report.exercises] == [("none", 0), ("none", 0)]
    assert str(report.exercises[0].checks[0].observed) == "to judge this one takes too long"
    assert course.grade(SOLUTION).earned == 3


@pytest.mark.slow
def test_a_submission_that_holds_its_worker_up_costs_no_other(
    course: Course, run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Limits, "whole_seconds", 8.0)
    course.assign({"id": "one", "points": 2}, solution=SOLUTION)
    course.check(SLOW.format(then="time.sleep(1)"))
    for name in ("ada", "bob", "cleo"):
        course.write(f"in/{name}.py", SOLUTION.replace("3", "4" if name == "bob" else "3"))
    start = time.monotonic()
    ended = run("batch", course.quiz, course.path / "in", "--out", tmp_path / "out", "-j", "1")
    assert ended.code == 3
    found = {name: row.attempt for name, row in rows(tmp_path / "out").items()}
    assert {name: (one.status, one.earned) for name, one in found.items()} == {
        "ada": ("graded", 2), "bob": ("error", 0), "cleo": ("graded", 2),
    }  # fmt: skip
    assert found["bob"].reason == "it took more than 8 s"
    assert time.monotonic() - start < 60


NOT_WRITTEN_OUT = {
    "a number of many digits": f"        self.k = 0x{'f' * 4500}\n",
    "an f-string with what needs a backslash": "        self.s = f\"{'\u3000'.join('ab')}\"\n",
    "a chain of a thousand": f"        if 0:\n            z = a{'.b' * 1000}\n",
}


@pytest.mark.parametrize("odd", NOT_WRITTEN_OUT.values(), ids=NOT_WRITTEN_OUT)
def test_code_that_python_does_not_write_out_again_is_judged(course: Course, odd: str) -> None:
    """What looks for the mistake turns code into text; it must be no way to a report that is no score."""
    tower = "import torch\nfrom torch import nn\nclass Tower(nn.Module):\n    def __init__(self):\n"
    tower += (
        "        super().__init__()\n        self.layers = {made}\n{odd}    def forward(self, x):\n        return x\n"
    )
    course.require(
        {"kind": "children", "object": "Tower()", "children": {"layers": "ModuleList"}},
        solution=f"# exercise: one\n{tower.format(made='nn.ModuleList([nn.Linear(2, 2)])', odd='')}",
    )
    report = course.grade(course.notebook(f"# exercise: one\n{tower.format(made='[nn.Linear(2, 2)]', odd=odd)}"))
    assert report.gradable
    assert [check.outcome for check in report.exercises[0].checks] == ["failed"]
    assert report.exercises[0].notes == ()


def test_a_fault_in_what_explains_costs_the_explanation_alone(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AttributeError("no such part")

    monkeypatch.setattr(judge, "diagnose_failure", fail)
    course.require({"kind": "function", "calls": [{"call": "f()", "returns": "1"}]})
    report = course.grade(course.notebook("# exercise: one\ndef f():\n    return 2\n"))
    assert report.gradable
    (check,) = report.exercises[0].checks
    assert (check.outcome, str(check.observed)) == ("failed", "2")
    assert [str(note) for note in report.exercises[0].notes] == [
        "the grader failed to look for the mistake here, which costs no points (AttributeError: no such part)"
    ]


def test_verify_says_where_what_explains_a_mutant_failed() -> None:
    """The check has failed rightly, and yet it is a fault that its author is to see."""
    started = SimpleNamespace(unexplained={"one": "AttributeError: no such part"})
    session = cast("Session", SimpleNamespace(judged=[], started=started))
    mutant = Mutant.model_construct(exercise="one")
    found = judge_mutant._result(mutant, session, Limits())
    assert (found.status, found.detail) == ("error", "one: AttributeError: no such part")
