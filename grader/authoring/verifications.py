"""What must be true of an assignment before students see it, mutants aside."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from grader.assignment import SPEC
from grader.assignment.folder import Folder
from grader.authoring.comparisons import comparisons, probes
from grader.authoring.declared import FILE, Declared
from grader.authoring.findings import Verification
from grader.authoring.zeros import checks_that_take_zeros
from grader.errors import SpecError
from grader.judging.driver import run_checks
from grader.judging.foreseen import foreseen_checks
from grader.judging.grading import Grading
from grader.judging.references import References
from grader.judging.session import Session
from grader.models.message import Localized
from grader.models.report import Report
from grader.requirements.requirement import Check
from grader.sandbox.client import Zygote

SEEDS = 3  # further seeds that the solution is tried with


class Trials:
    """Grades the assignment's own notebooks.

    Args:
        selection: which checks, as pytest's `-k` takes it.

    Attributes:
        forgeable: asserts of plain checks that were met, whose truth is what a submission's process says.
        met: asserts of plain checks, each with whether some run of the solution meets it.
    """

    def __init__(self, folder: Folder, zygote: Zygote, selection: str | None) -> None:
        if not folder.solution.exists():
            raise SpecError(f"There is no solution at {folder.solution}.", "Put it there, or name it in the spec.")
        self._folder = folder
        self._zygote = zygote
        self._selection = selection
        self._answered: dict[int | None, References] = {}
        self.forgeable: dict[str, None] = {}
        self.met: dict[str, bool] = {}

    def solution(self, seed: int | None = None) -> Report:
        """The report on the solution, with another seed if one is given, as for marks."""
        return self._grade(self._folder.solution, seed)

    def elsewhere(self, seeds: Sequence[int | None]) -> list[Report]:
        """The reports on the solution as another kind of processor rounds, by the answers that it gave here.

        Args:
            seeds: with which it was graded here already.
        """
        with Zygote.spawn(other_rounding=True) as zygote:
            zygote.preload(self._folder.spec.preload)
            return [self._grade(self._folder.solution, seed, zygote) for seed in seeds]

    def starter(self) -> Report:
        """The report on the notebook that students get."""
        return self._grade(self._folder.notebook, None)

    def foreseen(self) -> frozenset[str]:
        """The ids of the checks that published answers pass, under whatever seed."""
        return foreseen_checks(self._folder, self._zygote)

    def taking_zeros(self) -> list[str]:
        """The ids of the checks that zeros pass."""
        return checks_that_take_zeros(self._folder, self._zygote)

    def _grade(self, path: Path, seed: int | None, elsewhere: Zygote | None = None) -> Report:
        """The report on a notebook.

        Args:
            elsewhere: runs it by the answers that the solution gave without.
        """
        session = Session(
            path, zygote=elsewhere or self._zygote, selection=self._selection, seed=seed, given=self._folder
        )
        if elsewhere:
            session.make, session.references = _asking_here, self._answered[seed]
        with closing(session):
            report = run_checks(self._folder.path, session)
            assert session.started is not None
            references = session.started.references
            self.forgeable |= dict.fromkeys(references.forgeable)
            for claim, met in references.met.items():
                self.met[claim] = met or self.met.get(claim, False)
        if path == self._folder.solution and not elsewhere:
            self._answered[seed] = references
        return report


def _asking_here(*arguments: Any) -> Grading:
    """What a check computes for itself, it computes where the submission is."""
    grading = Grading(*arguments)
    grading.ask_here()
    return grading


def verify_starter(report: Report) -> Verification:
    passed = [check.id for exercise in report.exercises for check in exercise.checks if check.outcome != "failed"]
    return Verification(
        id="starter",
        title="the starter earns nothing and passes no check",
        found=tuple(f"{check} does not fail" for check in passed),
        advice="Such a check tells nothing about an answer: ask for something that the starter does not have.",
    )


def verify_solution(report: Report) -> Verification:
    return Verification(
        id="solution",
        title="the solution earns everything",
        found=_missed(report),
        advice="Correct the solution or the spec; `grade ASSIGNMENT SOLUTION` shows more.",
    )


def verify_twice(first: Report, second: Report) -> Verification:
    before, after = _timeless(first), _timeless(second)
    differing = [
        f"{one['id']} differs" for one, two in zip(before["exercises"], after["exercises"], strict=True) if one != two
    ]
    return Verification(
        id="twice",
        title="the solution earns the same twice, with equal reports",
        found=tuple(differing or (["the cells' output differs"] if before != after else [])),
        advice="Something random is not seeded, or depends on time or memory.",
    )


def verify_seeds(reports: dict[int, Report]) -> Verification:
    return Verification(
        id="seeds",
        title=f"the solution earns everything with {SEEDS} other seeds, drawn as for marks",
        found=tuple(f"seed {seed}: {missed}" for seed, report in reports.items() for missed in _missed(report)),
        advice="The check holds by luck: loosen its tolerance, or choose inputs that do not depend on the seed. "
        "`grade ASSIGNMENT SOLUTION --seed N` shows more.",
    )


def verify_rounding(here: dict[int, Report], elsewhere: list[Report]) -> Verification:
    found = [
        f"seed {seed}: {missed}"
        for (seed, report), other in zip(here.items(), elsewhere, strict=True)
        for missed in _missed(other, _passed(report))
    ]
    return Verification(
        id="rounding",
        title="the solution earns everything as another kind of processor rounds",
        found=tuple(found),
        advice="What is compared hangs on rounding: a normalisation of equal values, a step by the sign of a gradient "
        "that should be 0, many steps of training. Choose other inputs, fewer steps, or a larger `tolerance`.",
    )


def verify_foreseen(report: Report, foreseen: frozenset[str]) -> Verification:
    ids = {exercise.id: [check.id for check in exercise.checks] for exercise in report.exercises}
    known = [name for name, own in ids.items() if own and foreseen >= set(own)]
    return Verification(
        id="foreseen",
        title="who only knows the published answers earns nothing",
        found=tuple(f"{name}: no answer depends on the seed" for name in known),
        advice="Give the exercise a call with drawn inputs, such as randn(4) or randint(0, 9, 5).",
        warning=True,
    )


def verify_zeros(taking: list[str]) -> Verification:
    return Verification(
        id="zeros",
        title="zeros do not pass in the place of small numbers",
        found=tuple(f"{check} passes with zeros for the solution's numbers" for check in taking),
        advice="Choose a `tolerance` below the numbers, or inputs that make larger ones.",
    )


def verify_titles(folder: Folder) -> Verification:
    titled = [("the assignment", folder.spec.title), *((e.id, e.title) for e in folder.spec.exercises)]
    korean = any(text.ko for text in _texts(folder.spec))
    return Verification(
        id="titles",
        title="titles are there in each language that the spec has",
        found=tuple(f"{name} has no Korean title" for name, title in titled if korean and title.ko is None),
        advice="Write `title: {en: ..., ko: ...}`.",
    )


def _texts(part: Any) -> Iterator[Localized]:
    """All texts of a spec, or of a part of one."""
    if isinstance(part, Localized):
        yield part
    elif isinstance(part, BaseModel):
        for name in type(part).model_fields:
            yield from _texts(getattr(part, name))
    elif isinstance(part, (tuple, list)):
        for one in part:
            yield from _texts(one)


def verify_hints(folder: Folder) -> Verification:
    bare = [e for e in folder.spec.exercises if not e.hint and not all(r.hint for r in e.requirements)]
    return Verification(
        id="hints",
        title="every exercise has a hint, for itself or for each of its requirements",
        found=tuple(f"{exercise.id} has none" for exercise in bare),
        advice="Write a `hint:` of one sentence that helps whoever fails it.",
    )


def verify_files(folder: Folder, declared: Declared) -> Verification:
    own = [folder.path / path.name for path in (folder.notebook, *folder.starters.values())]
    own += [folder.master or folder.solution_file, folder.recorded]
    own.append(folder.path / (folder.spec.fixtures or SPEC))
    known = {path.name for path in own if path.parent.resolve() == folder.path.resolve()}
    known |= {SPEC, FILE, "checks", "data", "given", "__pycache__", *declared.files}
    there = {path.name for path in folder.path.iterdir() if not path.name.startswith(".grade-")}
    stray = [f"{name} is in the folder" for name in sorted(there - known)]
    stray += [f"{name} is declared, and not there" for name in declared.files if name not in there]
    return Verification(
        id="files",
        title="no stray files",
        found=tuple(stray),
        advice=f"Remove what does not belong there, or name it in {FILE} under `files`.",
    )


def verify_observations(folder: Folder) -> Verification:
    found = []
    if folder.spec.fixtures:
        found += [f"{folder.spec.fixtures}, line {line}: {what}" for line, what in comparisons(folder.fixtures)]
    for path in sorted((folder.path / "checks").glob("test_*.py")):
        source = path.read_text(encoding="utf-8")
        for name in probes(source):
            found += [f"checks/{path.name}, line {line}: {what}" for line, what in comparisons(source, name)]
    return Verification(
        id="observed",
        title="no fixture and no probe compares by itself",
        found=tuple(found),
        advice="Student code can change what that gives: return the values, and compare them in the spec or the check.",
        warning=True,
    )


def verify_asserts(forgeable: list[str]) -> Verification:
    return Verification(
        id="asserts",
        title="no assert could be forged",
        found=tuple(forgeable),
        advice="Compare values in the check, too: there, no code of a student's can put another function in place.",
        warning=True,
    )


def verify_reached(unreached: list[str]) -> Verification:
    return Verification(
        id="reached",
        title="every assert is reached with the solution",
        found=tuple(unreached),
        advice="Such an assert tells nothing: call what it is in, or leave it out.",
        warning=True,
    )


def verify_hidden(folder: Folder) -> Verification:
    found = []
    for exercise in folder.spec.exercises:
        checks = [check for requirement in exercise.requirements for check in requirement.checks(folder.spec.seed)]
        visible = [_asked(check) for check in checks if not check.hidden]
        same = [check for check in checks if check.hidden and _asked(check) in visible]
        found += [f"{exercise.id}::{check.name} asks what a visible check asks" for check in same]
    return Verification(
        id="hidden",
        title="every hidden check differs from the visible ones",
        found=tuple(found),
        advice="Give it other inputs, or leave it out.",
    )


def _asked(check: Check) -> tuple[str, str, str | None]:
    """What makes two checks the same: what is judged, of which question."""
    what = check.name if check.reads else check.name.partition("[")[0]  # which are judged by more than the question
    return what, check.question.digest, check.raises


def verify_points(folder: Folder, report: Report) -> Verification:
    judged = {result.id for result in report.exercises}
    lacking = [one.id for one in folder.spec.exercises if one.id not in judged and not report.selection]
    found = [f"{id} has no check, and students are not shown it" for id in lacking]
    for exercise, result in _pairs(folder, report):
        names = {f"{exercise.id}::{c.name}" for r in exercise.requirements for c in r.checks(folder.spec.seed)}
        counted = [check for check in result.checks if check.id in names or not exercise.requirements]
        total = sum(check.possible for check in counted)
        if exercise.points is not None and abs(total - exercise.points) > 0.01:
            found.append(f"{exercise.id} has {exercise.points:g} points, and its checks have {total:g}")
    return Verification(
        id="points",
        title="points add up",
        found=tuple(found),
        advice="An exercise without requirements is worth what its checks are: leave out its `points`, "
        "and begin a check of it with `# check: EXERCISE, points=2`.",
    )


def _pairs(folder: Folder, report: Report) -> list[tuple[Any, Any]]:
    """Exercises of the spec with their results; none where a selection of checks was graded."""
    results = {result.id: result for result in report.exercises}
    return [] if report.selection else [(e, results[e.id]) for e in folder.spec.exercises if e.id in results]


def _missed(report: Report, among: Container[str] | None = None) -> tuple[str, ...]:
    """Checks that did not pass, each with what was seen.

    Args:
        among: only those with these ids.
    """
    checks = [check for exercise in report.exercises for check in exercise.checks]
    return tuple(
        f"{check.id}: {check.detail or f'expected {check.expected}, observed {check.observed}'}"
        for check in checks
        if check.outcome != "passed" and (among is None or check.id in among)
    )


def _passed(report: Report) -> set[str]:
    """The ids of checks that passed."""
    return {check.id for exercise in report.exercises for check in exercise.checks if check.outcome == "passed"}


def _timeless(report: Report) -> dict[str, Any]:
    """A report without what may differ between two runs."""
    return report.model_dump(
        exclude={"exercises": {"__all__": {"checks": {"__all__": {"duration"}}}}, "cells": {"__all__": {"seconds"}}}
    )
