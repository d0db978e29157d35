"""What the report says: outcomes, points, limits, faults of ours, and that it follows its published schema."""

# ruff: noqa: E501 (tables)

from __future__ import annotations

import json
import textwrap
from concurrent.futures import ThreadPoolExecutor
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
import yaml
from conftest import ROOT, Command, Course, outcomes

from grader import Report
from grader.assignment.load import load_assignment
from grader.errors import IsolationError
from grader.judging.recording import record
from grader.models.report import CheckResult
from grader.sandbox import support


def value(call: str, returns: str, **keys: Any) -> dict[str, Any]:
    return {"kind": "function", "calls": [{"call": call, "returns": returns}], **keys}


def only(report: Report) -> CheckResult:
    (check,) = (check for exercise in report.exercises for check in exercise.checks)
    return check


def said(check: CheckResult) -> tuple[str, str]:
    return str(check.expected), str(check.observed)


# -- schemas


def published(name: str) -> Any:
    return json.loads(files("grader").joinpath("schemas", f"{name}.schema.json").read_text())


@pytest.mark.parametrize("name", ["spec", "report"])
def test_the_published_schema_is_current(name: str, run: Command) -> None:
    ended = run("schema", name)
    assert ended.code == 0
    assert json.loads(ended.out) == published(name)
    jsonschema.Draft202012Validator.check_schema(published(name))


def test_an_unknown_schema_is_refused(run: Command) -> None:
    ended = run("schema", "zebra")
    assert ended.code == 2
    assert "neither spec nor report" in ended.err


@pytest.mark.parametrize("folder", sorted(p.parent.name for p in ROOT.glob("assignments/*/assignment.yaml")))
def test_the_specs_validate(folder: str) -> None:
    spec = yaml.safe_load((ROOT / "assignments" / folder / "assignment.yaml").read_text())
    jsonschema.validate(spec, published("spec"))


def test_a_wrong_spec_does_not_validate() -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"format": 1, "id": "a", "title": "A", "exercises": [], "zebra": 1}, published("spec"))


MIXED = """
# exercise: one, two, three, four
import torch
def f(): return 1
def g(): raise ValueError("never")
print("said")
1 / 0
"""


@pytest.fixture
def mixed(course: Course) -> Course:
    course.assign(
        {
            "id": "one",
            "points": 3,
            "requirements": [value("f()", "1"), value("g()", "2", id="g"), value("h()", "3", id="h")],
        },
        {"id": "two", "needs": ["one"], "requirements": [value("f()", "1")]},
        {"id": "three", "requirements": [value("f()", "2", hidden=True, hint={"en": "look up", "ko": "위를 보세요"})]},
        {"id": "four", "requirements": [{"kind": "function", "calls": [{"call": "f()"}]}]},
        solution="def f(): raise OSError('disk')\ndef g(): return 2\ndef h(): return 3\n",
    )
    return course


def test_a_report_follows_its_schema(mixed: Course, run: Command) -> None:
    ended = run("run", mixed.quiz, mixed.write("a.py", MIXED), "--json", "-")
    report = json.loads(ended.out)
    jsonschema.validate(report, published("report"))
    assert ended.code == 3
    assert Report.model_validate(report).exercises[0].id == "one"


def timeless(report: Report) -> Any:
    data = json.loads(report.model_dump_json())
    for exercise in data["exercises"]:
        for check in exercise["checks"]:
            del check["duration"]
    for cell in data["cells"]:
        del cell["seconds"]
    return data


def test_the_same_submission_gets_the_same_report(mixed: Course) -> None:
    text = MIXED + "\n# %%\nimport random\nprint(torch.randn(3), random.random(), {*'abcdef'}, object())\n"
    path = mixed.write("a.py", text)
    assert timeless(mixed.grade(path)) == timeless(mixed.grade(path))


def test_what_random_code_does_is_repeated(course: Course) -> None:
    course.require(value("torch.is_tensor(f())", "True"), value("f()", "tensor([1.5, 1.5])", id="b"))
    text = "import torch, random, numpy\ndef f(): return torch.rand(2) + random.random() + numpy.random.rand()\n"
    assert timeless(course.grade(text)) == timeless(course.grade(text))


