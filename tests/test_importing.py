"""Assignments of nbgrader and Otter, and tests for pytest, become assignments that grade the same."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Command, outcomes
from homework import (
    ANSWERS,
    PATCHES,
    POINTS,
    SOLVED,
    SUBMISSIONS,
    WRONG,
    about,
    cell,
    for_nbgrader,
    for_otter,
    handed_in,
    notebook,
    write,
)

import grader
from grader.authoring.importing.from_nbgrader import read_nbgrader
from grader.authoring.importing.from_otter import read_otter
from grader.authoring.importing.from_pytest import read_pytest
from grader.authoring.importing.imported import Imported
from grader.authoring.importing.writing import write_imported
from grader.models.report import Report
from grader.sandbox.client import Zygote

Cells = list[dict[str, Any]]


def raw(text: str) -> dict[str, Any]:
    return cell(text, "raw")


def giving(text: str, output: str) -> dict[str, Any]:
    """A code cell with what it put out."""
    shown = {"output_type": "execute_result", "data": {"text/plain": output}, "metadata": {}, "execution_count": 1}
    return {**cell(text), "outputs": [shown]}


class Room:
    """A folder in which assignments are imported, and submissions graded."""

    def __init__(self, path: Path, zygote: Zygote) -> None:
        self.path = path
        self._zygote = zygote

    def written(self, imported: Imported) -> Imported:
        write_imported(imported, self.path / "assignments" / imported.name, self._zygote)
        return imported

    def nbgrader(self, cells: Cells, name: str = "ps1") -> Imported:
        return self.written(read_nbgrader(write(self.path / "source" / f"{name}.ipynb", notebook(cells)), name))

    def otter(self, cells: Cells, name: str = "lab") -> Imported:
        return self.written(read_otter(write(self.path / "source" / f"{name}.ipynb", notebook(cells)), name))

    def grade(self, name: str, submission: str, suffix: str = "ipynb") -> Report:
        path = write(self.path / "handed-in" / f"a.{suffix}", submission)
        return grader.grade(self.path / "assignments" / name, path, zygote=self._zygote)

    def verdicts(self, name: str, submission: str, suffix: str = "ipynb") -> str:
        """`1` for each check that passes, `0` for each that fails."""
        found = outcomes(self.grade(name, submission, suffix)).values()
        assert set(found) <= {"passed", "failed"}
        return "".join("01"[outcome == "passed"] for outcome in found)


@pytest.fixture
def room(tmp_path: Path, zygote: Zygote) -> Room:
    return Room(tmp_path, zygote)


@pytest.fixture(scope="module")
def homework(tmp_path_factory: pytest.TempPathFactory, zygote: Zygote) -> Room:
    """The homework in both forms: `nbgrader` and `otter`."""
    room = Room(tmp_path_factory.mktemp("homework"), zygote)
    room.written(read_nbgrader(write(room.path / "n.ipynb", for_nbgrader(SOLVED)), "nbgrader"))
    room.written(read_otter(write(room.path / "o.ipynb", for_otter(SOLVED)), "otter"))
    return room


def left_out(imported: Imported) -> list[str]:
    return [f"{one.place}: {one.why}" for one in imported.left_out]


SQUARES = "def squares(n):\n    ### BEGIN SOLUTION\n    return [i * i for i in range(1, n + 1)]\n    ### END SOLUTION"
TOTAL = "def total(n):\n    return sum(squares(n))"
CLASSIC: Cells = [
    cell("# Problem set 1", "markdown"),
    cell("import math\nlimit = 4\n\ndef same(a, b):\n    assert a == b, f'{a} is not {b}'"),
    cell("## Squares (2 points)", "markdown"),
    cell(SQUARES, about=about("squares", schema=1)),
    cell(
        '"""squares gives the first squares"""\nfrom nose.tools import assert_equal\nassert_equal(squares(2), [1, 4])\n'
        "### BEGIN HIDDEN TESTS\nassert squares(limit)[-1] == 16\n### END HIDDEN TESTS",
        about=about("t1", 2, schema=1),
    ),
    cell("## Total", "markdown"),
    cell(TOTAL, about=about("total", schema=2)),
    cell("%%time\nsame(total(limit), 30)\nexpected = total(2)", about=about("t2", 1, schema=2)),
    cell("assert expected == 5 and math.sqrt(total(2) + 4) == 3", about=about("t3", 3)),
    cell("%%R\nx <- 1", about=about("t4", 1)),
    cell("assert total(1) == 1", about=about("t5", 0)),
    cell("Why is it so?", "markdown", about("why", 4, solution=True)),
    cell("def unused():\n    pass", about=about("unused")),
]


def test_nbgraders_cells_become_exercises(room: Room) -> None:
    imported = room.nbgrader(CLASSIC)
    squares, total, why = imported.exercises
    assert (squares.title, squares.all_or_nothing, why.manual) == ("Squares", True, 4)
    assert [(one.points, one.hidden, one.title) for one in squares.drafts] == [
        (1, False, "squares gives the first squares"),
        (1, True, ""),
    ]
    assert [one.points for one in total.drafts] == [1, 3]
    assert left_out(imported) == [
        "ps1.ipynb, cell 10: its code is for `%%R`",
        "ps1.ipynb, cell 11: its tests have no points",
        "ps1.ipynb, cell 13: no test follows the student's cell, which earns nothing",
    ]
    starter = json.loads((room.path / "assignments" / "ps1" / "ps1.ipynb").read_text())["cells"]
    texts = [one["source"] for one in starter]
    assert texts[3] == "def squares(n):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
    assert texts[6] == "# YOUR CODE HERE\nraise NotImplementedError()"
    assert "16" not in texts[4]
    assert texts[11] == "YOUR ANSWER HERE"


def test_what_was_handed_in_to_nbgrader_grades_unchanged(room: Room) -> None:
    room.nbgrader(CLASSIC)
    solved = "def squares(n):\n    return [i * i for i in range(1, n + 1)]"
    later = "def squares(n):\n    return [1, 4]"
    moved = [cell(later), cell(solved, about=about("squares", schema=1)), cell(TOTAL, about=about("total"))]
    assert room.verdicts("ps1", notebook(moved)) == "1111"
    assert room.verdicts("ps1", notebook([cell(solved), cell(TOTAL)])) == "1111"
    assert room.verdicts("ps1", f"{solved}\n# %%\n{TOTAL}\n", "py") == "1111"
    report = room.grade("ps1", notebook([cell(later, about=about("squares")), cell(TOTAL, about=about("total"))]))
    assert [outcome == "passed" for outcome in outcomes(report).values()] == [True, False, False, True]
    assert [exercise.earned for exercise in report.exercises][:2] == [0, 3]


QUESTIONS: Cells = [
    raw("# ASSIGNMENT CONFIG\ninit_cell: true"),
    cell("# Lab 5", "markdown"),
    cell("import numpy as np\ndata = np.array([1.0, 2.0])"),
    raw("# BEGIN QUESTION\nname: q1\npoints: 4"),
    cell("**Question 1.** Squares", "markdown"),
    raw("# BEGIN SOLUTION"),
    cell("def square(x):\n    y = x * x # SOLUTION NO PROMPT\n    return y # SOLUTION\nnine = square(3) # SOLUTION"),
    raw("# END SOLUTION"),
    raw("# BEGIN TESTS"),
    giving("square(2.5)", "6.25"),
    giving("# HIDDEN\nnine == 9", "True"),
    giving("square(data)", "array([1., 4.])"),
    cell('""" # BEGIN TEST CONFIG\npoints: 1\nhidden: true\n""" # END TEST CONFIG\ndef test_it(square):\n'
         "    assert square(1) == 1"),
    raw("# END TESTS"),
    raw("# END QUESTION"),
    raw("# BEGIN QUESTION\nname: q2\npoints: [0, 1, 1]\nall_or_nothing: true"),
    raw("# BEGIN SOLUTION"),
    cell("# BEGIN SOLUTION\ndef say(n):\n    print('hi', n)\n# END SOLUTION"),
    raw("# END SOLUTION"),
    raw("# BEGIN TESTS"),
    cell("assert callable(say)"),
    giving("say(3)", "hi 3"),
    cell("assert say(1) is None"),
    raw("# END TESTS"),
    raw("# END QUESTION"),
    raw("# BEGIN QUESTION\nname: q3\nmanual: true\npoints: 2"),
    cell("## Explain", "markdown"),
    raw("# BEGIN SOLUTION"),
    cell("Because.", "markdown"),
    raw("# END SOLUTION"),
    raw("# END QUESTION"),
]  # fmt: skip


