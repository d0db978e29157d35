"""The spec of an assignment, as an instructor writes it in `assignment.yaml`."""

from __future__ import annotations

import os
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from grader.assignment.varying import MisfitError, Varying
from grader.models.judgement import Manual
from grader.models.limits import Limits
from grader.models.message import Localized, Steps, Text
from grader.models.mistake import Mistake
from grader.models.model import Model
from grader.models.policy import Policy
from grader.requirements.expressions import names_in
from grader.requirements.kinds import Requirements
from grader.submission.ownership import CellRule, Claim

FORMAT = 1
_NAMES = {"torch", "nn", "model", "log"}
"""Names in expressions that neither a student nor a fixture defines."""
_LONGEST = 200
"""Bytes of a name; files that are made of it have a suffix, and no more than 255."""


def _can_be_named(path: str) -> str:
    if "\0" in path or len(path) > 1000 or any(len(os.fsencode(part)) > _LONGEST for part in Path(path).parts):
        raise ValueError(f"no file can have that name; each part of a path has at most {_LONGEST} bytes")
    return path


Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w-]*$", max_length=100)]
FileName = Annotated[str, Field(min_length=1), AfterValidator(_can_be_named)]


NO_TITLE = Localized(en="…")
"""Stands for the heading in the notebook, where the spec gives no title."""


class Exercise(Model):
    """A part that earns points.

    Attributes:
        id: as in the cells' markers, `# exercise: ID`.
        title: if not given, the heading above its cells in the notebook of each language.
        cells: where the answer is in a notebook without markers; if not given, where its names are defined.
        points: shared among the checks of `requirements`, by weight; where they are left out, a check is worth its
            weight. A `@check` brings points of its own.
        all_or_nothing: every check must pass, or none earns anything.
        needs: exercises that must have passed; otherwise this one is skipped.
        hint: for checks whose requirement has none: a text, or several of which each says more than the one before.
        requirements: what must be true; instructor's checks may come beside them.
        manual: what a person grades of it, beside what is checked or instead.
    """

    id: Id
    title: Text = NO_TITLE
    points: float | None = Field(default=None, gt=0)
    all_or_nothing: bool = False
    needs: tuple[str, ...] = ()
    cells: CellRule | None = None
    hint: Steps = ()
    requirements: Requirements = ()
    manual: Manual | None = None

    @property
    def hints(self) -> tuple[Localized, ...]:
        """All hints that are shown one by one: the first of each list, then the second ones, and so on."""
        lists = [self.hint, *(one.hint for one in self.requirements if not one.hidden)]
        steps = (hint for step in zip_longest(*lists) for hint in step if hint is not None)
        return tuple(dict.fromkeys(steps))

    def points_of_weight(self, seed: int) -> float:
        """What a check of the requirements is worth for each unit of its weight."""
        if self.points is None:
            return 1.0
        return self.points / _weight(self, seed)

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

        return Claim(self.id, self.cells, asked, in_texts=bool(self.manual) and not self.requirements)


@lru_cache(maxsize=1024)  # each submission's report asks for it
def _weight(exercise: Exercise, seed: int) -> float:
    """Of all checks of an exercise's requirements."""
    return sum(check.weight for one in exercise.requirements for check in one.checks(seed))


class Assignment(Varying):
    """A whole assignment.

    Attributes:
        format: of this file; 1.
        id: the folder's name.
        title: if not given, the first heading in the notebook of each language.
        seed: of inputs, parameters and student code.
        master: one file in the folder of which starters, solution and checks are made, in place of files of their own.
        notebook: the starter, in the assignment's folder; `ID.ipynb` if not given.
        solution: path from the assignment's folder; `../../solutions/ID.ipynb` if not given.
        show_checks: whether the master's check cells are in the students' notebook, but for hidden ones.
        preload: modules imported once, before any guest is forked: what student code imports anyway and takes long.
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
    id: Id
    title: Text = NO_TITLE
    seed: int = Field(default=0, ge=0, lt=2**31)
    master: FileName | None = None
    notebook: FileName | None = None
    solution: FileName | None = None
    show_checks: bool = False
    preload: tuple[Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*$")], ...] = ()
    files: tuple[FileName, ...] | None = None
    fixtures: FileName | None = None
    device: Literal["cpu", "any"] = "cpu"
    limits: Limits = Limits()
    exercises: tuple[Exercise, ...] = Field(min_length=1)
    mistakes: tuple[Mistake, ...] = ()
    diagnosis: Literal["none", "name", "hint", "fix"] = "hint"
    grading: Policy = Policy()

    @property
    def in_master(self) -> dict[str, bool]:
        """The ids of exercises, each with whether a master must have cells with that id."""
        return {one.id: bool(one.requirements) and one.cells is None for one in self.exercises}

    def exercise(self, id: str) -> Exercise:
        """The exercise with an id."""
        return next(exercise for exercise in self.exercises if exercise.id == id)

    @field_validator("notebook", "solution", "show_checks")
    @classmethod
    def _one_source(cls, given: Any, others: ValidationInfo) -> Any:
        match others.field_name, bool(others.data.get("master")):
            case "notebook", True if Path(given or "").suffix != ".ipynb" or {"..", "/"} & {*Path(given or "").parts}:
                raise ValueError("what is made of a `master` is a .ipynb in the folder")
            case "solution", True:
                raise ValueError("the `master` has the solution; leave this out")
            case "show_checks", False:
                raise ValueError("only a `master` has checks to show")
        return given

    @model_validator(mode="after")
    def _exercises_fit(self) -> Assignment:
        known: set[str] = set()
        for place, exercise in enumerate(self.exercises):
            if exercise.id in known:
                raise _misfit(f"two exercises have the id {exercise.id!r}", place, "id")
            for need in exercise.needs:
                if need not in known:
                    raise _misfit(f"{exercise.id!r} needs {need!r}, which is not an exercise before it", place, "needs")
                if self.exercise(need).manual:
                    raise _misfit(f"{exercise.id!r} needs {need!r}, which a person grades", place, "needs")
            if exercise.points is not None and exercise.manual and not exercise.requirements:
                raise _misfit(f"{exercise.id!r} has no requirements: its points are those of `manual`", place, "points")
            known.add(exercise.id)
            names: set[str] = set()
            for number, requirement in enumerate(exercise.requirements):
                for check in requirement.checks(self.seed):
                    if check.name in names:
                        said = f"{exercise.id!r} has two checks named {check.name!r}; give this requirement an `id`"
                        raise _misfit(said, place, "requirements", number)
                    names.add(check.name)
        return self


def _misfit(message: str, *where: int | str) -> MisfitError:
    """Of an exercise: its place, and the keys below it."""
    return MisfitError(message, "exercises", *where)