def test_head_of_the_report(mixed: Course) -> None:
    import platform

    import grader

    report = mixed.grade(MIXED)
    assert (report.assignment.id, report.submission.name, report.seed) == ("quiz", "answer.py", 3)
    assert len(report.submission.sha256) == 64
    assert (report.grader, report.python) == (grader.__version__, platform.python_version())
    assert report.torch.startswith("2.")
    assert report.selection is None


# -- outcomes


def test_outcomes_and_points(mixed: Course) -> None:
    report = mixed.grade(MIXED)
    one, two, three, four = report.exercises
    assert [c.outcome for c in one.checks] == ["passed", "failed", "failed"]
    assert (one.status, one.earned, one.possible) == ("partial", 1, 3)
    assert [c.id for c in one.checks] == ["one::call[1]", "one::call[1,g]", "one::call[1,h]"]
    assert (two.status, two.earned, two.possible) == ("none", 0, 1)
    assert (three.status, four.status) == ("none", "error")
    assert (report.earned, report.possible, report.gradable) == (1, 6, False)


def test_student_code_that_raises_in_a_probe(mixed: Course) -> None:
    check = mixed.grade(MIXED).exercises[0].checks[1]
    assert (str(check.called), str(check.expected), str(check.observed)) == ("g()", "a result", "ValueError: never")
    assert (check.cell, check.line) == (None, 5)


def test_a_name_that_is_missing(mixed: Course) -> None:
    check = mixed.grade(MIXED).exercises[0].checks[2]
    assert said(check) == ("`h` is defined", "it is not defined")
    assert "Define `h`" in str(check.hint)


def test_a_failed_need_skips_with_its_cause(mixed: Course) -> None:
    check = mixed.grade(MIXED).exercises[1].checks[0]
    assert check.outcome == "skipped"
    assert check.earned == 0
    assert "one" in str(check.observed)
    assert "not passed" in str(check.observed)


def test_needs_reach_over_steps(course: Course) -> None:
    course.assign(
        {"id": "one", "requirements": [value("f()", "1")]},
        {"id": "two", "needs": ["one"], "requirements": [value("f()", "2")]},
        {"id": "three", "needs": ["two"], "requirements": [value("f()", "2")]},
    )
    assert list(outcomes(course.grade("def f(): return 2\n")).values()) == ["failed", "skipped", "skipped"]


def test_a_need_that_was_not_selected_does_not_skip(course: Course) -> None:
    course.assign(
        {"id": "one", "requirements": [value("f()", "1")]},
        {"id": "two", "needs": ["one"], "requirements": [value("f()", "2")]},
    )
    report = course.grade("def f(): return 2\n", selection="two")
    assert outcomes(report) == {"two::call[1]": "passed"}
    assert (report.earned, report.possible) == (1, 1)


def test_a_hidden_check_shows_only_its_hint(mixed: Course, run: Command) -> None:
    check = mixed.grade(MIXED).exercises[2].checks[0]
    assert check.hidden
    assert (check.called, check.cell, check.line) == (None, None, None)
    assert said(check) == ("a hidden check passes", "it does not")
    assert check.hint is not None
    assert (check.hint.en, check.hint.ko) == ("look up", "위를 보세요")
    ended = run("run", mixed.quiz, mixed.write("a.py", MIXED), "-v", "-k", "three")
    assert "f()" not in ended.out
    assert "look up" in ended.out


def test_a_hidden_check_of_code_that_raises_shows_no_more(course: Course) -> None:
    course.require(value("f(12345)", "1", hidden=True))
    check = only(course.grade("def f(x): raise ValueError(f'got {x}')\n"))
    assert "12345" not in check.model_dump_json()


def test_a_hint_of_the_exercise_helps_where_a_check_has_none(course: Course) -> None:
    course.assign(
        {
            "id": "one",
            "hint": "the common one",
            "requirements": [value("f()", "1"), value("f()", "1", id="b", hint="its own")],
        }
    )
    checks = course.grade("def f(): return 2\n").exercises[0].checks
    assert [c.hint and c.hint.en for c in checks] == ["the common one", "its own"]


