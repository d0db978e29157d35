"""One master: what is made of it, how it is graded, and what is said of one that is wrong."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml
from conftest import Command, Course, Ended, outcomes

ONE = {"id": "one", "requirements": [{"kind": "function", "calls": [{"call": "f(3)"}]}]}
ANSWER = "# exercise: one\n# solution\ndef f(x):\n    return x + 1\n# end"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def text(source: str, **keys: Any) -> dict[str, Any]:
    return {"cell_type": "markdown", "source": source, "metadata": {}, **keys}


def code(source: str, **keys: Any) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None, **keys}


def master(course: Course, *cells: str | dict[str, Any], exercises: tuple[Any, ...] = (ONE,), **keys: Any) -> Path:
    """Write an assignment that is kept as one notebook."""
    full = [code(cell) if isinstance(cell, str) else cell for cell in cells]
    for number, cell in enumerate(full):
        cell.setdefault("id", f"c{number}")
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": full}
    course.write("assignments/quiz/quiz.master.ipynb", json.dumps(content))
    return course.assign(*exercises, master="quiz.master.ipynb", **keys)


def sources(path: Path) -> list[str]:
    notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    return [cell.source for cell in notebook.cells]


def made(course: Course, run: Command) -> tuple[list[str], list[str]]:
    """The cells of the notebook that students get, and of the solution."""
    ended = run("release", course.quiz, "--in-place")
    assert (ended.code, ended.err) == (0, ""), ended.err
    return sources(course.quiz / "quiz.ipynb"), sources(course.path / "solutions" / "quiz.ipynb")


MARKS = {
    "own": ("# solution\nx = 1\n# end", "...", "x = 1"),
    "own, with words": ("# Solution: Write x here.\nx = 1\n# End", "# Write x here.", "x = 1"),
    "inside": (
        "def g():\n    # solution: Add.\n    return 1\n    # end",
        "def g():\n    # Add.\n    ...",
        "def g():\n    return 1",
    ),
    "end of what": ("# solution\nx = 1\n# end solution\ny = 2", "...\ny = 2", "x = 1\ny = 2"),
    "nbgrader": (
        "def g():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION",
        "def g():\n    # YOUR CODE HERE\n    raise NotImplementedError()",
        "def g():\n    return 1",
    ),
    "nbgrader, hidden": (
        "assert f(1) == 2\n### BEGIN HIDDEN TESTS\nassert f(2) == 3\n### END HIDDEN TESTS",
        "assert f(1) == 2",
        "assert f(1) == 2\nassert f(2) == 3",
    ),
    "nbgrader, all hidden": (
        "### BEGIN HIDDEN TESTS\nassert f(2) == 3\n### END HIDDEN TESTS",
        None,
        "assert f(2) == 3",
    ),
    "otter, a value": ("x = (1 + 2)  # SOLUTION", "x = ...", "x = (1 + 2)"),
    "otter, two values": ("x, y = 1, 2 # SOLUTION", "x, y = ..., ...", "x, y = 1, 2"),
    "otter, a type": ("x: int = 1 # SOLUTION", "x: int = ...", "x: int = 1"),
    "otter, Korean": ("값 = '하나' # SOLUTION", "값 = ...", "값 = '하나'"),
    "otter, a line": ("def g():\n    return 1  # SOLUTION", "def g():\n    ...", "def g():\n    return 1"),
    "otter, nothing": ("x = 1 # SOLUTION NO PROMPT\ny = 2", "y = 2", "x = 1\ny = 2"),
    "otter, a seed": ("x = 1\nimport random; random.seed(4)  # SEED", "x = 1", "x = 1\nimport random; random.seed(4)"),
    "otter, a block": ("# BEGIN SOLUTION\nx = 1\n# END SOLUTION", "...", "x = 1"),
    "otter, a prompt": (
        'def g():\n    # BEGIN SOLUTION NO PROMPT\n    return 1\n    # END SOLUTION\n    """ # BEGIN PROMPT\n'
        '    # Now add.\n    pass\n    """; # END PROMPT',
        "def g():\n    # Now add.\n    pass",
        "def g():\n    return 1",
    ),
    "no mark": (
        "x = 1  # the solution\n# seed\n#solutions",
        "x = 1  # the solution\n# seed\n#solutions",
    ),
}


