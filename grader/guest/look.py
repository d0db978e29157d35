"""What a probe may use to look: build an object, describe it, run it.

A probe is sent as source text and finds this module as `look`, beside `torch`
and `nn`. Everything returned here is plain data and tensors. Registries are
read through torch's own functions, taken before any student code ran.
"""

from __future__ import annotations

import contextlib
import copy
import itertools
import sys
import sysconfig
from collections.abc import Callable, Collection, Iterable, Mapping
from types import FrameType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from grader import expression
from grader.guest.faults import NotDefined
from grader.guest.object_facts import collect
from grader.guest.shape_trail import trail_of as trail_of

# Taken before any student code ran, which may put others in their place.
_named_parameters = nn.Module.named_parameters
_named_buffers = nn.Module.named_buffers
_named_modules = nn.Module.named_modules
_detach, _clone, _copy_into, _reshape = Tensor.detach, Tensor.clone, Tensor.copy_, Tensor.reshape
_requires_grad, _is_floating_point = Tensor.requires_grad_, Tensor.is_floating_point
_sum, _zero, _storage = Tensor.sum, Tensor.zero_, Tensor.untyped_storage
_backward: Callable[..., None] = Tensor.backward
_rand, _randn, _arange, _cat, _cos = torch.rand, torch.randn, torch.arange, torch.cat, torch.cos
_Generator = torch.Generator
_get_state = torch.Generator.get_state
_as_plain = torch._C.DisableTorchFunctionSubclass
_is_lazy = nn.parameter.is_lazy
_profile, _set_profile = sys.getprofile, sys.setprofile
_MODULES = {"torch": torch, "nn": nn}
_PACKAGES = ("<frozen ", *(sysconfig.get_path(key) for key in ("stdlib", "platstdlib", "purelib", "platlib")))
"""What the names of files with Python's and packages' code begin with."""


class Student:
    """The submission's names, as attributes.

    Args:
        names: of the submission's `__main__`.
        fixtures: gives the names of the instructor's fixtures.
        undefined: names that are there, and are no part of this answer.

    Raises:
        NotDefined: when a name is not there.
    """

    def __init__(
        self, names: dict[str, Any], fixtures: Callable[[], dict[str, Any]], undefined: Collection[str] = ()
    ) -> None:
        self._names = names
        self._fixtures = fixtures
        self._undefined = undefined

    def __getattr__(self, name: str) -> Any:
        if name in self._undefined or name not in self._names:
            raise NotDefined(name)
        return self._names[name]

    def _given(self, name: str) -> Any:
        """A name of an expression: the instructor's fixtures come before the student's."""
        if name in _MODULES:
            return _MODULES[name]
        fixtures = self._fixtures()
        return fixtures[name] if name in fixtures else getattr(self, name)


def evaluate(student: Student, tree: Any, /, **names: Any) -> Any:
    """The value of an expression of the spec.

    Args:
        student: where its names are looked up.
        tree: what `grader.requirements.expressions` made of its text.
        names: further names, such as `model`.
    """
    return expression.evaluate(tree, lambda name: names[name] if name in names else student._given(name))


def facts(student: Student, trees: list[Any]) -> dict[str, Any]:
    """What shows which mistake was made, about the student's classes and these objects."""
    objects = []
    for tree in trees:
        made = None
        with contextlib.suppress(Exception):
            made = evaluate(student, tree)
        objects.append(made)
    return collect(student._names, objects)


def call(student: Student, tree: Any, random: bool = False) -> dict[str, Any]:
    """Make the outermost call of an expression, and tell what was there before and after it.

    Args:
        random: also tell torch's global random state.

    Returns:
        `returned`; `before` and `after`: the tensors among the arguments, None in the place of any other;
        with `random`, `random_before` and `random_after`.
    """
    if not isinstance(tree, dict) or "call" not in tree:
        return {"returned": evaluate(student, tree), "before": [], "after": []}
    function = evaluate(student, tree["call"])
    args = [evaluate(student, part) for part in tree["args"]]
    kwargs = {key: evaluate(student, part) for key, part in tree["kwargs"].items()}
    seen: dict[str, Any] = {"before": snapshot(args)}
    if random:
        _rand(3)  # a state right after seeding could be had again by seeding
        seen["random_before"] = random_state()
    seen["returned"] = function(*args, **kwargs)
    if random:
        seen["random_after"] = random_state()
    seen["after"] = snapshot(args)
    return seen


