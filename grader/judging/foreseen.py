"""Which checks can be passed by somebody who knows the published answers, and has none of their own.

The solution's answers to the questions of the published seed are judged as answers to those of a drawn
one. What passes so is foreseen: names and classes, and results that do not depend on what is drawn.
"""

from __future__ import annotations

from collections import defaultdict, deque
from functools import partial
from pathlib import Path
from typing import Any

from grader.assignment.folder import Folder
from grader.assignment.load import load_assignment
from grader.judging.driver import run_pytest
from grader.judging.grading import Grading
from grader.judging.session import Session
from grader.models.cells import Submission
from grader.models.observation import Answer
from grader.requirements.requirement import Question
from grader.sandbox.client import Zygote
from grader.sandbox.support import IsolationMode

Answered = dict[tuple[str, str], deque[Answer]]
"""Answers to the questions of one probe about one exercise, in the order in which they were asked."""
_NOBODY = Submission(name="", sha256="", cells=())


def look_ahead(session: Session, path: Path) -> None:
    """Have a session that grades for marks know which checks are foreseen."""
    grading = session.grading(path)
    session.foreseen = grading.references.foreseen
    if session.foreseen is None:
        assert session.zygote is not None
        folder = session.given or load_assignment(path)
        session.foreseen = foreseen_checks(folder, session.zygote, session.mode, grading)


def foreseen_checks(
    folder: Folder, zygote: Zygote, mode: IsolationMode = "auto", drawn: Grading | None = None
) -> frozenset[str]:
    """The ids of the checks that are foreseen; none where there is no solution to ask.

    Args:
        drawn: a grading with another seed than the published one, whose solution's answers are used as well.
    """
    if not folder.solution.is_file():
        return frozenset()
    answered: Answered = defaultdict(deque)
    published = Session(_NOBODY, mode, zygote, seed=folder.spec.seed, make=partial(_Telling, answered), given=folder)
    other = folder.with_seed(folder.spec.seed + 1) if drawn is None else drawn.folder
    judged = Session(
        _NOBODY, mode, zygote, seed=other.spec.seed, make=partial(_Knowing, answered),
        references=drawn.references if drawn else None, given=folder,
    )  # fmt: skip
    for session in (published, judged):
        try:
            session.grading(folder.path)
            run_pytest(folder.path, session)
        finally:
            session.close()
    passed = {one.result.id for one in judged.judged if one.result.outcome == "passed"}
    return frozenset(passed | _of_form(folder))


def _of_form(folder: Folder) -> set[str]:
    """The ids of the checks that look at what is written and printed, which nobody needs to compute."""
    return {
        f"{exercise.id}::{check.name}"
        for exercise in folder.spec.exercises
        for requirement in exercise.requirements
        for check in requirement.checks(folder.spec.seed)
        if check.reads is not None
    }


class _Telling(Grading):
    """Answers as the solution does, and keeps what it answered."""

    def __init__(self, answered: Answered, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._answered = answered
        self._told: dict[tuple[str, str], Answer] = {}

    def prefetch(self, questions: list[tuple[str, Question, bool, bool]]) -> None:
        self.references.prefetch([(exercise, question) for exercise, question, _, _ in questions])

    def observe(self, exercise: str, question: Question, hidden: bool = False) -> Answer:
        key = (exercise, question.digest)
        if key not in self._told:
            self._told[key] = self._tell(exercise, question)
        return self._told[key]

    def _tell(self, exercise: str, question: Question) -> Answer:
        answer = self.references.answer(exercise, question)
        self._answered[exercise, question.probe.name].append(answer)
        return answer

    def observe_again(self, exercise: str, question: Question) -> None:
        return None


class _Knowing(_Telling):
    """Answers each question with what was answered to the same one of another seed."""

    def _tell(self, exercise: str, question: Question) -> Answer:
        same = self._answered[exercise, question.probe.name]
        return same.popleft() if same else Answer(value=None)
