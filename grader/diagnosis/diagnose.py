"""Matches facts with the catalogue."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import lru_cache

from grader.models.message import Localized, Scalar
from grader.models.mistake import TRIED, Condition, Fact, Mistake, Pattern, filled_places

BY_ITS_FIX = 5
"""How likely a mistake is that no facts are asked of: its fix finds it by its form."""


def diagnose(facts: list[Fact], mistakes: Iterable[Mistake]) -> tuple[Mistake, Fact] | None:
    """The most specific mistake that the facts show, and the fields that fill its hint.

    None, where no mistake is shown: no diagnosis is better than a wrong one.
    """
    kinds = _by_kind(facts)
    shown = [(mistake, _best(mistake, mistake.when, kinds)) for mistake in mistakes]
    found = [(mistake, *best) for mistake, best in shown if best is not None]
    if not found:
        return None
    mistake, _, fields = max(found, key=lambda one: one[1])  # the first of equals
    return mistake, fields


def suspects(facts: list[Fact], mistakes: Iterable[Mistake]) -> list[tuple[int, Mistake, Fact]]:
    """The mistakes that a fix may prove: each with how much of it the facts show, and the fields that fill its hint."""
    kinds = _by_kind(facts)
    found: list[tuple[int, Mistake, Fact]] = []
    for mistake in mistakes:
        alternatives = (*mistake.when, *mistake.suspected)
        best = _best(mistake, alternatives, kinds, TRIED) if alternatives else (BY_ITS_FIX, {})
        if best is not None:
            found.append((best[0], mistake, best[1]))
    return found


def _by_kind(facts: list[Fact]) -> dict[Scalar, list[Fact]]:
    kinds: dict[Scalar, list[Fact]] = {}
    for fact in facts:
        kinds.setdefault(fact["fact"], []).append(fact)
    return kinds


def _best(
    mistake: Mistake,
    alternatives: Iterable[tuple[Condition, ...]],
    kinds: dict[Scalar, list[Fact]],
    filled: Collection[str] = (),
) -> tuple[int, Fact] | None:
    """Of the alternatives that are met, the weight of the one whose conditions ask for most, and the fields it gives.

    Conditions that a fact is absent count nothing, and what leaves a place of the hint empty shows nothing.

    Args:
        filled: the places that something else will fill.
    """
    best: tuple[int, Fact] | None = None
    for alternative in alternatives:
        fields = _match(alternative, kinds)  # first, since of most mistakes nothing is met
        if fields is None:
            continue
        weight = sum(len(condition) for condition in alternative if not condition.get("absent"))
        places = filled_places(mistake.hint.en) - set(filled)
        if (best is None or weight > best[0]) and all(fields.get(place) not in ("", None) for place in places):
            best = (weight, fields)
    return best


def hint(mistake: Mistake, fields: Fact) -> Localized:
    """A mistake's hint in the student's own names."""
    korean = mistake.hint.ko
    return Localized(en=mistake.hint.en.format(**fields), ko=korean.format(**fields) if korean else None)


def _match(conditions: tuple[Condition, ...], kinds: dict[Scalar, list[Fact]]) -> Fact | None:
    """The fields of the facts that meet the conditions, those of earlier conditions first; None if one is not met."""
    fields: Fact = {}
    for condition in conditions:
        kind = condition["fact"]
        assert isinstance(kind, str)  # as Mistake sees to
        met = next((fact for fact in kinds.get(kind, ()) if _meets(fact, condition)), None)
        if condition.get("absent"):
            if met is not None:
                return None
        elif met is None:
            return None
        else:
            fields = {**met, **fields}
    return fields


def _meets(fact: Fact, condition: Condition) -> bool:
    return all(_fits(fact.get(name), pattern) for name, pattern in condition.items() if name not in ("fact", "absent"))


def _fits(value: Scalar, pattern: Pattern) -> bool:
    if isinstance(pattern, tuple):
        return any(_fits(value, one) for one in pattern)
    if isinstance(pattern, str):
        return _expression(pattern).fullmatch("" if value is None else str(value)) is not None
    return type(value) is type(pattern) and value == pattern


@lru_cache(maxsize=1024)
def _expression(pattern: str) -> re.Pattern[str]:
    """A text with `*` and `?`, for texts of any number of lines."""
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)