def test_weights_share_points(course: Course) -> None:
    course.assign(
        {
            "id": "one",
            "points": 10,
            "requirements": [value("f()", "1", weight=3), value("f()", "2", id="b"), value("f()", "1", id="c")],
        }
    )
    report = course.grade("def f(): return 1\n")
    assert [(c.earned, c.possible) for c in report.exercises[0].checks] == [(6, 6), (0, 2), (2, 2)]
    assert (report.earned, report.possible) == (8, 10)


def test_form_alone_earns_nothing(course: Course) -> None:
    """Names and classes are in the published spec: they count once something that is computed is right."""
    calls = [{"call": "Twice(4)(randn(3))"}, {"call": "Twice(4)(randn(5))"}]
    form = {"kind": "parameters", "object": "Twice(4)", "parameters": {"weight": {"shape": [4]}}}
    twice = """
        import torch
        class Twice(torch.nn.Module):
            def __init__(self, width):
                super().__init__()
                self.weight = torch.nn.Parameter(torch.ones(width))
            def forward(self, x):
                return {result}
    """
    right = textwrap.dedent(twice).format(result="2 * x")
    course.require(form, {"kind": "function", "calls": calls}, solution=right)
    assert record(load_assignment(course.quiz), course.zygote)
    partly = textwrap.dedent(twice).format(result="2 * x if len(x) == 3 else x")
    earned = {}
    for name, source in {"right": right, "wrong": textwrap.dedent(twice).format(result="x"), "partly": partly}.items():
        for seed in (None, 5):
            report = course.grade(source, seed=seed)
            earned[name, seed] = report.earned
            assert report.exercises[0].checks[0].outcome == "passed"
        noted = [note.text.startswith("What passes here is form alone") for note in report.exercises[0].notes]
        assert any(noted) == (name == "wrong")
    assert earned == {
        ("right", None): 1, ("right", 5): 1, ("wrong", None): 0, ("wrong", 5): 0, ("partly", None): 0.67, ("partly", 5): 0.67,
    }  # fmt: skip


def test_thirds_add_up(course: Course) -> None:
    course.assign(
        {"id": "one", "points": 1, "requirements": [value("f()", "1", id=name) for name in "abc"]},
        {"id": "two", "points": 0.1, "requirements": [value("f()", "1", id=name) for name in "abcdefg"]},
    )
    report = course.grade("def f(): return 1\n")
    assert (report.earned, report.possible) == (1.1, 1.1)
    assert {e.status for e in report.exercises} == {"full"}


def test_a_call_of_a_fixture_is_told_in_words(course: Course, run: Command) -> None:
    fixtures = """
        def tried(function, x=7, *more):
            '''What {function}({x}) gives, and {more}, in a {set}.

            Nobody sees this.

            ko: {function}({x})의 결과와 {more} {set}
            '''
            return function(x)

        def untold(function):
            return function(1)
    """
    course.write("assignments/quiz/fixtures.py", fixtures)
    calls = ['tried(f, [1, "a"], 2, 3)', "tried(f)", "tried(function=f, x = -1)", "untold(f)", "f(tried(f))"]
    texts = [
        'What f([1, "a"]) gives, and 2, 3, in a {set}.',
        "What f(7) gives, and , in a {set}.",
        "What f(-1) gives, and , in a {set}.",
        "untold(f)",
        "f(tried(f))",
    ]
    exercise = {"kind": "function", "calls": [{"call": call, "returns": "0"} for call in calls]}
    course.require(exercise, fixtures="fixtures.py")
    report = course.grade("def g(x):\n    return x\n\ndef f(x):\n    return 1\n")
    assert [str(check.called) for check in report.exercises[0].checks] == texts
    assert {check.line for check in report.exercises[0].checks} == {4}
    shown = run("run", course.quiz, course.path / "answer.py", "--lang", "ko").out
    assert 'f([1, "a"])의 결과와 2, 3 {set}' in shown


