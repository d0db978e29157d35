"""What grading cannot do without: the cells and the probes of submissions, each in a fork of a warm process.

    python bench/bare_floor.py JOBS

JOBS is a pickled list of `Job`. As many forks run at once as there are cores, without isolation; nothing is judged or
reported. Prints the seconds that all of them took. Started by bench_batch.py and bench_others.py.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
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
from grader.guest.zygote import warm_up

HERE = Path(__file__).resolve().parent


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


def seconds_of(jobs: list[Job]) -> float:
    """How long all of them take, in a process of their own."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(pickle.dumps(jobs))
        file.flush()
        floor = [sys.executable, str(Path(__file__).resolve()), file.name]
        return float(subprocess.run(floor, check=True, stdout=subprocess.PIPE, cwd=HERE).stdout)


def do(job: Job) -> int:
    """Run a submission's cells and its probes, and forget what comes of them; how many probes came to their end."""
    ended = 0
    sources = Sources()
    shell = Shell.instance()
    shell.settle(sources, Capture(10_000), None)
    fixtures = Fixtures(job.fixtures, 10)
    seed_everything(job.seed)
    for source, filename, number, ends in job.cells:
        with suppress(Exception):
            shell.run(source, filename, number)
        student = look.Student(shell.user_ns, fixtures, [])
        for exercise in ends:
            for probe in job.probes[exercise]:
                ended += ask(probe, student, job.seed)
    return ended


def ask(probe: Probe, student: look.Student, seed: int) -> bool:
    """Answer a question, as a guest does; whether it could be."""
    with suppress(Exception):
        seed_everything(seed)
        names: dict[str, Any] = {"torch": torch, "nn": nn, "look": look, "__name__": "probe"}
        exec(compile(probe.source, "<probe>", "exec", dont_inherit=True), names)
        encode(names[probe.function](student, **decode(probe.arguments, probe.blob)))
        return True
    return False


def wait_for_one() -> None:
    """Wait until a job is done."""
    _, status = os.wait()
    assert status == 0, "no probe came to its end"


def main() -> None:
    """Do all jobs, and print how long they took."""
    jobs: list[Job] = pickle.loads(Path(sys.argv[1]).read_bytes())
    warm_up()
    start = time.perf_counter()
    at_once = os.cpu_count() or 1
    for place, job in enumerate(jobs):
        if place >= at_once:
            wait_for_one()
        if os.fork() == 0:
            os._exit(0 if do(job) else 1)
    for _ in jobs[:at_once]:
        wait_for_one()
    print(time.perf_counter() - start, flush=True)
    os._exit(0)  # torch takes its time to tear down


if __name__ == "__main__":
    main()
