"""Reads tests for pytest or unittest, with the script that they are about."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from grader.assignment.plain_checks import FIXTURES, Function
from grader.authoring.importing.imported import Imported, ImportedExercise, ImportedTest, LeftOut
from grader.authoring.importing.needs import CellsAround, Way
from grader.authoring.importing.notebook_file import (
    defined_in,
    files_named,
    id_of,
    plain,
    read_notebook_file,
    with_cells,
)
from grader.errors import UsageError

_NO_CHECK = ("skip", "skipif", "xfail")
_SECRET = ("hidden", "after_due_date", "after_published")


def read_pytest(path: Path, solution: Path, name: str, starter: Path | None = None) -> Imported:
    """Read a file of tests, or a folder of them.

    Args:
        solution: the script, or notebook, that passes.
        starter: what students begin with; if None, the solution with empty functions.

    Raises:
        UsageError: where there is no test, or what cannot be read.
    """
    files = (
        sorted(f for f in path.rglob("*.py") if re.match(r"test_.*|.*_test$|tests?$", f.stem))
        if path.is_dir()
        else [path]
    )
    files = [file for file in files if file.resolve() != solution.resolve()]
    text = _read(solution)
    reader = _Reader(path if path.is_dir() else path.parent, solution)
    exercises: list[ImportedExercise] = []
    for file in files:
        exercises += reader.exercises(file)
    if not any(one.drafts for one in exercises):
        said = "; ".join(f"{one.place}: {one.why}" for one in reader.left[:3])
        raise UsageError(f"{path} has no test that can be imported. {said}".strip(), "Give a file `test_*.py`.")
    tests = "\n".join(_read(file) for file in files)
    given = files_named(reader.home, tests) | files_named(solution.parent, text)
    given = {key: one for key, one in given.items() if one != solution and not Path(key).stem.startswith("test")}
    suffix = solution.suffix
    return Imported(
        name,
        plain(name.replace("_", " ").replace("-", " ")).capitalize(),
        (f"solution{suffix}", _content(solution)),
        (f"{solution.stem}{suffix}" if solution.stem != "solution" else f"{name}{suffix}", _starter(solution, starter)),
        [one for one in exercises if one.drafts],
        reader.left,
        {key: one for key, one in given.items() if key not in reader.inlined},
    )


def _read(path: Path) -> str:
    try:
        if path.suffix == ".ipynb":
            cells = read_notebook_file(path)["cells"]
            return "\n".join(cell["source"] for cell in cells if cell["cell_type"] == "code")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}.", "Give a script or a notebook.") from None


def _content(path: Path) -> dict[str, Any] | str:
    if path.suffix == ".ipynb":
        notebook = read_notebook_file(path)
        return with_cells(notebook, notebook["cells"])
    return _read(path)


def _starter(solution: Path, starter: Path | None) -> dict[str, Any] | str:
    if starter is not None:
        return _content(starter)
    content = _content(solution)
    if isinstance(content, str):
        return _hollow(content)
    for cell in content["cells"]:
        if cell["cell_type"] == "code":
            cell["source"] = _hollow(cell["source"])
    return content


def _hollow(text: str) -> str:
    """Code whose functions do nothing but say that they are to be written."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return text
    lines = text.split("\n")
    functions = [node for node in _functions(tree) if not isinstance(node.body[0], ast.Pass)]
    for node in sorted(functions, key=lambda one: -one.lineno):
        body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
        first, column = lines[body[0].lineno - 1].encode(), body[0].col_offset  # in bytes, as `ast` counts
        before = first[:column].decode()  # the indentation, or the head of a function of one line
        lines[body[0].lineno - 1 : node.end_lineno] = [f"{before}raise NotImplementedError"]
    return "\n".join(lines)


def _functions(tree: ast.Module | ast.ClassDef) -> Iterator[Function]:
    for node in tree.body:
        if isinstance(node, Function):
            yield node
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node)


