"""Judges plain checks: asserts, run where no student code is, on what was noted beside it."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from grader.assignment.plain_checks import Place, PlainCheck
from grader.errors import ReferenceFault
from grader.judging.api import Asker
from grader.judging.assertion_forms import COMPARING
from grader.judging.instrument import Assertion, Expression, Instrumented, instrument
from grader.judging.judge import CheckFailed
from grader.judging.references import References
from grader.judging.verdict import expect_value
from grader.models.message import Message, Said, joined, say, verbatim
from grader.models.values import Tensor, taken_apart
from grader.requirements.compare import Failure, Incomparable, compare, describe
from grader.requirements.requirement import Probe, Question

SAME = {
    "==", *COMPARING, "assert_equal", "assert_array_equal", "assert_close", "assert_allclose", "assert_almost_equal",
    "assert_array_almost_equal", "assertAlmostEqual",
}  # fmt: skip
"""Relations of two sides that are to be the same."""
_MISSED = ("Failed", "AssertionError")
"""What is raised where an expected exception or warning did not come."""
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_DENIED = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">", "in": "not in", "not in": "in",
           "is": "is not", "is not": "is", "isinstance": "not isinstance"}  # fmt: skip
"""What must be so where a relation must not be."""
_MOST = 3
"""Parts of a condition whose values are shown."""


def noted(student: Any, program: str, names: list[str], seeds: bool, raising: bool) -> Any:
    """What a check meets beside the student's code."""
    return tape.record(student, program, names, seeds, raising)  # type: ignore[name-defined]  # noqa: F821 (is there)


def judged(student: Any, program: str, notes: str, tensors: Any, taken: Any, own: bool, seeds: bool) -> Any:
    """What becomes of a check's asserts."""
    import json

    known = None if taken is None else dict(taken)
    return replay.replay(program, json.loads(notes), tensors, known, own, seeds)  # type: ignore[name-defined]  # noqa: F821


_NOTED, _JUDGED = Probe.of(noted), Probe.of(judged)


@dataclass(frozen=True)
class Learned:
    """What the solution's notes have shown.

    Attributes:
        taken: the expressions whose values are taken from a submission's notes, each with the reason.
        claims: the asserts that were reached.
    """

    taken: list[list[Any]]
    claims: frozenset[int]


@dataclass(frozen=True)
class Plain:
    """A check, made ready to be judged.

    Args:
        place: how a line of its file is called.
        modules: names of modules that stand for what the student wrote.
        defined: names that the solution defines.
    """

    check: PlainCheck
    place: Place
    modules: tuple[str, ...] = ()
    defined: frozenset[str] = frozenset()

    @cached_property
    def programs(self) -> tuple[Program, ...]:
        """The ways in which it may be judged, the best one first."""
        return tuple(Program(self, instrument(self.check, self.modules, self.defined, keep)) for keep in (True, False))

    def judge(self, asker: Asker) -> None:
        """Judge the check.

        Raises:
            Failure: where an assert does not hold.
            CheckFailed: where student code raised.
            ReferenceFault: where the solution does not pass.
        """
        program, learned = self._learned(asker.grading.references)
        program.judge(asker, learned)

    def _learned(self, references: References) -> tuple[Program, Learned]:
        """The way in which the solution passes, and what it shows.

        Raises:
            ReferenceFault: where it does not pass.
        """
        best, other = self.programs
        try:
            return best, best.learned(references)
        except ReferenceFault:
            if other.made == best.made:
                raise
            return other, other.learned(references)