def test_not_started(course: Course) -> None:
    course.require(value("f()", "1"))
    starter = "# exercise: one\n# Write f here."
    course.notebook(starter, name="assignments/quiz/quiz.ipynb")
    assert course.grade(course.notebook(starter + "\n\n")).exercises[0].status == "not started"
    assert course.grade(course.notebook(starter + "\n# TODO: too hard\npass")).exercises[0].status == "not started"
    assert course.grade(course.notebook("# exercise: one")).exercises[0].status == "not started"
    assert course.grade(course.notebook(starter + "\ndef f(): return 2")).exercises[0].status == "none"
    assert course.grade(course.notebook(starter + "\ndef f(): pass")).exercises[0].status == "none"


@pytest.mark.parametrize(("line", "said"), [("assert 0", "AssertionError"), ("raise KeyError(1)", "KeyError: 1")])
def test_an_exception_without_words_is_its_name_alone(course: Course, line: str, said: str) -> None:
    course.require(value("f()", "1"))
    assert str(course.grade(f"def f():\n    {line}\n").exercises[0].checks[0].observed) == said


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ("# Write f here.", "not started"),
        ("import torch\n\ndef f():\n    raise NotImplementedError  # TODO", "not started"),
        ("class A:\n    def __init__(self):\n        super().__init__()\n\nf = None", "not started"),
        ("def f():\n    return 2", "none"),
        ("f = 3", "none"),
        ("def f(:", "none"),
        ("def f(): return 1", "full"),
    ],
)
def test_students_work_in_the_starter_itself(course: Course, run: Command, answer: str, status: str) -> None:
    course.require(value("f()", "1"), solution="def f(): return 1\n")
    path = course.notebook(f"# exercise: one\n{answer}", name="assignments/quiz/quiz.ipynb")
    assert course.grade(path).exercises[0].status == status
    assert ("called f()" in run(course.quiz).out) is (status == "none")


# -- faults of ours

OWN = "from grader import check, probe\n\n@check(exercise='one', points=1)\ndef test_own(observe, reference, randn):\n"


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ("    1 / 0\n", "ZeroDivisionError"),
        ("    assert 1 == 2\n", "AssertionError"),
        ("    open('/nowhere/at/all')\n", "FileNotFoundError"),
        ("    raise SystemExit(0)\n", "SystemExit"),
        ("    import os; observe(os.getcwd)\n", ""),
    ],
)
def test_a_check_that_breaks_is_no_low_score(course: Course, run: Command, body: str, detail: str) -> None:
    course.require(value("f()", "1"))
    course.check(OWN + body)
    report = course.grade("def f(): return 1\n")
    own = report.exercises[0].checks[1]
    assert (own.outcome, report.exercises[0].status, report.gradable) == ("error", "error", False)
    assert detail in own.detail
    ended = run("run", course.quiz, course.write("a.py", "def f(): return 1\n"))
    assert ended.code == 3
    assert "error of the grader" in ended.out


def test_a_check_with_a_fixture_that_is_not_there_is_no_low_score(course: Course) -> None:
    course.require(value("f()", "1"))
    course.check("from grader import check\n\n@check(exercise='one')\ndef test_own(observ):\n    pass\n")
    report = course.grade("def f(): return 1\n")
    assert not report.gradable
    assert "observ" in report.exercises[0].checks[1].detail


def test_a_solution_that_raises_is_no_low_score(mixed: Course) -> None:
    check = mixed.grade(MIXED).exercises[3].checks[0]
    assert check.outcome == "error"
    assert "The solution raises OSError in four::call[1]: disk" in check.detail


def test_a_solution_that_is_not_there_is_no_low_score(course: Course) -> None:
    course.require({"kind": "function", "calls": [{"call": "f()"}]})
    check = only(course.grade("def f(): return 1\n"))
    assert check.outcome == "error"
    assert "there is no solution" in check.detail


def test_a_solution_that_hangs_is_no_low_score(course: Course) -> None:
    course.require(
        {"kind": "function", "calls": [{"call": "f()"}]},
        solution="def f():\n    while True: pass\n",
        limits={"seconds": 0.3},
    )
    check = only(course.grade("def f(): return 1\n"))
    assert check.outcome == "error"
    assert "solution" in check.detail


def test_fixtures_that_raise_are_no_low_score(course: Course) -> None:
    course.write("assignments/quiz/fixtures.py", "raise OSError('no fixtures')\n")
    course.require(
        {"kind": "function", "calls": [{"call": "f()"}]}, fixtures="fixtures.py", solution="def f(): return 1\n"
    )
    assert only(course.grade("def f(): return 1\n")).outcome == "error"