def test_otters_questions_become_exercises(room: Room) -> None:
    imported = room.otter(QUESTIONS)
    one, two, three = imported.exercises
    assert [(draft.points, draft.hidden) for draft in one.drafts] == [(1, False), (1, True), (1, False), (1, True)]
    assert (two.all_or_nothing, len(two.drafts), three.manual, three.title) == (True, 2, 2, "Explain")
    assert left_out(imported) == ["lab.ipynb, cell 21: q2: it has no points"]
    starter = json.loads((room.path / "assignments" / "lab" / "lab.ipynb").read_text())["cells"]
    texts = [one["source"] for one in starter]
    assert "def square(x):\n    ...\nnine = ..." in texts
    assert 'grader.check("q2")' in texts
    assert "Because." not in texts


@pytest.mark.slow
def test_what_was_handed_in_to_otter_grades_unchanged(room: Room) -> None:
    room.otter(QUESTIONS)
    start = cell("import otter\ngrader = otter.Notebook('lab.ipynb')\nimport numpy as np\ndata = np.array([1.0, 2.0])")
    one, two = "def square(x):\n    return x * x", "def say(n):\n    print('hi', n)"
    checks = [cell('grader.check("q1")'), cell('grader.check("q2")')]
    right = [start, cell(one), cell("nine = square(3)"), checks[0], cell(two), checks[1]]
    assert room.verdicts("lab", notebook(right)) == "111111"
    wrong = [start, cell(one), cell("nine = 8"), checks[0], cell(two.replace("hi", "ho")), checks[1]]
    assert room.verdicts("lab", notebook(wrong)) == "101101"
    assert room.verdicts("lab", notebook([start, cell(f"{one}\nnine = 9"), cell(two)])) == "111111"


