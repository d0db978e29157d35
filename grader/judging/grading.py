"""One submission being graded: asks questions of it and of the solution."""

from __future__ import annotations

import os
import re
from functools import cached_property
from pathlib import Path

from grader.assignment.load import Folder
from grader.judging.answers import Answers
from grader.judging.locate import Definitions
from grader.judging.references import References
from grader.models.cells import Submission
from grader.models.observation import Answer, CellRun, Raised
from grader.requirements.requirement import Question
from grader.sandbox import support
from grader.sandbox.client import Zygote
from grader.sandbox.guest import Surroundings
from grader.submission.read import read_submission

_NAME = re.compile(r"\w+")
_GPU = re.compile(r"cuda|mps|xpu|\.to\(\d|device=\d|pin_memory")
_DATA = re.compile(r"""["'/]data\b""")
_WRITES = re.compile(
    r"""write|save|dump|to_\w+\(|mk|makedirs|remove|unlink|rename|replace|rmtree|shutil|touch|download|extract|memmap"""
    r"""|connect|urlretrieve|["'][rbt]*[wax+]"""
)
"""What code that writes files has in it, or `%%writefile`. Where it is found in vain, a folder was copied in vain."""


class Grading:
    """Holds the guests of one submission, and what they answered.

    Args:
        folder: the assignment.
        submission: a file, or cells already read; the starter if None.
        zygote: forks the guests.
        mode: which isolation to use.
        use_recorded: whether recorded answers of the solution may be used.
        references: another grading's, to share what the solution answers; it must outlive this one.

    Attributes:
        waits: exercises about which more will be asked than `prefetch` is told.
        asks_again: whether what fails behind other questions is asked again by itself.
    """

    def __init__(
        self,
        folder: Folder,
        submission: Path | Submission | None,
        zygote: Zygote,
        mode: support.IsolationMode = "auto",
        use_recorded: bool = True,
        references: References | None = None,
    ) -> None:
        self.folder = folder
        self.isolation = support.choose(mode)
        if not isinstance(submission, Submission):
            submission = read_submission(submission or folder.notebook)
        self.submission = submission
        self.definitions = Definitions(self.submission)
        self._zygote = zygote
        self._shares = references is not None
        self.references = references or References(folder, self._start, use_recorded)
        self.asks_again = True
        self.waits: set[str] = set()
        self._answers: Answers | None = None

    @property
    def torch_version(self) -> str:
        return self._zygote.torch_version or ""

    @property
    def asked(self) -> list[tuple[str, Question]]:
        """The questions that were put, each with its exercise."""
        return self._running().asked

    def prefetch(self, questions: list[tuple[str, Question, bool, bool]]) -> None:
        """Put questions (exercise, question, whether it is hidden, whether the solution is asked, too)."""
        self._running().prefetch([(e, q, hidden) for e, q, hidden, _ in questions])
        self.references.prefetch([(e, q) for e, q, _, reference in questions if reference])

    def observe(self, exercise: str, question: Question, hidden: bool = False) -> Answer:
        """What the submission answers, in the state the exercise ended in."""
        return self._running().answer(exercise, question, hidden)

    def observe_again(self, exercise: str, question: Question) -> Answer | None:
        """The same where nothing was asked before; None if the first answer was such a one, or will do."""
        return self._running().answer_again(exercise, question) if self.asks_again else None

    def cells(self) -> tuple[CellRun, ...]:
        """What happened in the submission's cells."""
        return self._running().cells()

    def passed_over(self, name: str) -> Raised | None:
        """The first statement with a name in it that could not run here, as far as the cells have run."""
        found = (raised for run in self._running().cells_so_far() for raised in run.passed_over if raised.frames)
        return next((raised for raised in found if name in _NAME.findall(raised.frames[0].code)), None)

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
        if self._answers is not None:
            self._answers.close()
            self._answers = None

    def _running(self) -> Answers:
        if self._answers is None:
            self._answers = self._start(self.submission)
        return self._answers

    def _start(self, submission: Submission) -> Answers:
        spec = self.folder.spec
        self._zygote.preload(spec.preload)
        around = Surroundings(
            submission=submission,
            limits=spec.limits,
            seed=spec.seed,
            fixtures=self.folder.fixtures,
            readable=support.readable(),
            data=os.fspath(self.folder.data.resolve()) if self.folder.data.is_dir() else None,
            isolation=self.isolation,
            any_device=spec.device == "any" and any(_GPU.search(cell.text) for cell in submission.cells),
            writes_data=any(_DATA.search(cell.text) for cell in submission.cells)
            and any(_WRITES.search(cell.text) for cell in submission.cells),
        )
        return Answers(self._zygote, around, [exercise.id for exercise in spec.exercises], self.waits)


def _texts(submission: Submission, exercise: str) -> list[str]:
    """The lines of an exercise's cells that are more than space."""
    own = (cell.text for cell in submission.cells if cell.exercise == exercise)
    return [line.rstrip() for text in own for line in text.splitlines() if line.strip()]
