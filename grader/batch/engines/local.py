"""Does a batch's tasks on this machine."""

from __future__ import annotations

import os

from grader.batch.batch_engine import Engine, Results, Site
from grader.batch.grade import grade_one
from grader.batch.tasks import Graded, Task
from grader.workers.pool import Pool, get_ready


def grade_here(site: Site, tasks: list[Task], seed: int) -> Results:
    """Workers with a warm zygote each; a submission whose worker dies is tried once more."""
    site.zygote.preload(site.folder.spec.preload)  # before it is cloned for each
    size = min(site.jobs or os.cpu_count() or 1, len(tasks))
    arguments = (grade_one, site.folder.path, site.isolation, site.selection, seed)
    with Pool[Task, Graded](site.zygote, arguments, size, site.folder.spec.limits.whole_seconds, tries=2) as pool:
        yield from pool.run(tasks)


ENGINE = Engine("local", "on this machine", grade_here, get_ready=get_ready)
