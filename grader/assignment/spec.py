"""The spec of an assignment, as an instructor writes it in `assignment.yaml`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from grader.models.limits import Limits
from grader.models.message import Text
from grader.models.mistake import Mistake
from grader.models.model import Model
from grader.models.policy import Policy
from grader.requirements.expressions import names_in
from grader.requirements.kinds import Requirements
from grader.submission.ownership import CellRule, Claim

FORMAT = 1
_NAMES = {"torch", "nn", "model", "log"}
"""Names in expressions that neither a student nor a fixture defines."""
_ID = r"^[A-Za-z0-9][\w-]*$"


class Exercise(Model):
    """A part that earns points.

    Attributes:
        id: as in the cells' markers, `# exercise: ID`.
        cells: where the answer is in a notebook without markers; if not given, where its names are defined.
        points: shared among the checks of `requirements`, by weight; where they are left out, a check is worth its
            weight. A `@check` brings points of its own.
        all_or_nothing: every check must pass, or none earns anything.
        needs: exercises that must have passed; otherwise this one is skipped.
        hint: for checks whose requirement has none.
        requirements: what must be true; instructor's checks may come beside them.
    """

    id: str = Field(pattern=_ID)
    title: Text
    points: float | None = Field(default=None, gt=0)
    all_or_nothing: bool = False
    needs: tuple[str, ...] = ()
    cells: CellRule | None = None
    hint: Text | None = None
    requirements: Requirements = ()

    def points_of_weight(self, seed: int) -> float:
        """What a check of the requirements is worth for each unit of its weight."""
        if self.points is None:
            return 1.0
        return self.points / sum(check.weight for one in self.requirements for check in one.checks(seed))

    def __hash__(self) -> int:  # its requirements may hold dicts
        return hash(self.id)

    def claim(self, seed: int, others: frozenset[str]) -> Claim:
        """What tells the cells that are its answer.

        Args:
            others: names that are not the student's.
        """

        def asked() -> frozenset[str]:
            checks = (check for requirement in self.requirements for check in requirement.checks(seed))
            asked = [check.question.arguments for check in checks if not check.hidden]  # the report names them
            given = {name for arguments in asked for name in arguments.get("names", ())}
            return frozenset(names_in(asked)) - given - others - _NAMES

        return Claim(self.id, self.cells, asked)


class Assignment(Model):
    """A whole assignment.

    Attributes:
        format: of this file; 1.
        id: the folder's name.
        seed: of inputs, parameters and student code.
        notebook: the starter, in the assignment's folder; `ID.ipynb` if not given.
        solution: path from the assignment's folder; `../../solutions/ID.ipynb` if not given.
        preload: modules imported once, before any guest is forked: what student code imports anyway and
            takes long (`torch._dynamo`, which the first optimizer imports).
        files: which files beside the notebook are part of a submission, such as `*.py` or `net/*`. If not given, all of
            a folder that is handed in, and none beside a single notebook.
        fixtures: a Python file in the folder; what it defines can be used in expressions.
        device: `any` runs on the CPU what asks for a GPU; otherwise it fails, and is named.
        exercises: in the order of the notebook.
        grading: which attempt of a student counts, the due date, and what being late costs; for whole classes.
        mistakes: added to the catalogue of typical mistakes; they come before it.
        diagnosis: what a report says of the mistake behind a failure: its `name`; a `hint`, with the line; the `fix`,
            too, where one was tried and helped; or `none`.
    """

    format: Literal[1]
    id: str = Field(pattern=_ID)
    title: Text
    seed: int = Field(default=0, ge=0, lt=2**31)
    notebook: str | None = None
    solution: str | None = None
    preload: tuple[Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*$")], ...] = ()
    files: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] | None = None
    fixtures: str | None = None
    device: Literal["cpu", "any"] = "cpu"
    limits: Limits = Limits()
    exercises: tuple[Exercise, ...] = Field(min_length=1)
    mistakes: tuple[Mistake, ...] = ()
    diagnosis: Literal["none", "name", "hint", "fix"] = "hint"
    grading: Policy = Policy()

    def exercise(self, id: str) -> Exercise:
        """The exercise with an id."""
        return next(exercise for exercise in self.exercises if exercise.id == id)

    @model_validator(mode="after")
    def _exercises_fit(self) -> Assignment:
        known: set[str] = set()
        for place, exercise in enumerate(self.exercises):
            if exercise.id in known:
                raise SpecProblem(f"two exercises have the id {exercise.id!r}", place, "id")
            for need in exercise.needs:
                if need not in known:
                    raise SpecProblem(
                        f"{exercise.id!r} needs {need!r}, which is not an exercise before it", place, "needs"
                    )
            known.add(exercise.id)
            names: set[str] = set()
            for number, requirement in enumerate(exercise.requirements):
                for check in requirement.checks(self.seed):
                    if check.name in names:
                        said = f"{exercise.id!r} has two checks named {check.name!r}; give this requirement an `id`"
                        raise SpecProblem(said, place, "requirements", number)
                    names.add(check.name)
        return self


class SpecProblem(ValueError):
    """Exercises that do not fit together.

    Args:
        where: place of the exercise, and the keys below it.
    """

    def __init__(self, message: str, *where: int | str) -> None:
        super().__init__(message)
        self.where = ("exercises", *where)
