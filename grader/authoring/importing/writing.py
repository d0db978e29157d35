"""Writes an imported assignment, and sees to it that its solution passes its checks."""

from __future__ import annotations

import ast
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from grader.assignment import SPEC
from grader.assignment.plain_checks import read_plain
from grader.authoring.importing.doctests import grouped
from grader.authoring.importing.imported import Imported, ImportedExercise, ImportedTest, LeftOut
from grader.authoring.importing.needs import used_names
from grader.errors import SpecError, UsageError
from grader.judging.driver import run_checks
from grader.judging.instrument import GIVEN
from grader.judging.references import References
from grader.judging.session import Session
from grader.models.report import Report
from grader.models.values import Array, Tensor
from grader.requirements.requirement import Probe, Question
from grader.sandbox.client import Zygote


def given_back(student: Any, code: str, names: list[str], asked: list[str]) -> Any:
    """What expressions give."""
    scope = {name: getattr(student, name) for name in names}
    exec(code, scope)
    return [eval(one, scope) for one in asked]


_GIVEN_BACK = Probe.of(given_back)


def write_imported(imported: Imported, folder: Path, zygote: Zygote) -> None:
    """Write an assignment's folder; tests that the solution does not pass are left out, and said to be.

    Args:
        imported: to it is added what is left out.

    Raises:
        UsageError: where the folder is there.
    """
    if folder.exists():
        raise UsageError(f"{folder} is there already.", "Give another name with --out, or remove the folder.")
    if not imported.exercises:
        said = "\n".join(f"  {one.place}: {one.why}" for one in imported.left_out)
        raise UsageError(f"Nothing in it can be graded.\n{said}".rstrip(), "See docs/from-nbgrader.md.")
    writer = _Writer(imported, folder)
    writer.write()
    writer.settle(zygote)


class _Writer:
    """Writes the folder, again with other forms of those checks that the solution does not pass."""

    def __init__(self, imported: Imported, folder: Path) -> None:
        self._imported = imported
        self._folder = folder
        self._form: dict[tuple[str, int], int] = {}
        self._first_said: dict[tuple[str, int], str] = {}

    def write(self) -> None:
        """All but the checks."""
        self._folder.mkdir(parents=True)
        for name, content in (self._imported.solution, self._imported.starter):
            text = content if isinstance(content, str) else json.dumps(content, indent=1, ensure_ascii=False) + "\n"
            (self._folder / name).write_text(text, encoding="utf-8")
        for name, source in self._imported.given.items():
            path = self._folder / name if name.startswith("data/") else self._folder / "given" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(source, str):
                path.write_text(source, encoding="utf-8")
            else:
                shutil.copyfile(source, path)

    def settle(self, zygote: Zygote) -> None:
        """Write the checks in the first of their forms that the solution passes; leave out those without any."""
        self._ask(zygote)
        rounds = 1 + max((len(draft.texts) for one in self._imported.exercises for draft in one.drafts), default=0)
        for _ in range(rounds):
            self._leave_out_unreadable()
            self._write_checks()
            self._write_spec()
            report = self._graded(zygote)
            failed = self._failed(report)
            if not failed:
                return
            for key, said in failed.items():
                self._first_said.setdefault(key, said)
                self._form[key] = self._form.get(key, 0) + 1
            self._leave_out()

    def _ask(self, zygote: Zygote) -> None:
        """Write the asserts whose expected values the solution is to say."""
        asking = [(one, draft) for one in self._imported.exercises for draft in one.drafts if draft.asked]
        if not asking:
            return
        self._write_spec()
        (self._folder / "checks").mkdir(exist_ok=True)
        session = Session(self._folder / self._imported.solution[0], zygote=zygote, use_recorded=False)
        try:
            references = session.grading(self._folder).references
            for exercise, draft in asking:
                texts = tuple(
                    filter(None, (_solved(references, exercise.id, text, draft.asked) for text in draft.texts))
                )
                place = exercise.drafts.index(draft)
                exercise.drafts[place] = replace(draft, texts=texts, asked=())
                if not texts:
                    self._first_said[self._key(exercise, exercise.drafts[place])] = (
                        "the solution raises in its AUTOTEST"
                    )
        finally:
            session.close()
        self._leave_out()

    def _leave_out_unreadable(self) -> None:
        """Leave out what is no plain check."""
        path = self._folder / "one.py"
        for exercise in self._imported.exercises:
            for draft in exercise.drafts:
                path.write_text(
                    f"{exercise.above}\n{_header(exercise, draft)}\n{self._text(exercise, draft)}\n", "utf-8"
                )
                try:
                    read_plain(path, [exercise.id])
                except SpecError as error:
                    key = self._key(exercise, draft)
                    self._first_said[key] = str(error).split(": ", 1)[-1].replace("\n", " ")
                    self._form[key] = len(draft.texts)
        path.unlink(missing_ok=True)
        self._leave_out()

    def _key(self, exercise: ImportedExercise, draft: ImportedTest) -> tuple[str, int]:
        return exercise.id, id(draft)

    def _text(self, exercise: ImportedExercise, draft: ImportedTest) -> str:
        return draft.texts[self._form.get(self._key(exercise, draft), 0)]

    def _leave_out(self) -> None:
        """Leave out what has no form left.

        Raises:
            UsageError: where nothing is left.
        """
        for exercise in self._imported.exercises:
            kept = []
            for draft in exercise.drafts:
                key = self._key(exercise, draft)
                if self._form.get(key, 0) < len(draft.texts):
                    kept.append(draft)
                    continue
                points = f"{draft.points:g} points" if draft.points != 1 else "1 point"
                self._imported.left_out.append(LeftOut(f"{draft.place} ({points})", self._first_said[key]))
            exercise.drafts = kept
        self._imported.exercises = [one for one in self._imported.exercises if one.drafts or one.manual]
        if not self._imported.exercises:
            shutil.rmtree(self._folder)
            said = "\n".join(f"  {one.place}: {one.why}" for one in self._imported.left_out)
            raise UsageError(
                f"The solution passes none of the tests, so nothing was written.\n{said}",
                "Give the version with solutions: nbgrader's `source/`, Otter's master notebook.",
            )

    def _write_checks(self) -> None:
        checks = self._folder / "checks"
        shutil.rmtree(checks, ignore_errors=True)
        for exercise in self._imported.exercises:
            if not exercise.drafts:
                continue
            checks.mkdir(exist_ok=True)
            path = checks / f"{exercise.id.replace('-', '_')}.py"
            heads = [exercise.above] if exercise.above else []
            blocks = [f"{_header(exercise, draft)}\n{self._text(exercise, draft)}" for draft in exercise.drafts]
            path.write_text("\n\n".join([*heads, *blocks]) + "\n", encoding="utf-8")

    def _write_spec(self) -> None:
        imported = self._imported
        (name, _), (starter, _) = imported.solution, imported.starter
        data: dict[str, Any] = {"format": 1, "id": imported.name, "title": imported.title, "solution": name}
        if starter != f"{imported.name}.ipynb":
            data["notebook"] = starter
        data["exercises"] = [_exercise(one) for one in imported.exercises]
        text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=110)
        (self._folder / SPEC).write_text(f"# The format is described in docs/spec.md.\n{text}", encoding="utf-8")

    def _graded(self, zygote: Zygote) -> Report:
        session = Session(self._folder / self._imported.solution[0], zygote=zygote, use_recorded=False)
        try:
            return run_checks(self._folder, session)
        finally:
            session.close()

    def _failed(self, report: Report) -> dict[tuple[str, int], str]:
        """The drafts of which a check did not pass, each with the reason."""
        failed: dict[tuple[str, int], str] = {}
        outcomes = {check.id: check for one in report.exercises for check in one.checks}
        for exercise in self._imported.exercises:
            path = self._folder / "checks" / f"{exercise.id.replace('-', '_')}.py"
            read = read_plain(path, [one.id for one in self._imported.exercises]) if exercise.drafts else []
            lines = (
                [n for n, line in enumerate(path.read_text().split("\n"), 1) if line.startswith("# check: ")]
                if read
                else []
            )
            for check in read:
                result = outcomes.get(f"{exercise.id}::{check.name}")
                if result is None or result.outcome == "passed":
                    continue
                place = sum(line <= check.line for line in lines) - 1
                said = result.detail or f"expected {result.expected}, observed {result.observed}"
                said = " ".join(re.sub(r"(?<![.!?])\n", ". ", str(said)).split())[:300]
                failed.setdefault(self._key(exercise, exercise.drafts[place]), said)
        return failed