class _Marks:
    """What the decorators of a test say."""

    def __init__(self, *decorators: ast.expr) -> None:
        self.points = 1.0
        self.hidden = False
        self.refused = ""
        self.expanded: ast.expr | None = None
        self.kept: list[ast.expr] = []
        for one in decorators:
            call = one if isinstance(one, ast.Call) else None
            name = ast.unparse(call.func if call else one).rpartition(".")[2]
            value = getattr(call.args[0], "value", None) if call and call.args else None
            if name in ("weight", "points", "max_score") and isinstance(value, (int, float)):
                self.points = float(value)
            elif name == "hidden" or (name == "visibility" and value in _SECRET):
                self.hidden = True
            elif name in _NO_CHECK or name in ("partial_credit", "leaderboard"):
                self.refused = f"`@{name}` has no place in a check that earns points"
            elif name == "expand" and call and call.args:
                self.expanded = call.args[0]
            elif name == "parametrize" or name in ("staticmethod", "classmethod"):
                self.kept.append(one)


class _Reader:
    """Makes exercises of files of tests: one of each class, one of the functions of a file."""

    def __init__(self, home: Path, solution: Path) -> None:
        self.home = home
        self.left: list[LeftOut] = []
        self.inlined: set[str] = set()
        self._solution = solution
        self._defined = set(defined_in([_read(solution)]))
        self._taken: set[str] = set()

    def exercises(self, file: Path) -> list[ImportedExercise]:
        try:
            text = _read(file)
            tree = ast.parse(text)
        except SyntaxError as error:
            self.left.append(LeftOut(f"{file.name}, line {error.lineno}", "it is not Python"))
            return []
        around = CellsAround(file.parent, self._defined, self._solution.resolve())
        for order, one in enumerate(self._conftests(file)):
            self._add(ast.parse(_read(one)), around, order - 2)
        tests = self._add(tree, around, 0)
        self.inlined |= {f"{name.replace('.', '/')}.py" for name in around.modules}
        nodes = [piece.node for piece in around.pieces]
        fixtures = {node.name: node for node in nodes if isinstance(node, Function) and _fixture(node)}
        found: list[ImportedExercise] = []
        functions = ImportedExercise("", _words(file.stem))
        for node in tests:
            if isinstance(node, ast.ClassDef):
                exercise = ImportedExercise("", _words(node.name))
                self._class(exercise, node, fixtures, file)
                self._settle(exercise, node.name, around)
                found.append(exercise)
            elif isinstance(node, Function):
                self._function(functions, node, fixtures, file)
        if functions.drafts:
            self._settle(functions, file.stem, around)
            found.insert(0, functions)
        return [one for one in found if one.drafts]

    def _add(self, tree: ast.Module, around: CellsAround, order: int) -> list[ast.stmt]:
        """Add what is no test of a file to what tests may need; the tests."""
        tree = _Imports(self._is_answer, self._solution.stem).visit(tree)
        text = ast.unparse(ast.fix_missing_locations(tree))
        tree, text = around.flattened(ast.parse(text), text, order)
        tests = [node for node in tree.body if _is_test(node)]
        kept = [node for node in tree.body if node not in tests and not _is_about_tests(node)]
        around.add(ast.Module(kept, []), text, order, "given")
        return tests

    def _settle(self, exercise: ImportedExercise, name: str, around: CellsAround) -> None:
        """Complete an exercise by what all of its tests need, and by what they are about."""
        stem = re.sub(r"^[Tt]ests?_?|_?tests?$", "", name) or name
        exercise.id = id_of(stem, self._taken)
        body = [node for draft in exercise.drafts for node in ast.parse(draft.texts[0]).body]
        asked = [part.arg for node in body for part in ast.walk(node) if isinstance(part, ast.arg)]
        fixtures = [ast.Expr(ast.Name(name, ast.Load())) for name in asked]
        pieces = around.before([*body, *fixtures], 1, 0, True, Way(copies=True))
        for piece in [one for one in pieces if isinstance(one.node, Function) and _fixture(one.node)]:
            assert isinstance(piece.node, Function)
            fixtures += [ast.Expr(ast.Name(one.arg, ast.Load())) for one in piece.node.args.args]
        pieces = around.before([*body, *fixtures], 1, 0, True, Way(copies=True))
        exercise.above = "\n".join(piece.text for piece in pieces)
        words = set(re.findall(r"[^\W\d]\w*", "\n".join([exercise.above, *(d.texts[0] for d in exercise.drafts)])))
        exercise.defines = tuple(sorted(words & self._defined)) or tuple(sorted(self._defined))

    def _conftests(self, file: Path) -> list[Path]:
        places = [self.home, *([file.parent] if file.parent != self.home else [])]
        return [place / "conftest.py" for place in places if (place / "conftest.py").is_file()]

    def _is_answer(self, module: str) -> bool:
        first = module.partition(".")[0]
        if module == self._solution.stem or module.rpartition(".")[2] == self._solution.stem:
            return True
        if first in sys.stdlib_module_names or first in ("torch", "numpy", "gradescope_utils"):
            return False
        if first.startswith("pytest"):  # its plugins, too
            return False
        if any((place / f"{module.replace('.', '/')}.py").is_file() for place in (self.home, self._solution.parent)):
            return False
        return importlib.util.find_spec(first) is None

    def _leave(self, file: Path, node: ast.stmt, why: str) -> None:
        name = getattr(node, "name", "")
        self.left.append(LeftOut(f"{file.name}, {name}", why))

    def _function(self, exercise: ImportedExercise, node: Function, fixtures: dict[str, Function], file: Path) -> None:
        marks = _Marks(*node.decorator_list)
        node = self._with_fixtures(node, marks, fixtures)
        if why := marks.refused or _missing(node, fixtures, marks):
            self._leave(file, node, why)
            return
        hidden = marks.hidden or "hidden" in node.name.lower() or "hidden" in file.stem.lower()
        exercise.drafts.append(
            ImportedTest((ast.unparse(node),), f"{file.name}, {node.name}", marks.points, hidden, _title(node))
        )

    def _with_fixtures(self, node: Function, marks: _Marks, fixtures: dict[str, Function]) -> Function:
        """A test that names the fixtures which are always there, and the parameters of those that have some."""
        always = [name for name, one in fixtures.items() if _option(one, "autouse")]
        there = [one.arg for one in node.args.args]
        first = 1 if there[:1] == ["self"] else 0
        node.args.args[first:first] = [ast.arg(name) for name in always if name not in there]
        node.decorator_list = list(marks.kept)
        if marks.expanded is not None:
            node.decorator_list.append(_parametrized([name for name in there if name != "self"], marks.expanded))
        for name, values in ((one.arg, _option(fixtures.get(one.arg), "params")) for one in node.args.args):
            if values is not None and _gives_parameter(fixtures[name]):
                call = f"pytest.mark.parametrize({name!r}, {ast.unparse(values)})"
                node.decorator_list.append(ast.parse(call, mode="eval").body)
        return node

    def _class(self, exercise: ImportedExercise, node: ast.ClassDef, fixtures: dict[str, Function], file: Path) -> None:
        """A class of tests: each test with all that it needs of the class."""
        of_class = _Marks(*node.decorator_list)
        rest = _set_up([one for one in node.body if not _is_test(one) and not _fixture(one)])
        inside = {one.name: one for one in node.body if isinstance(one, Function) and _fixture(one)}
        always = {name for name, one in inside.items() if _option(one, "autouse")}
        for test in [one for one in node.body if _is_test(one)]:
            assert isinstance(test, Function)
            marks = _Marks(*node.decorator_list, *test.decorator_list)
            test = self._with_fixtures(test, marks, fixtures)
            place = f"{file.name}, {node.name}.{test.name}"
            if asked := [name for name in inside if name in always or name in {one.arg for one in test.args.args}]:
                why = f"its fixture `{asked[0]}` is in the class: write it above the class, without `self`"
                self.left.append(LeftOut(place, why))
                continue
            if why := marks.refused or _missing(test, fixtures, marks):
                self.left.append(LeftOut(place, why))
                continue
            made = ast.ClassDef(node.name, node.bases, node.keywords, [*rest, test], [])
            if sys.version_info >= (3, 12):
                made.type_params = []
            text = ast.unparse(ast.fix_missing_locations(made))
            hidden = of_class.hidden or marks.hidden or "hidden" in f"{node.name} {test.name} {file.stem}".lower()
            exercise.drafts.append(ImportedTest((text,), place, marks.points, hidden, _title(test)))


