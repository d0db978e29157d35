"""Where student code raises, the report says what the names in that line stood for."""

from __future__ import annotations

from conftest import Course

from grader.models.report import CheckResult

HEAD = "import numpy as np\nimport torch\nfrom torch import nn\n# %%\n# exercise: one\n"
NET = """
class Net(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.out = nn.Linear(n, 2)

    def forward(self, x):
        return self.out(x.flatten(1))
"""


def check(course: Course, answer: str, call: str, hidden: bool = False) -> CheckResult:
    course.require(
        {"kind": "function", "calls": [{"call": call}], "hidden": hidden},
        solution=HEAD + answer.replace("raise", "return 1 #"),
    )
    (found,) = course.grade(HEAD + answer).exercises[0].checks
    return found


def test_the_shapes_that_meet_and_the_layer_they_meet_in(course: Course) -> None:
    course.require(
        {"kind": "module", "object": "Net(8)", "calls": [{"inputs": ["randn(3, 2, 4)"]}]}, solution=HEAD + NET
    )
    wrong = course.grade(HEAD + NET.replace("nn.Linear(n, 2)", "nn.Linear(4 * n, 2)"))
    (failed,) = (check for check in wrong.exercises[0].checks if check.id.endswith("forward[1]"))
    assert failed.values == "self.out: Linear(in_features=32, out_features=2, bias=True)\nx: [3, 2, 4]"


def test_kinds_of_values(course: Course) -> None:
    answer = """
class Loud:
    @property
    def size(self):
        print("asked")
        return 3

def f(x, n, name):
    rows, table, loud, nothing = [x, x], np.zeros((2, 3)), Loud(), None
    half = x.long()
    raise ValueError((x, half, n, name, rows, table, loud.size, nothing, [_ for _ in rows]))
"""
    found = check(course, answer, "f(randn(2, 3), 4, 'conv')")
    assert found.values.splitlines() == [
        "x: [2, 3]", "half: [2, 3] int64", "n: 4", "name: 'conv'", "rows: list (2)", "table: [2, 3] float64 (numpy)",
    ]  # fmt: skip


def test_a_hidden_check_shows_none(course: Course) -> None:
    assert check(course, "def f(n):\n    raise ValueError(n)\n", "f(41)", hidden=True).values == ""
