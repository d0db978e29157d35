"""A class at a time: layouts, zips, the gradebook, going on after a kill, grading again."""

from __future__ import annotations

import copy
import csv
import json
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import psutil
import pytest
from conftest import GRADE, ROOT, Command, Course
from gradebooks import events, results, rows, timeless
from markupsafe import escape
from safetensors.numpy import load_file

from grader.assignment.load import load_assignment
from grader.batch.archive import unpack_submissions
from grader.batch.batch_engine import engines
from grader.batch.grade import grade_one
from grader.batch.gradebook import Gradebook
from grader.batch.submissions import Download, Looking, find_submissions
from grader.batch.tasks import Graded, Task
from grader.models.policy import Policy
from grader.sandbox.client import Zygote
from grader.workers.pool import Pool

WATCH = "def watch(model, log):\n    return model.register_forward_hook(lambda *seen: log.append(1.0))\n"
SOLUTION = "def double(x):\n    return 2 * x\n"
RIGHT = "# exercise: double\n" + SOLUTION
WRONG = "# exercise: double\ndef double(x):\n    return 3 * x\n"
HANGS = "# exercise: double\ndef double(x):\n    while True: pass\n"
CRASHES = "# exercise: double\nimport os\ndef double(x):\n    os._exit(7)\n"
EXERCISE = {
    "id": "double",
    "title": {"en": "Double", "ko": "두 배"},
    "points": 2,
    "requirements": [{"kind": "function", "calls": [{"call": "double(randn(3))"}]}],
}


@pytest.fixture
def quiz(course: Course) -> Course:
    """An assignment of one exercise that a second is enough for."""
    course.assign(EXERCISE, solution=RIGHT, limits={"seconds": 1})
    return course


def files(folder: Path, **sources: str) -> Path:
    """A folder of one file per student."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, source in sources.items():
        (folder / f"{name}.py").write_text(source)
    return folder


# -- a class


@pytest.mark.slow
def test_who_handed_in_the_same_file(quiz: Course, run: Command, tmp_path: Path) -> None:
    folder = files(tmp_path / "in", ada=RIGHT, bob=WRONG, cleo=RIGHT)
    lines = [line.strip() for line in run("batch", quiz.quiz, folder, "--out", tmp_path / "out").out.splitlines()]
    assert lines[lines.index("the same file was handed in by") + 1] == "ada, cleo"


def test_each_gets_a_row(quiz: Course, run: Command, tmp_path: Path) -> None:
    folder = files(tmp_path / "in", ada=RIGHT, bob=WRONG, cleo=HANGS, dan=CRASHES)
    (folder / "eve.ipynb").write_text("this is not JSON")
    (folder / "fay.txt").write_text("my answer")
    (folder / "gus.py").symlink_to("/etc/passwd")
    (folder / "hal.py").mkdir()
    ended = run("batch", quiz.quiz, folder, "--out", tmp_path / "out", "-j", "2")
    assert ended.code == 0, ended.err
    found = rows(tmp_path / "out")
    assert {name: (row.attempt.status, row.credited) for name, row in found.items()} == {
        "ada": ("graded", 2.0), "bob": ("graded", 0.0), "cleo": ("graded", 0.0), "dan": ("graded", 0.0),
        "eve": ("refused", 0.0), "fay": ("refused", 0.0), "gus": ("refused", 0.0), "hal": ("refused", 0.0),
    }  # fmt: skip
    reasons = {name: row.attempt.reason for name, row in found.items() if row.attempt.reason}
    assert "it is not JSON" in reasons["eve"]
    assert reasons["fay"] == "it is not a notebook (.txt)"
    assert reasons["gus"] == "it is a symbolic link"
    assert reasons["hal"] == "there is no notebook"
    report = found["cleo"].attempt.read_report()
    assert report is not None
    assert str(report.exercises[0].checks[0].observed) == "stopped after 1 s"
    assert "4 graded" in ended.out
    assert "4 not graded" in ended.out
    said = [event["event"] for event in events(tmp_path / "out")]
    assert said[0] == "started"
    assert said[-1] == "finished"
    assert sorted(said[1:-1]) == ["graded"] * 4 + ["refused"] * 4


STEPS = {
    name: f"# %%\n# exercise: {name}\ndef {name}(x):\n    return x + {number}\n"
    for number, name in enumerate("abcd", 1)
}
KILLS = "# %%\n# exercise: b\nimport os\ndef b(x):\n    os.kill(os.getppid(), 9)\n    os._exit(0)\n"
SWALLOWS = """
# %%
# exercise: b
def b(x):
    while x == 2:
        try:
            while True: pass
        except BaseException: pass
    return x + 2
"""
LOADER = """
import os, time
from torch.utils.data import DataLoader, Dataset
class Leaves(Dataset):
    def __len__(self): return 4
    def __getitem__(self, index):
        if index > 1:
            time.sleep(0.1)
            os._exit(1)
        return index
numbers = iter(DataLoader(Leaves(), num_workers=1))
next(numbers)
"""
HEEDS = """
import signal
def heed(number, frame):
    raise RuntimeError("a child has ended")
signal.signal(signal.SIGCHLD, heed)
"""
THREAD = """
import threading
called, changed = threading.Event(), threading.Event()
def change():
    called.wait()
    globals()["a"] = lambda x: x + 1
    changed.set()
