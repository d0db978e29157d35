"""`grade verify`: what must be true of an assignment, and what its checks miss."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from conftest import GRADE, Command, Course, Ended

from grader.authoring.findings import VerifyReport

DOUBLE = "# exercise: one\ndef double(x):\n    return x + x\n"
CLIP = "# exercise: one\ndef clip(x):\n    return x.clamp(0, 1)\n"
TITLE = {"en": "One", "ko": "하나"}


def exercise(*calls: str, name: str = "one", **keys: Any) -> dict[str, Any]:
    """An exercise of one function, against whose checks nothing is to be said."""
    requirement = {"kind": "function", "calls": [{"call": call} for call in calls]}
    return {"id": name, "title": TITLE, "hint": "Think.", "requirements": [requirement], **keys}


@pytest.fixture
def quiz(course: Course) -> Callable[..., Path]:
    """Writes a whole assignment, solution and starter included."""

    def write(*exercises: dict[str, Any], solution: str = DOUBLE, starter: str = "", **keys: Any) -> Path:
        given = exercises or (exercise("double(tensor([1.0, -2.0]))"),)
        course.notebook(starter or "# exercise: one\n", name="assignments/quiz/quiz.ipynb")
        return course.assign(*given, solution=solution, **{"title": TITLE, **keys})

    return write


def failed(ended: Ended) -> dict[str, str]:
    """What is said below each verification that failed."""
    parts = re.split(r"^([✓✗!]) (\w+) ", ended.out.split("\n\n")[1], flags=re.MULTILINE)[1:]
    return {name: said for mark, name, said in zip(parts[::3], parts[1::3], parts[2::3], strict=True) if mark == "✗"}


# -- the assignment itself


def test_a_good_assignment(quiz: Callable[..., Path], run: Command) -> None:
    ended = run("verify", quiz(), "--no-mutants")
    assert (ended.code, failed(ended), ended.err) == (0, {}, "")
    assert ended.out.count("✓") == 15


def test_a_starter_that_passes_a_check(quiz: Callable[..., Path], run: Command) -> None:
    ended = run("verify", quiz(starter=DOUBLE), "--no-mutants")
    assert ended.code == 1
    assert "one::call[1] does not fail\n" in failed(ended).pop("starter")


@pytest.mark.slow
def test_a_solution_that_misses_points(quiz: Callable[..., Path], run: Command) -> None:
    wrong = {"kind": "function", "id": "wrong", "calls": [{"call": "double(2)", "returns": "5"}]}
    ended = run("verify", quiz(exercise(requirements=[wrong])), "--no-mutants")
    assert ended.code == 1
    assert "one::call[1,wrong]: expected 5, observed 4" in failed(ended)["solution"]


@pytest.mark.slow
def test_a_solution_that_is_different_each_time(quiz: Callable[..., Path], run: Command) -> None:
    ended = run("verify", quiz(solution=DOUBLE + "import os\nprint(os.urandom(8))\n"), "--no-mutants")
    assert ended.code == 1
    assert list(failed(ended)) == ["twice"]
    assert "the cells' output differs" in failed(ended)["twice"]


@pytest.mark.slow
def test_a_check_that_holds_with_one_seed(quiz: Callable[..., Path], run: Command) -> None:
    lucky = {"kind": "function", "calls": [{"call": "seeded()", "returns": "3"}]}
    solution = "# exercise: one\nimport torch\ndef seeded():\n    return torch.initial_seed()\n"
    ended = run("verify", quiz(exercise(requirements=[lucky]), solution=solution), "--no-mutants")
    assert ended.code == 1
    assert list(failed(ended)) == ["seeds"]
    seed, observed = re.findall(r"seed (\d+): one::call\[1\]: expected 3, observed (\d+)", failed(ended)["seeds"])[0]
    assert seed == observed


@pytest.mark.slow
def test_a_value_that_hangs_on_rounding(quiz: Callable[..., Path], run: Command) -> None:
    """The sign of what is left by rounding."""
    code = "# exercise: one\nimport torch\ndef left(x):\n    rounded, exact = x @ x, x.double() @ x.double()\n"
    code += "    return (rounded.double() - exact).sum().sign().long() + torch.arange(3)\n"
    by_sign = exercise(*[f"left(randn({size}, {size}))" for size in range(30, 38)])
    ended = run("verify", quiz(by_sign, solution=code), "--no-mutants")
    assert (ended.code, list(failed(ended))) == (1, ["rounding"])
    assert re.search(r"seed \d+: one::call\[\d\]: expected tensor", failed(ended)["rounding"])


@pytest.mark.slow
def test_what_a_plain_check_computes_is_rounded_as_the_answer_is(
    quiz: Callable[..., Path], run: Command, course: Course
) -> None:
    course.check("# check: one\nx = torch.randn(30, 30)\nassert torch.equal(square(x), x @ x)\n", name="test_one.py")
    solution = "# exercise: one\nimport torch\ndef square(x):\n    return x @ x\n"
    one = {"id": "one", "title": TITLE, "hint": "Think.", "points": None}
    ended = run("verify", quiz(one, solution=solution), "--no-mutants")
    assert "rounding" not in failed(ended), ended.out


@pytest.mark.slow
def test_what_constants_earn(quiz: Callable[..., Path], run: Command) -> None:
    solution = "# exercise: one\ndef small(x):\n    if x > 9:\n        raise ValueError(x)\n    return x < 3\n"
    calls = [{"call": "small(1)"}, {"call": "small(4)"}, {"call": "small(99)", "raises": "ValueError"}]
    requirement = {"kind": "function", "calls": calls}
    ended = run("verify", quiz(exercise(requirements=[requirement]), solution=solution), "--no-mutants")
    assert ended.code == 1
    found = failed(ended)["hollow"]
    assert "one::call[1] passes where every function gives True\n" in found
    assert "one::call[2] passes where every function gives False\n" in found
    assert "call[3]" not in found, "what always raises does not pass"
    assert "one: no answer depends on the seed" in ended.out


@pytest.mark.slow
def test_form_beside_what_is_computed_earns_no_constant_anything(quiz: Callable[..., Path], run: Command) -> None:
    solution = "# exercise: one\nimport torch\nclass Twice(torch.nn.Module):\n    def forward(self, x): return 2 * x\n"
    module = {"kind": "module", "object": "Twice()", "calls": [{"inputs": ["randn(3)"]}]}
    ended = run("verify", quiz(exercise(requirements=[module]), solution=solution), "--no-mutants")
    assert (ended.code, failed(ended)) == (0, {})


@pytest.mark.slow
def test_texts_that_are_missing(quiz: Callable[..., Path], run: Command) -> None:
    bare = exercise("double(tensor([1.0, -2.0]))", hint=None, title="One")
    ended = run("verify", quiz(bare), "--no-mutants")
    assert ended.code == 1
    assert list(failed(ended)) == ["titles", "hints"]
    assert "one has no Korean title" in failed(ended)["titles"]
    assert "one has none" in failed(ended)["hints"]


@pytest.mark.slow
def test_korean_titles_are_asked_for_where_the_spec_has_korean(quiz: Callable[..., Path], run: Command) -> None:
    english = exercise("double(tensor([1.0, -2.0]))", title="One")
    assert run("verify", quiz(english, title="Quiz"), "--no-mutants").code == 0
    hinted = {**english, "hint": {"en": "Think.", "ko": "생각해 봅니다."}}
    said = failed(run("verify", quiz(hinted, title="Quiz"), "--no-mutants"))["titles"]
    assert "the assignment has no Korean title\n    one has no Korean title" in said


@pytest.mark.slow
def test_a_tolerance_that_zeros_pass(quiz: Callable[..., Path], run: Command) -> None:
    small = exercise("small(rand(4))")
    small["requirements"][0]["tolerance"] = {"rtol": 1e-4, "atol": 1e-4}
    solution = "# exercise: one\ndef small(x):\n    return x * 1e-4\n"
    assert (
        "one::call[1] passes with zeros"
        in failed(run("verify", quiz(small, solution=solution), "--no-mutants"))["zeros"]
    )
    del small["requirements"][0]["tolerance"]
    assert "zeros" not in failed(run("verify", quiz(small, solution=solution), "--no-mutants"))


@pytest.mark.slow
def test_files_that_do_not_belong_there(quiz: Callable[..., Path], run: Command, course: Course) -> None:
    folder = quiz()
    course.write("assignments/quiz/notes.txt", "")
    course.write("assignments/quiz/verify.yaml", "format: 1\nfiles: [make.py]\n")
    ended = run("verify", folder, "--no-mutants")
    assert ended.code == 1
    assert list(failed(ended)) == ["files"]
    assert "notes.txt is in the folder\n    make.py is declared, and not there" in failed(ended)["files"]
    course.write("assignments/quiz/verify.yaml", "format: 1\nfiles: [notes.txt]\n")
    assert run("verify", folder, "--no-mutants").code == 0


@pytest.mark.slow
def test_a_hidden_check_that_repeats_a_visible_one(quiz: Callable[..., Path], run: Command) -> None:
    shown = {"kind": "function", "calls": [{"call": "double(tensor([1.0]))"}]}
    other = {"kind": "function", "id": "other", "hidden": True, "calls": [{"call": "double(tensor([2.0]))"}]}
    same = {**shown, "id": "same", "hidden": True}
    ended = run("verify", quiz(exercise(requirements=[shown, other, same])), "--no-mutants")
    assert ended.code == 1
    assert list(failed(ended)) == ["hidden"]
    assert "one::call[1,same] asks what a visible check asks\n    Give" in failed(ended)["hidden"]


@pytest.mark.slow
def test_a_fixture_that_compares_is_warned_of(quiz: Callable[..., Path], run: Command) -> None:
    folder = quiz(fixtures="fixtures.py")
    (folder / "fixtures.py").write_text(
        "import torch\ndef same(a, b):\n    if a is None or a.ndim == 0:\n"
        "        return torch.equal(a, b)\n    return a == b\n"
    )
    ended = run("verify", folder, "--no-mutants")
    assert ended.code == 0
    assert "fixtures.py, line 4: equal()" in ended.out
    assert "fixtures.py, line 5: a == b" in ended.out
    assert "line 3" not in ended.out


@pytest.mark.slow
def test_points_that_do_not_add_up(quiz: Callable[..., Path], run: Command, course: Course) -> None:
    course.check("""
        from grader import check, probe

        @probe
        def doubled(student):
            return student.double(2)

        @check(exercise="one", points=2)
        def test_double(observe):
            assert observe(doubled) == 4
    """)
    ended = run("verify", quiz(exercise(requirements=[], points=5)), "--no-mutants")
    assert ended.code == 1
    assert list(failed(ended)) == ["points"]
    assert "one has 5 points, and its checks have 2\n" in failed(ended)["points"]
    assert run("verify", quiz(points=5), "--no-mutants").code == 2


@pytest.mark.slow
def test_an_exercise_without_a_check(quiz: Callable[..., Path], run: Command, course: Course) -> None:
    course.check("# check: one\nassert double(4) == 8\n")
    judged = {"id": "essay", "title": TITLE, "hint": "Think.", "manual": {"points": 2}}
    two = exercise(name="two", requirements=[])
    given = exercise("double(tensor([1.0, -2.0]))")
    ended = run("verify", quiz(given, judged, two), "--no-mutants")
    assert (ended.code, list(failed(ended))) == (1, ["points"])
    assert "two has no check, and students are not shown it\n" in failed(ended)["points"]
    assert "essay" not in ended.out
    assert run("verify", quiz(given, judged, two), "--no-mutants", "-k", "one").code == 0


# -- mutants


def verified(run: Command, folder: Path, *options: str) -> tuple[Ended, VerifyReport]:
    """The command's end, and its report."""
    file = folder.parent / "verified.json"
    ended = run("verify", folder, "-j", "1", "--json", file, *options)
    return ended, VerifyReport.model_validate_json(file.read_text())


