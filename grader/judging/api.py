"""What an instructor's `checks/test_*.py` is written with."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import pytest
from pydantic import ValidationError

from grader.errors import ReferenceFault, SpecError
from grader.judging.grading import Grading
from grader.judging.judge import CheckFailed, Posed, blame_ourselves, explained
from grader.judging.verdict import expect_value
from grader.models.message import Localized, Message, joined
from grader.models.observation import Answer
from grader.models.values import Tensor
from grader.requirements.closeness import Tolerance
from grader.requirements.compare import Failure, compare
from grader.requirements.expressions import MAKERS
from grader.requirements.requirement import Probe, Question

Function = TypeVar("Function", bound=Callable[..., Any])
Written = str | dict[str, str] | None


def probe(function: Function) -> Function:
    """Declare a probe: a function that runs beside the student's code and looks.

    Its first argument is the student's namespace (`student.RunningMean`); `torch`,
    `nn` and `look` are there without an import. It returns plain data and tensors.

    Raises:
        SpecError: when it uses a name that will not be there.
    """
    try:
        Probe.of(function)
    except ValueError as error:
        raise SpecError(f"{error}.") from None
    return function


def check(
    *,
    exercise: str,
    points: float = 1,
    hint: Written = None,
    hidden: bool = False,
    title: Written = None,
    called: Written = None,
) -> Callable[[Function], Function]:
    """Declare a check: a pytest test that judges observations and earns points of its own.

    Args:
        exercise: id of the exercise it belongs to.
        points: added to the exercise's.
        hint: shown when it fails; a text, or `{"en": ..., "ko": ...}`.
        hidden: the student learns that it failed, and the hint.
        title: what is expected, instead of the docstring's first line.
        called: what is called, instead of the first line of the probe's docstring.
    """
    if not points > 0 or points == float("inf"):
        raise SpecError(f"a check earns points; {points!r} is no number of points.")
    texts = {name: _localized(name, text) for name, text in (("hint", hint), ("title", title), ("called", called))}

    def mark(function: Function) -> Function:
        marked: Function = pytest.mark.check(exercise=exercise, points=points, hidden=hidden, **texts)(function)
        return marked

    return mark


def _localized(name: str, text: Written) -> Localized | None:
    try:
        return Localized.model_validate({"en": text} if isinstance(text, str) else text) if text else None
    except ValidationError as error:
        raise SpecError(f"the {name} {text!r} is no text: {error.errors()[0]['msg']}.") from None


def assert_close(observed: Any, expected: Any, rtol: float | None = None, atol: float | None = None) -> None:
    """Hold observed values against expected ones: shapes and dtypes first, then numbers.

    Args:
        rtol, atol: both or neither; torch's defaults for the dtype.

    Raises:
        Failure: saying what differs, and where.
    """
    tolerance = Tolerance(rtol=rtol or 0, atol=atol or 0) if rtol is not None or atol is not None else None
    compare(observed, expected, tolerance)


@dataclass
class Asker:
    """The fixtures `observe` and `reference`: put a probe to the submission, or to the solution.

    Args:
        check: name of the test that asks.
        title: what to say of each question, instead of the probe's docstring.
        test: runs the test once more.
    """

    grading: Grading
    exercise: str
    check: str
    hint: Localized | None
    title: Localized | None
    hidden: bool = False
    called: Message | None = None
    test: Callable[[], None] | None = None
    makers: list[Maker] = field(default_factory=list)
    _last: tuple[Question, Answer] | None = None
    _of_solution: bool = False

    def observe(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """What the probe brings back from the submission.

        Raises:
            CheckFailed: when student code raised, or gave no answer.
        """
        if self._of_solution:
            return self.reference(function, *args, **kwargs)
        question = _question(function, args, kwargs)
        self.called = joined([self.title or _title(function)])
        return self._observed(question)

    def look(self, probe: Probe, called: Message, raises: str | None, again: bool, **arguments: Any) -> Any:
        """The same, with what to say of it.

        Args:
            raises: what was to be raised instead, if anything was.
            again: whether to ask where nothing was asked before.

        Raises:
            CheckFailed: when student code raised, or gave no answer.
        """
        self.called = called
        return self._observed(Question(probe, arguments), raises, again)

    def _observed(self, question: Question, raises: str | None = None, again: bool = False) -> Any:
        answer = self.grading.observe_again(self.exercise, question) if again else None
        answer = answer or self.grading.observe(self.exercise, question, self.hidden)
        self._last = (question, answer)
        try:
            expect_value(answer, self.grading.folder.spec.limits, raises)
        except Failure as failure:
            if answer.raised and not answer.raised.missing and not answer.raised.limit:
                blame_ourselves(self.grading, self.exercise, self.check, question)
            raise self.failed(failure) from None
        return answer.value

    def fails_on_the_solution(self, test: Callable[[], None]) -> str:
        """What a test raises where `observe` gives the solution's answers; nothing where it passes, or none can tell.

        Args:
            test: runs it once more; the makers of tensors begin anew.
        """
        self._of_solution = True
        for maker in self.makers:
            maker.restart()
        try:
            test()
        except ReferenceFault:
            return ""
        except Exception as error:
            return f"{type(error).__name__}: {error}".strip().splitlines()[0]
        finally:
            self._of_solution = False
        return ""

    def failed(self, failure: Failure) -> CheckFailed:
        """A failure of what was asked last, with the mistake behind it if it is known."""
        assert self.called is not None
        assert self._last is not None
        question, answer = self._last
        names = question.probe.source
        passes = self._passes_with if self.test is not None else None
        posed = Posed(self.exercise, self.check, question, self.called, self.hint, self.hidden, names, passes)
        return explained(self.grading, posed, answer, failure)

    def _passes_with(self, grading: Grading) -> bool:
        """Whether the test passes where another grading answers."""
        own, self.grading = self.grading, grading
        try:
            return self._ends_well()
        finally:
            self.grading = own

    def _ends_well(self) -> bool:
        assert self.test is not None
        for maker in self.makers:
            maker.restart()
        try:
            self.test()
        except Exception:
            return False
        return True

    def reference(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """What the probe brings back from the solution."""
        answer = self.grading.references.answer(self.exercise, _question(function, args, kwargs))
        if answer.raised:
            raise RuntimeError(f"the solution raises {answer.raised.type}: {answer.raised.message}")
        return answer.value


def _question(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Question:
    names = function.__code__.co_varnames[1 : function.__code__.co_argcount]
    return Question(Probe.of(function), dict(zip(names, args, strict=False)) | kwargs)


def _title(function: Callable[..., Any]) -> str:
    doc = (function.__doc__ or "").strip().splitlines()
    return doc[0] if doc else function.__name__.replace("_", " ")


class Maker:
    """Makes seeded tensors in a test: `randn(8, 4)`, another one at each call."""

    def __init__(self, name: str, seed: int, test: str) -> None:
        self._make, self._dtype = MAKERS[name]
        self._seed = [seed, zlib.crc32(test.encode()), zlib.crc32(name.encode())]
        self.restart()

    def restart(self) -> None:
        """Make the same tensors once more."""
        self._rng = np.random.default_rng(self._seed)

    def __call__(self, *args: Any, dtype: str | None = None, requires_grad: bool = False) -> Tensor:
        values = np.asarray(self._make(self._rng, *args))
        kind = dtype or self._dtype or str(values.dtype)
        return Tensor(values.astype(kind), kind, requires_grad=requires_grad)
