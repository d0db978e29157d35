"""Plain checks: code with asserts, as everybody writes it, in a file of `checks/` or a cell of the master notebook.

A block begins with `# check: EXERCISE, points=2, hidden, title="...", hint="..."`. What stands before the first one is
run before each. Test functions, as pytest's, are a check each; without a line of that form they belong to the exercise
that the file is named after.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from grader.errors import SpecError
from grader.models.message import Localized

_HEADER = re.compile(r"^#\s*check\s*:\s*(?P<exercise>[^,\s]+)\s*(?:,(?P<more>.*))?$", re.IGNORECASE)
_NO_COMMA = re.compile(r"#\s*check\s*:\s*([^,\s]+)\s+(?:hidden\b|(?:points|hint|title)\s*=)", re.IGNORECASE)
_FORM = 'Write it as `# check: EXERCISE, points=2, hint="..."`.'
_FLAG = re.compile(r"(?:(?<=^)|(?<=,))\s*hidden\s*(?=,|$)")
_OWN = re.compile(r"^\s*(?:from|import)\s+grader\b", re.MULTILINE)
_ASSERTS = re.compile(r"\bassert|\braises\b|^(?:async )?def test", re.MULTILINE)
FIXTURES = {"tmp_path": "__import__('pathlib').Path(__import__('tempfile').mkdtemp())", "capsys": "__tape__.capsys()"}
"""pytest's own fixtures that are there."""


CHECKS = "from_master.py"
"""The check cells of a master, each behind a line that says where it is in it."""
_WORDS, _LONGEST = 8, 80
"""Of a name that is made of a title, and letters."""
_ELSEWHERE = {
    "assert_no_gc_cycles": "Write `import gc`, `gc.collect()`, the call, and `assert gc.collect() == 0`.",
}
"""Names that no plain check can use, each with what to write instead."""
Place = Callable[[int], str]
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class PlainCheck:
    """Code with asserts that earns points.

    Attributes:
        exercise: its id.
        name: unique among those of its exercise in the file: a test function's, or made of the title; else that of the
            file, or `asserts` where the file is named after the exercise, or made of a master.
        tree: the code, whose lines are those of the file; what is not written there has no `end_lineno`.
        line: where it begins.
        points: earned by all of it.
        title: what is expected, in a line.
        source: the lines of the file.
    """

    exercise: str
    name: str
    tree: ast.Module
    line: int
    points: float = 1.0
    hidden: bool = False
    hint: Localized | None = None
    title: Localized | None = None
    source: tuple[str, ...] = field(default=(), repr=False)


def is_plain(text: str) -> bool:
    """Whether a file of checks holds plain ones: it marks some, or asserts and imports nothing of the grader."""
    return has_blocks(text) or (_OWN.search(text) is None and _ASSERTS.search(text) is not None)


def has_blocks(text: str) -> bool:
    """Whether some lines of a file say which exercise a check belongs to."""
    return any(_HEADER.match(line) for line in text.splitlines())


def named_exercise(path: Path, exercises: list[str]) -> str | None:
    """The exercise that a file is named after."""
    stem = path.stem.removeprefix("test_").removesuffix("_test").replace("-", "_")
    return next((exercise for exercise in exercises if exercise.replace("-", "_") == stem), None)


def hold_comma(line: str, where: str) -> None:
    """Whether a line that begins a check has a comma behind its exercise.

    Raises:
        SpecError: where it has none; then its options would be part of a comment.
    """
    if found := _NO_COMMA.match(line):
        raise SpecError(f"{where}: a comma is missing behind {found[1]!r}.", _FORM)


def read_plain(path: Path, exercises: list[str], place: Place | None = None) -> list[PlainCheck]:
    """The checks of a file.

    Args:
        exercises: the ids of the assignment's.
        place: how a line of it is called, where it is made of another file.

    Raises:
        SpecError: for what is no Python, a block without an exercise, or an option that there is not; with the line.
    """
    text = path.read_text(encoding="utf-8")
    place = place or line_in(path)
    try:
        tree = ast.parse(text, str(path))
    except SyntaxError as error:
        raise SpecError(f"{place(error.lineno or 1)}: {error.msg}.") from None
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute) and (instead := _ELSEWHERE.get(last_name(node))):
            said = f"{place(node.lineno)}: `{last_name(node)}` cannot be judged outside of the submission's process."
            raise SpecError(said, instead)
    for number, line in enumerate(text.split("\n"), 1):
        hold_comma(line, place(number))
    stem = "asserts" if path.name == CHECKS else path.stem.removeprefix("test_").removesuffix("_test")
    heads = [(number, match) for number, line in enumerate(text.split("\n"), 1) if (match := _HEADER.match(line))]
    blocks = [_headed(place(number), number, match, exercises, stem) for number, match in heads]
    blocks = blocks or [_named(path, exercises)]
    starts = [block.line for block in blocks] if heads else [0]
    shared = [node for node in tree.body if node.lineno < starts[0]]
    found: list[PlainCheck] = []
    for block, start, end in zip(blocks, starts, [*starts[1:], len(text) + 1], strict=True):
        own = [node for node in tree.body if start <= _first_line(node) < end]
        found += _checks(place, block, shared, own, bool(heads))
    lines = tuple(text.split("\n"))
    return [replace(check, source=lines) for check in _told_apart(found)]