def test_an_own_check_judges(course: Course) -> None:
    course.require(value("f()", "1"))
    course.check(
        """
        from grader import assert_close, check, probe

        @probe
        def twice(student, x):
            \"\"\"f and g of x\"\"\"
            return [student.f(), student.g(x)]

        @check(exercise="one", points=2, hint={"en": "Half.", "ko": "절반."})
        def test_the_half(observe, randn):
            \"\"\"g halves\"\"\"
            x = randn(3)
            assert_close(observe(twice, x)[1], x.values / 2)

        @check(exercise="one", points=1)
        def test_the_plain_assertion(observe, randn):
            \"\"\"f is one\"\"\"
            assert observe(twice, randn(3))[0] == 1, "f is another"
        """
    )
    right = course.grade("def f(): return 1\ndef g(x): return x / 2\n")
    assert (right.earned, right.possible) == (4, 4)
    wrong = course.grade("def f(): return 3\n\ndef g(x): return x\n").exercises[0].checks
    assert [c.outcome for c in wrong] == ["failed"] * 3
    assert str(wrong[1].called) == "f and g of x"
    assert wrong[1].hint is not None
    assert wrong[1].hint.ko == "절반."
    assert said(wrong[2]) == ("f is one", "f is another")
    raised = course.grade("def f(): return 1\n\ndef g(x):\n    raise KeyError('k')\n").exercises[0].checks
    assert [c.outcome for c in raised] == ["passed", "failed", "failed"]
    assert (raised[1].line, str(raised[1].observed)) == (4, "KeyError: 'k'")


def test_two_assignments_in_one_process(course: Course) -> None:
    for name, right in (("quiz", 1), ("quiz2", 2), ("quiz", 3333)):
        folder = course.write(
            f"assignments/{name}/assignment.yaml",
            f"format: 1\nid: {name}\ntitle: Q\nexercises: [{{id: one, title: One, points: 1}}]\n",
        ).parent  # fmt: skip
        course.check("")
        (folder / "checks").mkdir(exist_ok=True)
        course.write(
            f"assignments/{name}/checks/test_same.py",
            "from grader import check, probe\n\n@probe\ndef one(student):\n    return student.f()\n\n"
            f"@check(exercise='one')\ndef test_it(observe):\n    assert observe(one) == {right}\n",
        )
        course.quiz = folder
        report = course.grade(f"def f(): return {right}\n")
        assert report.earned == 1, (name, right)


# -- limits


@pytest.fixture
def tight(course: Course) -> Course:
    course.require(value("f()", "1"), limits={"seconds": 0.5, "memory": "100MiB", "processes": 8, "disk": "1MiB"})
    return course


RIGHT = "# exercise: one\ndef f(): return 1"
DEAF = "import signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True: pass"


@pytest.mark.parametrize(
    "loop", ["while True: pass", "while True:\n    try:\n        x = 1\n    except Exception: pass"]
)
def test_time_in_a_cell(tight: Course, loop: str) -> None:
    report = tight.grade(
        tight.notebook("x = 1", f"def spin():\n    {loop.replace(chr(10), chr(10) + '    ')}\n\nspin()", RIGHT)
    )
    assert report.earned == 1
    raised = report.cells[1].raised
    assert raised is not None
    assert raised.limit == "time"
    assert raised.frames[0].cell == 2
    assert raised.frames[-1].function == "spin"
    assert "0.5 s" in raised.message
    assert 0.4 < report.cells[1].seconds < 2


def test_time_in_a_probe(tight: Course) -> None:
    check = only(tight.grade(tight.notebook("# exercise: one\ndef f():\n    while True:\n        x = 1\n")))
    assert said(check) == ("a result", "stopped after 0.5 s")
    assert check.cell == 1
    assert check.line in (3, 4)


@pytest.mark.slow
def test_a_cell_that_does_not_listen(tight: Course, run: Command) -> None:
    path = tight.notebook(DEAF, RIGHT)
    report = tight.grade(path)
    assert report.earned == 1
    lost = report.cells[0].lost
    assert lost is not None
    assert lost.to == "time"
    assert "cell 1: stopped after 0.5 s" in run("run", tight.quiz, path).out


