"""Whether other variants of an assignment hold as it does itself."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator

from grader.assignment.folder import Folder
from grader.assignment.load import load_assignment
from grader.assignment.varying import names_in, slots
from grader.authoring import verifications as must
from grader.authoring.findings import Verification
from grader.errors import GraderError
from grader.sandbox.client import Zygote
from grader.submission.bindings import bindings

TRIED = 3
"""Variants that are drawn, where there are more."""


def drawn_variants(folder: Folder) -> list[int]:
    """Some of the variants that a folder is not."""
    others = folder.spec.variants - 1
    drawn = random.sample(range(others), min(TRIED, others))
    return sorted(number + (number >= folder.spec.variant) for number in drawn)


def faults_of(folder: Folder, number: int, zygote: Zygote, selection: str | None) -> Iterator[str]:
    """What is wrong with a variant: with what is made of it, its starter, its solution, or its names.

    Args:
        selection: which checks, as pytest's `-k` takes it.
    """
    try:
        variant = load_assignment(folder.path, number)
        trials = must.Trials(variant, zygote, selection)
        found = [
            *_names_made_one(folder, variant),
            *must.verify_starter(trials.starter()).found,
            *must.verify_solution(trials.solution()).found,
        ]
    except GraderError as error:
        found = [str(error)]
    yield from (f"variant {number}: {said}" for said in found)


def _names_made_one(folder: Folder, variant: Folder) -> Iterator[str]:
    """Names of the solution that are different ones in the folder, and one in a variant of it."""
    before, after = (
        [name for cell in one.read(one.solution).cells for name in bindings(cell.source)] for one in (folder, variant)
    )
    meant: dict[str, set[str]] = defaultdict(set)
    for own, name in zip(before, after, strict=False):
        meant[name].add(own)
    for name, names in meant.items():
        if len(names) > 1:
            yield f"{' and '.join(sorted(names))} are both called {name}"


def verify_variants(found: list[str], tried: list[int]) -> Verification:
    named = f"variant{'s' * (len(tried) > 1)} {', '.join(map(str, tried))}"
    return Verification(
        id="variants",
        title=f"{named}: the starter earns nothing, the solution everything" if tried else "there is another variant",
        found=tuple(found) if tried else ("nothing that varies has a second value",),
        advice="`grade verify ASSIGNMENT --variant N` shows more of one.",
    )


def verify_used(folder: Folder) -> Verification:
    expressions = [slot.expression for text in folder.written_texts() for slot in slots(text)]
    expressions += [varied for varied in folder.spec.varies.values() if isinstance(varied, str)]
    used = frozenset[str]().union(*map(names_in, expressions))
    return Verification(
        id="varies",
        title="every value that varies is used",
        found=tuple(f"nothing refers to `{name}`" for name in folder.spec.varies if name not in used),
        advice="Write it as `<% name %>` in the spec or the notebook, or leave it out.",
        warning=True,
    )
