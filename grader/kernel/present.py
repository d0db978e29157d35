"""The cells of a notebook as they are now: those that were saved, with what was run since in their place."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from grader.kernel.runs import Run
from grader.models.message import Message, say
from grader.submission.read import MARKER, without_our_magics


@dataclass
class _Cell:
    """A cell of the notebook's JSON, and the last run of it."""

    content: dict[str, Any]
    run: Run | None = None
    newer: bool = False

    @property
    def text(self) -> str:
        source = self.content.get("source", "")
        return "".join(source) if isinstance(source, list) else str(source)

    @property
    def prompt(self) -> int:
        number = self.content.get("execution_count")
        return number if isinstance(number, int) else 0

    @property
    def marked(self) -> tuple[str, ...]:
        return _marked(self.text)


@dataclass(frozen=True)
class Present:
    """A notebook as it is now.

    Attributes:
        data: its JSON.
        texts: of its code cells, by their numbers.
        own: the number of the cell that runs now, if it is in it.
        notes: where it is newer than what was saved, and where that cannot be told.
    """

    data: bytes
    texts: dict[int, str]
    own: int | None
    notes: tuple[Message, ...]


def present_cells(saved: bytes, runs: Sequence[Run], time: float, began: float, keep_last: bool) -> Present | None:
    """The cells as they are now; None where what was saved is no notebook.

    Args:
        saved: the notebook's JSON.
        runs: what ran in the kernel, in order; the last one runs now.
        time: when it was saved; infinite, where it is what the page has now.
        began: when the kernel began.
        keep_last: whether the cell that runs now counts in any case.
    """
    try:
        notebook = json.loads(saved)
        cells = [_Cell(content) for content in notebook["cells"]]
        code = [cell for cell in cells if cell.content["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    is_newer = _newer(code, runs, time, began)
    of_run = _belonging(code, runs)
    for run, cell in zip(runs, of_run, strict=True):
        if cell is not None:
            cell.run = run
    for cell in code:
        if cell.run is not None:
            cell.newer = cell.run.text != cell.text and is_newer(cell.run, cell)
            if cell.newer or cell.run.text == cell.text:
                cell.content |= {"source": cell.run.text, "execution_count": cell.run.number}
    lost = _added(cells, runs, of_run, is_newer, keep_last)
    own = of_run[-1] if of_run else None
    numbers = {id(cell): number for number, cell in enumerate(cells, 1)}
    notebook["cells"] = [cell.content for cell in cells]
    return Present(
        json.dumps(notebook).encode(),
        {numbers[id(cell)]: cell.text for cell in cells if cell.content["cell_type"] == "code"},
        numbers[id(own)] if own else None,
        _notes([numbers[id(cell)] for cell in cells if cell.newer and cell is not own], lost),
    )


def _marked(text: str) -> tuple[str, ...]:
    return tuple(found.strip() for found in MARKER.findall(text))


def _newer(code: list[_Cell], runs: Sequence[Run], time: float, began: float) -> Callable[[Run, _Cell | None], bool]:
    """Whether a run is newer than what was saved of its cell.

    Of cells that ran before the extension was loaded, the time is not known, but their numbers tell: what was saved
    with the number of a run was saved after it.
    """
    texts = {run.number: run.text for run in runs}
    prompts = {id(cell): cell.prompt for cell in code}
    last = max((cell.prompt for cell in code if texts.get(cell.prompt) == cell.text), default=0)

    def is_newer(run: Run, cell: _Cell | None) -> bool:
        if run.time is not None or time == inf:
            return (run.time or 0) > time
        return began > time or (run.number > last and (cell is None or prompts[id(cell)] != run.number))

    return is_newer


def _belonging(code: list[_Cell], runs: Sequence[Run]) -> list[_Cell | None]:
    """The saved cell that each run is of: by its id, by what it said when it ran, or by the exercise it names alone."""
    by_id = {cell.content.get("id"): cell for cell in code}
    by_text = _those_alone([(cell.text, cell) for cell in code])
    by_marker = _those_alone([(cell.marked, cell) for cell in code])
    learned = {run.id: by_text[run.text] for run in runs if run.id and run.text in by_text}

    def find(run: Run) -> _Cell | None:
        marked = _marked(run.text)
        known = by_id.get(run.id) or learned.get(run.id) if run.id else None
        return known or by_text.get(run.text) or (by_marker.get(marked) if marked else None)

    return [find(run) for run in runs]


def _those_alone(pairs: list[tuple[Any, _Cell]]) -> dict[Any, _Cell]:
    keys = [key for key, _ in pairs]
    return {key: cell for key, cell in pairs if keys.count(key) == 1}


def _added(
    cells: list[_Cell],
    runs: Sequence[Run],
    of_run: list[_Cell | None],
    is_newer: Callable[..., bool],
    keep_last: bool,
) -> list[int]:
    """Put cells that ran, and were never saved, behind those that ran before them; the numbers of those that cannot be.

    Whether a run that is of no saved cell is a new cell, or an old one as it reads now, ids tell: where the page calls
    cells by the ids that they have in the file.
    """
    saved = {cell.content.get("id") for cell in cells}
    named = any(run.id in saved for run in runs if run.id)
    new: dict[str | None, _Cell] = {}
    last, lost = None, []
    for place, (run, cell) in enumerate(zip(runs, of_run, strict=True)):
        now = keep_last and place == len(runs) - 1
        if cell is not None:
            last = cell
        elif now or (_says_something(run.text) and is_newer(run, None)):
            if now or (run.id and named):
                made = new.get(run.id) or _Cell({"cell_type": "code", "metadata": {}, "outputs": []}, newer=True)
                made.content |= {"source": run.text, "execution_count": run.number}
                if run.id not in new:
                    cells.insert(next((i for i, one in enumerate(cells, 1) if one is last), len(cells)), made)
                    new[run.id] = made
                of_run[place] = last = made
            else:
                lost.append(run.number)
    return lost


def _says_something(text: str) -> bool:
    """Whether a cell has more than blank lines, comments and our magics."""
    lines = (line.strip() for line in without_our_magics(text).splitlines())
    return any(line and line != "pass" and not line.startswith("#") for line in lines)


def _notes(newer: list[int], lost: list[int]) -> tuple[Message, ...]:
    said = []
    if len(newer) == 1:
        said.append(say("Cell {number} counts as you ran it: it is not saved yet.", number=newer[0]))
    elif newer:
        numbers = ", ".join(map(str, newer))
        said.append(say("Cells {numbers} count as you ran them: they are not saved yet.", numbers=numbers))
    numbers = ", ".join(f"[{number}]" for number in lost)
    if len(lost) == 1:
        said.append(say("In {numbers} is of no saved cell. Save the notebook, so that it counts.", numbers=numbers))
    elif lost:
        said.append(say("In {numbers} are of no saved cells. Save the notebook, so that they count.", numbers=numbers))
    return tuple(said)
