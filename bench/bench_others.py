"""How many of the same notebooks `grade batch`, nbgrader and otter-grader grade in a second, with the same assertions.

    python -m venv others && others/bin/pip install -c constraints.txt nbgrader otter-grader ipykernel torch
    python bench/bench_others.py others [SUBMISSIONS]

A class of an assignment of six exercises and twelve checks of the instructor's own; every fourth notebook has wrong
answers. The others grade a few of its notebooks, since they take long. nbgrader starts a kernel for each notebook and
grades one at a time; `otter run` is a process for each notebook, and as many run side by side as there are cores.
The floor is the same cells and probes, as `bare_floor.py` says: its start is not in it, that of `grade batch` is.
"""

from __future__ import annotations

import csv
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from bare_floor import Job, Probe, seconds_of
from nbformat.v4 import new_code_cell, new_notebook

from grader.models.values import encode

EXERCISES = {
    "double": (
        "import torch\n\ndef double(x):\n    return 2 * x",
        "import torch\n\ndef double(x):\n    return x + 2",
        ["torch.equal(double(torch.tensor([1.0, 3.0])), torch.tensor([2.0, 6.0]))", "double(4) == 8 and double(3) > 5"],
    ),
    "norms": (
        "def norms(x):\n    return x.square().sum(dim=1)",
        "def norms(x):\n    return x.square().sum(dim=0)[:1]",
        ["torch.allclose(norms(torch.tensor([[1.0, 2.0], [3.0, 4.0]])), torch.tensor([5.0, 25.0]))",
         "norms(torch.ones(3, 2)).shape == (3,)"],
    ),
    "tower": (
        "def tower(n):\n    return torch.nn.Sequential(*(torch.nn.Linear(n, n) for _ in range(3)))",
        "def tower(n):\n    return torch.nn.Sequential(*(torch.nn.Linear(n, n) for _ in range(2)))",
        ["len(tower(2)) == 3", "tower(4)(torch.ones(2, 4)).shape == (2, 4) and len(tower(4)) == 3"],
    ),
    "scale": (
        "class Scale(torch.nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.gain = torch.nn.Parameter(torch.ones(3))\n\n"
        "    def forward(self, x):\n        return x * self.gain",
        "",
        ["len(list(Scale().parameters())) == 1", "Scale()(torch.ones(2, 3)).sum() == 6"],
    ),
    "slope": (
        "def slope(f, x):\n    x = x.detach().requires_grad_()\n    return torch.autograd.grad(f(x), x)[0]",
        "",
        ["slope(torch.sin, torch.tensor(0.0)) == 1", "slope(lambda x: x * x, torch.tensor(3.0)) == 6"],
    ),
    "steps": (
        "def steps(w, n):\n    for _ in range(n):\n        w = w - 0.1 * 2 * w\n    return w",
        "",
        ["torch.allclose(steps(torch.tensor(1.0), 2), torch.tensor(0.64))", "steps(torch.tensor(5.0), 0) == 5"],
    ),
}  # fmt: skip
"""Name -> a right answer, a wrong one, and what must be true."""
FEW = 10


def notebook(wrong: int) -> nbformat.NotebookNode:
    """A submission: of each exercise the right answer, or the wrong one where its bit is set."""
    book = new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}})
    for place, (name, (right, other, asserted)) in enumerate(EXERCISES.items()):
        cell = new_code_cell(f"# exercise: {name}\n{other if wrong >> place & 1 else right}")
        cell.id = cell.metadata.setdefault("id", name)
        cell.metadata["nbgrader"] = _marked(name, solution=True)
        tests = new_code_cell("\n".join(f"assert {one}" for one in asserted))
        tests.id = f"test-{name}"
        tests.metadata["nbgrader"] = _marked(f"test-{name}", grade=True)
        book.cells += [cell, tests]
    return book


def _marked(name: str, grade: bool = False, solution: bool = False) -> dict[str, object]:
    marks = {"grade": grade, "solution": solution, "locked": grade, "task": False}
    return {"schema_version": 3, "grade_id": name, "points": 1, **marks}


def probes(name: str) -> list[str]:
    """What asks for each of an exercise's truths, as source."""
    called = "Scale" if name == "scale" else name
    return [
        f"def ask_{name}{number}(student):\n    {called} = student.{called}\n    return bool({one})\n"
        for number, one in enumerate(EXERCISES[name][2], 1)
    ]


def floor(size: int) -> float:
    """Submissions a second of forks that run the same cells and probes, and no more."""
    data, blob = encode({})
    asked = {
        name: [Probe(source, f"ask_{name}{number}", data, blob) for number, source in enumerate(probes(name), 1)]
        for name in EXERCISES
    }
    jobs = []
    for number in range(size):
        own = [cell.source for cell in notebook(wrongs(number)).cells if cell.id in EXERCISES]
        cells = [
            (source, f"<{name}>", place, (name,))
            for place, (name, source) in enumerate(zip(EXERCISES, own, strict=True))
        ]
        jobs.append(Job(tuple(cells), asked, "", 0))
    return size / seconds_of(jobs)


