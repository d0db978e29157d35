"""Makes asserts of the examples of a doctest."""

from __future__ import annotations

import ast
import doctest
import textwrap

PRINTED = """def printed(run):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        value = run()
        if value is not None:
            print(repr(value))
    return " ".join(out.getvalue().split())"""
"""What an example prints, as a console would."""


def asserts_of(code: str, strict: bool) -> str:
    """A doctest's examples as code with asserts; code without `>>>` as it is.

    Args:
        strict: whether what is true has to be `True` itself, and a number the very same one.

    Raises:
        ValueError: for what cannot be read.
    """
    code = textwrap.dedent(code)
    if ">>>" not in code:
        return code
    lines: list[str] = []
    for example in doctest.DocTestParser().get_examples(code):
        lines += _example(example, strict)
    if any("printed(" in line for line in lines):
        lines = ["import contextlib, io", PRINTED, *lines]
    return "\n".join(lines)


def expecting(text: str, want: str, strict: bool) -> str:
    """Code whose last expression gives, or which prints, what is wanted."""
    body = ast.parse(text).body
    if not want.strip() or not body:
        return text
    head = "\n".join(ast.unparse(node) for node in body[:-1])
    example = doctest.Example(ast.unparse(body[-1]), want if want.endswith("\n") else f"{want}\n")
    return "\n".join([*filter(None, [head]), *_example(example, strict)])


def with_printed(text: str) -> str:
    """Code with what it needs to see what is printed."""
    return f"import contextlib, io\n{PRINTED}\n{text}" if "printed(" in text and "def printed" not in text else text


def _example(example: doctest.Example, strict: bool) -> list[str]:
    source = textwrap.dedent(example.source).rstrip().rstrip(";")
    if example.exc_msg is not None:
        kind = example.exc_msg.partition(":")[0].strip().rpartition(".")[2]
        return [f"with pytest.raises({kind}):", textwrap.indent(source, "    ")]
    want = example.want.strip()
    try:
        expression = ast.unparse(ast.parse(source, mode="eval").body)
    except SyntaxError:
        if not want:
            return [source]
        return [
            "def example():",
            textwrap.indent(source, "    "),
            f"assert printed(example) == {' '.join(want.split())!r}",
        ]
    if not want:
        return [source]
    if example.options.get(doctest.ELLIPSIS) or "..." in want:
        raise ValueError("an expected output with `...` in it")
    if expression.startswith("print("):
        return [f"assert printed(lambda: {expression}) == {' '.join(want.split())!r}"]
    try:
        value = ast.literal_eval(want)
    except (ValueError, SyntaxError):
        return [f"assert printed(lambda: {expression}) == {' '.join(want.split())!r}"]
    if value is True or value is False:
        if strict and not _is_truth(expression):
            return [f"assert ({expression}) is {value}"]
        return [f"assert {expression}" if value else f"assert not ({expression})"]
    if value is None:
        return [f"assert ({expression}) is None"]
    if isinstance(value, float) and not strict:
        return [f"assert math.isclose({expression}, {want}, rel_tol=1e-6, abs_tol=1e-9)"]
    return [f"assert {grouped(expression)} == {value!r}"]


def grouped(expression: str) -> str:
    """An expression that may stand beside `==`."""
    node = ast.parse(expression, mode="eval").body
    return (
        f"({expression})"
        if isinstance(node, (ast.Compare, ast.BoolOp, ast.IfExp, ast.Lambda, ast.UnaryOp))
        else expression
    )


def _is_truth(text: str) -> bool:
    """Whether an expression gives a truth value, so that it reads better as it is."""
    node = ast.parse(text, mode="eval").body
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id in ("isinstance", "all", "any", "hasattr", "callable", "bool", "issubclass")
    return isinstance(node, ast.Compare) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not))
