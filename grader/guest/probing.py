"""Answers a question beside the student's code, and leaves no trace of it where it can."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import torch
from torch import Tensor, nn

from grader.guest import look
from grader.guest.encoding import decode, encode
from grader.guest.faults import Sources, describe, kept_warnings, time_limit
from grader.guest.shell import Capture
from grader.protocol import Answered

Question = tuple[dict[str, Any], bytes]
MOST_LOOKED_AT = 2000
"""Objects of the student's that are looked at for changes."""


class Fixtures:
    """The names of the instructor's `fixtures.py`.

    It runs before any cell does, so that what it imports and defines is what it was written for, whatever the
    student's code puts in its place. What it raises is raised where a name is asked for.
    """

    def __init__(self, source: str) -> None:
        self._names: dict[str, Any] = {"__name__": "fixtures"}
        self._fault: Exception | None = None
        try:
            exec(compile(source, "<fixtures>", "exec", dont_inherit=True), self._names)
        except Exception as error:
            self._fault = error

    def __call__(self) -> dict[str, Any]:
        if self._fault is not None:
            raise self._fault
        return self._names


def seed_everything(seed: int) -> None:
    """Seed the generators student code may draw from."""
    # `torch.manual_seed` seeds accelerators, too, which a guest does not see, and notes its whole stack for each kind.
    torch.default_generator.manual_seed(seed)
    random.seed(seed)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(seed)


def answer(
    student: look.Student, sources: Sources, question: Question, seconds: float, patient: bool
) -> tuple[Answered, bytes]:
    """Run a probe.

    Args:
        seconds: after which it is stopped.
        patient: whether it may take longer where the machine is busy.

    Returns:
        What it brought, and its tensors.
    """
    request, blob = question
    made, tensors = Answered(tag="answered", number=request["number"], warned=[], changed=False), b""
    try:
        with time_limit(seconds, patient), kept_warnings() as made["warned"]:
            seed_everything(request["seed"])
            sys.stdout = sys.stderr = Capture(0)
            names: dict[str, Any] = {"torch": torch, "nn": nn, "look": look, "__name__": "probe"}
            exec(compile(request["source"], "<probe>", "exec", dont_inherit=True), names)
            arguments = decode(request["arguments"], blob)
            made["value"], tensors = encode(names[request["function"]](student, **arguments))
    except BaseException as error:
        made["raised"] = describe(error, sources)
    return made, tensors


@contextmanager
def undisturbed(names: dict[str, Any]) -> Iterator[Callable[[], bool]]:
    """Put back what a probe may disturb: random states, grad mode, default dtype, cwd, streams.

    Gives what tells, afterwards, whether later cells can see a change in the student's names.
    """
    before = _marks(names)
    states = torch.get_rng_state(), random.getstate(), sys.modules["numpy"].random.get_state()
    streams = sys.stdout, sys.stderr
    folder = os.open(".", os.O_PATH) if hasattr(os, "O_PATH") else None  # it may be deeper than any path
    modes = torch.is_grad_enabled(), torch.get_default_dtype(), torch.is_anomaly_enabled()
    changed = False
    try:
        yield lambda: changed
    finally:
        torch.set_rng_state(states[0])
        random.setstate(states[1])
        sys.modules["numpy"].random.set_state(states[2])
        sys.stdout, sys.stderr = streams
        if folder is not None:
            with suppress(OSError):
                os.chdir(folder)
            os.close(folder)
        torch.set_grad_enabled(modes[0])
        torch.set_default_dtype(modes[1])
        torch.autograd.set_detect_anomaly(modes[2])
        changed = _marks(names) != before


def _files() -> list[str]:
    with suppress(OSError):  # the folder may be gone
        return sorted(os.listdir())
    return []


def _marks(names: dict[str, Any]) -> list[Any]:
    """What would look otherwise if something had changed: names, lengths, versions of tensors, hooks and modes."""
    marks: list[Any] = [_files()]
    pending: list[tuple[str, Any]] = [(name, value) for name, value in names.items() if name != "__builtins__"]
    seen: set[int] = set()
    while pending and len(marks) < MOST_LOOKED_AT:
        name, value = pending.pop()
        mark: tuple[Any, ...] = (name, id(value))
        kind = type(value)
        if isinstance(value, Tensor):
            with suppress(Exception):
                mark = (*mark, value._version, id(value.grad), value.requires_grad)
        elif kind in (list, dict, set, tuple):
            mark = (*mark, len(value))
            if id(value) not in seen and kind is not set:
                parts = value.values() if kind is dict else value
                pending += [(name, part) for part in parts if isinstance(part, (Tensor, nn.Module, list, dict))]
        elif isinstance(value, nn.Module) and "_modules" in vars(value):
            inside = vars(value)
            mark = (*mark, value.training, *(len(part) for part in inside.values() if isinstance(part, dict)))
            if id(value) not in seen:
                pending += [(name, part) for part in inside.values() if isinstance(part, (dict, Tensor, nn.Module))]
        elif getattr(kind, "__module__", "") == "__main__" and isinstance(getattr(value, "__dict__", None), dict):
            if id(value) not in seen:
                pending.append((name, value.__dict__))
        elif isinstance(value, type) and value.__module__ == "__main__" and id(value) not in seen:
            own = (part for key, part in vars(value).items() if not key.startswith("__"))  # pickle leaves some of those
            pending += [(name, part) for part in own if isinstance(part, (list, dict, Tensor))]
        seen.add(id(value))
        marks.append(mark)
    return marks
