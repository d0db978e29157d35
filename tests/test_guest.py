"""One guest, few forks: who answers what, from which state, and what a question leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import ROOT, Course

import grader
from grader.sandbox.client import Zygote
from grader.sandbox.guest import Guest

ONE = "# %%\n# exercise: one\n"
TWO = "# %%\n# exercise: two\n"


def calls(*texts: str, **keys: Any) -> dict[str, Any]:
    return {"kind": "function", "calls": [{"call": text, **keys} for text in texts]}


@pytest.fixture
def forks(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """How many guests were started, and how many copies asked for."""
    count: Counter[str] = Counter()
    start, ask_copy = Zygote.start, Guest.ask_copy

    def started(self: Zygote, *arguments: Any) -> Any:
        count["guests"] += 1
        return start(self, *arguments)

    def asked(self: Guest, *arguments: Any) -> None:
        count["copies"] += 1
        ask_copy(self, *arguments)

    monkeypatch.setattr(Zygote, "start", started)
    monkeypatch.setattr(Guest, "ask_copy", asked)
    return count


@pytest.mark.parametrize("assignment", ["assignment1", "assignment2"])
def test_a_right_submission_takes_one_fork(assignment: str, forks: Counter[str], zygote: Zygote) -> None:
    solution = ROOT / "solutions" / f"{assignment}.ipynb"
    report = grader.grade(ROOT / "assignments" / assignment, solution, zygote=zygote)
    assert report.earned == report.possible
    assert forks == {"guests": 1}


def test_own_checks_of_an_exercise_are_answered_in_one_state(course: Course, forks: Counter[str]) -> None:
    course.assign({"id": "one"}, {"id": "two"})
    course.check("""
        from grader import check, probe

        @probe
        def call(student, number):
            return student.f(number)

        @check(exercise="one")
        def test_one(observe):
            assert [observe(call, n) for n in range(3)] == [0, 1, 2]

        @check(exercise="two")
        def test_two(observe):
            assert [observe(call, n) for n in range(3)] == [0, 2, 4]
    """)
    report = course.grade(f"{ONE}def f(x): return x\n{TWO}def f(x): return 2 * x\n")
    assert report.earned == report.possible
    assert forks == {"guests": 1}


def test_what_fails_is_asked_again_where_nothing_was_asked(course: Course, forks: Counter[str]) -> None:
    """The second call fails behind the first, which a closure remembers."""
    course.require(calls("f(1)", "f(2)"), solution="def f(x): return x\n")
    remembers = (
        "def make():\n    n = 0\n    def f(x):\n        nonlocal n\n        n += 1\n        return x if n == 1 else 0\n"
    )
    report = course.grade(f"{remembers}    return f\nf = make()\n")
    assert report.earned == report.possible
    assert forks == {"guests": 3, "copies": 1}  # the solution's, the first, and the clean one


def test_nothing_passes_by_what_a_question_left(course: Course) -> None:
    """The first exercise's call changes a list on which the second one's answer depends."""
    course.assign(
        {"id": "one", "requirements": [calls("f(1)", returns="1")]},
        {"id": "two", "requirements": [calls("g()", returns="1")]},
    )
    report = course.grade(
        f"{ONE}seen = []\ndef f(x):\n    seen.append(x)\n    return x\n{TWO}def g(): return len(seen)\n"
    )
    assert [exercise.earned for exercise in report.exercises] == [1, 0]


def test_slow_cells_are_not_run_again(course: Course, forks: Counter[str]) -> None:
    course.assign(
        {"id": "one", "requirements": [calls("f(1)", "f(2)", returns="2")]},
        {"id": "two", "requirements": [calls("g()", returns="1")]},
    )
    report = course.grade(f"# %%\nimport time\ntime.sleep(0.4)\n{ONE}def f(x): return x\n{TWO}def g(): return 0\n")
    assert report.earned == 0.5
    assert forks["guests"] == 1


def test_a_question_leaves_the_surroundings_alone(course: Course, forks: Counter[str]) -> None:
    """Random states, grad mode, working directory, standard output: the next cell finds them as they were."""
    course.assign(
        {"id": "one", "requirements": [calls("f()", returns="1")]},
        {"id": "two", "requirements": [calls("g()")]},
        solution=f"{ONE}def f(): return 1\n{TWO}import os, random, torch\n"
        "state = [torch.rand(1).item(), random.random(), torch.is_grad_enabled(), len(os.listdir())]\n"
        "print('seen')\ndef g(): return state\n",
    )
    disturbs = (
        f"{ONE}import os, random, sys, torch\ndef f():\n    torch.rand(5); random.random()\n"
        "    torch.set_grad_enabled(False); os.chdir('/'); sys.stdout = None\n    return 1\n"
    )
    rest = f"{TWO}state = [torch.rand(1).item(), random.random(), torch.is_grad_enabled(), len(os.listdir())]\n"
    report = course.grade(f"{disturbs}{rest}print('seen')\ndef g(): return state\n")
    assert report.earned == report.possible
    assert report.cells[-1].output == "seen\n"
    assert forks == {"guests": 2}  # the solution's, and one: nothing had to be asked again


THREADS = {
    "torch's own": "torch.set_num_threads(2)\n(torch.randn(400, 400) @ torch.randn(400, 400)).sum()\n"
    "def f(x): return (torch.ones(300, 300) @ torch.ones(300, 300))[0, 0].item() * x\n",
    "an executor": "from concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor(2)\n"
    "list(pool.map(abs, [1, 2]))\ndef f(x): return list(pool.map(lambda y: 300 * y, [x]))[0]\n",
    "a pool of processes": "import multiprocessing\npool = multiprocessing.Pool(2)\n"
    "def f(x): return 300 * pool.map(abs, [x])[0]\n",
    "a thread with a queue": "import queue, threading\nasked, told = queue.Queue(), queue.Queue()\n"
    "def work():\n    while True: told.put(300 * asked.get())\nthreading.Thread(target=work, daemon=True).start()\n"
    "def f(x):\n    asked.put(x)\n    return told.get()\n",
}


@pytest.mark.parametrize("seconds", [0, 0.3], ids=["quick", "slow"])
@pytest.mark.parametrize("kind", THREADS)
def test_threads_of_the_notebook_live_on(course: Course, kind: str, seconds: float) -> None:
    """Where cells took long, copies answer: with one thread of torch's, and not at all where Python's own run."""
    limits = {"seconds": 3}
    course.require(calls("f(1)", "f(2)", "f(3)"), solution="def f(x): return 300 * x\n", limits=limits)
    report = course.grade(f"import time, torch\ntime.sleep({seconds})\n{THREADS[kind]}")
    assert report.earned == report.possible


def test_what_is_put_in_place_of_a_builtin_is_not_what_a_probe_uses(course: Course) -> None:
    squares = "from torch.utils.data import Dataset\nclass Squares(Dataset):\n    def __len__(self): return 3\n"
    squares += "    def __getitem__(self, i):\n        if not 0 <= i < 3: raise IndexError\n        return i * i\n"
    course.require({"kind": "dataset", "object": "Squares()", "ends": True}, solution=squares)
    report = course.grade(f"{squares}import builtins\nbuiltins.len = builtins.isinstance = lambda *args: 0\n")
    assert report.earned == report.possible, report.exercises


def test_hidden_questions_leave_nothing(course: Course) -> None:
    """What a hidden question hands over is in no file, no output, no exception and no memory of what is shown."""
    hidden = {**calls("f(31337)", returns="31337"), "hidden": True, "id": "hidden"}
    course.assign(
        {
            "id": "one",
            "requirements": [
                calls("f(1)", returns="1"),
                hidden,
            ],
        },
        {"id": "two", "requirements": [calls("g()", returns="0")]},
    )
    code = f"""{ONE}