def statuses(report: VerifyReport) -> dict[tuple[str, str], str]:
    return {(result.mutant.operator, result.mutant.after): result.status for result in report.results}


def test_what_a_weak_check_misses(quiz: Callable[..., Path], run: Command, course: Course) -> None:
    folder = quiz(exercise("clip(tensor([-1.0, 0.5]))"), solution=CLIP)
    ended, report = verified(run, folder)
    assert ended.code == 1
    assert statuses(report) == {
        ("method-in-place", "return x.clamp_(0, 1)"): "killed",
        ("integer", "return x.clamp(1, 1)"): "killed",
        ("integer", "return x.clamp(0, 2)"): "survived",
        ("return-dropped", "x.clamp(0, 1)"): "killed",
        ("method-call-dropped", "return x"): "killed",
        ("arguments-swapped", "return x.clamp(1, 0)"): "killed",
    }
    assert "-    return x.clamp(0, 1)\n    +    return x.clamp(0, 2)\n" in ended.out
    assert failed(ended)["mutants"].startswith(
        "  every mutant of the solution loses points\n    one, integer: no check"
    )
    assert "6 mutants, 5 killed, 1 survived; " in ended.out
    (planted,) = report.planted
    assert (planted.mistake, planted.shown + planted.another + planted.none) == ("mutates_input", 1)

    course.write(
        "assignments/quiz/verify.yaml",
        """
        format: 1
        equivalents:
          - exercise: one
            reason: Nobody asks for more than one.
            changes:
              - before: return x.clamp(0, 1)
                after: ["return x.clamp(0, 2)", "return x.clamp(0, 3)"]
        """,
    )
    ended, report = verified(run, folder, "-v")
    assert ended.code == 1
    assert list(failed(ended)) == ["declared"]
    assert "one: return x.clamp(0, 1) -> return x.clamp(0, 3): there is no such mutant" in failed(ended)["declared"]
    assert "declared: Nobody asks for more than one." in ended.out
    assert re.search(r"one +arguments-swapped +return x.clamp\(0, 1\) +killed +call\[1\]", ended.out)
    (kept,) = [result for result in report.results if result.status == "survived"]
    assert kept.equivalent == "Nobody asks for more than one."


