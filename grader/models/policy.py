"""Which attempt counts, and what being late costs."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Literal

from pydantic import AwareDatetime, Field

from grader.models.model import Model


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

    def late_days(self, submitted: datetime | None) -> int:
        """Days begun after the due date; 0 where either time is not known, or within the grace."""
        if self.due is None or submitted is None:
            return 0
        over = submitted - self.due
        grace = self.late.grace if self.late else 0
        return math.ceil(over / timedelta(days=1)) if over / timedelta(minutes=1) > grace else 0

    def credited(self, earned: float, submitted: datetime | None) -> float:
        """The points that count of those earned."""
        days = self.late_days(submitted)
        if not days or self.late is None:
            return earned
        return round(earned * max(0.0, 1 - self.late.per_day * days), 2) if days <= self.late.days else 0.0
