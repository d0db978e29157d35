"""Looks at a failed check again: which mistake do the facts show?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from grader.assignment.spec import Exercise
from grader.diagnosis.catalogue import catalogue
from grader.diagnosis.diagnose import diagnose, hint
from grader.diagnosis.facts import Shown, facts
from grader.diagnosis.source_facts import source_facts
from grader.judging.grading import Grading
from grader.models.observation import Answer
from grader.models.report import Diagnosis
from grader.processor_time import TooLong, at_most
from grader.requirements.expressions import compile_all
from grader.requirements.requirement import Question, ask
from grader.requirements.structure import ObjectRequirement

if TYPE_CHECKING:
    from grader.guest import look


DIAGNOSING = 2.0
"""Seconds of computing after which a mistake is not looked for any more."""


def observe_facts(student: look.Student, trees: list[Any]) -> Any:
    return look.facts(student, trees)


@lru_cache(maxsize=256)
def facts_question(exercise: Exercise, seed: int) -> Question:
    """Asks for the facts of an exercise's classes, and of the objects that its checks make.

    These are what its requirements are about, and one of each class that they call, as its name tells.
    """
    objects = dict.fromkeys(r.object for r in exercise.requirements if isinstance(r, ObjectRequirement))
    asked = [check.question.arguments for r in exercise.requirements for check in r.checks(seed)]
    classes = {tree["call"]["name"]: tree for tree in _calls(asked) if tree["call"]["name"][:1].isupper()}
    return ask(observe_facts, seed, trees=[*compile_all(list(objects), seed), *classes.values()])


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


def diagnose_failure(
    grading: Grading, exercise: str, check: str, question: Question, answer: Answer
) -> Diagnosis | None:
    """The mistake that the facts about a failed check show, if they show one.

    Args:
        check: its name in the exercise.
        question, answer: what was asked, and what the submission answered.
    """
    if (answer.raised and answer.raised.missing) or grading.untouched(exercise):
        return None
    spec = grading.folder.spec
    asked = facts_question(next(e for e in spec.exercises if e.id == exercise), spec.seed)
    own = Shown(source_facts(grading.submission.cells_of(exercise)), grading.observe(exercise, asked).value)
    solved = grading.references.peek(exercise, question)
    theirs = grading.references.shown(exercise, asked)
    mistakes = (*spec.mistakes, *catalogue())
    try:
        with at_most(DIAGNOSING):
            match = diagnose(facts(check, answer, solved, own, theirs), mistakes)
    except (TooLong, MemoryError):
        return None
    except Exception:
        # Where it can be done with the solution's own answers, these are not of the form that probes give.
        if solved is None or theirs is None:
            raise
        diagnose(facts(check, solved, solved, theirs, theirs), mistakes)
        return None
    if match is None:
        return None
    mistake, fields = match
    cell, line = (fields.get(key) for key in ("cell", "line"))
    return Diagnosis(
        id=mistake.id,
        text=hint(mistake, fields),
        page=mistake.page,
        cell=cell if isinstance(cell, int) else None,
        line=line if isinstance(line, int) else None,
    )