@pytest.mark.slow
def test_the_conclusion_comes_first_and_survivors_by_their_cause(quiz: Callable[..., Path], run: Command) -> None:
    solution = "# exercise: one\ndef scaled(x):\n    y = x * 2\n    z = y * 3\n    return z.clamp(max=x.sum() + 9)\n"
    folder = quiz(exercise("scaled(zeros(3))"), solution=solution)
    ended, report = verified(run, folder)
    first, second, blank, failing, *_ = ended.out.splitlines()
    assert first.startswith("quiz: not ready to publish (")
    assert second.startswith(f"{len(report.results)} mutants, ")
    assert (blank, failing[:1]) == ("", "✗")
    heads = [line for line in ended.out.splitlines() if line.startswith("survived ")]
    alive = [result for result in report.results if result.hole]
    assert len(heads) == len({result.mutant.mistake or result.mutant.operator for result in alive}) < len(alive)
    named = [
        bool(result.mutant.mistake) for head in heads for result in alive if head[9:].startswith(result.mutant.name)
    ]
    assert named == sorted(named, reverse=True), "typical mistakes first"
    assert "more like it" in ended.out
    everything = run("verify", folder, "-j", "1", "-v").out
    assert sum(line.startswith("survived ") for line in everything.splitlines()) == len(alive)
    assert "Mutants by operator" in everything
    assert "Mutants by operator" not in ended.out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "seeds", "said"),
    [
        (1, ("killed", "survived", "survived"), "survived, 2 of 3 seeds"),
        pytest.param(6, ("survived", "killed", "killed"), "killed, 2 of 3 seeds", marks=pytest.mark.slow),
    ],
)
def test_where_code_trains_most_seeds_decide(
    quiz: Callable[..., Path], run: Command, seed: int, seeds: tuple[str, ...], said: str
) -> None:
    """Only where 2 is drawn, a check sees that one mutant clips its gradient later than the solution."""
    solution = (
        "# exercise: one\nimport torch\ndef clipped(x):\n    w = torch.ones(1, requires_grad=True)\n"
        "    (w * x).sum().backward()\n    return w.grad.clamp(0, 1)\n"
    )
    ended, report = verified(run, quiz(exercise("clipped(randint(1, 3, 1))"), solution=solution, seed=seed), "-v")
    later = next(result for result in report.results if result.mutant.after == "return w.grad.clamp(0, 2)")
    assert (later.seeds, later.status) == (seeds, seeds[-1])
    assert said in ended.out
    assert ("one, integer: no check fails with most seeds" in ended.out) == (seeds[-1] == "survived")


