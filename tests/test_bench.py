"""The benches run: what measures is used seldom, and breaks unseen where what it measures is changed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.slow
@pytest.mark.parametrize(
    ("bench", "said"),
    [
        (("bench_grade.py", "1"), "the same, warm"),
        (("bench_verify.py", "4"), "2 workers: mutants a second"),
        (("bench_batch.py", "8"), "ratio of the floor's time"),
    ],
    ids=lambda one: one[0] if isinstance(one, tuple) else "",
)
def test_a_bench_runs(bench: tuple[str, ...], said: str) -> None:
    command = [sys.executable, str(ROOT / "bench" / bench[0]), *bench[1:]]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    assert said in done.stdout
