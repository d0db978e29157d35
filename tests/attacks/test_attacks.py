"""Every attack, through every door: nothing forged, nothing stopped, nothing seen. See `attack_table.py`.

`make test` tries one in four by one `grade batch`, among notebooks that are right, and those that can be tried in
one notebook by `grade` and by `pytest`. `make test-all` tries each by `grade` and by `pytest`, and all of them by one
`grade batch`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attack_place import Graded, Place, breaches, changed_outside
from attack_table import ATTACKS, HARMLESS, SOLUTION, STARTER, TIGHT, Attack, attacked

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")


WAITS = {"endless", "exceptions_that_misbehave", "hangs_everywhere", "stops_itself", "tracing"}
"""Attacks that take most of their time by waiting for a limit."""


SOME = [attack for attack in ATTACKS[::12] if attack.name not in WAITS]


def pick(attacks: list[Attack]) -> Any:
    return pytest.mark.parametrize("attack", attacks, ids=lambda attack: attack.name)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with Place(tmp_path) as place:
        yield place


@pytest.fixture
def place_with_secrets(tmp_path: Path) -> Iterator[Place]:
    with Place(tmp_path, hidden=True) as place:
        yield place


# -- grade


def assert_repelled(attacks: list[Attack], graded: Graded, place: Place) -> None:
    report = graded.report
    errors = [check["detail"] for e in report["exercises"] for check in e["checks"] if check["outcome"] == "error"]
    assert not errors
    assert report["gradable"]
    for attack in attacks:
        assert attack.shows in graded.text
    got = [line for cell in report["cells"] for line in cell["output"].splitlines() if re.match("[A-Z]{3,} ", line)]
    assert not got
    assert len(graded.out) < 2_000_000
    assert place.peak < 100
    place.assert_untouched()


@pytest.mark.slow
@pick([attack for attack in ATTACKS if attack.costs is None and attack.aims != "reads"])
def test_it_earns_nothing(attack: Attack, place: Place) -> None:
    graded = place.grade(attacked(STARTER, [attack], place.targets()), attack.limits)
    assert_repelled([attack], graded, place)
    assert graded.report["earned"] == 0


@pytest.mark.slow
@pick([attack for attack in ATTACKS if attack.costs and attack.aims != "reads"])
def test_it_costs_what_it_touches(attack: Attack, place: Place) -> None:
    graded = place.grade(attacked(SOLUTION, [attack], place.targets()), attack.limits)
    assert_repelled([attack], graded, place)
    exercises = graded.report["exercises"]
    assert {exercise["id"] for exercise in exercises if exercise["earned"] < exercise["possible"]} == attack.costs
    assert {exercise["id"] for exercise in exercises if exercise["earned"] == 0} == attack.costs


@pytest.mark.slow
@pick([attack for attack in ATTACKS if attack.costs != frozenset() and attack.aims == "reads"])
def test_it_learns_nothing(attack: Attack, place_with_secrets: Place) -> None:
    place = place_with_secrets
    result = place.through_grade(attacked(attack.notebook, [attack], place.targets()), attack.limits)
    assert attack.shows in result.said
    assert breaches(attack, result) + changed_outside(place) == []


@pytest.mark.parametrize(
    "notebook", [pytest.param(STARTER, marks=pytest.mark.slow), SOLUTION], ids=["starter", "solution"]
)
def test_nothing_outside_is_reached(notebook: Path, place: Place) -> None:
    graded = place.grade(attacked(notebook, HARMLESS, place.targets()))
    assert_repelled(HARMLESS, graded, place)
    assert graded.report["earned"] == (graded.report["possible"] if notebook == SOLUTION else 0)
    place.assert_shared_memory_untouched()


# -- batch


@pytest.mark.parametrize("attacks", [SOME, pytest.param(ATTACKS, marks=pytest.mark.slow)], ids=["some", "all"])
def test_a_class_with_attacks_in_it(attacks: list[Attack], place_with_secrets: Place) -> None:
    place, targets = place_with_secrets, place_with_secrets.targets()
    notebooks = {attack.name: attacked(attack.notebook, [attack], targets) for attack in attacks}
    honest = {name: attacked(SOLUTION, [], {}) for name in ("a_first", "m_between", "z_last")}
    results = place.through_batch(notebooks | honest, TIGHT)
    assert results.keys() == notebooks.keys() | honest.keys()
    got = {attack.name: breaches(attack, results[attack.name]) for attack in attacks}
    assert {name: found for name, found in got.items() if found} == {}
    for name in honest:
        assert results[name].earned == results[name].possible
        assert not results[name].faults
    assert changed_outside(place) == []
    place.assert_shared_memory_untouched()


# -- pytest


@pytest.mark.slow
def test_nothing_outside_is_reached_through_pytest(place: Place) -> None:
    result = place.through_pytest(attacked(SOLUTION, HARMLESS, place.targets()))
    assert result.points == sum(result.possible.values()) > 80
    assert [found for attack in HARMLESS for found in breaches(attack, result)] + changed_outside(place) == []


@pytest.mark.slow
def test_all_that_forge_at_once_earn_nothing_through_pytest(place: Place) -> None:
    forging = [attack for attack in ATTACKS if attack.costs is None and attack.aims == "forges"]
    result = place.through_pytest(attacked(STARTER, forging, place.targets()))
    assert breaches(forging[0], result) + changed_outside(place) == []


@pytest.mark.slow
@pick([attack for attack in ATTACKS if attack not in HARMLESS])
def test_each_through_pytest(attack: Attack, place_with_secrets: Place) -> None:
    place = place_with_secrets
    result = place.through_pytest(attacked(attack.notebook, [attack], place.targets()), attack.limits)
    assert breaches(attack, result) + changed_outside(place) == []


# -- what a report may hold

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.mark.slow
def test_no_control_character_reaches_the_terminal(place: Place) -> None:
    (attack,) = (attack for attack in ATTACKS if attack.name == "escapes")
    cells = attacked(STARTER, [attack], place.targets())
    graded = place.grade(cells, "", "--verbose", name="\x1b]0;title\x07\x1b[2J.ipynb")
    assert graded.code == 1, graded.err
    assert attack.shows in graded.text
    assert not CONTROL.findall(graded.text)


HARD_TO_READ = {
    "noise": "\n" * 200_000 + "1",
    "linear": "%time 1\n" * 600,
    "sequential": "%time 1\n" * 300 + "x = 1\n" * 30_000,
    "module-list": "x = '\ud800'",
    "module-dict": "x = '\0'",
    "calculator": "x = " + "(" * 100_000,
    "parameters": "x = " + "-" * 100_000 + "1",
    "running-mean": "x" + ".x" * 100_000,
    "walk": "x = " + "[0]" * 100_000,
}


@pytest.mark.slow
def test_a_cell_that_is_hard_to_read_costs_itself(place: Place) -> None:
    cells = tuple(f"# exercise: {name}\n{source}" for name, source in HARD_TO_READ.items())
    report = place.grade(attacked(SOLUTION, [Attack("", "stops", cells)], place.targets())).report
    assert report["gradable"]
    assert {e["id"] for e in report["exercises"] if e["earned"] < e["possible"]} == set(HARD_TO_READ)
