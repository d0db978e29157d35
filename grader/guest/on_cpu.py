"""Runs on the CPU what asks for a GPU, where an assignment says `device: any`."""

from __future__ import annotations

from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_ELSEWHERE = ("cuda", "mps", "xpu")
_STAYS = {torch.Tensor.cuda, torch.Tensor.xpu, torch.Tensor.pin_memory}
_TAKES_A_NUMBER = {torch.Tensor.to, torch._C._nn._parse_to}


class OnCPU(TorchFunctionMode):
    """Every call of torch's gets the CPU in place of a device that this machine has not."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function in _STAYS:
            return args[0]
        numbers = function in _TAKES_A_NUMBER
        kwargs = {name: _here(value, True) if name == "device" else value for name, value in (kwargs or {}).items()}
        return function(*(_here(part, numbers) for part in args), **kwargs)


def _here(value: Any, number: bool) -> Any:
    """The CPU in place of a device that is not here; anything else as it is.

    Args:
        number: whether a number means a GPU.
    """
    if isinstance(value, torch.device):
        return torch.device("cpu") if value.type in _ELSEWHERE else value
    if isinstance(value, str):
        return "cpu" if value.partition(":")[0] in _ELSEWHERE else value
    return "cpu" if number and type(value) is int else value


def run_on_cpu() -> None:
    """Do so in this thread and the processes it forks, for good."""
    OnCPU().__enter__()  # type: ignore[no-untyped-call]
    torch.cuda.synchronize = lambda device=None: None
