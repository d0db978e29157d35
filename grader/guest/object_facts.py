"""Facts about a student's classes and objects, for naming the mistake behind a failure.

Nothing here judges: facts that the solution shows, too, are no mistakes.
"""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn
from torch.autograd import Function

Fact = dict[str, Any]
MOST = 400
"""Facts of one object, and classes, that are told."""


def collect(names: dict[str, Any], objects: list[Any]) -> dict[str, Any]:
    """What the classes and objects of an exercise are.

    Args:
        names: of the submission's `__main__`.
        objects: what the exercise asks for; None where it cannot be made.
    Returns:
        `modules`: the names of the Modules among the classes; `classes`: facts about classes;
        `objects`: what the attributes of each object are.
    """
    classes = {name: kind for name, kind in list(names.items()) if isinstance(kind, type)}
    return {
        "modules": [name for name, kind in classes.items() if issubclass(kind, nn.Module)][:MOST],
        "classes": [fact for name, kind in classes.items() for fact in _class(name, kind)][:MOST],
        "objects": [_object(made) for made in objects],
    }


def _class(name: str, kind: type) -> Iterator[Fact]:
    """A Module or Function that cannot be called."""
    base = next((base for base in (nn.Module, Function) if issubclass(kind, base)), None)
    if base and getattr(kind, "forward", None) is base.forward:
        near = difflib.get_close_matches("forward", (m.lower() for m in vars(kind)), n=1, cutoff=0.5)
        yield {"fact": "no_forward", "key": "", "class": name, "similar": near[0] if near else ""}


def _object(made: Any) -> list[Fact]:
    """What the attributes of an object and its parts are: `path`, `name`, `is`, and more about each."""
    found: list[Fact] = []
    if isinstance(made, nn.Module) and "_parameters" in vars(made):
        with contextlib.suppress(Exception):  # a part may never have been set up
            found += (fact for path, module in made.named_modules() for fact in _attributes(path, module))
    return found[:MOST]


def _attributes(path: str, module: nn.Module) -> Iterator[Fact]:
    inside = {"owner": "self", "path": path, "class": type(module).__name__}
    for name, parameter in module._parameters.items():
        if parameter is not None:
            yield {**inside, "name": name, "is": "parameter", **_tensor(parameter)}
    for name, buffer in module._buffers.items():
        if buffer is not None:
            kept = name not in module._non_persistent_buffers_set
            yield {**inside, "name": name, "is": "buffer" if kept else "transient buffer", **_tensor(buffer)}
    for name, child in module._modules.items():
        yield {**inside, "name": name, "is": "module", "of": type(child).__name__}
    registered = {id(part) for part in (*module.modules(), *module.parameters(), *module.buffers())}
    for name, value in vars(module).items():
        if name.startswith("_"):
            continue
        if isinstance(value, Tensor):
            yield {**inside, "name": name, "is": "tensor", **_tensor(value)}
        elif isinstance(value, (list, tuple, dict)):
            parts = list(value.values()) if isinstance(value, dict) else list(value)
            for what, kind in (("modules", nn.Module), ("tensors", Tensor)):
                if parts and all(isinstance(part, kind) for part in parts):
                    kinds = ", ".join(dict.fromkeys(type(part).__name__ for part in parts))
                    about = {"of": kinds, "count": len(parts), "container": type(value).__name__}
                    about["registered"] = all(id(part) in registered for part in parts)
                    yield {**inside, "name": name, "is": what, **about}


def _tensor(value: Tensor) -> dict[str, Any]:
    dtype = str(value.dtype).removeprefix("torch.")
    return {"shape": str(list(value.shape)), "dtype": dtype, "grad": value.requires_grad, "leaf": value.is_leaf}
