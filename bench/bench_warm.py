"""How long a student waits who works on an exercise, against `python -c "import torch"` in the same run.

    python bench/bench_warm.py [ROUNDS]

(a) `grade assignment1 -q` after `grade assignment1 -q`, from the command line to the exit; and with `--no-daemon`.
(b) `grade watch assignment1`, from the save to the screen: one exercise of the solution changed, and all of them.
Rounds are interleaved; ratios are of medians, and times are in seconds.
"""

from __future__ import annotations

import json
import os
import pty
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GRADE = Path(sys.executable).with_name("grade")
FIRST, LAST = "noise", "gain"


def timed(*command: str | Path) -> float:
    """Wall time of a command."""
    start = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


class Screen:
    """`grade watch` in a terminal."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.control, theirs = pty.openpty()
        environment = {**os.environ, "TERM": "xterm", "LINES": "40", "COLUMNS": "100", "LC_ALL": "C.UTF-8"}
        self.process = subprocess.Popen(
            [GRADE, "watch", "assignment1", file], cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs, env=environment
        )

    def until(self, said: str) -> None:
        """Wait until a screen has a text and is not at work."""
        seen = ""
        while True:
            seen += os.read(self.control, 1 << 16).decode(errors="replace")
            last = seen.rpartition("\x1b[H")[2]
            if said in last and "quit" in last:
                return

    def saved(self, exercise: str) -> float:
        """Add a comment to the cells of an exercise: seconds from the save until it is graded, and all after it."""
        notebook = json.loads(self.file.read_text())
        for cell in notebook["cells"]:
            source = "".join(cell["source"])
            if f"# exercise: {exercise}\n" in source:
                cell["source"] = f"{source}\n# {time.time()}"
        self.file.write_text(json.dumps(notebook))
        start = time.perf_counter()
        self.until("grading")
        self.until("watching")
        return time.perf_counter() - start

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    times: dict[str, list[float]] = {}
    os.environ.pop("CI", None)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "answer.ipynb")
        shutil.copy(ROOT / "solutions" / "assignment1.ipynb", file)
        screen = Screen(file)
        screen.until("watching")
        timed(GRADE, "assignment1", "-q")
        for _ in range(rounds):
            for name, measured in {
                "import torch": lambda: timed(sys.executable, "-c", "import torch"),
                "(a) grade, warm": lambda: timed(GRADE, "assignment1", "-q"),
                "    grade --no-daemon": lambda: timed(GRADE, "assignment1", "-q", "--no-daemon"),
                "(b) save to screen, one exercise": lambda: screen.saved(LAST),
                "    save to screen, all exercises": lambda: screen.saved(FIRST),
            }.items():
                times.setdefault(name, []).append(measured())
        screen.close()
    base = statistics.median(times["import torch"])
    for name, found in times.items():
        print(f"{name:<34} {statistics.median(found):.3f}  ratio {statistics.median(found) / base:.2f}")


if __name__ == "__main__":
    main()
