"""Whose answer a cell is, and why an exercise has none."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Command, Course

from grader.assignment.load import load_assignment
from grader.errors import SubmissionError
from grader.judging.grading import _borrowed
from grader.models.report import ExerciseResult, Report

VALUE = {"kind": "function", "calls": [{"call": "same(x)", "returns": "1"}]}
FUNCTION = {"kind": "function", "calls": [{"call": "f()", "returns": "2"}]}


@pytest.fixture
def pair(course: Course) -> Course:
    """Two exercises that ask for the same name, and one that asks for another."""
    course.write("assignments/quiz/same.py", "def same(value):\n    return value\n")
    solution = "# exercise: one\nx = 1\n# exercise: two\nx = 1\n# exercise: three\ndef f():\n    return 2\n"
    course.assign(
        {"id": "one", "requirements": [VALUE]},
        {"id": "two", "requirements": [VALUE], "hint": "Think."},
        {"id": "three", "requirements": [FUNCTION]},
        solution=solution,
        fixtures="same.py",
        diagnosis="none",
    )
    return course


def by_id(report: Report) -> dict[str, ExerciseResult]:
    return {exercise.id: exercise for exercise in report.exercises}


def statuses(report: Report) -> list[str]:
    return [exercise.status for exercise in report.exercises]


def observed(exercise: ExerciseResult) -> str:
    return str(exercise.checks[0].observed)


# -- an older variable is nobody's answer


def test_an_exercise_without_a_cell_is_not_answered(pair: Course) -> None:
    report = pair.grade("# exercise: one\nx = 1\n")
    assert statuses(report) == ["full", "not answered", "not answered"]
    assert by_id(report)["two"].notes[0].text == "no cell carries the marker `# exercise: two`"


@pytest.mark.parametrize(
    "second",
    [
        "import torch\nx = torch.no_such_function()",
        "y = 1\nx = {}['key']",
        "x = (1",
        "raise SystemExit\nx = 1",
        "import os; os._exit(1)\nx = 1",
        "x = (\n    1 /\n    0\n)",
        "y = 2\nimport no_such_package as x",
    ],
    ids=["raises", "raises later", "does not parse", "exits", "dies", "over lines", "passed over"],
)
def test_what_a_cell_did_not_come_to_define_is_not_defined(pair: Course, second: str) -> None:
    report = pair.grade(f"# exercise: one\nx = 1\n# exercise: two\n{second}\n")
    assert statuses(report)[:2] == ["full", "none"]
    check = by_id(report)["two"].checks[0]
    assert str(check.expected).endswith("runs" if "package" in second else "runs to its end")
    assert check.hint is None


@pytest.mark.parametrize(
    "second",
    [
        "x = 1\n{}['key']",
        "for x in [1]:\n    pass\n1 / 0",
        "if True:\n    x = 1\nx.no_such_attribute",
        "import math as x\nx = 1\nraise ValueError",
    ],
)
def test_what_a_cell_defined_before_it_raised_is_judged(pair: Course, second: str) -> None:
    assert statuses(pair.grade(f"# exercise: one\nx = 0\n# exercise: two\n{second}\n"))[:2] == ["none", "full"]


def test_the_same_value_again_is_an_answer(pair: Course) -> None:
    assert statuses(pair.grade("# exercise: one\nx = 1\n# exercise: two\nx = x\n"))[:2] == ["full", "full"]


def test_another_name_is_not_the_one_that_was_asked_for(pair: Course) -> None:
    report = pair.grade("# exercise: one\nx = 1\n# exercise: two\nxx = 1\n")
    assert statuses(report)[:2] == ["full", "none"]
    assert observed(by_id(report)["two"]) == "it is not defined"
    mentioned = pair.grade(
        "# exercise: one\nx = 0\n# exercise: two\ndef change():\n    global x\n    x = 1\nchange()\n"
    )
    assert statuses(mentioned)[:2] == ["none", "full"]


def test_a_helper_above_the_marked_cell_is_part_of_the_answer(pair: Course) -> None:
    report = pair.grade(pair.notebook("# exercise: one\nx = 0", "x = 1", "# exercise: two\nprint(x)"))
    assert statuses(report)[:2] == ["none", "full"]


def test_a_cell_that_is_run_again_counts(pair: Course) -> None:
    report = pair.grade(pair.notebook("# exercise: one\nx = 1 / 0", "# exercise: one\nx = 1"))
    assert statuses(report)[0] == "full"


# -- markers


@pytest.mark.parametrize(
    "first",
    [
        "# exercise: one\n# exercise: two\nx = 1",
        "# exercise: one, two\nx = 1",
        "# exercise: one two\nx = 1",
        "# Exercise\uff1a one\nx = 1\n# EXERCISE: two",
        "# exercise: one (my answer)\n## exercise : two!\nx = 1",
    ],
)
def test_exercises_may_share_a_cell(pair: Course, first: str) -> None:
    assert statuses(pair.grade(pair.notebook(first)))[:2] == ["full", "full"]


def test_exercises_may_share_a_cell_by_its_metadata(pair: Course) -> None:
    path = pair.notebook({"source": "x = 1", "metadata": {"grader": {"exercise": ["one", "two"]}}})
    assert statuses(pair.grade(path))[:2] == ["full", "full"]


def test_a_copy_with_the_metadata_alone_is_scratch_and_a_half_is_not(pair: Course) -> None:
    tagged = {"metadata": {"grader": {"exercise": "one"}}}
    scratch = pair.notebook({"source": "# exercise: one\nx = 1", **tagged}, {"source": "x = 'scratch'", **tagged})
    assert statuses(pair.grade(scratch))[0] == "full"
    halves = pair.notebook({"source": "# exercise: one\ny = 1", **tagged}, {"source": "x = y", **tagged})
    assert statuses(pair.grade(halves))[0] == "full"


@pytest.mark.parametrize(
    ("marker", "note"),
    [
        ("# exercise: thre", "cell 1: `# exercise: thre` names no exercise; did you mean `three`?"),
        ("# exercise: zebra", "cell 1: `# exercise: zebra` names no exercise of this assignment"),
    ],
)
def test_a_marker_that_is_not_understood_is_named(pair: Course, marker: str, note: str) -> None:
    report = pair.grade(pair.notebook(f"{marker}\ndef f(): return 2", "# exercise: one\nx = 1"))
    assert [str(said) for said in report.notes] == [note]
    assert statuses(report) == ["full", "not answered", "not answered"]
    assert "no cell carries" not in by_id(report)["three"].notes[0].text or "zebra" in marker


def test_a_sentence_is_no_marker(pair: Course) -> None:
    report = pair.grade("# exercise: write a function\n# exercise: one\nx = 1\n")
    assert report.notes == ()


def test_an_answer_in_a_text_is_named(pair: Course) -> None:
    text = {"cell_type": "markdown", "source": "# exercise: three\ndef f():\n    return 2"}
    report = pair.grade(pair.notebook(text, "# exercise: one\nx = 1"))
    assert statuses(report)[2] == "not answered"
    (note,) = report.notes
    assert note.text.startswith("cell 1: the marker `# exercise: three` stands in a text")


def test_the_language_of_a_kernel_is_named(pair: Course) -> None:
    path = pair.notebook("f <- function() 1L", metadata={"kernelspec": {"name": "ir", "language": "R"}})
    assert pair.grade(path).notes[0].text == "the notebook's language is R; its cells are run as Python"


@pytest.mark.parametrize(
    "text",
    [
        "# exercise: one\nx = 1\nassert x == 1\n\n# exercise: three\ndef f():\n    return 2\n",
        "# In[1]:\n\n\n1 / 0\n\n\n# In[2]:\n\n\n# exercise: one\nx = 1\n\n\n"
        "# In[ ]:\n\n# exercise: three\ndef f():\n    return 2\n",
        "# %%\nassert 1 == 2\n# %% [markdown]\n# exercise: two\n# # A title\n# %%\n# exercise: one\nx = 1\n"
        "# exercise: three\ndef f():\n    return 2\n",
    ],
    ids=["markers", "nbconvert", "percent"],
)
def test_where_the_cells_of_a_script_end(pair: Course, text: str) -> None:
    assert statuses(pair.grade(text)) == ["full", "not answered", "full"]


def test_a_marker_inside_a_statement_ends_no_cell(pair: Course) -> None:
    text = "# exercise: three\ndef f():\n    y = '''\n# exercise: two\n'''\n    return 2\n# exercise: one\nx = 1\n"
    assert by_id(pair.grade(text))["three"].status == "full"


@pytest.mark.parametrize(
    ("content", "said"),
    [("# 답\nx = 1\n".encode("utf-16"), "UTF-16"), ("# 답\nx = 1\n".encode("cp949"), "CP949")],
)
@pytest.mark.parametrize("suffix", ["py", "ipynb"])
def test_another_encoding_is_named(pair: Course, run: Command, content: bytes, said: str, suffix: str) -> None:
    ended = run("run", pair.quiz, pair.write(f"a.{suffix}", content))
    assert ended.code == 2
    assert said in ended.err


def test_an_encoding_that_a_script_declares_is_read(pair: Course) -> None:
    path = pair.write("a.py", "# -*- coding: cp949 -*-\n# exercise: one\n답 = 1\nx = 답\n".encode("cp949"))
    assert statuses(pair.grade(path))[0] == "full"


# -- notebooks without markers


def test_a_cell_that_defines_what_is_asked_for_is_its_exercise_s(pair: Course) -> None:
    cells = ["x = 1", "x = 1", "%%time\ndef f():\n    return 2", "assert f() == 3"]
    report = pair.grade(pair.notebook(*cells))
    assert statuses(report) == ["full"] * 3
    assert [cell.exercises for cell in report.cells] == [("one",), ("two",), ("three",), ()]
    assert [str(note) for note in report.notes] == [
        "no cell carries a marker, so an exercise's cells are those that define what it asks for"
    ]


@pytest.mark.parametrize(
    "cell", ["from math import *\nx = 1", "exec('x = 1')", "globals()['x'] = 1", "def broken(\n", "%run other.py"]
)
def test_what_may_be_defined_unseen_is_looked_for(pair: Course, cell: str) -> None:
    report = pair.grade(pair.notebook(cell, "exec('x = 1')"))
    assert statuses(report)[:2] == ["full", "full"]


@pytest.mark.parametrize(
    "where",
    [
        {"heading": "Two times"},
        {"matches": r"^x = .*\n# second"},
        {"defines": "second"},
    ],
)
def test_the_spec_says_where_an_answer_is(course: Course, where: dict[str, str]) -> None:
    asked = {"kind": "function", "calls": [{"call": "f()", "returns": "2"}]}
    course.assign({"id": "one", "requirements": [asked]}, {"id": "two", "requirements": [asked], "cells": where})
    report = course.grade(
        course.notebook(
            {"cell_type": "markdown", "source": "# 1. One"},
            "# exercise: one\ndef f(): return 1",
            {"cell_type": "markdown", "source": "text\n\n## 2) **two** Times"},
            "x = 1\n# second\nsecond = True\ndef f(): return 2",
            {"cell_type": "markdown", "source": "## After"},
            "def f(): return 3",
        )
    )
    assert statuses(report) == ["none", "full"]
    missing = course.grade(course.notebook("# exercise: one\ndef f(): return 1"))
    assert statuses(missing) == ["none", "not answered"]


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ({"heading": "A", "defines": "b"}, "give one of"),
        ({}, "give one of"),
        ({"matches": "("}, "is not a regular expression"),
        ({"defines": "a b"}, "defines"),
        ({"titel": "A"}, "titel"),
    ],
)
def test_wrong_places_in_a_spec(course: Course, run: Command, where: dict[str, str], said: str) -> None:
    course.assign({"id": "one", "requirements": [FUNCTION], "cells": where})
    ended = run("run", course.quiz, course.write("a.py", "x = 1\n"))
    assert ended.code == 2
    assert said in ended.err


def test_an_expression_that_takes_for_ever_takes_not(course: Course, run: Command) -> None:
    course.assign({"id": "one", "requirements": [FUNCTION], "cells": {"matches": r"^(x+x+)+y"}})
    report = course.grade(course.notebook("x" * 5_000))
    assert statuses(report) == ["not answered"]


def raw(notebook: Path) -> list[dict[str, Any]]:
    """A notebook's cells without markers."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    plain = (re.sub(r"^# exercise:.*\n", "", "".join(cell["source"]), flags=re.MULTILINE) for cell in cells)
    return [{"cell_type": cell["cell_type"], "source": text} for cell, text in zip(cells, plain, strict=True)]


