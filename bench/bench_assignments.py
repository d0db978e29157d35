"""How long grading assignment2, assignment3 and assignment4 takes, against a bare run of the solution notebook's cells.

    python bench/bench_assignments.py [ROUNDS]

(a) `grade ASSIGNMENT` on the solution, from the command line to the exit, against a Python process that runs the
    same cells and nothing else; both import torch.
(b) grading it in a warm process, against the cells alone; both have torch imported before.
The bar is 3 times the bare run plus 1 s. Rounds are interleaved; times are medians, in seconds.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from bench_grade import ROOT, timed

from grader import grade
from grader.sandbox.client import Zygote
from grader.submission.read import read_submission

BARE = """
import sys, time
cells = sys.stdin.read().split("\\0")
import torch
start = time.perf_counter()
for cell in cells:
    exec(cell, globals())
print(time.perf_counter() - start)
"""


def bare(name: str) -> tuple[float, float]:
    """Wall time of a process that runs the solution's cells, and of the cells in it."""
    cells = [cell.source for cell in read_submission(ROOT / "solutions" / f"{name}.ipynb").cells]
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", BARE], input="\0".join(cells), cwd=ROOT / "assignments" / name,
        check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    return time.perf_counter() - start, float(done.stdout)


def warm(name: str, zygote: Zygote) -> tuple[float, float, float]:
    """Wall time of grading in this process; of it, waiting in checks, and the cells in the guest."""
    start = time.perf_counter()
    report = grade(ROOT / "assignments" / name, ROOT / "solutions" / f"{name}.ipynb", zygote=zygote)
    end = time.perf_counter()
    assert report.earned == report.possible
    checks = sum(check.duration for exercise in report.exercises for check in exercise.checks)
    return end - start, checks, sum(cell.seconds for cell in report.cells)


def held(seconds: float, base: float) -> str:
    """The ratio of a time to its base, and whether the bar is held."""
    bar = 3 * base + 1
    return f"ratio {seconds / base:.2f}, {'within' if seconds <= bar else 'BEYOND'} the bar of {bar:.3f}"


def measure(name: str, rounds: int, zygote: Zygote) -> None:
    """Measure one assignment, and print."""
    warm(name, zygote)
    cold, processes, inner, hot = [], [], [], []
    for _ in range(rounds):
        for times, seconds in zip((processes, inner), bare(name), strict=True):
            times.append(seconds)
        cold.append(timed(sys.executable, "-m", "grader.cli", name, str(ROOT / "solutions" / f"{name}.ipynb")))
        hot.append(warm(name, zygote))
    process, cells, command = map(statistics.median, (processes, inner, cold))
    total, checks, guest = map(statistics.median, zip(*hot, strict=True))
    print(f"{name} (medians of {rounds})")
    print(f"  a bare process, with import torch   {process:.3f}")
    print(f"  (a) grade, cold                     {command:.3f}  {held(command, process)}")
    print(f"  the bare cells, torch imported      {cells:.3f}")
    print(f"  (b) grade, warm                     {total:.3f}  {held(total, cells)}")
    print(f"        of it waiting in checks       {checks:.3f}")
    print(f"        of it the cells in the guest  {guest:.3f}")


def main() -> None:
    """Measure these assignments."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with Zygote.spawn(long_lived=True) as zygote:
        for name in ("assignment2", "assignment3", "assignment4"):
            measure(name, rounds, zygote)


if __name__ == "__main__":
    main()
