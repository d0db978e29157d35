"""The small language specs call things in: `RunningMean(4)(randn(8, 4))`.

A subset of Python's expressions: names, attributes, items, calls, and literals.
Names are those of the student, `torch`, `nn`, the assignment's fixtures, and the
makers of tensors below. Makers are run here, by the judge, from the assignment's
seed; so both submission and solution are sent the very same numbers.

    randn(8, 4)               normal numbers, float32
    rand(3)  randint(0, 10, 5, 2)  arange(6, shape=[2, 3])
    zeros(3)  ones(2, 2)  full(7, 2, 2)  eye(3)  tensor([[1, 2], [3, 4]], dtype=float64)

Every maker takes `dtype=` and `requires_grad=`.
"""

from __future__ import annotations

import ast
import math
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator, Field

from grader.expression import evaluate
from grader.models.values import Tensor

_DTYPES = {
    "float64": np.float64,
    "float32": np.float32,
    "float16": np.float16,
    "int64": np.int64,
    "int32": np.int32,
    "int16": np.int16,
    "int8": np.int8,
    "uint8": np.uint8,
    "bool": np.bool_,
    "complex64": np.complex64,
    "complex128": np.complex128,
}

Array = npt.NDArray[Any]
MAX_SIZE = 1 << 22


def _arange(rng: np.random.Generator, *bounds: float, shape: list[int] | None = None) -> Array:
    values = np.arange(*bounds)
    return values.reshape(shape) if shape is not None else values


MAKERS: dict[str, tuple[Callable[..., Array], str | None]] = {
    "randn": (lambda rng, *shape: rng.standard_normal(shape), "float32"),
    "rand": (lambda rng, *shape: rng.random(shape), "float32"),
    "randint": (lambda rng, low, high, *shape: rng.integers(low, high, shape), "int64"),
    "arange": (_arange, None),
    "zeros": (lambda rng, *shape: np.zeros(shape), "float32"),
    "ones": (lambda rng, *shape: np.ones(shape), "float32"),
    "full": (lambda rng, value, *shape: np.full(shape, value), None),
    "eye": (lambda rng, n: np.eye(n), "float32"),
    "tensor": (lambda rng, values: np.array(values), None),
}
"""Name of a maker -> how it makes numbers, and its dtype (None: int64 or float32, as torch infers)."""


def check_expression(text: str) -> str:
    """Validate an expression's text.

    Raises:
        ValueError: with what is wrong, and where in the text.
    """
    _Compiler(0, text).compile()
    return text


def _check_call(text: str) -> str:
    if not isinstance(parse(text), ast.Call):
        raise ValueError(f"{text!r} is not a call; write something like Linear(4, 2)")
    return check_expression(text)


Expression = Annotated[str, AfterValidator(check_expression), Field(min_length=1, max_length=2000)]
Call = Annotated[str, AfterValidator(_check_call), Field(min_length=1, max_length=2000)]


def _check_literal(text: str) -> str:
    literal_value(compile_expression(text, 0))
    return text


LiteralExpression = Annotated[Expression, AfterValidator(_check_literal)]
"""Of numbers, texts, lists, dicts and tensors alone."""


def compile_expression(text: str, seed: int, place: int = 0) -> Any:
    """The tree a guest evaluates, with the makers' tensors in it.

    Args:
        text: a valid expression.
        seed: of the assignment; each maker of a text draws from a generator of its own.
        place: among several expressions of one requirement, so that equal texts make different numbers.
    """
    return _Compiler(seed, text, place).compile()


def compile_all(texts: Iterable[str], seed: int) -> list[Any]:
    """The trees of several expressions that belong together."""
    return [compile_expression(text, seed, place) for place, text in enumerate(texts)]


def literal_value(tree: Any) -> Any:
    """The value of a tree that names nothing.

    Raises:
        ValueError: when it does.
    """

    def name(text: str) -> Any:
        raise ValueError("a literal result may hold numbers, texts, lists, dicts and tensors only")

    return evaluate(tree, name)


def names_in(part: Any) -> Iterator[str]:
    """The names in trees, and in lists and dicts of them."""
    match part:
        case {"name": str(name)} if len(part) == 1:
            yield name
        case dict():
            for inner in part.values():
                yield from names_in(inner)
        case list() | tuple():
            for inner in part:
                yield from names_in(inner)


