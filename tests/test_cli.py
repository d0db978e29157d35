"""The command `grade`: exit codes, options, terminals, and what is left when it is stopped."""

# ruff: noqa: E501 (tables)

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import typer
from conftest import GRADE, ROOT, Command, Course

import grader
from grader.cli.app import app
from grader.cli.main import FLAGS, RUNNING, runs_code

RIGHT = "# %%\n# exercise: one\ndef f():\n    print('seen')\n    return 1\nprint('hello')\n# %%\n# exercise: two\ndef g():\n    return 2\n"
HALF = RIGHT.replace("return 2", "return 3")
ESC = "\x1b"


@pytest.fixture
def quiz(course: Course) -> Course:
    course.assign(
        {"id": "one", "title": {"en": "First", "ko": "하나"}, "points": 2,
         "requirements": [{"kind": "function", "calls": [{"call": "f()", "returns": "1"}]}]},
        {"id": "two", "points": 1.5, "hint": "Two is two.",
         "requirements": [{"kind": "function", "calls": [{"call": "g()", "returns": "2"}]}]},
        title="A quiz",
    )  # fmt: skip
    course.write("right.py", RIGHT)
    course.write("half.py", HALF)
    return course


# -- the installed command


def test_full_marks_exit_0(quiz: Course, command: Command) -> None:
    ended = command("quiz", "right.py", cwd=quiz.path)
    assert ended.code == 0, ended
    assert "3.5 / 3.5 points" in ended.out
    assert not ended.err
    assert ESC not in ended.out


def test_marks_missing_exit_1(quiz: Course, command: Command) -> None:
    ended = command("quiz", "../half.py", "--isolation", "auto", cwd=quiz.path / "assignments")
    assert ended.code == 1, ended
    assert "2 / 3.5 points" in ended.out


@pytest.mark.slow
def test_the_command_may_be_named_or_not(quiz: Course, command: Command) -> None:
    assert "3.5 / 3.5 points" in command("run", "quiz", "right.py", cwd=quiz.path).out
    assert "1.5 / 1.5 points" in command("-k", "two", "quiz", "right.py", cwd=quiz.path).out
    assert "No exercise matches -k 'list'" in command("-k", "list", "quiz", "right.py", cwd=quiz.path).err


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("quiz", False), ("quiz right.py", False), ("run quiz right.py -v", False), ("quiz right.py --lang ko", False),
        ("-k list quiz", False), ("record quiz", False), ("verify quiz -j 2", True), ("batch quiz . --out x", True),
        ("batch quiz . --out=x -j2", True), ("run -vq quiz right.py --html x.html", False),
        ("quizz", None), ("quiz missing.py", None), ("quiz --nonsense", None), ("quiz right.py -k", None), ("", None),
        ("list", None), ("--lang ko list", None), ("export github quiz", None), ("--help", None), ("explain", None),
    ],
)  # fmt: skip
def test_what_cannot_run_does_not_import_torch(
    quiz: Course, monkeypatch: pytest.MonkeyPatch, line: str, expected: bool | None
) -> None:
    monkeypatch.chdir(quiz.path)
    assert runs_code(line.split()) is expected


@pytest.mark.slow
@pytest.mark.parametrize("name", ["quiz", "assignments/quiz/assignment.yaml"])
def test_what_the_first_look_does_not_see_runs_nevertheless(quiz: Course, command: Command, name: str) -> None:
    ended = command("batch", name, "missing", "--out", "out", cwd=quiz.path)
    assert (ended.code, ended.err.splitlines()[0]) == (2, "missing does not exist.")
    quiz.write("class/ada.py", RIGHT)
    ended = command("batch", name, "class", "--out", "out", "-j1", cwd=quiz.path)
    assert (ended.code, ended.err) == (0, "")
    assert "median 3.5 of 3.5" in ended.out


