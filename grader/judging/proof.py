"""Which mistake was made: the one whose fix, in the student's own code, makes failing checks pass."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, repeat, zip_longest

from grader.diagnosis.catalogue import catalogue
from grader.diagnosis.diagnose import suspects
from grader.diagnosis.trials import Trial, trials
from grader.errors import GraderError
from grader.judging.evidence import Failed, evidence
from grader.judging.grading import Grading
from grader.judging.verdict import verdict
from grader.models.mistake import Fact, Mistake
from grader.processor_time import TooLong, at_most

GUESTS = 12
"""Fixes that are tried for one mistake."""
SECONDS = 3.0
"""After which no other fix is tried for a mistake, and which cells may not take over all of them."""
DEAR = 0.5
"""Seconds after which another exercise's cell is left out, where all take long."""
LONGEST = 3.0
"""Seconds of a cell, or of a probe, of code with a fix in it; all of it together may take twice as long."""
LONGEST_CODE = 20_000
"""Characters of an exercise's cells: of longer ones nothing is tried."""
COMPUTING = 10.0
"""Seconds of the judge's own computing for one exercise."""


@dataclass(frozen=True)
class Proven:
    """A mistake whose fix helped.

    Attributes:
        trial: the fix.
        fields: of the facts that made the mistake likely; they fill its hint.
        passes: names of the checks that pass with the fix.
    """

    trial: Trial
    fields: Fact
    passes: frozenset[str]


def proven(grading: Grading, exercise: str, failed: Failed) -> Proven | None:
    """The mistake for which a check fails, as trying shows.

    Each fix is tried in a fresh guest. It proves its mistake where with it a failing check passes, and none fails
    that passed. Then the next mistake is looked for in the code that is left.
    """
    if grading.seconds_left <= 0:
        return None
    started = time.monotonic()
    try:
        with at_most(COMPUTING):
            if exercise not in grading.searches:
                grading.searches[exercise] = Search(grading, exercise)
            found: Proven | None = grading.searches[exercise].of(failed)
            return found
    except (TooLong, MemoryError):
        grading.seconds_left = 0.0
        return None
    finally:
        grading.seconds_left -= time.monotonic() - started


