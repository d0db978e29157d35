"""Hints come in steps: the first one in the report, and one more with each call of `grade hint`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Command, Course, refused

STEPS = [{"en": "What makes a number larger?", "ko": "무엇이 수를 크게 합니까?"}, "Multiply.", "By two: `x * 2`."]
CALL = {"kind": "function", "calls": [{"call": "f(3)", "returns": "6"}]}


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where it is remembered which hints were seen."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "torch-grader" / "hints.json"


def hinted(course: Course, *exercises: dict[str, Any]) -> Path:
    return course.assign(*exercises, solution="def f(x):\n    return x * 2\n")


def hint(run: Command, course: Course, *arguments: str) -> list[str]:
    ended = run("hint", course.quiz, *arguments)
    assert ended.code == 0, ended
    return [line.strip() for line in ended.out.splitlines()]


# -- one by one


def test_each_call_shows_one_more(run: Command, course: Course, state: Path) -> None:
    hinted(
        course,
        {"id": "double", "hint": STEPS, "requirements": [CALL]},
        {"id": "other", "hint": STEPS, "requirements": [CALL]},
    )
    first = ["1/3 What makes a number larger?"]
    both = [*first, "2/3 Multiply."]
    more = ["The same command shows the next hint."]
    assert hint(run, course, "double") == ["Double  double", *first, *more]
    assert hint(run, course, "double") == ["Double  double", *both, *more]
    assert hint(run, course, "other") == ["Other  other", *first, *more]  # each exercise has its own count
    end = ["There are no more hints. `grade quiz -k double` shows what fails."]
    everything = ["Double  double", *both, "3/3 By two: `x * 2`.", *end]
    assert hint(run, course, "double") == everything
    assert hint(run, course, "double") == everything
    assert json.loads(state.read_text()) == {str(course.quiz.resolve()): {"double": 3, "other": 1}}


@pytest.mark.slow
def test_the_installed_command(course: Course, command: Command) -> None:
    hinted(course, {"id": "double", "hint": STEPS, "requirements": [CALL]})
    for last in ("larger?", "Multiply.", "x * 2`."):
        shown = command("hint", "quiz", "double", cwd=course.path)
        assert shown.code == 0, shown
        assert shown.out.splitlines()[-2].endswith(last)


def test_in_korean(run: Command, course: Course) -> None:
    hinted(course, {"id": "double", "hint": STEPS, "requirements": [CALL]})
    shown = hint(run, course, "double", "--lang", "ko")
    assert shown[1:] == ["1/3 무엇이 수를 크게 합니까?", "같은 명령을 다시 실행하면 다음 힌트가 나옵니다."]


def test_the_first_of_each_list_come_first(run: Command, course: Course) -> None:
    one, two = {**CALL, "hint": ["b1", "b2"]}, {**CALL, "id": "again", "hint": "a1"}
    secret = {**CALL, "id": "secret", "hint": ["s1", "s2"], "hidden": True}
    hinted(course, {"id": "double", "hint": ["a1", "a2"], "requirements": [one, two, secret]})
    for _ in range(4):
        shown = hint(run, course, "double")
    assert shown[1:-1] == ["1/4 a1", "2/4 b1", "3/4 a2", "4/4 b2"]


def test_none(run: Command, course: Course, state: Path) -> None:
    hinted(course, {"id": "double", "requirements": [CALL]})
    assert hint(run, course, "double")[1:] == ["This exercise has no hints. `grade quiz -k double` shows what fails."]
    assert not state.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["dubble"], "There is no exercise 'dubble'.\n  Did you mean 'double'?"),
        (["zebra"], "There is no exercise 'zebra'.\n  The exercises are: double."),
        ([], "Which exercise?\n  The exercises are: double."),
    ],
)
def test_an_exercise_that_is_none(run: Command, course: Course, arguments: list[str], said: str) -> None:
    hinted(course, {"id": "double", "hint": STEPS, "requirements": [CALL]})
    ended = run("hint", course.quiz, *arguments)
    assert (ended.code, ended.out, ended.err.strip()) == (2, "", said)


@pytest.mark.parametrize("content", [b"\xff", b"[]", b"{}", b'{"a": 3}', b'{"QUIZ": 3}', b'{"QUIZ": {"double": "x"}}'])
def test_what_is_remembered_may_be_spoilt(run: Command, course: Course, state: Path, content: bytes) -> None:
    hinted(course, {"id": "double", "hint": STEPS, "requirements": [CALL]})
    state.parent.mkdir(parents=True)
    state.write_bytes(content.replace(b"QUIZ", str(course.quiz.resolve()).encode()))
    assert "1/3" in hint(run, course, "double")[1]
    assert "2/3" in hint(run, course, "double")[2]


def test_a_place_that_cannot_be_written_to(run: Command, course: Course, state: Path) -> None:
    hinted(course, {"id": "double", "hint": STEPS, "requirements": [CALL]})
    state.parent.parent.write_text("")
    ended = run("hint", course.quiz, "double")
    assert ended.code == 2
    assert str(state) in ended.err
    assert "XDG_STATE_HOME" in ended.err


# -- in a report


def test_a_report_has_the_first_and_where_the_others_are(run: Command, course: Course, state: Path) -> None:
    hinted(course, {"id": "double", "hint": STEPS, "requirements": [CALL]})
    path = course.write("answer.py", "def f(x):\n    return 3\n")
    another = "What makes a number larger? Another hint: `grade hint quiz double`."
    for options in ((), ("--markdown", "-"), ("--html", "-")):
        out = run("run", course.quiz, path, *options).out.replace("<code>", "`").replace("</code>", "`")
        assert another in out
        assert "Multiply" not in out
    assert (
        "무엇이 수를 크게 합니까? 다음 힌트: `grade hint quiz double`."
        in run("run", course.quiz, path, "--lang", "ko").out
    )
    assert not state.exists()


@pytest.mark.parametrize(
    ("own", "shown"),
    [
        ({"hint": "Alone."}, "Alone."),
        ({"hint": ["Alone."]}, "Alone."),
        ({"hint": ["One.", "Two."], "hidden": True}, "One."),
    ],
)
def test_where_there_is_no_other_none_is_promised(
    run: Command, course: Course, own: dict[str, Any], shown: str
) -> None:
    hinted(course, {"id": "double", "hint": STEPS, "requirements": [{**CALL, **own}]})
    out = run("run", course.quiz, course.write("answer.py", "def f(x):\n    return 3\n")).out
    assert f"hint {shown}" in [line.strip() for line in out.splitlines()]


# -- in a spec

SPEC = """\
format: 1
id: quiz
title: Quiz
exercises:
  - id: one
    title: One
    points: 1
    hint:
      HINT
    requirements:
      - kind: function
        calls:
          - {call: f(3), returns: "6"}
"""


@pytest.mark.parametrize("wrong", ["[]", "3", '""', '["a", ""]', "{ko: 가}", "[{en: a, de: b}]"])
def test_a_hint_that_is_none_is_refused(run: Command, course: Course, wrong: str) -> None:
    course.spec(SPEC.replace("HINT", wrong))
    assert "hint" in refused(run, course, None)


@pytest.mark.parametrize("name", ["assignment1", "assignment2", "assignment3", "assignment4"])
def test_a_third_of_the_exercises_have_steps_in_both_languages(name: str) -> None:
    from grader.assignment.load import load_assignment

    exercises = load_assignment(ROOT / "assignments" / name).spec.exercises
    steps = [[part.hint for part in (e, *e.requirements) if len(part.hint) > 1] for e in exercises]
    assert 3 * sum(map(bool, steps)) >= len(exercises)
    assert all(step.ko for exercise in steps for hint in exercise for step in hint)
