"""Runs a plain check where no student code is, with what was noted beside it in the place of the student's objects.

An expression whose operands are all known here is evaluated here, by torch and Python as they are; one that asks
something of a student's object takes what was noted (`grader/guest/tape.py`). So asserts are judged by functions that
no student code could change, and an expected value is what it is here, not what the submission's process says.

What the solution's notes show first is kept in `taken`: the expressions whose values have to be taken from the notes,
since an object has to be asked (`object`), or since what the student's code does shows there (`effect`): a gradient,
an element that a hook appended. A truth about an object is taken from the notes only where it is so with the solution.

An input that the student's code was handed may have been changed by it. Where it was, and the solution changes nothing,
the check has to hold with the input as it is now (`seen`) and as it was (`own`).
"""

from __future__ import annotations

import ast
import importlib
import math
import random
import sys
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import ModuleType
from typing import Any, NoReturn, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from grader.guest import encoding
from grader.guest.seeding import Drawing
from grader.guest.tape import (
    AUGMENTED,
    BINARY,
    BUILTINS,
    COMPARED,
    KNOWN,
    UNARY,
    Captured,
    execute,
    in_places,
    is_to_be_told,
)

_FOUND = {name: kind for kind, name in KNOWN.items()}
_LOOSE = {"rtol": 1e-5, "atol": 1e-7}
"""Two processes may round differently."""
_DEEP = 3
_SHORT = 60
PLAIN = (bool, int, float, complex, str, list, tuple, dict, set, Tensor, np.ndarray)


Raised = TypeVar("Raised", bound=BaseException)


class Absent(BaseException):
    """Something was asked of an object that is not here."""


class OtherWay(BaseException):
    """The notes are not those of the way that the check takes here."""


class Refuted(BaseException):
    """An assert does not hold."""

    def __init__(self, number: int, sides: tuple[str, list[Any]], said: str) -> None:
        self.number, self.said = number, said
        self.relation, self.sides = sides


class Object:
    """Stands for an object of the student's.

    Args:
        kind: its type's name.
        known: where the classes are found that it is an instance of, the nearest first.
    """

    __slots__ = ("_kind", "_known", "_type")

    def __init__(self, kind: str, known: list[str]) -> None:
        base = next((_FOUND[name] for name in known if name in _FOUND), None)
        made: type = Object
        if base is not None:
            with suppress(TypeError):  # not every class can be derived from
                made = type(kind, (base,), {})
        object.__setattr__(self, "_kind", kind)
        object.__setattr__(self, "_known", _FOUND.get(known[0]) if known else None)
        object.__setattr__(self, "_type", made)

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        kind: type = object.__getattribute__(self, "_type")
        return kind

    def __eq__(self, other: object) -> bool:
        """A class of a library that the student's process told of is that class."""
        return self is other or (_is_class(self) and isinstance(other, type) and _known(self) is other)

    def __hash__(self) -> int:
        return hash(_known(self)) if _is_class(self) else object.__hash__(self)

    def __repr__(self) -> str:
        return f"<{object.__getattribute__(self, '_kind')}>"

    def __getattr__(self, name: str) -> Any:
        if name == "__name__":
            return object.__getattribute__(self, "_kind")
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        raise Absent(name)

    def __setattr__(self, name: str, value: Any) -> None:
        """It was done beside the student's code."""

    def __delattr__(self, name: str) -> None:
        """It was done beside the student's code."""

    def __setitem__(self, key: Any, value: Any) -> None:
        """It was done beside the student's code."""

    def __delitem__(self, key: Any) -> None:
        """It was done beside the student's code."""

    def __bool__(self) -> bool:
        return True

    def __mro_entries__(self, bases: tuple[Any, ...]) -> NoReturn:
        raise Absent("a base class")


def _known(value: Object) -> Any:
    return object.__getattribute__(value, "_known")


def _is_class(value: Any) -> bool:
    """Whether it stands for a class."""
    return _is_object(value) and object.__getattribute__(value, "_kind") == "type"


def _ask(*_: Any, **__: Any) -> NoReturn:
    raise Absent("an object")


_ASKING = """
    call iter next len getitem contains add radd sub rsub mul rmul truediv rtruediv matmul rmatmul pow rpow mod floordiv
    neg abs lt le gt ge int float index array
"""
for _name in _ASKING.split():
    setattr(Object, f"__{_name}__", _ask)