def test_the_flags_are_known_before_the_commands_are_imported() -> None:
    flags = set()
    for name in RUNNING:
        for option in typer.main.get_command(app).commands[name].params:  # type: ignore[attr-defined]
            if option.param_type_name == "option" and option.is_flag:
                flags.update([*option.opts, *option.secondary_opts])
    assert flags == FLAGS


def test_version_and_help(command: Command) -> None:
    version, help_ = command("--version"), command("--help")
    assert (version.code, version.out) == (0, f"grade {grader.__version__}, isolation: landlock\n")
    assert help_.code == 0
    assert "grade ASSIGNMENT [PATH]" in help_.out
    assert "Traceback" not in command().err


def named_commands(group: Any, *before: str) -> Iterator[tuple[str, ...]]:
    for name, one in group.commands.items():
        yield (*before, name)
        yield from named_commands(one, *before, name) if hasattr(one, "commands") else ()


COMMANDS = list(named_commands(typer.main.get_command(app)))


@pytest.mark.parametrize("words", [(), ("quiz",), ("quiz", "right.py"), ("export", "quiz", "--out", "x"), *COMMANDS])
def test_every_command_has_help(quiz: Course, run: Command, monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    monkeypatch.chdir(quiz.path)
    monkeypatch.setenv("COLUMNS", "80")
    ended = run(*words, "--help")
    assert (ended.code, ended.err) == (0, "")
    command = ("run",) if "quiz" in words[:1] else tuple(word for word in words[:2] if word not in ("quiz", "--out"))
    command = ("export", "scores") if words[:2] == ("export", "quiz") else command
    assert ended.out.startswith(" ".join(("Usage: grade", *command, "[OPTIONS]")))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "completed"),
    [("grade qu", "quiz"), ("grade batch qu", "quiz"), ("grade bat", "batch"), ("grade quiz --ht", "--html"),
     ("grade export git", "github"), ("grade quiz -q --iso", "--isolation"), ("grade hint quiz tw", "two"),
     ("grade quiz right.py -k on", "one"), ("grade open qu", "quiz"), ("grade explain list_not_r", "list_not_registered")],
)  # fmt: skip
def test_a_shell_completes(quiz: Course, command: Command, words: str, completed: str) -> None:
    asked = {"_GRADE_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    ended = command(cwd=quiz.path, **asked)
    assert (ended.out.split(), ended.err) == ([completed], "")


@pytest.mark.slow
@pytest.mark.parametrize(("shell", "registered"), [("zsh", "compdef"), ("fish", "complete --command grade")])
def test_other_shells_complete(quiz: Course, command: Command, shell: str, registered: str) -> None:
    words = {"_TYPER_COMPLETE_ARGS": "grade hint quiz tw", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    ended = command(cwd=quiz.path, _GRADE_COMPLETE=f"complete_{shell}", **words)
    assert "two" in ended.out
    assert "one" not in ended.out
    # the shell is named here: Typer would look for it among the processes above
    shown = command("--show-completion", shell, cwd=quiz.path, _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert (shown.code, "_GRADE_COMPLETE" in shown.out, registered in shown.out) == (0, True, True)


def test_the_nearest_name_is_said(quiz: Course, command: Command) -> None:
    ended = command("quizz", "right.py", cwd=quiz.path)
    assert ended.code == 2
    assert "Did you mean 'quiz'?" in ended.err


def test_the_real_assignment(command: Command) -> None:
    ended = command("assignment1", "-q", cwd=ROOT)
    assert ended.code == 1
    assert ended.out.strip() == "0 / 78 points"


# -- the same in this process


def test_quiet_shows_the_total_alone(quiz: Course, run: Command) -> None:
    assert run("run", quiz.quiz, quiz.path / "half.py", "-q").out.strip() == "2 / 3.5 points"


def test_stdout_takes_one_form(quiz: Course, run: Command) -> None:
    ended = run("run", quiz.quiz, quiz.path / "half.py", "--json", "-", "--markdown", "-")
    assert (ended.code, ended.out) == (2, "")
    assert "--json and --markdown cannot" in ended.err


def test_verbose_shows_checks_and_output(quiz: Course, run: Command) -> None:
    short = run("run", quiz.quiz, quiz.path / "right.py").out
    long = run("run", quiz.quiz, quiz.path / "right.py", "-v").out
    assert "call[1]" not in short
    assert "hello" not in short
    assert long.count("call[1]") == 2
    assert "hello" in long
    assert "seen" not in long


def test_a_failure_shows_its_parts(quiz: Course, run: Command) -> None:
    out = run("run", quiz.quiz, quiz.path / "half.py").out
    lines = [line.strip() for line in out.splitlines()]
    at = lines.index("✗ call[1]")
    parts = ["called g()", "expected 2", "observed 3", "where line 9", "code def g():", "hint Two is two."]
    assert lines[at + 1 : at + 7] == parts


def test_a_line_for_each_exercise_and_the_first_failure(quiz: Course, run: Command) -> None:
    wrong = RIGHT.replace("return 1", "return 4").replace("return 2", "return 3")
    shown = run("run", quiz.quiz, quiz.write("wrong.py", wrong)).out
    lines = shown.splitlines()
    assert lines[2:6] == ["✗       0 / 2 First  one", "✗     0 / 1.5 Two  two", "", "First  one"]
    assert "observed 4" in shown
    assert "observed 3" not in shown
    assert "    1 more: `-v`" in lines
    for text in ("observed 4", "observed 3", "Two is two."):
        assert text in run("run", quiz.quiz, quiz.path / "wrong.py", "-v").out
    alone = run("run", quiz.quiz, quiz.path / "wrong.py", "-k", "two").out
    assert alone.splitlines()[2:4] == ["✗     0 / 1.5 Two  two", "    ✗ call[1]"]
    assert "more" not in alone


def test_a_title_is_cut_where_the_terminal_ends_and_the_id_stays(
    quiz: Course, run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    title = {"en": "A title that goes on and on, as titles do", "ko": "아주 길고 또 긴 제목은 끝이 없이 이어집니다"}
    calls = [{"call": "f()", "returns": "1"}]
    quiz.assign({"id": "with-a-name", "title": title, "requirements": [{"kind": "function", "calls": calls}]})
    monkeypatch.setenv("COLUMNS", "50")
    assert "✓       1 / 1 A title that goes on a…  with-a-name\n" in run("run", quiz.quiz, quiz.path / "right.py").out
    korean = run("run", quiz.quiz, quiz.path / "right.py", "--lang", "ko").out.splitlines()[2]
    assert korean.endswith("…  with-a-name")


def test_of_many_cells_that_raise_the_first_are_told(quiz: Course, run: Command) -> None:
    path = quiz.write("raising.py", RIGHT + "".join(f"# %%\n{number} / 0\n" for number in range(7)))
    shown = run("run", quiz.quiz, path).out
    assert shown.count("ZeroDivisionError") == 3
    assert "    4 more: `-v`\n" in shown
    assert run("run", quiz.quiz, path, "-v").out.count("ZeroDivisionError") == 14


def test_lines_carry_no_blanks_at_their_end(quiz: Course, run: Command) -> None:
    for flags in ([], ["-v"]):
        out = run("run", quiz.quiz, quiz.path / "half.py", *flags).out
        assert [line for line in out.splitlines() if line != line.rstrip()] == []


@pytest.mark.parametrize(
    ("expression", "possible", "code"),
    [("one", 2, 0), ("two", 1.5, 1), ("not two", 2, 0), ("one or two", 3.5, 1), ("call", 3.5, 1)],
)
def test_selecting(quiz: Course, run: Command, expression: str, possible: float, code: int) -> None:
    ended = run("run", quiz.quiz, quiz.path / "half.py", "-k", expression, "--json", "-")
    report = json.loads(ended.out)
    assert ended.code == code
    assert report["possible"] == possible
    assert report["selection"] == expression


@pytest.mark.parametrize(
    ("expression", "selected"),
    [("linear", "linear"), ("my-linear-2", "my-linear-2"), ("not linear", "my-linear-2 Linear"), ("Linear", "Linear"),
     ("linear and own", "linear"), ("linea", "linear my-linear-2 Linear"), ("(linear or my-linear-2) and not own",
     "linear my-linear-2")],
)  # fmt: skip
def test_an_id_selects_its_exercise_alone(course: Course, run: Command, expression: str, selected: str) -> None:
    requirement = {"kind": "function", "calls": [{"call": "linear()", "returns": "1"}]}
    course.assign(*({"id": name, "requirements": [requirement]} for name in ("linear", "my-linear-2", "Linear")))
    checks = course.check(
        """
        from grader import check, probe

        @probe
        def its(student):
            return student.linear()

        @check(exercise="linear")
        def test_own(observe):
            assert observe(its) == 1
        """
    )
    ended = run("run", course.quiz, course.write("a.py", "linear = lambda: 1"), "-k", expression, "--json", "-")
    found = {exercise["id"]: exercise["checks"] for exercise in json.loads(ended.out)["exercises"]}
    assert " ".join(found) == selected, checks
    if expression in ("linear", "linear and own"):
        assert len(found["linear"]) == (2 if expression == "linear" else 1)


@pytest.mark.parametrize("expression", ["three", "one and two", "one and", "(", "not"])
def test_selecting_nothing(quiz: Course, run: Command, expression: str) -> None:
    ended = run("run", quiz.quiz, quiz.path / "half.py", "-k", expression)
    assert ended.code == 2, ended
    assert expression in ended.err
    assert "one, two" in ended.err
    assert "Traceback" not in ended.err
    assert not ended.out


def test_json_on_stdout_is_pure(quiz: Course, run: Command) -> None:
    ended = run("run", quiz.quiz, quiz.path / "half.py", "--json", "-", "-v")
    report = json.loads(ended.out)
    assert ended.code == 1
    assert not ended.err
    assert report["earned"] == 2
    assert report["exercises"][0]["title"] == {"en": "First", "ko": "하나"}


def test_json_in_a_file(quiz: Course, run: Command) -> None:
    ended = run("run", quiz.quiz, quiz.path / "right.py", "--json", quiz.path / "report.json")
    assert ended.code == 0
    assert "3.5 / 3.5 points" in ended.out
    assert grader.Report.model_validate_json((quiz.path / "report.json").read_text()).earned == 3.5


@pytest.mark.parametrize("where", ["nowhere/report.json", "."])
def test_json_in_a_file_that_cannot_be(quiz: Course, run: Command, where: str) -> None:
    ended = run("run", quiz.quiz, quiz.path / "right.py", "--json", quiz.path / where)
    assert ended.code == 2
    assert "cannot be written" in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("quizz", "Did you mean 'quiz'?"),
        ("zebra", "Assignments: quiz."),
        (".", "holds no assignment.yaml"),
        ("assignments/zebra", "There is no assignment"),
        ("[red]", "There is no assignment '[red]'"),
        ("right.py", "Name the assignment first, e.g. `grade quiz right.py`."),
        ("one", "'one' is an exercise of quiz.\n  Name the assignment first, e.g. `grade quiz -k one`."),
    ],
)
def test_names_that_are_none(quiz: Course, run: Command, monkeypatch: pytest.MonkeyPatch, name: str, said: str) -> None:
    monkeypatch.chdir(quiz.path)
    ended = run("run", name, "right.py")
    assert ended.code == 2
    assert said in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    "name", ["quiz", "assignments/quiz", "./assignments/quiz/", "assignments/quiz/assignment.yaml"]
)
def test_names_and_paths(quiz: Course, run: Command, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(quiz.path)
    assert run("run", name, "right.py").code == 0


def test_a_folder_is_a_name_from_anywhere(
    quiz: Course, run: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path.parent)
    assert run("run", quiz.quiz, quiz.path / "right.py").code == 0
    monkeypatch.chdir(quiz.quiz)
    assert run("run", ".", "../../right.py").code == 0


def test_without_a_path_the_starter_is_graded(quiz: Course, run: Command) -> None:
    ended = run("run", quiz.quiz)
    assert ended.code == 2
    assert "quiz.ipynb" in ended.err
    quiz.notebook("# exercise: one\ndef f(): return 1", name="assignments/quiz/quiz.ipynb")
    ended = run("run", quiz.quiz)
    assert ended.code == 1
    assert "2 / 3.5 points" in ended.out


def test_without_a_path_the_notebook_saved_last_is_graded(quiz: Course, run: Command) -> None:
    first = quiz.notebook("# exercise: one", name="assignments/quiz/quiz.ipynb")
    second = quiz.notebook("# exercise: one\ndef f(): return 1", name="assignments/quiz/quiz.ko.ipynb")
    os.utime(first, (1000, 1000))
    assert "A quiz  quiz.ko.ipynb" in run("run", quiz.quiz).out
    os.utime(second, (1000.5, 1000.5))
    assert "A quiz  quiz.ipynb" in run("run", quiz.quiz).out


@pytest.mark.parametrize("arguments", [["--nonsense"], ["--isolation", "docker"], ["more", "and more"]])
def test_wrong_options(quiz: Course, run: Command, arguments: list[str]) -> None:
    ended = run("run", quiz.quiz, quiz.path / "right.py", *arguments)
    assert ended.code == 2
    assert "Traceback" not in ended.err


def test_list(quiz: Course, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    quiz.write("assignments/broken/assignment.yaml", "format: 9\n")
    monkeypatch.chdir(quiz.quiz)
    ended = run("list")
    assert ended.code == 0
    assert "quiz  A quiz, 2 exercises\n" in ended.out
    for name in ("quiz.ipynb", "quiz.ko.ipynb"):
        quiz.notebook(name=f"assignments/quiz/{name}")
        assert "quiz  A quiz, 2 exercises  quiz.ipynb\n" in run("list").out
    assert "  quiz.ko.ipynb\n" in run("list", "--lang", "ko").out
    assert "broken" in ended.out
    assert "the format is 9" in ended.out


def test_list_where_there_is_nothing(run: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert "No assignments here" in run("list").out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("package", "extra", "arguments"),
    [
        ("sqlalchemy", "batch", ["batch", ".", "--out", "graded"]),
        ("matplotlib", "batch", ["batch", ".", "--out", "graded"]),
    ],
)
def test_a_package_of_an_extra_is_missing(
    quiz: Course, command: Command, tmp_path: Path, package: str, extra: str, arguments: list[str]
) -> None:
    (tmp_path / "missing").mkdir()
    raises = f"raise ModuleNotFoundError({package!r}, name={package!r})\n"
    (tmp_path / "missing" / f"{package}.py").write_text(raises)
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "Kim.py").write_text("x = 1\n")
    paths = os.pathsep.join([str(tmp_path / "missing"), *filter(None, [os.environ.get("PYTHONPATH")])])
    ended = command(arguments[0], quiz.quiz, *arguments[1:], cwd=tmp_path / "class", PYTHONPATH=paths)
    assert ended.code == 3, ended
    said = f"This command needs {package}, which is not installed: `pip install 'torch-grader[{extra}]'`."
    assert ended.err.splitlines() == [said]


def test_an_error_of_ours_exits_3(quiz: Course, run: Command) -> None:
    quiz.require({"kind": "function", "calls": [{"call": "f()"}]}, solution="def f(): raise OSError\n")
    ended = run("run", quiz.quiz, quiz.path / "right.py")
    assert ended.code == 3
    assert "Not graded" in ended.out
    assert "points" not in ended.out.splitlines()[-1]


def test_a_bug_of_ours_exits_3_and_says_so(quiz: Course, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.judging.driver.build_report", lambda session: 1 / 0)
    ended = run("run", quiz.quiz, quiz.path / "right.py")
    assert ended.code == 3
    assert "this is not your mistake" in ended.err
    assert "ZeroDivisionError" in ended.err


# -- colour


def screen(arguments: list[str], cwd: Path, **environment: str) -> str:
    """What the command writes to a terminal of its own."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [GRADE, *arguments], cwd=cwd, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True,
        env={**os.environ, "TERM": "xterm-256color", **environment},
    )  # fmt: skip
    os.close(theirs)
    seen = b""
    until = time.monotonic() + 30
    while time.monotonic() < until and select.select([ours], [], [], 30)[0]:
        try:
            data = os.read(ours, 1 << 16)
        except OSError:
            break
        if not data:
            break
        seen += data
    process.wait(10)
    os.close(ours)
    return seen.decode()


def test_a_terminal_shows_colour(quiz: Course) -> None:
    seen = screen(["quiz", "half.py"], quiz.path)
    assert re.search(rf"{ESC}\[[0-9;]*m", seen)
    plain = re.sub(rf"{ESC}\[[0-9;?]*[a-zA-Z]", "", seen)
    assert "2 / 3.5 points" in plain


@pytest.mark.slow
def test_no_color_is_heeded(quiz: Course) -> None:
    seen = screen(["quiz", "half.py"], quiz.path, NO_COLOR="1")
    assert "2 / 3.5 points" in seen
    assert not re.search(rf"{ESC}\[[0-9;]*(3\d|9\d)[0-9;]*m", seen)


# -- terminals that cannot print it all


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "code"),
    [("quiz half.py -v --lang ko", 1), ("list --lang ko", 0), ("explain --lang ko", 0), ("quizz half.py", 2), ("--help", 0),
     ("batch quiz class --out out", 0), (f"verify {ROOT}/assignments/assignment1 -k noise --no-mutants -j1", 0)],
)  # fmt: skip
def test_every_command_prints_where_nothing_but_ascii_can_be(
    quiz: Course, command: Command, line: str, code: int
) -> None:
    quiz.write("class/이든.py", HALF)
    ended = command(*line.split(), cwd=quiz.path, PYTHONIOENCODING="ascii")
    assert ended.code == code, ended
    assert "Traceback" not in ended.err
    assert (ended.out + ended.err).isascii()


@pytest.mark.parametrize(
    ("encoding", "marks", "title"),
    [
        pytest.param("ascii", "+x", r"\ud558\ub098", marks=pytest.mark.slow),
        pytest.param("cp1252", "+x", r"\ud558\ub098", marks=pytest.mark.slow),
        ("cp949", "+x", "하나"),
        pytest.param("utf-8", "✓✗", "하나", marks=pytest.mark.slow),
    ],
)
def test_what_a_terminal_cannot_print_is_ascii(
    quiz: Course, command: Command, encoding: str, marks: str, title: str
) -> None:
    shown = command("quiz", "half.py", "-v", "--lang", "ko", cwd=quiz.path, PYTHONIOENCODING=encoding).out
    assert "".join(re.findall(r"^(\S) .* (?:one|two)$", shown, re.MULTILINE)) == marks
    assert title in shown


@pytest.mark.slow
def test_a_format_on_stdout_is_the_file(quiz: Course) -> None:
    line = [GRADE, "quiz", "half.py", "--markdown"]
    surroundings = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run([*line, "-"], cwd=quiz.path, env=surroundings, capture_output=True, timeout=60)
    subprocess.run([*line, "half.md"], cwd=quiz.path, env=surroundings, capture_output=True, timeout=60)
    assert "✗" in done.stdout.decode()
    assert done.stdout == (quiz.path / "half.md").read_bytes()


# -- being stopped

LOOP = "# %%\n# exercise: one\ndef f(): return 1\n# %%\nimport time\nwhile True:\n    time.sleep(0.01)\n"


@pytest.fixture
def looping(quiz: Course, interruptible: None) -> Iterator[subprocess.Popen[bytes]]:
    """`grade`, with a cell that never ends under way, and a `TMPDIR` of its own."""
    with (quiz.quiz / "assignment.yaml").open("a") as file:
        file.write("limits: {seconds: 40}\n")
    quiz.write("loop.py", LOOP)
    scratch = quiz.path / "scratch"
    scratch.mkdir()
    with subprocess.Popen(
        [GRADE, "quiz", "loop.py"],
        cwd=quiz.path,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(scratch)},
    ) as process:
        try:
            wait_for(lambda: len(family(process.pid)) >= 2 and any(scratch.glob("grade-*")), 30)
            time.sleep(0.3)
            yield process
        finally:
            process.kill()


def family(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []


def wait_for(true: Callable[[], bool], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


def gone(processes: list[psutil.Process]) -> bool:
    return not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes)


def test_ctrl_c_leaves_nothing(looping: subprocess.Popen[bytes], quiz: Course) -> None:
    children = family(looping.pid)
    os.killpg(looping.pid, signal.SIGINT)
    out, err = looping.communicate(timeout=10)
    assert looping.returncode == 130
    assert b"Traceback" not in out + err
    wait_for(lambda: gone(children), 3)
    assert not list((quiz.path / "scratch").iterdir())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["kill", "term"])
def test_the_guests_end_with_the_judge(looping: subprocess.Popen[bytes], quiz: Course, number: int) -> None:
    children = family(looping.pid)
    os.kill(looping.pid, number)
    looping.communicate(timeout=10)
    wait_for(lambda: gone(children), 5)
    wait_for(lambda: not list((quiz.path / "scratch").iterdir()), 3)


@pytest.mark.slow
def test_a_reader_that_goes_away(quiz: Course) -> None:
    done = subprocess.run(
        f"{GRADE} quiz half.py -v | head -1", shell=True, cwd=quiz.path, capture_output=True, text=True, timeout=30
    )
    assert "Traceback" not in done.stderr


def test_nothing_is_left_after_grading(quiz: Course, command: Command, tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    assert command(quiz.quiz, quiz.path / "right.py", TMPDIR=str(temporary)).code == 0
    assert not list(temporary.iterdir())


def test_what_a_submission_says_is_no_command_to_githubs_runner(
    course: Course, run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The runner takes each line that begins with `::` for one, behind spaces as well."""
    course.require({"kind": "function", "calls": [{"call": "f()", "returns": "1"}]})
    said = "# exercise: one\ndef f():\n    raise KeyError('x\\n::error::done')\n"
    path = course.notebook(said)
    assert "::stop" not in run("run", course.quiz, path).out
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    tokens = set()
    handed = path.parent / "handed"
    handed.mkdir()
    (handed / "ada.ipynb").write_text(path.read_text())
    for command in (("run", course.quiz, path), ("batch", course.quiz, handed, "--out", path.parent / "out", "-j1")):
        first, *_, last = run(*command).out.strip().splitlines()
        assert re.fullmatch(r"::stop-commands::[0-9a-f]{64}", first)
        assert last == f"::{first.rpartition('::')[2]}::"
        tokens.add(last)
    assert len(tokens) == 2


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ("nn.Linear(3, 2, device='meta')", "`weight` is no ordinary tensor: Parameter containing: tensor("),
        ("nn.LazyLinear(2)", "`weight` is lazy, and has none before the first call"),
    ],
    ids=["meta", "lazy"],
)
def test_a_parameter_without_values_is_called_what_it_is(course: Course, made: str, said: str) -> None:
    head = "import torch\nfrom torch import nn\n# %%\n# exercise: one\ndef make():\n    return "
    course.require(
        {"kind": "parameters", "object": "make()", "parameters": {"weight": {"shape": [2, 3]}}},
        solution=f"{head}nn.Linear(3, 2)\n",
    )
    report = course.grade(course.write("answer.py", f"{head}{made}\n"))
    (observed,) = {str(c.observed) for c in report.exercises[0].checks if c.id.endswith("[weight]")}
    assert observed.startswith(said)