def _solved(references: References, exercise: str, text: str, asked: tuple[str, ...]) -> str:
    """Code with asserts that expressions give what they do in the solution; nothing where that raises."""
    names = sorted(used_names(ast.parse("\n".join([text, *asked])).body) - GIVEN.keys())
    code = "\n".join([*GIVEN.values(), text])
    answer = references.answer(exercise, Question(_GIVEN_BACK, {"code": code, "names": names, "asked": list(asked)}))
    if answer.raised is not None:
        return ""
    asserts = [line for one in zip(asked, answer.value, strict=True) for line in _asserts(*one)]
    return "\n".join(filter(None, [text, *asserts]))


def _asserts(expression: str, value: Any) -> list[str]:
    """Asserts that an expression gives a value."""
    if isinstance(value, Tensor):
        made, module = f"torch.tensor({value.tolist()!r})", "torch"
        if isinstance(value, Array):
            made, module = f"np.array({value.tolist()!r})", "np"
        return [
            f"assert tuple({expression}.shape) == {tuple(value.shape)!r}",
            f"assert {module}.allclose({expression}, {made}, rtol=1e-4)",
        ]
    if isinstance(value, float):
        return [f"assert math.isclose({expression}, {value!r}, rel_tol=1e-6)"]
    try:
        ast.literal_eval(repr(value))
    except (ValueError, SyntaxError):
        return [f"assert {expression} is not None"]
    same = "is" if value is None or isinstance(value, bool) else "=="
    return [f"assert {grouped(expression)} {same} {value!r}"]


def _header(exercise: ImportedExercise, draft: ImportedTest) -> str:
    options = ["hidden"] if draft.hidden else []
    options.append(f"points={round(draft.points, 4):g}")
    if draft.title:
        options.append(f"title={json.dumps(draft.title, ensure_ascii=False)}")
    return f"# check: {exercise.id}, {', '.join(options)}"


def _exercise(exercise: ImportedExercise) -> dict[str, Any]:
    data: dict[str, Any] = {"id": exercise.id, "title": exercise.title}
    cells: dict[str, Any] = {}
    if exercise.graded_as:
        cells["graded_as"] = list(exercise.graded_as)
    if exercise.defines:
        cells["defines"] = list(exercise.defines)
    if cells:
        data["cells"] = cells
    if exercise.all_or_nothing and exercise.drafts:
        data["all_or_nothing"] = True
    if exercise.manual:
        data["manual"] = {"points": exercise.manual}
    return data
