"""Where student code raises: what of the line failed is underlined, and `-v` and the page show the way there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import Command, Course
from pydantic import ValidationError
from rich.cells import cell_len

from grader.diagnosis.exception_facts import exception_facts
from grader.diagnosis.underline import underlined
from grader.models.mistake import Fact
from grader.models.observation import Frame, Raised

HEAD = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n"
DEEP = """
def down(n):
    if n == 0:
        return {}['bottom']
    return down(n - 1)
"""
WIDE = "def f(x):\n\t값 = {'가': 1}\n\treturn 값['나'] + 값['가']\n"


def answer(course: Course, code: str, call: str = "f(3)", **keys: object) -> Path:
    course.require({"kind": "function", "calls": [{"call": call}], **keys}, solution=HEAD + "def f(x):\n    return 1\n")
    return course.write("answer.py", f"{HEAD}# %%\n# exercise: one\n{code}")


def shown(run: Command, course: Course, code: str, *options: str) -> list[str]:
    """What the terminal shows of an answer, line by line without its margin."""
    return [line.strip() for line in run("run", course.quiz, answer(course, code), *options).out.splitlines()]


def after(lines: list[str], label: str) -> list[str]:
    (at,) = (number for number, line in enumerate(lines) if line.startswith(label))
    return [lines[at].removeprefix(label).strip(), *lines[at + 1 :]]


# -- the part that failed


@pytest.mark.parametrize(
    ("line", "part", "below"),
    [
        ("y = x @ self.w.T + b", "x @ self.w.T", "    ~~^~~~~~~~~~"),
        ("return (a + b) * (c)", "(a + b) * (c)", "       ~~~~~~~~^~~~~"),
        ("y = x[0, 1].sum()", "x[0, 1]", "    ~^^^^^^"),
        ("y = F.relu(x, 3)", "F.relu(x, 3)", "    ~~~~~~^^^^^^"),
        ("y = x.men().item()", "x.men", "    ~~^^^"),
        ("y = w + 1", "w", "    ^"),
        ("값 = 데이터['키'] + 1", "데이터['키']", "     ~~~~~~^^^^^^"),
        ("a\t= b\t[0]", "b\t[0]", "       ~^^^^^^^"),
        ("e\u0301 = x.y", "x.y", "    ~~^"),
        ("if x: y = a.b", "a.b", "          ~~^"),
    ],
)
def test_the_part_that_failed_is_underlined(line: str, part: str, below: str) -> None:
    column = line.index(part)
    assert underlined(f"    {line}", column, column + len(part)).split("\n") == [line.replace("\t", "    "), below]


@pytest.mark.parametrize(
    ("column", "end", "below"),
    [(2, None, "  ^"), (2, 1, "  ^"), (2, 10**9, "  ^^^"), (5, 9, ""), (10**9, None, ""), (0, 5, ""), (None, 3, "")],
)
def test_columns_that_a_guest_makes_up(column: int | None, end: int | None, below: str) -> None:
    assert underlined("a = (", column, end) == (f"a = (\n{below}" if below else "a = (")


def test_a_line_that_raises_as_a_whole_is_not_underlined(run: Command, course: Course) -> None:
    lines = after(shown(run, course, "def f(x):\n    raise ValueError(x)\n"), "code")
    assert lines[0] == "raise ValueError(x)"
    assert "^" not in lines[1]


def test_wide_characters_and_tabs_in_each_form(run: Command, course: Course) -> None:
    path = answer(course, WIDE)
    below = "       ~~^^^^^^"
    code = ["return 값['나'] + 값['가']", below]
    terminal = run("run", course.quiz, path).out.splitlines()
    (at,) = (number for number, line in enumerate(terminal) if line.strip().startswith("code"))
    margin = terminal[at].index("return")
    assert [line[margin:] for line in terminal[at : at + 2]] == code
    assert "\n".join(code) in run("run", course.quiz, path, "--html", "-").out.replace("&#39;", "'")
    markdown = run("run", course.quiz, path, "--markdown", "-").out
    assert "".join(f"  {line}\n" for line in code) in markdown


def test_what_a_cell_raises_is_underlined(run: Command, course: Course) -> None:
    path = answer(course, "def f(x):\n    return 2\n# %%\ny = 1 + torch.ones(3).men()\n")
    below = "        ~~~~~~~~~~~~~~^^^\n"
    assert re.search(
        rf"\n +y = 1 \+ torch\.ones\(3\)\.men\(\)\n +{re.escape(below)}", run("run", course.quiz, path).out
    )
    assert f"y = 1 + torch.ones(3).men()\n  {below}" in run("run", course.quiz, path, "--markdown", "-").out


def test_a_long_line_is_cut_where_the_part_is_in_sight(
    run: Command, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    path = answer(course, f"def f(x):\n    return [{'x, ' * 30}{{}}['가나다'], {'x, ' * 30}]\n")
    lines = run("run", course.quiz, path, "-v").out.splitlines()
    both = [(line, lines[at + 1]) for at, line in enumerate(lines) if "{}['가나다']" in line]
    assert len(both) == 2  # once as the place, once in the traceback
    for line, below in both:
        column = cell_len(line.partition("{}")[0])
        assert below.strip() == "~~^^^^^^^^^^"
        assert len(below) - len(below.lstrip()) == column
        assert cell_len(line) <= 60
        assert line.count("…") == 2


# -- the way there


def test_the_frames_of_the_student_alone(run: Command, course: Course) -> None:
    code = "def g(x):\n    return F.linear(torch.ones(2, 3), W)\n\ndef f(x):\n    return nn.Sequential(Calls())(x)\n"
    code += "\nW = torch.ones(2, 2)\nclass Calls(nn.Module):\n    def forward(self, x):\n        return g(x)\n"
    lines = after(shown(run, course, code, "-v"), "traceback")
    assert lines[:8] == [
        "line 10, in f", "return nn.Sequential(Calls())(x)",
        "line 15, in forward", "return g(x)",
        "line 7, in g", "return F.linear(torch.ones(2, 3), W)", "~~~~~~~~^^^^^^^^^^^^^^^^^^^^^",
        "RuntimeError: mat1 and mat2 shapes cannot be multiplied (2x3 and 2x2)",
    ]  # fmt: skip
    assert not any(line.startswith("traceback") for line in shown(run, course, code))


def test_the_innermost_function_of_a_library(run: Command, course: Course) -> None:
    layer = "def f(x):\n    return nn.Linear(2, 2)(torch.ones(3))\n"
    assert after(shown(run, course, layer, "-v"), "in torch: ")[0] == "Linear.forward"
    loaded = "import json\ndef f(x):\n    return json.loads('{')\n"
    assert after(shown(run, course, loaded, "-v"), "in json: ")[0] == "JSONDecoder.raw_decode"
    refused = "def f(x):\n    return input('a number')\n"
    assert not any(line.startswith("in grader") for line in shown(run, course, refused, "-v"))


def test_the_middle_of_a_deep_recursion_is_left_out(run: Command, course: Course) -> None:
    lines = after(shown(run, course, DEEP + "\ndef f(x):\n    return down(900)\n", "-v"), "traceback")
    places = [line for line in lines if re.match(r"line \d+, in |\.\.\. ", line)]
    assert places[0] == "line 13, in f"
    assert places[4] == "... 890 more"
    assert places[5:] == ["line 10, in down"] * 7 + ["line 9, in down"]
    endless = "def g():\n    return g()\n\ndef f(x):\n    return g()\n"
    assert any(re.fullmatch(r"\.\.\. 9\d\d more", line) for line in shown(run, course, endless, "-v"))


def test_what_may_have_been_meant_and_notes(run: Command, course: Course) -> None:
    code = "def f(x):\n    length = x\n    try:\n        return lenght\n    except NameError as error:\n"
    code += "        error.add_note('a note')\n        raise\n"
    lines = shown(run, course, code, "-v")
    at = lines.index("NameError: name 'lenght' is not defined")
    assert lines[at + 1 : at + 3] == ["a note", "Did you mean `length`?"]
    assert "혹시 `length` 아닙니까?" in "".join(shown(run, course, code, "-v", "--lang", "ko"))


@pytest.mark.parametrize(
    ("code", "meant"),
    [
        ("class A:\n    w = 1\n    def g(self):\n        return w\ndef f(x):\n    return A().g()\n", "self.w"),
        ("from torch import nn\ndef f(x):\n    return nn.module()\n", "Module"),
        ("def f(x):\n    return torch.zeroes(x)\n", "zeros"),
        (
            "class A:\n    @property\n    def size(self):\n        return self.szie\ndef f(x):\n    return A().size\n",
            "size",
        ),
        ("def f(x):\n    return q\n", None),
        ("class A:\n    def __dir__(self):\n        raise ValueError\ndef f(x):\n    return A().width\n", None),
        ("def f(x):\n    raise NameError('x', name=3)\n", None),
        ("class E(Exception):\n    __notes__ = property(lambda self: 1 / 0)\ndef f(x):\n    raise E\n", None),
        ("def f(x):\n    exec('raise KeyError', {'__name__': 3})\n", None),
        ("def f(x):\n    error = AttributeError('x')\n    error.__notes__ = 3\n    raise error\n", None),
    ],
)
def test_what_is_suggested(course: Course, code: str, meant: str | None) -> None:
    (check,) = course.grade(answer(course, code)).exercises[0].checks
    assert check.raised
    assert check.raised.suggests == meant


@pytest.mark.parametrize(("made", "meant"), [("Mine()", None), ("theirs()", "widths")])
def test_nothing_is_suggested_for_an_object_of_the_instructors_own(
    course: Course, made: str, meant: str | None
) -> None:
    """Who deletes one of its attributes has not misspelt another one's name."""
    fixtures = f"class Mine:\n    widths = 1\n\n\ndef seen(f, theirs):\n    return f({made}).width\n"
    course.write("assignments/quiz/fixtures.py", fixtures)
    asked = {"kind": "function", "calls": [{"call": "seen(f, Theirs)", "returns": "1"}]}
    course.require(asked, fixtures="fixtures.py")
    code = "class Theirs:\n    widths = 1\n\ndef f(x):\n    return x\n"
    (check,) = course.grade(code).exercises[0].checks
    assert check.raised
    assert check.raised.suggests == meant