class TheirList(list[Any]):
    """The elements of a list of the student's own kind."""


class TheirDict(dict[Any, Any]):
    """The items of a dict of the student's own kind."""


class TheirTuple(tuple[Any, ...]):
    """The elements of a tuple of the student's own kind."""


_THEIRS: dict[type, type] = {list: TheirList, dict: TheirDict, tuple: TheirTuple}


def _is_object(value: Any) -> bool:
    return type(value) is Object


def _is_foreign(value: Any) -> bool:
    """Whether what it does is for the student's code to say."""
    return type(value) in (Object, TheirList, TheirDict, TheirTuple)


def _is_own(value: Any) -> bool:
    """Whether it is code of the check's own, or an object of a class of its own."""
    if _is_foreign(value):
        return False
    return "check" in (type(value).__module__, getattr(value, "__module__", None))


def _holds_foreign(value: Any, depth: int = 0) -> bool:
    """Whether a value is an object of the student's, or a container of one."""
    if _is_foreign(value):
        return True
    if depth < _DEEP and type(value) in (list, tuple, set):
        return any(_holds_foreign(part, depth + 1) for part in value)
    return depth < _DEEP and type(value) is dict and any(_holds_foreign(part, depth + 1) for part in value.values())


def _plainly(value: Any) -> Any:
    """Elements alone, whatever their kind of container does when it is compared."""
    return next((kind(value) for kind, theirs in _THEIRS.items() if type(value) is theirs), value)


_OF_PROCESS = ("gc", "tracemalloc", "resource")
_SURE = (isinstance, issubclass, callable, hasattr)
"""Functions that say the truth about an object: they are Python's own there, too."""


def _tells_of_process(asked: Any) -> bool:
    """Whether a module, or a function of it, says what is in the process that it runs in."""
    return (asked.__name__ if isinstance(asked, ModuleType) else getattr(asked, "__module__", "")) in _OF_PROCESS


def _is_sure(function: Any) -> bool:
    return any(function is one for one in _SURE)


def _is_truth(note: list[Any]) -> bool:
    """Whether what was noted is a truth."""
    return len(note) < 5 and isinstance(note[1], bool)


_END = object()
"""Comes behind the last element."""


@dataclass
class _Made:
    """What comes of an expression here.

    Attributes:
        random: the generators' state before.
    """

    random: tuple[Any, Any]
    value: Any = None
    failed: BaseException | None = None


