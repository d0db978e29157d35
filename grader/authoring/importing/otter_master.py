"""Reads the master notebook of an assignment of Otter's: its questions, with their answers and tests."""

from __future__ import annotations

import ast
import copy
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from grader.assignment.marks import BLANK, MarkError, read_marks
from grader.authoring.importing.composing import NotPython, python_of
from grader.authoring.importing.doctests import expecting, with_printed
from grader.authoring.importing.imported import LeftOut
from grader.authoring.importing.needs import CellsAround
from grader.authoring.importing.notebook_file import Cells, id_of, plain, source_of
from grader.submission.bindings import bound_names
from grader.submission.read import headings_in

_DIRECTIVE = re.compile(
    r"^\s*#?\s*(BEGIN|END) (QUESTION|SOLUTION|TESTS?|PROMPT)\b|^\s*#?\s*(ASSIGNMENT CONFIG)", re.IGNORECASE
)
_OLD_QUESTION = re.compile(
    r"(?:```|<!--)\s*\n?\s*BEGIN (QUESTION|ASSIGNMENT)\s*\n(.*?)(?:```|-->)", re.DOTALL | re.IGNORECASE
)
_OLD_TEST = re.compile(r"^\s*#+\s*((?:HIDDEN\s+)?TEST)\b[^\n]*(?:\n|$)", re.IGNORECASE)
_OLD_SOLUTION = re.compile(r"(?:\*\*|<strong>)solution:?(?:\*\*|</strong>)", re.IGNORECASE)
_IGNORED_CELL = re.compile(r"\s*#+\s*ignore\s*#*\s*(?:\n|$)", re.IGNORECASE)
_CONFIG = re.compile(
    r'^(?:.\s*=\s*)?"{2,3}\s*#\s*BEGIN TEST CONFIG\s*\n(.*?)\n"{2,3}\s*#\s*END TEST CONFIG[^\n]*\n?',
    re.DOTALL | re.IGNORECASE,
)
_IGNORE = re.compile(
    r"^[ \t]*#\s*BEGIN IGNORE[^\n]*\n.*?# END IGNORE[^\n]*$\n?", re.MULTILINE | re.DOTALL | re.IGNORECASE
)


@dataclass
class OtterQuestion:
    """A question, as its configuration and its tests say."""

    name: str
    points: Any = None
    manual: bool = False
    all_or_nothing: bool = False
    cells: list[tuple[int, str, bool]] = field(default_factory=list)
    tests: list[OtterTest] = field(default_factory=list)
    title: str = ""


@dataclass
class OtterTest:
    """A test case; its code in the forms that it may take."""

    place: str
    texts: list[str]
    hidden: bool
    points: float | None = None
    title: str = ""
    order: float = 0


def block_of(cell: dict[str, Any]) -> str:
    """The block that a cell begins: QUESTION, SOLUTION, TESTS, PROMPT, CONFIG; with `/` before it where it ends."""
    if cell["cell_type"] != "raw":
        found = _OLD_QUESTION.search(cell["source"]) if cell["cell_type"] == "markdown" else None
        return found[1].upper() if found else ""
    found = _DIRECTIVE.match(cell["source"])
    if found is None:
        return ""
    if found[3]:
        return "CONFIG"
    kind = "TESTS" if found[2].upper().startswith("TEST") else found[2].upper()
    return kind if found[1].upper() == "BEGIN" else f"/{kind}"


def _settings(text: str) -> dict[str, Any]:
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError:
        return {}
    return found if isinstance(found, dict) else {}


class OtterNotebook:
    """What both forms have: the two notebooks, and what may be needed of their cells."""

    def __init__(self, path: Path, notebook: dict[str, Any]) -> None:
        self.path = path
        self.cells: Cells = notebook["cells"]
        self.metadata = notebook["metadata"]
        self.questions: list[OtterQuestion] = []
        self.left: list[LeftOut] = []
        self.solved: Cells = []
        self.emptied: Cells = []
        self.around = CellsAround(path.parent, set())
        self.end: dict[str, int] = {}
        self._taken: set[str] = set()

    def place(self, number: int) -> str:
        return f"{self.path.name}, cell {number}"

    def surround(self, number: int, text: str, own: bool) -> None:
        """Take a cell for what tests may need."""
        try:
            tree, made = python_of(text)
        except NotPython:
            return
        self.around.add(tree, made, number, "own" if own else "given")

    def new_id(self, name: str) -> str:
        return id_of(name, self._taken)