def called(student: Student, tree: Any, names: list[str]) -> list[str]:
    """Evaluate an expression, and tell which functions, methods and classes of some names were called meanwhile.

    What computes with tensors is seen however it is called, operators included. Other functions are where the student's
    own code calls them, and not where a package does inside: `no_grad` calls `set_grad_enabled`. Not seen: what other
    threads call, and NumPy's ufuncs.

    Returns:
        `MODULE:NAME` of each, e.g. `torch.nn.functional:relu`, `torch:Tensor.relu`, `__main__:Mine.forward`.
    """
    found: set[str] = set()
    wanted = tuple(names)

    def note(module: Any, name: Any, frame: FrameType | None = None) -> None:
        named = any(part in name for part in wanted) and not str(module).startswith("grader.")
        if named and (frame is None or not _inside_package(frame)):
            found.add(f"{module}:{name}")

    def trace(frame: FrameType, event: str, function: Any) -> None:
        if event == "call":
            own = frame.f_code.co_name == "forward" or not _of_package(frame)  # a layer's runs wherever the layer does
            note(frame.f_globals.get("__name__"), frame.f_code.co_qualname, None if own else frame.f_back)
        elif event == "c_call":
            note(*_full_name(function), frame)

    before = _profile()
    with _Functions(note):
        _set_profile(trace)
        try:
            evaluate(student, tree)
        finally:
            _set_profile(before)
    return sorted(found)


def _inside_package(frame: FrameType | None) -> bool:
    """Whether a package's own code calls: a wrapper, as decorators make it, only passes on what others call."""
    while frame is not None and _of_package(frame) and _passes_on(frame):
        frame = frame.f_back
    return frame is not None and _of_package(frame)


def _of_package(frame: FrameType) -> bool:
    """Whether code is Python's or of an installed package."""
    return frame.f_code.co_filename.startswith(_PACKAGES) and not _module(frame).startswith("grader.")


def _passes_on(frame: FrameType) -> bool:
    return "<locals>" in frame.f_code.co_qualname or _module(frame) in ("contextlib", "functools")


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__"))


class _Functions(TorchFunctionMode):
    """Tells of each of torch's functions that is called, operators included."""

    def __init__(self, note: Callable[[str, str], None]) -> None:
        super().__init__()
        self._note = note

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self._note(*_full_name(function))
        return function(*args, **(kwargs or {}))


def _full_name(function: Any) -> tuple[str, str]:
    """Module and name of a built-in function, or of one of torch's, as people write them."""
    name = str(getattr(function, "__qualname__", None) or getattr(function, "__name__", ""))
    module, itself = getattr(function, "__module__", None), getattr(function, "__self__", None)
    owner, _, rest = name.partition(".")
    if owner == "_VariableFunctionsClass":
        return "torch", rest
    if owner == "TensorBase" or (module is None and isinstance(itself, Tensor)):
        return "torch", f"Tensor.{rest}"
    return str(module or type(itself).__module__), name


def snapshot(values: list[Any]) -> list[Any]:
    """Copies of the tensors among some values, None in the place of any other, and of tensors without values."""
    return [_copy(value) if isinstance(value, Tensor) and not value.is_meta else None for value in values]


def random_state() -> Tensor:
    """A copy of torch's global random state."""
    return _get_state(torch.default_generator)


def which(objects: Iterable[Any]) -> list[int]:
    """Which object each is: the place where the same one stands first, so that equal numbers mean one object."""
    kept = list(objects)  # as long as they live, no two have one id
    first: dict[int, int] = {}
    return [first.setdefault(id(thing), place) for place, thing in enumerate(kept)]


def names_of(objects: Iterable[Any], named: Mapping[str, Any]) -> list[str | None]:
    """Under which of some names each object stands, the first of several; None is no object."""
    kept, first = list(objects), dict[int, str]()
    for name, thing in named.items():
        first.setdefault(id(thing), name)
    return [None if thing is None else first.get(id(thing), "another object") for thing in kept]


def memory(tensors: Iterable[Tensor]) -> list[int]:
    """Which memory each tensor lies in: the place of the first tensor in it."""
    first: dict[int, int] = {}
    return [first.setdefault(_storage(t).data_ptr(), place) for place, t in enumerate(tensors)]