OLD_QUESTIONS: Cells = [
    cell("# IGNORE\nnote = 'for teachers'"),
    cell("## Ignore ##\nAlso for teachers.", "markdown"),
    cell("# ignore what is below\nzero = 0"),
    cell("Say why.\n```\nBEGIN QUESTION\nname: q1\nmanual: true\npoints: 2\n```", "markdown"),
    cell("**SOLUTION:** Because.", "markdown"),
    cell("A square.\n```\nBEGIN QUESTION\nname: q2\npoints: 2\n```", "markdown"),
    cell("def square(x):\n    return x * x # SOLUTION"),
    giving("## Test ##\nsquare(3)", "9"),
]


def test_students_get_neither_what_otter_ignores_nor_answers_in_texts(room: Room) -> None:
    imported = room.otter(OLD_QUESTIONS)
    assert left_out(imported) == []
    assert [(one.id, one.manual) for one in imported.exercises] == [("q1", 2), ("q2", 0)]
    starter = json.loads((room.path / "assignments" / "lab" / "lab.ipynb").read_text())["cells"]
    texts = "\n".join(one["source"] for one in starter)
    assert "Because" not in texts
    assert "for teachers" not in texts
    assert "zero = 0" in texts
    assert "Type your answer here" in texts


OK = r"""
test = {
  'name': 'Question 1', 'points': 2,
  'suites': [{'cases': [
      {'code': r'''
      >>> seconds == 3600
      True
      >>> # the table
      >>> table(2)
      array([0, 2])
      ''', 'hidden': False, 'locked': False},
      {'code': r'''
      >>> for i in range(2):
      ...     print(i, table(i).sum())
      0 0
      1 0
      >>> table('a')
      Traceback (most recent call last):
      ...
      TypeError: no
      ''', 'hidden': True, 'locked': False}],
    'scored': True, 'setup': '', 'teardown': '', 'type': 'doctest'}]}
"""
BY_EXCEPTION = """
from otter.test_files import test_case
OK_FORMAT = False
name = "q2"
points = 3

@test_case(points=1)
def test_one(double):
    assert double(2) == 4

@test_case(points=2, hidden=True)
def test_two(env):
    assert env["double"](-1) == -2
"""


