"""A class at a time: layouts, zips, the gradebook, going on after a kill, grading again."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import subprocess
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from conftest import GRADE, ROOT, Command, Course
from gradebooks import events, results, rows, timeless
from safetensors.numpy import load_file

from grader.batch.batch_engine import engines
from grader.batch.gradebook import Gradebook
from grader.batch.submissions import find_submissions
from grader.models.policy import Policy

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
    assert reasons["hal"] == "it is not a file"
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
import threading, time
def change():
    time.sleep(0.1)
    globals()["a"] = lambda x: x + 1
threading.Thread(target=change, daemon=True).start()
"""
REMEMBERS = "# %%\nseen = []\n" + "".join(STEPS.values()).replace("x +", "seen.append(x) or len(seen) - 1 + x +")
SLOW = "".join(STEPS.values()).replace("return", "__import__('time').sleep(0.1)\n    return")
ODD = {
    "right": "".join(STEPS.values()),
    "loads": LOADER + SLOW,
    "threads": THREAD + SLOW.replace("x + 1", "x - 1"),
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
        "right": 4, "loads": 4, "heeds": 4, "threads": 2.5, "backwards": 4, "mixed": 4, "unmarked": 4, "late": 4,
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


@pytest.mark.parametrize("victim", ["worker", "zygote"])
def test_a_killed_worker_is_replaced(victim: str, quiz: Course, tmp_path: Path) -> None:
    names = {f"s{number:02}": RIGHT + "import time\ntime.sleep(0.3)\n" for number in range(8)}
    arguments = [str(GRADE), "batch", str(quiz.quiz), str(files(tmp_path / "in", **names)), "-j", "2"]
    process = subprocess.Popen([*arguments, "--out", str(tmp_path / "out")], stdout=subprocess.DEVNULL)
    until(lambda: stored(tmp_path / "out") >= 2)
    workers = [p for p in psutil.Process(process.pid).children() if "spawn_main" in " ".join(p.cmdline())]
    (zygote,) = (p for p in psutil.Process(process.pid).children() if "guest.zygote" in " ".join(p.cmdline()))
    (workers if victim == "worker" else zygote.children())[0].kill()
    assert process.wait(60) == 0
    assert {row.credited for row in rows(tmp_path / "out").values()} == {2.0}
    assert len(rows(tmp_path / "out")) == 8


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
def test_layouts(layout: str, names: list[str], students: dict[str, str], tmp_path: Path) -> None:
    folder = write(tmp_path / "in", *names)
    if layout == "gradescope":
        (folder / "submission_metadata.yml").write_text(
            "submission_1:\n  :submitters:\n  - :name: Ada\n    :email: ada@x.org\n"
            "  :created_at: 2026-11-20 10:00:00.000 +09:00\n  :results: !ruby/object:Object {a: 1}\n"
        )
    if layout == "nbgrader":
        (folder / "ada/quiz/timestamp.txt").write_text("2026-11-20 10:00:00.000000 UTC\n")
    seen, found = find_submissions(folder, "quiz")
    assert seen == layout
    good = [one for one in found if not one.problem]
    assert {one.student: one.path.name for one in good} == students
    if layout in ("gradescope", "nbgrader"):
        assert {one.submitted is not None for one in good if one.student.startswith("ada")} == {True}
    if layout == "canvas":
        assert [one.problem for one in found if one.problem] == [
            "another submission of this student is graded (bobbob_LATE_13_346_my-2.py)"
        ]


def test_a_folder_without_one_notebook(tmp_path: Path) -> None:
    _, found = find_submissions(write(tmp_path, "ada/a.py", "ada/b.py", "bob/notes.txt"), "quiz", "students")
    assert {one.student: one.problem for one in found} == {
        "ada": "there are several notebooks (a.py, b.py), and none is named quiz.ipynb",
        "bob": "there is no notebook in its folder",
    }


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


def test_the_docs_have_every_engine() -> None:
    text = (ROOT / "docs" / "batch.md").read_text(encoding="utf-8")
    for name in engines():
        assert f"| `{name}` |" in text
