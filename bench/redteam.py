"""Tries every attack through every door, and says what got through.

    python bench/redteam.py [NAME...]

The attacks are those of `tests/attacks`, and what must hold afterwards is what their tests hold. By `grade` and by
`pytest` each is graded on its own, two side by side; by `grade batch` all are graded at once, among notebooks that
are right. Ends with 1 when anything got through: points, a report that is lost, something read or left outside.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from attack_place import Breach, Place, Result, breaches, changed_outside
from attack_table import AIMS, ATTACKS, SOLUTION, TIGHT, Attack, attacked

DOORS = ("grade", "batch", "pytest")
HONEST = ("a_first", "m_between", "z_last")


@dataclass(frozen=True)
class Tried:
    """An attack through a door."""

    attack: Attack
    door: str
    found: list[Breach]
    seconds: float


def alone(attack: Attack, door: str) -> Tried:
    """Try an attack by itself."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, Place(Path(folder), hidden=True) as place:
        through: Callable[..., Result] = place.through_grade if door == "grade" else place.through_pytest
        cells = attacked(attack.notebook, [attack], place.targets())
        found = _unless_lost(lambda: breaches(attack, through(cells, attack.limits)))
        found += changed_outside(place)
    return Tried(attack, door, found, time.monotonic() - start)


def together(attacks: list[Attack]) -> list[Tried]:
    """Try attacks in one class; what happens to the others in it is charged to the first."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, Place(Path(folder), hidden=True) as place:
        notebooks = {one.name: attacked(one.notebook, [one], place.targets()) for one in attacks}
        results: dict[str, Result] = {}
        honest = {name: attacked(SOLUTION, [], {}) for name in HONEST}
        common = _unless_lost(lambda: results.update(place.through_batch(notebooks | honest, TIGHT, 900)) or [])
        common += changed_outside(place)
    right = Attack("", "stops", (), costs=frozenset())
    common += [breach for name in HONEST if name in results for breach in breaches(right, results[name])]
    each = (time.monotonic() - start) / len(attacks)
    found = {
        one.name: breaches(one, results[one.name]) if one.name in results else [Breach("lost", "no report")]
        for one in attacks
    }
    found[attacks[0].name] += common
    return [Tried(one, "batch", found[one.name], each) for one in attacks]


def _unless_lost(try_it: Callable[[], list[Breach]]) -> list[Breach]:
    try:
        return try_it()
    except (AssertionError, ValueError, OSError, KeyError) as error:
        return [Breach("lost", str(error)[:500])]


def table(tried: Iterable[Tried]) -> str:
    """A line for each aim and door."""
    lines = [f"{'aim':10}{'door':8}{'attacks':>8}{'earned':>8}{'lost':>6}{'read':>6}{'left':>6}{'seconds':>9}"]
    tried = list(tried)
    for aim in (*AIMS, "all"):
        for door in DOORS:
            some = [one for one in tried if one.door == door and aim in (one.attack.aims, "all")]
            if some:
                count = Counter(breach.what for one in some for breach in one.found)
                numbers = f"{count['earned']:8}{count['lost']:6}{count['read']:6}{count['left']:6}"
                lines.append(f"{aim:10}{door:8}{len(some):8}{numbers}{sum(one.seconds for one in some):9.0f}")
    return "\n".join(lines)


def main() -> int:
    """Try, and print."""
    attacks = [attack for attack in ATTACKS if attack.name in sys.argv[1:] or not sys.argv[1:]]
    tried = together(attacks)
    with ThreadPoolExecutor(2) as pool:
        tried += pool.map(alone, *zip(*((one, door) for door in ("grade", "pytest") for one in attacks), strict=True))
    print(table(tried))
    through = [one for one in tried if one.found]
    for one in through:
        for breach in one.found:
            print(f"{one.attack.name} by {one.door}: {breach.what}: {breach.detail}")
    print(f"{len(through)} of {len(tried)} got through")
    return 1 if through else 0


if __name__ == "__main__":
    sys.exit(main())
