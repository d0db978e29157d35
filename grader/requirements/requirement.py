"""What every kind of requirement is made of.

A kind is one file: a pydantic model (what an instructor writes), probes (what is
looked at beside the student's code) and judgements (what passes, and what to say).
The model's `checks` puts them together.
"""

from __future__ import annotations

import ast
import builtins
import dis
import hashlib
import inspect
import json
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Literal

from pydantic import Field

from grader.models.message import Message, Said, Steps
from grader.models.model import Model
from grader.models.values import encode
from grader.models.work import Work
from grader.requirements.closeness import Tolerance
from grader.requirements.expressions import compile_expression

PROBE_NAMES = {"torch", "nn", "look", "tape", "replay"}
"""Names a probe may use without defining them, beside Python's builtins."""


@dataclass(frozen=True)
class Probe:
    """A function that is sent to the guest as source text, and looks.

    Its first parameter is the student's namespace; it must use nothing of its
    own module, since that stays with the judge.
    """

    name: str
    source: str

    @staticmethod
    @lru_cache(maxsize=1024)
    def of(function: Callable[..., Any]) -> Probe:
        """Read a function's source, without its decorators and annotations.

        Raises:
            ValueError: when it uses a name that will not be there beside the student's code.
        """
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
        node = tree.body[0]
        if not isinstance(node, ast.FunctionDef):
            raise ValueError(f"{function.__name__} is not a plain function")
        node.decorator_list = []
        node.returns = None
        for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
            argument.annotation = None
        unknown = sorted(_free_names(function.__code__) - PROBE_NAMES - set(dir(builtins)))
        if unknown:
            raise ValueError(
                f"the probe {node.name} uses {', '.join(unknown)}, which does not exist beside the student's code; "
                f"import or define it inside the probe"
            )
        return Probe(node.name, ast.unparse(tree))


def _free_names(code: Any) -> set[str]:
    """Global names that a code object, or one inside it, loads."""
    loaded = {i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    loaded |= set(code.co_freevars)
    for constant in code.co_consts:
        if inspect.iscode(constant):
            loaded |= _free_names(constant) - set(code.co_varnames) - set(code.co_cellvars)
    return loaded


@dataclass(frozen=True)
class Question:
    """A probe and its arguments: the same for the submission and for the solution."""

    probe: Probe
    arguments: dict[str, Any]

    @cached_property
    def encoded(self) -> tuple[Any, bytes]:
        return encode(self.arguments)

    @cached_property
    def digest(self) -> str:
        """Names the question: equal questions get one answer."""
        data, blob = self.encoded
        text = json.dumps([self.probe.source, data], sort_keys=True)
        return hashlib.sha256(text.encode() + blob).hexdigest()


@dataclass(frozen=True)
class Check:
    """One thing that earns points.

    Attributes:
        name: e.g. `buffer[mean]`; unique in its exercise.
        called: what was called, for the student.
        code: the call as the spec writes it, where `called` says it in other words.
        question: what to ask submission and solution.
        judge: takes the observed and the expected value; raises `Failure`.
        reference: whether `judge` needs the solution's value.
        raises: name of the exception that must come instead of a value.
        right: where something must be raised, a call that must not raise: one that always raises does not pass.
        reads: takes what the exercise's cells say and printed, once `judge` has passed; raises `Failure`. Such a
            check is of form alone.
        hint: what helps, where the failure itself brings no hint; the plugin knows it.
        weight: its share of the exercise's points.
        hidden: whether details stay with the instructor.
    """

    name: str
    called: Message
    question: Question
    judge: Callable[[Any, Any], None]
    reference: bool = False
    raises: str | None = None
    right: Question | None = None
    reads: Callable[[Work], None] | None = None
    hint: Said | None = None
    weight: float = 1.0
    hidden: bool = False
    code: str = ""


class Requirement(Model):
    """What all kinds share.

    Attributes:
        id: tells two requirements of one kind in an exercise apart, in the names of their checks.
        hint: what helps whoever fails it: a sentence, or several of which each says more than the one before it.
        hidden: the student learns that the check failed, and the hint; not what was called.
        weight: share of the exercise's points of each of its checks.
        tolerance: instead of torch's per dtype.
    """

    kind: str
    id: str | None = Field(default=None, pattern=r"^[\w.-]+$")
    hint: Steps = ()
    hidden: bool = False
    weight: float = Field(default=1, gt=0)
    tolerance: Tolerance | None = None

    def checks(self, seed: int) -> Iterator[Check]:
        """The checks this requirement stands for."""
        raise NotImplementedError

    def _check(
        self,
        name: str,
        called: Message,
        question: Question,
        judge: Callable[[Any, Any], None],
        reference: bool = False,
        raises: str | None = None,
        right: Question | None = None,
        reads: Callable[[Work], None] | None = None,
    ) -> Check:
        """A check with what all checks of this requirement share."""
        label = (
            f"{name[:-1]},{self.id}]" if self.id and name.endswith("]") else f"{name}[{self.id}]" if self.id else name
        )
        return Check(
            name=label,
            called=called,
            question=question,
            judge=judge,
            reference=reference,
            raises=raises,
            right=right,
            reads=reads,
            weight=self.weight,
            hidden=self.hidden,
        )


def ask(probe: Callable[..., Any], seed: int, /, **arguments: Any) -> Question:
    """A question with a probe of ours; arguments named `tree…` are expressions' texts."""
    made = {
        key: compile_expression(value, seed) if key.startswith("tree") and isinstance(value, str) else value
        for key, value in arguments.items()
    }
    return Question(Probe.of(probe), made)


Weights = Literal["seeded", "own"]
"""`seeded`: parameters get the same numbers in submission and solution; `own`: they keep their initial ones."""
