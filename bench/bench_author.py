"""How long `grade author` takes from a save to the state of the one exercise that has changed.

    python bench/bench_author.py [ROUNDS] [EXERCISE...]

A copy of assignment1 is watched as the command watches it, in this process, with a worker for each core. Of each
exercise, its cell in the solution is changed (everything is judged again), and its spec (mutants that the checks
that stay as they are have killed are not). Times are in seconds, from before the write to the last mutant.

On two cores that others used as well (load 4.5 to 6.7), medians of 3 rounds for each exercise: a change of the spec
0.59 (0.28 to 1.03), of the solution 2.21 (0.93 to 7.32; that one has 50 mutants).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from grader.authoring.rounds import Bench
from grader.cli.commands.author_command import watched
from grader.sandbox.client import Zygote

ROOT = Path(__file__).resolve().parent.parent
NAME = "assignment1"


def copied(place: Path) -> Path:
    """A copy of the assignment and its solution."""
    shutil.copytree(ROOT / "assignments" / NAME, place / "assignments" / NAME)
    (place / "solutions").mkdir()
    shutil.copy(ROOT / "solutions" / f"{NAME}.ipynb", place / "solutions")
    return place / "assignments" / NAME


def touch_solution(folder: Path, exercise: str, number: int) -> None:
    """Change an exercise's cell in the solution."""
    path = folder.parent.parent / "solutions" / f"{NAME}.ipynb"
    notebook = json.loads(path.read_text())
    for cell in notebook["cells"]:
        if cell["metadata"].get("grader", {}).get("exercise") == exercise:
            cell["source"] = [*cell["source"], f"\n# {number}"]
    path.write_text(json.dumps(notebook))


def touch_spec(folder: Path, exercise: str, number: int) -> None:
    """Change an exercise's points."""
    path = folder / "assignment.yaml"
    before, mark, after = path.read_text().partition(f"- id: {exercise}\n")
    path.write_text(before + mark + re.sub(r"points: [\d.]+", f"points: {3 + (number + 1) / 100}", after, count=1))


def timed(bench: Bench, saves: Iterator[None], exercise: str, change: Callable[[], None]) -> float:
    """Wall time from a save to the end of the round that it begins."""
    start = time.perf_counter()
    change()
    while True:
        next(saves)
        before = bench.states[exercise]
        bench.round(lambda: None)
        if bench.states[exercise] is not before:
            break
    return time.perf_counter() - start


def main(rounds: int, exercises: list[str]) -> None:
    with tempfile.TemporaryDirectory() as scratch, Zygote.spawn(long_lived=True) as zygote:
        folder = copied(Path(scratch))
        bench = Bench(folder, zygote, os.cpu_count() or 1)
        saves = watched(folder)
        next(saves)
        bench.round(lambda: None)
        print(f"{'exercise':<16} {'mutants':>7} {'solution':>9} {'spec':>9}   load {os.getloadavg()[0]:.1f}")
        all_solved, all_spec = [], []
        for exercise in exercises or bench.order:
            solved = [
                timed(bench, saves, exercise, lambda e=exercise, n=n: touch_solution(folder, e, n))  # type: ignore[misc]
                for n in range(rounds)
            ]
            spec = [
                timed(bench, saves, exercise, lambda e=exercise, n=n: touch_spec(folder, e, n))  # type: ignore[misc]
                for n in range(rounds)
            ]
            all_solved.append(statistics.median(solved))
            all_spec.append(statistics.median(spec))
            print(
                f"{exercise:<16} {bench.states[exercise].mutants:>7} {all_solved[-1]:9.2f} {all_spec[-1]:9.2f}",
                flush=True,
            )
        print(f"{'median':<24} {statistics.median(all_solved):9.2f} {statistics.median(all_spec):9.2f}")
        print(f"{'worst':<24} {max(all_solved):9.2f} {max(all_spec):9.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3, sys.argv[2:])