class OtterMaster(OtterNotebook):
    """A master notebook, in the form of Otter 1 and later, or the older one."""

    def read(self) -> None:
        question: OtterQuestion | None = None
        block = heading = ""
        roles: list[tuple[int, str, bool]] = []
        init = any("otter.Notebook(" in cell["source"] for cell in self.cells)
        old_tests = False
        for number, cell in enumerate(self.cells, 1):
            begins, text = block_of(cell), cell["source"]
            code = cell["cell_type"] == "code"
            if _IGNORED_CELL.match(text):
                continue
            if begins == "CONFIG" or begins == "ASSIGNMENT":
                settings = _settings(text.split("\n", 1)[-1] if begins == "CONFIG" else "")
                if settings.get("init_cell") is not False and not init:
                    self._both(_code("import otter\ngrader = otter.Notebook()"))
                    init = True
                rest = _OLD_QUESTION.sub("", text).strip() if begins == "ASSIGNMENT" else ""
                if rest:
                    self._both({**cell, "source": rest})
                continue
            if begins == "QUESTION":
                self._close(question, old_tests)
                old = cell["cell_type"] == "markdown"
                found = _OLD_QUESTION.search(text)
                question = self._question(_settings(found[2] if old and found else text.split("\n", 1)[-1]), number)
                old_tests, block = old, ""
                if old:
                    heading = self._heading(text, heading)
                    self._both({**cell, "source": _OLD_QUESTION.sub("", text).strip()})
                question.title = heading if old else ""
                continue
            if begins == "/QUESTION":
                self._close(question, old_tests)
                question, block = None, ""
                continue
            if begins in ("SOLUTION", "TESTS", "PROMPT"):
                block = begins
                continue
            if begins.startswith("/"):
                block = ""
                continue
            if cell["cell_type"] == "markdown":
                found_heading = self._heading(text, "")
                heading = found_heading or heading
                if question is not None and not question.title:
                    question.title = heading
            is_test = code and question is not None and (block == "TESTS" or (old_tests and _OLD_TEST.match(text)))
            if is_test and question is not None:
                self._test(question, number, cell)
                continue
            if old_tests and question is not None and question.tests:
                self._close(question, old_tests)
                question, old_tests = None, False
            if block == "PROMPT":
                self.emptied.append(cell)
                continue
            text = _lines_without(_IGNORE.sub("", text), "# IGNORE")
            is_solved = _is_solved(text) if code else bool(old_tests and _OLD_SOLUTION.search(text))
            own = question is not None and (block == "SOLUTION" or (code and old_tests) or is_solved)
            solved, emptied = _solved_and_emptied(text) if code and (own or is_solved) else (text, text)
            self.solved.append({**cell, "source": solved})
            if own and question is not None:
                about = {**cell.get("metadata", {}), "tags": ["otter_answer_cell"]}
                if code:
                    question.cells.append((number, solved, True))
                    roles.append((number, solved, True))
                    self.emptied.append({**cell, "metadata": about, "source": emptied})
                elif question.manual:
                    said = "_Type your answer here, replacing this text._"
                    self.emptied.append({**cell, "metadata": about, "source": said})
                continue
            if code:
                roles.append((number, solved, False))
            self.emptied.append({**cell, "source": emptied})
        self._close(question, old_tests)
        self.around.own |= {name for _, text, own in roles if own for name in bound_names(text)}
        for number, text, own in roles:
            self.surround(number, text, own)

    def _heading(self, text: str, otherwise: str) -> str:
        found = [plain(heading.text) for heading in headings_in(_OLD_QUESTION.sub("", text))]
        if found and found[-1]:
            return found[-1]
        bold = re.match(r"\s*\*\*(.{3,80}?)\*\*", text)
        return plain(bold[1]) if bold else otherwise

    def _both(self, cell: dict[str, Any]) -> None:
        self.solved.append(cell)
        self.emptied.append(cell)

    def _question(self, settings: dict[str, Any], number: int) -> OtterQuestion:
        name = str(settings.get("name") or f"q{len(self.questions) + 1}")
        question = OtterQuestion(
            name, settings.get("points"), bool(settings.get("manual")), bool(settings.get("all_or_nothing"))
        )
        self.questions.append(question)
        return question

    def _close(self, question: OtterQuestion | None, old: bool) -> None:
        """End a question with the cell in which students check it."""
        if question is None or question.name in self.end:
            return
        self.end[question.name] = question.cells[-1][0] if question.cells else 0
        if question.tests or question.cells:
            self._both(_code(f'grader.check("{question.name}")'))

    def _test(self, question: OtterQuestion, number: int, cell: dict[str, Any]) -> None:
        text = cell["source"]
        first = text.lstrip().split("\n", 1)[0]
        hidden = first.startswith("#") and bool(re.search(r"\bhidden\b", first, re.IGNORECASE))
        settings: dict[str, Any] = {}
        if found := _CONFIG.match(text):
            settings, text = _settings(found[1]), text[found.end() :]
        elif hidden or _OLD_TEST.match(text):
            text = text.lstrip().split("\n", 1)[1] if "\n" in text.lstrip() else ""
        test = OtterTest(
            self.place(number), [], bool(settings.get("hidden", hidden)), settings.get("points"), order=number
        )
        question.tests.append(test)
        try:
            tree, made = python_of(text, shown=bool(_output(cell)))
            if called := called_test(tree):
                test.texts = [called]
            else:
                test.texts = [with_printed(expecting(made, _output(cell), strict)) for strict in (True, False)]
        except (NotPython, ValueError, SyntaxError) as error:
            self.left.append(LeftOut(test.place, f"{question.name}: {error}"))


