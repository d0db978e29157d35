"""Which attempt counts, and what being late costs."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Literal

from pydantic import AwareDatetime, Field

from grader.models.model import Model

_NOISE = 1e-6
"""By how much a product of floats may miss a half of a hundredth of a point."""


class Late(Model):
    """What a late submission loses.

    Attributes:
        grace: minutes after the due date that cost nothing.
        per_day: share of the points earned that each day begun costs, after the due date.
        days: after so many days nothing is earned any more.
    """

    grace: int = Field(default=0, ge=0)
    per_day: float = Field(ge=0, le=1)
    days: int = Field(default=7, ge=0)


class Policy(Model):
    """How a class's attempts become scores.

    Attributes:
        attempts: of several submissions by one student, the best counts, or the last.
        due: with its time zone, such as `2026-11-30T23:59+09:00`.
        late: what a submission after it loses; nothing if not given.
    """

    attempts: Literal["best", "last"] = "best"
    due: AwareDatetime | None = None
    late: Late | None = None

    def late_days(self, submitted: datetime | None, marked: bool = False) -> int:
        """Days begun after the due date; 0 within the grace, or where either time is not known.

        Args:
            marked: whether a platform says that it was late, and not when it came: that is one day at least.
        """
        if submitted is None:
            return int(marked)
        if self.due is None:
            return 0
        over = submitted - self.due
        grace = self.late.grace if self.late else 0
        return math.ceil(over / timedelta(days=1)) if over / timedelta(minutes=1) > grace else 0

    @property
    def charges(self) -> bool:
        """Whether the time of a submission may cost points."""
        return self.due is not None and self.late is not None

    def credited(self, earned: float, submitted: datetime | None, marked: bool = False) -> float:
        """The points that count of those earned; see `late_days`."""
        days = self.late_days(submitted, marked)
        if not days or self.late is None:
            return earned
        if days > self.late.days:
            return 0.0
        share = max(0.0, 1 - self.late.per_day * days)
        return math.floor(earned * share * 100 + 0.5 + _NOISE) / 100  # halves up, as one does it by hand
