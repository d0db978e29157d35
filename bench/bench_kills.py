"""Kills a batch again and again, and holds what it comes to against an undisturbed one.

    python bench/bench_kills.py [KILLS] [SUBMISSIONS]

Each SIGKILL hits the coordinator, which is then started again, or one of its workers. At the end both gradebooks must
hold the same reports, byte for byte but for times, and each submission must have been graded once.
"""

from __future__ import annotations

import difflib
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import psutil
from a_class import ROOT, make_class
from gradebooks import events, results

ASSIGNMENT = "assignment1"


def kill_one(process: subprocess.Popen[bytes], drawn: random.Random) -> str | None:
    """Kill a batch's coordinator or one of its workers; tells which, or None where the batch has ended."""
    with suppress(psutil.Error):
        family = psutil.Process(process.pid).children()
        workers = [child for child in family if "spawn_main" in " ".join(child.cmdline())]
        if process.poll() is None and workers and drawn.random() < 0.5:
            drawn.choice(workers).kill()
            return "worker"
        if process.poll() is None:
            process.kill()
            process.wait()
            return "coordinator"
    return None


def compare(found: dict[str, str], expected: dict[str, str]) -> None:
    """End with the first difference, if there is one."""
    assert found.keys() == expected.keys()
    for student, report in expected.items():
        if found[student] != report:
            lines = (json.dumps(json.loads(text), indent=1).splitlines() for text in (report, found[student]))
            sys.exit(f"{student} has another report:\n" + "\n".join(list(difflib.unified_diff(*lines, n=8))[:60]))


def main() -> None:
    """Kill, compare, and print."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    size = int(sys.argv[2]) if len(sys.argv) > 2 else 200
    drawn = random.Random(0)
    hit: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        make_class(home / "class", ASSIGNMENT, size, odd=0)
        batch = [sys.executable, "-m", "grader.cli", "batch", ASSIGNMENT, str(home / "class"), "--out"]

        def start(out: str) -> subprocess.Popen[bytes]:
            return subprocess.Popen([*batch, str(home / out)], cwd=ROOT, stdout=subprocess.DEVNULL)

        assert start("whole").wait() == 0
        process, round_ = start("killed-0"), 0
        while hit.total() < kills:
            time.sleep(drawn.uniform(0.1, 6))
            victim = kill_one(process, drawn)
            if victim:
                hit[victim] += 1
            elif process.poll() is not None:  # done before its time: the next one is killed, too
                round_ += 1
            if process.poll() is not None:
                process = start(f"killed-{round_}")
        process.wait()
        assert start(f"killed-{round_}").wait() == 0  # what two kills hit was reported as an error, and is graded now
        expected = results(home / "whole", ASSIGNMENT)
        for number in range(round_ + 1):
            out = home / f"killed-{number}"
            compare(results(out, ASSIGNMENT), expected)
            graded = [event["student"] for event in events(out) if event["event"] == "graded"]
            twice = {student for student, times in Counter(graded).items() if times > 1}
            assert not twice, twice
    said = ", ".join(f"{number} of a {who}" for who, number in sorted(hit.items()))
    print(f"{hit.total()} kills ({said}) in {round_ + 1} batches of {size}: the same reports, nothing graded twice")


if __name__ == "__main__":
    main()
