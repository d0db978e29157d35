"""What `grade verify` found out about an assignment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from grader.models.model import Model

Status = Literal["killed", "timeout", "survived", "error"]


class Verification(Model):
    """One thing that must be true of an assignment before it is published.

    Attributes:
        id: its name.
        title: what must be true.
        found: what is not so; none where all is well.
        advice: what to do about it.
        warning: whether it is only worth a look.
    """

    id: str
    title: str
    found: tuple[str, ...] = ()
    advice: str = ""
    warning: bool = False

    @property
    def ok(self) -> bool:
        return self.warning or not self.found


class Mutant(Model):
    """A solution's cell with one mistake planted.

    Attributes:
        operator, title: what made it.
        mistake: id of the mistake it carries, where it has one.
        cell: place of the cell in the solution.
        source: of the cell, changed.
        before, after: the lines that differ, without their indentation.
        diff: the same with the lines around them.
    """

    exercise: str
    operator: str
    title: str
    mistake: str | None
    cell: int
    source: str
    before: str
    after: str
    diff: str

    @property
    def name(self) -> str:
        return f"{self.exercise}, {self.operator}"


class Result(Model):
    """What became of a mutant.

    Attributes:
        status: `killed`, by checks; `timeout`, by the limit; `survived`; `error`, a fault of the grader's own.
        seeds: what became of it with each seed that it was judged with, the published one first; what most say counts.
        failed: the checks that killed it.
        diagnoses: ids of the mistakes that were shown, in order.
        detail: of an error.
        equivalent: why a survivor may live, where `verify.yaml` says so.
    """

    mutant: Mutant
    status: Status
    seeds: tuple[Status, ...] = ()
    failed: tuple[str, ...] = ()
    diagnoses: tuple[str, ...] = ()
    detail: str = ""
    equivalent: str | None = None

    @property
    def hole(self) -> bool:
        """Whether it shows something that the checks miss."""
        return self.status == "survived" and self.equivalent is None

    @property
    def mixed(self) -> bool:
        """Whether it survived with some seeds and not with others."""
        return len({status == "survived" for status in self.seeds}) > 1


class Planted(Model):
    """How often the mistake that a mutant carries is the one that is shown."""

    mistake: str
    shown: int = 0
    another: int = 0
    none: int = 0


class VerifyReport(Model):
    """All of it.

    Attributes:
        format: of this report; 1.
        selection: the `-k` expression, when only a part was verified.
        results: of the mutants; empty where none were made.
        planted: mistakes that mutants carry, against those shown for them.
        seconds: that the mutants took, from the first one sent to the last one judged.
        workers: processes that judged them.
    """

    format: Literal[1] = 1
    assignment: str
    grader: str
    selection: str | None
    verifications: tuple[Verification, ...]
    results: tuple[Result, ...]
    planted: tuple[Planted, ...]
    seconds: float
    workers: int

    @property
    def ok(self) -> bool:
        return all(verification.ok for verification in self.verifications)

    @property
    def faulty(self) -> bool:
        """Whether the grader itself failed somewhere."""
        return any(result.status == "error" for result in self.results)

    @property
    def rate(self) -> float:
        """Mutants per second."""
        return len(self.results) / self.seconds if self.seconds else 0.0


def survivors(results: Sequence[Result]) -> list[list[Result]]:
    """Mutants that show what the checks miss: those of one cause together, and first what students are likeliest to do.

    That is a typical mistake of the catalogue, then what is left out, then all else; of these, the cause with more of
    them.
    """
    groups: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        if result.hole:
            mutant = result.mutant
            groups.setdefault((mutant.exercise, mutant.mistake or mutant.operator), []).append(result)
    return sorted(groups.values(), key=lambda group: (_likelihood(group[0].mutant), -len(group)))


def _likelihood(mutant: Mutant) -> int:
    return 0 if mutant.mistake else 1 if mutant.operator.endswith("-dropped") else 2


def planted(results: list[Result]) -> tuple[Planted, ...]:
    """The mistakes that killed mutants carry, against those shown."""
    table: dict[str, Planted] = {}
    for result in results:
        mistake = result.mutant.mistake
        if mistake is not None and result.status in ("killed", "timeout"):
            row = table.get(mistake, Planted(mistake=mistake))
            shown = "shown" if mistake in result.diagnoses[:1] else "another" if result.diagnoses else "none"
            table[mistake] = row.model_copy(update={shown: getattr(row, shown) + 1})
    return tuple(table[mistake] for mistake in sorted(table))