class Search:
    """Looks for the mistakes in one exercise's cells."""

    def __init__(self, grading: Grading, exercise: str) -> None:
        self._grading = grading
        self._exercise = exercise
        spec = grading.folder.spec
        shorter = {
            "seconds": min(spec.limits.seconds, LONGEST),
            "notebook_seconds": min(spec.limits.notebook_seconds, 2 * LONGEST),
        }
        self._limits = spec.limits.model_copy(update=shorter)
        made = chain.from_iterable(r.checks(spec.seed) for r in spec.exercise(exercise).requirements)
        self._checks = [check for check in made if not check.hidden]
        cells = enumerate(grading.submission.cells)
        self._code: Mapping[int, str] = {index: cell.source for index, cell in cells if exercise in cell.exercises}
        self._proven: list[tuple[Trial, Fact]] = []

    def of(self, failed: Failed) -> Proven | None:
        """The mistake for which a check fails."""
        if not self._guests:
            return None
        known = self._found.get(failed.name)
        if known is not None or failed.passes is None:
            return known
        return self._best(self._code, self._judged[0], {failed.name: failed}, self._proven)

    @cached_property
    def _found(self) -> Mapping[str, Proven]:
        """The mistakes that the spec's checks fail for, by the names of the checks that pass without them."""
        found: dict[str, Proven] = {}
        passed, failed = self._judged
        right, left, code = set(passed), dict(failed), self._code
        while left:
            best = self._best(code, right, left)
            if best is None:
                break
            found |= dict.fromkeys(best.passes, best)
            self._proven.append((best.trial, best.fields))
            right, code = right | best.passes, best.trial.sources
            left = {name: one for name, one in left.items() if name not in best.passes}
        return found

    def _best(
        self,
        code: Mapping[int, str],
        right: set[str],
        left: Mapping[str, Failed],
        first: list[tuple[Trial, Fact]] | None = None,
    ) -> Proven | None:
        """The fix with which most of the failing checks pass, and none fails that passed.

        Args:
            right: names of the checks that pass.
            left: those that fail, by their names.
            first: fixes to try before all others.
        """
        best: Proven | None = None
        tried: set[tuple[str, ...]] = set()
        until = time.monotonic() + SECONDS
        for trial, fields in chain(first or (), self._trials(code, left)):
            if len(tried) == self._guests or time.monotonic() > until:
                break
            key = tuple(trial.sources.values())
            if key in tried:
                continue
            tried.add(key)
            passing = self._passing(trial.sources, right, left)
            gained = left.keys() & passing
            if gained and right <= passing and (best is None or len(gained) > len(best.passes)):
                best = Proven(trial, fields, frozenset(gained))
            if best is not None and len(best.passes) == len(left):
                break
        return best

    def _trials(self, code: Mapping[int, str], left: Mapping[str, Failed]) -> Iterator[tuple[Trial, Fact]]:
        """Fixes of what the failing checks make likely: the first one of each mistake, then the second one of each."""
        tries = [zip(trials(mistake, code), repeat(fields)) for mistake, fields in self._suspects(left)]
        return (one for turn in zip_longest(*tries) for one in turn if one is not None)

    def _suspects(self, left: Mapping[str, Failed]) -> list[tuple[Mistake, Fact]]:
        """The mistakes that the failing checks make likely, the likeliest first."""
        known = (*self._grading.folder.spec.mistakes, *catalogue())
        found: dict[str, tuple[int, Mistake, Fact]] = {}
        for failed in left.values():
            for suspect in suspects(evidence(self._grading, self._exercise, failed), known):
                if suspect[0] > found.get(suspect[1].id, (-1,))[0]:
                    found[suspect[1].id] = suspect
        order = {mistake.id: place for place, mistake in enumerate(known)}
        ranked = sorted(found.values(), key=lambda one: (-one[0], order[one[1].id]))
        return [(mistake, fields) for _, mistake, fields in ranked]

    @cached_property
    def _judged(self) -> tuple[set[str], dict[str, Failed]]:
        """The checks that pass, and those that fail, as things are."""
        passed: set[str] = set()
        failed: dict[str, Failed] = {}
        for check in self._checks:
            try:
                answer, failure = verdict(self._grading, self._exercise, check)
            except GraderError:  # which its own judgement reports
                continue
            if failure is None:
                passed.add(check.name)
            elif not (answer.raised and answer.raised.missing):
                failed[check.name] = Failed(check.name, check.question, answer)
        return passed, failed

    @cached_property
    def _guests(self) -> int:
        """How many fixes may be tried."""
        if not self._code or sum(map(len, self._code.values())) > LONGEST_CODE:
            return 0
        seconds = sum(seconds for index, seconds in self._times.items() if index not in self._left_out)
        return min(GUESTS, int(SECONDS / max(seconds, 0.01)))

    @cached_property
    def _times(self) -> dict[int, float]:
        """How long each cell took, up to where the exercise ends."""
        took = {cell.filename: run.seconds for cell, run in self._grading.cells_so_far()}
        cells = self._grading.submission.cells[: max(self._code) + 1]
        return {index: took.get(cell.filename, 0.0) for index, cell in enumerate(cells)}

    @cached_property
    def _left_out(self) -> set[int]:
        """Cells of others that take so long that they are not run again."""
        if sum(self._times.values()) * GUESTS <= SECONDS:
            return set()
        return {index for index, seconds in self._times.items() if seconds > DEAR and index not in self._code}

    def _passing(self, code: Mapping[int, str], right: set[str], left: Mapping[str, Failed]) -> set[str]:
        """The names of the checks that pass with other code, until one fails that passed."""
        empty = dict.fromkeys(self._left_out, "")
        fixed = self._grading.variant(self._grading.submission.until(self._exercise, {**empty, **code}), self._limits)
        passing: set[str] = set()
        try:
            fixed.prefetch([(self._exercise, check.question, False, check.reference) for check in self._checks])
            for check in self._checks:
                fixed.asks_again = check.name in right  # none of these may fail by chance
                try:
                    _, failure = verdict(fixed, self._exercise, check)
                except GraderError:
                    continue
                if failure is None:
                    passing.add(check.name)
                elif check.name in right:
                    return set()
            passing |= {name for name, failed in left.items() if failed.passes is not None and failed.passes(fixed)}
        finally:
            fixed.close()
        return passing
