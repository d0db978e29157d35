"""One submission being graded: asks questions of it and of the solution."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal

from grader.assignment.folder import Folder
from grader.diagnosis.syntax import does_nothing, says_nothing
from grader.diagnosis.unrepeatable import drawn_anew
from grader.diagnosis.written import written_calls
from grader.judging.answers import Answers
from grader.judging.locate import Definitions
from grader.judging.references import References
from grader.models.cells import Cell, Submission
from grader.models.limits import Limits
from grader.models.observation import Answer, CellRun
from grader.models.work import Work
from grader.requirements.requirement import Question
from grader.sandbox import support
from grader.sandbox.client import Zygote
from grader.sandbox.guest import Surroundings
from grader.submission.bindings import bound_names, mentioned_names

Diagnose = Literal["none", "bound", "proven"]
PROVING = 30.0
"""Seconds that may be spent on fixes of one submission; an exercise that is begun by then is done."""
A_CLASS = 30 * 24 * 3600.0
"""Seconds of all questions to the solution: it answers for a class, or for all mutants, as often as they need it."""

_GPU = re.compile(r"cuda|mps|xpu|\.to\(\d|device=\d|pin_memory")
_OPTIMIZER = re.compile(r"\boptim\b|\b(SGD|AdamW?)\(")
"""Whose first one imports `torch._dynamo`, which takes seconds: once for all guests is enough."""
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
        submission: a file, or cells already read; the starter that was saved last if None.
        zygote: forks the guests.
        mode: which isolation to use.
        use_recorded: whether recorded answers of the solution may be used.
        references: another grading's, to share what the solution answers; it must outlive this one.

    Attributes:
        waits: exercises about which more will be asked than `prefetch` is told.
        asks_again: whether what fails behind other questions is asked again by itself.
        diagnose: whether mistakes are named: `bound`, where a check itself saw them; `proven`, also where a fix helps.
        searches: what looks for the mistakes in each exercise, by its id.
        unexplained: what the search for mistakes ended in, by the exercises' ids, where it failed.
        made: expressions of the objects that plain checks make, by the exercises' ids.
        seconds_left: that may be spent on such searches, and on figures.
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
        self._mode = mode
        self.isolation = support.choose(mode)
        self._in_starter = False
        if not isinstance(submission, Submission):
            path = submission or folder.saved_last
            self._in_starter = not folder.made and path.resolve() in [one.resolve() for one in folder.worked_in]
            submission = folder.read(path)
        self.submission = submission
        self.definitions = Definitions(self.submission)
        self._zygote = zygote
        self._shares = references is not None
        self.references = references or References(folder, partial(self._start, together=A_CLASS), use_recorded)
        self.asks_again = True
        self.diagnose: Diagnose = "proven"
        self.searches: dict[str, Any] = {}
        self.unexplained: dict[str, str] = {}
        self.seconds_left = PROVING
        self.made: dict[str, tuple[str, ...]] = {}
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

    def cells_so_far(self) -> list[tuple[Cell, CellRun]]:
        """The submission's cells that have run, with what happened in them."""
        return self._running().cells_so_far()

    def work(self, exercise: str) -> Work:
        """What the submission's cells of an exercise say, and what they have printed once it has been asked about."""
        own = self.submission.cells_of(exercise)
        names = {cell.filename for cell in own}
        printed = "\n".join(run.output for cell, run in self.cells_so_far() if cell.filename in names)
        lines = (line.strip() for cell in own for line in cell.text.splitlines())
        blank = self.untouched(exercise) or all(not line or line.startswith("#") for line in lines)
        return Work(written_calls(own, self.submission.cells), printed, blank)

    def drawn_anew(self, exercise: str) -> list[str]:
        """The calls that seed from the clock or the system, in an exercise's cells or in others right before them."""
        return [code for owner, code in self._drawn_anew if owner == exercise]

    @cached_property
    def _drawn_anew(self) -> tuple[tuple[str, str], ...]:
        return drawn_anew(self.submission.cells)

    def untouched(self, exercise: str) -> bool:
        """Whether the exercise's cells are as the starter has them, or do nothing at all.

        Where students work in the starter itself, nobody knows how it was; then it is whether they say nothing yet.
        """
        own = _texts(self.submission, exercise)
        if self.references.starter is None or not own:
            return False
        if self._in_starter:
            return all(says_nothing(cell.text) for cell in self.submission.own_cells(exercise))
        idle = all(does_nothing(cell.text) for cell in self.submission.own_cells(exercise))
        return idle or own == _texts(self.references.starter, exercise)

    def variant(self, submission: Submission, limits: Limits) -> Grading:
        """A grading of other code for the same assignment, that shares what the solution answers."""
        folder = replace(self.folder, spec=self.folder.spec.model_copy(update={"limits": limits}))
        other = Grading(folder, submission, self._zygote, self._mode, references=self.references)
        other.asks_again = False
        other.diagnose = "none"
        other.made = self.made
        return other

    def ask_here(self) -> None:
        """Have the solution answer beside this submission what it was not asked yet where its answers are from."""
        self.references, self._shares = self.references.asked_by(partial(self._start, together=A_CLASS)), False

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

    def _start(self, submission: Submission, together: float | None = None) -> Answers:
        spec = self.folder.spec
        self._zygote.preload(modules_for(self.folder, submission))
        around = Surroundings(
            submission=submission,
            limits=spec.limits,
            seed=spec.seed,
            fixtures=self.folder.fixtures,
            readable=support.readable(),
            data=os.fspath(self.folder.data.resolve()) if self.folder.data.is_dir() else None,
            isolation=self.isolation,
            borrowed=_borrowed(submission, self.references.defines),
            any_device=spec.device == "any" and any(_GPU.search(cell.text) for cell in submission.cells),
            writes_data=any(_DATA.search(cell.text) for cell in submission.cells)
            and any(_WRITES.search(cell.text) for cell in submission.cells),
        )
        return Answers(self._zygote, around, [exercise.id for exercise in spec.exercises], self.waits, together)


def modules_for(folder: Folder, submission: Submission) -> list[str]:
    """The modules that are imported once for all guests of a submission."""
    makes_optimizer = any(_OPTIMIZER.search(cell.text) for cell in submission.cells)
    return [*folder.spec.preload, *folder.imported_by_checks, *(["torch._dynamo"] if makes_optimizer else [])]


def _borrowed(submission: Submission, solved: Callable[[str], Collection[str]]) -> dict[str, frozenset[str]]:
    """For each exercise, what its own cells were to define and never mention, while another exercise's cells did.

    Args:
        solved: the names that the solution's cells of an exercise bind.
    """
    owner: dict[str, tuple[str, ...]] = {}
    mentioned: dict[str, set[str]] = {}
    found: dict[str, set[str]] = {}
    last = {exercise: place for place, cell in enumerate(submission.cells) for exercise in cell.exercises}
    for place, cell in enumerate(submission.cells):
        owner |= dict.fromkeys(bound_names(cell.source), cell.exercises)
        words = mentioned_names(cell.source) if cell.exercises else set()
        for exercise in cell.exercises:
            mentioned.setdefault(exercise, set()).update(words)
            if place == last[exercise]:
                others = {name for name in solved(exercise) if owner.get(name) and exercise not in owner[name]}
                found[exercise] = others - mentioned[exercise]
    return {exercise: frozenset(names) for exercise, names in found.items() if names}


def _texts(submission: Submission, exercise: str) -> list[str]:
    """The lines of an exercise's cells that are more than space."""
    own = (cell.text for cell in submission.own_cells(exercise))
    return [line.rstrip() for text in own for line in text.splitlines() if line.strip()]