threading.Thread(target=change, daemon=True).start()
"""
CALLED = "# %%\n# exercise: a\ndef a(x):\n    called.set()\n    changed.wait(0.5)\n    return x - 1\n"
REMEMBERS = "# %%\nseen = []\n" + "".join(STEPS.values()).replace("x +", "seen.append(x) or len(seen) - 1 + x +")
SLOW = "".join(STEPS.values()).replace("return", "__import__('time').sleep(0.1)\n    return")
ODD = {
    "right": "".join(STEPS.values()),
    "loads": LOADER + SLOW,
    "threads": THREAD + CALLED + STEPS["b"] + STEPS["c"] + STEPS["d"],
    "backwards": "".join(reversed(STEPS.values())),
    "mixed": STEPS["a"] + STEPS["c"] + STEPS["b"] + STEPS["d"],
    "unmarked": "".join(STEPS.values()).replace("# exercise", "# answer"),
    "late": STEPS["a"] + STEPS["b"] + STEPS["c"] + "# %%\nd = lambda x: x + 4\n",
    "wrong": STEPS["a"].replace("+", "-") + STEPS["b"] + STEPS["c"].replace("+", "-") + STEPS["d"],
    "redefined": STEPS["a"] + STEPS["b"] + STEPS["c"] + "# %%\nb = c = None\nprint('later')\n" + STEPS["d"],
    "kills": STEPS["a"] + KILLS + STEPS["c"] + STEPS["d"],
    "swallows": STEPS["a"] + SWALLOWS + STEPS["c"] + STEPS["d"],
    "exits": STEPS["a"] + STEPS["b"] + "# %%\n# exercise: c\nimport os\nos._exit(3)\n" + STEPS["d"],
    "remembers": REMEMBERS,
    "heeds": HEEDS + REMEMBERS,
}  # fmt: skip


@pytest.mark.slow
def test_a_class_gets_the_reports_that_each_would_get(course: Course, run: Command, tmp_path: Path) -> None:
    """A batch has an exercise's state held by the notebook's own process, one at a time, where the order allows it."""
    calls = [{"call": "{}(2)"}, {"call": "{}(5)"}]
    exercises = [
        {
            "id": name,
            "needs": ["a"] if name == "d" else [],
            "requirements": [{"kind": "function", "calls": [{"call": call["call"].format(name)} for call in calls]}],
        }
        for name in STEPS
    ]
    course.assign(*exercises, solution=ODD["right"], limits={"seconds": 1})
    folder = files(tmp_path / "in", **ODD)
    assert run("batch", course.quiz, folder, "--out", tmp_path / "out", "-j", "2", "--seed", "5").code == 0
    found = results(tmp_path / "out")
    earned = {}
    for name in ODD:
        run("run", course.quiz, folder / f"{name}.py", "--seed", "5", "--json", tmp_path / "alone.json")
        alone = json.loads((tmp_path / "alone.json").read_text())
        assert json.loads(found[name]) == timeless(alone), name
        earned[name] = alone["earned"]
    assert earned == {
        "right": 4, "loads": 4, "heeds": 4, "threads": 2.5, "backwards": 4, "mixed": 4, "unmarked": 4, "late": 3,
        "wrong": 1, "redefined": 4, "kills": 3, "swallows": 3.5, "exits": 3, "remembers": 4,
    }  # fmt: skip


FORGED = {
    "text": "look.call = lambda *_: {'returned': ['\\ud800'], 'before': [], 'after': []}\n" + SOLUTION + WATCH,
    "form": "look.hook_counts = lambda model: {'': 'forged'}\n" + WATCH,
    "size": "import torch\ndouble = lambda x: torch.zeros(12_000_000, 1, 1)",
}


def test_what_one_sends_costs_no_other(quiz: Course, run: Command, tmp_path: Path) -> None:
    hooked = {"kind": "hooks", "model": "nn.Linear(3, 2)", "attach": "watch(model, log)", "log": True}
    hooked |= {"inputs": ["randn(2, 3)"], "registered": {"": {"forward": 1}}}
    both = {**EXERCISE, "requirements": [hooked, {"kind": "function", "calls": [{"call": "double(randn(900))"}]}]}
    quiz.assign(both, solution=RIGHT + WATCH)
    sources = {
        name: f"# exercise: double\nfrom grader.guest import look\n{forged}\n" for name, forged in FORGED.items()
    }
    folder = files(tmp_path / "in", **sources, right=RIGHT + WATCH)
    assert run("batch", quiz.quiz, folder, "--out", tmp_path / "out", "-j", "1").code == 0
    found = rows(tmp_path / "out")
    assert {name: row.attempt.status for name, row in found.items()} == dict.fromkeys([*FORGED, "right"], "graded")
    assert found["right"].credited == 2
    assert all(found[name].credited < 2 for name in FORGED)


def test_checks_that_pytest_reorders(course: Course, run: Command, tmp_path: Path) -> None:
    """It brings together what shares a fixture: then exercises are not asked about one after the other."""
    course.assign({"id": "one"}, {"id": "two"}, solution=RIGHT)
    course.check("""
        import pytest
        from grader import check, probe

        @pytest.fixture(scope="module", params=[2, 7])
        def number(request):
            return request.param

        @probe
        def call(student, number):
            return student.double(number)

        @check(exercise="one")
        def test_one(observe, number):
            assert observe(call, number) == 2 * number

        @check(exercise="two")
        def test_two(observe, number):
            assert observe(call, number) == 2 * number
    """)
    sources = {"ada": "# exercise: one\n" + SOLUTION + "# %%\n# exercise: two\nx = 1\n"}
    assert run("batch", course.quiz, files(tmp_path / "in", **sources), "--out", tmp_path / "out").code == 0
    assert rows(tmp_path / "out")["ada"].credited == 4


def test_a_check_that_ends_pytest_costs_one_submission(course: Course, run: Command, tmp_path: Path) -> None:
    course.assign({"id": "double"}, solution=RIGHT)
    course.check("""
        import pytest
        from grader import check, probe

        @pytest.fixture(scope="module")
        def shared():
            return 3

        @probe
        def call(student, number):
            return student.double(number)

        @check(exercise="double")
        def test_three(observe, shared):
            if observe(call, shared) == 9:
                pytest.exit("that is too much")

        @check(exercise="double")
        def test_four(observe, shared):
            assert observe(call, 4) == 8
    """)
    folder = files(tmp_path / "in", ada=RIGHT, bob=WRONG, cleo=RIGHT)
    assert run("batch", course.quiz, folder, "--out", tmp_path / "out", "-j", "1").code == 3
    found = {name: (row.attempt.status, row.credited) for name, row in rows(tmp_path / "out").items()}
    assert found == {"ada": ("graded", 2), "bob": ("error", 0), "cleo": ("graded", 2)}


def test_nothing_is_graded_twice_until_the_checks_change(quiz: Course, run: Command, tmp_path: Path) -> None:
    folder = files(tmp_path / "in", ada=RIGHT, bob=WRONG)
    arguments = ("batch", quiz.quiz, folder, "--out", tmp_path / "out", "-j", "1")
    run(*arguments)
    first = rows(tmp_path / "out")["ada"].attempt
    files(tmp_path / "in", bob=RIGHT)
    assert run(*arguments).code == 0
    assert [(e["event"], e["student"]) for e in events(tmp_path / "out")[-3:-1]] == [("kept", "ada"), ("graded", "bob")]
    assert rows(tmp_path / "out")["ada"].attempt.id == first.id
    assert rows(tmp_path / "out")["bob"].attempts == 2

    calls = [{"call": "double(randn(3))"}, {"call": "double(3)", "returns": "7"}]
    solution = RIGHT.replace("2 * x", "7 if isinstance(x, int) else 2 * x")
    quiz.assign({**EXERCISE, "requirements": [{"kind": "function", "calls": calls}]}, solution=solution)
    assert run(*arguments).code == 0
    assert [e["event"] for e in events(tmp_path / "out")[-3:-1]] == ["old", "old"]
    again = run(*arguments, "--regrade")
    assert "2 of 2 graded again have another result" in again.out
    assert "2 → 1 (−1)" in again.out
    assert "double::call[2]: none → failed" in again.out


@pytest.mark.slow
def test_a_part_is_graded_and_never_beside_the_whole(quiz: Course, run: Command, tmp_path: Path) -> None:
    other = {**EXERCISE, "id": "double-2", "points": 3}
    quiz.assign(EXERCISE, other, solution=RIGHT + "# %%\n" + RIGHT.replace(": double", ": double-2"))
    folder = files(tmp_path / "in", ada=RIGHT, bob=WRONG)
    part, whole = (("batch", quiz.quiz, folder, "--out", tmp_path / name, "-j1") for name in ("part", "whole"))
    for _ in range(2):
        ended = run(*part, "-k", "double")
        assert ended.code == 0, ended.err
        assert "Only a part was graded: double" in ended.out
        assert "median 1 of 2" in ended.out
    report = rows(tmp_path / "part")["ada"].attempt.read_report()
    assert report is not None
    assert (report.selection, [exercise.id for exercise in report.exercises]) == ("double", ["double"])
    assert "Only a part was graded: double" in (tmp_path / "part" / "class.html").read_text()
    table = list(csv.DictReader((tmp_path / "part" / "gradebook.csv").read_text("utf-8-sig").splitlines()))
    assert [(row["score"], row["possible"], row["double"], row["double-2"]) for row in table] == [
        ("2", "2", "2", ""), ("0", "2", "0", ""),
    ]  # fmt: skip
    before = results(tmp_path / "part")
    for selection in ((), ("-k", "double-2"), ("-k", "double-2", "--regrade")):
        ended = run(*part, *selection)
        assert (ended.code, "are of -k 'double', and not of" in ended.err) == (2, True), ended
    assert results(tmp_path / "part") == before
    nothing = run("batch", quiz.quiz, folder, "--out", tmp_path / "nothing", "-j1", "-k", "dbl")
    assert (nothing.code, "No exercise matches -k 'dbl'" in nothing.err) == (2, True), nothing
    assert run(*whole).code == 0
    assert "are of the whole assignment, and not of -k 'double'" in run(*whole, "-k", "double").err


@pytest.mark.slow
def test_a_killed_batch_goes_on(quiz: Course, run: Command, tmp_path: Path) -> None:
    slow = RIGHT + "import time\ntime.sleep(0.3)\n"
    names = {f"s{number:02}": (slow if number % 3 else WRONG) for number in range(9)}
    folder = files(tmp_path / "in", **names)
    arguments = [str(GRADE), "batch", str(quiz.quiz), str(folder), "-j", "2", "--seed", "5", "--out"]
    assert run("batch", quiz.quiz, folder, "-j", "2", "--seed", "5", "--out", tmp_path / "whole").code == 0
    random.seed(5)
    for _ in range(2):
        process = subprocess.Popen([*arguments, str(tmp_path / "killed")], stdout=subprocess.DEVNULL)
        before = stored(tmp_path / "killed")
        until(lambda before=before: stored(tmp_path / "killed") > before)  # type: ignore[misc]
        time.sleep(random.random() * 0.4)
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
        process.wait()
        _, alive = psutil.wait_procs(children, timeout=10)
        assert not alive, "a process outlived its batch"
    assert run("batch", quiz.quiz, folder, "-j", "2", "--out", tmp_path / "killed").code == 0
    assert results(tmp_path / "killed") == results(tmp_path / "whole")
    graded = [e["student"] for e in events(tmp_path / "killed") if e["event"] == "graded"]
    assert len(graded) == len(set(graded))


@pytest.mark.slow
def test_published_answers_earn_no_marks(quiz: Course, run: Command, tmp_path: Path) -> None:
    """Who hands in what `reference.safetensors` holds passes in practice; for marks a seed is drawn."""
    assert run("record", quiz.quiz).code == 0
    known = max(load_file(quiz.quiz / "reference.safetensors").values(), key=lambda one: abs(one).sum())
    looked_up = f"# exercise: double\nimport torch\ndef double(x):\n    return torch.tensor({known.tolist()})\n"
    folder = files(tmp_path / "in", cheat=looked_up, ada=RIGHT)
    (quiz.quiz / "solution.py").rename(tmp_path / "solution.py")
    assert run("run", quiz.quiz, folder / "cheat.py").code == 0
    refused = run("batch", quiz.quiz, folder, "--out", tmp_path / "out")
    assert refused.code == 2
    assert "recorded answers are published, and serve for practice" in refused.err
    (tmp_path / "solution.py").rename(quiz.quiz / "solution.py")
    assert run("batch", quiz.quiz, folder, "--out", tmp_path / "out").code == 0
    assert {name: row.credited for name, row in rows(tmp_path / "out").items()} == {"ada": 2.0, "cheat": 0.0}
    assert run("run", quiz.quiz, folder / "cheat.py", "--marks").code == 1
    assert run("run", quiz.quiz, folder / "ada.py", "--marks").code == 0


def test_a_gradebook_keeps_its_seed_and_reports_do_not_tell_it(quiz: Course, run: Command, tmp_path: Path) -> None:
    quiz.assign({**EXERCISE, "requirements": [{"kind": "function", "calls": [{"call": "double(3)"}]}]}, solution=RIGHT)
    folder = files(tmp_path / "in", ada=RIGHT)
    arguments = ("batch", quiz.quiz, folder, "--out", tmp_path / "out", "-j", "1")
    run(*arguments)
    with Gradebook(tmp_path / "out" / "gradebook.sqlite", "quiz") as book:
        seed = book.seed()
    run(*arguments)
    assert events(tmp_path / "out")[-2]["event"] == "kept"
    with Gradebook(tmp_path / "out" / "gradebook.sqlite", "quiz") as book:
        assert book.seed() == seed
    assert str(seed) not in results(tmp_path / "out")["ada"]
    run(*arguments, "--seed", str(seed + 1), "--regrade")
    assert events(tmp_path / "out")[-2]["event"] == "graded"
    with Gradebook(tmp_path / "out" / "gradebook.sqlite", "quiz") as book:
        assert book.seed() == seed + 1


@pytest.mark.slow
@pytest.mark.parametrize("victim", ["worker", "zygote", "every zygote"])
def test_a_killed_worker_is_replaced(victim: str, quiz: Course, tmp_path: Path) -> None:
    names = {f"s{number:02}": RIGHT + "import time\ntime.sleep(0.3)\n" for number in range(8)}
    arguments = [str(GRADE), "batch", str(quiz.quiz), str(files(tmp_path / "in", **names)), "-j", "2"]
    process = subprocess.Popen([*arguments, "--out", str(tmp_path / "out")], stdout=subprocess.DEVNULL)
    until(lambda: stored(tmp_path / "out") >= 2)
    workers = [p for p in psutil.Process(process.pid).children() if "spawn_main" in " ".join(p.cmdline())]
    (zygote,) = (p for p in psutil.Process(process.pid).children() if "guest.zygote" in " ".join(p.cmdline()))
    zygotes = [*zygote.children(), zygote]
    for one in {"worker": workers[:1], "zygote": zygotes[:1], "every zygote": zygotes}[victim]:
        one.kill()
    assert process.wait(60) == 0
    assert {row.credited for row in rows(tmp_path / "out").values()} == {2.0}
    assert len(rows(tmp_path / "out")) == 8


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of its own, which can be filled, and made one that nothing can be written on."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", place], capture_output=True)
    if done.returncode:
        pytest.skip("no disk can be mounted here")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def fill(disk: Path) -> None:
    with suppress(OSError), (disk / "ballast").open("wb", buffering=0) as file:
        while file.write(b"x" * 4096):
            pass


SURROUNDINGS: dict[str, tuple[Callable[[Path], object], Callable[[Path], object]]] = {
    "full": (fill, lambda disk: (disk / "ballast").unlink()),
    "read-only": (
        lambda disk: subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "none", disk / "out/students"], check=True),
        lambda disk: subprocess.run(["umount", disk / "out/students"], check=True),
    ),
    "gone": (lambda disk: shutil.rmtree(disk / "out"), lambda disk: None),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", SURROUNDINGS)
def test_a_disk_that_fails_in_the_middle(what: str, quiz: Course, run: Command, small_disk: Path) -> None:
    """One line, and the same command goes on."""
    paced = RIGHT + "import time\ntime.sleep(0.4)\n"
    folder = files(quiz.path / "in", **{f"s{number}": f"{paced}# {number}\n" for number in range(6)})
    out = small_disk / "out"
    arguments = ("batch", quiz.quiz, folder, "--out", out, "-j", "1")
    breaks, mends = SURROUNDINGS[what]
    with subprocess.Popen([GRADE, *map(str, arguments)], stderr=subprocess.PIPE, text=True) as process:
        until(lambda: stored(out) >= 2)
        breaks(small_disk)
        assert process.stderr is not None
        lines = process.stderr.read().splitlines()
    said = [line for line in lines if not re.fullmatch(r"\d of 6 graded, about .* left", line)]  # of a slow machine
    assert (process.returncode, len(said)) == (3, 1), lines
    assert re.search(r"[2-5] of 6 graded; run the same command to go on\.$", said[0]), lines
    mends(small_disk)
    assert run(*arguments).code == 0
    assert {name: row.credited for name, row in rows(out).items()} == {f"s{number}": 2 for number in range(6)}


@pytest.mark.slow
def test_ctrl_c_says_how_far_it_is(quiz: Course, interruptible: None, tmp_path: Path) -> None:
    paced = RIGHT + "import time\ntime.sleep(0.5)\n"
    folder = files(tmp_path / "in", **{f"s{number}": f"{paced}# {number}\n" for number in range(6)})
    arguments = [str(GRADE), "batch", str(quiz.quiz), str(folder), "--out", str(tmp_path / "out"), "-j", "1"]
    with subprocess.Popen(
        arguments, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        until(lambda: stored(tmp_path / "out") >= 2)
        os.killpg(process.pid, signal.SIGINT)
        assert process.stderr is not None
        said = process.stderr.read()
    assert process.returncode == 130
    on_the_way = r"(?:\d of 6 graded, about \d+ s left\n)*"  # where the machine is slow
    assert re.fullmatch(on_the_way + r"[2-5] of 6 graded; run the same command to go on\.\n", said), said


def test_a_batch_in_a_pipe_says_now_and_then_how_far_it_is(
    quiz: Course, run: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("grader.cli.coordinate.EVERY", 0.0)
    ended = run("batch", quiz.quiz, files(tmp_path / "in", a=RIGHT, b=WRONG), "--out", tmp_path / "out", "-j", "1")
    assert re.match(r"1 of 2 graded, about \d+ s left\n2 of 2 graded", ended.err), ended.err
    assert ended.out.splitlines()[-1] == f"class page: {tmp_path / 'out' / 'class.html'}"


def stored(out: Path) -> int:
    """Results in the gradebook, whatever state it is in."""
    try:
        with sqlite3.connect(f"file:{out / 'gradebook.sqlite'}?mode=ro", uri=True) as database:
            return int(database.execute("select count(*) from attempts").fetchone()[0])
    except sqlite3.Error:
        return 0


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)


def test_checks_that_cannot_be_collected(quiz: Course, run: Command, tmp_path: Path) -> None:
    quiz.check("from grader import check\n\n@check(exercise='other')\ndef test_it(): pass\n", "test_own.py")
    ended = run("batch", quiz.quiz, files(tmp_path / "in", ada=RIGHT), "--out", tmp_path / "out", "-j", "1")
    assert ended.code == 2
    assert "test_own.py" in ended.err
    assert "'other'" in ended.err


def test_one_batch_at_a_time(quiz: Course, run: Command, tmp_path: Path) -> None:
    import fcntl

    folder = files(tmp_path / "in", ada=RIGHT)
    (tmp_path / "out").mkdir()
    with (tmp_path / "out" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = run("batch", quiz.quiz, folder, "--out", tmp_path / "out")
    assert ended.code == 2
    assert "Another batch is at work" in ended.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "nowhere does not exist"),
        (["empty"], "empty holds no submission"),
        (["a.zip"], "cannot be read as a zip"),
        (["in", "--gradebook", "nosuch://user:secret@host/db"], "cannot be opened"),
        (["in", "--address", "auto"], "Say --engine ray"),
    ],
)
def test_wrong_usage(arguments: list[str], said: str, quiz: Course, run: Command, tmp_path: Path) -> None:
    files(tmp_path / "in", ada=RIGHT)
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.zip").write_text("no zip")
    first, *rest = arguments
    ended = run("batch", quiz.quiz, tmp_path / first, "--out", tmp_path / "out", *rest)
    assert ended.code == 2
    assert said in ended.err
    assert "secret" not in ended.err


# -- downloads


def find(folder: Path, quiz: Course, layout: str | None = None) -> Download:
    return find_submissions(folder, load_assignment(quiz.quiz), Looking(layout))


def write(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n")
    return folder


@pytest.mark.parametrize(
    ("layout", "names", "students"),
    [
        ("files", ["ada.py", "bob.ipynb"], {"ada": "ada.py", "bob": "bob.ipynb"}),
        ("students", ["ada/x.ipynb", "bob/sub/y.py", "bob/.ipynb_checkpoints/y.py"], {"ada": "x.ipynb", "bob": "y.py"}),
        ("students", ["ada/quiz.ipynb", "ada/draft.ipynb", "bob/a.py"], {"ada": "quiz.ipynb", "bob": "a.py"}),
        ("canvas", ["lovelaceada_12_345_quiz.ipynb", "bobbob_LATE_13_346_my-2.py", "bobbob_13_340_my.py"],
         {"lovelaceada_12": "lovelaceada_12_345_quiz.ipynb", "bobbob_13": "bobbob_LATE_13_346_my-2.py"}),
        ("moodle", ["Ada Lovelace_77_assignsubmission_file_/quiz.ipynb", "박 민_78_assignsubmission_file/a.py"],
         {"Ada Lovelace_77": "quiz.ipynb", "박 민_78": "a.py"}),
        ("gradescope", ["submission_1/quiz.ipynb", "submission_2/b.py", "submission_metadata.yml"],
         {"ada@x.org": "quiz.ipynb", "submission_2": "b.py"}),
        ("nbgrader", ["ada/quiz/quiz.ipynb", "ada/quiz/timestamp.txt", "bob/quiz/mine.ipynb"],
         {"ada": "quiz.ipynb", "bob": "mine.ipynb"}),
    ],
)  # fmt: skip
def test_layouts(layout: str, names: list[str], students: dict[str, str], quiz: Course, tmp_path: Path) -> None:
    folder = write(tmp_path / "in", *names)
    if layout == "gradescope":
        (folder / "submission_metadata.yml").write_text(
            "submission_1:\n  :submitters:\n  - :name: Ada\n    :email: ada@x.org\n"
            "  :created_at: 2026-11-20 10:00:00.000 +09:00\n  :results: !ruby/object:Object {a: 1}\n"
        )
    if layout == "nbgrader":
        (folder / "ada/quiz/timestamp.txt").write_text("2026-11-20 10:00:00.000000 UTC\n")
    download = find(folder, quiz)
    assert download.layout == layout
    good = [one for one in download.found if not one.problem]
    assert {one.student: one.path.name for one in good} == students
    if layout in ("gradescope", "nbgrader"):
        assert {one.submitted is not None for one in good if one.student.startswith("ada")} == {True}
    if layout == "canvas":
        assert {one.student: (one.late, one.passed_over) for one in good} == {
            "lovelaceada_12": (False, ()), "bobbob_13": (True, ("bobbob_13_340_my.py",)),
        }  # fmt: skip


def test_a_folder_without_one_notebook(quiz: Course, tmp_path: Path) -> None:
    folder = write(tmp_path / "in", "ada/a.py", "ada/b.py", "bob/notes.txt")
    assert {one.student: one.problem for one in find(folder, quiz, "students").found} == {
        "ada": "there are several scripts (a.py, b.py), and neither names nor contents tell which one counts",
        "bob": "there is no notebook, but notes.txt",
    }


def test_a_notebook_in_another_language_is_one_of_the_assignment(quiz: Course, tmp_path: Path) -> None:
    names = ("ada/quiz.ko.ipynb", "ada/notes.ipynb", "bob/quiz.ipynb", "bob/quiz.ko.ipynb")
    found = find(write(tmp_path / "in", *names), quiz, "students").found
    several = "there are several notebooks (quiz.ipynb, quiz.ko.ipynb)"
    assert {one.student: one.problem or one.path.name for one in found} == {
        "ada": "quiz.ko.ipynb",
        "bob": f"{several}, and neither names nor contents tell which one counts",
    }


@pytest.mark.slow
def test_a_zip_leads_nowhere_else(quiz: Course, run: Command, tmp_path: Path) -> None:
    archive = tmp_path / "class.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("class/ada.py", RIGHT)
        opened.writestr("class/bob.py", WRONG)
        opened.writestr("../outside.py", RIGHT)
        opened.writestr("/tmp/absolute.py", RIGHT)
        opened.writestr("class/bomb.py", b"#" * (65 << 20))
        link = zipfile.ZipInfo("class/link.py")
        link.external_attr = 0o120777 << 16
        opened.writestr(link, "/etc/passwd")
    ended = run("batch", quiz.quiz, archive, "--out", tmp_path / "out", "-j", "2")
    assert ended.code == 0, ended.err
    found = rows(tmp_path / "out")
    assert {name: row.attempt.reason or row.credited for name, row in found.items()} == {
        "ada": 2.0,
        "bob": 0.0,
        "../outside.py": "its path leads out of the archive",
        "/tmp/absolute.py": "its path leads out of the archive",
        "class/bomb.py": "it unpacks to more than 64 MiB",
        "class/link.py": "it is a symbolic link",
    }
    assert not list(tmp_path.rglob("outside.py"))
    assert not (tmp_path / "out" / "submissions" / "class" / "link.py").exists()


def test_one_student_s_files_in_a_zip_cost_no_other(quiz: Course, tmp_path: Path) -> None:
    folder = load_assignment(quiz.quiz)
    takes = replace(folder, spec=folder.spec.model_copy(update={"files": ("*.csv",)}))
    archive = tmp_path / "class.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("class/ada/quiz.py", RIGHT)
        opened.writestr("class/eve/quiz.py", WRONG)
        opened.writestr("class/eve/0.csv", bytes(64 << 20))
        packed_once = opened.getinfo("class/eve/0.csv")
        for number in range(1, 130):
            again = copy.copy(packed_once)
            again.filename = again.orig_filename = f"class/eve/{number}.csv"
            opened.filelist.append(again)
    found = unpack_submissions(archive, tmp_path / "all", folder).found
    assert [(one.student, one.problem) for one in found] == [("ada", ""), ("eve", "")]
    assert sum(path.stat().st_size for path in (tmp_path / "all").rglob("*") if path.is_file()) < 1_000
    found = unpack_submissions(archive, tmp_path / "named", takes).found
    assert [one.student for one in found if not one.problem] == ["ada"]
    assert found[1].problem.startswith("quiz.py has more than 1,000 files or 64 MiB beside it")


PLAIN = (
    "ada", "Ada", "\uac00", "-rf", "=cmd|' !A0", "<script>alert(1)<", "con", 'quo"te, comma', "가" * 83,
    "$x^$", " spaces ", "山田\u3000太郎",
)  # fmt: skip
ESCAPED = (
    ("bad\udcff", r"bad\xff"), ("bad\udcfe", r"bad\xfe"), (r"bad\xff", r"bad\\xff"), ("new\nline", r"new\nline"),
    ("new\tline", r"new\tline"), ("\x1b[31mred", r"\x1b[31mred"), ("e\u202eve", r"e\u202eve"),
    ("e\x85ve", r"e\u0085ve"), ("e\udc85ve", r"e\x85ve"),
)  # fmt: skip
ODD_NAMES = {**dict(zip(PLAIN, PLAIN, strict=True)), **dict(ESCAPED)}
"""Names of files without their suffix, and the keys they become."""


@pytest.mark.slow
def test_names_as_they_come(quiz: Course, run: Command, tmp_path: Path) -> None:
    """Each is a student of its own, with the result that is theirs, and readable wherever it is shown."""
    points = {key: number % 2 * 2.0 for number, key in enumerate(ODD_NAMES.values())}
    (tmp_path / "in").mkdir()
    for name, key in ODD_NAMES.items():
        (tmp_path / "in" / f"{name}.py").write_text(RIGHT if points[key] else WRONG)
    ended = run("batch", quiz.quiz, tmp_path / "in", "--out", tmp_path / "out", "-j", "2")
    assert ended.code == 0, ended.err
    found = rows(tmp_path / "out")
    assert {key: row.credited for key, row in found.items()} == points
    assert {row.attempts for row in found.values()} == {1}
    told = {event["student"]: event["name"] for event in events(tmp_path / "out") if event["event"] == "graded"}
    assert told == {key: f"{key}.py" for key in points}
    page = (tmp_path / "out" / "class.html").read_text(encoding="utf-8")
    assert all(str(escape(key)) in page for key in points)
    assert "<script>alert" not in page
    assert not set("\x1b\x85\u202e\udcff") & set(page)
    links = {unquote(link) for link in re.findall(r'href="(students/[^"]+)"', page)}
    assert len({link.casefold() for link in links}) == len(points)
    pages = "".join((tmp_path / "out" / link).read_text(encoding="utf-8") for link in links)
    names = re.findall(r'<div class="soft">(.*)</div>', pages)
    assert sorted(names) == sorted(str(escape(f"{key}.py")) for key in points)
    with (tmp_path / "out" / "gradebook.csv").open(encoding="utf-8-sig", newline="") as file:
        table = {row["student"]: row["score"] for row in csv.DictReader(file)}
    assert table == {f"'{key}" if key[0] in "=-" else key: f"{score:g}" for key, score in points.items()}
    again = run("batch", quiz.quiz, tmp_path / "in", "--out", tmp_path / "out", "-j", "2")
    assert again.code == 0
    assert [event["event"] for event in events(tmp_path / "out")].count("kept") == len(points)


@pytest.mark.slow
def test_what_is_no_file_is_a_row(quiz: Course, run: Command, tmp_path: Path) -> None:
    folder = files(tmp_path / "in", ada=RIGHT)
    os.mkfifo(folder / "bob\udcff.py")
    (folder / "cleo.py").symlink_to(folder / "ada.py")
    (folder / "dan.py").symlink_to("/dev/zero")
    (folder / "eve.zip").write_bytes(b"PK")
    (folder / "fay.ipynb").write_text("[" * 100_000)
    (folder / "gus.ipynb").write_text('{"nbformat": 4, "cells": [' + "{}," * 400_000)
    (folder / ("h" * 250 + ".tx")).write_text("")
    (folder / "jo.ipynb.txt").write_text("{}")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(folder / "ida.py"))
        ended = run("batch", quiz.quiz, folder, "--out", tmp_path / "out", "-j", "1")
    assert ended.code == 0, ended.err
    reasons = {name: row.attempt.reason for name, row in rows(tmp_path / "out").items() if row.attempt.reason}
    assert reasons.pop("fay").startswith("fay.ipynb is not a valid notebook: it is nested more than 100 levels deep.")
    assert reasons.pop("gus").startswith("gus.ipynb has more than 1,000,000 parts in its JSON.")
    (long,) = (name for name in reasons if name.startswith("hhh"))
    assert len(long) == 200
    assert reasons.pop(long) == "it is not a notebook (.tx)"
    assert reasons == {
        r"bob\xff": "it is not a file", "cleo": "it is a symbolic link", "dan": "it is a symbolic link",
        "eve": "it is not a notebook (.zip)", "ida": "it is not a file",
        "jo.ipynb": "its name ends in .txt: rename it to jo.ipynb",
    }  # fmt: skip
    assert rows(tmp_path / "out")["ada"].credited == 2


def test_long_keys_stay_apart(quiz: Course, tmp_path: Path) -> None:
    people = [f"  - :email: {'x' * 300}{number}@x.org\n" for number in (1, 2)]
    folder = write(tmp_path / "in", "submission_1/quiz.py", "submission_2/quiz.py")
    told = [f"submission_{number}:\n  :submitters:\n{one}" for number, one in enumerate(people, 1)]
    odd = (
        "submission_3:\n  :submitters:\n  - [1]\n  - 2\n  - :email: {a: 1}\n  :created_at: 0001-01-01T00:00:00+09:00\n"
    )
    (folder / "submission_metadata.yml").write_text("".join(told) + odd)
    write(folder, "submission_3/quiz.py")
    found = find(folder, quiz).found
    keys = sorted(one.student for one in found)
    assert keys[0] == "submission_3"
    assert [key[:10] for key in keys[1:]] == ["x" * 10] * 2
    assert keys[1] != keys[2]
    assert not any(one.problem for one in found)
    assert all(len(one.student) <= 200 for one in found)


# -- whose folder it is

MOODLE = "Eve X_66_assignsubmission_file_"


@pytest.mark.parametrize(
    ("names", "layout", "students"),
    [
        ([f"{MOODLE}/Ada_11.py", f"{MOODLE}/Bob_12.py"], None, {"Eve X_66": False}),
        ([f"{MOODLE}/Ada_11_assignsubmission_file_/a.py", f"{MOODLE}/Bob_12_assignsubmission_file_/a.py"], None,
         {"Eve X_66": False}),
        ([f"{MOODLE}/Ada_11_assignsubmission_file_/a.py"], None, {"Eve X_66": True}),
        ([f"{MOODLE}/Ada_11.py", f"{MOODLE}/Bob_12.py"], "moodle", {"Eve X_66": False}),
        ([f"{MOODLE}/Ada_11.py", f"{MOODLE}/Bob_12.py"], "students", {MOODLE: False}),
        (["eve/ada.py", "eve/bob.py"], None, {"eve": False}),
        (["eve/ada/quiz.py", "eve/bob/quiz.py"], None, {"eve": False}),
        (["eve/ada.py", "eve/quiz.py"], None, {"eve": True}),
        (["eve/ada/quiz.py", "eve/ada/helpers.py"], None, {"eve": True}),
        (["eve/ada.py", "eve/bob.py"], "students", {"eve": False}),
        (["eve/ada.py", "eve/bob.py"], "files", {"ada": True, "bob": True}),
        (["eve/submission_metadata.yml", "eve/submission_1/a.py", "eve/submission_2/a.py"], None, {"eve": False}),
        (["eve/quiz/ada.py", "eve/quiz/bob.py"], None, {"eve": False}),
        (["eve/ada_1_2_x.py", "eve/bob_3_4_x.py"], None, {"eve": False}),
        (["submission_7/ada.py", "submission_7/bob.py", "submission_metadata.yml"], None, {"submission_7": False}),
        (["submission_7/ada.py", "submission_7/bob.py"], "gradescope", {"submission_7": False}),
        (["assignment_4_export/submission_7/a.py", "assignment_4_export/submission_metadata.yml"], None,
         {"submission_7": True}),
        (["in/ada.py", "in/bob.py"], None, {"ada": True, "bob": True}),
        (["ada/quiz/x.py", "ada/x.py", "bob/hw.py", "cyd/stuff/hw.py"], None, {"ada": True, "bob": True, "cyd": True}),
        (["ada/Bob_1_assignsubmission_file_/x.py", "bob/hw.py"], None, {"ada": True, "bob": True}),
        (["ada/submission_metadata.yml", "ada/x.py", "bob/hw.py"], None, {"ada": True, "bob": True}),
        ([f"{MOODLE}/x.py", "Ada_1_assignsubmission_file_/x.py", "more/x.py"], None,
         {"Ada_1": True, "Eve X_66": True, "more": False}),
    ],
)  # fmt: skip
def test_a_students_folder_is_not_the_class(
    names: list[str], layout: Any, students: dict[str, bool], quiz: Course, tmp_path: Path
) -> None:
    """Whatever is in it; the whole folder says where its students are."""
    found = find(write(tmp_path / "in", *names), quiz, layout).found
    assert {one.student: not one.problem for one in found} == students


def test_a_linked_folder_is_not_followed(quiz: Course, tmp_path: Path) -> None:
    write(tmp_path / "other", "quiz/quiz.py", "quiz.py")
    for layout in ("nbgrader", "students"):
        folder = write(tmp_path / layout, "ada/quiz/quiz.py", "bob/quiz/quiz.py")
        (folder / "eve").symlink_to(tmp_path / "other")
        (folder / "gus").mkdir()
        (folder / "gus" / "quiz").symlink_to(tmp_path / "other" / "quiz")
        told = {one.student: one.problem for one in find(folder, quiz, layout).found}
        assert told["ada"] == told["bob"] == ""
        assert told["eve"] == "it is a symbolic link"
        assert told["gus"] in ("it has no folder of the assignment", "there is no notebook")


# -- zips


def packed(path: Path, entries: dict[str, str | bytes], **changed: tuple[int, int, int]) -> Path:
    """A zip; of an entry, two bytes can be set: where in its local header, where in the central one, and to what."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in entries.items():
            opened.writestr(name, content)
    data = bytearray(path.read_bytes())
    for name, (local, central, number) in changed.items():
        for signature, at, place in ((b"PK\3\4", local, 30), (b"PK\1\2", central, 46)):
            start = -1
            while (start := data.find(signature, start + 1)) >= 0:
                if at and data[start + place :].startswith(f"{name}.py".encode()):
                    data[start + at : start + at + 2] = number.to_bytes(2, "little")
    path.write_bytes(data)
    return path


