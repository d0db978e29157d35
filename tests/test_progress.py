"""What is remembered of a student's runs, where nothing is, and that it is the student's own; and `grade open`."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Command, Course

from grader.assignment.load import load_assignment
from grader.cli.remembered import remember

NAME = ".grade-progress.json"
RIGHT = "def f():\n    return 1\n# %%\ndef g():\n    return 2\n"
HALF = RIGHT.replace("return 2", "return 3")
NOTHING = HALF.replace("return 1", "return 3")


@pytest.fixture
def quiz(course: Course, monkeypatch: pytest.MonkeyPatch) -> Course:
    course.assign(
        {"id": "one", "title": {"en": "First", "ko": "하나"}, "points": 2,
         "requirements": [{"kind": "function", "calls": [{"call": "f()", "returns": "1"}]}]},
        {"id": "two", "requirements": [{"kind": "function", "calls": [{"call": "g()", "returns": "2"}]}]},
        solution=RIGHT, title="A quiz",
    )  # fmt: skip
    monkeypatch.chdir(course.path)
    return course


def graded(quiz: Course, run: Command, *texts: str, name: str = "mine/my.py") -> Path:
    """The file that remembers some answers, graded one after the other."""
    for text in texts:
        run("quiz", quiz.write(name, text))
    return quiz.path / "mine" / NAME


def work(file: Path) -> Any:
    return json.loads(file.read_text())["work"]["quiz"]["my.py"]


def test_points_over_time(quiz: Course, run: Command) -> None:
    work_ = work(graded(quiz, run, NOTHING, HALF, HALF, RIGHT))
    assert (work_["attempts"], [one["earned"] for one in work_["runs"]]) == (
        3,
        [0, 2, 3],
    )  # the same again is no attempt
    assert work_["runs"][1]["exercises"] == {"one": [2, 2], "two": [0, 1]}
    assert set(work_["full"]) == {"one", "two"}
    ended = run("progress", "quiz", "mine/my.py")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0] == "A quiz  my.py"
    assert lines[2].startswith("✓       2 / 2 ▁██ First  one  full marks since 20")
    assert lines[3].startswith("✓       1 / 1 ▁▁█ Two  two  full marks since 20")
    assert lines[5] == "3 / 3 points  ▁▅█"
    assert lines[6].startswith("3 attempts, since 20")
    assert "하나  one  " in run("progress", "quiz", "mine", "--lang", "ko").out


def test_a_part_is_remembered_as_one(quiz: Course, run: Command) -> None:
    file = graded(quiz, run, RIGHT, HALF)
    run("quiz", "mine/my.py", "-k", "one")
    assert [one["selection"] for one in work(file)["runs"]] == [None, None, "one"]
    assert work(file)["attempts"] == 2
    out = run("progress", "quiz", "mine").out
    assert "███ First  one" in out
    assert "✗       0 / 1 █▁  Two  two  had full marks on 20" in out
    assert "2 / 3 points  █▅" in out


def test_single_checks_are_not_remembered(quiz: Course, run: Command) -> None:
    file = graded(quiz, run, HALF)
    assert "2 / 2 points" in run("quiz", "mine/my.py", "-k", "one and call").out
    assert len(work(file)["runs"]) == 1


def test_without_a_path_the_notebook_graded_last(quiz: Course, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("progress").out == "Nothing is remembered yet; `grade quiz` begins.\n"
    graded(quiz, run, HALF)
    monkeypatch.chdir(quiz.path / "mine")
    assert run("progress").out.startswith("A quiz  my.py\n")
    quiz.notebook("def f():\n    return 1\n", name="assignments/quiz/quiz.ipynb")
    run("quiz")
    assert run("progress").out.startswith("A quiz  quiz.ipynb\n")


def test_a_notebook_that_is_renamed_keeps_its_runs(quiz: Course, run: Command) -> None:
    file = graded(quiz, run, NOTHING, HALF)
    quiz.write("mine/other.py", RIGHT)
    assert "Nothing is remembered" in run("progress", "quiz", "mine/other.py").out  # my.py is still there
    (quiz.path / "mine" / "my.py").replace(quiz.path / "mine" / "final.py")
    assert "2 attempts" in run("progress", "quiz", "mine/final.py").out
    run("quiz", quiz.write("mine/final.py", RIGHT))
    kept = json.loads(file.read_text())["work"]["quiz"]
    assert list(kept) == ["final.py"]
    assert (kept["final.py"]["attempts"], [one["earned"] for one in kept["final.py"]["runs"]]) == (3, [0, 2, 3])
    run("quiz", "mine/other.py")
    assert "1 attempt, " in run("progress", "quiz", "mine/other.py").out
    assert "3 attempts, " in run("progress", "quiz", "mine/final.py").out


@pytest.mark.parametrize("copy", ["my (1).py", "my-Copy1.py", "Copy of my.py", "my.ipynb"])
def test_a_copy_goes_on_from_where_the_first_was(quiz: Course, run: Command, copy: str) -> None:
    file = graded(quiz, run, NOTHING)
    path = quiz.path / "mine" / copy
    path = quiz.notebook(*HALF.split("# %%"), name=f"mine/{copy}") if copy.endswith("b") else quiz.write(path, HALF)
    assert "1 attempt, " in run("progress", "quiz", path).out
    run("quiz", path)
    kept = json.loads(file.read_text())["work"]["quiz"]
    assert {name: one["attempts"] for name, one in kept.items()} == {"my.py": 1, copy: 2}


def test_of_a_save_the_points_must_be_others(quiz: Course, run: Command) -> None:
    """What `grade watch` asks for: not every save is an attempt."""
    folder = load_assignment(quiz.quiz)
    for text in (NOTHING, f"{NOTHING}# more\n", HALF, HALF, f"{HALF}# more\n", NOTHING):
        path = quiz.write("mine/my.py", text)
        remember(folder, path, quiz.grade(path), {}, if_changed=True)
    work_ = work(quiz.path / "mine" / NAME)
    assert (work_["attempts"], [one["earned"] for one in work_["runs"]]) == (3, [0, 2, 0])


@pytest.mark.parametrize("options", [["--marks"], ["--seed", "7"]])
def test_grading_for_marks_is_not_remembered(quiz: Course, run: Command, options: list[str]) -> None:
    run("quiz", quiz.write("mine/my.py", HALF), *options)
    assert os.listdir(quiz.path / "mine") == ["my.py"]


def test_neither_ci_nor_the_solution_is_remembered(quiz: Course, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    assert not graded(quiz, run, HALF).exists()
    monkeypatch.delenv("CI")
    assert run("quiz", quiz.quiz / "solution.py").code == 0
    assert not list(quiz.path.rglob(".grade-*"))


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[]", b'{"work": 3}', b"[" * 100_000])
def test_a_broken_file_is_set_aside(quiz: Course, run: Command, content: bytes) -> None:
    file = graded(quiz, run)
    quiz.write(f"mine/{NAME}", content)
    ended = run("quiz", quiz.write("mine/my.py", HALF))
    assert (ended.code, ended.err.count("\n")) == (1, 1)
    assert ".grade-progress.broken.json" in ended.err
    assert (file.parent / ".grade-progress.broken.json").read_bytes() == content
    assert work(file)["attempts"] == 1


def test_what_a_later_version_wrote_stays(quiz: Course, run: Command) -> None:
    file = graded(quiz, run)
    quiz.write(f"mine/{NAME}", '{"format": 2}')
    assert not run("quiz", quiz.write("mine/my.py", HALF)).err
    assert file.read_text() == '{"format": 2}'


def test_where_nothing_can_be_written_is_no_error(quiz: Course, run: Command) -> None:
    file = graded(quiz, run)
    for name in (NAME, ".grade-progress.broken.json"):  # nothing takes their place, whoever writes
        quiz.write(f"mine/{name}/full", "")
    ended = run("quiz", quiz.write("mine/my.py", RIGHT))
    assert (ended.code, "3 / 3 points" in ended.out, ended.err) == (0, True, "")
    assert file.is_dir()
    quiz.write("locked/my.py", RIGHT).parent.chmod(0o500)
    assert run("quiz", "locked").code == 0
    (quiz.path / "locked").chmod(0o700)


def test_it_stays_small(quiz: Course, run: Command) -> None:
    file = graded(quiz, run, HALF)
    kept = json.loads(file.read_text())
    runs = kept["work"]["quiz"]["my.py"]["runs"] * 500
    kept["work"]["quiz"] |= {f"{number}.py": {"attempts": 500, "runs": runs} for number in range(9)}
    file.write_text(json.dumps(kept))
    graded(quiz, run, RIGHT)
    assert file.stat().st_size <= 256 << 10
    assert work(file)["runs"][-1]["earned"] == 3


def test_it_is_not_handed_in(quiz: Course, run: Command, tmp_path: Path) -> None:
    ada = quiz.write("class/ada/my.py", HALF)
    before = json.loads(run("quiz", ada.parent, "--json", "-").out)
    assert ada.with_name(NAME).exists()
    assert json.loads(run("quiz", ada.parent, "--json", "-").out)["submission"] == before["submission"]
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as archive:
        for path in ada.parent.iterdir():
            archive.write(path, f"ada/{path.name}")
    ended = run("batch", "quiz", "class.zip", "--out", "graded", "-j1")
    assert (ended.code, "grade-progress" in ended.out + ended.err) == (0, False)
    assert (tmp_path / "graded" / "gradebook.csv").read_text().count("\n") == 2
    assert not list((tmp_path / "graded").rglob(".grade-*"))


def test_the_shipped_solution_is_not_remembered(run: Command) -> None:
    assert (
        run("run", ROOT / "assignments" / "assignment1", ROOT / "solutions" / "assignment1.ipynb", "-k", "noise").code
        == 0
    )
    assert not (ROOT / "solutions" / NAME).exists()


def test_the_repository_ignores_it() -> None:
    assert ".grade-*" in (ROOT / ".gitignore").read_text().splitlines()


# -- `grade open`


def test_a_page_is_shown_in_the_browser(quiz: Course, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = quiz.write("browser", f'#!/bin/sh\necho "$1" > "{quiz.path}/shown"\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    ended = run("open", "quiz", quiz.write("mine/my.py", HALF))
    page = quiz.path / "mine" / ".grade-report.html"
    assert (ended.code, ended.out) == (1, f"2 / 3 points\npage: {page}\n")
    assert (quiz.path / "shown").read_text() == f"{page.as_uri()}\n"
    assert "A quiz" in page.read_text(encoding="utf-8")
    assert work(page.with_name(NAME))["attempts"] == 1


@pytest.mark.slow
def test_where_there_is_no_browser_the_path_is_said(quiz: Course, command: Command) -> None:
    quiz.notebook("def f():\n    return 1\n", name="assignments/quiz/quiz.ipynb")
    ended = command("open", cwd=quiz.path, PATH="nowhere", BROWSER="", DISPLAY="", WAYLAND_DISPLAY="")
    page = quiz.quiz / ".grade-report.html"
    assert (ended.code, ended.out) == (1, f"2 / 3 points\nThere is no browser here; the page: {page}\n")


def test_which_assignment(quiz: Course, run: Command) -> None:
    quiz.write("assignments/other/assignment.yaml", "format: 1\n")
    ended = run("open")
    assert (ended.code, ended.err) == (2, "Which assignment?\n  Assignments: other, quiz.\n")
