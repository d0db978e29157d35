"""The attacks: what a student might try to get points without the work, to stop the report, or to reach out.

An attack is a file in `attacks`: comment lines that say what it tries, then cells as a
student would write them. A cell with a marker takes the place of that exercise's cell;
the others stand before all exercises. The comment says

    # aims: AIM        what it is after; see `Aim`

and it may say

    # shows: TEXT      stands in the report when the attack really happened
    # limits: LIMITS   instead of the assignment's
    # costs: IDS       put into a right notebook, it costs these exercises and no other

Those without `costs` go into the starter, and earn nothing. A line that an attack
prints in capitals (`DID`, `READ`, `FOUND`) says that it got what it wanted.
`test_attacks.py` and `make redteam` try them through every door, `bench/redteam_others.py` with other graders.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

ROOT = Path(__file__).parent.parent
STARTER = ROOT / "assignments" / "assignment1" / "assignment1.ipynb"
SOLUTION = ROOT / "solutions" / "assignment1.ipynb"

Aim = Literal["forges", "stops", "reads", "exhausts", "reaches"]
"""Points without the work; no report, or one too large or too late; what is not a student's to know; memory, disk,
processes or time of the machine; files, processes and sockets outside."""
AIMS: tuple[Aim, ...] = get_args(Aim)

_OURS = re.compile(r"\b(from grader|import grader|grader\.(guest|wire)|_channel)\b")
SECRET = 76_543_211
"""What a hidden check asks with; no report tells it."""
TOKEN = "token-of-the-one-who-grades"
"""Stands in the environment of the grader; no submission learns it."""


@dataclass(frozen=True)
class Attack:
    """One attack.

    Attributes:
        costs: exercises that it costs a right notebook; None where it goes into the starter.
    """

    name: str
    aims: Aim
    cells: tuple[str, ...]
    shows: str = ""
    limits: str = ""
    costs: frozenset[str] | None = None

    @staticmethod
    def read(path: Path) -> Attack:
        head, *cells = re.split(r"^# %%\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        said = dict(re.findall(r"^# (aims|shows|limits|costs): ?(.*)$", head, re.MULTILINE))
        costs = frozenset(re.findall(r"[\w-]+", said["costs"])) if "costs" in said else None
        aims = next((aim for aim in AIMS if aim == said.get("aims")), None)
        assert aims is not None, f"{path.name} does not say what it aims at"
        return Attack(path.stem, aims, tuple(cells), said.get("shows", ""), said.get("limits", ""), costs)

    @property
    def notebook(self) -> Path:
        """What it is put into."""
        return STARTER if self.costs is None else SOLUTION

    @property
    def portable(self) -> bool:
        """Whether it would be an attack on another grader, too: it does not go for parts of this one."""
        return not any(_OURS.search(cell) for cell in self.cells)

    def may_earn(self, possible: dict[str, float]) -> dict[str, float]:
        """The most that each exercise may earn, given what a right notebook earns."""
        if self.costs is None:
            return dict.fromkeys(possible, 0.0)
        return {exercise: 0.0 if exercise in self.costs else points for exercise, points in possible.items()}


ATTACKS = [
    Attack.read(path)
    for path in sorted((Path(__file__).parent / "attacks").glob("*.py"))
    if not path.name.startswith("test_")
]
TIGHT = "seconds: 1, notebook_seconds: 5, memory: 64MiB, processes: 4, disk: 8MiB, file_size: 8MiB"
"""Limits for all of them together: those that `limits` tells apart are tried with their own as well."""
HARMLESS = [attack for attack in ATTACKS if attack.costs == frozenset()]
"""Those that cost nothing: they can be tried all in one notebook."""


def attacked(notebook: Path, attacks: Iterable[Attack], targets: dict[str, Any]) -> list[dict[str, Any]]:
    """The code cells of a notebook with attacks put in."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    front = [f"TARGETS = {targets!r}"]
    for cell in (cell for attack in attacks for cell in attack.cells):
        marker = re.match(r"# exercise: \S+$", cell, re.MULTILINE)
        if marker is None:
            front.append(cell)
            continue
        (place,) = (place for place, source in enumerate(sources) if source.startswith(marker[0] + "\n"))
        sources[place] = cell
    return [code_cell(source) for source in (sources[0], *front, *sources[1:])]


def code_cell(source: str) -> dict[str, Any]:
    """A code cell as a notebook holds it."""
    return {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": source}


def as_notebook(cells: list[dict[str, Any]]) -> str:
    """A notebook of these cells."""
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