def test_a_folder_of_ok_tests_becomes_checks(room: Room) -> None:
    write(room.path / "source" / "tests" / "q1.py", OK)
    write(room.path / "source" / "tests" / "q2.py", BY_EXCEPTION)
    write(room.path / "source" / "tests" / "q7.py", "test = {}")
    start = cell("import numpy as np\nfrom client.api.notebook import Notebook\nok = Notebook('lab.ok')\nok.auth()")
    one = "seconds = 60 * 60\ndef table(n):\n    return np.arange(n) * 2"
    solved = [start, cell(one), cell("_ = ok.grade('q1')"), cell("def double(x):\n    return 2 * x"),
              cell("ok.grade('q2')"), cell("ok.grade('q9')")]  # fmt: skip
    imported = room.otter(solved)
    assert [[draft.points for draft in one.drafts] for one in imported.exercises] == [[1, 1], [1, 2]]
    assert left_out(imported) == [
        "lab.ipynb, cell 6: there is no tests/q9.py",
        "tests/q7.py: no cell checks it, by `grader.check` or `ok.grade`",
    ]
    assert room.verdicts("lab", notebook(solved)) == "1111"
    wrong = one.replace("* 2", "* 3")
    assert room.verdicts("lab", notebook([start, cell(wrong), *solved[2:]])) == "0111"


TESTS = '''
import pytest
import torch
import sys
sys.path.insert(0, "..")
from checking import assert_same
from hw1 import clip

@pytest.mark.parametrize("low, high", [(0.0, 0.5), (0.2, 0.3)])
def test_bounds(x, low, high):
    """values lie between the bounds"""
    assert_same(clip(x, low, high), torch.clamp(x, low, high))

def test_hidden_error():
    with pytest.raises(ValueError, match="low"):
        clip(torch.ones(1), 2, 1)

@pytest.mark.skip
def test_later():
    assert False

def test_caught(caplog):
    assert not caplog.records
'''
UNIT = """
import unittest
import torch
import hw1
from gradescope_utils.autograder_utils.decorators import weight, visibility

class TestClip(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.x = torch.arange(3.0)

    @weight(2)
    def test_values(self):
        self.assertEqual(hw1.clip(self.x).tolist(), [0, 1, 1])

    @weight(3)
    @visibility("hidden")
    def test_same(self):
        self.assertTrue(torch.equal(hw1.clip(self.x, 0, 9), self.x))
"""
CLIP = """import torch
from tools import check_bounds

def clip(x, low=0.0, high=1.0):
    check_bounds(low, high)
    return x.clamp(low, high)
"""


def test_tests_for_pytest_and_unittest_become_checks(room: Room) -> None:
    solution = write(room.path / "course" / "hw1.py", CLIP)
    tools = "def check_bounds(low, high):\n    if low > high:\n        raise ValueError('low > high')\n"
    write(room.path / "course" / "tools.py", tools)
    tests = write(room.path / "course" / "tests" / "test_clip.py", TESTS).parent
    write(tests / "test_unit.py", UNIT)
    write(tests / "checking.py", "import torch\n\ndef assert_same(a, b):\n    assert torch.allclose(a, b)\n")
    write(tests / "conftest.py",
          "import pytest, torch\n@pytest.fixture(autouse=True)\ndef seeded():\n    torch.manual_seed(0)\n"
          "@pytest.fixture\ndef x():\n    return torch.randn(5)\n")  # fmt: skip
    imported = room.written(read_pytest(tests, solution, "hw1"))
    clip, unit = imported.exercises
    assert [(one.points, one.hidden, one.title) for one in clip.drafts] == [
        (1, False, "values lie between the bounds"),
        (1, True, ""),
    ]
    assert [(one.points, one.hidden) for one in unit.drafts] == [(2, False), (3, True)]
    assert left_out(imported) == [
        "test_clip.py, test_later: `@skip` has no place in a check that earns points",
        "test_clip.py, test_caught: there is no fixture `caplog` in a plain check; of pytest's own there is "
        "`tmp_path`, `capsys`",
    ]
    assert "raise NotImplementedError" in (room.path / "assignments" / "hw1" / "hw1.py").read_text()
    assert room.verdicts("hw1", CLIP, "py") == "1111"
    assert room.verdicts("hw1", CLIP.replace("clamp(low, high)", "clamp(low, 1.0)"), "py") == "0110"


IN_CLASSES = """
import unittest
import pytest
from parameterized import parameterized
from hw1 import say, twice

class TestTwice:
    @pytest.fixture
    def five(self):
        return 5

    def test_five(self, five):
        assert twice(five) == 10

    def test_zero(self):
        assert twice(0) == 0

def test_say(capsys):
    say(2)
    assert capsys.readouterr().out == "2!"

class TestMore(unittest.TestCase):
    @parameterized.expand([(1, 2), (3, 6)])
    def test_pairs(self, n, result):
        self.assertEqual(twice(n), result)

    @parameterized.expand([(1,), (4,)])
    def test_single(self, n):
        self.assertEqual(twice(n), n + n)
"""