class Replay:
    """What the program calls; see the module's docstring.

    Args:
        notes: what was noted, each value still encoded.
        tensors: of these values.
        taken: what the solution's notes have shown; None where these are the solution's.
        own: whether inputs are taken as they were.
        seeds: whether the check seeds the generators itself.
    """

    def __init__(
        self, notes: list[Any], tensors: dict[str, Tensor], taken: dict[int, str] | None, own: bool, seeds: bool
    ) -> None:
        self._notes = iter(notes)
        self._tensors = tensors
        self._learns = taken is None
        self.taken: dict[int, str] = {} if taken is None else taken
        self._own = own
        self._drawing = Drawing(seeds)
        self._handed: dict[int, Any] = {}
        self._all_handed = False
        self._sides: tuple[str, list[Any]] = ("", [])
        self._said: int | None = None
        self._claim = 0
        self.open: list[list[int]] = []
        self.changed = False
        self.claims: set[int] = set()
        self.at = 0
        self.values: dict[int, Any] = {}
        self.parts: tuple[int, ...] = ()
        self.given: dict[str, Any] = {}

    # -- notes

    def _next(self, number: int) -> list[Any]:
        self.at = number
        note: list[Any] | None = next(self._notes, None)
        if note is None or note[0] != number:
            raise OtherWay
        return note

    def _value(self, note: list[Any]) -> Any:
        return rebuilt(note[1], self._tensors)

    def _take(self, note: list[Any], operands: tuple[Any, ...] = ()) -> Any:
        """What was noted; the student's code may have changed what it was handed."""
        self._hand(operands)
        if len(note) > 3 and note[3] is not None:
            state, printed, warned = rebuilt(note[3], self._tensors)
            if state is not None:
                _set_random(state)
            sys.stdout.write(printed)
            for kinds, said in warned:
                warnings.warn(_made_anew(kinds, said, Warning), stacklevel=2)
        if len(note) > 4:
            kinds, said = rebuilt(note[4], self._tensors)
            raise _made_anew(kinds, said, SystemExit if kinds[0] == "builtins:SystemExit" else Exception)
        value = self._value(note)
        self._hand((value,))
        return value

    def _hand(self, values: Any, depth: int = 0) -> None:
        for value in values:
            if value is None or isinstance(value, (bool, int, float, str)):
                continue
            self._handed[id(value)] = value
            if type(value) in (list, dict, set, tuple) and depth < _DEEP:
                self._hand(value.values() if isinstance(value, dict) else value, depth + 1)
            elif _is_own(value):
                self._all_handed = True  # code of the check's own may reach anything of it

    def _is_handed(self, operands: tuple[Any, ...]) -> bool:
        return self._all_handed or any(id(one) in self._handed for one in operands)

    def _resolve(self, number: int, operands: tuple[Any, ...], make: Callable[[], Any], theirs: Any = None) -> Any:
        """The same, after which the generators go on as they did beside the student's code."""
        try:
            return self._made(number, operands, make, theirs)
        finally:
            self._drawing.go_on()

    def _made(self, number: int, operands: tuple[Any, ...], make: Callable[[], Any], theirs: Any = None) -> Any:
        """The value of an expression: made here, or taken from the notes.

        Args:
            theirs: what is called or asked; if it is an object of the student's, it was they who answered.
        """
        note = self._next(number)
        if self._is_taken(note, operands, theirs):
            return self._keep(number, self._take(note, operands))
        with self._making(note, theirs) as made:
            made.value = make()
        return self._keep(number, self._settled(note, operands, made))

    def _keep(self, number: int, value: Any) -> Any:
        self.values[number] = value
        return value

    def _is_taken(self, note: list[Any], operands: tuple[Any, ...], theirs: Any) -> bool:
        """Whether an expression's value is taken from the notes, without a try to make it here."""
        self._said = None
        reason = self.taken.get(note[0])
        held, own = _holds_foreign(list(operands)), _is_own(theirs)
        if reason == "effect" or (held and reason == "object" and not own) or _tells_of_process(theirs):
            return True
        theirs_to_say = self._learns or _is_foreign(theirs) or not _is_truth(note) or _is_sure(theirs)
        if held and not own and theirs_to_say and not _decides(theirs, operands):
            if self._learns:
                self.taken[note[0]] = "object"
            return True
        return False

    @contextmanager
    def _making(self, note: list[Any], theirs: Any = None) -> Iterator[_Made]:
        """Make a value here; what is asked meanwhile was noted inside of it."""
        outside, self._notes = self._notes, iter(note[2] if len(note) > 2 else [])
        made = _Made((torch.default_generator.get_state(), random.getstate()))
        try:
            yield made
        except (Absent, OtherWay) as error:
            if _is_own(theirs) or (_is_truth(note) and not self._learns):
                raise  # what the check itself does cannot be taken from the notes
            made.failed = error
        except BaseException as error:
            if not is_to_be_told(error) or (self._learns and len(note) <= 4 and _is_own(theirs)):
                raise  # asserts of the check's own code would be passed over
            made.failed = error
        finally:
            self._notes = outside

    def _settled(self, note: list[Any], operands: tuple[Any, ...], made: _Made) -> Any:
        """What is made here, or what was noted, where the two are not the same."""
        value, failed = made.value, made.failed
        noted_error = len(note) > 4
        if failed is None:
            same = not noted_error and alike(value, self._value(note))
        else:
            same = noted_error and not isinstance(failed, (Absent, OtherWay))
        if same:
            if failed is not None:
                raise failed
            if self._is_handed(operands):
                self._hand((value,))  # it may be a part of them
            return value
        number = note[0]
        if self._learns:
            self.taken[number] = "object" if isinstance(failed, (Absent, OtherWay)) else "effect"
        elif isinstance(failed, (Absent, OtherWay)) or (isinstance(failed, AttributeError) and not noted_error):
            if isinstance(note[1], bool):
                raise failed
        elif _is_foreign(value):
            pass  # what it holds now is for their code to say
        elif self._is_handed((*operands, value)):
            self.changed = True
            if self._own:
                if failed is not None:
                    raise failed
                return value
        elif failed is not None:
            raise failed
        else:
            return value
        torch.default_generator.set_state(made.random[0])
        random.setstate(made.random[1])
        return self._take(note, operands)

    # -- expressions

    def student(self, number: int, name: str | None) -> Any:
        return self._keep(number, self._take(self._next(number)))

    def name(self, number: int, value: Any) -> Any:
        return self._keep(number, self._named(self._next(number), value))

    def _named(self, note: list[Any], value: Any) -> Any:
        number = note[0]
        noted = note[1]
        plain = value is None or isinstance(value, PLAIN)
        if isinstance(noted, dict) and "object" in noted and (_is_object(value) or not plain):
            return value
        if self.taken.get(number) == "effect":
            return self._take(note)
        if alike(value, self._value(note)):
            return value
        if self._learns:
            self.taken[number] = "effect"
        elif not _is_foreign(value):
            if not self._is_handed((value,)):
                return value
            self.changed = True
            if self._own:
                return value
        return self._take(note)

    def made(self, number: int, _: Any) -> Any:
        return self._take(self._next(number))

    def attribute(self, number: int, value: Any, name: str) -> Any:
        return self._resolve(number, (value,), lambda: getattr(value, name), value)

    def item(self, number: int, value: Any, index: Any) -> Any:
        return self._resolve(number, (value, index), lambda: value[index], value)

    def call(self, number: int, function: Any, /, *arguments: Any, **named: Any) -> Any:
        operands = (*arguments, *named.values(), function)
        made = self._resolve(number, operands, lambda: function(*arguments, **named), function)
        return self._compared_by(number, function, arguments, made)

    def library(self, number: int, function: Any, /, *arguments: Any, **named: Any) -> Any:
        operands = (*arguments, *named.values(), function)
        made = self._made(number, operands, lambda: function(*arguments, **named), function)
        return self._compared_by(number, function, arguments, made)

    def _compared_by(self, number: int, function: Any, arguments: tuple[Any, ...], made: Any) -> Any:
        if len(arguments) > 1:
            self._sides = (getattr(function, "__name__", ""), list(arguments[:2]))
        theirs = _is_foreign(function) or getattr(function, "__module__", "") == "builtins"  # which none can change
        self._said = number if isinstance(made, bool) and number in self.taken and not theirs else None
        return made

    def method(self, number: int, value: Any, name: str, /, *arguments: Any, **named: Any) -> Any:
        kept = (
            getattr(value, "__dict__", {}).get(name) if _is_own(value) else None
        )  # as `self.model` of a case of tests
        theirs = kept if _is_foreign(kept) else value
        operands = (theirs, *arguments, *named.values())
        made = self._resolve(number, operands, lambda: getattr(value, name)(*arguments, **named), theirs)
        if arguments:
            self._sides = (name, [value, arguments[0]])
        return made

    def binary(self, number: int, sign: str, left: Any, right: Any) -> Any:
        return self._resolve(number, (left, right), lambda: BINARY[sign](left, right), left)

    def augmented(self, number: int, sign: str, left: Any, right: Any) -> Any:
        return self._resolve(number, (left, right), lambda: AUGMENTED[sign](left, right), left)

    def unary(self, number: int, sign: str, value: Any) -> Any:
        return self._resolve(number, (value,), lambda: UNARY[sign](value), value)

    def compared(self, number: int, sign: str, left: Any, right: Any) -> Any:
        self._sides = (sign, [left, right])
        if sign in ("is", "is not") and not _is_single(left) and not _is_single(right):
            return self._take(self._next(number), (left, right))  # which objects are the same was seen there
        left, right = _plainly(left), _plainly(right)
        return self._resolve(number, (left, right), lambda: COMPARED[sign](left, right))

    async def awaited(self, number: int, value: Any) -> Any:
        """What comes of something that is waited for: of a coroutine of the check's own here."""
        note = self._next(number)
        try:
            if self._is_taken(note, (value,), value):
                return self._take(note)
            with self._making(note) as made:
                made.value = await value
            return self._settled(note, (value,), made)
        finally:
            self._drawing.go_on()

    async def iterate_async(self, number: int, values: Any) -> AsyncIterator[Any]:
        """The elements of what is waited for: of a generator of the check's own here."""
        here = None if _is_foreign(values) else aiter(values)
        while True:
            value = await anext(here, _END) if here is not None else None
            note = self._next(number)
            if (value is _END) is not (note[2] is False) and here is not None:
                raise OtherWay
            if note[2] is False:
                return
            self._drawing.go_on()
            yield value if here is not None else self._take(note)

    def iterate(self, number: int, values: Any) -> Iterator[Any]:
        """The elements: of what is here; else those that were noted."""
        here = None if _is_foreign(values) else iter(values)
        while True:
            note = self._next(number)
            if here is not None:
                try:
                    value = next(here)
                except StopIteration:
                    if note[2] is True:
                        raise OtherWay from None
                    return
                except Absent:
                    here, value = None, None
            if here is not None:
                if note[2] is False:
                    raise OtherWay
                if self._is_handed((values,)):
                    self._hand((value,))
            elif note[2] is False:
                return
            else:
                value = self._take(note)
            self._drawing.go_on()
            yield value

    def capsys(self) -> Captured:
        return Captured()

    def truth(self, number: int, value: Any) -> bool:
        """Whether something counts as true."""
        said = self._said
        truth = bool(self._resolve(number, (value,), lambda: bool(value), value))
        self._said = said
        return truth

    def context(self, number: int, manager: Any) -> Any:
        return _Context(self, number, manager)

    # -- asserts

    def ordered(self, places: tuple[int, ...], /, *values: Any) -> list[Any]:
        """Operands in their places; see `in_places`."""
        return in_places(places, values)

    def related(self, sign: str, left: Any, right: Any) -> Any:
        """Two sides of which only one is noted."""
        left, right = _plainly(left), _plainly(right)
        self._sides = (sign, [left, right])
        if sign in ("is", "is not") and (_is_class(left) or _is_class(right)):
            sign = "==" if sign == "is" else "!="
        return self._held(lambda: COMPARED[sign](left, right))

    def judged(self, function: Any, /, *arguments: Any, **named: Any) -> Any:
        """A function that compares."""
        self._sides = (function.__name__, list(arguments[:2]))
        return self._held(lambda: function(*arguments, **named))

    def _held(self, compare: Callable[[], Any]) -> Any:
        """What a comparison says; one that cannot be made does not hold."""
        try:
            return compare()
        except (Exception, Absent) as error:
            raise Refuted(self._claim, self._sides, f"{type(error).__name__}: {error}") from None

    def begun(self, number: int, parts: tuple[int, ...], /, **given: Any) -> int:
        """An assert is about to be evaluated.

        Args:
            parts: the expressions whose values show why it does not hold.
            given: variables of loops and of the check's own functions.
        """
        self._sides, self._said, self._claim = ("", []), None, number
        self.parts, self.given = parts, given
        return number

    def value(self, number: int) -> Any:
        """What an expression was the last time."""
        return self.values[number]

    def claim(self, number: int, truth: Any, message: Callable[[], Any] | None = None) -> None:
        """An assert."""
        self.claims.add(number)
        if self._said is not None and isinstance(truth, bool):
            self.open.append([number, self._said])
        if not truth:
            said = ""
            if message is not None:
                with suppress(Exception, Absent, OtherWay):  # it is there to help
                    said = str(message())
            raise Refuted(number, self._sides, said)

    def asserted(self, number: int, function: Any, /, *arguments: Any, **named: Any) -> None:
        """A call of a function that asserts."""
        self.claims.add(number)
        self.begun(number, ())
        self._sides = (function.__name__, list(arguments[:2]))
        self._held(lambda: function(*arguments, **named))


