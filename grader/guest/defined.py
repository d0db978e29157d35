"""Which names are part of an exercise's answer: those that its own cells bind count once they have done so."""

from __future__ import annotations

from typing import Any

from grader.protocol import JobCell

_NOTHING = object()


class Defined:
    """Follows what the cells of each exercise bind.

    Args:
        names: of the submission's `__main__`.
        borrowed: names of each exercise that are another one's answer.
    """

    def __init__(self, names: dict[str, Any], borrowed: dict[str, list[str]]) -> None:
        self._names = names
        self._borrowed = borrowed
        self._before: dict[str, dict[str, Any]] = {}
        self._bound: dict[str, set[str]] = {}

    def begin(self, cell: JobCell) -> None:
        """A cell is to run: whatever a name that it binds stands for now is not its answer."""
        for exercise in cell["owners"]:
            before = self._before.setdefault(exercise, {})
            for name in cell["binds"]:
                before.setdefault(name, self._names.get(name, _NOTHING))

    def end(self, cell: JobCell, stopped: float, passed_over: list[int]) -> None:
        """A cell has run.

        Args:
            stopped: the line that raised; infinite where none did.
            passed_over: lines of statements that could not run here.
        """
        for exercise in cell["owners"]:
            self._bound.setdefault(exercise, set()).update(
                name
                for name, (first, last) in cell["binds"].items()
                if last < stopped and name in self._names and not any(first <= line <= last for line in passed_over)
            )

    def missing(self, exercise: str) -> set[str]:
        """The names that count as undefined for an exercise."""
        bound = self._bound.get(exercise, set())
        before = self._before.get(exercise, {})
        old = {n for n, value in before.items() if n not in bound and self._names.get(n, _NOTHING) is value}
        return old | set(self._borrowed.get(exercise, ()))