def test_only_what_asks_for_a_fixture_of_its_class_is_left_out(room: Room) -> None:
    code = "def twice(n):\n    return 2 * n\n\ndef say(n):\n    print(n, end='!')\n"
    solution = write(room.path / "course" / "hw1.py", code)
    tests = write(room.path / "course" / "tests" / "test_hw1.py", IN_CLASSES)
    imported = room.written(read_pytest(tests, solution, "hw1"))
    assert left_out(imported) == [
        "test_hw1.py, TestTwice.test_five: its fixture `five` is in the class: write it above the class, without `self`"
    ]
    assert room.verdicts("hw1", code, "py") == "1111"
    assert room.verdicts("hw1", code.replace("'!'", "'?'"), "py").count("0") == 1
    assert room.verdicts("hw1", code.replace("2 * n", "2 ** n"), "py").count("0") == 3


WAITING = """
import asyncio, unittest
import pytest
import pytest_asyncio
from hw1 import double, fetch

@pytest_asyncio.fixture
async def four():
    return await fetch(4)

@pytest.mark.asyncio
@pytest.mark.parametrize("n", [1, 2])
async def test_fetch(four, n):
    assert await fetch(n) + four == n + 4

def test_double():
    assert double(asyncio.run(asyncio.sleep(0, 2))) == 4

class TestCase(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.one = await fetch(1)

    async def test_case(self):
        self.assertEqual(await fetch(self.one), 1)
"""
FETCH = "async def fetch(x):\n    return x\n\ndef double(x): return 2 * x\n"


@pytest.mark.slow
def test_asynchronous_tests_become_checks(room: Room) -> None:
    solution = write(room.path / "course" / "hw1.py", FETCH)
    tests = write(room.path / "course" / "test_waiting.py", WAITING)
    imported = room.written(read_pytest(tests, solution, "hw1"))
    assert left_out(imported) == []
    starter = FETCH.replace("return x", "raise NotImplementedError").replace(
        "return 2 * x", "raise NotImplementedError"
    )
    assert (room.path / "assignments" / "hw1" / "hw1.py").read_text() == starter
    assert room.verdicts("hw1", FETCH, "py") == "111"
    assert room.verdicts("hw1", FETCH.replace("return x", "return 0"), "py") == "010"
    assert room.verdicts("hw1", starter, "py") == "000"


UTILS = """import numpy as np

def load(path):
    return np.loadtxt(path, delimiter=',')

def softmax(x):
    e = np.exp(x)
    return e / e.sum()

def near(x, y):
    return np.abs(x - y).max() < 1e-6
"""
HELPED: Cells = [
    cell("%matplotlib inline\nimport numpy as np\nimport utils as u\nfrom public import *\nx = u.load('x.csv')"),
    cell("import torch\nfrom collections import namedtuple\nPoint = namedtuple('Point', 'x y')\nclass Box:\n    pass"),
    cell("def softmax(x):\n    e = np.exp(x - x.max())\n    return e / e.sum()\ndef box():\n    return Box()\n"
         "def point(a):\n    return Point(a, 1)", about=about("softmax")),
    cell("p = softmax(x)\nassert u.near(p, u.softmax(x))\nprint('fine', p)", about=about("t1", 1)),
    cell("test_softmax(softmax)\nnp.testing.assert_allclose(p.sum(), 1, rtol=1e-6)", about=about("t2", 1)),
    cell("assert isinstance(box(), Box) and point(2) == Point(2, 1)", about=about("t3", 1)),
    cell("noise = torch.rand(3)"),
    cell("doubled = noise * 2", about=about("doubled")),
    cell("assert torch.allclose(doubled, noise + noise)", about=about("t4", 1)),
]  # fmt: skip