def test_marks(course: Course, run: Command) -> None:
    marks = {name: (*told, told[0])[:3] for name, told in MARKS.items()}
    master(course, ANSWER, *(source for source, _, _ in marks.values()))
    starter, solution = made(course, run)
    assert starter[1:] == [given for _, given, _ in marks.values() if given is not None]
    assert solution[1:] == [answer for _, _, answer in marks.values()]


def test_marks_in_texts(course: Course, run: Command) -> None:
    answers = (
        text("Why?\n<!-- solution: *Your words.* -->\nBecause.\n<!-- end -->\nThanks."),
        text("### BEGIN SOLUTION\nBecause.\n### END SOLUTION\n\nx = 1 # SOLUTION"),
    )
    master(course, ANSWER, *answers)
    starter, solution = made(course, run)
    assert starter[1:] == ["Why?\n*Your words.*\nThanks.", "...\n\nx = 1 # SOLUTION"]
    assert solution[1:] == ["Why?\nBecause.\nThanks.", "Because.\n\nx = 1 # SOLUTION"]


def test_languages_and_notes(course: Course, run: Command) -> None:
    master(
        course,
        text("# Quiz", metadata={"tags": ["en"]}, id="title-en"),
        text("# 퀴즈", metadata={"tags": ["ko", "kept"]}, id="title-ko"),
        text("<!-- en -->\nAdd."),
        text("<!-- ko -->\n더하세요."),
        ANSWER,
        text("Many forget this.", metadata={"tags": ["instructor"]}),
        text("# Instructor's notes\nMany forget that."),
        "# instructor: to try\nf(100)",
        code(
            "x = 0", outputs=[{"output_type": "stream", "name": "stdout", "text": "secret"}], metadata={"a": "secret"}
        ),
    )
    starter, solution = made(course, run)
    assert starter == ["# Quiz", "Add.", "# exercise: one\n...", "x = 0"]
    assert solution == ["# Quiz", "Add.", "# exercise: one\ndef f(x):\n    return x + 1", "x = 0"]
    assert sources(course.quiz / "quiz.ko.ipynb") == ["# 퀴즈", "더하세요.", *starter[2:]]
    both = [json.loads((course.quiz / name).read_text())["cells"] for name in ("quiz.ipynb", "quiz.ko.ipynb")]
    assert [cells[0]["id"] for cells in both] == ["title", "title"]
    assert both[1][0]["metadata"] == {"tags": ["kept"]}
    assert (both[0][-1]["outputs"], both[0][-1]["metadata"]) == ([], {})


PERCENT = """\
# %% [markdown] tags=["ko"]
# 더하세요.

# %% [markdown]
# Add.

# %%
# exercise: one
# solution
def f(x):
    return x + 1
# end

# %% tags=["instructor"]
f(100)
"""
MYST = """\
---
jupytext: {formats: md:myst}
kernelspec: {display_name: Python 3, language: python, name: python3}
---

+++ {"tags": ["ko"]}

더하세요.

+++

Add.

```{code-cell}
# exercise: one
# solution
def f(x):
    return x + 1
# end
```

```{code-cell}
:tags: [instructor]
f(100)
```
"""
QUARTO = """\
---
title: Quiz
jupyter: python3
---

<!-- #region tags=["ko"] -->
더하세요.
<!-- #endregion -->

Add.

```{python}
# exercise: one
# solution
def f(x):
    return x + 1
# end
```

```{python}
#| tags: [instructor]
f(100)
```
"""


@pytest.mark.parametrize(("suffix", "content"), [("py", PERCENT), ("md", MYST), ("qmd", QUARTO)])
def test_text_is_a_master_as_well(course: Course, run: Command, suffix: str, content: str) -> None:
    course.write(f"assignments/quiz/quiz.{suffix}", content.encode())
    course.assign(ONE, master=f"quiz.{suffix}")
    starter, solution = made(course, run)
    assert starter == ["Add.", "# exercise: one\n..."]
    assert solution == ["Add.", "# exercise: one\ndef f(x):\n    return x + 1"]
    assert sources(course.quiz / "quiz.ko.ipynb") == ["더하세요.", *starter]
    before = (course.quiz / "quiz.ipynb").read_bytes()
    course.write(f"assignments/quiz/quiz.{suffix}", content.replace("+ 1", "+ 2").encode())
    made(course, run)
    assert (course.quiz / "quiz.ipynb").read_bytes() == before


