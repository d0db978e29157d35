"""Does a batch's tasks on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from grader.batch.grade import grade_one
from grader.batch.tasks import Graded, Task
from grader.sandbox.client import Zygote
from grader.sandbox.support import IsolationMode
from grader.workers.pool import Died, Pool


@dataclass(frozen=True)
class LocalEngine:
    """Workers with a warm zygote each; a submission whose worker dies is tried once more.

    Args:
        zygote: is cloned for each.
        assignment: the folder.
        size: most workers side by side.
    """

    zygote: Zygote
    assignment: Path
    isolation: IsolationMode
    size: int

    def run(self, jobs: list[Task], seed: int) -> Iterator[tuple[Task, Graded | Died]]:
        """Results as they come; no process is started where there is nothing to do."""
        if jobs:
            arguments = (grade_one, self.assignment, self.isolation, None, seed)
            with Pool[Task, Graded](self.zygote, arguments, min(self.size, len(jobs)), tries=2) as pool:
                yield from pool.run(jobs)