@pytest.mark.slow
def test_mutants_that_hang_or_break_the_grader(quiz: Callable[..., Path], run: Command, course: Course) -> None:
    solution = "# exercise: one\ndef count(n):\n    while n > 1:\n        n -= 1\n    return n\n"
    course.check("""
        import os
        from grader import check, probe

        @probe
        def counted(student):
            return student.count(4)

        @check(exercise="one", points=1)
        def test_count(observe):
            number = observe(counted)
            if number is None:
                os._exit(7)
            assert {0: False, 1: True}[number]
    """)
    ended, report = verified(run, quiz(exercise("count(4)"), solution=solution, limits={"seconds": 1}))
    assert ended.code == 3
    assert statuses(report) == {
        ("integer", "while n > 2:"): "error",
        ("integer", "n -= 2"): "killed",
        ("comparison-edge", "while n >= 1:"): "killed",
        ("comparison", "while n <= 1:"): "error",
        ("return-dropped", "n"): "error",
        ("line-dropped", "pass"): "timeout",
    }
    details = [result.detail for result in report.results if result.status == "error"]
    assert sorted(detail.partition(": ")[2][:11] or detail for detail in details) == [
        "KeyError: 2",
        "KeyError: 4",
        "the process that worked on it ended (exit status 7)",
    ]
    assert "KeyError: 2" in failed(ended)["mutants"]
    assert "6 mutants, 2 killed, 1 stopped by the limit of time, 0 survived, 3 ended in an error" in ended.out


