"""Says in words what a call of an assignment's fixtures does: with the first line of the function's docstring.

def layers_called(model, *inputs):
    '''The Linears whose hooks ran in one call of {model}, in order.

    ko: {model}을 한 번 호출할 때 훅이 실행된 Linear들 (순서대로)
    '''
"""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from typing import get_args

from grader.models.message import Localized
from grader.models.wording import Code

_TRANSLATED = re.compile(rf"^\s*({'|'.join(get_args(Code))}): (.+)$", re.MULTILINE)


def in_words(call: str, fixtures: str) -> Localized | None:
    """What is said in place of a call; None where it calls no function of the fixtures, or one without a docstring.

    Args:
        call: as the spec writes it.
        fixtures: their source.
    """
    try:
        node = ast.parse(call, mode="eval").body
    except SyntaxError:  # it is told in words already
        return None
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
        return None
    function = _functions(fixtures).get(node.func.id)
    lines = (ast.get_docstring(function) or "").splitlines() if function else []
    if not function or not lines:
        return None
    given = _given(call, node, function.args)
    texts = {"en": lines[0], **dict(_TRANSLATED.findall("\n".join(lines[1:])))}
    return Localized(**{code: _filled(text, given) for code, text in texts.items()})


@lru_cache(maxsize=8)
def _functions(fixtures: str) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in ast.parse(fixtures).body if isinstance(node, ast.FunctionDef)}


def _given(text: str, call: ast.Call, parameters: ast.arguments) -> dict[str, str]:
    """The code of what each parameter is given, or of its default."""

    def source(argument: ast.expr) -> str:
        return ast.get_source_segment(text, argument) or ""

    names = [parameter.arg for parameter in (*parameters.posonlyargs, *parameters.args)]
    codes = [source(argument) for argument in call.args]
    defaults = [ast.unparse(default) for default in parameters.defaults]
    given = dict(zip(names[len(names) - len(defaults) :], defaults, strict=True))
    given |= dict(zip(names, codes, strict=False))
    given |= {keyword.arg: source(keyword.value) for keyword in call.keywords if keyword.arg}
    if parameters.vararg:
        given[parameters.vararg.arg] = ", ".join(codes[len(names) :])
    return given


def _filled(text: str, given: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda place: given.get(place[1], place[0]), text)