@dataclass(frozen=True)
class Program:
    """A way to judge a check."""

    plain: Plain
    made: Instrumented

    @property
    def check(self) -> PlainCheck:
        return self.plain.check

    @cached_property
    def question(self) -> Question:
        """What is asked of a submission."""
        return Question(_NOTED, self._asked)

    @property
    def _asked(self) -> dict[str, Any]:
        names = list(self.made.names)
        return {"program": self.made.recording, "names": names, "seeds": self.made.seeds, "raising": False}

    def judge(self, asker: Asker, learned: Learned) -> None:
        """Judge a submission's notes; what fails behind other questions is asked again by itself."""
        try:
            self._judge(asker, learned, again=False)
        except (Failure, CheckFailed):
            if asker.grading.observe_again(self.check.exercise, self.question) is None:
                raise
            self._judge(asker, learned, again=True)

    def _judge(self, asker: Asker, learned: Learned, again: bool) -> None:
        references = asker.grading.references
        value = asker.look(_NOTED, verbatim(", ".join(self.made.names)), None, again, **self._asked)
        if not _is_tape(value):
            raise Failure(say("the check can be run beside your code"), say("what came of it cannot be read"))
        told = self._replayed(references, value["notes"], learned, own=False)
        if told["outcome"] == "held" and told["changed"]:
            told = self._replayed(references, value["notes"], learned, own=True)
        at = self._reached(told, value["notes"])
        refuted = self.made.claims[told["number"]] if told["outcome"] == "refuted" else None
        called = verbatim(_explained(refuted, told) or at.text if refuted else at.text)
        missed = told["outcome"] == "raised" and at.expects and told["error"] in _MISSED
        if value["ended"] and told["outcome"] != "refuted" and not missed:
            asker.look(_NOTED, called, _expected_error(at.expects), again=False, **{**self._asked, "raising": True})
        if missed:  # whatever raises would be a fix
            nothing = told["error"] == "Failed" or "not raised" in told["said"]
            observed = say("nothing is raised") if nothing else verbatim(" ".join(told["said"].split()))
            raise CheckFailed(called, Failure(verbatim(at.expects), observed), self.check.hint)
        failure = self._failure(told, learned)
        if failure is not None:
            asker.called = called
            raise failure

    def _failure(self, told: Any, learned: Learned) -> Failure | None:
        """What keeps a check from being passed."""
        match told["outcome"]:
            case "refuted":
                return self._refuted(self.made.claims[told["number"]], told)
            case "raised":
                expected = say("`{text}` can be computed", text=self.made.expressions[told["at"]].text)
                if not told["error"]:
                    return Failure(expected, say("an object of another kind"))
                return Failure(expected, verbatim(f"{told['error']}: {told['said']}"))
            case "ended":
                return Failure(say("the check runs to its end"), say("beside your code it went another way"))
        for number in sorted(learned.claims - set(told["claims"])):
            if self.made.claims[number].looped:
                said = say("it is never reached: the loop around it has nothing to go through")
                return Failure(verbatim(self.made.claims[number].text), said)
        return None

    def _reached(self, told: Any, notes: Any) -> Expression:
        """The expression at which a check failed."""
        number = told.get("at", -1)
        if told.get("error") not in _MISSED:
            while notes and len(notes[-1]) > 4:  # what raised, the innermost
                number, notes = notes[-1][0], notes[-1][2]
        return self.made.expressions[number] if self.made.expressions else Expression(self.check.line, "")

    def learned(self, references: References) -> Learned:
        """What the solution shows.

        Raises:
            ReferenceFault: where it does not pass.
        """
        found: Learned = references.learned(
            (self.check.exercise, self.question.digest), lambda: self._learn(references)
        )
        return found

    def _learn(self, references: References) -> Learned:
        answer = references.answer(self.check.exercise, self.question)
        where = f"{self.check.exercise}::{self.check.name}"
        if answer.raised:
            lacking = (
                n for n in ast.walk(self.check.tree) if isinstance(n, ast.Name) and n.id == answer.raised.missing
            )
            line = next((name.lineno for name in lacking), self.check.line)
            raise ReferenceFault(
                f"The solution raises {answer.raised.type} in {where}, {self.plain.place(line)}: "
                f"{answer.raised.message}",
                "Correct the check or the solution.",
            )
        try:
            told = self._replayed(references, answer.value["notes"], None, own=False)
        except Failure as failure:  # of the solution's, and so of no student's
            raise ReferenceFault(
                f"{where}, {self.plain.place(self.check.line)}, cannot be judged on the solution: {failure.observed}",
                "Correct the check, or the limits of the assignment.",
            ) from None
        if told["outcome"] == "held" and not answer.value["ended"]:
            references.forgeable += map(self._forgeable, sorted({tuple(pair) for pair in told["open"]}))
            for number, claim in enumerate(self.made.claims):
                if not claim.fails:
                    references.meet(f"{self.plain.place(claim.line)}: `{claim.text}`", number in told["claims"])
            return Learned(told["taken"], frozenset(told["claims"]))
        if told["outcome"] == "refuted":
            claim = self.made.claims[told["number"]]
            there = self.plain.place(claim.line)
            raise ReferenceFault(
                f"The solution does not pass {where}: {there}, `{claim.text}` {told['said']}".strip(),
                "Correct the check or the solution.",
            )
        at = self._reached(told, answer.value["notes"])
        line, text = at.line, at.text
        ended = answer.value["ended"]
        said = f"{told.get('error') or ended or ''} {told.get('said', '')}".strip()
        if ended:  # it does so beside the solution as well
            raise ReferenceFault(
                f"{where} does not run to its end with the solution: {self.plain.place(line)}, `{text}`: {said}",
                "Correct the check or the solution.",
            )
        said = said or "it asks something of an object that only that process has"
        raise ReferenceFault(
            f"{where} cannot be judged outside of the submission's process: {self.plain.place(line)}, `{text}`: {said}",
            "Write it with `@probe` and `@check`.",
        )

    def _forgeable(self, pair: tuple[int, int]) -> str:
        """An assert that holds since a library's function says so of a student's object, which it could be made to."""
        claim, text = self.made.claims[pair[0]], self.made.expressions[pair[1]].text
        return f"{self.plain.place(claim.line)}: `{claim.text}`: the submission's process says that `{text}` is true"

    def _replayed(self, references: References, notes: Any, learned: Learned | None, own: bool) -> Any:
        data, arrays = taken_apart(notes)
        arguments = {
            "program": self.made.replaying,
            "notes": json.dumps(data),
            "tensors": {name: Tensor(array, str(array.dtype)) for name, array in arrays.items()},
            "taken": learned.taken if learned is not None else None,
            "own": own,
            "seeds": self.made.seeds,
        }
        answer = references.apart(self.check.exercise, Question(_JUDGED, arguments))
        expect_value(answer, references.limits)
        return answer.value

    def _refuted(self, claim: Assertion, told: Any) -> Failure:
        """What an assert that does not hold says to a student."""
        relation, sides, said = told["relation"], told["sides"], told["said"]
        if said and not relation.startswith("assert"):
            hint: Said | None = verbatim(said.splitlines()[0])
        else:
            hint = self.check.hint
        if claim.kind == "compared" and len(sides) == 2:
            hints = joined([hint or say("The check says: `{text}`", text=claim.text)])
            failure = _compared(claim, relation, *(reversed(sides) if claim.swapped else sides))
            if failure is not None:
                failure.hint = hints
                return failure
            return Failure(verbatim(claim.text), say("it is not so"), hints)
        given = {name.removeprefix("own_") for name, _ in told["given"]}
        values = [pair for pair in told["parts"] if self.made.expressions[pair[0]].text not in given]
        return self._untrue(claim, values, joined([hint]) if hint else None)

    def _untrue(self, claim: Assertion, values: Any, hint: Message | None) -> Failure:
        """The same of an assert that is no comparison."""
        if claim.expects:
            return Failure(verbatim(claim.expects), say("nothing is raised"), hint)
        expected: Message = verbatim(str(not claim.negated))
        if claim.kind == "true" and values:
            (_, value), *values = values
            if not isinstance(value, bool):
                expected = (
                    say("a value that does not count as true") if claim.negated else say("a value that counts as true")
                )
            observed = describe(value)
        elif claim.kind == "never" and values:
            expected, observed, values = say("something else"), describe(values[0][1]), []
        elif claim.kind == "never":
            return Failure(verbatim(claim.text), say("it is not so"), hint)
        else:
            observed = verbatim(str(claim.negated))
        texts = {self.made.expressions[number].text: describe(value) for number, value in values}
        if texts:
            where = [say("`{text}` is {value}", text=text, value=value) for text, value in list(texts.items())[:_MOST]]
            observed = say("{value}, where {parts}", value=observed, parts=joined(where, ", "))
        return Failure(expected, observed, hint)