def as_notebook(course: Course, cells: list[dict[str, Any]]) -> Path:
    return course.notebook(*cells)


def as_script(course: Course, cells: list[dict[str, Any]]) -> Path:
    def part(cell: dict[str, Any]) -> str:
        text: str = cell["source"]
        commented = text.replace("\n", "\n# ")
        return f"# %%\n{text}" if cell["cell_type"] == "code" else f"# %% [markdown]\n# {commented}"

    return course.write("answer.py", "\n\n".join(map(part, cells)) + "\n")


def as_plain_script(course: Course, cells: list[dict[str, Any]]) -> Path:
    return course.write("answer.py", "\n\n".join(c["source"] for c in cells if c["cell_type"] == "code") + "\n")


@pytest.mark.parametrize(
    "name",
    ["assignment1", "assignment2", *(pytest.param(f"assignment{n}", marks=pytest.mark.slow) for n in (3, 4))],
)
@pytest.mark.parametrize("layout", [as_notebook, as_script, as_plain_script])
def test_raw_notebooks_earn_what_marked_ones_do(
    course: Course, name: str, layout: Callable[[Course, list[dict[str, Any]]], Path]
) -> None:
    folder = load_assignment(ROOT / "assignments" / name)
    course.quiz = folder.path
    report = course.grade(layout(course, raw(folder.solution)))
    assert report.earned == report.possible


