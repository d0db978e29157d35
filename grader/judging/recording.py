"""Records the solution's answers to every question the assignment's checks ask."""

from __future__ import annotations

from grader.assignment.folder import Folder
from grader.errors import ReferenceFault, SpecError
from grader.judging.driver import run_checks
from grader.judging.evidence import facts_of
from grader.judging.foreseen import foreseen_checks
from grader.judging.references import write_recorded
from grader.judging.session import Session
from grader.models.wording import place
from grader.sandbox.client import Zygote


def record(folder: Folder, zygote: Zygote | None) -> int:
    """Grade the solution, and write down what it answered.

    Returns:
        How many answers were recorded.

    Raises:
        ReferenceFault: when there is no solution.
        SpecError: when the solution does not pass: such a record would fail every student.
    """
    if not folder.solution.exists():
        raise ReferenceFault(f"There is no solution at {folder.solution}.", "Put it there, or name it in the spec.")
    session = Session(folder.solution, zygote=zygote, use_recorded=False, foreseen=frozenset())
    try:
        report = run_checks(folder.path, session)
        missed = [check for e in report.exercises for check in e.checks if check.outcome != "passed"]
        if missed:
            first = missed[0]
            said = first.detail or f"expected {first.expected}, observed {first.observed}"
            if first.outcome == "error" and first.id in said:  # it is whole
                raise SpecError(said)
            if where := place(first.cell, first.line, file=first.file):
                said += f" ({folder.solution.name}, {where.text})"
            raise SpecError(f"The solution does not pass {first.id}: {said}.", "Correct the solution or the spec.")
        assert session.started is not None
        references = session.started.references
        for exercise in folder.spec.exercises:
            references.answer(exercise.id, facts_of(session.started, exercise))
            for requirement in exercise.requirements:
                for check in requirement.checks(folder.spec.seed):
                    if check.reference:
                        references.rounded(exercise.id, check.question)
        for exercise_id, question in session.started.asked:
            references.answer(exercise_id, question)  # those that only a diagnosis compares, too
        assert session.zygote is not None
        write_recorded(folder.recorded, references, foreseen_checks(folder, session.zygote))
        return len(references.answers)
    finally:
        session.close()