def test_the_page_has_it_folded(run: Command, course: Course) -> None:
    page = run("run", course.quiz, answer(course, DEEP + "\ndef f(x):\n    return down(2)\n"), "--html", "-").out
    (folded,) = re.findall(r"<details><summary>traceback</summary><pre[^>]*>(.*?)</pre></details>", page, re.DOTALL)
    assert folded.splitlines()[:2] == ["line 13, in f", "    return down(2)"]
    assert "&#39;bottom&#39;" in folded


def test_a_cell_that_raised(run: Command, course: Course) -> None:
    code = "def g(x):\n    return 1 / x\n\ng(0)\ndef f(x):\n    return 2\n"
    path = answer(course, code)
    out = run("run", course.quiz, path, "-v").out
    assert re.search(r"! line 7: ZeroDivisionError: .*\n +line 9\n +g\(0\)\n +line 7, in g\n", out)
    page = run("run", course.quiz, path, "--html", "-").out
    assert page.count("<summary>traceback</summary>") == 2  # of the check, and of the cell


def test_hidden_checks_show_none(run: Command, course: Course) -> None:
    path = answer(course, DEEP + "\ndef f(x):\n    return down(x)\n", "f(41)", hidden=True)
    for form in ("--html", "--json", "--markdown"):
        assert "bottom" not in run("run", course.quiz, path, form, "-").out.partition("Your notebook")[0]
    assert "traceback" not in run("run", course.quiz, path, "-v").out