def _code(text: str) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {}, "source": text, "outputs": [], "execution_count": None}


def _output(cell: dict[str, Any]) -> str:
    """What a test cell put out, which is what is expected of it."""
    said = ""
    for one in cell.get("outputs", []):
        said += source_of({"source": one.get("text", "")}) if one.get("name") != "stderr" else ""
        said += source_of({"source": one.get("data", {}).get("text/plain", "")})
    return said


def _is_solved(text: str) -> bool:
    return bool(re.search(r"#\s*(?:BEGIN )?SOLUTION\b", text))


def _lines_without(text: str, end: str) -> str:
    return "\n".join(line for line in text.split("\n") if not line.rstrip().endswith(end))


def _solved_and_emptied(text: str) -> tuple[str, str]:
    """A student's cell with its solution, and without."""
    try:
        lines = read_marks(text.split("\n"), code=True)
    except MarkError:
        return text, BLANK
    solved = "\n".join(line.solution for line in lines if line.solution is not None)
    emptied = "\n".join(line.starter for line in lines if line.starter is not None).strip("\n")
    return solved, BLANK if emptied == text.strip("\n") else emptied


def called_test(tree: ast.Module) -> str:
    """A test function, with a call of it; what it takes as parameters are names. Empty where it is none."""
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    if not functions or any(isinstance(node, (ast.Assert, ast.Expr)) for node in tree.body if not _is_call(node)):
        return ""
    function = functions[-1]
    names = [one.arg for one in function.args.args]
    if len(tree.body) > len(functions) + 1 or (not names and not function.name.startswith("test")):
        return ""
    body = [ast.unparse(_WithoutEnvironment().visit(copy.deepcopy(node))) for node in functions]
    return "\n".join([*body, f"{function.name}()"])


def _is_call(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)


class _WithoutEnvironment(ast.NodeTransformer):
    """Names in the place of what a test takes from the student's environment: as parameters, as `env["name"]`."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self.generic_visit(node)
        node.args.args = []
        node.decorator_list = []
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        self.generic_visit(node)
        match node:
            case ast.Subscript(value=ast.Name(id="env"), slice=ast.Constant(value=str(name))):
                return ast.Name(name, node.ctx)
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="env"), attr="get"), args=[ast.Constant(value=str(name)), *_]
            ):
                return ast.Name(name, ast.Load())
        return node
