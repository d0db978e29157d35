"""From what a check's question brought back to the facts that show a mistake.

What the solution shows, too, is no mistake: such facts are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from grader.diagnosis.differences import differences
from grader.diagnosis.exception_facts import exception_facts
from grader.models.message import clean
from grader.models.mistake import FACTS, Fact
from grader.models.observation import Answer
from grader.models.values import Tensor

MOST = 1000
SHORT = 40
"""Characters of a name that tells nothing of the code that uses it; `dim=0` is one, too."""


@dataclass(frozen=True)
class Shown:
    """What a submission, or the solution, shows of an exercise beside its answers.

    Attributes:
        source: facts of `source_facts`.
        objects: what `grader.guest.object_facts.collect` brought back; a guest may tell anything.
    """

    source: Sequence[Fact]
    objects: Any


def facts(check: str, answer: Answer, expected: Answer | None, own: Shown, theirs: Shown | None) -> list[Fact]:
    """All facts about a failed check.

    Args:
        check: its name in the exercise.
        answer, expected: what submission and solution answered.
        own, theirs: what each shows beside.
    """
    found: list[Fact] = [{"fact": "check", "name": check}]
    found += _of_answer(answer, expected, own.source)
    if answer.good and expected is not None and expected.good:
        found += _of_values(answer.value, expected.value)
    if theirs is not None:
        source = _with_modules(own)
        found += [*_of_source(source, theirs.source), *_of_pairs(source, theirs.source, found)]
        found += _entries(source, theirs.source, found)
        defined = {fact["class"] for fact in source if fact["fact"] == "defines"}
        classes = [fact for fact in _rows(own.objects, "classes") if fact.get("class") in defined]
        found += _of_source(classes, _rows(theirs.objects, "classes"))
        for mine, others in zip(_lists(own.objects), _lists(theirs.objects), strict=False):
            found += _of_objects(mine, others)
    return [_checked(fact, longest=None) for fact in found[:MOST]]


def sealed(fact: Fact) -> Fact:
    """A fact of the solution's source as it is compared, and may lie with students: it does not show the code."""
    kept = {key: value for key, value in fact.items() if key not in ("cell", "line")}
    if "code" in kept:
        kept["code"] = _seal(str(kept["code"]))
    if kept["fact"] == "uses" and len(str(kept["name"])) > SHORT:
        kept |= {"key": _seal(str(kept["key"])), "name": _seal(str(kept["name"]))}
    return kept


def _seal(code: str) -> str:
    """Equal for equal code. What is sealed stays as it is; no code begins like it."""
    return code if code.startswith("#") else f"#{sha256(code.encode(errors='surrogatepass')).hexdigest()[:16]}"


def _with_modules(shown: Shown) -> list[Fact]:
    """Facts of the source, without those that speak of Modules where the class is none."""
    named = shown.objects.get("modules") if isinstance(shown.objects, dict) else None
    modules = {name for name in named if isinstance(name, str)} if isinstance(named, list) else set()
    return [fact for fact in shown.source if fact["fact"] != "no_super_init" or fact["class"] in modules]


def _of_answer(answer: Answer, expected: Answer | None, source: Sequence[Fact]) -> Iterator[Fact]:
    if answer.lost:
        yield {"fact": "stopped", "by": answer.lost.to}
    raised = answer.raised
    if raised and raised.limit:
        yield {"fact": "stopped", "by": raised.limit}
    elif raised and not raised.missing:
        yield from exception_facts(raised, source, expected.raised.type if expected and expected.raised else "")
    for category, message in answer.warned:
        if expected is None or (category, message) not in expected.warned:
            yield {"fact": "warned", "category": category, "message": message}


def _of_values(observed: Any, expected: Any) -> Iterator[Fact]:
    if isinstance(observed, dict) and isinstance(expected, dict):
        changed = _changed_inputs(observed)
        if changed and not _changed_inputs(expected):
            for place in changed:
                yield {"fact": "changed_input", "place": place}
        if isinstance(observed.get("registered"), dict) and isinstance(expected.get("registered"), dict):
            yield from _hooks(observed["registered"], expected["registered"])
    yield from differences(observed, expected)


def _changed_inputs(seen: dict[str, Any]) -> list[int]:
    """Positions, from 1, of the tensor arguments that are others after a call than before it."""
    before, after = seen.get("before"), seen.get("after")
    if not isinstance(before, list) or not isinstance(after, list):
        return []
    pairs = enumerate(zip(before, after, strict=False), 1)
    return [place for place, (old, new) in pairs if isinstance(old, Tensor) and old != new]


def _hooks(observed: dict[str, Any], expected: dict[str, Any]) -> Iterator[Fact]:
    """Where other numbers of hooks are registered than by the solution."""
    for path in sorted(observed.keys() | expected.keys()):
        own, theirs = observed.get(path) or {}, expected.get(path) or {}
        for kind in sorted(own.keys() | theirs.keys()):
            if own.get(kind, 0) != theirs.get(kind, 0):
                yield {
                    "fact": "hooks",
                    "path": path,
                    "kind": kind,
                    "number": own.get(kind, 0),
                    "expected": theirs.get(kind, 0),
                }


