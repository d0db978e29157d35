"""`grade watch`: what a save sets off, what is on the screen, and that the verdicts are those of `grade`."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import GRADE, Command, Course

from grader import Report
from grader.judging.saves import Broke, Done, Saves, with_checks

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]")
BUSY = ("  grading\n", " takes long\n", "  naming mistakes\n")
"""What the first line ends with while a save is graded."""
ONE = "# exercise: one\ndef f():\n    return 1\n"
TWO = "# exercise: two\nimport torch\ndef g(x):\n    return f() + x\n"
THREE = "# exercise: three\ndef h():\n    return 3\n"


@pytest.fixture
def quiz(course: Course) -> Course:
    course.assign(
        {"id": "one", "requirements": [{"kind": "function", "calls": [{"call": "f()", "returns": "1"}]}]},
        {"id": "two", "needs": ["one"], "hint": "Two is two.", "requirements": [
            {"kind": "function", "calls": [{"call": "g(1)", "returns": "2"}, {"call": "g(2)", "returns": "3"}]}]},
        {"id": "three", "requirements": [{"kind": "function", "calls": [{"call": "h()", "returns": "3"}]}]},
        limits={"seconds": 4},
    )  # fmt: skip
    course.notebook(ONE, TWO, THREE)
    return course


# -- what a save sets off


def graded(saves: Saves, path: Path) -> tuple[tuple[str, ...], Report]:
    """What is graded of what is saved, and the report."""
    begun = saves.begin(path)
    assert begun is not None
    try:
        while not isinstance(came := begun.receive(), (Done, Broke)):
            pass
    finally:
        begun.end()
    assert isinstance(came, Done), came
    saves.settle(begun, came)
    return begun.exercises, came.report


def plain(report: Report) -> Any:
    """A report without what differs from run to run."""
    data = report.model_dump(mode="json")
    for part in data["exercises"]:
        for check in part["checks"]:
            del check["duration"]
    for cell in data["cells"]:
        del cell["seconds"]
    return data


def test_what_changed_is_graded_again_and_comes_to_the_same(quiz: Course) -> None:
    path = quiz.path / "answer.ipynb"
    steps = [
        ((ONE, TWO, THREE), ("one", "two", "three")),
        ((ONE, TWO, THREE.replace("3", "4")), ("three",)),
        ((ONE, TWO.replace("+ x", "+ x + 1"), THREE.replace("3", "4")), ("two", "three")),
        ((ONE.replace("1", "5"), TWO, THREE), ("one", "two", "three")),
        ((ONE.replace("return 1", "return nothing"), TWO, THREE), ("one", "two", "three")),
        ((ONE, TWO, "1 / 0", THREE), ("one", "two", "three")),
        ((ONE, TWO, "x = 1", THREE), ("three",)),
        ((ONE, TWO), ("three",)),
    ]

    def go(saves: Saves) -> None:
        for cells, expected in steps:
            quiz.notebook(*cells)
            again, report = graded(saves, path)
            assert again == expected, cells
            assert plain(report) == plain(quiz.grade(path)), cells
            assert saves.begin(path) is None

    with_checks(quiz.quiz, quiz.zygote, "auto", go)


def test_a_save_while_another_is_graded_takes_its_place(quiz: Course) -> None:
    path = quiz.notebook(ONE, "while True:\n    pass", TWO, THREE)

    def go(saves: Saves) -> None:
        start = time.monotonic()
        hung = saves.begin(path)
        assert hung is not None
        time.sleep(0.3)
        hung.end()
        quiz.notebook(ONE, TWO, THREE)
        assert graded(saves, path)[1].earned == 3
        assert time.monotonic() - start < 4  # as long as the cell could have run

    with_checks(quiz.quiz, quiz.zygote, "auto", go)


# -- the screen


class Terminal:
    """A terminal in which `grade watch` runs."""

    def __init__(self, path: Path, *arguments: str, width: int = 90, height: int = 24) -> None:
        self.control, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", height, width, 0, 0))
        environment = {**os.environ, "TERM": "xterm", "XDG_STATE_HOME": str(path / "state"), "BROWSER": "nothing-here"}
        for name in ("LINES", "COLUMNS"):  # its size is the terminal's own
            environment.pop(name, None)
        self.process = subprocess.Popen(
            [GRADE, "watch", *arguments], cwd=path, stdin=theirs, stdout=theirs, stderr=theirs, env=environment
        )
        os.close(theirs)
        self.seen = ""

    def until(self, *said: str, without: Sequence[str] = (), unlike: str = "", seconds: float = 30) -> str:
        """Wait until all of it is on the screen, as it was drawn since the last time; what is."""
        deadline = time.monotonic() + seconds
        while True:
            last = self.seen.rpartition("\x1b[H")[2]
            screen = "\n".join(line.rstrip() for line in ESCAPES.sub("", last).splitlines())
            there = all(part in screen for part in said) and not any(part in screen for part in without)
            if there and screen != unlike:
                return screen
            left = deadline - time.monotonic()
            assert left > 0, f"{said} is not in\n{screen}"
            if select.select([self.control], [], [], left)[0]:
                self.seen += os.read(self.control, 1 << 16).decode(errors="replace")

    def press(self, keys: str) -> None:
        os.write(self.control, keys.encode())

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.control)


@pytest.fixture
def terminal(quiz: Course) -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def make(*arguments: str, **size: int) -> Terminal:
        opened.append(Terminal(quiz.path, *arguments, **size))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


@pytest.mark.slow
def test_the_screen_follows_the_file(quiz: Course, terminal: Callable[..., Terminal]) -> None:
    screen = terminal("quiz", "answer.ipynb")
    screen.until("3 / 3", "✓ one 1/1", "✓ two 2/2", "All of it passes.", "open the page")
    quiz.notebook(ONE, TWO.replace("+ x", "+ x + 1"), THREE)
    shown = screen.until(
        "two: 0 of 2, −2",
        "✗ two 0/2 −2",
        "expected 2",
        "observed 3",
        "Next: call[1], at cell 2, line 3",
        "open the page",
    )
    assert len(shown.splitlines()) == 24
    screen.press("h")
    screen.until("Two is two.", "There are no more hints.")
    screen.press("e")
    screen.until("No mistake is named here.")
    screen.press("n")
    screen.until("2 of 2; also: call[1]", "observed 4")
    screen.press("p")
    screen.until("1 of 2; also: call[2]", "observed 3")
    screen.press("o")
    page = re.search(r"The page is at (\S+)", screen.until("The page is at"))
    assert page
    assert "cell 2" in Path(page[1]).read_text()
    Path(page[1]).unlink()

    new = quiz.notebook(ONE, TWO, THREE.replace("3", "4"), name="new.ipynb")
    new.replace(quiz.path / "answer.ipynb")
    screen.until("two: 2 of 2, +2; three: 0 of 1, −1", "observed 4", "2 / 3")
    quiz.notebook(ONE.replace("1", "3"), TWO, THREE)
    screen.until("one: 0 of 1, −1; two: 0 of 2, −2; and 1 more", "1 / 3")
    quiz.notebook(ONE, TWO, THREE.replace("3", "4"))
    screen.until("2 / 3", "open the page", without=BUSY)
    quiz.write("answer.ipynb", '{"cells": [')
    screen.until("It cannot be graded yet: answer.ipynb is not a notebook", "as it was before", "2 / 3")
    (quiz.path / "answer.ipynb").unlink()
    screen.until("answer.ipynb is gone; it is graded once it is there again.")
    quiz.notebook(ONE, TWO, THREE + "while True:\n    pass\n")
    screen.until("three: a cell or a check takes long")
    screen.until("✓ three 1/1 +1")
    spec = (quiz.quiz / "assignment.yaml").read_text()
    quiz.spec("format: 1\nnonsense: 2\n")
    screen.until("`nonsense` is not a key")
    quiz.spec(spec.replace("returns: '3'", "returns: '30'"))
    screen.until("✗ three 0/1")
    screen.press("q")
    assert screen.process.wait(10) == 0


@pytest.mark.slow
def test_a_save_before_the_first_is_graded_opens_what_fails(quiz: Course, terminal: Callable[..., Terminal]) -> None:
    quiz.notebook(ONE, TWO, THREE + "while True:\n    pass\n")
    screen = terminal("quiz", "answer.ipynb")
    screen.until("✓ one 1/1")
    quiz.notebook(ONE, TWO.replace("+ x", "+ x + 1"), THREE)
    screen.until("Two  two\n", "expected 2", "observed 3")


@pytest.mark.slow
def test_saves_that_change_the_points_are_progress(
    quiz: Course, terminal: Callable[..., Terminal], run: Command
) -> None:
    screen = terminal("quiz", "answer.ipynb")
    screen.until("3 / 3", "open the page", without=BUSY)
    quiz.notebook(ONE, TWO.replace("+ x", "+ x + 1"), THREE)
    screen.until("2 / 3", "open the page", without=BUSY)
    quiz.notebook(ONE, TWO.replace("+ x", "+ x + 1 - 1"), THREE)
    screen.until("3 / 3", "open the page", without=BUSY)
    quiz.notebook(ONE, TWO.replace("+ x", "+ x + 0"), THREE)
    time.sleep(1)
    screen.press("q")
    assert screen.process.wait(20) == 0
    out = run("progress", quiz.quiz, quiz.path / "answer.ipynb").out
    assert "█▁█ Two  two" in out
    assert "3 attempts, since 20" in out


@pytest.mark.slow
def test_a_small_terminal_has_the_keys_at_its_end(quiz: Course, terminal: Callable[..., Terminal]) -> None:
    quiz.notebook(ONE, TWO.replace("+ x", "+ x + 1"), THREE)
    screen = terminal("quiz", "answer.ipynb", "--lang", "ko", width=30, height=10)
    first = screen.until("2 / 3", "스페이스", "n ", without=("실수를 찾는 중",))
    screen.press(" ")
    second = screen.until("스페이스", "n ", unlike=first)
    assert "g(1)" in first + second
    for shown in (first, second):
        assert len(shown.splitlines()) == 10
        assert all(len(line) <= 30 for line in shown.splitlines())


def test_it_needs_a_terminal(quiz: Course, run: Command) -> None:
    ended = run("watch", quiz.quiz, quiz.path / "answer.ipynb")
    assert (ended.code, ended.err.splitlines()[0]) == (2, "`grade watch` needs a terminal.")
