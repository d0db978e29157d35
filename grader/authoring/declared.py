"""`verify.yaml`: what an instructor declares about an assignment, beside its spec."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from grader.assignment.folder import Folder
from grader.assignment.spec_file import read_yaml
from grader.authoring.findings import Mutant, Result
from grader.errors import SpecError
from grader.models.model import Model

FILE = "verify.yaml"


class Change(Model):
    """A change of some lines.

    Attributes:
        before: the lines that go, as the list of survivors has them, without `-` and indentation.
        after: the lines that may come in their place, one text for each mutant; none for whatever comes.
    """

    before: str = ""
    after: tuple[str, ...] = ()

    def covers(self, mutant: Mutant) -> bool:
        """Whether a mutant makes this change."""
        after = [_lines(text) for text in self.after]
        return _lines(self.before) == _lines(mutant.before) and (not after or _lines(mutant.after) in after)


class Equivalent(Model):
    """Changes that leave an exercise's code as right as the solution's, so that no check may fail.

    Attributes:
        reason: why they are right, in a sentence.
    """

    exercise: str
    reason: str = Field(min_length=10)
    changes: tuple[Change, ...] = Field(min_length=1)

    def covers(self, mutant: Mutant) -> bool:
        """Whether a mutant makes one of the changes."""
        return self.exercise == mutant.exercise and any(change.covers(mutant) for change in self.changes)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


class Declared(Model):
    """What `verify.yaml` says.

    Attributes:
        format: of the file; 1.
        files: names of further files that belong into the assignment's folder.
        equivalents: mutants that may survive.
    """

    format: Literal[1] = 1
    files: tuple[str, ...] = ()
    equivalents: tuple[Equivalent, ...] = ()


def read_declared(folder: Folder) -> Declared:
    """Read the file; without one, nothing is declared.

    Raises:
        SpecError: when it is not valid; with every place that is wrong.
    """
    file = folder.path / FILE
    if not file.exists():
        return Declared()
    try:
        text = folder.filled(FILE)
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{file}: cannot be read: {error}.") from None
    declared: Declared = read_yaml(text, str(file), Declared, "The format is described in docs/verify.md.")
    return declared


def judge_survivors(results: list[Result], declared: Declared) -> tuple[list[Result], list[str]]:
    """Survivors with the reasons declared for them, and the declared changes that none of them makes."""
    # One that was stopped may only have been slow, on a busy machine.
    living = [result.mutant for result in results if result.status in ("survived", "timeout")]
    stale = [
        " -> ".join(part.strip() or "nothing" for part in (f"{entry.exercise}: {single.before}", *single.after))
        for entry in declared.equivalents
        for change in entry.changes
        for single in _singles(change)
        if not any(entry.exercise == mutant.exercise and single.covers(mutant) for mutant in living)
    ]
    return [_judged(result, declared) for result in results], stale


def _singles(change: Change) -> list[Change]:
    """A change of several mutants as one of each."""
    return [change.model_copy(update={"after": (after,)}) for after in change.after] or [change]


def _judged(result: Result, declared: Declared) -> Result:
    if result.status != "survived":
        return result
    reasons = [entry.reason for entry in declared.equivalents if entry.covers(result.mutant)]
    return result.model_copy(update={"equivalent": reasons[0] if reasons else None})
