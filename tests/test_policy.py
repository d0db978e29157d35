"""Which attempt counts, and what being late costs, to the microsecond."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from grader.models.policy import Late, Policy

DUE = datetime(2026, 11, 30, 23, 59, tzinfo=timezone(timedelta(hours=9)))
TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)
TIMES = st.datetimes(timezones=st.just(UTC))


def policy(**late: Any) -> Policy:
    return Policy(due=DUE, late=Late(**{"per_day": 0.1, **late}))


@pytest.mark.parametrize(
    ("late", "after", "days"),
    [
        ({}, -DAY, 0),
        ({}, timedelta(0), 0),
        ({}, TICK, 1),
        ({}, DAY, 1),
        ({}, DAY + TICK, 2),
        ({"grace": 15}, timedelta(minutes=15), 0),
        ({"grace": 15}, timedelta(minutes=15) + TICK, 1),
        ({"grace": 2000}, timedelta(minutes=2000), 0),
        ({"grace": 2000}, timedelta(minutes=2000) + TICK, 2),
        ({"grace": 10**30}, 300 * DAY, 0),
    ],
)
def test_each_day_begun_counts_and_the_grace_costs_nothing(late: Any, after: timedelta, days: int) -> None:
    assert policy(**late).late_days(DUE + after) == days


def test_a_time_is_compared_across_time_zones() -> None:
    assert policy().late_days(datetime(2026, 11, 30, 14, 59, tzinfo=UTC)) == 0
    assert policy().late_days(datetime(2026, 11, 30, 15, 0, tzinfo=UTC)) == 1


@pytest.mark.parametrize(
    ("late", "after", "credited"),
    [
        ({}, timedelta(0), 9.0),
        ({}, TICK, 8.1),
        ({}, 2 * DAY, 7.2),
        ({"per_day": 0}, 3 * DAY, 9.0),
        ({"per_day": 1}, TICK, 0.0),
        ({"per_day": 0.4}, 3 * DAY, 0.0),  # and no less than nothing
        ({"per_day": 1 / 3}, TICK, 6.0),
        ({"days": 2}, 2 * DAY, 7.2),
        ({"days": 2}, 2 * DAY + TICK, 0.0),
        ({"days": 0}, TICK, 0.0),
        ({"days": 0, "grace": 1}, TICK, 9.0),
    ],
)
def test_points_are_lost_by_the_day(late: Any, after: timedelta, credited: float) -> None:
    assert policy(**late).credited(9.0, DUE + after) == credited


@pytest.mark.parametrize("given_", [Policy(), Policy(due=DUE), Policy(late=Late(per_day=1))])
def test_nothing_is_lost_where_no_rule_says_so(given_: Policy) -> None:
    assert given_.credited(9.0, DUE + 100 * DAY) == 9.0


def test_a_submission_of_unknown_time_is_not_late() -> None:
    assert policy().late_days(None) == 0
    assert policy(per_day=1).credited(9.0, None) == 9.0


def test_late_days_are_counted_where_they_cost_nothing() -> None:
    assert Policy(due=DUE).late_days(DUE + 3 * DAY) == 3


@given(
    earned=st.floats(0, 1e6),
    due=TIMES,
    times=st.lists(TIMES, min_size=2, max_size=2).map(sorted),
    late=st.builds(Late, grace=st.integers(0, 10**9), per_day=st.floats(0, 1), days=st.integers(0, 10**9)),
)
def test_who_is_later_never_gets_more(earned: float, due: datetime, times: list[datetime], late: Late) -> None:
    counts = Policy(due=due, late=late)
    earlier, later = (counts.credited(earned, time) for time in times)
    assert 0 <= later <= earlier + 0.005
    assert earlier <= earned + 0.005  # hundredths are rounded


@pytest.mark.parametrize(
    "written",
    [
        {"due": "2026-11-30T23:59"},
        {"due": "soon"},
        {"attempts": "first"},
        {"late": {}},
        {"late": {"per_day": 1.5}},
        {"late": {"per_day": -0.1}},
        {"late": {"per_day": float("nan")}},
        {"late": {"per_day": 0.1, "grace": -1}},
        {"late": {"per_day": 0.1, "days": -1}},
        {"late": {"per_day": 0.1, "day": 1}},
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(written: Any) -> None:
    with pytest.raises(ValidationError):
        Policy.model_validate(written)