def flat(tensors: Iterable[Tensor]) -> Tensor:
    """All elements of some tensors in a row, as a copy."""
    return _cat([_reshape(_detach(tensor), (-1,)) for tensor in tensors])


def named_parameters(module: nn.Module) -> dict[str, Tensor]:
    """The Parameters by name, as nn.Module itself gives them."""
    return dict(_named_parameters(module))


def named_buffers(module: nn.Module) -> dict[str, Tensor]:
    """The buffers by name, as nn.Module itself gives them."""
    return dict(_named_buffers(module))


def named_state(module: nn.Module) -> dict[str, Tensor]:
    """Copies of all Parameters and buffers by name, as nn.Module itself gives them."""
    return {name: _copy(value) for name, value in (*_named_parameters(module), *_named_buffers(module))}


def modes(module: nn.Module) -> dict[str, bool]:
    """Which submodules are in training mode, by path; the module itself has the empty path."""
    return {path: part.training for path, part in _named_modules(module)}


def requiring_grad(value: Any) -> Any:
    """The very value, which requires grad from now on where it is a tensor that can: of floats or complex numbers."""
    can = isinstance(value, Tensor) and (_is_floating_point(value) or value.is_complex())
    return _requires_grad(value) if can else value


def settle(module: Any, inputs: Callable[[], list[Any]] | None) -> None:
    """Call a module that is lazy once, so that its parameters have shapes; any other is left alone.

    Args:
        inputs: makes what it is called with; where there are none, it stays as it is.
    """
    if inputs is None or not isinstance(module, nn.Module) or not any(map(_is_lazy, _state_of(module))):
        return
    before = modes(module)
    with torch.no_grad():
        module.eval()(*inputs())  # where neither dropout nor a running mean notices
    for path, part in _named_modules(module):
        part.training = before[path]


def _state_of(module: nn.Module) -> list[Tensor]:
    return [value for _, value in (*_named_parameters(module), *_named_buffers(module))]


def fill(module: nn.Module, seed: int, buffers: bool = False) -> None:
    """Give the parameters seeded values that depend on shape and place among equal shapes only.

    So a module of the student's and one of the solution's hold the same numbers,
    whatever the names and the order between different shapes.

    Args:
        buffers: also fill the floating buffers.
    """
    seen: dict[tuple[int, ...], int] = {}
    with torch.no_grad():
        named = [*_named_parameters(module), *(_named_buffers(module) if buffers else ())]
        for _, parameter in named:
            shape = tuple(parameter.shape)
            seen[shape] = seen.get(shape, 0) + 1
            mix = seed * 1_000_003 + seen[shape]
            for size in shape:
                mix = (mix * 8191 + size + 1) % (1 << 61)
            numbers = _randn(shape, generator=_Generator().manual_seed(mix), dtype=torch.float64)
            _copy_into(parameter, numbers * 0.5)


def backward(output: Any) -> None:
    """Run backward from every tensor of an output that requires grad at once, weighted with `weights`.

    Of a complex product the real part counts: a gradient is that of a real number.
    """
    total = None
    for tensor in tensors(output):
        if tensor.requires_grad:
            part = _sum(tensor * weights(tensor.shape, tensor.dtype))
            part = part.real if part.is_complex() else part
            total = part if total is None else total + part
    if total is not None:
        _backward(total)


def weights(shape: Iterable[int], dtype: torch.dtype = torch.float64, phase: float = 0.0) -> Tensor:
    """Numbers that are different everywhere, of both signs: cos(1 + phase), cos(2 + phase), ...

    Complex ones have others in their imaginary part: those of `phase + 0.5`. The judge makes the same ones
    (`grader.requirements.autograd`).
    """
    size = torch.Size(shape)
    made = _reshape(_cos(_arange(1, size.numel() + 1, dtype=torch.float64) + phase), size)
    return (torch.complex(made, weights(size, phase=phase + 0.5)) if dtype.is_complex else made).to(dtype)


class _SendBack(torch.autograd.Function):
    """A scalar whose gradient with respect to a tensor is the very object `gradient`.

    `torch.autograd.backward(tensor, gradient)` would do the same, after importing sympy.
    """

    @staticmethod
    def forward(context: Any, tensor: Tensor, gradient: Tensor) -> Tensor:
        context.gradient = gradient
        return tensor.new_zeros((), dtype=torch.float32)

    @staticmethod
    def backward(context: Any, *_: Tensor) -> Any:
        return context.gradient, None