seen = []
def f(x):
    seen.append(x)
    open("loot", "a").write(str(x))
    print(x)
    return x
{TWO}
import os, time
time.sleep(0.3)
print(seen, open("loot").read() if os.path.exists("loot") else "")
def g(): raise ValueError(f"{{seen}} {{open('loot').read()}}")
"""
    report = course.grade(code)
    assert [check.outcome for check in report.exercises[0].checks] == ["passed", "passed"]
    assert "31337" not in report.model_dump_json()
    assert report.exercises[0].checks[1].duration == 0


def test_files_and_devices_of_the_machine_are_not_there(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a library opens when it is imported, a driver for GPUs above all, does not reach student code."""
    held = course.write("libraries/holding.py", "import os\nopened = os.pipe()\n")
    monkeypatch.setenv("PYTHONPATH", str(held.parent))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    requirement = calls("held()", "devices()", "user()")
    course.require(
        requirement,
        solution="def held(): return 0\ndef devices(): return ''\ndef user(): return 'student'\n",
        preload=["holding"],
    )
    answer = """
        import getpass, os, stat
        def user():
            return getpass.getuser()
        def held():
            kinds = []
            for fd in range(3, 100):
                try:
                    kinds.append(stat.S_IFMT(os.fstat(fd).st_mode))
                except OSError:
                    pass
            return kinds.count(stat.S_IFIFO)
        def devices():
            return os.environ["CUDA_VISIBLE_DEVICES"]
    """
    with Zygote.spawn() as own:
        report = grader.grade(course.quiz, course.write("answer.py", answer), zygote=own)
    assert [check.observed for check in report.exercises[0].checks] == [None, None, None]