class _Context:
    """A context manager that may be the student's: what it gives, and whether it held an exception back, is noted."""

    def __init__(self, player: Replay, number: int, manager: Any) -> None:
        self._player, self._number, self._manager = player, number, manager

    def __enter__(self) -> Any:
        return self._player.method(self._number, self._manager, "__enter__")

    def __exit__(self, *raised: Any) -> Any:
        return self._player.method(self._number, self._manager, "__exit__", *raised)

    async def __aenter__(self) -> Any:
        made = self._player.method(self._number, self._manager, "__aenter__")
        return await self._player.awaited(self._number, made)

    async def __aexit__(self, *raised: Any) -> Any:
        made = self._player.method(self._number, self._manager, "__aexit__", *raised)
        return await self._player.awaited(self._number, made)


def _is_single(value: Any) -> bool:
    return value is None or value is ... or value is NotImplemented or isinstance(value, bool)


def _decides(function: Any, operands: tuple[Any, ...]) -> bool:
    """Whether a question about an object can be answered from what is known of its type."""
    return function is isinstance and len(operands) == 3 and not _holds_foreign(operands[1])


def alike(value: Any, noted: Any) -> bool:
    """Whether a value is what was noted of one; of objects, that both are."""
    if _is_object(noted):
        return _is_object(value) or not (value is None or isinstance(value, PLAIN))
    if isinstance(noted, Tensor):
        return isinstance(value, Tensor) and _alike_tensors(value, noted)
    if isinstance(noted, np.ndarray):
        return isinstance(value, np.ndarray) and _alike_tensors(torch.from_numpy(value), torch.from_numpy(noted))
    if isinstance(noted, (list, tuple)):
        same = isinstance(value, (list, tuple)) and isinstance(value, list) == isinstance(noted, list)
        return same and len(value) == len(noted) and all(map(alike, value, noted))
    if isinstance(noted, dict):
        return (
            isinstance(value, dict) and list(value) == list(noted) and all(map(alike, value.values(), noted.values()))
        )
    if isinstance(noted, float) and isinstance(value, (int, float, np.generic)):
        return math.isclose(value, noted, rel_tol=1e-5, abs_tol=1e-7) or (math.isnan(noted) and math.isnan(value))
    if isinstance(value, np.generic):
        value = value.item()
    return type(value) is type(noted) and bool(value == noted)