@pytest.mark.slow
def test_a_check_has_what_earlier_cells_and_modules_define(room: Room) -> None:
    write(room.path / "source" / "utils.py", UTILS)
    write(room.path / "source" / "public.py",
          "from utils import near\ndef test_softmax(softmax):\n    assert near(softmax(x_), w_)\n"
          "import numpy as np\nx_ = np.zeros(2)\nw_ = np.array([0.5, 0.5])\n")  # fmt: skip
    write(room.path / "source" / "x.csv", "1,2,3\n")
    imported = room.nbgrader(HELPED)
    assert left_out(imported) == []
    assert sorted(imported.given) == ["public.py", "utils.py", "x.csv"]
    solution = (room.path / "assignments" / "ps1" / "solution.ipynb").read_text()
    assert room.verdicts("ps1", solution) == "1111"
    forged = solution.replace("e / e.sum()", "x * 0").replace("import numpy", "import utils\\nimport numpy", 1)
    forged = forged.replace("def softmax(x)", "utils.near = u.near = lambda *a: True\\ndef softmax(x)")
    assert room.verdicts("ps1", forged) == "0011"


INDEPENDENT: Cells = [
    cell("import numpy as np\nimport torch"),
    cell("def twice(x):\n    return 2 * x", about=about("twice")),
    cell("x = torch.ones(2)\nout = twice(x)\ntorch.testing.assert_close(out, x + x)\n"
         "np.testing.assert_allclose(out, [2, 2])\n"
         "for n in range(3):\n    t = torch.ones(1, requires_grad=True)\n    torch.exp(t).backward()\n"
         "    assert twice(n) == n + n", about=about("t1", 1)),
    cell("def half(x):\n    return x / 2", about=about("half")),
    cell("torch.manual_seed(3)"),
    cell("y = torch.randn(3)\nassert torch.equal(half(y), y * 0.5) and np.isfinite(half(y)).all()",
         about=about("t2", 1)),
    cell("assert torch.equal(half(x), torch.full((2,), 0.5))", about=about("t3", 1)),
]  # fmt: skip


@pytest.mark.slow
def test_a_test_does_not_ask_for_what_only_an_earlier_test_is_about(room: Room) -> None:
    imported = room.nbgrader(INDEPENDENT)
    assert left_out(imported) == []
    solution = (room.path / "assignments" / "ps1" / "solution.ipynb").read_text()
    assert room.verdicts("ps1", solution) == "111"
    assert room.verdicts("ps1", solution.replace("2 * x", "3 * x")) == "011"
    assert room.verdicts("ps1", solution.replace("x / 2", "x / 4")) == "100"


def test_autotests_become_asserts_with_what_the_solution_gives(room: Room) -> None:
    code = "import numpy as np\nimport torch\ndef scale(x):\n    return x * 3"
    tests = (
        "### AUTOTEST scale(2); scale('a')\n### HASHED AUTOTEST scale(np.ones(2))\n### AUTOTEST scale(torch.ones(2))"
    )
    imported = room.nbgrader([cell(code, about=about("scale")), cell(tests, about=about("auto", 2))])
    assert left_out(imported) == []
    assert room.verdicts("ps1", code, "py") == "1"
    for wrong in ("x * 3.0001", "7 if isinstance(x, int) else x * 3", "3"):
        assert room.verdicts("ps1", code.replace("x * 3", wrong), "py") == "0"


def test_what_the_solution_does_not_pass_is_left_out_with_the_reason(room: Room) -> None:
    cells = [
        cell("def one():\n    return 1", about=about("one")),
        cell("assert one() == 2", about=about("t1", 5)),
        cell("assert one() == 1", about=about("t2", 1)),
    ]
    imported = room.nbgrader(cells)
    (said,) = left_out(imported)
    assert said.startswith("ps1.ipynb, cell 2 (5 points): The solution does not pass")
    assert "assert one() == 2" in said
    assert len(imported.exercises[0].drafts) == 1


@pytest.mark.parametrize(
    ("kind", "content", "said"),
    [
        ("nbgrader", notebook([cell("x = 1")]), "no cell that nbgrader grades"),
        ("nbgrader", notebook(CLASSIC).replace('"language": "python"', '"language": "R"'), "is written in R"),
        ("nbgrader", "{}", "cannot be read as a notebook"),
        ("otter", notebook([cell("x = 1")]), "no question of Otter's"),
        ("nbgrader", for_nbgrader(dict.fromkeys(SOLVED, "raise NotImplementedError()")), "passes none of the tests"),
    ],
)
def test_what_cannot_be_imported_is_refused(run: Command, room: Room, kind: str, content: str, said: str) -> None:
    source = write(room.path / "hw.ipynb", content)
    ended = run("import", kind, source, "--out", room.path / "new")
    assert (ended.code, said in ended.err) == (2, True), ended.err
    assert not (room.path / "new").exists()