@pytest.mark.slow
def test_a_large_question_waits_for_a_guest_that_is_stopped(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    course.require(calls("f(randn(1000000))", "f(randn(1000001))"), solution="def f(x): return x.sum()\n")
    start = Zygote.start

    def stopped(self: Zygote, *arguments: Any) -> Any:
        number, pid = start(self, *arguments)
        os.kill(pid, signal.SIGSTOP)
        threading.Timer(2, os.kill, (pid, signal.SIGCONT)).start()
        return number, pid

    monkeypatch.setattr(Zygote, "start", stopped)
    report = course.grade("def f(x): return x.sum()\n")
    assert report.earned == report.possible, report.exercises


@pytest.mark.parametrize("fault", ["while True: pass", "raise OSError('no disk')", "raise SystemExit"])
def test_fixtures_that_fail_are_no_failure_of_the_student(course: Course, fault: str) -> None:
    course.require(calls("f(one())"), solution="def f(x): return x\n", fixtures="fixtures.py", limits={"seconds": 1})
    course.write("assignments/quiz/fixtures.py", f"def one(): return 1\n{fault}\n")
    (check,) = course.grade("def f(x): return x\n").exercises[0].checks
    assert check.outcome == "error", (check.expected, check.observed)


ODD = """
class Proxy:
    @property
    def __class__(self): raise RuntimeError("not bound")
class Hostile(dict):
    def __len__(self): raise ValueError("no length")
    __eq__ = None
proxy, hostile = Proxy(), Hostile(a=1)
module = torch.nn.Linear(1, 1)
module.__dict__["training"] = hostile
def f(x): return x
"""


def test_odd_objects_among_the_names_cost_nothing(course: Course) -> None:
    course.require(calls("f(1)", "f(2)"), solution="def f(x): return x\n")
    report = course.grade("import torch\n" + ODD)
    assert report.earned == report.possible, report.exercises


def test_an_answer_that_no_frame_holds_says_so(course: Course) -> None:
    course.require(calls("f()"), solution="def f(): return 1\n")
    (check,) = course.grade("def f(): return ['x' * 900_000] * 9\n").exercises[0].checks
    assert check.outcome == "failed"
    assert "too large" in str(check.observed)


@pytest.mark.slow
def test_a_busy_machine_stops_nobody(course: Course) -> None:
    """Most of a second of work, with a limit of one second, while six others want the same processors."""
    course.require(calls("f()"), solution="def f(): return 1\n", limits={"seconds": 1})
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"], start_new_session=True) for _ in range(6)]
    try:
        begun = time.monotonic()
        work = "import time\ndef f():\n    end = time.process_time() + 0.9\n    while time.process_time() < end: pass\n"
        report = course.grade(f"{work}    return 1\n")
        took = time.monotonic() - begun
    finally:
        for process in busy:
            process.kill()
            process.wait()
    assert report.earned == report.possible, report.exercises
    assert took > 1  # else nobody was in the way


def test_three_hundred_exercises(course: Course) -> None:
    names = [f"e{number}" for number in range(300)]
    course.assign(*({"id": name, "requirements": [calls(f"{name}()", returns="1")]} for name in names))
    report = course.grade("".join(f"# %%\n# exercise: {name}\ndef {name}(): return 1\n" for name in names))
    assert report.earned == 300