def _explained(claim: Assertion, told: Any) -> str:
    """What is observed, with the values of the loops around it."""
    if not claim.called:
        return ""
    given = {name.removeprefix("own_"): text for name, text in told["given"]}
    used = [
        name for name in given if re.search(rf"\b{name}\b", claim.called) and not claim.called.endswith(f"; {name}")
    ]
    return "; ".join([*(f"{name} = {given[name]}" for name in used), claim.called])


def _compared(claim: Assertion, relation: str, observed: Any, expected: Any) -> Failure | None:
    """What is to be said of two sides; None where nothing is known of how they are compared."""
    if relation in SAME and not claim.negated:
        try:
            compare(observed, _spread(expected, observed, sequences=relation not in ("==",)), None)
        except Failure as failure:
            return failure
        except Incomparable:
            pass
    if claim.swapped:
        relation = _MIRRORED.get(relation, relation)
    if claim.negated:
        relation = _DENIED.get("==" if relation in SAME else relation, relation)
    if relation == "is" and (expected is None or isinstance(expected, bool)):
        relation = "=="
    if relation in ("in", "not in") and not claim.swapped:
        relation = f"{relation} these"
    wanted = describe(expected) if relation in SAME else _expectation(relation, describe(expected))
    seen = describe(observed)
    return Failure(wanted, seen) if wanted is not None and wanted.text != seen.text else None