@pytest.mark.slow
def test_a_probe_that_does_not_listen(tight: Course) -> None:
    deaf = "def f():\n    " + DEAF.replace("\n", "\n    ")
    assert said(only(tight.grade(deaf))) == ("a result", "stopped after 0.5 s")


def test_memory_in_a_cell_and_in_a_probe(tight: Course, run: Command) -> None:
    path = tight.notebook("import torch\nx = torch.zeros(60_000_000)", RIGHT)
    report = tight.grade(path)
    assert report.earned == 1
    assert report.cells[0].raised is not None
    assert report.cells[0].raised.limit == "memory"
    check = only(tight.grade("import torch\ndef f():\n    return torch.zeros(60_000_000).sum()\n"))
    assert said(check) == ("a result", "it needed more memory than the limit of 100 MiB")
    assert check.line == 3


def test_disk(tight: Course) -> None:
    writer = (
        "def f():\n    import time\n    open('a', 'wb').write(b'x' * (3 << 20))\n    time.sleep(0.4)\n    return 1\n"
    )
    assert said(only(tight.grade(writer))) == ("a result", "it wrote more to disk than the limit of 1 MiB")


def test_processes(course: Course) -> None:
    course.require(value("f()", "1"), limits={"processes": 8})
    forks = "import os, time\ndef f():\n    for _ in range(20):\n        if os.fork() == 0:\n            time.sleep(5)\n            os._exit(0)\n    time.sleep(0.4)\n    return 1\n"
    assert said(only(course.grade(forks))) == ("a result", "it started more processes than the limit of 8")


@pytest.mark.parametrize(
    ("end", "detail"),
    [("os._exit(3)", "exit status 3"), ("os._exit(0)", "exit status 0"), ("os.kill(os.getpid(), 11)", "signal 11"), ("os.abort()", "signal 6")],
)  # fmt: skip
def test_a_crash_in_a_probe(tight: Course, end: str, detail: str) -> None:
    check = only(tight.grade(f"import os\ndef f():\n    {end}\n"))
    assert said(check) == ("a result", f"its process ended without an answer ({detail})")
    assert check.line == 2


def test_a_crash_costs_one_check(course: Course) -> None:
    course.assign(
        {
            "id": "one",
            "points": 3,
            "requirements": [value("f()", "1"), value("g()", "1", id="g"), value("h()", "1", id="h")],
        }
    )
    report = course.grade("import os\ndef f(): return 1\ndef g(): os._exit(0)\ndef h(): return 1\n")
    assert list(outcomes(report).values()) == ["passed", "failed", "passed"]


def test_crashing_cells_cost_only_themselves(tight: Course) -> None:
    crash = "import os; os._exit(0)"
    killed = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    report = tight.grade(
        tight.notebook("x = 1", crash, killed, "y = 2", crash, RIGHT + " if (x, y) == (1, 2) else 0", crash)
    )
    assert report.earned == 1
    assert [c.lost.to if c.lost else None for c in report.cells] == [
        None,
        "crash",
        "crash",
        None,
        "crash",
        None,
        "crash",
    ]
    assert [c.number for c in report.cells] == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.slow
def test_cells_that_must_be_killed_cost_only_themselves(course: Course) -> None:
    course.require(value("f()", "1"), limits={"seconds": 0.2})
    report = course.grade(course.notebook(DEAF, DEAF, RIGHT))
    assert report.earned == 1
    assert [c.lost.to if c.lost else None for c in report.cells] == ["time", "time", None]


@pytest.mark.slow
def test_the_time_of_the_whole_notebook(course: Course) -> None:
    course.assign(
        {"id": "one", "requirements": [value("f()", "1")]}, {"id": "two", "requirements": [value("f()", "1")]},
        limits={"seconds": 1, "notebook_seconds": 1.5},
    )  # fmt: skip
    sleep = "import time; time.sleep(0.7)"
    report = course.grade(course.notebook(RIGHT, sleep, sleep, sleep, RIGHT.replace("one", "two")))
    assert outcomes(report) == {"one::call[1]": "passed", "two::call[1]": "failed"}
    assert "1.5 s" in str(report.exercises[1].checks[0].observed)