# -- the first cause


def test_an_earlier_cell_that_stopped_is_the_cause(pair: Course) -> None:
    cells = [
        "import json\n{}['key']\nimport math",
        "# exercise: one\nx = math.ceil(0.5)",
        "# exercise: three\ndef f(): return math.ceil(1.5)",
    ]
    report = pair.grade(pair.notebook(*cells))
    for name in ("one", "three"):
        check = by_id(report)[name].checks[0]
        assert (str(check.expected), str(check.observed)) == (
            "the cell that this one needs runs to its end",
            "KeyError: 'key'",
        )
        assert (check.cell, check.line, check.code) == (1, 2, "{}['key']\n~~^^^^^^^")
        assert check.hint is None


def test_one_cause_is_one_block(course: Course, run: Command) -> None:
    three = [{**FUNCTION, "id": name} for name in "abc"]
    course.assign({"id": "one", "hint": "Think.", "requirements": three})
    ended = run("run", course.quiz, course.notebook("# exercise: one\ndef f():\n    return (2"))
    assert ended.out.count("SyntaxError") == 1  # the block; the cell's own line says no more
    assert "✗ call[1,a], call[1,b], call[1,c]" in ended.out
    assert "Think." not in ended.out
    lines = [line.strip() for line in ended.out.splitlines()]
    at = lines.index("where cell 1, line 3")
    assert lines[at + 1 : at + 3] == ["code return (2", "^"]