_send = _SendBack.apply


def send_back(output: Any, gradients: list[Tensor] | None = None) -> list[Tensor]:
    """Run backward from the tensors of an output that require grad, one after the other.

    Args:
        gradients: what comes in, one for each of them; `weights` of their shapes if None.

    Returns:
        The gradients, the very objects that hooks see.
    """
    found = [tensor for tensor in tensors(output) if tensor.requires_grad]
    if gradients is None:
        gradients = [weights(tensor.shape, tensor.dtype) for tensor in found]
    for tensor, gradient in zip(found, gradients, strict=True):
        scalar: Tensor = _send(tensor, gradient)  # type: ignore[no-untyped-call]
        _backward(scalar, retain_graph=True)
    return gradients


def tensors(value: Any, arrays: bool = False) -> list[Tensor]:
    """The tensors of a nested value, in order.

    Args:
        arrays: arrays of NumPy that can be written to as well, each as a tensor in its memory.
    """
    if isinstance(value, Tensor):
        return [value]
    if arrays and isinstance(value, np.ndarray) and value.flags.writeable and value.dtype.kind in "biufc":
        return [torch.from_numpy(value)]
    if isinstance(value, dict):
        value = list(value.values())
    return [found for part in value for found in tensors(part, arrays)] if isinstance(value, (list, tuple)) else []


def forward(module: nn.Module, inputs: list[Any], gradients: bool = False, times: int = 1) -> dict[str, Any]:
    """Call a module, and tell what came of it.

    Returns:
        `output` of the last call; `before` and `after`: the tensors among the inputs; `training`; with
        `gradients`, `input_gradients` and `parameter_gradients`.
    """
    if gradients:
        inputs = [requiring_grad(value) for value in inputs]
    seen: dict[str, Any] = {"before": snapshot(inputs)}
    for _ in range(times):
        output = module(*inputs)
    seen |= {"output": copied(output), "after": snapshot(inputs), "training": module.training}
    if gradients:
        backward(output)
        seen["input_gradients"] = [v.grad if isinstance(v, Tensor) else None for v in inputs]
        seen["parameter_gradients"] = {name: p.grad for name, p in _named_parameters(module)}
    return seen


def take(values: Any, most: int = 1000) -> list[Any]:
    """Copies of the first values of anything that can be iterated, endless or not."""
    return [copied(value) for value in itertools.islice(iter(values), most)]


def overwrite(value: Any) -> None:
    """Write zeros to every tensor of a value, to see later whether a log holds copies."""
    for tensor in _writable(value):
        with torch.no_grad():
            _zero(tensor)


def scramble(value: Any) -> None:
    """Write to every tensor of a value, and every array, to see later whether something else shares its memory."""
    for tensor in _writable(value):
        with torch.no_grad():
            _copy_into(tensor, ~tensor if tensor.dtype == torch.bool else tensor + 1)


def _writable(value: Any) -> list[Tensor]:
    """The tensors of a value that take what is written to them, and the arrays as such.

    No student can write to the others either: an element of an expanded tensor stands for several, an inference
    tensor is read alone, a sparse one has no memory of its shape.
    """
    return [
        tensor
        for tensor in tensors(value, arrays=True)
        if tensor.layout == torch.strided and not tensor.is_inference() and not _overlaps(tensor)
    ]


def _overlaps(tensor: Tensor) -> bool:
    """Whether several elements surely lie in one place."""
    return any(stride == 0 and size > 1 for stride, size in zip(tensor.stride(), tensor.shape, strict=True))


def copied(value: Any) -> Any:
    """A value that later changes do not reach: tensors without their graph, lists, tuples and dicts anew."""
    if isinstance(value, Tensor):
        return _requires_grad(_copy(value), value.requires_grad)
    if type(value) is tuple:
        return tuple(copied(part) for part in value)
    if isinstance(value, (list, tuple)):
        return [copied(part) for part in value]
    if isinstance(value, dict):
        return {key: copied(part) for key, part in value.items()}
    if isinstance(value, np.ndarray):
        return np.array(value, copy=True)
    return value


def _copy(tensor: Tensor) -> Tensor:
    with _as_plain():  # a subclass could give itself
        return _clone(_detach(tensor))