def test_a_bad_entry_of_a_zip_costs_no_other(quiz: Course, run: Command, tmp_path: Path) -> None:
    odd = ["가" * 86, "C:/x", "a/../../x", "/x", "d/" * 50 + "x", "new\nline", "no ÿ"]
    names = ["ada", *odd, "locked", "method", "broken", "sum", "less"]
    entries: dict[str, str | bytes] = {f"{name}.py": RIGHT * 9 for name in names}
    entries |= {"Ada.py": WRONG, ".": RIGHT, "bob.zip": b"PK", "empty/": ""}
    archive = packed(
        tmp_path / "class.zip", entries,
        locked=(6, 8, 1), method=(8, 10, 14), broken=(37, 0, 0xFFFF), sum=(14, 16, 7), less=(22, 24, 5),
    )  # fmt: skip
    pipe = zipfile.ZipInfo("pipe.py")
    pipe.external_attr = 0o010644 << 16
    with zipfile.ZipFile(archive, "a") as opened:
        opened.writestr(pipe, "")
        with pytest.warns(UserWarning, match="Duplicate"):
            opened.writestr("ada.py", WRONG)
    archive.write_bytes(archive.read_bytes().replace("no ÿ".encode(), b"no \xff\xfe"))  # said to be UTF-8
    ended = run("batch", quiz.quiz, archive, "--out", tmp_path / "out", "-j", "2")
    assert ended.code == 0, ended.err
    found = {name: row.attempt.reason or row.credited for name, row in rows(tmp_path / "out").items()}
    assert (found.pop("ada"), found.pop("Ada"), found.pop(r"new\nline")) == (2, 0, 2)
    assert "utf-8" in str(found.pop("no \u00a0■"))
    assert found == {
        "가" * 86 + ".py": "it cannot be unpacked: File name too long", ".": "it has no name",
        "C:/x.py": "its path leads out of the archive", "a/../../x.py": "its path leads out of the archive",
        "/x.py": "its path leads out of the archive", "d/" * 50 + "x.py": "it is in more than 40 folders",
        "bob": "it is not a notebook (.zip)", "locked.py": "it is encrypted",
        "method.py": "it is packed in a way that is not read", "pipe.py": "it is not a file",
        "ada.py": "the archive holds another file of this name", "empty": "there is no notebook",
        "broken": found["broken"], "sum": "it cannot be unpacked: Bad CRC-32 for file 'sum.py'",
        "less": "it cannot be unpacked: Bad CRC-32 for file 'less.py'",
    }  # fmt: skip
    assert str(found["broken"]).startswith("it cannot be unpacked: ")
    left = sorted(path.name for path in (tmp_path / "out" / "submissions").rglob("*") if path.is_file())
    assert left == ["Ada.py", "ada.py", "new\nline.py"]


