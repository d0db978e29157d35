"""The answers in `tests/answers`, and the notebooks they are graded in: few, since many are graded together."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from conftest import ROOT

ANSWERS = ROOT / "tests" / "answers"


@dataclass(frozen=True)
class Answer:
    """One alternative for an exercise's cell.

    Attributes:
        mistake: id of the typical mistake that makes it wrong, if there is one.
    """

    assignment: str
    exercise: str
    right: bool
    name: str
    mistake: str
    source: str

    def __str__(self) -> str:
        return f"{self.exercise}-{'right' if self.right else 'wrong'}-{self.name}"


def answers() -> Iterator[Answer]:
    """All answers in `tests/answers/ASSIGNMENT/EXERCISE.py`, one per `# %%` cell."""
    for file in sorted(ANSWERS.glob("*/*.py")):
        for part in re.split(r"^# %% ", file.read_text(), flags=re.MULTILINE)[1:]:
            head, _, source = part.partition("\n")
            verdict, _, rest = head.partition(":")
            name, _, mistake = rest.strip(" )").partition(" (")
            yield Answer(file.parent.name, file.stem, verdict == "right", name, mistake.strip("-"), source)


def notebooks(answers: list[Answer]) -> Iterator[list[Answer]]:
    """Answers that share a notebook: of different exercises, and at most two exercises in three.

    The other exercises keep the solution, so what an answer costs elsewhere shows; who shares a notebook is drawn
    by a seed, so no two exercises always go together.
    """
    for assignment in sorted({answer.assignment for answer in answers}):
        left = [answer for answer in answers if answer.assignment == assignment]
        most = len({answer.exercise for answer in left}) * 2 // 3
        random.Random(0).shuffle(left)
        while left:
            together: dict[str, Answer] = {}
            for answer in left:
                if len(together) < most:
                    together.setdefault(answer.exercise, answer)
            yield list(together.values())
            left = [answer for answer in left if answer not in together.values()]


ALL = list(answers())
TOGETHER = {answer: tuple(group) for group in notebooks(ALL) for answer in group}
GROUPS = list(dict.fromkeys(TOGETHER.values()))


def _marks(answer: Answer) -> list[pytest.MarkDecorator]:
    """Answers of one notebook go to one process, which grades it once; one notebook in twelve is quick."""
    group = TOGETHER[answer]
    together = pytest.mark.xdist_group(f"with {group[0]}")
    return [together, pytest.mark.slow] if GROUPS.index(group) % 12 else [together]


EACH = [pytest.param(answer, id=str(answer), marks=_marks(answer)) for answer in ALL]
"""Every answer, as a parameter."""


def with_answers(answers: Sequence[Answer], folder: Path, assignment: str = "") -> Path:
    """The notebook of an assignment's solution with these answers in it; the answers tell which assignment."""
    assignment = assignment or answers[0].assignment
    notebook = nbformat.read(ROOT / "solutions" / f"{assignment}.ipynb", as_version=4)
    for answer in answers:
        (own,) = [c for c in notebook.cells if c.metadata.get("grader", {}).get("exercise") == answer.exercise]
        own.source = f"# exercise: {answer.exercise}\n{answer.source}"
    path = folder / "submission.ipynb"
    nbformat.write(notebook, path)
    return path
