"""What an exception of student code shows by itself, and together with the code that raised it."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Iterator

from grader.diagnosis.function_facts import GIVES_NONE
from grader.diagnosis.syntax import last_name, parse_source
from grader.models.mistake import Fact
from grader.models.observation import Frame, Raised

_TOO_FEW = re.compile(r"(?:.*\.)?(\w+)\.(\w+)\(\) missing \d+ required positional argument", re.DOTALL)
_TOO_MANY = re.compile(
    r"(?:.*\.)?(\w+)\.(\w+)\(\) takes (\d{1,3}) positional arguments? but (\d{1,3}) (?:was|were) given"
)
_NOWHERE = Frame(cell=None, line=0, function="", code="")


def exception_facts(raised: Raised, source: Iterable[Fact], expected: str = "") -> Iterator[Fact]:
    """The facts that an exception shows.

    Args:
        source: facts of the source that raised it.
        expected: the exception that the solution ends in.
    """
    frame = raised.frames[-1] if raised.frames else _NOWHERE
    place: Fact = {"code": frame.code, "line": frame.line, "cell": frame.cell} if raised.frames else {"code": ""}
    said: Fact = {"message": raised.message, "expected": expected, "suggests": raised.suggests or ""}
    for base in raised.bases:
        yield {"fact": "raised", "type": base, **said, "function": frame.function, **place}
    failed = frame.code[frame.column : frame.end]  # no comment, which may speak of anything
    if (few := _TOO_FEW.match(raised.message)) and f"{few[1]}.{few[2]}(" in failed:
        yield {"fact": "called_on_class", "class": few[1], "function": few[2], **place}
    if "object is not callable" in raised.message:
        for name, _ in frame.values:
            if callable(getattr(builtins, name, None)) and re.search(rf"(?<![\w.]){name}\s*\(", failed):
                yield {"fact": "shadowed", "name": name, **place}
    facts = list(source)
    for fact in facts:
        if fact["fact"] == "no_self" and _misses_self(raised, frame, fact):
            yield {**fact, "fact": "self_missing"}
    if "NoneType" in raised.message:
        yield from ({"fact": "none_from", **found, **place} for found in _sources_of_none(frame, failed, facts))


def _misses_self(raised: Raised, frame: Frame, method: Fact) -> bool:
    """Whether a method that does not take `self` is behind an exception."""
    if raised.message == "name 'self' is not defined":
        return frame.function == method["function"]
    many = _TOO_MANY.match(raised.message)
    return bool(
        many and many.groups()[:2] == (method["class"], method["function"]) and int(many[4]) == int(many[3]) + 1
    )


def _sources_of_none(frame: Frame, failed: str, source: list[Fact]) -> Iterator[Fact]:
    """The functions that gave a None which an expression could not use: called in it, or kept under a name before."""
    nothing = {fact["function"] for fact in source if fact["fact"] == "returns_nothing"}
    kept = [fact for fact in source if fact["fact"] == "keeps_nothing" and fact["cell"] == frame.cell]
    none = {name for name, value in frame.values if value == "None"}
    for operand in _operands(failed):
        match operand:
            case ast.Call(func=ast.Name() | ast.Attribute() as function):
                called = last_name(function)
                if called in nothing or (called in GIVES_NONE and isinstance(function, ast.Attribute)):
                    yield {"function": called, "own": called in nothing}
            case ast.Name(name) if name in none:
                for fact in kept:
                    begin, until = int(fact["line"] or 0), int(fact["until"] or frame.line)
                    if fact["name"] == name and begin < frame.line <= until:
                        yield {"function": fact["function"], "own": fact["own"]}


def _operands(expression: str) -> Iterator[ast.AST]:
    """What an expression does something with."""
    tree = parse_source(f"({expression})")
    for node in ast.walk(tree) if tree else ():
        match node:
            case ast.Attribute(value=operand) | ast.Subscript(value=operand):
                yield operand
            case ast.BinOp(left=left, right=right):
                yield from (left, right)
            case ast.Call(func=function, args=arguments):
                yield from (function, *arguments)