def test_a_zip_of_bad_entries_alone(quiz: Course, run: Command, tmp_path: Path) -> None:
    archive = packed(tmp_path / "class.zip", {"../x.py": RIGHT})
    assert run("batch", quiz.quiz, archive, "--out", tmp_path / "out").code == 0
    assert {name: row.attempt.status for name, row in rows(tmp_path / "out").items()} == {"../x.py": "refused"}
    ended = run("batch", quiz.quiz, packed(tmp_path / "list.zip", {"a.csv": "a"}), "--out", tmp_path / "out")
    assert (ended.code, ended.err.partition(".\n")[0]) == (2, "list.zip holds no submission")


def test_what_is_not_graded_is_not_unpacked(quiz: Course, run: Command, tmp_path: Path, monkeypatch: Any) -> None:
    """Data beside a notebook, however much it is, keeps nobody from being graded."""
    monkeypatch.setattr("grader.batch.archive.MAX_TOTAL", 1000)
    quiz.assign(EXERCISE, solution=RIGHT, files=[])
    large = {f"eve/data{number}.bin": b"x" * 5_000 for number in range(3)} | {"eve/old.ipynb": b"x" * 5_000}
    archive = packed(tmp_path / "class.zip", {"ada/a.py": RIGHT, "eve/quiz.py": RIGHT, **large})
    assert run("batch", quiz.quiz, archive, "--out", tmp_path / "out", "-j", "1").code == 0
    assert {name: row.credited for name, row in rows(tmp_path / "out").items()} == {"ada": 2, "eve": 2}
    archive = packed(tmp_path / "b.zip", {"a.py": b"#" * 600, "b.py": b"#" * 600})
    ended = run("batch", quiz.quiz, archive, "--out", tmp_path / "b")
    assert ended.code == 2
    assert "unpacks to more than" in ended.err


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["utf-8", "cp949"])
def test_a_zip_without_a_word_on_its_encoding(quiz: Course, run: Command, encoding: str, tmp_path: Path) -> None:
    """As systems in Korea write it, with a folder around all that is in it."""
    names = {"과제/김철수.py": RIGHT, "과제/이영희.py": WRONG}
    stand_ins = {name: letter * len(name.encode(encoding)) for name, letter in zip(names, "xy", strict=True)}
    archive = packed(tmp_path / "class.zip", {stand_ins[name]: text for name, text in names.items()})
    data = archive.read_bytes()
    for name, stand_in in stand_ins.items():
        data = data.replace(stand_in.encode(), name.encode(encoding))
    archive.write_bytes(data)
    assert run("batch", quiz.quiz, archive, "--out", tmp_path / "out", "-j", "1").code == 0
    assert {name: row.credited for name, row in rows(tmp_path / "out").items()} == {"김철수": 2, "이영희": 0}


