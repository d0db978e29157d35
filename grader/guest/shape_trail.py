"""Where each shape came from: what modules and functions made of an input, up to the call that failed."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from itertools import islice
from traceback import walk_tb
from typing import Any

from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.overrides import TorchFunctionMode

MOST = 40
"""Steps that are kept, the last ones."""
LONGEST = 28
"""Characters of a call, which is cut short otherwise."""
_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
_WANTS = ("in_features", "in_channels", "num_features", "input_size", "embed_dim", "d_model")
"""Attributes of torch's layers that say how large a dimension of their input must be."""
_SIGNS = {"__getitem__": "[…]", "__matmul__": "@", "add": "+", "sub": "-", "mul": "*", "div": "/", "__truediv__": "/"}

Step = dict[str, Any]


class ShapeTrail(TorchFunctionMode):
    """Notes what each layer, and each function outside of them that changes a shape, takes and gives.

    A step is a dict: `name` of the layer in its model, or of the function; `layer`, the layer's own description;
    `takes`, the shapes of its tensors; `gives`, the first one's of what it returns; of a layer, `wants`, the size it
    expects, and `dim`, of which dimension.

    Attributes:
        steps: since the outermost module was called last.
    """

    def __init__(self) -> None:
        super().__init__()
        self.steps: deque[Step] = deque(maxlen=MOST)
        self._open: list[tuple[nn.Module, Step]] = []
        self._names: dict[int, str] = {}
        self._stopped: dict[int, Step] = {}
        self._failed: tuple[Exception, Step] | None = None

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        try:
            result = function(*args, **(kwargs or {}))
        except Exception as error:
            self._failed = error, _call(function, args, kwargs or {})
            raise
        if type(result) is Tensor and not self._in_layer and not _asked_by_us():
            step = _call(function, args, kwargs or {})
            if step["takes"] and step["takes"][0] != list(result.shape):
                self.steps.append({**step, "gives": list(result.shape)})
        return result

    @property
    def _in_layer(self) -> bool:
        return any(_is_layer(module) for module, _ in self._open)

    def before(self, module: nn.Module, inputs: Any) -> None:
        """A module is called."""
        if not self._open:
            self.steps.clear()
            self._names = {id(part): path for path, part in module.named_modules()}
            code = getattr(type(module).forward, "__code__", None)
            names = ("input",) if _is_layer(module) or code is None else code.co_varnames[1:]
            for name, shape in zip(names, _shapes(inputs), strict=False):
                self.steps.append({"name": name, "layer": "", "takes": [], "gives": shape})
        self._open.append((module, self._layer(module, inputs)))

    def after(self, module: nn.Module, _: Any, output: Any) -> None:
        """It has returned, or raised, and then has no output."""
        step = self._open.pop()[1]
        if output is None:
            self._stopped[id(module)] = step
        elif _is_layer(module) and not self._in_layer:
            self.steps.append({**step, "gives": next(iter(_shapes([output])), None)})

    def _layer(self, module: nn.Module, inputs: Any) -> Step:
        name = self._names.get(id(module)) or type(module).__name__
        wants = next((getattr(module, key) for key in _WANTS if isinstance(getattr(module, key, None), int)), None)
        step = {"name": name, "layer": repr(module) if _is_layer(module) else "", "takes": _shapes(inputs)}
        return step if wants is None else {**step, "wants": wants, "dim": _dimension(module)}

    def up_to(self, error: BaseException) -> list[Step]:
        """The steps up to the call that raised; the last one gives nothing. Empty where none of them did."""
        live = [frame.f_locals.get("self") for frame, _ in walk_tb(error.__traceback__)]
        layer = next((one for one in live if isinstance(one, nn.Module) and _is_layer(one)), None)
        failed = self._stopped.get(id(layer))
        if failed is None and self._failed is not None and self._failed[0] is error:
            failed = self._failed[1]
        return [] if failed is None else [*self.steps, {**failed, "gives": None}]


@contextmanager
def followed() -> Any:
    """Follow shapes in the block."""
    trail = ShapeTrail()
    handles = (
        register_module_forward_pre_hook(trail.before),
        register_module_forward_hook(trail.after, always_call=True),
    )
    try:
        with trail:
            yield trail
    finally:
        for handle in handles:
            handle.remove()


def trail_of(call: Callable[[], Any]) -> dict[str, Any]:
    """What shapes a call went through.

    Returns:
        The `steps`, up to the one that raised; and `type` and `message` of the exception, if there is one.
    """
    with followed() as trail:
        try:
            call()
        except Exception as error:
            return {"type": type(error).__name__, "message": str(error), "steps": trail.up_to(error)}
    return {"type": None, "message": None, "steps": list(trail.steps)}


def _asked_by_us() -> bool:
    """Whether what calls a function of torch's is the probe, or what it uses."""
    frame = sys._getframe(2)
    while frame.f_back is not None and str(frame.f_globals.get("__name__")).startswith("torch."):
        frame = frame.f_back
    return str(frame.f_globals.get("__name__")).startswith(("grader.", "probe"))


def _is_layer(module: nn.Module) -> bool:
    return type(module).__module__.startswith("torch.nn.modules.") and not isinstance(module, _CONTAINERS)


def _dimension(module: nn.Module) -> int:
    """The dimension of a layer's input that must have the size it wants; of convolutions from the end."""
    if isinstance(module, nn.modules.conv._ConvNd):
        return -1 - len(module.kernel_size)
    return 1 if isinstance(module, nn.modules.batchnorm._NormBase) else -1


def _shapes(values: Iterable[Any]) -> list[list[int]]:
    """The shapes of the first tensors among some values, and in lists and tuples of them."""
    found = []
    for value in islice(values, 4):
        if isinstance(value, Tensor):
            found.append(list(value.shape))
        elif type(value) in (list, tuple):
            found += _shapes(value)
    return found[:4]


def _call(function: Any, args: Any, kwargs: dict[str, Any]) -> Step:
    """A function with the whole numbers it is given, as they would be written, and the shapes of its tensors."""
    name = str(getattr(function, "__name__", ""))
    if name == "__get__":
        name = str(getattr(function.__self__, "__name__", ""))
    name = _SIGNS.get(name, name)
    plain = [*(repr(v) for v in args if _plain(v)), *(f"{k}={v!r}" for k, v in kwargs.items() if _plain(v))]
    written = f"{name}({', '.join(plain)})" if plain else name
    return {
        "name": written if len(written) <= LONGEST else f"{name}(…)"[:LONGEST],
        "layer": "",
        "takes": _shapes([*args, *kwargs.values()]),
    }


def _plain(value: Any) -> bool:
    parts = value if type(value) in (list, tuple) else [value]
    return bool(parts) and all(type(part) in (int, bool) for part in parts)