def test_without_jupytext_text_is_no_master(course: Course, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jupytext", None)
    course.write("assignments/quiz/quiz.py", PERCENT.encode())
    ended = run("run", course.assign(ONE, master="quiz.py"), course.write("a.py", "x = 1"))
    assert (ended.code, "`pip install 'torch-grader[text]'`" in ended.err) == (3, True)


WRONG = {
    "no end": (["# exercise: one\n\n# solution\nx = 1"], "cell 1, line 3: `# solution` has no `# end`"),
    "no begin": ([ANSWER, "x = 1\n# END SOLUTION"], "cell 2, line 2: `# END SOLUTION` ends what nothing begins"),
    "in one another": (
        ["# solution\n### BEGIN HIDDEN TESTS\n# end"],
        "cell 1, line 2: `### BEGIN HIDDEN TESTS` stands inside of what `# solution` begins",
    ),
    "another end": (["# solution\n# end hidden tests"], "cell 1, line 2: `# end hidden tests` stands inside"),
    "no end of a prompt": (['""" # BEGIN PROMPT\npass'], 'cell 1, line 1: `""" # BEGIN PROMPT` has no `""" # END'),
    "no begin of a prompt": (['x\n""" # END PROMPT'], "cell 1, line 2: `"),
    "unknown exercise": ([ANSWER, "x = 1\n# exercise: onne"], "cell 2, line 2: there is no exercise 'onne'"),
    "check of an unknown one": ([ANSWER, "# check: onne, points=2"], "cell 2, line 1: there is no exercise 'onne'"),
    "check of none": ([ANSWER, "\n# check: , hidden\nassert 1"], "cell 2, line 2: a check of no exercise"),
    "check without a comma": ([ANSWER, "# check: one points=2"], "cell 2, line 1: a comma is missing behind 'one'"),
    "no cell": (["x = 1\ny = 2"], "cell 1, line 2: there was no cell of the exercise 'one' up to here"),
    "no solution": (["x = 1", "# exercise: one\ndef f(x): return 1"], "cell 2, line 1: no cell of 'one' marks"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said_with_its_place(course: Course, run: Command, name: str) -> None:
    cells, said = WRONG[name]
    ended = run("run", master(course, *cells))
    assert ended.code == 2
    assert f"quiz.master.ipynb, {said}" in ended.err
    assert not (course.path / "cache" / "torch-grader").exists()


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"master": "quiz.mster.ipynb"}, ":5:9: `master`: there is no file quiz.mster.ipynb in the folder."),
        ({"master": "quiz.txt"}, "quiz.txt is neither a notebook nor text."),
        ({"master": "old.ipynb"}, "old.ipynb is of an older notebook format."),
        ({"master": "quiz.master.ipynb", "solution": "a.py"}, "`solution`: the `master` has the solution"),
        ({"master": "quiz.master.ipynb", "notebook": "a.py"}, "`notebook`: what is made of a `master` is a .ipynb"),
        ({"show_checks": True}, "`show_checks`: only a `master` has checks to show"),
    ],
)
def test_keys_that_do_not_fit(course: Course, run: Command, keys: dict[str, Any], said: str) -> None:
    master(course, ANSWER)
    course.write("assignments/quiz/quiz.txt", "x")
    old = {"metadata": {}, "nbformat": 3, "nbformat_minor": 0, "worksheets": []}
    course.write("assignments/quiz/old.ipynb", json.dumps(old))
    course.assign(ONE, **keys)
    ended = run("run", course.quiz, course.write("a.py", "x = 1"))
    assert (ended.code, said in ended.err) == (2, True), ended.err


