"""Seeds the generators that student code and checks may draw from."""

from __future__ import annotations

import random
import sys

import torch

_STEP = 0x9E3779B1


def seed_everything(seed: int) -> None:
    """Seed the generators student code may draw from."""
    # `torch.manual_seed` seeds accelerators, too, which a guest does not see, and notes its whole stack for each kind.
    torch.default_generator.manual_seed(seed)
    random.seed(seed)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(seed)


class Drawing:
    """What a check draws does not depend on how much the student's code has drawn.

    After each step in which that may have drawn, the generators are seeded anew: beside the student's code as where the
    check is judged. A check that seeds them itself goes on where the student's code has left them.

    Args:
        seeds: whether the check does so.
    """

    def __init__(self, seeds: bool) -> None:
        self.seeds = seeds
        self._seed = torch.default_generator.initial_seed()

    def go_on(self) -> None:
        """A step was taken."""
        if not self.seeds:
            self._seed = (self._seed + _STEP) % 2**32
            seed_everything(self._seed)
