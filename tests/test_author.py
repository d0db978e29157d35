"""`grade author`: how an assignment stands, at each save."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import GRADE, Command, Course
from test_verify import DOUBLE, exercise, quiz

from grader.authoring.rounds import Bench, ExerciseState

__all__ = ["quiz"]
Quiz = Callable[..., Path]
TWO = [exercise("double(tensor([1.0, -2.0]))"), exercise("half(randn(3))", name="two")]
SOLVED = DOUBLE + "# %%\n# exercise: two\ndef half(x):\n    return x / 2\n"


def change(folder: Path, name: str, before: str, after: str) -> None:
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


def test_one_round(quiz: Quiz, run: Command) -> None:
    ended = run("author", quiz(*TWO, solution=SOLVED), "--once")
    assert (ended.code, ended.err) == (0, "")
    assert [line.split()[:2] for line in ended.out.splitlines()[1:]] == [["✓", "one"], ["✓", "two"]]


def test_what_is_wrong(quiz: Quiz, run: Command) -> None:
    calls = [{"call": "double(zeros(2))"}, {"call": "double(tensor([3]))", "returns": "7"}]
    blind = {"kind": "function", "calls": calls}
    folder = quiz(exercise(requirements=[blind]), starter="# exercise: one\ndef double(x):\n    return x\n")
    ended = run("author", folder, "--once")
    assert ended.code == 1
    assert "the solution fails one::call[2]: expected 7" in ended.out
    assert "the starter passes one::call[1]" in ended.out
    del calls[1]
    ended = run("author", quiz(exercise(requirements=[blind])), "--once")
    assert ended.code == 1
    assert "no check fails where one side of an operation is dropped" in " ".join(ended.out.split())


def test_a_spec_that_is_wrong(quiz: Quiz, run: Command) -> None:
    folder = quiz()
    change(folder, "assignment.yaml", "points:", "pints:")
    ended = run("author", folder, "--once")
    assert ended.code == 2
    assert "`exercises.0.pints` is not a key" in ended.err


def test_only_what_has_changed_is_judged_again(quiz: Quiz, course: Course) -> None:
    folder = quiz(*TWO, solution=SOLVED)
    bench = Bench(folder, course.zygote, 1)
    bench.round(lambda: None)
    first = dict(bench.states)
    assert all(state.ok and state.mutants for state in first.values())
    bench.round(lambda: None)
    assert bench.states == first
    change(folder, "solution.py", "x / 2", "x / 2.0")
    bench.round(lambda: None)
    assert bench.states["one"] is first["one"]
    assert bench.states["two"] is not first["two"]


def test_mutants_that_a_check_has_killed_stay_so(quiz: Quiz, course: Course) -> None:
    folder = quiz(*TWO, solution=SOLVED)
    bench = Bench(folder, course.zygote, 1)
    bench.round(lambda: None)
    spec = yaml.safe_load((folder / "assignment.yaml").read_text(encoding="utf-8"))
    calls: list[dict[str, Any]] = spec["exercises"][1]["requirements"][0]["calls"]
    begun: list[ExerciseState] = []

    def known_at_first() -> tuple[int | None, int]:
        """How many mutants there are when that is known, and of how many of them the end is known then."""
        course.spec(yaml.safe_dump(spec, allow_unicode=True))
        begun.clear()
        bench.round(lambda: begun.extend(bench.states["two"] for _ in range("two" in bench.states)))
        first = next(state for state in begun if state.mutants is not None)
        return first.mutants, len(first.results)

    calls.append({"call": "half(randn(4))"})
    number, known = known_at_first()
    assert number == known
    del calls[0]
    assert known_at_first() == (number, 0), "another check has to kill them"
    assert bench.states["two"].ok


@pytest.mark.slow
def test_saves_are_seen(quiz: Quiz, course: Course, tmp_path: Path) -> None:
    folder = quiz(*TWO, solution=SOLVED)
    shown = tmp_path / "shown"
    with (
        shown.open("wb") as out,
        subprocess.Popen([GRADE, "author", folder], stdout=out, stderr=out, cwd=course.path) as watching,
    ):

        def wait_for(text: str) -> None:
            deadline = time.monotonic() + 60
            while text not in " ".join(shown.read_text(encoding="utf-8").split("\n")):
                assert time.monotonic() < deadline, shown.read_text(encoding="utf-8")
                time.sleep(0.05)

        try:
            wait_for("✓  two")
            change(folder, "assignment.yaml", "title:", "tittle:")
            wait_for("is not a key; did you mean `title`?")
            change(folder, "assignment.yaml", "tittle:", "title:")
            change(folder, "solution.py", "return x / 2", "raise IndexError")
            wait_for("✗  two")
        finally:
            watching.terminate()
