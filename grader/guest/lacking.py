"""What a notebook asks for and does not get while it is graded: packages, a network, a GPU, programs, an answer.

A statement that ends for want of one is passed over, so that it costs itself and no more.
"""

from __future__ import annotations

import importlib.util
import linecache
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any

import torch
from IPython.core.error import StdinNotImplementedError, UsageError

from grader.guest.named_values import resolved
from grader.protocol import Lacks

_NO_GPU = (
    "Torch not compiled with CUDA enabled",
    "Found no NVIDIA driver",
    "No CUDA GPUs are available",
    "no NVIDIA driver on your system",
    "not linked with support for mps",
    "MPS backend is supported only on",
    "PyTorch is not linked with support for",
    "Attempting to deserialize object on a CUDA device",
    (_NUMBERED := "Cannot access accelerator device when none is available"),
    "without ATen_cuda library",
)
_MOST_CAUSES = 20
_GENERATOR = re.compile(r"\bGenerator\(\s*(?:device\s*=\s*)?(?P<given>[\w.]*)")


class NotHere(Exception):
    """A magic that does not work without a kernel, a browser or other programs."""


class NoNetwork(ConnectionError):
    """What any use of the network raises."""


class Wants:
    """What of this student code has wanted.

    Attributes:
        network: how many times it was refused; libraries raise what they like when they do not get it.
    """

    network = 0


def lacks(error: BaseException, network: bool = False) -> Lacks | None:
    """What student code did not get, if an exception is for want of it.

    Args:
        network: whether the network was refused in the statement that raised it.
    """
    if network or any(isinstance(one, NoNetwork) for one in _causes(error, hidden=True)):
        return "network"
    for one in _causes(error):
        if isinstance(one, ModuleNotFoundError) and _is_missing(one.name):
            return "package"
        if isinstance(one, StdinNotImplementedError):
            return "answer"
        if isinstance(one, NotHere) or (isinstance(one, UsageError) and "not found" in _text(one)):
            return "magic"
        if isinstance(one, PermissionError) and _raised_in(one) == subprocess.__file__:
            return "program"
        if isinstance(one, (AssertionError, RuntimeError)) and any(text in _text(one) for text in _NO_GPU):
            return None if _gave_a_seed(one) else "gpu"
    return None


def _causes(error: BaseException, hidden: bool = False) -> Iterator[BaseException]:
    """An exception, and those that it was raised from.

    Args:
        hidden: or that were being handled when it was raised.
    """
    one: BaseException | None = error
    for _ in range(_MOST_CAUSES):
        if one is None:
            return
        yield one
        one = one.__cause__ or (one.__context__ if hidden else None)


def _text(error: BaseException) -> str:
    with suppress(Exception):  # the student's code may say what it says
        return str(error)
    return ""


def _raised_at(error: BaseException) -> TracebackType | None:
    """Where it was raised."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    return place


def _raised_in(error: BaseException) -> str:
    """The file whose code raised it."""
    place = _raised_at(error)
    return place.tb_frame.f_code.co_filename if place is not None else ""


def _gave_a_seed(error: BaseException) -> bool:
    """Whether `torch.Generator` was given a number: a seed is meant, and no GPU, though torch takes it for one's."""
    place = _raised_at(error)
    if place is None:
        return False
    made = _GENERATOR.search(linecache.getline(place.tb_frame.f_code.co_filename, place.tb_lineno))
    if made is None:
        return False
    given = made["given"]
    stands_for = dict(resolved(given.split("."), place.tb_frame)).get(given)
    return _NUMBERED in _text(error) or given.isdecimal() or type(stands_for) is int


def _is_missing(module: Any) -> bool:
    """Whether the package of a module is not here; a misspelt part of one that is, is a mistake."""
    if not isinstance(module, str):
        return False
    package = module.partition(".")[0]
    if package in sys.modules:
        return getattr(sys.modules[package], "__file__", None) is None and package not in sys.builtin_module_names
    with suppress(Exception):
        found = importlib.util.find_spec(package)
        return found is None or found.origin is None
    return True


def do_without_network() -> None:
    """Have the network refused at once and in words. What goes around this is refused by the kernel."""
    make: Callable[..., None] = socket.socket.__init__

    def refuse(*_: Any, **__: Any) -> Any:
        Wants.network += 1
        raise NoNetwork("there is no network while grading")

    def make_or_refuse(self: Any, *arguments: Any, **options: Any) -> None:
        if len(arguments) < 4 and options.get("fileno") is None:  # those of a pair have a number
            refuse()
        make(self, *arguments, **options)

    socket.socket.__init__ = make_or_refuse  # type: ignore[method-assign]
    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr", "getnameinfo"):
        setattr(socket, name, refuse)


def do_without_modes() -> None:
    """Have files keep the modes and times that they get: the kernel lets none be set, and libraries often try."""
    for name in ("chmod", "fchmod", "lchmod", "utime"):
        if hasattr(os, name):
            setattr(os, name, lambda *_, **__: None)
    os.listxattr = lambda *_, **__: []


def do_without_compiler() -> None:
    """Have `torch.compile` give back what it is given, as with `disable=True`, and say so: it needs a C++ compiler."""
    said = False

    def compile_nothing(model: Any = None, **_: Any) -> Any:
        nonlocal said
        if not said:
            said = True
            sys.stdout.write("torch.compile compiles nothing while grading: the code runs in eager mode\n")
        return (lambda given: given) if model is None else model

    torch.compile = compile_nothing