@pytest.mark.parametrize(
    ("written", "meant"), [("MyLine", "MyLinear"), ("mylinear", "MyLinear"), ("make_noise", "noise")]
)
def test_a_near_name_is_proposed(course: Course, written: str, meant: str) -> None:
    course.require({"kind": "function", "calls": [{"call": f"{meant}()", "returns": "2"}]})
    check = course.grade(course.notebook(f"# exercise: one\n\ndef {written}():\n    return 2")).exercises[0].checks[0]
    assert str(check.hint) == f"Did you mean `{written}`? The name is `{meant}`."
    assert (check.cell, check.line) == (1, 3)


def test_a_library_is_no_near_name(course: Course) -> None:
    course.require({"kind": "function", "calls": [{"call": "watch()", "returns": "2"}]})
    check = course.grade(course.notebook("import torch", "# exercise: one\n")).exercises[0].checks[0]
    assert "torch" not in str(check.hint)


def test_cells_are_numbered_as_they_are_seen(course: Course, run: Command) -> None:
    course.require(FUNCTION)
    text = {"cell_type": "markdown", "source": "text"}
    answer = {"source": "# exercise: one\ndef f():\n    return 3", "execution_count": 7}
    ended = run("run", course.quiz, course.notebook(text, text, answer))
    assert "where cell 3 (In [7]), line 2" in ended.out