def _alike_tensors(value: Tensor, noted: Tensor) -> bool:
    if value.shape != noted.shape or value.dtype != noted.dtype or value.layout != noted.layout:
        return False
    if value.requires_grad != noted.requires_grad:
        return False
    if value.layout != torch.strided:
        value, noted = value.to_dense(), noted.to_dense()
    value, noted = value.detach(), noted.detach()
    if not (value.is_floating_point() or value.is_complex()):
        return torch.equal(value, noted)
    return torch.allclose(value, noted, equal_nan=True, **_LOOSE)


def rebuilt(data: Any, tensors: dict[str, Tensor]) -> Any:
    """A noted value, made anew."""
    match data:
        case list():
            return [rebuilt(part, tensors) for part in data]
        case {"tuple": parts}:
            return tuple(rebuilt(part, tensors) for part in parts)
        case {"fields": _, "dict": [["", content]]}:
            made = rebuilt(content, tensors)
            return _THEIRS[type(made)](made)
        case {"fields": "slice", "dict": bounds}:
            return slice(*(rebuilt(bound, tensors) for _, bound in bounds))
        case {"fields": kind}:
            return Object(kind, [])
        case {"dict": pairs}:
            return {rebuilt(key, tensors): rebuilt(value, tensors) for key, value in pairs}
        case {"set": parts}:
            return {rebuilt(part, tensors) for part in parts}
        case {"object": kind, "repr": known}:
            return Object(kind, known.split())
        case {"exact": kind, "text": text}:
            return _exact(kind, text)
        case {"tensor": _, "array": True}:
            return encoding.decode_with(data | {"flags": [False, True, False]}, tensors).numpy().copy()
        case {"tensor": _, "flags": [grad, _, parameter]}:
            tensor = encoding.decode_with(data | {"flags": [False, True, False]}, tensors).detach().clone()
            return nn.Parameter(tensor, grad) if parameter else tensor.requires_grad_(grad)
        case {"parts": pairs, "is": "sparse_coo", "shape": shape}:
            parts = {name: rebuilt(part, tensors) for name, part in pairs}
            return torch.sparse_coo_tensor(parts["indices"], parts["values"], shape).coalesce()
        case {"parts": _, "is": kind}:
            return Object(kind, ["torch:Tensor"])
    return encoding.decode_with(data, tensors)


