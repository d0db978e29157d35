"""What the names in a line of student code stand for: shapes of tensors, sizes of layers, small numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import FrameType
from typing import Any

MOST = 6
LONGEST = 100
_NAME = re.compile(r"(?<![\w.\"'])[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_REGISTERED = ("_parameters", "_buffers", "_modules")


def named_values(line: str, frame: FrameType) -> list[list[str]]:
    """The names in a line that stand for something worth showing, each with what it is.

    No property of the student's runs for it: attributes are looked up in an object's own dict, and among what a
    Module registers.
    """
    found: dict[str, str] = {}
    for match in _NAME.finditer(line):
        for name, value in resolved(match[0].split("."), frame):
            text = _text(value)
            if text and len(found) < MOST:
                found[name] = text[:LONGEST]
    return [[name, text] for name, text in found.items()]


def resolved(parts: list[str], frame: FrameType) -> Iterator[tuple[str, Any]]:
    """The longest beginning of a dotted name that can be looked up, and what it stands for."""
    known = frame.f_locals if parts[0] in frame.f_locals else frame.f_globals
    if parts[0] not in known or parts[0] == "_":  # IPython's, where it is a loop's
        return
    name, value = parts[0], known[parts[0]]
    for part in parts[1:]:
        try:
            own = object.__getattribute__(value, "__dict__")
        except (AttributeError, TypeError):
            break
        homes = [own, *(own[key] for key in _REGISTERED if isinstance(own, dict) and type(own.get(key)) is dict)]
        home = next((home for home in homes if isinstance(home, dict) and part in home), None)
        if home is None:
            break
        name, value = f"{name}.{part}", home[part]
    yield name, value


def _text(value: Any) -> str:
    """A value in a few characters; nothing where it is of no interest."""
    import numpy as np
    import torch

    kind = type(value)
    if kind in (torch.Tensor, torch.nn.Parameter):
        dtype = str(value.dtype).removeprefix("torch.")
        return f"{list(value.shape)}" + (f" {dtype}" if dtype != "float32" else "")
    if kind is np.ndarray:
        return f"{list(value.shape)} {value.dtype} (numpy)"
    if isinstance(value, torch.nn.Module) and kind.__module__.startswith("torch.nn.modules.") and not value._modules:
        return repr(value)
    if kind in (bool, int, float) or value is None:
        return repr(value) if kind is not int or abs(value) < 10**20 else ""
    if kind is str and len(value) <= 30:
        return repr(value)
    if kind in (list, tuple, dict):
        return f"{kind.__name__} ({len(value)})"
    return ""
