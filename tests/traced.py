"""Which functions of torch and builtins the probes and the shipped fixtures reach, found by running them.

    python -m traced ASSIGNMENT

runs the solution's cells and every question of the spec in this process, and prints a path for each function
that was called from a probe, the fixtures or `look`, such as `torch.Tensor.clone`: what student code could patch.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import inspect
import os
import sys
import tempfile
import types
from pathlib import Path
from typing import Any

import torch
from torch import nn

from grader.assignment.load import load_assignment
from grader.guest import encoding, look
from grader.guest.probing import Fixtures, seed_everything
from grader.submission.read import read_submission

ROOT = Path(__file__).parents[1]
PLACES: dict[str, Any] = {
    "torch": torch,
    "torch.Tensor": torch.Tensor,
    "torch.nn.Module": nn.Module,
    "torch.nn.functional": nn.functional,
    "torch.utils.data": torch.utils.data,
    "torch.autograd": torch.autograd,
    "torch.Generator": torch.Generator,
}


def sources() -> set[str]:
    """Files whose calls count."""
    return {"<probe>", "<fixtures>", *(inspect.getfile(module) for module in (look, encoding))}


def path_of(function: Any, owner: Any) -> str | None:
    """Where a function of torch can be replaced."""
    name = getattr(function, "__name__", "")
    for place, thing in PLACES.items():
        found = inspect.getattr_static(thing, name, None)
        if found is function or getattr(found, "__func__", None) is function:
            return f"{place}.{name}"
    if isinstance(owner, torch.Tensor):
        return f"torch.Tensor.{name}"
    module = getattr(function, "__module__", None) or ""
    qualified = getattr(function, "__qualname__", name)
    return f"{module}.{qualified}" if module.startswith("torch.") and "<" not in qualified else None


def trace(assignment: str) -> set[str]:
    """Paths of what was called."""
    folder = load_assignment(ROOT / "assignments" / assignment)
    scratch = tempfile.mkdtemp()
    os.symlink(folder.data, os.path.join(scratch, "data"))
    os.chdir(scratch)
    seed_everything(folder.spec.seed)
    fixtures = Fixtures(folder.fixtures, 10)
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    for cell in read_submission(folder.solution).cells:
        exec(compile(cell.source, cell.filename, "exec"), module.__dict__)
    student = look.Student(module.__dict__, fixtures)
    found: set[str] = set()
    files = sources()

    def seen(frame: Any, event: str, function: Any) -> None:
        if event == "c_call" and frame.f_code.co_filename in files:
            owner = getattr(function, "__self__", None)
            found.add(f"builtins.{function.__name__}" if owner is builtins else path_of(function, owner) or "")
        elif event == "call" and frame.f_back and frame.f_back.f_code.co_filename in files:
            code = frame.f_code
            if "torch" in code.co_filename:
                for place, thing in PLACES.items():
                    one = inspect.getattr_static(thing, code.co_name, None)
                    if getattr(getattr(one, "__func__", one), "__code__", None) is code:
                        found.add(f"{place}.{code.co_name}")

    texts = [folder.fixtures, inspect.getsource(look), inspect.getsource(encoding)]
    for exercise in folder.spec.exercises:
        for requirement in exercise.requirements:
            for check in requirement.checks(folder.spec.seed):
                question = check.question
                texts.append(question.probe.source)
                names: dict[str, Any] = {"torch": torch, "nn": nn, "look": look, "__name__": "probe"}
                exec(compile(question.probe.source, "<probe>", "exec"), names)
                arguments = encoding.decode(*question.encoded)
                seed_everything(folder.spec.seed)
                sys.setprofile(seen)
                with contextlib.suppress(Exception):
                    encoding.encode(names[question.probe.name](student, **arguments))
                sys.setprofile(None)
    used = {node.id for text in texts for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    found |= {f"builtins.{name}" for name in used if callable(getattr(builtins, name, None))}
    return found - {""}


if __name__ == "__main__":
    print("\n".join(sorted(trace(sys.argv[1]))))
