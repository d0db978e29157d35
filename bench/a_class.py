"""Makes up a class: notebooks with the right and wrong answers of tests/answers in them."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from planted import ALL, Answer, with_answers  # noqa: E402 (tests/ is no package)

HANGS = "\nwhile True:\n    pass\n"
CRASHES = "\nimport os\nos._exit(3)\n"


def make_class(folder: Path, assignment: str, size: int, odd: float, seed: int = 0) -> tuple[list[Path], list[Path]]:
    """Write a class's notebooks: a third without a wrong answer, the others with up to eight.

    Args:
        odd: the share of those that hang, and the same share of those that crash.
    Returns:
        The notebooks that end, and those that hang or crash.
    """
    drawn = random.Random(seed)
    exercises: dict[str, list[Answer]] = {}
    for answer in ALL:
        if answer.assignment == assignment and ".seed()" not in answer.source:  # which is random indeed
            exercises.setdefault(answer.exercise, []).append(answer)
    folder.mkdir(parents=True)
    ends, others = [], []
    for number in range(size):
        answers = []
        for exercise in drawn.sample(sorted(exercises), drawn.randrange(9)):
            fitting = [a for a in exercises[exercise] if a.right or number % 3]
            answers.append(drawn.choice(fitting))
        path = folder / f"student{number:05}.ipynb"
        with_answers(answers, folder, assignment).rename(path)
        if number < 2 * round(odd * size):
            spoil(path, HANGS if number % 2 else CRASHES, drawn)
            others.append(path)
        else:
            ends.append(path)
    return ends, others


def spoil(path: Path, ending: str, drawn: random.Random) -> None:
    """Put an end to one of a notebook's exercises."""
    notebook = nbformat.read(path, as_version=4)
    cell = drawn.choice([cell for cell in notebook.cells if cell.metadata.get("grader", {}).get("exercise")])
    cell.source += ending
    nbformat.write(notebook, path)
