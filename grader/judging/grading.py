"""One submission being graded: asks questions of it and of the solution."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path

from grader.assignment.load import Folder
from grader.judging.locate import Definitions
from grader.judging.references import Key, References
from grader.models.cells import Submission
from grader.models.observation import Answer, CellRun
from grader.requirements.base import Question
from grader.sandbox import support
from grader.sandbox.channel import Ticket
from grader.sandbox.run import Run
from grader.sandbox.zygote import Zygote
from grader.submission.read import read_submission


class Grading:
    """Holds the guests of one submission, and what they answered.

    Args:
        folder: the assignment.
        submission: a file, or cells already read; the starter if None.
        zygote: forks the guests.
        wish: which isolation to use.
        use_recorded: whether recorded answers of the solution may be used.
        references: another grading's, to share what the solution answers; it must outlive this one.
        in_turn: whether the exercises are judged one after the other, as the spec has them; see `Run`.

    Attributes:
        asked: the questions that were put, each with its exercise.
        asks_again: whether what fails behind other questions is asked again by itself.
    """

    def __init__(
        self,
        folder: Folder,
        submission: Path | Submission | None,
        zygote: Zygote,
        wish: support.Wish = "auto",
        use_recorded: bool = True,
        references: References | None = None,
        in_turn: bool = False,
    ) -> None:
        self.folder = folder
        self.isolation = support.choose(wish)
        if not isinstance(submission, Submission):
            submission = read_submission(submission or folder.notebook)
        self.submission = submission
        self.definitions = Definitions(self.submission)
        self._zygote = zygote
        self._in_turn = in_turn
        self._shares = references is not None
        self.references = references or References(folder, self._start, use_recorded)
        self.asks_again = True
        self._run: Run | None = None
        self.asked: list[tuple[str, Question]] = []
        self._tickets: dict[Key, Ticket] = {}

    @property
    def torch_version(self) -> str:
        return self._zygote.torch_version or ""

    def prefetch(self, questions: list[tuple[str, Question, bool]]) -> None:
        """Queue questions (exercise, question, whether the solution is asked too)."""
        for exercise, question, _ in questions:
            self._ask(exercise, question)
        self.references.prefetch([(e, q) for e, q, reference in questions if reference])

    def observe(self, exercise: str, question: Question) -> Answer:
        """What the submission answers, in the state the exercise ended in."""
        return self._running().answer(self._ask(exercise, question))

    def observe_again(self, exercise: str, question: Question) -> Answer | None:
        """The same from a copy that answered nothing before; None if the first answer was such a one, or will do."""
        key = (exercise, question.digest)
        if not self.asks_again or not self._tickets[key].behind:
            return None
        del self._tickets[key]
        return self._running().answer(self._ask(exercise, question, fresh=True))

    def cells(self) -> tuple[CellRun, ...]:
        """What happened in the submission's cells."""
        return self._running().cells()

    def has_own_cells(self, exercise: str) -> bool:
        """Whether any cell carries the exercise's marker."""
        return any(cell.exercise == exercise for cell in self.submission.cells)

    def untouched(self, exercise: str) -> bool:
        """Whether the exercise's cells are as the starter has them."""
        own = _texts(self.submission, exercise)
        return self._starter is not None and bool(own) and own == _texts(self._starter, exercise)

    @cached_property
    def _starter(self) -> Submission | None:
        """The assignment's own notebook, if it has one."""
        return read_submission(self.folder.notebook) if self.folder.notebook.exists() else None

    def close(self) -> None:
        """End all guests."""
        if not self._shares:
            self.references.close()
        if self._run is not None:
            self._run.close()
            self._run = None

    def _running(self) -> Run:
        if self._run is None:
            self._run = self._start(self.submission, self._in_turn)
        return self._run

    def _ask(self, exercise: str, question: Question, fresh: bool = False) -> Ticket:
        key = (exercise, question.digest)
        if key not in self._tickets:
            self.asked.append((exercise, question))
            data, blob = question.encoded
            self._tickets[key] = self._running().ask(
                exercise, question.probe.source, question.probe.name, data, blob, fresh
            )
        return self._tickets[key]

    def _start(self, submission: Submission, in_turn: bool = False) -> Run:
        spec = self.folder.spec
        self._zygote.preload(spec.preload)
        return Run(
            self._zygote,
            submission,
            [exercise.id for exercise in spec.exercises],
            limits=spec.limits,
            seed=spec.seed,
            fixtures=self.folder.fixtures,
            readable=support.readable(),
            data=os.fspath(self.folder.data.resolve()) if self.folder.data.is_dir() else None,
            isolation=self.isolation,
            in_turn=in_turn,
        )


def _texts(submission: Submission, exercise: str) -> list[str]:
    """The lines of an exercise's cells that are more than space."""
    own = (cell.text for cell in submission.cells if cell.exercise == exercise)
    return [line.rstrip() for text in own for line in text.splitlines() if line.strip()]