# -- isolation


def test_isolation_is_named(course: Course, run: Command) -> None:
    course.require(value("f()", "1"))
    path = course.write("a.py", "def f(): return 1\n")
    plain = run("run", course.quiz, path, "--isolation", "none", "--json", "-")
    assert plain.code == 0
    assert json.loads(plain.out)["isolation"] == "none"
    assert "isolation: none" in run("run", course.quiz, path, "--isolation", "none").out
    if support._missing() is None:
        assert course.grade(path).isolation == "landlock"
        assert "isolation" not in run("run", course.quiz, path).out


def test_limits_hold_without_isolation(tight: Course) -> None:
    report = tight.grade(tight.notebook("while True: pass", "import os; os._exit(0)", RIGHT), mode="none")
    assert report.earned == 1


def test_ci_without_isolation_refuses(course: Course, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    course.require(value("f()", "1"))
    path = course.write("a.py", "def f(): return 1\n")
    monkeypatch.setattr(support, "_missing", lambda: "the moon is full")
    assert course.grade(path).isolation == "none"  # one's own work
    with pytest.raises(IsolationError, match="moon"):
        course.grade(path, mode="landlock")
    monkeypatch.setenv("CI", "1")
    ended = run("run", course.quiz, path)
    assert ended.code == 2
    assert "cannot be isolated here: the moon is full" in ended.err
    assert "--isolation none" in ended.err
    assert run("run", course.quiz, path, "--isolation", "none").code == 0


# -- torch at work in a probe


LOADER = """
import torch
from torch.utils.data import DataLoader, Dataset

class Numbers(Dataset):
    def __len__(self): return 7
    def __getitem__(self, i): return torch.arange(7)[i]

def batches(size=2):
    return [b.tolist() for b in DataLoader(Numbers(), batch_size=size, num_workers=2)]

# %%
print(batches())
"""


@pytest.fixture
def loading(course: Course) -> Course:
    course.require(
        value("batches()", "[[0, 1], [2, 3], [4, 5], [6]]"),
        value("batches(None)", "[0, 1, 2, 3, 4, 5, 6]", id="single"),
    )
    course.write("loader.py", LOADER)
    return course


def test_a_data_loader_with_workers(loading: Course) -> None:
    report = loading.grade(loading.path / "loader.py")
    assert set(outcomes(report).values()) == {"passed"}, report
    assert "[4, 5]" in report.cells[-1].output


@pytest.mark.slow
def test_data_loaders_of_two_gradings_at_once(loading: Course, command: Command) -> None:
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: command("quiz", "loader.py", cwd=loading.path), range(2)))
    assert [ended.code for ended in both] == [0, 0], both


PROCESSES = """
from multiprocessing import Barrier, Event, JoinableQueue, Lock, Pool, Process, RLock, Value

def add(total, lock, event, barrier, queue):
    with lock, lock, total.get_lock():
        total.value += 1
    barrier.wait(5)
    event.set()
    queue.put(total.value)

def together():
    total, lock, event, barrier, queue = Value("i"), RLock(), Event(), Barrier(2), JoinableQueue()
    processes = [Process(target=add, args=(total, lock, event, barrier, queue)) for _ in range(2)]
    for process in processes:
        process.start()
    event.wait(5)
    seen = [queue.get(timeout=5) for _ in processes]
    for process in processes:
        queue.task_done()
        process.join()
    queue.join()
    return total.value, seen, event.is_set()

def lock():
    one = Lock()
    taken = [one.acquire(), one.acquire(False), one.acquire(timeout=0.1)]
    one.release()
    try:
        one.release()
    except ValueError as error:
        return taken, str(error)

def mapped():
    with Pool(2) as pool:
        return pool.map(abs, [-2, -1])
"""


def test_processes_of_a_student(course: Course) -> None:
    course.require(
        value("together()", "(2, [2, 2], True)"),
        value("lock()", "([True, False, False], 'semaphore or lock released too many times')", id="lock"),
        value("mapped()", "[2, 1]", id="mapped"),
    )
    assert set(outcomes(course.grade(PROCESSES)).values()) == {"passed"}