# -- folders


@pytest.fixture
def folder(course: Course) -> Course:
    course.require(FUNCTION, files=["lib/*.py", "*.csv"])
    course.write("in/answer.py", "# exercise: one\nfrom lib.deep.two import f\nopen('one.csv').read()\n")
    course.write("in/lib/deep/two.py", "def f():\n    return helper()\n\n\ndef helper():\n    return 2\n")
    course.write("in/one.csv", "1\n")
    course.write("in/other.py.txt", "")
    return course


def test_a_folder_is_a_submission(folder: Course, run: Command) -> None:
    for path in (folder.path / "in", folder.path / "in" / "answer.py"):
        report = folder.grade(path)
        assert (report.earned, report.cells[0].raised) == (1, None)
    assert run("run", folder.quiz, folder.path / "in", "--html", folder.path / "page.html").code == 0


def test_modules_are_pointed_at(folder: Course) -> None:
    folder.write("in/lib/deep/two.py", "def f():\n    return 3\n")
    check = folder.grade(folder.path / "in").exercises[0].checks[0]
    assert (check.file, check.line, check.code) == ("lib/deep/two.py", 1, "def f():")
    folder.write("in/lib/deep/two.py", "def f():\n    return 1 / 0\n")
    check = folder.grade(folder.path / "in").exercises[0].checks[0]
    assert (check.file, check.line, check.code) == ("lib/deep/two.py", 2, "return 1 / 0\n       ~~^~~")


def test_only_what_the_spec_allows_is_handed_in(folder: Course) -> None:
    folder.write("in/more.py", "")
    folder.write("in/answer.py", "# exercise: one\nimport more\ndef f(): return 2\n")
    (passed_over,) = folder.grade(folder.path / "in" / "answer.py").cells[0].passed_over
    assert passed_over.type == "ModuleNotFoundError"


def test_links_are_not_followed(folder: Course) -> None:
    folder.write("secret.csv", "4711")
    (folder.path / "in" / "one.csv").unlink()
    (folder.path / "in" / "one.csv").symlink_to(folder.path / "secret.csv")
    raised = folder.grade(folder.path / "in").cells[0].raised
    assert raised is not None
    assert raised.type == "FileNotFoundError"


def test_a_file_that_changes_makes_another_submission(folder: Course) -> None:
    before = folder.grade(folder.path / "in")
    folder.write("in/one.csv", "2\n")
    assert folder.grade(folder.path / "in").submission.sha256 != before.submission.sha256


@pytest.mark.parametrize(
    ("names", "said"),
    [((), "there is no notebook"), (("a.py", "b.py"), "there are several scripts (a.py, b.py)")],
)
def test_a_folder_without_one_answer(course: Course, run: Command, names: tuple[str, ...], said: str) -> None:
    course.require(FUNCTION)
    (course.path / "in").mkdir()
    for name in names:
        course.write(f"in/{name}", "x = 1\n")
    ended = run("run", course.quiz, course.path / "in")
    assert ended.code == 2
    assert said in ended.err


def test_without_a_list_a_folder_is_handed_in_whole_and_a_notebook_alone(folder: Course) -> None:
    folder.require(FUNCTION)
    assert folder.grade(folder.path / "in").earned == 1
    assert folder.grade(folder.path / "in" / "answer.py").earned == 0


def test_the_files_of_an_assignment_are_no_submission(course: Course) -> None:
    course.require(FUNCTION, files=["*.py"], fixtures="secret.py", notebook="answer.py")
    course.write("assignments/quiz/secret.py", "def two():\n    return 2\n")
    starter = course.write("assignments/quiz/answer.py", "# exercise: one\nfrom secret import two\nf = two\n")
    assert course.grade(starter).earned == 0


