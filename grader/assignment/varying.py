"""What varies in an assignment: named values, and the places `<% width %>` in its texts that refer to them.

Variant 0 takes the first of each list, variant 1 the second; where a list is at its end, it begins anew.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from itertools import combinations
from typing import Annotated, Any, NamedTuple

from pydantic import BeforeValidator, Field, model_validator

from grader.models.model import Model

BEGIN, END = "<%", "%>"
"""Around an expression; neither stands in Python, f-strings, YAML or Markdown by chance."""
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    one.__name__: one for one in (abs, len, max, min, range, repr, round, sorted, sum)
}
_DIGITS = 12
"""Of a number with a fraction: 0.1 * 3 is written as 0.3."""
_SHOWN = 60
"""Characters of an expression in a message."""
_MOST = 50
"""Values that vary, and variants of each."""
Value = bool | int | float | str | list[bool | int | float | str]


class FillError(ValueError):
    """A place that cannot be filled.

    Args:
        line, column: in the text, from 0.
        width: of what is wrong, in characters.
    """

    def __init__(self, message: str, line: int = 0, column: int = 0, width: int = 1) -> None:
        super().__init__(message)
        self.line, self.column, self.width = line, column, width


class MisfitError(ValueError):
    """Parts of a spec that do not fit together.

    Args:
        where: the keys that lead to the place.
    """

    def __init__(self, message: str, *where: int | str) -> None:
        super().__init__(message)
        self.where = where


def _some(given: Any) -> Any:
    listed = isinstance(given, (list, tuple)) and 0 < len(given) <= _MOST and all(_is_value(one) for one in given)
    if isinstance(given, str) or listed:
        return given
    raise ValueError(
        f"it must be a list of up to {_MOST} values, one for each variant, or an expression, such as `2 * width`"
    )


def _is_value(given: Any) -> bool:
    parts = given if isinstance(given, list) else [given]
    return all(isinstance(one, (bool, int, float, str)) for one in parts)


Varied = Annotated[tuple[Value, ...] | str, BeforeValidator(_some, json_schema_input_type=list[Value] | str)]


class Varying(Model):
    """What varies, and which variant an assignment is.

    Attributes:
        varies: values by name: a list, of which each variant takes one, or an expression of the values above it.
        variant: which of them this is; 0 takes the first of each list.
    """

    varies: dict[Annotated[str, Field(pattern=r"^[A-Za-z]\w*$")], Varied] = Field(default={}, max_length=_MOST)
    variant: int = Field(default=0, ge=0)

    @property
    def variants(self) -> int:
        """How many there are."""
        return math.lcm(*(len(varied) for varied in self.varies.values() if not isinstance(varied, str)))

    def values(self, id: str) -> dict[str, Any]:
        """The values of this variant, and the assignment's `id`; none where nothing varies.

        Raises:
            MisfitError: when an expression has none.
        """
        values: dict[str, Any] = {"id": id} if self.varies else {}
        for name, varied in self.varies.items():
            try:
                values[name] = _value(varied, values) if isinstance(varied, str) else varied[self.variant % len(varied)]
            except FillError as error:
                raise MisfitError(str(error), "varies", name) from None
        return values

    @model_validator(mode="after")
    def _can_be_told_apart(self) -> Varying:
        if self.varies and self.variant >= self.variants:
            raise MisfitError(f"there are {self.variants} variants, 0 to {self.variants - 1}", "variant")
        lists = {name: varied for name, varied in self.varies.items() if not isinstance(varied, str)}
        for name in self.varies:
            if name == "id" or name in _FUNCTIONS:
                raise MisfitError(f"`{name}` has a meaning already; take another name", "varies", name)
        for (other, before), (name, varied) in combinations(lists.items(), 2):
            if (number := _meeting(before, varied)) is not None:
                place = number % len(varied)
                said = f"`{other}` and `{name}`, which differ elsewhere, are both {varied[place]} in variant {number}"
                raise MisfitError(said, "varies", name, place)
        self.values("")
        return self


def _meeting(one: tuple[Value, ...], other: tuple[Value, ...]) -> int | None:
    """The first variant in which two names are the same, if they are not so in each."""
    pairs = [(one[n % len(one)], other[n % len(other)]) for n in range(math.lcm(len(one), len(other)))]
    same = [n for n, (a, b) in enumerate(pairs) if a == b and isinstance(a, str) and a.isascii() and a.isidentifier()]
    return same[0] if 0 < len(same) < len(pairs) else None


class Slot(NamedTuple):
    """A place in a text that refers to values, `<% width %>`.

    Attributes:
        start, end: of all of it.
        expression: what stands between its marks.
    """

    start: int
    end: int
    expression: str


def slots(text: str) -> Iterator[Slot]:
    """Those of a text.

    Raises:
        FillError: when one does not end.
    """
    start = text.find(BEGIN)
    while start >= 0:
        end = text.find(END, start)
        if end < 0:
            raise _at(text, start, f"`{BEGIN}` has no `{END}`", len(BEGIN))
        yield Slot(start, end + len(END), text[start + len(BEGIN) : end])
        start = text.find(BEGIN, end)


def fill(text: str, values: Mapping[str, Any]) -> str:
    """A text with values in its places; as it stands, where there are no values.

    Raises:
        FillError: when one of them has none.
    """
    made, done = "", 0
    for start, end, expression in slots(text) if values else ():
        try:
            value = _value(expression, values)
        except FillError as error:
            inside = expression.find(expression.strip()) + error.column
            raise _at(text, start + len(BEGIN) + inside, str(error), error.width) from None
        made, done = made + text[done:start] + _spelled(value), end
    return made + text[done:]


def names_in(expression: str) -> frozenset[str]:
    """The values that an expression refers to.

    Raises:
        FillError: when it is none.
    """
    return _compiled(expression)[0]


@lru_cache(maxsize=1024)
def _compiled(expression: str) -> tuple[frozenset[str], Callable[..., Any]]:
    from jinja2 import StrictUndefined, meta  # it takes long to import
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment(undefined=StrictUndefined)
    environment.globals = dict(_FUNCTIONS)
    try:
        compute = environment.compile_expression(expression, undefined_to_none=False)
        names = meta.find_undeclared_variables(environment.parse(f"{{{{ {expression} }}}}"))
    except Exception as error:  # of Jinja's, or of Python where it is too long or too deep
        text = expression.strip()
        raise FillError(f"{_quoted(text)} is no expression: {error}", width=len(text)) from None
    return frozenset(names) - _FUNCTIONS.keys(), compute


def _value(expression: str, values: Mapping[str, Any]) -> Any:
    names, compute = _compiled(expression)
    text = expression.strip()
    for name in sorted(names - values.keys()):
        near = difflib.get_close_matches(name, values, n=1, cutoff=0.5)
        advice = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(f'`{one}`' for one in values)}"
        raise FillError(f"there is no value `{name}`; {advice}", column=text.find(name), width=len(name))
    try:
        value = compute(**values)
        str(value)  # which is an error, where it is not defined
    except Exception as error:  # of whatever is computed
        raise FillError(f"{_quoted(text)} has no value: {error}", width=len(text)) from None
    if not isinstance(value, (bool, int, float, str, list, tuple)):
        raise FillError(f"{_quoted(text)} is neither a number nor a text or a list", width=len(text))
    return value


def _quoted(expression: str) -> str:
    return f"`{expression if len(expression) <= _SHOWN else f'{expression[:_SHOWN]}…'}`"


def _spelled(value: Any) -> str:
    """A value as it stands in a text: a list as in Python, a number without what rounding left."""
    return str(_rounded(value))


def _rounded(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_rounded(part) for part in value]
    return float(f"{value:.{_DIGITS}g}") if isinstance(value, float) else value


def _at(text: str, offset: int, said: str, width: int) -> FillError:
    before = text[:offset]
    return FillError(said, before.count("\n"), len(before.rpartition("\n")[2]), width)
