"""What grading cannot do without: the cells and the probes of submissions, in one warm process, without isolation.

    python bench/bare_floor.py JOBS

JOBS is a pickled list of `Job`. Prints the seconds each of them took, as JSON. Started by bench_batch.py.
"""

from __future__ import annotations

import json
import pickle
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from grader.guest import look
from grader.guest.encoding import decode, encode
from grader.guest.faults import Sources
from grader.guest.probing import Fixtures, seed_everything
from grader.guest.shell import Capture, Shell


@dataclass(frozen=True)
class Probe:
    """A question, as the judge sends it."""

    source: str
    function: str
    arguments: Any
    blob: bytes


@dataclass(frozen=True)
class Job:
    """A submission's cells, and the probes that are put where each exercise ends.

    Attributes:
        cells: source, file name and number of each, and the exercises that end with it.
    """

    cells: tuple[tuple[str, str, int, tuple[str, ...]], ...]
    probes: dict[str, list[Probe]]
    fixtures: str
    seed: int


def do(job: Job) -> None:
    """Run a submission's cells and its probes, and forget what comes of them."""
    sources = Sources()
    shell = Shell(sources, Capture(10_000))
    fixtures = Fixtures(job.fixtures, 10)
    seed_everything(job.seed)
    for source, filename, number, ends in job.cells:
        with suppress(Exception):
            shell.run(source, filename, number)
        student = look.Student(shell.module.__dict__, fixtures, [])
        for exercise in ends:
            for probe in job.probes[exercise]:
                ask(probe, student, job.seed)


def ask(probe: Probe, student: look.Student, seed: int) -> None:
    """Answer a question, as a holder's copy does."""
    with suppress(Exception):
        seed_everything(seed)
        names: dict[str, Any] = {"torch": torch, "nn": nn, "look": look, "__name__": "probe"}
        exec(compile(probe.source, "<probe>", "exec", dont_inherit=True), names)
        encode(names[probe.function](student, **decode(probe.arguments, probe.blob)))


def main() -> None:
    """Do all jobs, and print how long each took."""
    stdout = sys.stdout
    torch.set_num_threads(1)
    jobs: list[Job] = pickle.loads(Path(sys.argv[1]).read_bytes())
    for job in jobs[:3]:
        do(job)
    taken = []
    for job in jobs:
        start = time.perf_counter()
        do(job)
        taken.append(time.perf_counter() - start)
    stdout.write(json.dumps(taken))


if __name__ == "__main__":
    main()