@pytest.mark.slow
def test_a_master_is_graded(course: Course, run: Command, command: Command) -> None:
    master(course, text("Add."), "# ko\nx = 0", ANSWER, "# check: one, hidden\nassert f(1) == 2")
    assert outcomes(course.grade("# exercise: one\ndef f(x): return 1 + x")) == {
        "one::call[1]": "passed",
        "one::asserts": "passed",
    }
    course.notebook("# exercise: one\n...", name="starter.ipynb")
    assert course.grade(course.path / "starter.ipynb").exercises[0].status == "not started"
    solution = course.grade(course.quiz / "quiz.master.ipynb")
    assert (solution.earned, solution.submission.name) == (2, "quiz.master.ipynb")
    assert [cell.number for cell in solution.cells] == [3]
    assert run("verify", course.quiz, "--no-mutants").code in (0, 1)
    course.write("class/ada.py", "# exercise: one\ndef f(x): return x + 1")
    assert "median 2 of 2" in run("batch", course.quiz, course.path / "class", "--out", course.path / "out", "-j1").out
    assert run("record", course.quiz).code == 0


def test_a_fault_names_the_cell_of_the_master(course: Course, run: Command) -> None:
    calls = [{"call": "f(3)", "returns": "4"}]
    wrong = "# exercise: one\n# solution: Add.\n\ndef f(x):\n    return g(x)\n# end"
    master(course, "# instructor\nx = 1", text("Add."), wrong, exercises=({**ONE, "requirements": [
        {"kind": "function", "calls": calls}
    ]},))  # fmt: skip
    ended = run("record", course.quiz)
    assert ended.code == 2
    assert "(quiz.master.ipynb, cell 3, line 5)" in ended.err


@pytest.mark.parametrize("suffix", [".py", ".md"])
def test_what_is_wrong_in_a_text_is_said_with_the_line_of_its_file(course: Course, run: Command, suffix: str) -> None:
    exercise = {"id": "one", "requirements": [{"kind": "function", "calls": [{"call": "f(3)", "returns": "4"}]}]}
    name = f"quiz.master{suffix}"
    course.assign(exercise, master=name)
    file = f"assignments/quiz/{name}"
    check = "# check: one, points=2\nassert f(0) == 1\nassert f(1) == 2\n"
    whole = f"{PERCENT}\n# %%\n{check}" if suffix == ".py" else f"{MYST}\n```{{code-cell}}\n{check}```\n"
    lines = whole.splitlines()

    def graded(text: str) -> Ended:
        return run("run", course.quiz, course.write(file, text.encode()))

    ended = graded(whole)
    assert (ended.code, ended.out.split("\n")[0]) == (0, f"Quiz  {name}")
    ended = graded(whole.replace("    return x + 1", "    return x + y"))
    assert f"({name}, line {lines.index('    return x + 1') + 1})" in ended.out
    ended = graded(whole.replace("f(1) == 2", "f(1) == 3"))
    assert f"fault of the assignment: The solution does not pass one::asserts: {name}, line " in ended.out
    assert f"{name}, line {lines.index('assert f(1) == 2') + 1}, `assert f(1) == 3`" in ended.out
    assert "Not graded: the solution does not pass. Correct it, or the checks." in ended.out
    assert "not your" not in ended.out
    ended = graded(whole.replace("# end", "# ende"))
    assert f"{name}, line {lines.index('# solution') + 1}: `# solution` has no `# end`." in ended.err


def test_headings_are_the_titles_that_the_spec_leaves_out(course: Course, run: Command) -> None:
    def both(en: str, ko: str) -> list[dict[str, Any]]:
        return [text(said, metadata={"tags": [code]}) for code, said in (("en", en), ("ko", ko))]

    answers = [ANSWER.replace("one", name) for name in ("one", "two", "three")]
    cells = [*both("# A quiz", "# 퀴즈"), *both("# Part I\n## 1. Add\n### A hint", "# 1부\n## 1. 더하기\n### 힌트")]
    essay = both("## 4. Say why\n<!-- -->\n# exercise: four", "## 4. 까닭\n# exercise: four")
    cells += [code(answers[0]), code(answers[1]), text("## 3. Again"), code(answers[2]), *essay]
    exercises = [{"id": name, "requirements": ONE["requirements"]} for name in ("one", "two", "three")]
    exercises.append({"id": "four", "manual": {"points": 2}})
    master(course, *cells)
    whole = {"format": 1, "id": "quiz", "master": "quiz.master.ipynb", "exercises": exercises}
    course.spec(yaml.safe_dump(whole))
    answer = course.write("a.py", "\n".join(answers))
    english, korean = (run("run", course.quiz, answer, "--lang", code, "-v").out for code in ("en", "ko"))
    assert english.startswith("A quiz  a.py")
    assert korean.startswith("퀴즈  a.py")
    for said in ("1. Add  one", "two  two", "3. Again  three", "4. Say why  four"):
        assert f" {said}" in english
    for said in ("1. 더하기  one", "3. Again  three", "4. 까닭  four"):
        assert f" {said}" in korean
    course.spec(yaml.safe_dump({**whole, "exercises": [{**exercises[0], "title": "Sum"}, *exercises[1:]]}))
    assert " Sum  one" in run("run", course.quiz, answer).out


