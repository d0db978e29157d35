"""How long grading takes, against `python -c "import torch"` in the same run.

    python bench/bench_grade.py [ROUNDS]

(a) `grade assignment1 --no-daemon` on the solution, from the command line to the exit: nothing stays for the next time.
(b) grading the solution again in a warm process, sandbox and copies included.
Rounds are interleaved; ratios are of medians, and times are in seconds.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

from grader.assignment.load import load_assignment
from grader.judging.driver import run_checks
from grader.judging.session import Session
from grader.judging.single import grade
from grader.sandbox.client import Zygote

ROOT = Path(__file__).resolve().parent.parent
ASSIGNMENT = ROOT / "assignments" / "assignment1"
SOLUTION = ROOT / "solutions" / "assignment1.ipynb"


def timed(*command: str) -> float:
    """Wall time of a command."""
    start = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def warm(zygote: Zygote, parts: dict[str, list[float]]) -> float:
    """Wall time of grading in this process, with its parts."""
    start = time.perf_counter()
    folder = load_assignment(ASSIGNMENT)
    session = Session(SOLUTION, zygote=zygote)
    loaded = time.perf_counter()
    report = run_checks(folder.path, session)
    judged = time.perf_counter()
    session.close()
    end = time.perf_counter()
    assert report.earned == report.possible
    parts.setdefault("load the spec", []).append(loaded - start)
    parts.setdefault("run, ask and judge", []).append(judged - loaded)
    parts.setdefault("  of it waiting in checks", []).append(
        sum(c.duration for e in report.exercises for c in e.checks)
    )
    parts.setdefault("  of it the student's cells (in the guest)", []).append(sum(c.seconds for c in report.cells))
    parts.setdefault("end the guest, clean up", []).append(end - judged)
    return end - start


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    torch_times, cold, hot = [], [], []
    parts: dict[str, list[float]] = {}
    starts = []
    with Zygote.spawn(long_lived=True) as zygote:
        grade(ASSIGNMENT, SOLUTION, zygote=zygote)
        for _ in range(rounds):
            torch_times.append(timed(sys.executable, "-c", "import torch"))
            cold.append(timed(sys.executable, "-m", "grader.cli", "assignment1", str(SOLUTION), "--no-daemon"))
            hot += [warm(zygote, parts) for _ in range(3)]
            start = time.perf_counter()
            with Zygote.spawn() as other:
                other.wait_until_ready()
                starts.append(time.perf_counter() - start)
    base = statistics.median(torch_times)
    print(f"import torch                     {base:.3f}  (median of {rounds})")
    print(f"(a) grade assignment1, cold      {statistics.median(cold):.3f}  ratio {statistics.median(cold) / base:.2f}")
    print(f"      of it the zygote's start   {statistics.median(starts):.3f}")
    print(f"(b) the same, warm               {statistics.median(hot):.3f}  ratio {statistics.median(hot) / base:.2f}")
    for name, times in parts.items():
        print(f"      {name:<42} {statistics.median(times):.3f}")


if __name__ == "__main__":
    main()
