"""Records, beside the student's code, what a plain check meets there.

`grader.judging.instrument` writes the program that is run here: each of its expressions that something of the student's
is in goes through a method of `Tape`, which evaluates it and notes the value under the expression's number. Nothing is
asserted here. What a function of the check's own does is noted inside the call. The form of a note:

    [number, value]                         a value; of an object, its type's name and its known bases
    [number, value, notes, effects]         of a call: what was noted in it, and what else came of it, if anything did
    [number, None, notes, effects, error]   it raised: [names of the type and its bases, message]

Effects are `[random, printed, warned]`: the generators' state if the check seeds them and it changed, what was printed,
and the warnings, each as an error is told.
"""

from __future__ import annotations

import ast
import asyncio
import builtins
import io
import operator
import random
import sys
import warnings
from collections import namedtuple
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.utils.data
from torch import Tensor, nn

from grader.guest.encoding import Encoded, Encoder, TooLarge
from grader.guest.look import Student
from grader.guest.seeding import Drawing

MOST = 20_000
"""Notes of one check."""
MOST_PRINTED = 100_000
"""Characters of what one call prints."""
_MODULES = (nn, torch.utils.data, torch.optim, torch.optim.lr_scheduler, torch.distributions, builtins)
KNOWN = {kind: f"{module.__name__}:{name}" for module in _MODULES for name, kind in vars(module).items()
         if isinstance(kind, type)}  # fmt: skip
"""Classes that an object may be said to be of, with where they are found. Taken before any student code ran."""
BUILTINS = dict(vars(builtins))
"""Python's own functions, as they were then."""
BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "**": operator.pow, "@": operator.matmul, "&": operator.and_, "|": operator.or_,
    "^": operator.xor, "<<": operator.lshift, ">>": operator.rshift,
}  # fmt: skip
AUGMENTED: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.iadd, "-": operator.isub, "*": operator.imul, "/": operator.itruediv, "//": operator.ifloordiv,
    "%": operator.imod, "**": operator.ipow, "@": operator.imatmul, "&": operator.iand, "|": operator.ior,
    "^": operator.ixor, "<<": operator.ilshift, ">>": operator.irshift,
}  # fmt: skip
UNARY: dict[str, Callable[[Any], Any]] = {"-": operator.neg, "+": operator.pos, "~": operator.inv}
COMPARED: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "is": operator.is_, "is not": operator.is_not, "in": lambda a, b: a in b, "not in": lambda a, b: a not in b,
}  # fmt: skip


