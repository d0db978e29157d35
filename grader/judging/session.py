"""What one pytest session grades with, and what it found."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from grader.assignment.folder import Folder
from grader.assignment.load import load_assignment
from grader.errors import UsageError
from grader.judging.grading import Diagnose, Grading
from grader.judging.references import References
from grader.models.cells import Submission
from grader.models.report import CheckResult
from grader.processor_time import Budget
from grader.sandbox.client import Zygote
from grader.sandbox.support import IsolationMode


@dataclass(frozen=True)
class Judged:
    """One check's result, with what scoring needs.

    Attributes:
        place: among all checks, as they were collected; hidden ones are judged later.
        weight: its share of the exercise's points; None for a check with points of its own.
    """

    exercise: str
    place: int
    result: CheckResult
    weight: float | None


JUDGING_EACH, JUDGING = 20.0, 60.0
"""Seconds that the judge computes for one check, and for all of a submission; then a check gets one second."""


def draw_seed() -> int:
    """A seed that nobody knows before."""
    return secrets.randbelow(2**31)


def with_drawn_seed(folder: Folder, seed: int) -> Folder:
    """An assignment to grade with a seed that is not its own.

    Raises:
        UsageError: where there are recorded answers in the place of a solution.
    """
    if folder.recorded.is_file() and not folder.solution.is_file():
        raise UsageError(
            f"There is no solution at {folder.solution}; its recorded answers are published, and serve for practice.",
            "Put the solution there, or name it in the spec.",
        )
    return folder.with_seed(seed)


@dataclass
class Session:
    """Grades one submission of one assignment.

    Args:
        submission: the file, or cells already read; the starter that was saved last if None.
        mode: which isolation to use.
        zygote: one that is already running, to be left running; otherwise one is started.
        selection: the `-k` expression, for the report.
        use_recorded: whether recorded answers of the solution may be used.
        seed: one that is not published, as for marks: then the solution itself is asked, and no recorded answers.
        foreseen: ids of checks that need no answer of one's own; the recorded ones if None.
        make: makes the grading.
        given: the assignment, where it is not as its folder says.
        references: another session's answers of the solution.
        diagnose: whether mistakes are named; see `Grading`.
        one_failure_is_enough: whether a failure is likely, and what comes after the first only has to be quick.
        in_notebook: whether the report is shown in one, where commands are magics.
    """

    submission: Path | Submission | None = None
    mode: IsolationMode = "auto"
    zygote: Zygote | None = None
    selection: str | None = None
    use_recorded: bool = True
    seed: int | None = None
    foreseen: frozenset[str] | None = None
    make: Callable[..., Grading] = Grading
    given: Folder | None = None
    references: References | None = None
    diagnose: Diagnose = "proven"
    one_failure_is_enough: bool = False
    in_notebook: bool = False
    judging: Budget = field(default_factory=lambda: Budget(each=JUDGING_EACH, together=JUDGING))
    judged: list[Judged] = field(default_factory=list)
    _own_zygote: Zygote | None = None
    _grading: Grading | None = None
    _path: Path | None = None

    def grading(self, path: Path) -> Grading:
        """The grading of the assignment in a folder.

        Raises:
            UsageError: when this session grades another assignment already.
        """
        if self._grading is None:
            if self.zygote is None:
                self.zygote = self._own_zygote = Zygote.spawn()
            folder = self.given or load_assignment(path)
            if self.seed is not None:
                folder, self.use_recorded = with_drawn_seed(folder, self.seed), False
            self._grading = self.make(
                folder, self.submission, self.zygote, self.mode, self.use_recorded, self.references
            )
            self._grading.diagnose = "none" if folder.spec.diagnosis == "none" else self.diagnose
        elif path != self._path and self._grading.folder.path.resolve() != path.resolve():
            raise UsageError(
                f"One run grades one assignment, and this one grades {self._grading.folder.spec.id} already.",
                "Give the folder of one assignment.",
            )
        self._path = path  # every check asks again, and to resolve a path takes long
        return self._grading

    @property
    def started(self) -> Grading | None:
        return self._grading

    @property
    def folder(self) -> Folder | None:
        return self._grading.folder if self._grading else None

    def passed(self, exercise: str) -> bool | None:
        """Whether all checks of an exercise passed so far; None where none was run."""
        outcomes = [judged.result.outcome for judged in self.judged if judged.exercise == exercise]
        return all(outcome == "passed" for outcome in outcomes) if outcomes else None

    def close(self) -> None:
        """End the guests, and the zygote if it is this session's own."""
        if self._grading is not None:
            self._grading.close()
        if self._own_zygote is not None:
            self._own_zygote.close()
