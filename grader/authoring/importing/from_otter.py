"""Reads an assignment of Otter's: its master notebook, or a notebook with a folder of OK tests."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

from grader.authoring.importing.composing import NotPython, composed, has_test, python_of
from grader.authoring.importing.doctests import asserts_of, with_printed
from grader.authoring.importing.imported import Imported, ImportedExercise, ImportedTest, LeftOut
from grader.authoring.importing.notebook_file import (
    Cells,
    defined_in,
    files_named,
    plain,
    read_notebook_file,
    source_of,
    title_of,
    with_cells,
)
from grader.authoring.importing.otter_master import (
    OtterMaster,
    OtterNotebook,
    OtterQuestion,
    OtterTest,
    block_of,
    called_test,
)
from grader.errors import UsageError
from grader.submission.bindings import bound_names
from grader.submission.read import headings_in

OTTER = '''"""Stands for Otter where a notebook asks it for help; the points come from elsewhere."""


class Notebook:
    def __init__(self, *args, **kwargs):
        pass

    def __getattr__(self, name):
        return lambda *args, **kwargs: None
'''
_OK_MODULES = ("client/__init__.py", "client/api/__init__.py")
_CHECK = re.compile(r"""\b(?:grader|ok)\.(?:check|grade)\(\s*["']([^"']+)["']""")


def read_otter(path: Path, name: str, starter: Path | None = None) -> Imported:
    """Read a master notebook; or a solved notebook, with its tests in a folder `tests` beside it or in its metadata.

    Args:
        starter: the notebook that students had, where the other one is no master.

    Raises:
        UsageError: where there is no question.
    """
    notebook = read_notebook_file(path)
    cells = notebook["cells"]
    if any(block_of(cell) == "QUESTION" for cell in cells):
        reader: OtterMaster | _Built = OtterMaster(path, notebook)
    else:
        beside = path.parent.parent / "student" / path.name
        starter = starter or (beside if path.parent.name == "autograder" and beside.is_file() else None)
        reader = _Built(path, notebook, read_notebook_file(starter)["cells"] if starter else None)
    reader.read()
    if not reader.questions:
        raise UsageError(
            f"{path} has no question of Otter's.",
            "Give the master notebook (with `# BEGIN QUESTION`), or one with a folder `tests` beside it.",
        )
    exercises = [_exercise(question, reader) for question in reader.questions]
    given = files_named(path.parent, "\n".join(cell["source"] for cell in cells if cell["cell_type"] == "code"))
    given["otter.py"] = OTTER
    if any("client.api" in cell["source"] for cell in cells):
        given |= dict.fromkeys(_OK_MODULES, "") | {"client/api/notebook.py": OTTER}
    return Imported(
        name,
        title_of(cells, name),
        ("solution.ipynb", with_cells(notebook, reader.solved)),
        (f"{name}.ipynb", with_cells(notebook, reader.emptied)),
        [one for one in exercises if one.drafts or one.manual],
        reader.left,
        given,
    )


class _Built(OtterNotebook):
    """A notebook with a folder of tests, as students have it."""

    def __init__(self, path: Path, notebook: dict[str, Any], starter: Cells | None) -> None:
        super().__init__(path, notebook)
        self._starter = starter

    def read(self) -> None:
        same = {cell["source"].strip() for cell in self._starter or ()}
        pending: list[tuple[int, str, bool]] = []
        cells: list[tuple[int, str, bool]] = []
        heading = ""
        for number, cell in enumerate(self.cells, 1):
            text = cell["source"]
            if cell["cell_type"] == "markdown":
                heads = [plain(one.text) for one in headings_in(text)]
                heading = heads[-1] if heads and heads[-1] else heading
            if cell["cell_type"] != "code":
                continue
            names = _CHECK.findall(text)
            own = text.strip() not in same and not _CHECK.search(text) and not _only_imports(text)
            if not names:
                pending.append((number, text, own))
                continue
            for name in names:
                question = self._test_file(name, number)
                if question is not None:
                    question.cells = [one for one in pending if one[2]]
                    question.title = heading
                    self.questions.append(question)
                    self.end[name] = question.cells[-1][0] if question.cells else number
            cells += pending
            pending = []
        cells += [(number, text, False) for number, text, _ in pending]
        self.around.own |= {name for _, text, own in cells if own for name in bound_names(text)}
        for number, text, own in cells:
            self.surround(number, text, own)
        self.solved = self.cells
        mine = {number for number, _, own in cells if own}
        self.emptied = self._starter or [
            {**cell, "source": "..."} if number in mine else cell for number, cell in enumerate(self.cells, 1)
        ]
        for file in sorted((self.path.parent / "tests").glob("*.py")):
            if file.stem not in {question.name for question in self.questions} and file.stem != "__init__":
                self.left.append(LeftOut(f"tests/{file.name}", "no cell checks it, by `grader.check` or `ok.grade`"))

    def _test_file(self, name: str, number: int) -> OtterQuestion | None:
        """The tests of a name, of a file or of the notebook's metadata."""
        about = self.metadata.get("otter", {})
        kept = about.get("tests", {}) if isinstance(about, dict) else {}
        file = self.path.parent / "tests" / f"{name}.py"
        place = f"tests/{name}.py"
        if name in kept:
            place, found = f"{self.path.name}, metadata, {name}", kept[name]
            if isinstance(found, dict):
                return self._ok(name, found, place, number)
            text = source_of({"source": found})
        elif file.is_file():
            text = file.read_text(encoding="utf-8", errors="replace")
        else:
            self.left.append(LeftOut(self.place(number), f"there is no {place}"))
            return None
        try:
            tree = ast.parse(text)
        except SyntaxError as error:
            self.left.append(LeftOut(f"{place}, line {error.lineno}", "it is not Python"))
            return None
        values: dict[str, Any] = {}
        for node in tree.body:
            match node:
                case ast.Assign(targets=[ast.Name(id=variable)], value=value):
                    try:
                        values[variable] = ast.literal_eval(value)
                    except ValueError:
                        continue
        if isinstance(values.get("test"), dict):
            return self._ok(name, values["test"], place, number)
        question = OtterQuestion(name, values.get("points"), all_or_nothing=bool(values.get("all_or_nothing")))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and any("test_case" in ast.unparse(d) for d in node.decorator_list):
                options = {
                    str(one.arg): getattr(one.value, "value", None)
                    for mark in node.decorator_list
                    if isinstance(mark, ast.Call)
                    for one in mark.keywords
                }
                test = OtterTest(
                    f"{place}, line {node.lineno}",
                    [],
                    bool(options.get("hidden")),
                    options.get("points"),
                    str(options.get("name") or ""),
                    number,
                )
                shared = [ast.unparse(one) for one in tree.body if _is_helper(one)]
                test.texts = ["\n".join([*shared, called_test(ast.Module([node], []))])]
                question.tests.append(test)
        if not question.tests:
            self.left.append(LeftOut(place, "it is no test of OK's or of Otter's"))
            return None
        return question

    def _ok(self, name: str, spec: dict[str, Any], place: str, number: int) -> OtterQuestion:
        question = OtterQuestion(name, spec.get("points"), all_or_nothing=bool(spec.get("all_or_nothing")))
        for suite in spec.get("suites", []):
            for count, case in enumerate(suite.get("cases", []), 1):
                where = f"{place}, case {count}"
                hidden = bool(case.get("hidden", False))
                test = OtterTest(where, [], hidden, case.get("points"), str(case.get("name") or ""), number)
                question.tests.append(test)
                if suite.get("type", "doctest") != "doctest" or case.get("locked"):
                    self.left.append(LeftOut(where, "it is locked, or no doctest"))
                    continue
                try:
                    forms = []
                    for strict in (True, False):
                        setup = asserts_of(str(suite.get("setup") or ""), strict)
                        forms.append(
                            with_printed("\n".join(filter(None, [setup, asserts_of(str(case["code"]), strict)])))
                        )
                    test.texts = forms
                except (ValueError, SyntaxError, KeyError) as error:
                    self.left.append(LeftOut(where, str(error)))
        return question


def _is_helper(node: ast.stmt) -> bool:
    """Whether a statement of a file of tests is neither a test nor about them."""
    if isinstance(node, ast.Assign):
        return not {ast.unparse(target) for target in node.targets} & {"name", "points", "OK_FORMAT", "all_or_nothing"}
    if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("otter"):
        return False
    return not (isinstance(node, ast.FunctionDef) and node.decorator_list) and not isinstance(node, ast.Expr)


def _only_imports(text: str) -> bool:
    try:
        tree, _ = python_of(text)
    except NotPython:
        return False
    return all(
        isinstance(node, (ast.Import, ast.ImportFrom)) or "otter.Notebook" in ast.unparse(node) for node in tree.body
    )


def _exercise(question: OtterQuestion, reader: OtterNotebook) -> ImportedExercise:
    id = reader.new_id(question.name)
    texts = [text for _, text, _ in question.cells]
    exercise = ImportedExercise(
        id, question.title or question.name, (question.name,), defined_in(texts), all_or_nothing=question.all_or_nothing
    )
    if question.manual:
        each = question.points.get("each", 1) if isinstance(question.points, dict) else question.points
        exercise.manual = float(each) if isinstance(each, (int, float)) and each > 0 else 1.0
        exercise.all_or_nothing = False
        return exercise
    for count, (test, points) in enumerate(zip(question.tests, _shared(question), strict=True)):
        if not test.texts:
            continue
        if points <= 0:
            reader.left.append(LeftOut(test.place, f"{question.name}: it has no points"))
            continue
        found: list[str] = []
        order = test.order + count / 1000  # they are run one after the other, in one scope
        for text in test.texts:
            try:
                tree, made = python_of(text)
            except NotPython as error:
                reader.left.append(LeftOut(test.place, f"{question.name}: {error}"))
                break
            if not has_test(tree):
                reader.left.append(LeftOut(test.place, f"{question.name}: it asserts nothing"))
                break
            found += composed(tree, made, order, reader.end.get(question.name, 0), reader.around, test.hidden)
        reader.around.add(tree, made, order, "test", test.hidden)
        if found:
            forms = tuple(dict.fromkeys(found))
            exercise.drafts.append(
                ImportedTest(forms, test.place, points, test.hidden, "" if test.hidden else test.title)
            )
    if not question.tests:
        reader.left.append(LeftOut(question.name, "the question has no tests"))
    return exercise


def _shared(question: OtterQuestion) -> list[float]:
    """The points of each test: its own, or an equal share of what the question has left."""
    points = question.points
    count = len(question.tests)
    if isinstance(points, dict):
        points = points.get("each", 1) * count
    if isinstance(points, list) and len(points) == count:
        return [float(one or 0) for one in points]
    own = [float(test.points) if isinstance(test.points, (int, float)) else None for test in question.tests]
    given = sum(one for one in own if one is not None)
    total = float(points) if isinstance(points, (int, float)) else (1.0 if given == 0 else given)
    open_ = own.count(None)
    return [one if one is not None else max(total - given, 0.0) / open_ for one in own]