@pytest.mark.slow
def test_what_follows_a_mutant_that_hangs_is_judged_by_all_checks(quiz: Callable[..., Path], run: Command) -> None:
    solution = (
        "# exercise: one\ndef count(n):\n    while n > 1:\n        n -= 1\n    return n\n"
        "# %%\n# exercise: two\ndef double(x):\n    return x + x\n"
    )
    two = exercise("double(tensor([0.0]))", "double(tensor([1.0, -2.0]))", name="two")
    ended, report = verified(run, quiz(exercise("count(4)"), two, solution=solution, limits={"seconds": 1}))
    ours = [(result.mutant.exercise, result.status) for result in report.results]
    assert ("one", "timeout") in ours
    assert ("two", "killed") in ours[ours.index(("one", "timeout")) :], ours
    assert "survived" not in [status for name, status in ours if name == "two"], ours
    assert ended.err == ""


@pytest.mark.slow
def test_one_exercise_and_json_alone(quiz: Callable[..., Path], run: Command) -> None:
    solution = DOUBLE + "# %%\n# exercise: two\ndef three():\n    return double(1) + 1\n"
    folder = quiz(exercise("double(tensor([1.0]))"), exercise("three()", name="two"), solution=solution)
    ended = run("verify", folder, "-j", "1", "-k", "two", "--json", "-")
    report = VerifyReport.model_validate(json.loads(ended.out))
    assert (ended.code, report.selection) == (0, "two")
    assert {result.mutant.exercise for result in report.results} == {"two"}
    assert {result.status for result in report.results} == {"killed"}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes that are left")
@pytest.mark.usefixtures("interruptible")
def test_interrupted_it_leaves_nothing_behind(quiz: Callable[..., Path], tmp_path: Path) -> None:
    solution = "# exercise: one\nimport time\ntime.sleep(0.4)\n" + DOUBLE.partition("\n")[2]
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    process = subprocess.Popen(
        [GRADE, "verify", quiz(solution=solution)], env={**os.environ, "TMPDIR": str(scratch)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    family: set[psutil.Process] = set()
    while len(family) < 8 and process.poll() is None:  # workers, zygotes, and guests that zygotes have forked
        family |= set(psutil.Process(process.pid).children(recursive=True))
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=20)
    assert (process.returncode, b"Traceback" in said) == (130, False)
    _, living = psutil.wait_procs(family, timeout=10)
    assert living == []
    assert list(scratch.iterdir()) == []


# -- wrong usage


def test_a_wrong_verify_yaml(quiz: Callable[..., Path], run: Command, course: Course) -> None:
    folder = quiz()
    course.write("assignments/quiz/verify.yaml", "format: 1\nequivalents:\n  - exercise: one\n    why: so\n")
    ended = run("verify", folder)
    assert ended.code == 2
    file = folder / "verify.yaml"
    assert f"{file}:3:5: `equivalents.0.reason` is missing" in ended.err
    assert f"{file}:4:5: `equivalents.0.why` is not a key; valid keys: changes, exercise, reason" in ended.err
    assert "docs/verify.md" in ended.err


def test_without_a_solution(quiz: Callable[..., Path], run: Command) -> None:
    folder = quiz()
    (folder / "solution.py").unlink()
    ended = run("verify", folder, "--no-mutants")
    assert ended.code == 2
    assert "There is no solution at" in ended.err
