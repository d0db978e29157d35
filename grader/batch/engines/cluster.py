"""Does a batch's tasks on several machines, with Ray.

Every actor keeps a pool of one process, so a worker is what it is on one machine,
and a submission that ends it costs no actor. Assignment and submissions travel to
the machines; nothing has to be shared between them. A task whose machine is lost
is handed to another.
"""

from __future__ import annotations

import io
import logging
import os
import tarfile
import tempfile
from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import Any

from grader.assignment.folder import Folder
from grader.batch.batch_engine import Engine, Results, Site
from grader.batch.grade import grade_one
from grader.batch.tasks import Graded, Task
from grader.errors import UsageError
from grader.sandbox.client import Zygote
from grader.sandbox.support import IsolationMode
from grader.workers.pool import Died, Pool

BEGUN = 4
"""How often a task is begun whose machine is lost, before it is given up."""


class Actor:
    """A worker on whichever machine Ray puts it.

    Args:
        packed: the assignment, as `pack` made it.
        inside: the assignment's folder in it.
        selection: which checks, as pytest's `-k` takes it; all if None.
        seed: of everything random.
        seconds: that a submission may take at most.
    """

    def __init__(
        self, packed: bytes, inside: str, isolation: IsolationMode, selection: str | None, seed: int, seconds: float
    ) -> None:
        self._place = tempfile.TemporaryDirectory(prefix="grade-ray-")
        home = Path(self._place.name)
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(home, filter="data")
        self._home = home
        zygote = Zygote.spawn(long_lived=True)
        arguments = (grade_one, home / inside, isolation, selection, seed)
        self._pool = Pool[Task, Graded](zygote, arguments, 1, seconds, tries=2)

    def grade(self, task: Task, files: dict[str, bytes]) -> Graded | Died:
        """Grade one submission, given as the bytes of its files."""
        with tempfile.TemporaryDirectory(dir=self._home) as folder:
            for name, content in files.items():
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            for _, result in self._pool.run([replace(task, path=Path(folder, task.path.name))]):
                return result
        return Died("no worker answered")


def grade_on_ray(site: Site, tasks: list[Task], seed: int) -> Results:
    """Actors of the cluster at `address`; without one, of a cluster of this machine alone.

    Raises:
        UsageError: when Ray is not installed, or there is no such cluster.
    """
    ray = _connect(site.address)
    try:
        yield from _hand_out(ray, site, tasks, seed)
    finally:
        ray.shutdown()


def _hand_out(ray: Any, site: Site, tasks: list[Task], seed: int) -> Results:
    """Give a task to each actor that is free, and one whose machine is lost to another."""
    content, inside = pack(site.folder)
    packed = ray.put(content)
    # A lost actor is replaced by a new one, which Ray may put elsewhere, and not restarted where it was.
    make = ray.remote(num_cpus=1, max_restarts=0)(Actor).remote
    starting: dict[Any, Any] = {}

    def start() -> None:
        actor = make(packed, inside, site.isolation, site.selection, seed, site.folder.spec.limits.whole_seconds)
        starting[actor.__ray_ready__.remote()] = actor

    for _ in range(min(site.jobs or int(ray.cluster_resources().get("CPU", 1)), len(tasks))):
        start()
    left = deque((task, 1) for task in tasks)
    busy: dict[Any, tuple[Any, Task, int]] = {}
    while left or busy:
        (ready,), _ = ray.wait([*busy, *starting], num_returns=1)
        actor = starting.pop(ready, None)
        if actor is not None:  # there is room for it; or it was lost at once
            result = _taken(ray, ready)
            task = None
        else:
            actor, task, begun = busy.pop(ready)
            result = _taken(ray, ready)
        if isinstance(result, ray.exceptions.RayError):
            ray.kill(actor)
            start()
            if task is not None and begun < BEGUN:
                left.append((task, begun + 1))
            elif task is not None:
                yield task, Died(f"its machine was lost {begun} times ({type(result).__name__})")
            continue
        if task is not None:
            yield task, result
        while left:
            task, begun = left.popleft()
            try:
                beside = () if task.alone else site.folder.beside(task.path)
                files = {file.name: Path(file.path).read_bytes() for file in beside}
                files[task.path.name] = task.path.read_bytes()
            except OSError as error:  # it was there when its digest was taken
                yield task, Graded(None, 0.0, f"it cannot be read: {error.strerror}")
                continue
            busy[actor.grade.remote(task, files)] = (actor, task, begun)
            break


def _taken(ray: Any, ready: Any) -> Any:
    """What a call gave, or the error that took its place."""
    try:
        return ray.get(ready)
    except ray.exceptions.RayError as error:
        return error


def pack(folder: Folder) -> tuple[bytes, str]:
    """An assignment with its solution as a tar, and the assignment's folder in it."""
    own = folder.solution_file.is_file() and not folder.master
    paths = [folder.path.resolve(), *([folder.solution_file] if own else [])]
    top = Path(os.path.commonpath([path.parent for path in paths]))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path in paths:
            archive.add(path, arcname=path.relative_to(top))
    return packed.getvalue(), str(paths[0].relative_to(top))


def _connect(address: str | None) -> Any:
    import ray

    try:
        ray.init(address=address, logging_level=logging.ERROR, log_to_driver=False, include_dashboard=False)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise UsageError(f"There is no Ray cluster at {address}: {error}", "Start it: `ray start --head`.") from None
    return ray


ENGINE = Engine("ray", "on a Ray cluster", grade_on_ray, takes_address=True)
