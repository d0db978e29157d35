"""Exercises are named by their numbers, too: with `-k`, `grade hint`, `grade again`, and in the notebook."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import Command, Course

from grader.assignment.load import load_assignment
from grader.assignment.numbering import numbered

RIGHT = "def f(): return 1\ndef g(): return 2\ndef h(): return 3\n"


def exercise(id: str, title: str, name: str, returns: str) -> dict[str, Any]:
    return {"id": id, "title": title, "hint": f"A hint for {id}.",
            "requirements": [{"kind": "function", "calls": [{"call": f"{name}()", "returns": returns}]}]}  # fmt: skip


@pytest.fixture
def quiz(course: Course) -> Course:
    """The first exercise has the title `3.`, and so on."""
    course.assign(
        exercise("one", "3. First", "f", "1"), exercise("two", "4. Second", "g", "2"),
        exercise("three", "5. Third", "h", "3"), solution=RIGHT,
    )  # fmt: skip
    return course


@pytest.mark.parametrize(
    ("ids", "titles", "numbers"),
    [("a b", ["1. A", "2. B"], {"1": "a", "2": "b"}),
     ("a b", ["A", "B"], {"1": "a", "2": "b"}),
     ("a b c", ["2. A", "3. B", "More"], {"2": "a", "3": "b"}),
     ("a b", ["Exercise 4: A", "문제 5. B"], {"4": "a", "5": "b"}),
     ("a b", ["1.1 A", "1.2. B"], {"1.1": "a", "1.2": "b"}),
     ("a b", ["1. A", "1. B"], {}),
     ("a b", ["3 layers", "A"], {"1": "a", "2": "b"}),
     ("2 b", ["1. A", "2. B"], {"1": "2"})],
)  # fmt: skip
def test_which_number_an_exercise_has(course: Course, ids: str, titles: list[str], numbers: dict[str, str]) -> None:
    pairs = zip(ids.split(), titles, strict=True)
    folder = course.assign(*(exercise(id, title, "f", "1") for id, title in pairs), solution=RIGHT)
    assert numbered(load_assignment(folder).spec) == numbers


def graded(run: Command, course: Course, expression: str) -> tuple[list[str], str]:
    """The exercises that are graded, and what the report says was asked for."""
    ended = run("run", course.quiz, course.write("a.py", RIGHT), "-k", expression, "--json", "-")
    report = json.loads(ended.out)
    return [one["id"] for one in report["exercises"]], report["selection"]


@pytest.mark.parametrize(
    ("expression", "ids", "selection"),
    [("4", ["two"], "two"), ("3 or 5", ["one", "three"], "one or three"), ("not 4", ["one", "three"], "not two"),
     ("three", ["three"], "three")],
)  # fmt: skip
def test_a_number_after_k(run: Command, quiz: Course, expression: str, ids: list[str], selection: str) -> None:
    assert graded(run, quiz, expression) == (ids, selection)


def test_a_number_of_none(run: Command, quiz: Course) -> None:
    ended = run("run", quiz.quiz, quiz.write("a.py", RIGHT), "-k", "1")  # `call[1]` is a name that has it
    assert (ended.code, ended.err.splitlines()[0]) == (2, "No exercise matches -k '1'.")
    assert "There is no exercise '1'." in run("hint", quiz.quiz, "1").err


def test_it_is_remembered_as_of_the_exercise(run: Command, quiz: Course) -> None:
    graded(run, quiz, "4")
    assert "1 / 1 █ 4. Second  two" in run("progress", quiz.quiz, quiz.path / "a.py").out


def test_an_id_that_is_a_number_comes_first(run: Command, course: Course) -> None:
    course.assign(exercise("2", "1. First", "f", "1"), exercise("1", "2. Second", "g", "2"), solution=RIGHT)
    assert graded(run, course, "2") == (["2"], "2")
    assert "A hint for 2." in run("hint", course.quiz, "2").out


def test_a_hint_by_number(run: Command, quiz: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert "A hint for three." in run("hint", quiz.quiz, "5").out


def test_a_batch_by_number_is_that_of_the_id(run: Command, quiz: Course, tmp_path: Path) -> None:
    quiz.write("class/ada/a.py", RIGHT)
    for name in ("4", "two"):
        ended = run("batch", quiz.quiz, quiz.path / "class", "--out", tmp_path / "out", "-j1", "-k", name)
        assert (ended.code, "Only a part was graded: two" in ended.out) == (0, True), ended


@pytest.mark.slow
def test_verify_by_number(run: Command, quiz: Course) -> None:
    quiz.notebook("# exercise: one", "# exercise: two", "# exercise: three", name="assignments/quiz/quiz.ipynb")
    assert "quiz, two" in run("verify", quiz.quiz, "--no-mutants", "-k", "4").out