def _told_apart(checks: list[PlainCheck]) -> Iterator[PlainCheck]:
    """The checks, of which no two of an exercise have the same name: the second one is `name[2]`."""
    met: Counter[tuple[str, str]] = Counter()
    for check in checks:
        met[check.exercise, check.name] += 1
        number = met[check.exercise, check.name]
        yield replace(check, name=f"{check.name}[{number}]") if number > 1 else check


def line_in(path: Path) -> Place:
    """How a line of a file is called."""
    return lambda number: f"{path}, line {number}"


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(one.lineno for one in decorators)])


def _named(path: Path, exercises: list[str]) -> PlainCheck:
    """What the name of a file says."""
    exercise = named_exercise(path, exercises)
    if exercise is None:
        raise SpecError(
            f"{path}: the checks belong to no exercise.",
            f"Begin each with a line `# check: {exercises[0]}, points=1`, or name the file after an exercise.",
        )
    return PlainCheck(exercise, "asserts", ast.Module([], []), 1)


def _headed(where: str, number: int, match: re.Match[str], exercises: list[str], stem: str) -> PlainCheck:
    """What the line above a block says."""
    exercise = match["exercise"]
    if exercise not in exercises:
        raise SpecError(f"{where}: there is no exercise {exercise!r}.", f"The exercises are: {', '.join(exercises)}.")
    options = _options(where, match["more"] or "")
    points = options.pop("points", 1.0)
    if isinstance(points, bool) or not isinstance(points, (int, float)) or not 0 < points < float("inf"):
        raise SpecError(f"{where}: `points` is a number above 0, and not {points!r}.")
    hidden = options.pop("hidden", False)
    hint, title = (_localized(where, name, options.pop(name, None)) for name in ("hint", "title"))
    if options:
        raise SpecError(f"{where}: there is no `{next(iter(options))}`; there are points, hidden, hint and title.")
    name = "asserts" if exercise.replace("-", "_") == stem.replace("-", "_") else stem
    if title is not None:
        words = re.findall(r"\w+", title.en.lower().replace("'", ""))
        name = "-".join(words[:_WORDS])[:_LONGEST] or name
    return PlainCheck(exercise, name, ast.Module([], []), number, float(points), bool(hidden), hint, title)


def _options(where: str, text: str) -> dict[str, Any]:
    try:
        call = ast.parse(f"f({_FLAG.sub(' hidden=True', text)})", mode="eval").body
        if not isinstance(call, ast.Call) or call.args:
            raise ValueError
        return {str(one.arg): ast.literal_eval(one.value) for one in call.keywords}
    except (SyntaxError, ValueError):
        raise SpecError(f"{where}: {text.strip()!r} cannot be read.", _FORM) from None


def _localized(where: str, name: str, text: Any) -> Localized | None:
    if text is None:
        return None
    if isinstance(text, str) and text:
        return Localized(en=text)
    if isinstance(text, dict) and text.keys() <= {"en", "ko"} and isinstance(text.get("en"), str):
        return Localized(**text)
    raise SpecError(f'{where}: `{name}` is a text, or {{"en": ..., "ko": ...}}.')


def _checks(
    place: Place, block: PlainCheck, shared: list[ast.stmt], own: list[ast.stmt], headed: bool
) -> list[PlainCheck]:
    """A check for each test of a block; one where it has none.

    Args:
        headed: whether a line above the block gives the points, of which each test has its share.
    """
    everything = [node for node in (*shared, *own) if not _tests(node)]
    fixtures = {node.name: node for node in everything if isinstance(node, Function) and _is_fixture(node)}
    body = [_undecorated(node) if node in fixtures.values() else node for node in everything]
    calls = [(node, test) for node in own for test in _tests(node)]
    if not calls:
        return [replace(block, tree=ast.Module(body, []))]
    each = block.points / len(calls) if headed else block.points
    found = []
    for node, test in calls:
        run = ast.parse("\n".join(_run(place, node, test, fixtures))).body
        for part in (part for one in run for part in ast.walk(one)):
            ast.copy_location(part, test)
            part.end_lineno = None  # type: ignore[attr-defined]
        tree = ast.Module([*body, _unmarked(node), *run], [])
        doc = (ast.get_docstring(test) or "").strip().splitlines()[:1]
        title = block.title or (Localized(en=doc[0]) if doc else None)
        name = test.name.removeprefix("test_") or test.name
        found.append(replace(block, name=name, tree=tree, line=test.lineno, points=each, title=title))
    return found