CHECKED = {
    "fails": (
        ANSWER.replace("+ 1", "+ 2"),
        ["assert f(1) == 2"],
        "The solution does not pass one::asserts: quiz.master.ipynb, cell 3, line 2, `assert f(1) == 2`\n"
        "  Correct the check or the solution.\n",
    ),
    "syntax": (ANSWER, ["# a check", "assert (f(1"], "quiz.master.ipynb, cell 3, line 3: '(' was never closed"),
    "option": (ANSWER, ["x = 1", "# check: one, worth=3"], "quiz.master.ipynb, cell 3, line 3: there is no `worth`"),
}


@pytest.mark.parametrize("name", CHECKED)
def test_a_fault_of_a_check_names_its_cell(course: Course, run: Command, name: str) -> None:
    answer, lines, said = CHECKED[name]
    check = "\n".join(["# check: one, points=3", *lines])
    master(course, text("Add."), answer, check, exercises=({"id": "one"},))
    ended = run("record", course.quiz)
    assert ended.code in (2, 3)
    assert said in ended.err
    assert ended.err.count("does not pass") <= 1


def test_check_cells_are_collected(course: Course, run: Command) -> None:
    shown = "# check: one, points=2\nassert f(1) == 2\n### BEGIN HIDDEN TESTS\nassert f(7) == 8\n### END HIDDEN TESTS"
    cells = (text("Add."), ANSWER, shown, "# check: one, hidden, points=1\nassert f(5) == 6")
    master(course, *cells)
    course.grade("x = 1")
    (file,) = (course.path / "cache").rglob("from_master.py")
    lines = file.read_text().split("\n")
    assert lines[:4] == ["# cell 3", "# check: one, points=2", "assert f(1) == 2", ""]
    assert lines[lines.index("# cell 4") + 2] == "assert f(5) == 6"
    starter, solution = made(course, run)
    assert (len(starter), len(solution)) == (2, 2)
    master(course, *cells, show_checks=True)
    starter, solution = made(course, run)
    assert starter[2:] == ["# check: one, points=2\nassert f(1) == 2"]
    assert len(solution) == 2


def test_what_is_made_is_kept_where_nobody_else_reads(course: Course) -> None:
    master(course, ANSWER)
    course.grade("x = 1")
    (place,) = (course.path / "cache" / "torch-grader" / "masters").iterdir()
    assert place.stat().st_mode & 0o077 == 0
    made_once = (place / "quiz.ipynb").stat().st_mtime_ns
    course.grade("x = 1")
    assert (place / "quiz.ipynb").stat().st_mtime_ns == made_once
    assert yaml.safe_load((course.quiz / "assignment.yaml").read_text())["master"]


def test_a_submission_reads_neither_the_master_nor_what_is_made_of_it(course: Course) -> None:
    master(course, ANSWER)
    course.grade("x = 1")
    (made,) = (course.path / "cache").rglob("solution/quiz.master.ipynb")
    for path in (course.quiz / "quiz.master.ipynb", made, made.parents[1] / "quiz.ipynb"):
        assert path.is_file()
        raised = course.grade(course.notebook(f"open({str(path)!r}).read()"), mode="landlock").cells[0].raised
        assert raised is not None
        assert raised.type == "PermissionError"
