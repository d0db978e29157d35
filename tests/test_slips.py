"""The instructor's own slips are no student's failure; and a report says what may make it another one next time."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import Command, Course, outcomes

SOLUTION = "# exercise: one\ndef f(x):\n    return x + 1\n"
WRONG = "# exercise: one\ndef f(x):\n    return x\n"
OWN = """
    from grader import assert_close, check, probe

    @probe
    def seen(student, x):
        {probe}

    @check(exercise="one")
    def test_f(observe, reference, randn):
        {test}
    """

# the probe, the test, and what becomes of a wrong answer
SLIPS = {
    "none": ("return student.f(x)", "x = randn(3); assert_close(observe(seen, x), reference(seen, x))", "failed"),
    "the probe raises": ("return student.f(x).nothing", "observe(seen, randn(3))", "error"),
    "the test raises": ("return student.f(x)", "observe(seen, randn(3)).nothing()", "error"),
    "the assertion is wrong": ("return student.f(x)", "assert observe(seen, randn(3)).tolist() == [1, 2]", "error"),
    "a comparison is wrong": ("return student.f(x)", "assert_close(observe(seen, randn(3)), randn(3))", "error"),
    "a number of its own": ("return student.f(5)", "assert observe(seen, 0) == 6", "failed"),
    "what raises on the student's alone": ("return 1 // student.f(0)", "observe(seen, 0)", "failed"),
}  # fmt: skip


@pytest.mark.parametrize("name", SLIPS)
def test_a_check_that_fails_on_the_solution_too_is_an_error(course: Course, name: str) -> None:
    probe, test, outcome = SLIPS[name]
    course.check(OWN.format(probe=probe, test=test))
    course.assign({"id": "one", "points": None}, solution=SOLUTION)
    report = course.grade(WRONG)
    assert list(outcomes(report).values()) == [outcome]
    assert report.gradable is (outcome != "error")


def test_where_no_solution_can_tell_it_is_a_failure(course: Course) -> None:
    course.check(OWN.format(probe="return student.f(0)", test="assert observe(seen, 0) == 7"))
    course.assign({"id": "one", "points": None})
    assert list(outcomes(course.grade(WRONG)).values()) == ["failed"]


def test_a_fixture_that_raises_on_the_solution_too(course: Course) -> None:
    course.write("assignments/quiz/fixtures.py", "def tried(f):\n    return f(1).nothing\n")
    course.require({"kind": "function", "calls": [{"call": "tried(f)"}]}, solution=SOLUTION, fixtures="fixtures.py")
    assert list(outcomes(course.grade(WRONG)).values()) == ["error"]


@pytest.mark.slow
def test_the_solution_may_take_the_time_it_needs(course: Course) -> None:
    slow = "# exercise: one\nimport time\ndef f(n):\n    time.sleep(0.6 if n < 3 else 1.4)\n    return n\n"
    calls = [{"call": f"f({n})"} for n in range(1, 4)]
    limits = {"seconds": 5, "notebook_seconds": 1}
    course.require({"kind": "function", "calls": calls}, solution=slow, limits=limits)
    assert set(outcomes(course.grade("# exercise: one\ndef f(n):\n    return n\n")).values()) == {"passed"}


ANEW = {
    "torch.seed()": True,
    "import torch as t\nt.seed()": True,
    "from torch import seed\nseed()": True,
    "torch.Generator().seed()": True,
    "random.seed()": True,
    "rng = np.random.default_rng()": True,
    "torch.manual_seed(int(time.time()))": True,
    "now = time.time_ns() % 1000\ntorch.manual_seed(now)": True,
    "from time import time as clock\nstart = clock()\nseed = int(start)\nrandom.seed(seed)": True,
    "torch.manual_seed(int.from_bytes(os.urandom(4)) % 1000)": True,
    "g = torch.Generator().manual_seed(datetime.datetime.now().microsecond)": True,
    "torch.manual_seed(3)": False,
    "start = time.time()\ntorch.manual_seed(3)\nprint(time.time() - start > 0)": False,
    "rng = np.random.default_rng(3)": False,
    "# torch.seed()": False,
}


@pytest.mark.parametrize("code", ANEW)
@pytest.mark.parametrize("marked", [True, False], ids=["in the exercise", "before it"])
def test_a_notebook_that_draws_anew_is_told_so(course: Course, code: str, marked: bool) -> None:
    value = {"kind": "value", "value": "x", "equals": "1"}
    course.assign({"id": "one", "requirements": [value]}, {"id": "two", "requirements": [value]})
    imports = "import datetime, os, random, time\nimport numpy as np\nimport torch\n"
    cells = [f"# exercise: one\n{imports}{code}\nx = 1"] if marked else [f"{imports}{code}", "# exercise: one\nx = 1"]
    one, two = course.grade(course.notebook(*cells, "# exercise: two\nx = 1")).exercises
    assert any("another number in each run" in str(note) for note in one.notes) is ANEW[code]
    assert not two.notes


def _timeless(report: dict[str, Any]) -> str:
    for exercise in report["exercises"]:
        for check in exercise["checks"]:
            check.pop("duration")
    for cell in report["cells"]:
        cell.pop("seconds")
    return json.dumps(report)


@pytest.mark.slow
def test_equal_reports_whatever_the_hash_seed(course: Course, command: Command) -> None:
    calls = [{"call": "names()", "returns": "3"}, {"call": "names()", "exact": True}, {"call": "table()"}]
    solution = "def names():\n    return {'a', 'b', 'c', 'd'}\ndef table():\n    return {'x': {1}, 'y': {2}}\n"
    course.require({"kind": "function", "calls": calls}, solution=solution)
    answer = course.write("answer.py", "words = {'one', 'two', 'three', 'four'}\nprint(words)\ndef names():\n    "
                          "return words\ndef table():\n    return {word: {word} for word in words}\n")  # fmt: skip
    reports = [
        _timeless(json.loads(command("run", course.quiz, answer, "--json", "-", "-q", PYTHONHASHSEED=seed).out))
        for seed in ("0", "1", "77")
    ]
    assert len(set(reports)) == 1
