"""The numbers by which people name exercises: `1` for the one whose title is `1. Noise`."""

from __future__ import annotations

import re
from collections import Counter

from grader.assignment.spec import Assignment

WORD = re.compile(r"[\w:+.\-\[\]\\/]+")
"""A word of a `-k` expression."""
_IN_TITLE = re.compile(r"(?:[^\W\d]+\s+)?(?P<number>\d+(?:\.\d+)+|\d+(?=[.):]))")
"""What numbers a title: `1.`, `2)`, `Exercise 3:`, `1.2`."""


def numbered(spec: Assignment) -> dict[str, str]:
    """The ids of exercises by their numbers: those in their titles, or their places where no title has one.

    What two titles begin with is no number, and an id that is one stands for its own exercise.
    """
    ids = [exercise.id for exercise in spec.exercises]
    titled = [(match["number"], one.id) for one in spec.exercises if (match := _IN_TITLE.match(one.title.en))]
    often = Counter(number for number, _ in titled)
    numbers = dict(titled) if titled else {str(place): name for place, name in enumerate(ids, 1)}
    return {number: name for number, name in numbers.items() if often[number] < 2 and number not in ids}


def by_number(name: str, spec: Assignment) -> str:
    """The id of the exercise that a number stands for; anything else as it is."""
    return numbered(spec).get(name, name)


def with_ids(selection: str, spec: Assignment) -> str:
    """A `-k` expression with ids in place of the numbers of exercises."""
    numbers = numbered(spec)
    return WORD.sub(lambda word: numbers.get(word[0], word[0]), selection)