def class_names(kind: type) -> list[str]:
    """A class and its bases by name; torch.nn's own as `nn.Linear`."""
    names = []
    for base in kind.__mro__:
        module = getattr(base, "__module__", "")
        prefix = "nn." if isinstance(module, str) and module.startswith("torch.nn.") else ""
        names.append(prefix + base.__name__)
    return names


def structure(subject: Any) -> dict[str, Any]:
    """What an object is made of: registries, plain attributes, and what `.double()` moves.

    Returns:
        `bases`, and for a Module that was set up: `parameters`, by all their names; `own_parameters`
        (names, each Parameter once); `buffers` (with `persistent`); `modules` (path, bases, which object);
        `attributes` (plain tensors, and containers with Modules in them); `state` (keys of the
        state_dict); `training`; `doubled` (dtype of each tensor attribute after `.double()`).
    """
    seen: dict[str, Any] = {"bases": class_names(type(subject)), "module": isinstance(subject, nn.Module)}
    if not seen["module"] or "_parameters" not in vars(subject):
        return seen
    parameters = dict(_named_parameters(subject, remove_duplicate=False))
    persistent = {
        f"{path}.{name}" if path else name: name not in module._non_persistent_buffers_set
        for path, module in _named_modules(subject)
        for name in module._buffers
    }
    numbers: dict[int, int] = {}
    seen["parameters"] = {name: _as_it_is(p) for name, p in parameters.items()}
    seen["own_parameters"] = [name for name, _ in _named_parameters(subject)]
    seen["buffers"] = {
        name: {"value": _as_it_is(value), "persistent": persistent.get(name, True)}
        for name, value in _named_buffers(subject, remove_duplicate=False)
    }
    seen["modules"] = [
        {"path": path, "bases": class_names(type(module)), "same": numbers.setdefault(id(module), len(numbers))}
        for path, module in _named_modules(subject, remove_duplicate=False)
    ]
    seen["attributes"] = _plain_attributes(subject)
    seen["state"] = list(subject.state_dict())
    seen["training"] = subject.training
    with contextlib.suppress(Exception):
        doubled = copy.deepcopy(subject).double()
        named = [*_named_buffers(doubled), *((k, v) for k, v in vars(doubled).items() if isinstance(v, Tensor))]
        seen["doubled"] = {name: str(value.dtype).removeprefix("torch.") for name, value in named}
    return seen


def _as_it_is(registered: Tensor) -> Tensor:
    """A copy of what a module has registered: of a Parameter one that is still a Parameter; a lazy one itself."""
    if _is_lazy(registered):
        return registered
    if isinstance(registered, nn.Parameter):
        return copied_parameter(registered)
    return _requires_grad(_copy(registered), registered.requires_grad)


def copied_parameter(parameter: Tensor) -> Tensor:
    """A copy of a parameter that is still a Parameter."""
    return nn.Parameter(_copy(parameter), requires_grad=parameter.requires_grad)


def _plain_attributes(module: nn.Module) -> dict[str, str]:
    """Attributes that look registered and are not: `name -> what it is`."""
    found = {}
    for name, value in vars(module).items():
        if name.startswith("_"):
            continue
        if isinstance(value, Tensor):
            found[name] = "tensor"
        elif isinstance(value, (list, tuple, dict)):
            parts = list(value.values()) if isinstance(value, dict) else list(value)
            if parts and all(isinstance(part, nn.Module) for part in parts):
                found[name] = f"{type(value).__name__} of modules"
            elif parts and all(isinstance(part, Tensor) for part in parts):
                found[name] = f"{type(value).__name__} of tensors"
    return found


def accumulating_hooks(module: nn.Module) -> int:
    """How many hooks run once a Parameter's gradient was added up; `hook_counts` has none of these."""
    return sum(len(p._post_accumulate_grad_hooks or ()) for _, p in _named_parameters(module))


def hook_counts(module: nn.Module) -> dict[str, dict[str, int]]:
    """How many hooks of each kind are registered, by the path of their module."""
    counts = {}
    for path, part in _named_modules(module):
        full = part._is_full_backward_hook
        counts[path] = {
            "forward_pre": len(part._forward_pre_hooks),
            "forward": len(part._forward_hooks),
            "full_backward": len(part._backward_hooks) if full else 0,
            "backward": 0 if full else len(part._backward_hooks),
            "tensor": sum(len(p._backward_hooks or ()) for p in part._parameters.values() if p is not None),
        }
    return counts
