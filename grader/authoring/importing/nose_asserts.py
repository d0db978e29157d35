"""Functions of nose's and unittest's that assert, written as asserts: nose is gone, and notebooks still use it."""

from __future__ import annotations

import ast

_COMPARED = {
    "equal": "==", "equals": "==", "not_equal": "!=", "greater": ">", "greater_equal": ">=", "less": "<",
    "less_equal": "<=", "is": "is", "is_not": "is not", "in": "in", "not_in": "not in", "list_equal": "==",
    "dict_equal": "==", "tuple_equal": "==", "set_equal": "==", "sequence_equal": "==", "multi_line_equal": "==",
}  # fmt: skip
_STATED = {
    "true": "{0}", "false": "not {0}", "is_none": "{0} is None", "is_not_none": "{0} is not None",
    "is_instance": "isinstance({0}, {1})", "not_is_instance": "not isinstance({0}, {1})",
}  # fmt: skip
_NAMES = {"eq_": "equal", "ok_": "true"}


def without_nose(tree: ast.Module) -> tuple[ast.Module, str] | None:
    """Code without nose; None where it does not use it."""
    aliases: dict[str, str] = {}
    modules: set[str] = set()
    body: list[ast.stmt] = []
    for node in tree.body:
        match node:
            case ast.ImportFrom(module="nose.tools" | "nose", names=names):
                aliases |= {one.asname or one.name: one.name for one in names if one.name not in ("tools", "*")}
                modules |= {one.asname or one.name for one in names if one.name == "tools"}
                if any(one.name == "*" for one in names):
                    aliases |= {f"assert_{name}": f"assert_{name}" for name in (*_COMPARED, *_STATED)}
                    aliases |= {name: name for name in (*_NAMES, "assert_raises", "assert_almost_equal")}
            case ast.Import(names=names) if any(one.name.startswith("nose") for one in names):
                modules |= {one.asname or one.name for one in names if one.name.startswith("nose")}
            case _:
                body.append(node)
    if not aliases and not modules:
        return None
    made = _Rewriting(aliases, modules).visit(ast.Module(body, []))
    text = ast.unparse(ast.fix_missing_locations(made))
    return ast.parse(text), text


class _Rewriting(ast.NodeTransformer):
    def __init__(self, aliases: dict[str, str], modules: set[str]) -> None:
        self._aliases = aliases
        self._modules = modules

    def _name(self, function: ast.expr) -> str:
        """What of nose's is called, in small letters with underscores and without `assert_`; empty for what is not."""
        if isinstance(function, ast.Name):
            name = self._aliases.get(function.id, "")
        else:
            match function:
                case ast.Attribute(value=value, attr=attr) if ast.unparse(value) in self._modules:
                    name = attr
                case _:
                    return ""
        name = _NAMES.get(name, name)
        name = "".join(f"_{one.lower()}" if one.isupper() else one for one in name)
        return name.removeprefix("assert_").removesuffix("_")

    def visit_Expr(self, node: ast.Expr) -> ast.stmt:
        if not isinstance(node.value, ast.Call) or not (name := self._name(node.value.func)):
            return node
        arguments = node.value.args
        parts = [
            ast.unparse(one) if isinstance(one, ast.Constant | ast.Name) else f"({ast.unparse(one)})"
            for one in arguments
        ]
        said, test = "", ""
        if name in _COMPARED and len(parts) >= 2:
            test, rest = f"{parts[0]} {_COMPARED[name]} {parts[1]}", parts[2:]
            said = f", {rest[0]}" if rest else ""
        elif name in _STATED and parts:
            test = _STATED[name].format(*parts, "object")
        elif name in ("almost_equal", "almost_equals") and len(parts) >= 2:
            places = next((one.value for one in node.value.keywords if one.arg == "places"), None)
            number = ast.unparse(places) if places is not None else (parts[2] if len(parts) > 2 else "7")
            test = f"round(abs({parts[0]} - {parts[1]}), {number}) == 0"
        elif name == "raises" and len(parts) >= 2:
            call = ast.Call(arguments[1], arguments[2:], node.value.keywords)
            text = f"with pytest.raises({ast.unparse(arguments[0])}):\n    {ast.unparse(call)}"
            return ast.copy_location(ast.parse(text).body[0], node)
        if not test:
            return node
        return ast.copy_location(ast.parse(f"assert {test}{said}").body[0], node)

    def visit_With(self, node: ast.With) -> ast.With:
        self.generic_visit(node)
        for item in node.items:
            if isinstance(item.context_expr, ast.Call) and self._name(item.context_expr.func) == "raises":
                item.context_expr.func = ast.parse("pytest.raises", mode="eval").body
        return node
