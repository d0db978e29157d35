"""Operators on any code: constants, operators, conditions, calls and what is left out."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from typing import Any

import libcst as cst

from grader.diagnosis.edits import (
    Above,
    Changed,
    block,
    code,
    expression,
    fill,
    is_method,
    match,
    operator,
    statements,
    without,
)

_ARITHMETIC: dict[type[cst.BaseBinaryOp], cst.BaseBinaryOp] = {
    cst.Add: cst.Subtract(),
    cst.Subtract: cst.Add(),
    cst.Multiply: cst.Add(),
    cst.Divide: cst.Multiply(),
    cst.FloorDivide: cst.Divide(),
    cst.Power: cst.Multiply(),
    cst.MatrixMultiply: cst.Multiply(),
}
_SYMMETRIC = ("F.mse_loss", "max", "min", "torch.add", "torch.equal", "torch.mul")
_EDGES: dict[type[cst.BaseCompOp], cst.BaseCompOp] = {
    cst.LessThan: cst.LessThanEqual(),
    cst.LessThanEqual: cst.LessThan(),
    cst.GreaterThan: cst.GreaterThanEqual(),
    cst.GreaterThanEqual: cst.GreaterThan(),
}
_OPPOSITES: dict[type[cst.BaseCompOp], cst.BaseCompOp] = {
    cst.LessThan: cst.GreaterThanEqual(),
    cst.LessThanEqual: cst.GreaterThan(),
    cst.GreaterThan: cst.LessThanEqual(),
    cst.GreaterThanEqual: cst.LessThan(),
    cst.Equal: cst.NotEqual(),
    cst.NotEqual: cst.Equal(),
    cst.In: cst.NotIn(),
    cst.NotIn: cst.In(),
    cst.Is: cst.IsNot(),
    cst.IsNot: cst.Is(),
}


@operator("integer", "an integer is one more", cst.Integer)
def integer(number: cst.Integer, above: Above) -> Iterator[Changed]:
    yield number.with_changes(value=str(number.evaluated_value + 1))


@operator("float", "a float is half as much again", cst.Float)
def real(number: cst.Float, above: Above) -> Iterator[Changed]:
    yield number.with_changes(value=repr(round(number.evaluated_value * 1.5, 12) or 1.0))


@operator("flag", "True and False are exchanged", cst.Name)
def flag(name: cst.Name, above: Above) -> Iterator[Changed]:
    if name.value in ("True", "False"):
        yield cst.Name("False" if name.value == "True" else "True")


@operator("text", "a text is another", cst.SimpleString)
def text(string: cst.SimpleString, above: Above) -> Iterator[Changed]:
    if not isinstance(above[-1], cst.Expr) and isinstance(string.evaluated_value, str):
        yield cst.SimpleString(repr(string.evaluated_value + "x"))


@operator("formatted-text", "a text is another", cst.FormattedString)
def formatted_text(string: cst.FormattedString, above: Above) -> Iterator[Changed]:
    yield string.with_changes(parts=[*string.parts, cst.FormattedStringText("x")])


def _exchange(id: str, title: str, node: type[cst.CSTNode], others: dict[Any, Any]) -> None:
    """Register an operator that puts another sign in the place of one."""

    @operator(id, title, node)
    def exchanged(made: Any, above: Above) -> Iterator[Changed]:
        other = others.get(type(made.operator))
        if other is not None:
            yield made.with_changes(operator=other)


_exchange("arithmetic", "an arithmetic operator is another", cst.BinaryOperation, _ARITHMETIC)


@operator("operand", "one side of an operation is dropped", cst.BinaryOperation)
def operand(made: cst.BinaryOperation, above: Above) -> Iterator[Changed]:
    yield expression(code(made.left), above[-1])
    yield expression(code(made.right), above[-1])


@operator("sign", "a sign is dropped", cst.UnaryOperation)
def sign(made: cst.UnaryOperation, above: Above) -> Iterator[Changed]:
    yield made.expression


_exchange("comparison-edge", "a comparison treats its edge otherwise", cst.ComparisonTarget, _EDGES)
_exchange("comparison", "a comparison is turned round", cst.ComparisonTarget, _OPPOSITES)


@operator("condition", "a condition is negated", cst.If)
def condition(made: cst.If, above: Above) -> Iterator[Changed]:
    yield made.with_changes(test=cst.parse_expression(f"not ({code(made.test)})"))


@operator("condition-true", "a condition always holds", cst.If)
def condition_true(made: cst.If, above: Above) -> Iterator[Changed]:
    yield made.with_changes(test=cst.Name("True"))


@operator("branch-dropped", "a branch is dropped", cst.If)
def branch_dropped(made: cst.If, above: Above) -> Iterator[Changed]:
    if made.orelse is None:
        yield cst.parse_statement("pass")


@operator("choice", "of two values, always one", cst.IfExp)
def choice(made: cst.IfExp, above: Above) -> Iterator[Changed]:
    yield expression(code(made.body), above[-1])
    yield expression(code(made.orelse), above[-1])


@operator("filter-dropped", "a comprehension takes everything", cst.CompFor)
def filter_dropped(made: cst.CompFor, above: Above) -> Iterator[Changed]:
    if made.ifs:
        yield made.with_changes(ifs=[])


@operator("loop-ends-early", "a loop ends after its first turn", cst.For)
def loop_ends_early(made: cst.For, above: Above) -> Iterator[Changed]:
    yield made.with_deep_changes(made.body, body=[*made.body.body, cst.parse_statement("break")])


@operator("return-in-loop", "a return stands in the loop before it", cst.FunctionDef, "return_in_loop")
def return_in_loop(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    lines = block(function)
    if len(lines) > 1 and isinstance(lines[-2], cst.For) and match("return _x;", lines[-1]) is not None:
        loop = lines[-2].with_deep_changes(lines[-2].body, body=[*lines[-2].body.body, lines[-1]])
        yield function.with_deep_changes(function.body, body=[*lines[:-2], loop])


@operator("raise-dropped", "an exception is not raised", cst.SimpleStatementLine)
def raise_dropped(line: cst.SimpleStatementLine, above: Above) -> Iterator[Changed]:
    if isinstance(line.body[0], cst.Raise):
        yield statements("pass")


@operator("raise-other", "another exception is raised", cst.Raise, "wrong_exception")
def raise_other(made: cst.Raise, above: Above) -> Iterator[Changed]:
    if isinstance(made.exc, cst.Call):
        yield made.with_changes(exc=made.exc.with_changes(func=cst.Name("RuntimeError")))


@operator("return-dropped", "a result is not returned", cst.SimpleStatementLine)
def return_dropped(line: cst.SimpleStatementLine, above: Above) -> Iterator[Changed]:
    found = match("return _x;", line)
    if found is not None:
        yield statements(fill("_x", found))


@operator("line-dropped", "a line is dropped", cst.SimpleStatementLine)
def line_dropped(line: cst.SimpleStatementLine, above: Above) -> Iterator[Changed]:
    (part, *_) = line.body
    is_call = isinstance(part, cst.Expr) and isinstance(part.value, (cst.Call, cst.Yield))
    if is_call or isinstance(part, (cst.Assign, cst.AugAssign)):
        yield statements("pass")


@operator("method-dropped", "a method is dropped", cst.FunctionDef)
def method_dropped(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    if is_method(above):
        yield cst.parse_statement("pass")


@operator("decorator-dropped", "a decorator is dropped", cst.FunctionDef)
def decorator_dropped(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    if function.decorators:
        yield function.with_changes(decorators=[])


@operator("default-dropped", "a parameter has no default", cst.FunctionDef)
def default_dropped(function: cst.FunctionDef, above: Above) -> Iterator[Changed]:
    bare = [p.with_changes(default=None, equal=cst.MaybeSentinel.DEFAULT) for p in function.params.params]
    yield function.with_deep_changes(function.params, params=bare)


@operator("method-call-dropped", "a method is not called", cst.Call)
def method_call_dropped(call: cst.Call, above: Above) -> Iterator[Changed]:
    if isinstance(call.func, cst.Attribute) and not isinstance(above[-1], cst.Expr):
        yield call.func.value


@operator("call-dropped", "a function is not called", cst.Call)
def call_dropped(call: cst.Call, above: Above) -> Iterator[Changed]:
    found = match("_f(_x)", call)
    if found is not None and not isinstance(above[-1], cst.Expr) and isinstance(call.func, cst.Name):
        yield expression(ast.unparse(found["_x"]), above[-1])


@operator("attribute-dropped", "an attribute is not taken", cst.Attribute)
def attribute_dropped(made: cst.Attribute, above: Above) -> Iterator[Changed]:
    if made.attr.value in ("T", "data", "shape", "grad"):
        yield made.value


@operator("keyword-dropped", "an argument is left out", cst.Call)
def keyword_dropped(call: cst.Call, above: Above) -> Iterator[Changed]:
    for argument in call.args:
        if argument.keyword is not None:
            yield call.with_changes(args=without(call.args, argument))


@operator("arguments-swapped", "two arguments change places", cst.Call)
def arguments_swapped(call: cst.Call, above: Above) -> Iterator[Changed]:
    if code(call.func) in _SYMMETRIC:
        return
    plain = [a for a in call.args if a.keyword is None and not a.star]
    for one, two in itertools.pairwise(plain):
        places = {id(one): two.value, id(two): one.value}
        yield call.with_changes(args=[a.with_changes(value=places.get(id(a), a.value)) for a in call.args])


@operator("element-dropped", "an element of a list or tuple is left out", cst.Element)
def element_dropped(element: cst.Element, above: Above) -> Iterator[Changed]:
    if not isinstance(above[-2], (cst.AssignTarget, cst.For, cst.CompFor)):
        yield cst.RemoveFromParent()


@operator("elements-swapped", "two elements of a tuple change places", cst.Tuple)
def elements_swapped(made: cst.Tuple, above: Above) -> Iterator[Changed]:
    if len(made.elements) > 1:
        first, second, *rest = [element.value for element in made.elements]
        yield expression(f"({', '.join(map(code, (second, first, *rest)))})", made)


@operator("slice-dropped", "a slice takes everything", cst.Slice)
def slice_dropped(made: cst.Slice, above: Above) -> Iterator[Changed]:
    for end in ("lower", "upper"):
        if getattr(made, end) is not None:
            yield made.with_changes(**{end: None})
