"""Which checks can be passed by somebody who knows the published answers, and has none of their own.

The solution's answers to the questions of the published seed are judged as answers to those of a drawn
one. What passes so is foreseen: names and classes, and results that do not depend on what is drawn.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from grader.assignment.load import Folder, load_assignment
from grader.judging.driver import run_pytest
from grader.judging.grading import Grading
from grader.judging.session import Session
from grader.models.observation import Answer, CellRun
from grader.requirements.requirement import Question
from grader.sandbox.client import Zygote
from grader.sandbox.support import IsolationMode


def look_ahead(session: Session, path: Path) -> None:
    """Have a session that grades for marks know which checks are foreseen."""
    session.foreseen = session.grading(path).references.foreseen
    if session.foreseen is None:
        assert session.zygote is not None
        session.foreseen = foreseen_checks(load_assignment(path), session.zygote, session.mode)


def foreseen_checks(folder: Folder, zygote: Zygote, mode: IsolationMode = "auto") -> frozenset[str]:
    """The ids of the checks that are foreseen; none where there is no solution to ask."""
    if not folder.solution.is_file():
        return frozenset()
    published = _grade(folder, zygote, mode, folder.spec.seed, Grading)
    try:
        grading = published.grading(folder.path)
        known: dict[tuple[str, str], deque[Answer]] = defaultdict(deque)
        for exercise, question in grading.asked:
            known[exercise, question.probe.name].append(grading.observe(exercise, question))
        drawn = _grade(folder, zygote, mode, folder.spec.seed + 1, partial(_Knowing, known))
        drawn.close()
    finally:
        published.close()
    return frozenset(judged.result.id for judged in drawn.judged if judged.result.outcome == "passed")


def _grade(folder: Folder, zygote: Zygote, mode: IsolationMode, seed: int, make: Callable[..., Grading]) -> Session:
    session = Session(folder.solution, mode, zygote, seed=seed, make=make)
    session.grading(folder.path)
    run_pytest(folder.path, session)
    return session


class _Knowing(Grading):
    """Answers each question with what was answered to the same one of another seed."""

    def __init__(self, known: dict[tuple[str, str], deque[Answer]], *arguments: Any) -> None:
        super().__init__(*arguments)
        self._known = known
        self._told: dict[tuple[str, str], Answer] = {}

    def prefetch(self, questions: list[tuple[str, Question, bool, bool]]) -> None:
        self.references.prefetch([(exercise, question) for exercise, question, _, reference in questions if reference])

    def observe(self, exercise: str, question: Question, hidden: bool = False) -> Answer:
        key = (exercise, question.digest)
        if key not in self._told:
            same = self._known[exercise, question.probe.name]
            self._told[key] = same.popleft() if same else Answer(value=None)
        return self._told[key]

    def observe_again(self, exercise: str, question: Question) -> None:
        return None

    def cells(self) -> tuple[CellRun, ...]:
        return ()