class _Plain(Encoder):
    """Encodes an object as what it is an instance of."""

    def encode(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if isinstance(value, type):
            return {"object": "type", "repr": KNOWN.get(value, "")}
        plain = next((base for base in (list, dict, tuple) if issubclass(kind, base) and kind is not base), None)
        if plain is not None and kind.__module__ in ("__main__", "check"):  # it may do more than they do
            return {"fields": kind.__name__[:200], "dict": [["", super().encode(plain(value), depth + 1)]]}
        return super().encode(value, depth)

    def _other(self, value: Any, kind: type) -> Any:
        known = (KNOWN[base] for base in type.mro(kind) if base in KNOWN and base is not object)
        return {"object": kind.__name__[:200], "repr": " ".join(known)[:2000]}


class Random:
    """The states of the generators a check may draw from."""

    def __init__(self) -> None:
        self.torch = torch.default_generator.get_state()
        self.python = random.getstate()
        self.numpy = sys.modules["numpy"].random.get_state(legacy=False)["state"] if "numpy" in sys.modules else None

    def since(self, before: Random) -> list[Any] | None:
        """It, where it is another than before."""
        same = torch.equal(self.torch, before.torch) and self.python == before.python
        if same and (self.numpy is None or before.numpy is None or _same_numpy(self.numpy, before.numpy)):
            return None
        key, place = (self.numpy["key"], int(self.numpy["pos"])) if self.numpy is not None else (None, 0)
        return [self.torch, list(self.python[1]), key, place]


def _same_numpy(state: Any, before: Any) -> bool:
    return bool(state["pos"] == before["pos"] and (state["key"] == before["key"]).all())


def _told(error: Any) -> list[Any]:
    """An exception or a warning: the names of its type and of that one's bases, and what it says."""
    kinds = [f"{kind.__module__}:{kind.__qualname__}"[:200] for kind in type.mro(type(error))]
    return [kinds, str(error)[:4000]]


class _Printed(io.TextIOBase):
    """Keeps what is printed, and passes it on."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.text = ""

    def write(self, text: str) -> int:
        if len(self.text) < MOST_PRINTED:
            self.text += str(text)
        written: int = self.stream.write(text)
        return written

    def flush(self) -> None:
        self.stream.flush()


class Captured:
    """pytest's `capsys`: what has been printed since it was last asked."""

    def __init__(self) -> None:
        self._out, self._err = io.StringIO(), io.StringIO()
        sys.stdout, sys.stderr = self._out, self._err

    def readouterr(self) -> Any:
        texts = []
        for stream in (self._out, self._err):
            texts.append(stream.getvalue())
            stream.seek(0)
            stream.truncate()
        return CaptureResult(*texts)


CaptureResult = namedtuple("CaptureResult", ["out", "err"])


class _Context:
    """A context manager, of which is noted what it gives, and whether it held an exception back."""

    def __init__(self, tape: Tape, number: int, manager: Any) -> None:
        self._tape, self._number, self._manager = tape, number, manager

    def __enter__(self) -> Any:
        return self._tape.method(self._number, self._manager, "__enter__")

    def __exit__(self, *raised: Any) -> Any:
        return self._tape.method(self._number, self._manager, "__exit__", *raised)

    async def __aenter__(self) -> Any:
        return await self._tape.awaited(self._number, self._tape.method(self._number, self._manager, "__aenter__"))

    async def __aexit__(self, *raised: Any) -> Any:
        made = self._tape.method(self._number, self._manager, "__aexit__", *raised)
        return await self._tape.awaited(self._number, made)


class Tape:
    """What the program calls; see the module's docstring."""

    def __init__(self, student: Student, drawing: Drawing) -> None:
        self._student = student
        self._drawing = drawing
        self._encoder = _Plain()
        self._count = 0
        self.notes: list[Any] = []

    @property
    def tensors(self) -> dict[str, Tensor]:
        return self._encoder.tensors

    def _note(self, number: int, value: Any, *more: Any) -> None:
        self._count += 1
        if self._count > MOST:
            raise TooLarge(f"the check notes more than {MOST:,} values")
        self.notes.append([number, self._encoder.encode(value, 2), *more])

    @contextmanager
    def _noting(self, number: int, library: bool = False) -> Iterator[list[Any]]:
        """Note what is done meanwhile; whoever does it appends what came of it."""
        outside, self.notes = self.notes, []
        before = Random() if self._drawing.seeds else None
        printed = _Printed(sys.stdout)
        error = None
        made: list[Any] = []
        try:
            sys.stdout = printed
            with warnings.catch_warnings(record=True) as warned:
                warnings.simplefilter("always")
                yield made
        except BaseException as raised:
            if isinstance(raised, TooLarge) or not is_to_be_told(raised):
                raise
            error = raised
        finally:
            inside, self.notes = self.notes, outside
            if sys.stdout is printed:
                sys.stdout = printed.stream
        for one in warned:
            warnings.warn(one.message, one.category, stacklevel=3)
        effects = self._effects(before, printed.text, [_told(one.message) for one in warned])
        if not library:
            self._drawing.go_on()
        if error is not None:
            self.notes.append([number, None, inside, effects, self._encoder.encode(_told(error), 2)])
            raise error
        self._note(number, made[0], inside, effects)

    def _call(self, number: int, function: Callable[[], Any], library: bool = False) -> Any:
        with self._noting(number, library) as made:
            made.append(function())
        return made[0]

    def _effects(self, before: Random | None, printed: str, warned: list[Any]) -> Any:
        state = Random().since(before) if before is not None else None
        return self._encoder.encode([state, printed, warned], 2) if state or printed or warned else None

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Notes nothing of what is done meanwhile."""
        outside, self.notes = self.notes, []
        try:
            yield
        finally:
            self.notes = outside

    # -- expressions

    def student(self, number: int, name: str | None) -> Any:
        value = self._student if name is None else getattr(self._student, name)
        self._note(number, value)
        return value

    def name(self, number: int, value: Any) -> Any:
        self._note(number, value)
        return value

    def made(self, number: int, value: Any) -> Any:
        self._note(number, value)
        return value

    def attribute(self, number: int, value: Any, name: str) -> Any:
        return self._call(number, lambda: getattr(value, name))

    def item(self, number: int, value: Any, index: Any) -> Any:
        return self._call(number, lambda: value[index])

    def call(self, number: int, function: Any, /, *arguments: Any, **named: Any) -> Any:
        return self._call(number, lambda: function(*arguments, **named))

    def library(self, number: int, function: Any, /, *arguments: Any, **named: Any) -> Any:
        return self._call(number, lambda: function(*arguments, **named), library=True)

    def method(self, number: int, value: Any, name: str, /, *arguments: Any, **named: Any) -> Any:
        return self._call(number, lambda: getattr(value, name)(*arguments, **named))

    def binary(self, number: int, sign: str, left: Any, right: Any) -> Any:
        return self._call(number, lambda: BINARY[sign](left, right))

    def augmented(self, number: int, sign: str, left: Any, right: Any) -> Any:
        return self._call(number, lambda: AUGMENTED[sign](left, right))

    def unary(self, number: int, sign: str, value: Any) -> Any:
        return self._call(number, lambda: UNARY[sign](value))

    def compared(self, number: int, sign: str, left: Any, right: Any) -> Any:
        return self._call(number, lambda: COMPARED[sign](left, right))

    def iterate(self, number: int, values: Any) -> Iterator[Any]:
        """The elements; each is noted as it comes, and the end by a note of its own."""
        for value in values:
            self._note(number, value, True)
            self._drawing.go_on()
            yield value
        self._note(number, None, False)

    async def iterate_async(self, number: int, values: Any) -> AsyncIterator[Any]:
        async for value in values:
            self._note(number, value, True)
            self._drawing.go_on()
            yield value
        self._note(number, None, False)

    async def awaited(self, number: int, value: Any) -> Any:
        with self._noting(number) as made:
            made.append(await value)
        return made[0]

    def truth(self, number: int, value: Any) -> bool:
        """Whether something counts as true."""
        return bool(self._call(number, lambda: bool(value)))

    def context(self, number: int, manager: Any) -> Any:
        return _Context(self, number, manager)

    def capsys(self) -> Captured:
        return Captured()

    def ordered(self, places: tuple[int, ...], /, *values: Any) -> list[Any]:
        """Operands in their places; see `in_places`."""
        return in_places(places, values)

    def seen(self, *_: Any) -> None:
        """An assert, whose sides are noted."""


def in_places(places: tuple[int, ...], values: tuple[Any, ...]) -> list[Any]:
    """Values that were computed in another order, each in its place."""
    return [values[places.index(place)] for place in range(len(places))]


def is_to_be_told(error: BaseException) -> bool:
    """Whether an exception is one of the code's, and no limit of ours; `Failed` is pytest's, where none was raised."""
    return isinstance(error, (Exception, SystemExit)) or type(error).__name__ == "Failed"


def execute(program: str, scope: dict[str, Any]) -> None:
    """Run a check's program, which may `await` as the cells of a notebook may."""
    code = compile(program, "<check>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    waits = eval(code, scope)
    if waits is not None:
        asyncio.run(waits)


def record(student: Student, program: str, names: list[str], seeds: bool, raising: bool) -> Any:
    """Run a check's program; what was noted, and what ended it early, if anything did.

    Args:
        names: of the student's that it uses.
        seeds: whether it seeds the generators itself.
        raising: whether an exception is to be told as one of the student's.
    """
    for name in names:  # a check may expect an exception, but not this one
        getattr(student, name)
    tape = Tape(student, Drawing(seeds))
    ended = None
    scope = {"__builtins__": dict(BUILTINS), "__name__": "check", "__tape__": tape}
    outermost = tape.notes
    try:
        execute(program, scope)
    except TooLarge:
        raise
    except BaseException as error:
        if raising or not is_to_be_told(error):
            raise
        ended = type(error).__name__
    data = {"dict": [["notes", outermost], ["ended", ended]]}
    return Encoded(data, tape.tensors)
