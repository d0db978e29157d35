"""An assignment on disk: where its parts are, and how what is handed in to it is read."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

from grader.assignment import SPEC
from grader.assignment.choosing import Chooser, Filled, nothing_to_fill, starter_stems
from grader.assignment.master import STARTS, Master, read_master, solution_name, texts_of
from grader.assignment.plain_checks import CHECKS, is_plain
from grader.assignment.spec import Assignment
from grader.assignment.spec_file import filled_text, written_texts
from grader.errors import SubmissionError
from grader.models.cells import Beside, Cell, Submission
from grader.models.message import Message, say
from grader.models.wording import Code
from grader.processor_time import TooLong, at_most
from grader.submission.bindings import bound_names, imported_modules
from grader.submission.handed_in import digest, digest_of, files_beside, files_in, modules_of
from grader.submission.ownership import with_owners
from grader.submission.read import named, read_submission

MAX_NOTES = 10
"""Notes on files that were not handed in."""
MAX_BOUND = 256 << 10
"""Bytes of what is sent to a guest of the names that exercises' cells bind, beside these cells."""
READING = 10.0
"""Seconds of computing to see what is in a submission, and whose answer it is."""


@dataclass(frozen=True)
class Folder:
    """An assignment on disk.

    Attributes:
        path: the folder.
        spec: what its `assignment.yaml` says.
        fixtures: the source of its fixtures; empty where it has none.
        made: the folder with what is made of its master, or of notebooks in which something varies; None where it has
            neither, as students' copies.
    """

    path: Path
    spec: Assignment
    fixtures: str
    made: Path | None = None

    @property
    def master(self) -> Path | None:
        """The one file that its notebooks are made of."""
        return self.path / self.spec.master if self.spec.master and self.made else None

    def read_master(self) -> Master | None:
        """It as it is read."""
        if not self.master:
            return None
        return read_master(self.master, self.spec.in_master, self.spec.show_checks, self.spec.values(self.spec.id))

    def filled(self, name: str) -> str:
        """A text file of the folder, with the values of the assignment's variant in it.

        Raises:
            SpecError: where it refers to others.
        """
        return filled_text(self.path / name, self.spec)

    def written_texts(self) -> Iterator[str]:
        """The texts that may refer to what varies, as they are written."""
        yield from written_texts(self.path / SPEC)
        if self.spec.fixtures:
            yield (self.path / self.spec.fixtures).read_text(encoding="utf-8")
        for path in [self.master] if self.master else self._made_of:
            yield from texts_of(path)

    @property
    def notebook(self) -> Path:
        return (self.made or self.path) / (self.spec.notebook or f"{self.spec.id}.ipynb")

    @property
    def starters(self) -> dict[Code, Path]:
        """The notebooks there are to start from, by language: `notebook`, and its translations beside it."""
        stems = starter_stems(self.notebook.stem)
        found = {code: self.notebook.with_name(f"{stem}{self.notebook.suffix}") for code, stem in stems.items()}
        return {code: path for code, path in found.items() if path.is_file()}

    @property
    def worked_in(self) -> list[Path]:
        """Those of these notebooks that lie in the folder, where students work in them."""
        if self.made and not self.master:
            return []
        home = self.made or self.path
        return [file for path in self.starters.values() if (file := self.path / path.relative_to(home)).is_file()]

    @property
    def saved_last(self) -> Path:
        """Of these notebooks, the one that was saved last: where students work in one of them, it is that one."""
        # In whole seconds: a checkout writes all of them in one, and then the first is taken.
        return max(self.worked_in, key=lambda path: int(path.stat().st_mtime), default=self.notebook)

    @property
    def solution(self) -> Path:
        name = solution_name(self.master) if self.master else self.solution_file.name
        made = self.made / "solution" / name if self.made else None
        return made if made and (self.master or made.is_file()) else self.solution_file

    @property
    def solution_file(self) -> Path:
        """Where a course keeps a solution that is a file of its own."""
        return (self.path / (self.spec.solution or f"../../solutions/{self.spec.id}.ipynb")).resolve()

    @property
    def checks(self) -> list[Path]:
        """The files with the instructor's own checks."""
        own = sorted((self.path / "checks").rglob("*.py"))
        return [*own, self.made_checks] if self.made_checks else own

    @property
    def made_checks(self) -> Path | None:
        """The file with the check cells of its master, if it has any."""
        return self.made / CHECKS if self.made and (self.made / CHECKS).is_file() else None

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def given(self) -> tuple[Beside, ...]:
        """The files of `given/`, which lie beside every submission, in the place of its own ones of these names."""
        inside = self.path / "given"
        files = sorted(files_in(inside)) if inside.is_dir() else []
        return tuple(Beside(name=f.relative_to(inside).as_posix(), path=os.fspath(f.absolute())) for f in files)

    @property
    def recorded(self) -> Path:
        return self.path / "reference.safetensors"

    def chooser(self, filled: Filled = nothing_to_fill) -> Chooser:
        """What chooses among files that were handed in.

        Args:
            filled: see `Chooser`.
        """
        return Chooser(
            names=(self.notebook.stem, self.spec.id),
            starters=tuple(self.starters.values()),
            worked_in=tuple(self.worked_in),
            read=partial(self.read, alone=True),
            filled=filled,
        )

    def answer_in(self, path: Path) -> Path:
        """The notebook or script of a submission, which may be a folder.

        Raises:
            SubmissionError: when it holds none, or several.
        """
        if not os.path.isdir(path):  # a name may be too long to be looked for
            return self._made_of.get(path.resolve(), path) if self.made else path
        try:
            return self.chooser().choose({file: file.name for file in sorted(files_in(path))})[0]
        except SubmissionError as error:
            advice = f"Hand in {self.notebook.name}, or give the notebook or script itself."
            raise SubmissionError(f"{path}: {error}.", advice) from None

    def is_solution(self, path: Path) -> bool:
        """Whether a submission is the assignment's own solution.

        Raises:
            SubmissionError: see `answer_in`.
        """
        return os.path.realpath(self.answer_in(path)) == os.path.realpath(self.solution)

    @property
    def _made_of(self) -> dict[Path, Path]:
        """What is graded in the place of a master, or of notebooks in which something varies."""
        if self.master:
            return {self.master.resolve(): self.solution}
        starters = {(self.path / path.name).resolve(): path for path in self.starters.values()}
        return {**starters, self.solution_file: self.solution}

    def beside(self, path: Path) -> tuple[Beside, ...]:
        """The files beside a notebook or script that are part of a submission: those that the spec names, or all.

        Raises:
            SubmissionError: when those that the spec names are too many; of all of them, none is taken then.
        """
        if path.parent.resolve() == self.path.resolve() or (self.made and path == self.solution):
            return ()
        data = self.data.is_dir()
        if self.spec.files is not None:
            return files_beside(path, self.spec.files, data)
        with suppress(SubmissionError):
            return files_beside(path, ["*"], data)
        return ()

    def digest_of(self, path: Path, alone: bool) -> str:
        """The SHA-256 of a submission; see `read`.

        Raises:
            OSError: when a file cannot be read.
            SubmissionError: when there are too many beside it.
        """
        return digest_of(digest(path), () if alone else self.beside(path))

    def read(self, path: Path, alone: bool | None = None, data: bytes | None = None) -> Submission:
        """A submission to this assignment, with each cell given to the exercises that own it.

        Args:
            path: a notebook, a script, or a folder with one.
            alone: whether what lies beside it is no part of it. If None, it is where a folder was given, or where the
                spec names files.
            data: what is read in the place of a notebook's content.

        Raises:
            SubmissionError: when it cannot be read.
        """
        answer, others = self.answer_in(path), alone is True
        if alone is None:
            alone = answer == path and not self.spec.files
        try:
            with at_most(READING):
                return self._read(answer, alone, others, data if answer == path else None)
        except (TooLong, MemoryError):
            said = f"{named(answer)} takes too long, or too much memory, to be looked through."
            raise SubmissionError(said, "Leave out what the assignment does not ask for.") from None

    def _read(self, answer: Path, alone: bool, others: bool, data: bytes | None) -> Submission:
        submission = self._as_in_master(read_submission(answer, data), answer)
        if beside := () if alone else self.beside(answer):
            more = {
                "beside": beside,
                "modules": tuple(modules_of(beside)),
                "sha256": digest_of(submission.sha256, beside),
            }
            submission = submission.model_copy(update=more)
        if given := self.given:
            names = {file.name for file in given}
            own = (file for file in submission.beside if file.name not in names)
            submission = submission.model_copy(update={"beside": (*own, *given)})
        if not others:
            notes = (*submission.notes, *self._not_handed_in(answer, submission, alone))
            submission = submission.model_copy(update={"notes": notes})
        fixtures = frozenset(bound_names(self.fixtures))
        claims = [exercise.claim(self.spec.seed, fixtures) for exercise in self.spec.exercises]
        submission = with_owners(submission, claims)
        owned = [cell for cell in submission.cells if cell.exercises]
        if sum(len(json.dumps([cell.exercises, bound_names(cell.source)])) for cell in owned) > MAX_BOUND:
            said = f"The cells of exercises in {named(answer)} define more names than are graded."
            raise SubmissionError(said, "Leave out what the assignment does not ask for.")
        return submission

    def _as_in_master(self, submission: Submission, answer: Path) -> Submission:
        """The solution, named and numbered as its master is; any other submission as it is."""
        if not (self.master and self.made and answer == self.solution):
            return submission
        starts = json.loads((self.made / STARTS).read_text(encoding="utf-8"))

        def located(cell: Cell) -> Cell:
            start = starts.get(str(cell.number))
            if start is None:
                return cell
            return cell.model_copy(update={"number": None, "source": "\n" * start + cell.source})

        cells = tuple(map(located, submission.cells))
        return submission.model_copy(update={"name": self.master.name, "cells": cells})

    def _not_handed_in(self, answer: Path, submission: Submission, alone: bool) -> list[Message]:
        """Modules that lie beside an answer and are no part of it, and files that the spec names and are not there."""
        taken = {file.name for file in submission.beside}
        wanted = [one for one in self.spec.files or () if not re.search(r"[*?\[]", one)]
        notes = [say("the file {name} was not handed in", name=one) for one in wanted if one not in taken and not alone]
        beside = {one for one in answer.parent.glob("*.py") if one.name not in (*taken, *wanted)}
        lying = {one.stem for one in beside if os.path.isfile(one)}  # unlike Path.is_file, of one that may not be read
        imported = {name for cell in submission.cells for name in imported_modules(cell.source)} if lying else set()
        for name in sorted(lying & imported):
            notes.append(say("{name}.py lies beside the notebook, and is no part of the submission", name=name))
        return notes[:MAX_NOTES]

    @cached_property
    def imported_by_checks(self) -> tuple[str, ...]:
        """Modules that plain checks use, and that take long to import: before there is a submission."""
        texts = [path.read_text(encoding="utf-8", errors="replace") for path in self.checks]
        used = "\n".join(text for text in texts if is_plain(text))
        return tuple(module for word, module in _SLOW_IMPORTS.items() if re.search(rf"\b{word}\b", used))

    def with_seed(self, seed: int) -> Folder:
        """The same assignment with another seed than its spec says."""
        return replace(self, spec=self.spec.model_copy(update={"seed": seed}))


_SLOW_IMPORTS = {"pytest": "pytest", "unittest": "unittest", "testing": "numpy.testing", "optim": "torch._dynamo"}
"""Words of a check, each with a module that takes long to import; torch's optimizers import the last one."""