def test_nothing_is_overwritten(run: Command, room: Room) -> None:
    source = write(room.path / "hw.ipynb", notebook(CLASSIC))
    kept = write(room.path / "new" / "mine.txt", "mine")
    ended = run("import", "nbgrader", source, "--out", room.path / "new")
    assert (ended.code, "is there already" in ended.err) == (2, True)
    assert [path.name for path in kept.parent.iterdir()] == ["mine.txt"]


@pytest.mark.slow
def test_the_command_says_what_was_written_and_verifies_it(
    run: Command, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(room.path)
    write(room.path / "source" / "one.ipynb", notebook(CLASSIC))
    write(room.path / "source" / "two.ipynb", notebook([cell("x = 1")]))
    ended = run("import", "nbgrader", room.path / "source")
    assert "assignments/one: 3 exercises, 4 checks (1 hidden), 10 points" in ended.out
    assert "one.ipynb, cell 10: its code is for `%%R`" in ended.out
    assert "✓ solution" in ended.out
    assert "two.ipynb has no cell that nbgrader grades" in ended.out
    assert (room.path / "assignments" / "one" / "checks" / "total.py").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("patch", PATCHES)
@pytest.mark.parametrize("form", ["nbgrader", "otter"])
def test_a_wrong_answer_that_patches_what_judges_earns_nothing(homework: Room, form: str, patch: str) -> None:
    first = WRONG | {"normalize": f"{PATCHES[patch]}\n{WRONG['normalize']}"}
    handed = for_nbgrader(first, tests=False) if form == "nbgrader" else handed_in(WRONG, PATCHES[patch])
    assert homework.verdicts(form, handed) == "0" * 12


def answered(name: str) -> dict[str, str]:
    return ANSWERS | SUBMISSIONS[name]


@pytest.mark.slow
def test_the_verdicts_are_nbgraders(homework: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    apps = pytest.importorskip("nbgrader.apps")
    from traitlets.config import Config

    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")  # it calls alembic
    course = homework.path / "course"
    write(course / "source" / "hw" / "hw.ipynb", for_nbgrader(SOLVED))
    config = Config({"CourseDirectory": {"root": str(course), "course_id": "c"}})
    api = apps.NbGraderAPI(config=config)
    assert api.generate_assignment("hw")["success"]

    def verdicts(name: str) -> str:
        handed = for_nbgrader(answered(name), tests=False)
        student = f"s{list(SUBMISSIONS).index(name)}"
        write(course / "submitted" / student / "hw" / "hw.ipynb", handed)
        assert api.autograde("hw", student)["success"]
        with api.gradebook as gradebook:
            books = gradebook.find_submission("hw", student).notebooks
            scores = {grade.name: grade.score for book in books for grade in book.grades}
        return "".join("01"[scores[f"test-{name}-{place}"] == POINTS] for name in SOLVED for place in (1, 2))

    _agree(verdicts, lambda name: homework.verdicts("nbgrader", for_nbgrader(answered(name), tests=False)))


@pytest.mark.slow
def test_the_verdicts_are_otters(homework: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    assign = pytest.importorskip("otter.assign")
    from otter.execute import grade_notebook

    monkeypatch.chdir(homework.path)  # it keeps a log where it is run
    master = write(homework.path / "master" / "hw.ipynb", for_otter(SOLVED))
    assign.main(str(master), str(master.parent / "dist"), no_run_tests=True, no_pdfs=True)
    tests = master.parent / "dist" / "autograder" / "tests"

    def verdicts(name: str) -> str:
        handed = write(homework.path / "sub" / "hw.ipynb", handed_in(answered(name)))
        found = grade_notebook(
            str(handed), tests_glob=sorted(map(str, tests.glob("*.py"))), cwd=str(handed.parent), test_dir=str(tests)
        ).results
        return "".join("01"[case.passed] for name in SOLVED for case in found[name].test_case_results)

    _agree(verdicts, lambda name: homework.verdicts("otter", handed_in(answered(name))))


def _agree(theirs: Callable[[str], str], ours: Callable[[str], str]) -> None:
    assert len(SUBMISSIONS) == 20
    found = {name: (theirs(name), ours(name)) for name in SUBMISSIONS}
    assert {name: both for name, both in found.items() if both[0] != both[1]} == {}
