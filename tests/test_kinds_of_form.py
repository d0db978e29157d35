"""`value`, `prints`, `uses`, `avoids`: what the cells leave, print and call; and exercises that are all or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import Command, Course, outcomes
from gradebooks import rows

IMPORTS = "import math\nimport numpy as np\nimport torch\nimport torch.nn.functional as F\nfrom torch import nn\n"


def passes(course: Course, requirement: dict[str, Any], code: str, solution: str = "") -> bool:
    solution = IMPORTS + f"# exercise: one\n{solution}" if solution else ""
    course.require(requirement, solution=solution, diagnosis="none")
    given = set(outcomes(course.grade(course.notebook(IMPORTS, f"# exercise: one\n{code}"))).values())
    assert given <= {"passed", "failed"}
    return given == {"passed"}


VALUE = {
    "the solution's": ({}, "output = torch.ones(2)", "output = torch.zeros(2) + 1", True),
    "another value": ({}, "output = torch.ones(2)", "output = torch.zeros(2)", False),
    "another shape": ({}, "output = torch.ones(2)", "output = torch.ones(1, 2)", False),
    "never made": ({}, "output = 1", "outputs = 1", False),
    "a literal": ({"equals": "[1, 2]"}, "", "output = (1, 2)", True),
    "another type": ({"equals": "[1, 2]", "exact": True}, "", "output = (1, 2)", False),
    "a NumPy scalar": ({"equals": "3"}, "", "output = np.int64(3)", True),
    "a condition": ({"holds": ["value > 3", "value < solution"]}, "output = 6", "output = 5", True),
    "a condition that does not hold": ({"holds": ["value.shape == [3]"]}, "", "output = torch.ones(2)", False),
    "a part of it": ({"value": "output[-1]"}, "output = [3]", "output = [1, 2, 3]", True),
    "drawn numbers": ({}, "output = torch.randn(3)", "output = torch.randn(3)", True),
}


@pytest.mark.parametrize("name", VALUE)
def test_value(course: Course, name: str) -> None:
    keys, solution, code, right = VALUE[name]
    assert passes(course, {"kind": "value", "value": "output", **keys}, code, solution) is right


def test_a_value_is_what_the_exercise_left(course: Course) -> None:
    course.require({"kind": "value", "value": "output", "equals": "1"})
    (check,) = course.grade(course.notebook("# exercise: one\noutput = 1", "output = 2")).exercises[0].checks
    assert check.outcome == "passed"


PRINTS = {
    "the lines": (["a 1", "b 2"], {}, "print('a 1')\nprint('b 2')", True),
    "with others between": (["a", "b"], {}, "print('a\\nother\\nb')", True),
    "with other space": (["a 1", "b"], {}, "print('  a   1  \\n\\n b')", True),
    "in another order": (["a", "b"], {}, "print('b\\na')", False),
    "once for twice": (["a", "a"], {}, "print('a')", False),
    "a part of a line": (["a 1"], {}, "print('a 1.5')", False),
    "a number": ([6, 0.5, True], {}, "print(6)\nprint(0.5)\nprint(True)", True),
    "what a cell shows": (["[1, 2]"], {}, "x = [1, 2]\nx", True),
    "nothing": (["a"], {}, "x = 1", False),
    "no others": (["a"], {"exact": True}, "print('a\\nb')", False),
    "exactly": (["a", "b"], {"exact": True}, "print('a\\n\\nb')", True),
    "by a call": (["3 of 4"], {"call": "tell(3, 4)"}, "def tell(a, b):\n    print(f'{a} of {b}')", True),
    "by the cell and not by the call": (["3"], {"call": "tell()"}, "print(3)\ndef tell(): pass", False),
    "by the call and not by the cell": (["3"], {}, "def tell():\n    print(3)", False),
}


@pytest.mark.parametrize("name", PRINTS)
def test_prints(course: Course, name: str) -> None:
    lines, keys, code, right = PRINTS[name]
    assert passes(course, {"kind": "prints", "prints": lines, **keys}, code) is right


def test_another_exercises_output_is_not_its_own(course: Course) -> None:
    course.assign(*({"id": name, "requirements": [{"kind": "prints", "prints": ["a"]}]} for name in ("one", "two")))
    report = course.grade(course.notebook("# exercise: one\nprint('a')", "# exercise: two\n1", "print('a')"))
    assert outcomes(report) == {"one::prints": "passed", "two::prints": "failed"}


# what is avoided, or used; the code of `f`; and whether it is called
CALLED = {
    "the function": ("torch.relu", "def f(x): return torch.relu(x)", True),
    "by its short name": ("relu", "def f(x): return torch.relu(x)", True),
    "the same of torch.nn.functional": ("torch.relu", "def f(x): return F.relu(x)", True),
    "the method": ("torch.relu", "def f(x): return x.relu()", True),
    "in place": ("torch.relu", "def f(x): return x.clone().relu_()", True),
    "another name for it": ("torch.relu", "from torch import relu as r\ndef f(x): return r(x)", True),
    "another name for the module": ("torch.relu", "import torch as t\ndef f(x): return t.relu(x)", True),
    "a variable for it": ("torch.relu", "act = torch.relu\ndef f(x): return act(x)", True),
    "by way of a layer": ("torch.relu", "layer = nn.ReLU()\ndef f(x): return layer(x)", True),
    "by getattr": ("torch.relu", "def f(x): return getattr(torch, 're' + 'lu')(x)", True),
    "by eval": ("torch.relu", "def f(x): return eval('torch.re' + 'lu(x)')", True),
    "handed over": ("torch.relu", "def f(x): return list(map(torch.relu, [x]))[0]", True),
    "in a helper": ("torch.relu", "def g(x): return x.relu()\ndef f(x): return g(x)", True),
    "an operator": ("torch.matmul", "def f(x): return (x[:, None] @ x[None]).sum(0)", True),
    "of a submodule": ("torch.linalg.inv", "def f(x): return torch.linalg.inv(torch.eye(3)) @ x", True),
    "a class of torch's": ("nn.Linear", "def f(x): return nn.Linear(3, 3)(x)", True),
    "a function of their own": ("helper", "def helper(x): return x\ndef f(x): return helper(x)", True),
    "a class of their own": (
        "Mine", "class Mine(nn.Module):\n    def forward(self, x): return x\ndef f(x): return Mine()(x)", True,
    ),
    "a Function of autograd": (
        "Twice",
        "class Twice(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, x): return 2 * x\n"
        "    @staticmethod\n    def backward(ctx, g): return 2 * g\ndef f(x): return Twice.apply(x)", True,
    ),
    "of NumPy": ("np.sum", "def f(x): return np.sum(x.numpy())", True),
    "a method of an array": ("numpy.sum", "def f(x): return x.numpy().sum()", True),
    "of Python": ("math.exp", "def f(x): return x * math.exp(1)", True),
    "another one": ("torch.relu", "def f(x): return x.clamp(min=0)", False),
    "an attribute of the name": (
        "torch.autograd.grad",
        "def f(x):\n    w = x.clone().requires_grad_()\n    w.sum().backward()\n    w.grad.add_(1)\n    return w",
        False,
    ),
    "a longer name": ("torch.relu", "def f(x): return F.leaky_relu(x, 0.1)", False),
    "of the same name": ("math.exp", "def f(x): return x.exp()", False),
    "a method of their own": (
        "torch.relu",
        "class A:\n    def relu(self, x): return x\n    def __call__(self, x): return self.relu(x)\nf = A()", False,
    ),
    "in a context of another function's": (
        "torch.set_grad_enabled", "def f(x):\n    with torch.no_grad():\n        return x", False,
    ),
    "in a context": (
        "torch.set_grad_enabled", "def f(x):\n    with torch.set_grad_enabled(False):\n        return x", True,
    ),
    "what no_grad's decorator calls": ("set_grad_enabled", "@torch.no_grad()\ndef f(x): return x", False),
    "of Python, by a package": ("sorted", "import statistics\ndef f(x): return statistics.median(x.tolist())", False),
    "of Python, by themselves": ("sorted", "def f(x): return sorted(x.tolist())", True),
    "through a decorator's wrapper": (
        "clip_grad_norm_", "def f(x):\n    w = nn.Parameter(x)\n    w.sum().backward()\n"
        "    nn.utils.clip_grad_norm_([w], 1.0)\n    return w", True,
    ),
    "a context of a generator's": (
        "torch.random.fork_rng", "def f(x):\n    with torch.random.fork_rng(devices=[]):\n        return x", True,
    ),
    "a layer in a container": (
        "nn.Linear", "layers = nn.Sequential(nn.Linear(3, 3), nn.ReLU())\ndef f(x): return layers(x)", True,
    ),
    "an own function, by a package": (
        "twice", "from torch.utils._pytree import tree_map\ndef twice(x): return 2 * x\n"
        "def f(x): return tree_map(twice, [x])", True,
    ),
    "in a text": ("torch.relu", "def f(x):\n    'like torch.relu(x)'\n    return x  # torch.relu(x)", False),
    "beside the function": ("torch.relu", "def f(x): return x\nprint(torch.relu(f(torch.ones(3))))", False),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLED)
def test_what_is_called(course: Course, name: str) -> None:
    asked, code, called = CALLED[name]
    assert passes(course, {"kind": "uses", "uses": [asked], "call": "f(randn(3))"}, code) is called
    assert passes(course, {"kind": "avoids", "avoids": [asked], "call": "f(randn(3))"}, code) is not called


def test_what_is_written_and_not_run(course: Course) -> None:
    code = "def f(x):\n    return x if len(x) == 3 else torch.relu(x)"
    assert not passes(course, {"kind": "uses", "uses": ["torch.relu"], "call": "f(randn(3))"}, code)
    course.require({"kind": "avoids", "avoids": ["torch.relu"], "call": "f(randn(3))"})
    (check,) = course.grade(course.notebook(IMPORTS, f"# exercise: one\n{code}")).exercises[0].checks
    assert (check.outcome, check.cell, check.line) == ("failed", 2, 3)
    assert str(check.observed) == "`torch.relu`"


@pytest.mark.parametrize(
    ("code", "called"),
    [("output = table.gather(1, index)", True), ("output = torch.gather(table, 1, index)", True),
     ("output = table[[0, 1], [0, 1]]", False), ("g = torch.gather\noutput = g(table, 1, index)", True)],
)  # fmt: skip
def test_what_cells_call_that_compute_a_variable(course: Course, code: str, called: bool) -> None:
    given = f"table, index = torch.eye(2), torch.tensor([[0], [1]])\n{code}"
    assert passes(course, {"kind": "uses", "uses": ["gather"]}, given) is called
    assert passes(course, {"kind": "avoids", "avoids": ["torch.gather"], "call": "output"}, given) is not called


@pytest.mark.parametrize(("code", "right"), [("", False), ("# to do", False), ("output = 3", True)])
def test_an_empty_cell_does_not_pass_for_what_it_avoids(course: Course, code: str, right: bool) -> None:
    assert passes(course, {"kind": "avoids", "avoids": ["torch.gather"], "call": "output"}, code) is right
    assert passes(course, {"kind": "avoids", "avoids": ["torch.gather"]}, code) is right


@pytest.mark.slow
def test_hidden_lines_are_no_repetition_of_others(course: Course, run: Command) -> None:
    shown, hidden = ({"kind": "prints", "prints": [word], "hint": "Print."} for word in ("a", "b"))
    value = {"kind": "value", "value": "x", "hint": "Draw."}
    course.notebook("# exercise: one\n", name="assignments/quiz/quiz.ipynb")
    requirements = [value, shown, {**hidden, "id": "b", "hidden": True}]
    course.require(*requirements, solution="# exercise: one\nimport torch\nx = torch.randn(3)\nprint('a\\nb')\n")
    ended = run("verify", course.quiz)
    assert (ended.code, ended.err) == (0, ""), ended.out


def test_a_class_is_graded_for_all_or_nothing(course: Course, run: Command) -> None:
    requirements = [{"kind": "value", "value": "x", "equals": "1"}, {"kind": "prints", "prints": ["done"]}]
    course.assign({"id": "one", "points": 2, "all_or_nothing": True, "requirements": requirements},
                  solution="# exercise: one\nx = 1\nprint('done')\n")  # fmt: skip
    for name, code in (("ada", "x = 1\nprint('done')"), ("bob", "x = 1")):
        course.notebook(f"# exercise: one\n{code}", name=f"class/{name}.ipynb")
    assert run("batch", course.quiz, course.path / "class", "--out", course.path / "out").code == 0
    scores = {name: row.credited for name, row in rows(course.path / "out").items()}
    assert scores == {"ada": 2.0, "bob": 0.0}


def test_form_alone_earns_nothing(course: Course) -> None:
    requirements = [
        {"kind": "value", "value": "output", "holds": ["value == solution"]},
        {"kind": "prints", "prints": ["done"]},
        {"kind": "uses", "uses": ["torch.randn"]},
    ]
    course.require(*requirements, solution=f"{IMPORTS}# exercise: one\noutput = torch.randn(3)\nprint('done')\n")
    wrong = course.notebook(IMPORTS, "# exercise: one\noutput = torch.randn(3) + 1\nprint('done')")
    report = course.grade(wrong, seed=5)
    assert list(outcomes(report).values()) == ["failed", "passed", "passed"]
    assert report.earned == 0


def test_recorded_answers_will_do(course: Course, run: Command) -> None:
    requirements = [
        {"kind": "value", "value": "output"}, {"kind": "prints", "prints": ["done"]},
        {"kind": "uses", "uses": ["sum"], "call": "f(randn(3))"},
        {"kind": "avoids", "avoids": ["numpy.sum"], "call": "f(randn(3))", "hidden": True},
    ]  # fmt: skip
    code = f"{IMPORTS}# exercise: one\ndef f(x): return x.sum()\noutput = f(torch.ones(3))\nprint('done')\n"
    course.require(*requirements, solution=code)
    assert run("record", course.quiz).code == 0
    (course.quiz / "solution.py").unlink()
    assert course.grade(code).earned == 1


# -- all or nothing


@pytest.mark.parametrize(("code", "earned"), [("def f(x): return x", 2.0), ("def f(x): return abs(x)", 0.0)])
def test_all_or_nothing(course: Course, code: str, earned: float) -> None:
    calls = [{"call": "f(3)", "returns": "3"}, {"call": "f(-3)", "returns": "-3"}]
    requirements = [{"kind": "function", "calls": calls}]
    course.assign({"id": "one", "points": 2, "all_or_nothing": True, "requirements": requirements})
    (exercise,) = course.grade(f"# exercise: one\n{code}\n").exercises
    assert (exercise.earned, exercise.possible) == (earned, 2.0)
    assert sum(check.earned for check in exercise.checks) == earned
    assert ("all of its checks pass" in " ".join(map(str, exercise.notes))) is not earned


def test_all_or_nothing_counts_checks_of_ones_own(course: Course) -> None:
    requirement = {"kind": "function", "calls": [{"call": "f(3)", "returns": "3"}]}
    course.assign({"id": "one", "all_or_nothing": True, "requirements": [requirement]})
    course.check("""
        from grader import check, probe

        @probe
        def seen(student):
            return student.f(-3)

        @check(exercise="one", points=2)
        def test_f(observe):
            assert observe(seen) == -3
        """)
    (exercise,) = course.grade("# exercise: one\ndef f(x): return abs(x)\n").exercises
    assert (exercise.earned, exercise.possible, exercise.status) == (0.0, 3.0, "none")


# -- points


def test_points_left_out_are_the_weights(course: Course) -> None:
    calls = [{"call": "f(3)", "returns": "3"}, {"call": "f(-3)", "returns": "-3"}]
    requirements = [
        {"kind": "function", "calls": calls, "weight": 2},
        {"kind": "value", "value": "f(0)", "equals": "0"},
    ]
    path = course.assign({"id": "one", "requirements": requirements, "points": None})
    assert path.is_dir()
    (exercise,) = course.grade("# exercise: one\ndef f(x): return abs(x)\n").exercises
    assert (exercise.earned, exercise.possible) == (3.0, 5.0)


@pytest.mark.slow
def test_points_of_checks_alone_need_not_be_said(course: Course, run: Command, tmp_path: Path) -> None:
    own = """
        from grader import check, probe

        @probe
        def seen(student):
            return student.x

        @check(exercise="one", points=2, hint="Think.")
        def test_x(observe, reference):
            assert observe(seen) == reference(seen)
        """
    course.check(own)
    course.notebook("# exercise: one\n", name="assignments/quiz/quiz.ipynb")
    course.assign({"id": "one", "points": None, "hint": "Think."}, solution="# exercise: one\nx = 3\n")
    assert course.grade("# exercise: one\nx = 3\n").possible == 2
    ended = run("verify", course.quiz, "--no-mutants")
    assert "✓ points" in ended.out