def _exact(kind: str, text: str) -> Any:
    """A value of which the text says all; an object, where it is none that is made here."""
    if kind == "dtype" and text.startswith("torch."):
        return getattr(torch, text.removeprefix("torch."))
    if kind == "device":
        return torch.device(text.partition("'")[2].partition("'")[0])
    if kind == "range":
        return range(*(int(part) for part in text[6:-1].split(",")))
    if kind == "ellipsis":
        return ...
    if kind == "bytes":
        return ast.literal_eval(text)
    return Object(kind, [])


def _class(text: str) -> Any:
    """A class of torch, NumPy or Python, by its full name."""
    module, _, name = text.rpartition(".")
    if module.partition(".")[0] not in ("torch", "numpy", "builtins", "collections"):
        return None
    try:
        return getattr(importlib.import_module(module), name, None)
    except ImportError:
        return None


def _made_anew(kinds: list[str], message: str, base: type[Raised]) -> Raised:
    """An exception or a warning like the one there was: of the nearest class of it that is known here."""
    known: type[Raised] = base
    for kind in kinds:
        module, _, name = kind.partition(":")
        found = BUILTINS.get(name) if module == "builtins" else _class(f"{module}.{name}")
        if isinstance(found, type) and issubclass(found, base):
            known = found
            break
    name = kinds[0].partition(":")[2].rpartition(".")[2]
    if known.__name__ == name:
        with suppress(Exception):  # not every class is made of a message alone
            made = known(message)
            if str(made) in (message, repr(message)):
                return made
    like: Raised = type(name, (known,), {"__init__": lambda self, *_: None, "__str__": lambda self: message})()
    return like


