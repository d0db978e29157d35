"""What a probe may use to look: build an object, describe it, run it.

A probe is sent as source text and finds this module as `look`, beside `torch`
and `nn`. Everything returned here is plain data and tensors. Registries are
read through torch's own functions, taken before any student code ran.
"""

from __future__ import annotations

import contextlib
import copy
import itertools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from grader.guest.facts import collect
from grader.guest.faults import NotDefined

_named_parameters = nn.Module.named_parameters
_named_buffers = nn.Module.named_buffers
_named_modules = nn.Module.named_modules
_MODULES = {"torch": torch, "nn": nn}


class Student:
    """The submission's names, as attributes.

    Args:
        names: of the submission's `__main__`.
        fixtures: gives the names of the instructor's fixtures.
        cells: number and source of the cells that belong to the exercise.

    Raises:
        NotDefined: when a name is not there.
    """

    def __init__(
        self, names: dict[str, Any], fixtures: Callable[[], dict[str, Any]], cells: list[dict[str, Any]]
    ) -> None:
        self._names = names
        self._fixtures = fixtures
        self._cells = cells

    def __getattr__(self, name: str) -> Any:
        try:
            return self._names[name]
        except KeyError:
            raise NotDefined(name) from None

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
    if not isinstance(tree, dict):
        return tree

    def inner(part: Any) -> Any:
        return evaluate(student, part, **names)

    match tree:
        case {"name": name}:
            return names[name] if name in names else student._given(name)
        case {"call": function, "args": args, "kwargs": kwargs}:
            function = inner(function)
            return function(*map(inner, args), **{key: inner(value) for key, value in kwargs.items()})
        case {"attribute": name, "of": owner}:
            return getattr(inner(owner), name)
        case {"item": key, "of": owner}:
            return inner(owner)[inner(key)]
        case {"list": parts}:
            return [inner(part) for part in parts]
        case {"tuple": parts}:
            return tuple(inner(part) for part in parts)
        case {"mapping": pairs}:
            return {inner(key): inner(value) for key, value in pairs}
        case {"value": value}:
            return value
    raise ValueError(f"not an expression: {tree!r}")


def facts(student: Student, trees: list[Any]) -> dict[str, Any]:
    """What shows which mistake was made, about the exercise's source and these objects of it."""
    objects = []
    for tree in trees:
        made = None
        with contextlib.suppress(Exception):
            made = evaluate(student, tree)
        objects.append(made)
    return collect(student._cells, student._names, objects)


def call(student: Student, tree: Any) -> dict[str, Any]:
    """Make the outermost call of an expression, and see what it did to its surroundings.

    Returns:
        `returned`; `changed`: positions of tensor arguments whose numbers are others now;
        `random_kept`: whether torch's global random state is as it was.
    """
    if not isinstance(tree, dict) or "call" not in tree:
        return {"returned": evaluate(student, tree), "changed": [], "random_kept": True}
    function = evaluate(student, tree["call"])
    args = [evaluate(student, part) for part in tree["args"]]
    kwargs = {key: evaluate(student, part) for key, part in tree["kwargs"].items()}
    before = snapshot(args)
    state = torch.get_rng_state()
    returned = function(*args, **kwargs)
    return {
        "returned": returned,
        "changed": changed(args, before),
        "random_kept": bool(torch.equal(state, torch.get_rng_state())),
    }


def snapshot(values: list[Any]) -> list[Any]:
    """Copies of the tensors among some values, to see later whether they changed."""
    return [value.detach().clone() if isinstance(value, Tensor) else None for value in values]


def changed(values: list[Any], before: list[Any]) -> list[int]:
    """Positions (from 1) of the tensors that differ from their snapshot."""
    return [
        place
        for place, (value, old) in enumerate(zip(values, before, strict=True), 1)
        if old is not None and not (old.shape == value.shape and torch.equal(old, value.detach()))
    ]


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
            numbers = torch.randn(shape, generator=torch.Generator().manual_seed(mix), dtype=torch.float64)
            parameter.copy_(numbers * 0.5)


