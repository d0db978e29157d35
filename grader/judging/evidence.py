"""What a failed check, and the code and objects behind it, show: facts about mistakes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from grader.assignment.spec import Exercise
from grader.diagnosis.facts import Shown, facts
from grader.diagnosis.source_facts import source_facts
from grader.judging.grading import Grading
from grader.models.mistake import Fact
from grader.models.observation import Answer
from grader.requirements.expressions import compile_all
from grader.requirements.requirement import Question, ask
from grader.requirements.structure import ObjectRequirement

if TYPE_CHECKING:
    from grader.guest import look


@dataclass(frozen=True)
class Failed:
    """A check that failed.

    Attributes:
        name: in the exercise.
        question, answer: what was asked, and what the submission answered.
        passes: for an instructor's own test: whether it passes with another grading.
        reads: the parts of what was returned that the failure is about; None for all of it.
    """

    name: str
    question: Question
    answer: Answer
    passes: Callable[[Grading], bool] | None = None
    reads: frozenset[str] | None = None


def observe_facts(student: look.Student, trees: list[Any]) -> Any:
    return look.facts(student, trees)


@lru_cache(maxsize=256)
def facts_question(exercise: Exercise, seed: int, made: tuple[str, ...] = ()) -> Question:
    """Asks for the facts of an exercise's classes, and of the objects that its checks make.

    These are what its requirements are about, and one of each class that they call, as its name tells.

    Args:
        made: objects that checks of the instructor's own make.
    """
    required = (r.object for r in exercise.requirements if isinstance(r, ObjectRequirement))
    objects = dict.fromkeys((*required, *made))
    asked = [check.question.arguments for r in exercise.requirements for check in r.checks(seed)]
    classes = {tree["call"]["name"]: tree for tree in _calls(asked) if tree["call"]["name"][:1].isupper()}
    return ask(observe_facts, seed, trees=[*compile_all(list(objects), seed), *classes.values()])


def facts_of(grading: Grading, exercise: Exercise) -> Question:
    """Asks for the facts of an exercise, with the objects that its plain checks make."""
    return facts_question(exercise, grading.folder.spec.seed, grading.made.get(exercise.id, ()))


def _calls(part: Any) -> Iterator[dict[str, Any]]:
    """The calls of names in compiled expressions."""
    match part:
        case dict():
            if isinstance(called := part.get("call"), dict) and "name" in called:
                yield part
            for inner in part.values():
                yield from _calls(inner)
        case list() | tuple():
            for inner in part:
                yield from _calls(inner)


def evidence(grading: Grading, exercise: str, failed: Failed) -> list[Fact]:
    """The facts about a failed check."""
    asked = facts_of(grading, grading.folder.spec.exercise(exercise))
    own = Shown(source_facts(grading.submission.cells_of(exercise)), grading.observe(exercise, asked).value)
    solved = grading.references.peek(exercise, failed.question)
    theirs = grading.references.shown(exercise, asked)
    try:
        found = facts(failed.name, failed.answer, solved, own, theirs)
        return [fact for fact in found if failed.reads is None or not _is_beside(fact, failed.reads)]
    except Exception:
        # Where it can be done with the solution's own answers, these are not of the form that probes give.
        if solved is None or theirs is None:
            raise
        facts(failed.name, solved, solved, theirs, theirs)
        return []


def _is_beside(fact: Fact, reads: frozenset[str]) -> bool:
    """Whether a part of what was returned differs that the failed condition does not read."""
    place, _, part = str(fact.get("at", "")).partition(".")
    return fact["fact"] == "differs" and place == "returned" and bool(part) and re.split(r"[.\[]", part)[0] not in reads
