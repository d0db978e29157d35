"""Which mistake was made: the one whose fix, in the student's own code, makes failing checks pass."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
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
from grader.models.observation import Answer, Where
from grader.processor_time import TooLong, at_most

GUESTS = 12
"""Fixes that are tried for one mistake."""
SECONDS = 3.0
"""After which no other fix is tried for a mistake, and which cells may not take over all of them."""
LEAST = 6
"""Fixes that are tried however long they take: what trains takes long, and longer on a slow or a busy machine."""
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
        with_another: whether they pass only once the next mistake is fixed as well.
    """

    trial: Trial
    fields: Fact
    passes: frozenset[str]
    with_another: bool = False


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
        helps, _ = self._tried(self._code, self._judged[0], {failed.name: failed}, self._proven)
        return Proven(helps.trial, helps.fields, frozenset([failed.name])) if helps else None

    @cached_property
    def _found(self) -> Mapping[str, Proven]:
        """The mistakes that the spec's checks fail for, by the names of the checks that pass without them."""
        found: dict[str, Proven] = {}
        passed, failed = self._judged
        right, left, code = set(passed), dict(failed), self._code
        while left:
            helps, further = self._tried(code, right, left)
            named = helps or further
            if helps is None and further is not None:
                helps, _ = self._tried(further.trial.sources, right, further.failing(left))
            if helps is None or named is None:
                break
            gained = frozenset(left.keys() & helps.passing)
            found |= dict.fromkeys(gained, Proven(named.trial, named.fields, gained, with_another=named is not helps))
            self._proven.append((helps.trial, helps.fields))
            right, left, code = right | gained, helps.failing(left), helps.trial.sources
        return found

    def _tried(
        self,
        code: Mapping[int, str],
        right: set[str],
        left: Mapping[str, Failed],
        first: list[tuple[Trial, Fact]] | None = None,
    ) -> tuple[_Tried | None, _Tried | None]:
        """The fix with which most of the failing checks pass, and the first one that gets visibly further.

        With neither does a check fail that passed. With the second, what a check raised is not raised any more.

        Args:
            right: names of the checks that pass.
            left: those that fail, by their names.
            first: fixes to try before all others.
        """
        helps: _Tried | None = None
        further: _Tried | None = None
        seen: set[tuple[str, ...]] = set()
        until = math.inf
        for trial, fields in chain(first or (), self._trials(code, left)):
            until = min(until, time.monotonic() + SECONDS)  # from when the code has been read
            if len(seen) == self._guests or (len(seen) >= LEAST and time.monotonic() > until):
                break
            key = tuple(trial.sources.values())
            if key in seen:
                continue
            seen.add(key)
            with closing(self._start(trial.sources)) as fixed:
                passing, answers = self._outcome(fixed, right, left)
            if not right <= passing:
                continue
            tried = _Tried(trial, fields, passing, answers)
            gained = 0 if _is_half(left, passing) else len(left.keys() & passing)
            if gained and (helps is None or gained > len(left.keys() & helps.passing)):
                helps = tried
            elif further is None and any(_is_further(left[name].answer, answer) for name, answer in answers.items()):
                further = tried
            if gained == len(left):
                break
        return helps, further

    def _trials(self, code: Mapping[int, str], left: Mapping[str, Failed]) -> Iterator[tuple[Trial, Fact]]:
        """Fixes of what the failing checks make likely: the first one of each mistake, then the second one of each."""
        tries = [
            zip(_likeliest(trials(mistake, code), fields), repeat(fields)) for mistake, fields in self._suspects(left)
        ]
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

    def _start(self, code: Mapping[int, str]) -> Grading:
        """Have other code answer the checks' questions."""
        empty = dict.fromkeys(self._left_out, "")
        fixed = self._grading.variant(self._grading.submission.until(self._exercise, {**empty, **code}), self._limits)
        fixed.prefetch([(self._exercise, check.question, False, check.reference) for check in self._checks])
        return fixed

    def _outcome(
        self, fixed: Grading, right: set[str], left: Mapping[str, Failed]
    ) -> tuple[set[str], dict[str, Answer]]:
        """What comes of other code: the names of the checks that pass, and the answers of those that still fail.

        Once one fails that passed, no more is asked.
        """
        passing: set[str] = set()
        answers: dict[str, Answer] = {}
        for check in self._checks:
            fixed.asks_again = check.name in right  # none of these may fail by chance
            try:
                answer, failure = verdict(fixed, self._exercise, check)
            except GraderError:
                continue
            if failure is None:
                passing.add(check.name)
            elif check.name in right:
                return set(), {}
            elif check.name in left:
                answers[check.name] = answer
        passing |= {name for name, failed in left.items() if failed.passes is not None and failed.passes(fixed)}
        return passing, answers


@dataclass(frozen=True)
class _Tried:
    """What came of a fix.

    Attributes:
        passing: names of the checks that pass with it.
        answers: to those that still fail, by their names.
    """

    trial: Trial
    fields: Fact
    passing: set[str]
    answers: Mapping[str, Answer]

    def failing(self, left: Mapping[str, Failed]) -> dict[str, Failed]:
        """What still fails, as it is with the fix."""
        still = {name: failed for name, failed in left.items() if name not in self.passing}
        return {name: replace(failed, answer=self.answers.get(name, failed.answer)) for name, failed in still.items()}


def _likeliest(found: Iterator[Trial], fields: Fact) -> Iterator[Trial]:
    """Fixes of a mistake; where a name that the solution uses is lacking, first those that bring it."""
    if fields.get("fact") != "lacks":
        return found
    name = re.compile(rf"\b{re.escape(str(fields['name']).strip('.='))}\b")
    return iter(sorted(found, key=lambda trial: name.search(trial.after) is None))


def _is_half(left: Mapping[str, Failed], passing: set[str]) -> bool:
    """Whether of checks that one exception stopped, some pass and some do not: without it, little may be asked.

    Any loss that does not raise has the right number of steps taken.
    """
    causes: dict[tuple[str, Where], set[bool]] = {}
    for name, failed in left.items():
        raised = failed.answer.raised
        if raised is not None and raised.frames:
            causes.setdefault((raised.type, raised.frames[-1].where), set()).add(name in passing)
    return any(len(passes) > 1 for passes in causes.values())


def _is_further(before: Answer, after: Answer) -> bool:
    """Whether an answer does not raise what it raised before, and was not lost."""
    if before.raised is None or after.lost is not None or (after.raised and after.raised.missing):
        return False
    raised = after.raised
    return raised is None or (raised.type, raised.message) != (before.raised.type, before.raised.message)
