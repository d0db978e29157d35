"""Where a batch's tasks are done: each engine is a file in `engines/`, found by being there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from grader.assignment.folder import Folder
from grader.batch import engines as place
from grader.batch.tasks import Graded, Task
from grader.judging.grading import Diagnose
from grader.registry import modules_in
from grader.sandbox.client import Zygote
from grader.sandbox.support import IsolationMode
from grader.workers.pool import Died

Results = Iterator[tuple[Task, Graded | Died]]
"""What came of each task, as it comes, in any order."""


@dataclass(frozen=True)
class Site:
    """What an engine works with.

    Attributes:
        folder: the assignment.
        zygote: with torch imported, on this machine.
        selection: which checks, as pytest's `-k` takes it; all if None.
        jobs: most workers side by side; as many as there are cores if None.
        address: of a cluster; None where none is given.
        diagnose: whether mistakes are named; see `Grading`.
    """

    folder: Folder
    isolation: IsolationMode
    zygote: Zygote
    selection: str | None
    jobs: int | None
    address: str | None
    diagnose: Diagnose = "proven"


@dataclass(frozen=True)
class Engine:
    """A way to do tasks. A file in `engines/` has one, as `ENGINE`.

    Attributes:
        name: of `--engine NAME`.
        about: where it does them, as the help says it.
        run: does them, with a seed of everything random; is given one at least.
        takes_address: whether `--address` means something to it.
        get_ready: begins what takes long, while submissions are looked for.
    """

    name: str
    about: str
    run: Callable[[Site, list[Task], int], Results]
    takes_address: bool = False
    get_ready: Callable[[], None] = lambda: None


@cache
def engines() -> dict[str, Engine]:
    """Every engine, by its name."""
    found = {module.ENGINE.name: module.ENGINE for module in modules_in(place)}
    return dict(sorted(found.items()))
