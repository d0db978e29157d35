"""What an exception of Python's usually means is said where the exception proves it, and nowhere else."""

from __future__ import annotations

import textwrap
from typing import Any

from conftest import Course

from grader import Report
from grader.diagnosis.catalogue import catalogue, chapters
from grader.models.report import CheckResult

HEAD = "import torch\nfrom torch import nn\n"
NONE = {
    "the result used at once": "def g(x):\n    y = x * 2\nreturn g(1) + 1",
    "the result kept before": "def g(x):\n    y = x * 2\nz = g(1)\nreturn 1 + z",
    "the result of a method": "class A:\n    def g(self):\n        y = 2\nreturn A().g().real",
    "the result handed to torch": "def g(x):\n    y = x * 2\nreturn torch.relu(g(1))",
}
NOT_RUN = {"tabs_and_spaces", "indentation"}
"""What stops a cell before anything of it runs."""
SHOWN = (
    *(mistake for mistake in chapters()["python"] if mistake.when),
    next(mistake for mistake in catalogue() if mistake.id == "super_too_late"),
)
OTHERS = {
    "a name like no other": "return zzzqqq + 1",
    "an attribute like no other": "return torch.ones(2).zzzqqq",
    "an exception raised by hand": "raise NameError(\"name 'x' is not defined\")",
    "an index error of the student's own": "raise IndexError('there is no such item')",
    "a function that has no such attribute": "def g():\n    g.calls += 1\ng()",
    "a method that has no such attribute": "return Pair().both.calls",
    "an argument of a method that is left out": "return Pair().both(1)",
    "an argument of a constructor that is left out": "return Named()",
    "an argument of a function that is left out": "def g(a, b):\n    return a\ng(1)",
    "an argument too many for a method": "return Pair().none(1)",
    "two arguments too many for a method without self": "class A:\n    def g():\n        return 1\nreturn A().g(1, 2)",
    "a static method that gets one too many": "return Pair.free(1)",
    "a number that is called": "n = 3\nreturn n(1)",
    "a number that is called beside a name of Python's": "max, n = 3, 4\nreturn torch.ones(2).max().item() + n(1)",
    "a number that is called with a name of Python's": "max, n = 3, 4\nreturn n(max)",
    "a text where a tensor is wanted": "return torch.relu('a')",
    "a key that is not there": "return {}['a']",
    "a number that is no number": "return int('x')",
    "a bracket left open": "return (1",
    "an attribute that is None": "return nn.Linear(2, 1, bias=False).bias.shape",
    "an argument that is None": "def g(x=None):\n    return x + 1\nreturn g()",
    "None beside a function without a result": "def g(x):\n    print(x)\nx = None\ng(x)\nreturn x + 1",
    "None after something else was assigned": "x = [].append(1)\nx = {}.get(1)\nreturn x + 1",
}
PAIR = """
class Pair:
    def both(self, a, b):
        return a

    def none(self):
        return 1

    @staticmethod
    def free():
        return 1

class Named(nn.Module):
    def __init__(self, name):
        super().__init__()
"""


def calls(place: int) -> dict[str, Any]:
    return {"id": f"e{place}", "requirements": [{"kind": "function", "calls": [{"call": f"f{place}()"}]}]}


def graded(course: Course, codes: list[str]) -> list[CheckResult]:
    """The check of each exercise, whose cell has one of the codes."""
    cells = "".join(f"# %%\n# exercise: e{i}\ndef f{i}():\n    return 1\n" for i in range(len(codes)))
    course.assign(*map(calls, range(len(codes))), solution=HEAD + cells)
    text = HEAD + PAIR + "".join(f"# %%\n# exercise: e{place}\n{code}\n" for place, code in enumerate(codes))
    report: Report = course.grade(text)
    return [check for exercise in report.exercises for check in exercise.checks]


def within(place: int, code: str) -> str:
    return f"def f{place}():\n{textwrap.indent(code, '    ')}"


def named(checks: list[CheckResult]) -> list[str]:
    assert {check.outcome for check in checks} == {"failed"}
    return [check.diagnosis.id if check.diagnosis else "-" for check in checks]


def test_a_mistake_is_named_where_a_cell_makes_it(course: Course) -> None:
    mistakes = [m for m in SHOWN if m.id in {*NOT_RUN, "self_not_taken", "attribute_misspelt"}]
    codes = [f"{mistake.example}\ndef f{place}():\n    return 1" for place, mistake in enumerate(mistakes)]
    assert named(graded(course, codes)) == [mistake.id for mistake in mistakes]


def test_each_mistake_is_named_where_a_check_meets_it(course: Course) -> None:
    mistakes = [mistake for mistake in SHOWN if mistake.id not in NOT_RUN]
    checks = graded(course, [within(place, mistake.example) for place, mistake in enumerate(mistakes)])
    assert named(checks) == [mistake.id for mistake in mistakes]
    for check, mistake in zip(checks, mistakes, strict=True):
        assert check.diagnosis
        if "code" in mistake.places:
            assert str(mistake.places["code"]).partition("(")[0] in str(check.diagnosis.text)


def test_other_exceptions_name_nothing(course: Course) -> None:
    found = named(graded(course, [within(place, code) for place, code in enumerate(OTHERS.values())]))
    assert dict(zip(OTHERS, found, strict=True)) == dict.fromkeys(OTHERS, "-")


def test_a_function_without_a_result_is_named_where_its_none_is_used(course: Course) -> None:
    found = named(graded(course, [within(place, code) for place, code in enumerate(NONE.values())]))
    assert dict(zip(NONE, found, strict=True)) == dict.fromkeys(NONE, "result_not_returned")