def _set_random(state: list[Any]) -> None:
    made, python, key, place = state
    with suppress(Exception):  # a state that there is not
        torch.default_generator.set_state(made)
        random.setstate((3, tuple(python), None))
        if key is not None:
            np.random.set_state(("MT19937", key, place, 0, 0.0))


def replay(
    program: str, notes: Any, tensors: dict[str, Tensor], taken: dict[int, str] | None, own: bool, seeds: bool
) -> Any:
    """Run a check's program on notes.

    Returns:
        `outcome`: `held`, `refuted`, `raised` or `ended`, where the notes end; with the assert, what was compared last
        in it, and what it says, or the exception; `taken` and `claims` for what comes after the solution's; `open`, the
        asserts whose truth is what the notes say, each with the expression; `changed`, whether inputs were changed.
    """
    player = Replay(notes, tensors, taken, own, seeds)
    names = {"__builtins__": dict(BUILTINS), "__name__": "check", "__tape__": player}
    told: dict[str, Any] = {"outcome": "held"}
    try:
        execute(program, names)
    except Refuted as refuted:
        sides = [encoding_safe(side) for side in refuted.sides]
        told = {"outcome": "refuted", "number": refuted.number, "relation": refuted.relation, "sides": sides}
        told |= {"said": refuted.said[:4000], "at": player.at}
        values = player.values
        told["parts"] = [[number, encoding_safe(values[number])] for number in player.parts if number in values]
        told["given"] = [[name, repr(one)] for name, one in player.given.items() if _is_short(one)]
    except OtherWay:
        told = {"outcome": "ended"}
    except Absent:
        told = {"outcome": "raised", "error": "", "said": "", "at": player.at}
    except BaseException as error:
        if not is_to_be_told(error):
            raise
        told = {"outcome": "raised", "error": type(error).__name__, "said": str(error)[:4000], "at": player.at}
    pairs = [[number, reason] for number, reason in sorted(player.taken.items())]
    return told | {"taken": pairs, "claims": sorted(player.claims), "open": player.open, "changed": player.changed}


def _is_short(value: Any) -> bool:
    """Whether a value is told by a few words."""
    if type(value) in (list, tuple):
        return all(map(_is_short, value)) and len(repr(value)) <= _SHORT
    return value is None or (type(value) in (bool, int, float, str) and len(repr(value)) <= _SHORT)


def encoding_safe(value: Any) -> Any:
    """A side of an assert, to be sent; what stands for an object is told by its name."""
    if _is_object(value):
        return type(object.__getattribute__(value, "_kind"), (), {"__repr__": lambda _: ""})()
    if type(value).__name__.startswith("Approx") and hasattr(value, "expected"):  # pytest's
        return value.expected
    if type(value) in (list, tuple) and _holds_foreign(value):
        return type(value)(encoding_safe(part) for part in value)
    return value