def _is_test(node: ast.stmt) -> bool:
    if isinstance(node, ast.ClassDef):
        named = node.name.startswith("Test") or any("TestCase" in ast.unparse(base) for base in node.bases)
        return named and any(_is_test(one) for one in node.body)
    return isinstance(node, Function) and node.name.startswith("test")


def _is_about_tests(node: ast.stmt) -> bool:
    """Whether a statement is for a runner of tests alone."""
    text = ast.unparse(node)
    if re.match(r"(?:from|import) (?:__future__|gradescope_utils|pytest_)", text):
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return True
    return text.startswith(("pytestmark", "sys.path", "if __name__", "os.chdir"))


def _fixture(node: ast.stmt) -> bool:
    marks = node.decorator_list if isinstance(node, Function) else []
    return any(re.match(r"(?:\w+\.)?fixture\b", ast.unparse(one)) for one in marks)


def _parametrized(names: list[str], cases: ast.expr) -> ast.expr:
    """The mark of pytest's that says what `@parameterized.expand(cases)` does: each case is a tuple, also of one."""
    if len(names) == 1 and isinstance(cases, (ast.List, ast.Tuple)):
        elements = [one.elts[0] if isinstance(one, ast.Tuple) and len(one.elts) == 1 else one for one in cases.elts]
        cases = ast.List(elements, ast.Load())
    call = f"pytest.mark.parametrize({', '.join(names)!r}, {ast.unparse(cases)})"
    return ast.parse(call, mode="eval").body