# -- what strangers' notebooks brought up


@pytest.mark.parametrize("title", ["2. Two times", "**2) Two times!**", "두 배", "2 - two times"])
def test_a_heading_in_either_language_and_in_many_ways(course: Course, title: str) -> None:
    asked = {"kind": "function", "calls": [{"call": "f()", "returns": "2"}]}
    heading = {"heading": {"en": "Two times", "ko": "두 배"}}
    course.assign({"id": "one", "requirements": [asked]}, {"id": "two", "requirements": [asked], "cells": heading})
    text = {"cell_type": "markdown", "source": f"## {title}"}
    assert statuses(course.grade(course.notebook("# exercise: one\nf = 1", text, "f = lambda: 2"))) == ["none", "full"]
    script = f"# exercise: one\nf = 1\n\n# ## {title}\n\n# In[2]:\n\nf = lambda: 2\n"
    assert statuses(course.grade(script)) == ["none", "full"]


def test_a_heading_that_is_not_there_is_said_and_names_are_looked_for(course: Course) -> None:
    course.assign({"id": "one", "requirements": [FUNCTION], "cells": {"heading": "Two times"}})
    report = course.grade("f = lambda: 2\n")
    assert statuses(report) == ["full"]
    assert report.notes[0].text == "there is no code cell under the heading Two times"


def test_an_answer_without_a_marker_among_others_is_named(pair: Course) -> None:
    report = pair.grade(pair.notebook("# exercise: one\nx = 1", "def f(): return 2"))
    assert statuses(report) == ["full", "not answered", "not answered"]
    assert [str(note) for note in report.notes] == [
        "cell 2, line 1: it defines `f` and carries no marker; write `# exercise: three` into it"
    ]


@pytest.mark.parametrize(
    ("first", "line", "said"),
    [
        ("x = = 1\nimport math\nfrom os import path as p, sep", 1, "SyntaxError: invalid syntax"),
        ("import no_such as pd\nmath = pd.math\nimport re", 1, "No module named 'no_such'"),
        ("math = input()\nmath.pi", 1, "nobody is here to answer"),
    ],
)
def test_the_first_cause_of_a_chain(pair: Course, first: str, line: int, said: str) -> None:
    report = pair.grade(pair.notebook(first, "# exercise: one\nx = math.ceil(0.5)"))
    check = by_id(report)["one"].checks[0]
    assert (check.cell, check.line) == (1, line)
    assert said in str(check.observed)


def test_what_follows_a_statement_that_was_passed_over_runs(pair: Course) -> None:
    cells = (
        "import no_such as pd\ntable = pd.read_csv('x')\ntable.head()\nimport math",
        "# exercise: one\nx = math.ceil(0.5)",
    )
    report = pair.grade(pair.notebook(*cells))
    assert statuses(report)[0] == "full"
    assert [len(cell.passed_over) for cell in report.cells] == [3, 0]


def test_what_is_defined_later_is_said(pair: Course) -> None:
    report = pair.grade(pair.notebook("# exercise: three\nprint('soon')", "def f(): return 2"))
    check = by_id(report)["three"].checks[0]
    assert str(check.hint) == "`f` is defined only after this exercise's last cell."
    assert (check.cell, check.line) == (2, 1)


def test_a_bracket_that_is_open_is_pointed_at(pair: Course) -> None:
    check = by_id(pair.grade(pair.notebook("# exercise: three\n\ndef f():\n    return (2 +\n\nx = 1")))["three"].checks[
        0
    ]
    assert str(check.observed) == "SyntaxError: '(' was never closed"
    assert (check.line, check.code) == (4, "return (2 +\n       ^")


def test_an_indented_definition_is_the_cause(pair: Course) -> None:
    check = by_id(pair.grade("# exercise: three\n  def f():\n    return 2\n"))["three"].checks[0]
    assert str(check.observed) == "IndentationError: unexpected indent"


