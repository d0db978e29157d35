"""Expected values: what the solution answers to the same questions.

The solution is a submission like any other. What it answers can be recorded in
the assignment's `reference.safetensors`, so that a copy without the solution can
grade, and a copy with it does not have to run it. The file is one safetensors
file: every tensor of every answer, and in its metadata the rest as JSON; facts of the
solution's source, which mistakes are told by, and the names it binds; and the checks that are foreseen.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from copy import copy
from functools import cached_property
from pathlib import Path
from typing import Any

import safetensors
from pydantic import ValidationError
from safetensors.numpy import save

from grader.assignment import SPEC
from grader.assignment.folder import Folder
from grader.diagnosis.facts import Shown, sealed
from grader.diagnosis.source_facts import source_facts
from grader.errors import ReferenceFault, WireError
from grader.judging.answers import Answers, Key
from grader.models.cells import Submission
from grader.models.mistake import Fact
from grader.models.observation import Answer, Raised
from grader.models.values import decode, encode
from grader.models.wording import place
from grader.requirements.requirement import Question
from grader.requirements.rounding import in_float64, with_exact
from grader.submission.bindings import bound_names

MOST_APART = 100
"""Questions that are put to one guest without a submission."""


class Recorded:
    """What a file of recorded answers holds."""

    def __init__(self, path: Path) -> None:
        self._answers: dict[str, Any] = {}
        self._blobs: dict[str, bytes] = {}
        self.made_from: dict[str, str] = {}
        self.sources: dict[str, list[Fact]] = {}
        self.defines: dict[str, list[str]] = {}
        self.foreseen: dict[str, Any] = {}
        if path.exists():
            self._read(path)

    def _read(self, path: Path) -> None:
        try:
            with safetensors.safe_open(path, framework="numpy") as file:
                metadata = file.metadata() or {}
                self.made_from = json.loads(metadata["made_from"])
                self._answers = json.loads(metadata["answers"])
                self.sources = json.loads(metadata.get("sources", "{}"))
                self.defines = json.loads(metadata.get("defines", "{}"))
                self.foreseen = json.loads(metadata.get("foreseen", "{}"))
                parts: dict[str, dict[str, Any]] = {}
                for name in file.keys():  # noqa: SIM118 (not a dict)
                    key, _, tensor = name.rpartition("/")
                    parts.setdefault(key, {})[tensor] = file.get_tensor(name)
            self._blobs = {key: save(tensors) for key, tensors in parts.items()}
        except (OSError, ValueError, KeyError, safetensors.SafetensorError) as error:
            raise ReferenceFault(
                f"{path} cannot be read as recorded answers ({error}).", "Run `grade record` for the assignment."
            ) from None

    def __contains__(self, key: Key) -> bool:
        return "/".join(key) in self._answers

    def written(self, key: Key) -> tuple[Any, bytes | None]:
        """The answer to a question as the file has it; the same answers are the same there."""
        name = "/".join(key)
        return self._answers.get(name), self._blobs.get(name)

    def get(self, key: Key) -> Answer | None:
        """The answer to a question, if it is there.

        Raises:
            ReferenceFault: when it is not of the form in which answers are written.
        """
        name = "/".join(key)
        found = self._answers.get(name)
        if found is None:
            return None
        try:
            if "raised" in found:
                return Answer(raised=Raised.model_validate(found["raised"]))
            return Answer(value=decode(found["value"], self._blobs.get(name, b"")))
        except (WireError, ValidationError, KeyError) as error:
            raise ReferenceFault(f"A recorded answer is broken: {error}", "Run `grade record`.") from None


def write_recorded(path: Path, references: References, foreseen: frozenset[str]) -> None:
    """Write what the solution answered to a file that `Recorded` reads; the same answers give the same bytes."""
    index: dict[str, Any] = {}
    tensors: dict[str, Any] = {}
    for (exercise, digest), answer in sorted(references.answers.items()):
        name = f"{exercise}/{digest}"
        if answer.raised:
            index[name] = {"raised": answer.raised.model_copy(update={"frames": ()}).model_dump()}  # they show the code
            continue
        data, blob = encode(answer.value)
        index[name] = {"value": data}
        if blob:
            from safetensors.numpy import load

            tensors |= {f"{name}/{key}": value for key, value in load(blob).items()}
    sources = {exercise: references.source(exercise) for exercise, _ in references.answers}
    defines = {exercise: sorted(references.defines(exercise)) for exercise in sources}
    written = {"made_from": references.made_from, "answers": index, "sources": sources, "defines": defines}
    written["foreseen"] = {"of": references.checks, "checks": sorted(foreseen)}
    metadata = {name: json.dumps(part, sort_keys=True) for name, part in written.items()}
    path.write_bytes(_sorted(save(tensors, metadata)))


def _sorted(content: bytes) -> bytes:
    """A safetensors file with its header's keys in order, which the library leaves to chance.

    The header is JSON behind its own length (8 bytes, little-endian); offsets in it count from its end.
    Source: the format's description in the safetensors repository.
    """
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.dumps(json.loads(content[8:end]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + content[end:]


def _digest_of_checks(folder: Folder) -> str:
    """The SHA-256 of what says which checks there are, and what they ask; not where the solution is."""
    spec = re.sub(rb"^solution:.*\n?", b"", (folder.path / SPEC).read_bytes(), flags=re.MULTILINE)
    total = hashlib.sha256(f"{folder.fixtures}{folder.spec.variant or ''}".encode())
    for content in (spec, *(file.read_bytes() for file in folder.checks)):
        total.update(hashlib.sha256(content).digest())
    return total.hexdigest()


class References:
    """Answers of the solution: recorded ones where they are fresh, else those of a run.

    Args:
        folder: the assignment.
        torch_version: asked for when it is needed; the zygote knows it once torch is imported.
        start: gives what answers for a submission.
        use_recorded: false to record anew.

    Attributes:
        forgeable: asserts of plain checks whose truth is what a submission's process says.
        met: asserts of plain checks, each with whether it is met with the solution.
    """

    def __init__(self, folder: Folder, start: Callable[[Any], Answers], use_recorded: bool = True) -> None:
        self._folder = folder
        self._start = start
        self._live: Answers | None = None
        self._recorded = Recorded(folder.recorded) if use_recorded else None
        self._solution = folder.read(folder.solution) if folder.solution.exists() else None
        self.checks = _digest_of_checks(folder)
        self.made_from = {
            "solution": self._solution.sha256 if self._solution else "",
            "fixtures": hashlib.sha256(folder.fixtures.encode()).hexdigest(),
            "seed": str(folder.spec.seed),
            **({"variant": str(folder.spec.variant)} if folder.spec.variant else {}),
        }
        self.limits = folder.spec.limits
        self.answers: dict[Key, Answer] = {}
        self._learned: dict[Key, Any] = {}
        self.forgeable: list[str] = []
        self.met: dict[str, bool] = {}
        self._apart: Answers | None = None
        self._put_apart = 0

    def meet(self, claim: str, met: bool) -> None:
        """Keep whether an assert is met; one in a helper need not be met by each check that has it."""
        self.met[claim] = met or self.met.get(claim, False)

    def asked_by(self, start: Callable[[Any], Answers]) -> References:
        """The same for another process, which runs the solution by itself."""
        other = copy(self)
        other._start, other._live, other._apart = start, None, None
        return other

    @cached_property
    def starter(self) -> Submission | None:
        """The assignment's own notebook, if it has one: read once for all that are held against the same answers."""
        return self._folder.read(self._folder.notebook) if self._folder.notebook.exists() else None

    @property
    def _fresh(self) -> bool:
        if self._recorded is None:
            return False
        if self._solution is None:
            return self._recorded.made_from.get("variant") == self.made_from.get("variant")
        return self._recorded.made_from == self.made_from

    def prefetch(self, questions: list[tuple[str, Question]]) -> None:
        """Put questions that are not recorded to the solution, so that they are answered in the meantime."""
        missing = [(e, q, False) for e, q in questions if not self._is_known((e, q.digest))]
        if missing and self._solution is not None:
            self._running().prefetch(missing)

    def answer(self, exercise: str, question: Question) -> Answer:
        """What the solution answers.

        Raises:
            ReferenceFault: when there is neither a recorded answer nor a solution, or the
                solution gives none.
        """
        key = (exercise, question.digest)
        if key not in self.answers:
            recorded = self._recorded.get(key) if self._recorded and self._fresh else None
            if recorded is None:
                if self._solution is None:
                    if self._recorded and self._recorded.made_from and not self._fresh:
                        raise ReferenceFault(
                            f"{self._folder.recorded} is of another variant of the assignment than its spec.",
                            "Take both from one copy: `grade release` writes them together.",
                        )
                    raise ReferenceFault(
                        f"{self._folder.recorded} has no answer to {question.probe.name} in {exercise}, "
                        f"and there is no solution at {self._folder.solution}.",
                        "Run `grade record` where the solution is, and copy the file.",
                    )
                recorded = self._running().answer(exercise, question)
            self.answers[key] = recorded
        answer = self.answers[key]
        if answer.lost:
            raise ReferenceFault(
                f"The solution gave no answer in {exercise}: lost to {answer.lost.to} {answer.lost.detail or ''}.",
                "Correct the solution or the limits of the assignment.",
            )
        return answer

    def said_of(self, raised: Raised, check: str) -> str:
        """That the solution raises, where it must not, and where that is in it."""
        frame = raised.frames[-1] if raised.frames else None
        where = place(frame.cell, frame.line, file=frame.file) if frame else None
        at = f" ({(self._folder.master or self._folder.solution).name}, {where.text})" if where else ""
        return f"The solution raises {raised.type} in {check}: {raised.message}{at}"

    def peek(self, exercise: str, question: Question) -> Answer | None:
        """The same, or None where neither a record nor a solution can tell."""
        try:
            return self.answer(exercise, question)
        except ReferenceFault:
            return None

    def rounded(self, exercise: str, question: Question) -> Any:
        """The value of the solution's answer, whose numbers know what float64 gives in their place."""
        expected = self.answer(exercise, question).value
        exact = self.peek(exercise, in_float64(question))
        return with_exact(expected, exact.value) if exact is not None and exact.good else expected

    @cached_property
    def foreseen(self) -> frozenset[str] | None:
        """The ids of the checks that are foreseen, if these very checks were recorded."""
        recorded = self._recorded or Recorded(self._folder.recorded)
        mine = self._solution is None or self.made_from["solution"] == recorded.made_from.get("solution")
        fresh = mine and recorded.foreseen.get("of") == self.checks
        return frozenset(recorded.foreseen["checks"]) if fresh else None

    def source(self, exercise: str) -> Sequence[Fact]:
        """The facts of the solution's source for an exercise, without its code."""
        if self._solution is not None:
            return [sealed(fact) for fact in source_facts(self._solution.cells_of(exercise))]
        return self._recorded.sources.get(exercise, []) if self._recorded else []

    def defines(self, exercise: str) -> frozenset[str]:
        """The names that the solution's own cells of an exercise bind."""
        if self._solution is not None:
            return frozenset(name for cell in self._solution.own_cells(exercise) for name in bound_names(cell.source))
        return frozenset(self._recorded.defines.get(exercise, ()) if self._recorded else ())

    def shown(self, exercise: str, question: Question) -> Shown | None:
        """What the solution shows of an exercise, asked for the facts of its objects; None where nothing can tell."""
        answer = self.peek(exercise, question)
        return Shown(self.source(exercise), answer.value) if answer else None

    def _is_known(self, key: Key) -> bool:
        return key in self.answers or (self._fresh and self._recorded is not None and key in self._recorded)

    def _running(self) -> Answers:
        if self._live is None:
            self._live = self._start(self._solution)
        return self._live

    def learned(self, key: Key, learn: Callable[[], Any]) -> Any:
        """What the solution's answer to a question shows, found once."""
        if key not in self._learned:
            self._learned[key] = learn()
        return self._learned[key]

    def apart(self, exercise: str, question: Question) -> Answer:
        """What a guest answers that runs no submission."""
        if self._apart is not None and self._put_apart >= MOST_APART:  # it remembers what it was asked
            self._apart.close()
            self._apart = None
        if self._apart is None:
            self._apart, self._put_apart = self._start(self._nobodys), 0
        self._put_apart += 1
        return self._apart.answer(exercise, question)

    @property
    def _nobodys(self) -> Submission:
        """No code at all, beside the files that are given."""
        return Submission(name="", sha256="", cells=(), beside=self._folder.given)

    def close(self) -> None:
        """End the solution's guests."""
        if self._apart is not None:
            self._apart.close()
            self._apart = None
        if self._live is not None:
            self._live.close()
            self._live = None