def ours(home: Path, size: int) -> float:
    """Submissions a second of `grade batch`, its start and its reports included."""
    spec = "format: 1\nid: quiz\ntitle: Quiz\nexercises:\n"
    checks = "from grader import check, probe\n"
    for name in EXERCISES:
        spec += f"  - {{id: {name}, title: {name}, points: 1}}\n"
        for number, source in enumerate(probes(name), 1):
            checks += (
                f"\n@probe\n{source}"
                f"\n@check(exercise='{name}', points=0.5)\ndef test_{name}{number}(observe):\n"
                f"    assert observe(ask_{name}{number})\n"
            )
    folder = home / "quiz"
    (folder / "checks").mkdir(parents=True)
    (folder / "assignment.yaml").write_text(spec)
    (folder / "checks" / "test_quiz.py").write_text(checks)
    batch = [sys.executable, "-m", "grader.cli", "batch", str(folder), str(home / "class"), "--out", str(home / "out")]
    start = time.perf_counter()
    subprocess.run(batch, check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - start
    with (home / "out" / "gradebook.csv").open(encoding="utf-8-sig") as table:
        scores = {row["student"]: float(row["score"]) for row in csv.DictReader(table)}
    assert scores == {f"s{n:04}": expected(n) for n in range(size)}
    return size / seconds


def nbgrader(home: Path, programs: Path) -> float:
    """Submissions a second of `nbgrader autograde`."""
    course = home / "course"
    (course / "source" / "quiz").mkdir(parents=True)
    nbformat.write(notebook(0), course / "source" / "quiz" / "quiz.ipynb")
    (course / "nbgrader_config.py").write_text(f"c.CourseDirectory.root = {str(course)!r}\n")
    for number in range(FEW):
        place = course / "submitted" / f"s{number:04}" / "quiz"
        place.mkdir(parents=True)
        nbformat.write(notebook(wrongs(number)), place / "quiz.ipynb")
    run([programs / "nbgrader", "generate_assignment", "quiz", "--force"], course, programs)
    start = time.perf_counter()
    run([programs / "nbgrader", "autograde", "quiz"], course, programs)
    seconds = time.perf_counter() - start
    with sqlite3.connect(course / "gradebook.db") as book:
        (points,) = book.execute("select sum(auto_score) from grade").fetchone()
    assert points == sum(expected(number) for number in range(FEW)), points
    return FEW / seconds


def otter(home: Path, programs: Path) -> float:
    """Submissions a second of `otter run`."""
    place = home / "otter"
    (place / "tests").mkdir(parents=True)
    for name, (_, _, asserted) in EXERCISES.items():
        code = "".join(f">>> assert {one}\n" for one in asserted)
        case = {"code": code, "hidden": False, "locked": False}
        suites = [{"cases": [case], "scored": True, "setup": "", "teardown": "", "type": "doctest"}]
        test = {"name": name, "points": 1, "suites": suites}
        (place / "tests" / f"{name}.py").write_text(f"OK_FORMAT = True\ntest = {test!r}\n")
    run([programs / "otter", "generate", "-t", "tests", "-o", "autograder.zip"], place, programs)

    def one(number: int) -> float:
        own = place / f"s{number}"
        own.mkdir()
        nbformat.write(notebook(wrongs(number)), own / "quiz.ipynb")
        run([programs / "otter", "run", "quiz.ipynb", "-a", "../autograder.zip", "-o", ".", "--no-logo"], own, programs)
        results = json.loads((own / "results.json").read_text())
        return float(sum(test.get("score", 0) for test in results["tests"]))

    start = time.perf_counter()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        points = list(pool.map(one, range(FEW)))
    seconds = time.perf_counter() - start
    assert points == [expected(number) for number in range(FEW)], points
    return FEW / seconds


def run(command: list[str | Path], folder: Path, programs: Path) -> None:
    """Run a program of the others' environment, and show what it said where it fails."""
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{command} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")


def wrongs(number: int) -> int:
    """Which of the first three exercises are wrong, as bits: every fourth submission has some."""
    return number // 4 % 8 if number % 4 == 3 else 0


def expected(number: int) -> float:
    """The points of a submission."""
    wrong = [name for place, name in enumerate(EXERCISES) if wrongs(number) >> place & 1]
    return len(EXERCISES) - len(wrong)


def main() -> None:
    """Measure and print."""
    programs = Path(sys.argv[1]).resolve() / "bin"
    size = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        (home / "class").mkdir()
        for number in range(size):
            nbformat.write(notebook(wrongs(number)), home / "class" / f"s{number:04}.ipynb")
        rate = ours(home, size)
        print(f"grade batch      {rate:7.2f} submissions a second ({size})")
        bare = floor(size)
        times = f"grade batch takes {bare / rate:.1f} times as long"
        print(f"floor            {bare:7.2f} submissions a second ({size}), {times}")
        for name, measure in (("nbgrader", nbgrader), ("otter-grader", otter)):
            theirs = measure(home, programs)
            times = f"grade batch {rate / theirs:.0f} times as many"
            print(f"{name:16} {theirs:7.2f} submissions a second ({FEW}), {times}")


if __name__ == "__main__":
    main()
