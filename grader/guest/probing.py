"""Answers a question beside the student's code, and leaves no trace of it where it can."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from grader.guest import look, replay, tape
from grader.guest.encoding import decode, encode
from grader.guest.faults import Sources, describe, kept_warnings
from grader.guest.seeding import seed_everything
from grader.guest.shell import Capture
from grader.guest.signals import Handlers
from grader.guest.timing import Clock, time_limit
from grader.protocol import Answered

# Taken before any student code ran, which may put others in their place.
_random_state, _set_random_state = random.getstate, random.setstate
_numpy_state, _set_numpy_state = np.random.get_state, np.random.set_state
_set_grad_enabled, _set_default_dtype = torch.set_grad_enabled, torch.set_default_dtype
_set_anomaly, _chdir = torch.autograd.set_detect_anomaly, os.chdir

Question = tuple[dict[str, Any], bytes]
_WITHOUT_PARTS = frozenset({FunctionType, ModuleType, str, int, float, bool, type(None)})
MOST_LOOKED_AT = 2000
"""Objects of the student's that are looked at for changes."""


class Fixtures:
    """The names of the instructor's `fixtures.py`.

    It runs before any cell does, so that what it imports and defines is what it was written for, whatever the
    student's code puts in its place. What it raises is raised where a name is asked for.

    Args:
        seconds: after which it is stopped.
    """

    def __init__(self, source: str, seconds: float) -> None:
        self._names: dict[str, Any] = {"__name__": "fixtures"}
        self._fault: Exception | None = None
        try:
            with time_limit(seconds):
                exec(compile(source, "<fixtures>", "exec", dont_inherit=True), self._names)
        except Exception as error:
            self._fault = error
        except BaseException as error:  # no limit of the student's was passed
            self._fault = RuntimeError(f"fixtures.py did not run to its end: {error or type(error).__name__}")

    def __call__(self) -> dict[str, Any]:
        if self._fault is not None:
            raise self._fault
        return self._names


def use_one_thread() -> None:
    """Have torch compute in this thread alone: where it is a copy's, the pool of the others has stayed behind."""
    torch.set_num_threads(1)


def answer(
    student: look.Student, sources: Sources, question: Question, clock: Clock, handlers: Handlers
) -> tuple[Answered, bytes]:
    """Run a probe.

    Args:
        clock: says how long it may take.
        handlers: of signals, which run meanwhile.

    Returns:
        What it brought, and its tensors.
    """
    request, blob = question
    made, tensors = Answered(tag="answered", number=request["number"], warned=[], changed=False), b""
    try:
        limit = time_limit(clock.seconds, patient=not clock.hurried)
        with handlers.at_work(), limit, kept_warnings() as made["warned"]:
            seed_everything(request["seed"])
            _set_default_dtype(torch.float32)  # what questions are asked in, whatever the notebook has set
            nowhere = Capture(0)
            sys.stdout, sys.stderr = nowhere.stdout, nowhere.stderr
            names: dict[str, Any] = {"torch": torch, "nn": nn, "look": look, "__name__": "probe"}
            names |= {"tape": tape, "replay": replay}
            exec(_compiled(request["source"]), names)
            arguments = decode(request["arguments"], blob)
            made["value"], tensors = encode(names[request["function"]](student, **arguments))
    except BaseException as error:
        made["raised"] = describe(error, sources)
    return made, tensors


@cache
def _compiled(source: str) -> CodeType:
    """A probe's source; many questions are put by the same one."""
    return compile(source, "<probe>", "exec", dont_inherit=True)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Put back what a probe may disturb: random states, grad mode, default dtype, cwd, streams."""
    states = torch.default_generator.get_state(), _random_state(), _numpy_state()
    streams = sys.stdout, sys.stderr
    folder = os.open(".", os.O_PATH) if hasattr(os, "O_PATH") else None  # it may be deeper than any path
    grad, dtype, anomaly = torch.is_grad_enabled(), torch.get_default_dtype(), torch.is_anomaly_enabled()
    try:
        yield
    finally:
        torch.default_generator.set_state(states[0])
        _set_random_state(states[1])
        _set_numpy_state(states[2])
        sys.stdout, sys.stderr = streams
        if folder is not None:
            with suppress(OSError):
                _chdir(folder)
            os.close(folder)
        _set_grad_enabled(grad)
        _set_default_dtype(dtype)
        _set_anomaly(anomaly)


def _files() -> list[str]:
    with suppress(OSError):  # the folder may be gone
        return sorted(os.listdir())
    return []


def marks_of(names: dict[str, Any]) -> list[Any]:
    """What would look otherwise if later cells could see a change in the student's names.

    That is the names themselves, lengths, versions of tensors, hooks and modes.
    """
    marks: list[Any] = [_files()]
    pending: list[tuple[str, Any]] = [(name, value) for name, value in names.items() if name != "__builtins__"]
    seen: set[int] = set()
    while pending and len(marks) < MOST_LOOKED_AT:
        name, value = pending.pop()
        mark: tuple[Any, ...] = ()
        if type(value) in _WITHOUT_PARTS:  # as most are
            marks.append((name, id(value)))
            continue
        try:
            mark, parts = _mark(value)
            if parts and id(value) not in seen:
                pending += [(name, part) for part in parts]
        except Exception:  # what an object of the student's says of itself is their code
            mark = ()
        seen.add(id(value))
        marks.append((name, id(value), *mark))
    return marks


def _mark(value: Any) -> tuple[tuple[Any, ...], list[Any]]:
    """What is looked at of one object, and the objects in it that are looked at as well."""
    kind = type(value)
    if isinstance(value, Tensor):
        return (value._version, id(value.grad), value.requires_grad), []
    if kind in (list, dict, set, tuple):
        parts = () if kind is set else value.values() if kind is dict else value
        return (len(value),), [part for part in parts if isinstance(part, (Tensor, nn.Module, list, dict))]
    if isinstance(value, nn.Module) and "_modules" in vars(value):
        inside = vars(value).values()
        lengths = [len(part) for part in inside if isinstance(part, dict)]
        return (value.training, *lengths), [part for part in inside if isinstance(part, (dict, Tensor, nn.Module))]
    if isinstance(value, type) and value.__module__ == "__main__":
        own = (part for key, part in vars(value).items() if not key.startswith("__"))  # pickle leaves some of those
        return (), [part for part in own if isinstance(part, (list, dict, Tensor))]
    if kind.__module__ == "__main__":
        return (), [vars(value)]
    return (), []
