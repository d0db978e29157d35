"""Looks, beside a solution, at what its classes and functions are and what comes of calling them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import nn

    from grader.guest import look


def look_at_class(student: look.Student, name: str) -> Any:
    """What a class inherits from."""
    import inspect

    found = getattr(student, name)
    return look.class_names(found) if inspect.isclass(found) else []


def try_modules(student: look.Student, trees: Any, inputs: Any) -> Any:
    """Make modules, and call each with what it may take.

    Args:
        trees: make one each.
        inputs: for each of them, lists of what to call it with.
    """
    from grader.guest.encoding import encode

    found: list[Any] = []
    for tree, candidates in zip(trees, inputs, strict=True):
        try:
            module = look.evaluate(student, tree)
        except Exception as error:
            found.append({"raised": type(error).__name__})
            continue
        if not isinstance(module, nn.Module):
            found.append({"raised": "no module"})
            continue
        works = []
        for place, candidate in enumerate(candidates):
            torch.manual_seed(0)
            made = look.evaluate(student, tree)
            before = look.named_state(made)
            try:
                output = made(*[look.evaluate(student, one) for one in candidate])
                changed = [
                    key
                    for key, value in dict(made.named_buffers()).items()
                    if encode(look.copied(value)) != encode(before[key])
                ]
                again = made(*[look.evaluate(student, one) for one in candidate])
                made.eval()
                evaluated = [made(*[look.evaluate(student, one) for one in candidate]) for _ in range(2)]
            except Exception:
                continue
            tensors = look.tensors(output)
            works.append(
                {
                    "place": place,
                    "rank": [len(tensor.shape) for tensor in tensors],
                    "changed": changed,
                    "random": not changed and encode(look.copied(output)) != encode(look.copied(again)),
                    "random_in_eval": encode(look.copied(evaluated[0])) != encode(look.copied(evaluated[1])),
                    "modes": encode(look.copied(output)) != encode(look.copied(evaluated[0])),
                    "gradients": bool(tensors) and all(tensor.requires_grad for tensor in tensors),
                }
            )
        found.append({"structure": look.structure(module), "works": works})
    return found


def try_datasets(student: look.Student, trees: Any) -> Any:
    """Make datasets and samplers, and see which of them give items."""
    found: list[Any] = []
    for tree in trees:
        try:
            made = look.evaluate(student, tree)
            iterable = isinstance(made, torch.utils.data.IterableDataset)
            sequence = iterable or isinstance(made, torch.utils.data.Sampler)
            items = look.take(made) if sequence else [made[index] for index in range(len(made))]
            found.append({"len": len(items), "iterable": iterable})
        except Exception as error:
            found.append({"raised": type(error).__name__})
    return found


def try_calls(student: look.Student, attempts: Any) -> Any:
    """Make calls twice.

    Args:
        attempts: of each the `tree` of the call, that of the `model` in it, if any, and that of an `input` of it.
    """
    from grader.guest.encoding import encode

    found: list[Any] = []
    for attempt in attempts:
        rounds = []
        try:
            for _ in range(2):
                names: dict[str, Any] = {"log": []}
                model, state = None, {}
                if attempt["model"] is not None:
                    torch.manual_seed(0)
                    names["model"] = model = look.evaluate(student, attempt["model"])
                    hooks, state = look.hook_counts(model), look.named_state(model)
                    wanted = {name: value.requires_grad for name, value in model.named_parameters()}
                value = look.evaluate(student, attempt["tree"], **names)
                seen = {"bases": look.class_names(type(value)), "own": value is model, "plain": True}
                if model is not None:
                    seen["hooks"] = hooks != look.hook_counts(model)
                    handles = value if isinstance(value, (list, tuple)) else [value]
                    seen["handles"] = sum(hasattr(handle, "remove") and hasattr(handle, "id") for handle in handles)
                    added = [kind for counts in look.hook_counts(model).values() for kind in counts if counts[kind]]
                    seen["backward"] = not {"forward", "forward_pre"} & {*added}
                    if seen["hooks"]:
                        look.backward(model(look.requiring_grad(look.evaluate(student, attempt["input"]))))
                    seen["logged"] = len(names["log"])
                    now = {name: value.requires_grad for name, value in model.named_parameters()}
                    seen["changed"] = wanted != now or encode(look.named_state(model)) != encode(state)
                try:
                    data, blob = encode(look.copied(value))
                    seen["digest"] = str(hash((str(data), bytes(blob))))
                except Exception:
                    seen["plain"] = False
                rounds.append(seen)
        except Exception as error:
            found.append({"raised": type(error).__name__})
        else:
            found.append({**rounds[0], "random": rounds[0].get("digest") != rounds[1].get("digest")})
    return found