def backward(output: Any, seed: int) -> None:
    """Run backward from every floating tensor of an output, weighted with seeded numbers."""
    total = None
    for place, tensor in enumerate(tensors(output)):
        if tensor.requires_grad:
            generator = torch.Generator().manual_seed(seed + place)
            weights = torch.randn(tensor.shape, generator=generator, dtype=torch.float64).to(tensor.dtype)
            part = (tensor * weights).sum()
            total = part if total is None else total + part
    if total is not None:
        total.backward()


class _SendBack(torch.autograd.Function):
    """A scalar whose gradient with respect to a tensor is the very object `gradient`.

    `torch.autograd.backward(tensor, gradient)` would do the same, after importing sympy.
    """

    @staticmethod
    def forward(context: Any, tensor: Tensor, gradient: Tensor) -> Tensor:
        context.gradient = gradient
        return tensor.new_zeros(())

    @staticmethod
    def backward(context: Any, *_: Tensor) -> Any:
        return context.gradient, None


def send_back(output: Any) -> list[Tensor]:
    """Run backward from the tensors of an output that require grad, with known gradients.

    Returns:
        The gradients, the very objects that hooks see.
    """
    found = [tensor for tensor in tensors(output) if tensor.requires_grad]
    gradients = [torch.linspace(0.5, 2.0, max(t.numel(), 1))[: t.numel()].reshape(t.shape).to(t.dtype) for t in found]
    for tensor, gradient in zip(found, gradients, strict=True):
        scalar: Tensor = _SendBack.apply(tensor, gradient)  # type: ignore[no-untyped-call]
        scalar.backward(retain_graph=True)
    return gradients


def tensors(value: Any) -> list[Tensor]:
    """The tensors of a nested value, in order."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [found for part in value for found in tensors(part)] if isinstance(value, (list, tuple)) else []


def forward(module: nn.Module, inputs: list[Any], seed: int, gradients: bool = False, times: int = 1) -> dict[str, Any]:
    """Call a module, and see what came of it.

    Returns:
        `output` of the last call; `again`: the output of one more equal call (from a copy
        of the random state, in a module whose buffers did not change); `changed`: inputs
        written to; with `gradients`, `input_gradients` and `parameter_gradients`.
    """
    for value in inputs:
        if gradients and isinstance(value, Tensor) and value.is_floating_point():
            value.requires_grad_()
    before = snapshot(inputs)
    for _ in range(times):
        output = module(*inputs)
    seen: dict[str, Any] = {
        "output": copied(output),
        "changed": changed(inputs, before),
        "training": module.training,
    }
    if gradients:
        backward(output, seed)
        seen["input_gradients"] = [v.grad if isinstance(v, Tensor) else None for v in inputs]
        seen["parameter_gradients"] = {name: p.grad for name, p in _named_parameters(module)}
    return seen


def take(values: Any, most: int = 1000) -> list[Any]:
    """Copies of the first values of anything that can be iterated, endless or not."""
    return [copied(value) for value in itertools.islice(iter(values), most)]


def scramble(value: Any) -> None:
    """Write to every tensor of a value, to see later whether something else shares its memory."""
    with torch.no_grad():
        for tensor in tensors(value):
            tensor.copy_(~tensor if tensor.dtype == torch.bool else tensor + 1)


def copied(value: Any) -> Any:
    """A value that later changes do not reach."""
    if isinstance(value, Tensor):
        return value.detach().clone().requires_grad_(value.requires_grad)
    if isinstance(value, (list, tuple)):
        return [copied(part) for part in value]
    if isinstance(value, dict):
        return {key: copied(part) for key, part in value.items()}
    return value


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
        `bases`, and for a Module that was set up: `parameters`, `buffers` (with
        `persistent`), `modules` (path, bases, which object), `attributes` (plain tensors,
        and containers with Modules in them), `state` (keys of the state_dict),
        `training`, `doubled` (dtype of each tensor attribute after `.double()`).
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
    seen["parameters"] = {name: copied_parameter(p) for name, p in parameters.items()}
    seen["buffers"] = {
        name: {"value": copied(value), "persistent": persistent.get(name, True)}
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


def copied_parameter(parameter: Tensor) -> Tensor:
    """A copy of a parameter that is still a Parameter."""
    return nn.Parameter(parameter.detach().clone(), requires_grad=parameter.requires_grad)


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