def parse(text: str) -> ast.expr:
    """The syntax tree of an expression's text.

    Raises:
        ValueError: where it is none.
    """
    try:
        return ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise ValueError(f"{text!r} is not an expression: {error.msg}") from None
    except (RecursionError, MemoryError):
        raise ValueError(f"{text[:60]!r}… is nested too deeply") from None


def _size(name: str, numbers: list[Any]) -> float:
    """How many numbers a maker would make, as far as its arguments tell."""
    sizes = numbers[{"randint": 2, "full": 1, "tensor": 1}.get(name, 0) :]
    sizes = [abs(size) for size in sizes if isinstance(size, (int, float))]
    if name == "arange":
        return float(max(sizes, default=0))
    return float(math.prod(sizes)) ** (2 if name == "eye" else 1)


class _Compiler:
    def __init__(self, seed: int, text: str, place: int = 0) -> None:
        self._seed = seed
        self._place = place
        self._text = text
        self._made = 0

    def compile(self) -> Any:
        return self._tree(parse(self._text))

    def _tree(self, node: ast.expr) -> Any:
        match node:
            case ast.Call(ast.Name(name)) if name in MAKERS:
                return self._make(name, node)
            case ast.Call(function, args, keywords):
                kwargs = {k.arg: self._tree(k.value) for k in keywords if k.arg}
                if len(kwargs) != len(keywords) or any(isinstance(a, ast.Starred) for a in args):
                    raise ValueError(f"{self._text!r}: * and ** are not part of expressions")
                return {"call": self._tree(function), "args": [self._tree(a) for a in args], "kwargs": kwargs}
            case ast.Name(name):
                return {"name": name}
            case ast.Attribute(owner, name) if not name.startswith("_"):
                return {"attribute": name, "of": self._tree(owner)}
            case ast.Subscript(owner, key):
                return {"item": self._tree(key), "of": self._tree(owner)}
            case ast.List(parts):
                return {"list": [self._tree(part) for part in parts]}
            case ast.Tuple(parts):
                return {"tuple": [self._tree(part) for part in parts]}
            case ast.Dict(keys, values) if all(key is not None for key in keys):
                return {"mapping": [[self._tree(k), self._tree(v)] for k, v in zip(keys, values, strict=True) if k]}
            case ast.Constant(None | bool() | int() | float() | str() as value):
                return {"value": value}
            case ast.UnaryOp(ast.USub(), ast.Constant(int() | float() as value)):
                return {"value": -value}
        raise ValueError(f"{self._text!r}: {ast.unparse(node)!r} is not part of expressions")

    def _make(self, name: str, node: ast.Call) -> Tensor:
        make, dtype = MAKERS[name]
        options: dict[str, Any] = {}
        requires_grad = False
        for keyword in node.keywords:
            if keyword.arg == "dtype" and isinstance(keyword.value, ast.Name) and keyword.value.id in _DTYPES:
                dtype = keyword.value.id
            elif keyword.arg == "requires_grad":
                requires_grad = bool(self._literal(keyword.value))
            elif keyword.arg == "shape" and name == "arange":
                options["shape"] = self._literal(keyword.value)
            else:
                raise ValueError(f"{self._text!r}: {name} does not take {ast.unparse(keyword)}")
        numbers = [self._literal(arg) for arg in node.args]
        if _size(name, numbers) > MAX_SIZE:
            raise ValueError(
                f"{self._text!r}: {ast.unparse(node)} makes no tensor: at most {MAX_SIZE} numbers are made"
            )
        self._made += 1
        rng = np.random.default_rng([self._seed, zlib.crc32(self._text.encode()), self._place, self._made])
        try:
            values = np.asarray(make(rng, *numbers, **options))
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"{self._text!r}: {ast.unparse(node)} makes no tensor: {error}") from None
        if dtype is None:
            dtype = "float32" if values.dtype.kind == "f" else str(values.dtype)
        if dtype not in _DTYPES:
            raise ValueError(f"{self._text!r}: {ast.unparse(node)} makes no tensor of numbers")
        return Tensor(values.astype(_DTYPES[dtype]), dtype, requires_grad=requires_grad)

    def _literal(self, node: ast.expr) -> Any:
        try:
            return ast.literal_eval(node)
        except ValueError:
            raise ValueError(f"{self._text!r}: {ast.unparse(node)!r} must be written out as numbers") from None