# -- what a guest may say

FRAME = {"cell": 1, "line": 2, "function": "f", "code": "x"}
RAISED = {"type": "E", "bases": ["E"], "message": "", "frames": [FRAME]}


@pytest.mark.parametrize(
    "wrong",
    [
        {"frames": [FRAME] * 21}, {"frames": [{**FRAME, "skipped": -1}]}, {"frames": [{**FRAME, "end": -1}]},
        {"frames": [{**FRAME, "column": 10**10}]}, {"library": 3}, {"suggests": ["a"]}, {"notes": ["a"] * 11},
        {"notes": "a"},
    ],
)  # fmt: skip
def test_what_is_no_exception_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Raised.model_validate({**RAISED, **wrong})


def test_texts_are_cut_and_cleaned() -> None:
    raised = Raised.model_validate({**RAISED, "library": "x" * 10**6, "suggests": "\x1b[1m", "notes": ["y" * 10**6]})
    assert len(raised.library or "") == 200
    assert len(raised.notes[0]) == 5000
    assert "\x1b" not in (raised.suggests or "")
    assert Frame.model_validate({**FRAME, "skipped": 10**9}).skipped == 10**9


def test_numbers_that_are_too_long_to_read() -> None:
    method: Fact = {"fact": "no_self", "class": "A", "function": "g"}
    said = f"A.g() takes {'9' * 4400} positional arguments but 2 were given"
    facts = exception_facts(Raised.model_validate({**RAISED, "message": said}), [method])
    assert [fact["fact"] for fact in facts] == ["raised"]
