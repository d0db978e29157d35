"""How many submissions `grade batch` grades in a second, beside what no grader can do without.

    python bench/bench_batch.py [SUBMISSIONS]

A class of assignment1: right and wrong notebooks, 2 % that hang and 2 % that crash. The floor runs the same cells and
probes, as `bare_floor.py` says; those that hang or crash are not in it, and the time that hanging cells may take is
taken off the workers' time.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from a_class import ROOT, make_class
from bare_floor import Job, Probe, seconds_of
from gradebooks import rows

from grader.assignment.folder import Folder
from grader.assignment.load import load_assignment

ASSIGNMENT = "assignment1"
ODD = 0.02
WORKERS = os.cpu_count() or 1


def jobs_of(folder: Folder, paths: list[Path]) -> list[Job]:
    """What the floor does with each submission."""
    spec = folder.spec
    probes: dict[str, list[Probe]] = {}
    for exercise in spec.exercises:
        for requirement in exercise.requirements:
            for check in requirement.checks(spec.seed):
                probe = check.question.probe
                asked = Probe(probe.source, probe.name, *check.question.encoded)
                probes.setdefault(exercise.id, []).append(asked)
    jobs = []
    for path in paths:
        submission = folder.read(path)
        last = {name: index for index, cell in enumerate(submission.cells) for name in cell.exercises}
        cells = [
            (cell.source, cell.filename, cell.number or 0, tuple(e for e in probes if last.get(e) == index))
            for index, cell in enumerate(submission.cells)
        ]
        jobs.append(Job(tuple(cells), probes, folder.fixtures, spec.seed))
    return jobs


def main() -> None:
    """Measure and print."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    folder = load_assignment(ROOT / "assignments" / ASSIGNMENT)
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        ends, others = make_class(home / "class", ASSIGNMENT, size, ODD)
        bare = seconds_of(jobs_of(folder, ends)) / len(ends)
        print(f"the floor                        {1 / bare:6.1f} submissions a second")

        batch = [sys.executable, "-m", "grader.cli", "batch", str(folder.path), str(home / "class")]
        batch += ["--out", str(home / "out"), "-j", str(WORKERS)]
        start = time.perf_counter()
        subprocess.run(batch, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
        whole = time.perf_counter() - start
        done = [row.attempt for row in rows(home / "out", assignment=ASSIGNMENT).values()]
    assert [attempt.status for attempt in done] == size * ["graded"]
    busy = sum(attempt.seconds for attempt in done) / (whole * WORKERS)
    hung = len(others) // 2 * folder.spec.limits.seconds
    mine = (whole * WORKERS - hung) / WORKERS / size
    print(f"grade batch -j {WORKERS}, {size} submissions  {size / whole:6.1f} submissions a second, {whole:6.1f} s")
    print(f"  the workers, of their time     {100 * busy:6.1f} %")
    print(f"  without the {hung:g} s of cells that hang: {1 / mine:.1f} a second")
    print(f"  ratio of the floor's time      {mine / bare:6.2f}")


if __name__ == "__main__":
    main()