def _option(node: Function | None, name: str) -> ast.expr | None:
    """An option of a fixture."""
    for mark in node.decorator_list if node is not None else ():
        for one in mark.keywords if isinstance(mark, ast.Call) else ():
            if one.arg == name and getattr(one.value, "value", True) is not False:
                return one.value
    return None


def _gives_parameter(node: Function) -> bool:
    """Whether a fixture is no more than its parameter."""
    return [ast.unparse(one) for one in node.body if not _is_about_tests(one)] == ["return request.param"]


def _missing(node: Function, fixtures: dict[str, Function], marks: _Marks) -> str:
    """Why a test has not what it asks for; empty where it has."""
    given = {"self", *FIXTURES}
    for one in (*marks.kept, *node.decorator_list):
        if isinstance(one, ast.Call) and one.args:
            try:
                names = ast.literal_eval(one.args[0])
            except ValueError:
                return "its parameters have names that are computed"
            given |= {name.strip() for name in names.split(",")} if isinstance(names, str) else set(names)
    asked = [one.arg for one in node.args.args]
    while asked:
        name = asked.pop()
        if name in given:
            continue
        if name not in fixtures:
            there = ", ".join(f"`{one}`" for one in FIXTURES)
            return f"there is no fixture `{name}` in a plain check; of pytest's own there is {there}"
        given.add(name)
        asked += [one.arg for one in fixtures[name].args.args]
    return ""


def _title(node: Function) -> str:
    return (ast.get_docstring(node) or "").strip().split("\n")[0][:100]


def _words(name: str) -> str:
    """A name in words."""
    name = re.sub(r"^[Tt]ests?_?|_?tests?$", "", name) or name
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_+", " ", name).strip().capitalize()


def _set_up(body: list[ast.stmt]) -> list[ast.stmt]:
    """The parts of a class that are no tests; what is done once for all of them is done for each."""
    once = [one for one in body if isinstance(one, Function) and one.name in ("setUpClass", "setup_class")]
    each = [one for one in body if isinstance(one, Function) and one.name in ("setUp", "setup_method")]
    for function in each:
        del function.args.args[1:]
    if once:
        if not each:
            made = ast.parse("def setUp(self):\n    pass").body[0]
            assert isinstance(made, Function)
            each, body = [made], [*body, made]
        each[0].body[0:0] = ast.parse(f"self.{once[0].name}()").body
    return [one for one in body if not isinstance(one, ast.Expr)]


class _Imports(ast.NodeTransformer):
    """Has what is the student's imported from the module that is named as the solution."""

    def __init__(self, is_answer: Callable[[str], bool], stem: str) -> None:
        self._is_answer = is_answer
        self._stem = stem

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom:
        if node.level or self._is_answer(node.module or ""):
            return ast.ImportFrom(self._stem, node.names, 0)
        return node

    def visit_Import(self, node: ast.Import) -> ast.Import:
        return ast.Import(
            [ast.alias(self._stem, one.asname or one.name) if self._is_answer(one.name) else one for one in node.names]
        )

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        match node:
            case ast.Assign(
                targets=[ast.Name(id=name)], value=ast.Call(func=function, args=[ast.Constant(value=str(module))])
            ):
                if ast.unparse(function).endswith("import_module") and self._is_answer(module):
                    return ast.Import([ast.alias(self._stem, name)])
        return node