def test_files_that_were_not_handed_in_are_named(folder: Course) -> None:
    folder.require(FUNCTION, files=["net.py", "*.csv"])
    folder.write("in/answer.py", "# exercise: one\nimport other\nimport net\ndef f(): return 2\n")
    folder.write("in/other.py", "")
    report = folder.grade(folder.path / "in" / "answer.py")
    assert [str(note) for note in report.notes] == [
        "the file net.py was not handed in",
        "other.py lies beside the notebook, and is no part of the submission",
    ]
    folder.require(FUNCTION)
    alone = folder.grade(folder.path / "in" / "answer.py")
    assert "other.py lies beside the notebook" in str(alone.notes[0])


@pytest.mark.parametrize(
    ("content", "said"), [(b"", "it is empty"), (b" <!DOCTYPE html>", "it is a web page"), (b"{", "it is not JSON")]
)
def test_what_is_no_notebook_is_named(pair: Course, run: Command, content: bytes, said: str) -> None:
    ended = run("run", pair.quiz, pair.write("a.ipynb", content))
    assert ended.code == 2
    assert said in ended.err


def test_a_notebook_without_code_is_told_so(pair: Course) -> None:
    report = pair.grade(pair.notebook({"cell_type": "markdown", "source": "text"}))
    assert [str(note) for note in report.notes] == ["there is no code in it"]
    assert set(statuses(report)) == {"not answered"}


HUGE = {
    "names": (8, "# exercise: one\n(\n" + "\n".join(f"n{i}=" for i in range(9_000)), "define more names"),
    "imports": (30, ("import " + "a" * 490 + " b\n") * 190 + "(", ""),
    "options": (9, f"get_ipython().run_line_magic('time', '-a{'1' * 90_000}')", ""),
    "own": (4_900, "# exercise: one\nv = 1 # " + "ab " * 140, ""),
}


@pytest.mark.parametrize(("number", "cell", "said"), HUGE.values(), ids=HUGE)
def test_to_look_through_much_takes_not_long(pair: Course, number: int, cell: str, said: str) -> None:
    folder = load_assignment(pair.quiz)
    path = pair.notebook(*[cell] * number)
    start = time.process_time()
    if said:
        with pytest.raises(SubmissionError, match=said):
            folder.read(path)
    else:
        _borrowed(folder.read(path), lambda exercise: ["f", "v"])
    assert time.process_time() - start < 12


def test_tags_without_number_that_name_nothing(pair: Course) -> None:
    cells = [{"source": "x", "metadata": {"grader": {"exercise": [f"on{n:04d}"] * 50}}} for n in range(3_000)]
    start = time.process_time()
    assert len(load_assignment(pair.quiz).read(pair.notebook(*cells)).notes) <= 12
    assert time.process_time() - start < 8


def test_a_module_of_any_name_may_be_imported(pair: Course) -> None:
    report = pair.grade(pair.notebook(f"import {'a' * 300}", "# exercise: three\ndef f(): return 2"))
    assert by_id(report)["three"].earned


def test_a_folder_s_notebook_is_no_link(folder: Course, run: Command) -> None:
    """To the solution, for example, which lies beside submissions where each is graded by itself."""
    folder.require(FUNCTION)
    folder.write("solution.py", "# exercise: one\ndef f(): return 2\n")
    (folder.path / "in" / "answer.py").unlink()
    (folder.path / "in" / "answer.py").symlink_to("../solution.py")
    ended = run("run", folder.quiz, folder.path / "in")
    assert (ended.code, "answer.py in its folder is a symbolic link" in ended.err) == (2, True)


def test_folders_without_end_are_refused(folder: Course, run: Command) -> None:
    folder.require(FUNCTION)
    place = folder.path / "in"
    os.makedirs(place / ("d/" * 60))
    folder.write("in/answer.py", "# exercise: one\ndef f(): return 2\n")
    ended = run("run", folder.quiz, place)
    assert (ended.code, "more than 40 folders" in ended.err) == (2, True)


def test_names_beside_a_notebook_fit_in_a_frame(folder: Course, run: Command) -> None:
    folder.require(FUNCTION, files=["*.csv"])
    for number in range(300):
        folder.write(f"in/{'/'.join(['d' * 200] * 9)}/{number}.csv", "")
    folder.write("in/answer.py", "# exercise: one\ndef f(): return 2\n")
    ended = run("run", folder.quiz, folder.path / "in" / "answer.py")
    assert (ended.code, "very long names" in ended.err) == (2, True)