# -- what counts


@pytest.mark.parametrize(
    ("grading", "credited", "days"),
    [
        ({}, 4.0, 0),
        ({"attempts": "last"}, 4.0, 0),
        ({"due": "2026-11-20T00:00Z"}, 4.0, 2),
        ({"due": "2026-11-20T00:00Z", "late": {"per_day": 0.25}}, 3.0, 0),
        ({"attempts": "last", "due": "2026-11-20T00:00Z", "late": {"per_day": 0.25}}, 2.0, 2),
        ({"attempts": "last", "due": "2026-11-20T00:00Z", "late": {"per_day": 0.25, "grace": 2880}}, 4.0, 0),
        ({"attempts": "last", "due": "2026-11-01T00:00Z", "late": {"per_day": 0.01, "days": 7}}, 0.0, 21),
    ],
)
def test_policies(grading: dict[str, Any], credited: float, days: int, tmp_path: Path) -> None:
    """One point on the 10th, three on the 19th, four on the 21st: handed in last, whatever the order of grading."""
    from datetime import UTC, datetime

    from grader.batch.gradebook import Attempt

    with Gradebook(tmp_path / "gradebook.sqlite", "quiz") as book:
        for sha256, earned, day in (("a", 1.0, 10), ("b", 4.0, 21), ("c", 3.0, 19)):
            submitted = datetime(2026, 11, day, 12, tzinfo=UTC)
            graded = datetime(2026, 11, 25, tzinfo=UTC)
            book.add(Attempt(
                student="ada", name="a.py", sha256=sha256, checks="x", status="graded", reason="", earned=earned,
                possible=4.0, seconds=0.1, submitted=submitted, graded=graded,
            ))  # fmt: skip
        (row,) = book.rows(Policy.model_validate(grading))
    assert row.attempts == 3
    assert (row.credited, row.late_days) == (credited, days)


@pytest.mark.parametrize(("earned", "credited"), [(6.25, 5.63), (4.25, 3.83), (4.5, 4.05), (2.35, 2.12), (7.0, 6.3)])
def test_halves_of_a_hundredth_are_rounded_up(earned: float, credited: float) -> None:
    policy = Policy.model_validate({"late": {"per_day": 0.1}})
    assert policy.credited(earned, None, marked=True) == credited


def test_the_docs_have_every_engine() -> None:
    text = (ROOT / "docs" / "batch.md").read_text(encoding="utf-8")
    for name in engines():
        assert f"| `{name}` |" in text


def test_a_worker_has_its_next_submission_before_a_result_is_dealt_with(quiz: Course, zygote: Zygote) -> None:
    paths = [quiz.write(f"{number}.py", RIGHT) for number in range(3)]
    taken = []

    def tasks() -> Iterator[Task]:
        for path in paths:
            taken.append(path)
            yield Task(path, sha256="")

    with Pool[Task, Graded](zygote, (grade_one, quiz.quiz), 1, 60) as pool:
        done = pool.run(tasks())
        for at_work in (2, 3, 3):
            _, result = next(done)
            assert isinstance(result, Graded)
            assert result.earned == result.possible > 0, result
            assert len(taken) == at_work