def _rows(told: Any, key: str) -> list[Fact]:
    """Facts as a guest told them."""
    rows = told.get(key) if isinstance(told, dict) else None
    return [_checked(row) for row in rows if isinstance(row, dict)][:MOST] if isinstance(rows, list) else []


def _lists(told: Any) -> list[list[Fact]]:
    objects = told.get("objects") if isinstance(told, dict) else None
    rows = [row for row in objects if isinstance(row, list)] if isinstance(objects, list) else []
    return [[_checked(fact) for fact in row if isinstance(fact, dict)][:MOST] for row in rows]


def _checked(row: dict[str, Any], longest: int | None = 200) -> Fact:
    return {
        str(key): clean(value)[:longest] if isinstance(value, str) else value
        for key, value in row.items()
        if isinstance(value, (str, int, float, bool, type(None)))
    }


def _of_source(own: list[Fact], theirs: Sequence[Fact]) -> Iterator[Fact]:
    """Facts of the student's source that the solution's lacks, and uses of the solution's that the student lacks.

    A use that comes more often than in the solution counts, too, where its very code does.
    """
    known, shown = (Counter(map(_what, facts)) for facts in (theirs, own))
    known_codes, codes = (Counter(map(_code, facts)) for facts in (theirs, own))
    for fact in own:
        more = shown[_what(fact)] > known[_what(fact)] and codes[_code(fact)] > known_codes[_code(fact)]
        if fact.get("fact") in FACTS and (not known[_what(fact)] or (more and fact.get("fact") == "uses")):
            yield fact
    yield from ({**fact, "fact": "mentions"} for fact in own if fact.get("fact") == "uses")
    for fact in theirs:
        if fact.get("fact") == "uses" and not shown[_what(fact)]:
            yield {"fact": "lacks", "name": fact.get("name")}
    for (kind, key), number in known.items():
        if kind == "uses" and 0 < shown[kind, key] < number:
            yield {"fact": "fewer", "name": key}


def _of_pairs(own: list[Fact], theirs: Sequence[Fact], failure: list[Fact]) -> Iterator[Fact]:
    """Classes without the bases that the solution's have, and layers with its sizes in the other order."""
    bases = {fact.get("class"): fact.get("bases") for fact in theirs if fact.get("fact") == "defines"}
    sizes = {fact.get("key") for fact in theirs if fact.get("fact") == "sizes"}
    for fact in own:
        place: Fact = {"line": fact.get("line"), "cell": fact.get("cell")}
        if fact.get("fact") == "defines" and not fact.get("bases") and bases.get(fact.get("class")):
            named = any(_speaks_of(str(fact["class"]), said) for said in failure)
            yield {
                "fact": "no_base",
                "class": fact["class"],
                "expected": bases[fact["class"]],
                "named": named,
                **place,
            }
        elif fact.get("fact") == "sizes" and fact.get("key") not in sizes and fact.get("turned") in sizes:
            yield {"fact": "sizes_swapped", "code": fact.get("code"), **place}


def _entries(own: list[Fact], theirs: Sequence[Fact], failure: list[Fact]) -> Iterator[Fact]:
    """Entries of the solution's dicts that no dict of the student's has, where the failure names them."""
    dicts = [(_names(fact), fact) for fact in own if fact.get("fact") == "entries"]
    everywhere = {name for names, _ in dicts for name in names}
    for fact in theirs:
        wanted = _names(fact) if fact.get("fact") == "entries" else set()
        shared, nearest = max(
            ((len(wanted & names), d) for names, d in dicts), key=lambda pair: pair[0], default=(0, {})
        )
        for name in sorted(wanted - everywhere) if shared else ():
            if any(_speaks_of(name, said) for said in failure):
                place: Fact = {key: nearest.get(key) for key in ("code", "line", "cell")}
                yield {"fact": "entry_missing", "name": name, **place}


def _names(fact: Fact) -> set[str]:
    return set(str(fact.get("names")).split("\n"))


def _speaks_of(name: str, said: Fact) -> bool:
    if said.get("fact") == "differs":
        return said.get("what") == "keys" and name in str(said.get("missing")).split(", ")
    return said.get("fact") == "raised" and repr(name) in str(said.get("message"))


def _what(fact: Fact) -> tuple[Any, Any]:
    return fact.get("fact"), _key(fact)


def _code(fact: Fact) -> tuple[Any, Any]:
    return _key(fact), _seal(str(fact.get("code")))


def _key(fact: Fact) -> Any:
    key = fact.get("key")
    return _seal(key) if fact.get("fact") == "uses" and isinstance(key, str) and len(key) > SHORT else key


def _of_objects(own: list[Fact], theirs: list[Fact]) -> Iterator[Fact]:
    """Attributes that are something else than in the solution: by path and name, else by shape."""
    expected = {(fact.get("path"), fact.get("name")): fact for fact in theirs}
    unmatched = [fact for key, fact in expected.items() if key not in {(f.get("path"), f.get("name")) for f in own}]
    for fact in own:
        solution = expected.get((fact.get("path"), fact.get("name")))
        if solution is None:
            same = [f for f in unmatched if f.get("shape") and f.get("shape") == fact.get("shape")]
            solution = same[0] if same else {}
        if solution.get("is") != fact.get("is"):
            yield {"fact": "attribute", "expected": "", **fact} | {"expected": solution.get("is") or ""}