def _is_tape(value: Any) -> bool:
    """Whether an answer has the form of notes, as `grader/guest/tape.py` says it."""

    def are_notes(notes: Any) -> bool:
        return isinstance(notes, list) and all(
            isinstance(note, list)
            and len(note) > 1
            and isinstance(note[0], int)
            and (len(note) < 4 or are_notes(note[2]))
            for note in notes
        )

    return isinstance(value, dict) and are_notes(value.get("notes")) and isinstance(value.get("ended"), str | None)


def _expected_error(context: str) -> str | None:
    """What `pytest.raises(ValueError)` and its like expect."""
    if not context:
        return None
    call = ast.parse(context, mode="eval").body
    assert isinstance(call, ast.Call)
    return ast.unparse(call.args[0]) if call.args else None


def _spread(expected: Any, observed: Any, sequences: bool) -> Any:
    """What is expected in each element, where one value is expected in all.

    Args:
        sequences: whether a list may stand for an array.
    """
    if not isinstance(observed, Tensor) or (isinstance(expected, Tensor) and expected.shape == observed.shape):
        return expected
    if sequences and isinstance(expected, (list, tuple)):
        try:
            same = np.asarray(expected, dtype=observed.values.dtype)
        except (TypeError, ValueError, OverflowError):
            return expected
        return replace(observed, values=same) if same.shape == observed.shape else expected
    if isinstance(expected, (bool, int, float)):
        return replace(observed, values=np.full_like(observed.values, expected))
    if isinstance(expected, Tensor) and len(expected.shape) < len(observed.shape):
        try:
            return replace(expected, values=np.broadcast_to(expected.values, observed.shape))
        except ValueError:
            return expected
    return expected


def _expectation(relation: str, value: Message) -> Message | None:
    """What the observed side is to be, beside the other one; None where nothing is known of how they are compared."""
    match relation:
        case "is":
            return say("the same object: {value}", value=value)
        case "isinstance":
            return say("an instance of {value}", value=verbatim(value.text.removeprefix("builtins.")))
        case "not isinstance":
            return say("no instance of {value}", value=verbatim(value.text.removeprefix("builtins.")))
        case "issubclass":
            return say("a subclass of {value}", value=verbatim(value.text.removeprefix("builtins.")))
        case "!=" | "is not":
            return say("something other than {value}", value=value)
        case "<":
            return say("less than {value}", value=value)
        case "<=":
            return say("at most {value}", value=value)
        case ">":
            return say("more than {value}", value=value)
        case ">=":
            return say("at least {value}", value=value)
        case "in these":
            return say("one of {value}", value=value)
        case "not in these":
            return say("none of {value}", value=value)
        case "in":
            return say("something with {value} in it", value=value)
        case "not in":
            return say("something without {value}", value=value)
    return None