def _tests(node: ast.stmt) -> list[Function]:
    """The test functions of a statement: itself, or the methods of a class of tests."""
    if isinstance(node, Function) and node.name.startswith("test"):
        return [node]
    if isinstance(node, ast.ClassDef) and (
        node.name.startswith("Test") or {"TestCase", "IsolatedAsyncioTestCase"} & {*map(last_name, node.bases)}
    ):
        return [one for one in node.body if isinstance(one, Function) and one.name.startswith("test")]
    return []


def last_name(node: ast.AST) -> str:
    """The last name of `a.b.c`, or of a call of it."""
    if isinstance(node, ast.Call):
        return last_name(node.func)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _is_fixture(node: Function) -> bool:
    return "fixture" in map(last_name, node.decorator_list)


def _undecorated(node: ast.stmt) -> Function:
    assert isinstance(node, Function)
    return type(node)(**{**{f: getattr(node, f) for f in node._fields}, "decorator_list": []}, **_place(node))


def _unmarked(node: ast.stmt) -> ast.stmt:
    """A test, or a class of tests, without pytest's marks."""
    fields: dict[str, Any] = {field: getattr(node, field) for field in node._fields}
    fields["decorator_list"] = [
        one for one in fields["decorator_list"] if not ast.unparse(one).startswith(("pytest.", "mark."))
    ]
    if isinstance(node, ast.ClassDef):
        fields["body"] = [_unmarked(one) if isinstance(one, Function) else one for one in node.body]
    return type(node)(**fields, **_place(node))


def _place(node: ast.stmt) -> dict[str, Any]:
    return {name: getattr(node, name) for name in ("lineno", "col_offset", "end_lineno", "end_col_offset")}


def _run(place: Place, node: ast.stmt, test: Function, fixtures: dict[str, Function]) -> list[str]:
    """Code that calls a test with its fixtures, once for each of its parameters."""
    loops, given = [], set()
    for mark in test.decorator_list:
        if isinstance(mark, ast.Call) and last_name(mark) == "parametrize" and len(mark.args) >= 2:
            names = ast.literal_eval(mark.args[0])
            names = [one.strip() for one in names.split(",")] if isinstance(names, str) else list(names)
            loops.append(f"for {', '.join(names)} in {_cases(mark.args[1])}:")
            given.update(names)
        elif last_name(mark) in ("skip", "skipif", "xfail"):
            raise SpecError(f"{place(test.lineno)}: `{last_name(mark)}` has no place in a check that earns points.")
    lines: list[str] = []
    wanted = [one.arg for one in test.args.args[1 if isinstance(node, ast.ClassDef) else 0 :]]
    made = {name: _fixture(place, test, name, fixtures, lines, set()) for name in wanted if name not in given}
    arguments = ", ".join(f"{name}={made.get(name, name)}" for name in wanted)
    if isinstance(node, ast.ClassDef):
        lines.append(f"own_case = {node.name}()")
        methods = {one.name for one in node.body if isinstance(one, Function)}
        lines += [f"own_case.{name}()" for name in ("setUp", "setup_method") if name in methods]
        lines += ["await own_case.asyncSetUp()"] if "asyncSetUp" in methods else []
    call = f"own_case.{test.name}({arguments})" if isinstance(node, ast.ClassDef) else f"{test.name}({arguments})"
    lines.append(f"await {call}" if isinstance(test, ast.AsyncFunctionDef) else call)
    for loop in loops:
        lines = [loop, *(f"    {line}" for line in lines)]
    return lines


def _cases(node: ast.expr) -> str:
    """The values of a parametrized test, without pytest's own wrapping."""
    if not isinstance(node, (ast.List, ast.Tuple)):
        return ast.unparse(node)
    cases = []
    for one in node.elts:
        wrapped = isinstance(one, ast.Call) and last_name(one) == "param"
        values = one.args if isinstance(one, ast.Call) and wrapped else [one]
        cases.append(ast.unparse(values[0] if len(values) == 1 else ast.Tuple(values, ast.Load())))
    return f"[{', '.join(cases)}]"


def _fixture(
    place: Place,
    test: Function,
    name: str,
    fixtures: dict[str, Function],
    lines: list[str],
    asked: set[str],
) -> str:
    """The variable that holds a fixture, which is made first."""
    variable = f"own_{name}"
    if any(line.startswith(f"{variable} = ") for line in lines):
        return variable
    if name in FIXTURES:
        lines.append(f"{variable} = {FIXTURES[name]}")
        return variable
    if name not in fixtures or name in asked:
        raise SpecError(
            f"{place(test.lineno)}: there is no fixture {name!r}.",
            f"Define it in this file; of pytest's own there is: {', '.join(FIXTURES)}.",
        )
    function = fixtures[name]
    made = {one.arg: _fixture(place, test, one.arg, fixtures, lines, asked | {name}) for one in function.args.args}
    call = f"{name}({', '.join(f'{key}={value}' for key, value in made.items())})"
    yields = any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in ast.walk(function))
    waits = isinstance(function, ast.AsyncFunctionDef)
    made_by = (f"await anext({call})" if waits else f"next({call})") if yields else f"await {call}" if waits else call
    lines.append(f"{variable} = {made_by}")
    return variable