@pytest.mark.slow
def test_a_name_of_a_hidden_check_is_not_told(course: Course, run: Command) -> None:
    hidden = {"kind": "function", "calls": [{"call": "secret()", "returns": "1"}], "hidden": True, "id": "h"}
    course.assign({"id": "one", "requirements": [FUNCTION, hidden]}, {"id": "two", "requirements": [FUNCTION]})
    for cells in (["secret = f = lambda: 2"], ["# exercise: two\nf = 2", "secret = 2"], ["y = 1"]):
        path = course.notebook(*cells)
        for form in ("--json", "--html", "--markdown", "--junit"):
            said = run("run", course.quiz, path, form, "-").out
            assert "`secret`" not in said
        assert "`secret`" not in run("run", course.quiz, path, "-v").out


def test_a_line_of_a_module_is_none_of_the_cell(folder: Course) -> None:
    """The cell binds `f` at the line at which, in the module, a package is missing."""
    folder.write("in/answer.py", "def f(): return 2\n# %%\n# exercise: one\nimport lib.one\nf = f\n")
    folder.write("in/lib/one.py", "\n\n\n\nimport no_such_package\n")
    assert folder.grade(folder.path / "in" / "answer.py").earned == 1


# -- cells that another grader knew


@pytest.fixture
def known(course: Course) -> Course:
    """Two exercises of one name, whose cells have names of nbgrader's or Otter's."""
    exercises = [
        {"id": name, "cells": {"graded_as": name, "defines": ["f", "g"]}, "requirements": [FUNCTION | {"calls": [
            {"call": f"{call}()", "returns": "2"}]}]} for name, call in (("one", "f"), ("two", "g"))
    ]  # fmt: skip
    course.assign(
        *exercises, solution="# exercise: one\ndef f():\n    return 2\n# exercise: two\ndef g():\n    return 2\n"
    )
    return course


def cell_known_as(name: str, source: str) -> dict[str, Any]:
    return {"source": source, "metadata": {"nbgrader": {"grade_id": name, "solution": True, "schema_version": 3}}}


ONE, TWO = "def f():\n    return 2", "def g():\n    return 2"


def test_nbgraders_names_of_cells_say_whose_they_are(known: Course) -> None:
    later = "def f():\n    return 3"
    given = known.notebook(cell_known_as("one", ONE), cell_known_as("two", TWO), later)
    assert statuses(known.grade(given)) == ["full", "full"]
    given = known.notebook(cell_known_as("one", "x = 1"), cell_known_as("two", TWO), ONE)
    assert statuses(known.grade(given)) == ["none", "full"]


@pytest.mark.parametrize("check", ["grader.check", "_ = ok.grade"])
def test_what_is_checked_below_is_a_question_of_otters(known: Course, check: str) -> None:
    given = known.notebook(ONE, f'{check}("one")', "def f():\n    return 3", TWO, f"{check}('two')")
    assert statuses(known.grade(given)) == ["full", "full"]


def test_where_no_cell_has_such_a_name_definitions_decide(known: Course) -> None:
    assert statuses(known.grade(known.notebook(ONE, TWO))) == ["full", "full"]
    assert statuses(known.grade(known.notebook("x = 1"))) == ["not answered", "not answered"]


def test_given_files_lie_beside_every_submission_and_are_no_part_of_it(known: Course) -> None:
    script = f"import tools\n{ONE.replace('2', 'tools.TWO')}\n{TWO}\n"
    known.write("assignments/quiz/given/tools.py", "TWO = 2\n")
    known.write("work/tools.py", "TWO = 3\n")
    alone, folder = known.write("answer.py", script), known.write("work/answer.py", script).parent
    assert statuses(known.grade(alone)) == ["full", "full"]
    assert statuses(known.grade(folder)) == ["full", "full"]
    before = load_assignment(known.quiz).read(alone).sha256
    known.write("assignments/quiz/given/tools.py", "TWO = 1 + 1\n")
    assert load_assignment(known.quiz).read(alone).sha256 == before
