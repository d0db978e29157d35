"""What becomes of a coordinator that grades very many submissions.

    python bench/bench_large.py [SUBMISSIONS]

Small submissions to an assignment of one exercise. Prints rate and memory of the coordinator by tenths of the class,
and how long the tables and the class page take afterwards.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

SPEC = """\
format: 1
id: quiz
title: Quiz
exercises:
  - id: double
    title: Double
    points: 2
    requirements:
      - kind: function
        calls: [{call: "double(tensor([1.0, 2.0]))", returns: "tensor([2.0, 4.0])"}, {call: double(3), returns: "6"}]
"""


def graded(events: Path) -> int:
    """How many results a diary tells of."""
    return events.read_bytes().count(b'"graded"') if events.exists() else 0


def main() -> None:
    """Measure and print."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        (home / "quiz").mkdir()
        (home / "quiz" / "assignment.yaml").write_text(SPEC)
        (home / "class").mkdir()
        for number in range(size):
            answer = "2 * x" if number % 3 else "x + x + 1"
            (home / "class" / f"s{number:05}.py").write_text(f"# {number}\ndef double(x):\n    return {answer}\n")
        grade = [sys.executable, "-m", "grader.cli"]
        batch = [*grade, "batch", str(home / "quiz"), str(home / "class"), "--out", str(home / "out")]
        process = subprocess.Popen(batch, stdout=subprocess.DEVNULL)
        watched = psutil.Process(process.pid)
        mark, since, done = size // 10, time.perf_counter(), 0
        while process.poll() is None:
            time.sleep(0.2)
            now = graded(home / "out" / "events.jsonl")
            if now >= mark:
                took = time.perf_counter() - since
                memory = watched.memory_info().rss / (1 << 20)
                print(f"{now:6} graded, {(now - done) / took:6.1f} a second, coordinator {memory:6.1f} MiB", flush=True)
                mark, since, done = mark + size // 10, time.perf_counter(), now
        assert process.returncode == 0
        last = json.loads((home / "out" / "events.jsonl").read_text().splitlines()[-1])
        print(f"the class page and the table after the last: {time.perf_counter() - since:.1f} s, {last}")
        for form in ("csv", "canvas", "nbgrader"):
            start = time.perf_counter()
            table = home / f"{form}.csv"
            export = [*grade, "export", str(home / "quiz"), "--out", str(home / "out"), "--format", form, str(table)]
            subprocess.run(export, check=True, stdout=subprocess.DEVNULL)
            rows = len(table.read_text().splitlines())
            print(f"export --format {form:9} {time.perf_counter() - start:5.1f} s, {rows} lines")
        start = time.perf_counter()
        subprocess.run(batch, check=True, stdout=subprocess.DEVNULL)
        print(f"the batch again, with nothing to do: {time.perf_counter() - start:.1f} s")
        print(f"class.html {(home / 'out' / 'class.html').stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
