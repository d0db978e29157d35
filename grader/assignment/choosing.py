"""Which file of several is the assignment's."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import get_args

from grader.errors import SubmissionError
from grader.models.cells import Submission
from grader.models.message import spelled
from grader.models.wording import Code
from grader.submission.handed_in import SUFFIXES
from grader.submission.source import read_source

Filled = Callable[[Path], AbstractContextManager[None]]
MOST_READ = 12
"""Files of one student that are looked into."""
_COPY_OF = re.compile(
    r"(?:copy[ _]of[ _])*(?P<name>.+?)"
    r"(?:\s*\(\d+\)|[-_ ]{1,3}(?:copy|복사본)(?:[ _]?\d+)?|(?:[._]ipynb)?의[ _]사본|-\d{1,2})*",
    re.IGNORECASE | re.DOTALL,
)
"""The name of a copy, as systems, Jupyter, Canvas, Drive and Colab call it; `name` is all of it where it is none's."""


def nothing_to_fill(_: Path) -> AbstractContextManager[None]:
    """A file's content can be read as it is."""
    return nullcontext()


def starter_stems(name: str) -> dict[Code, str]:
    """The names of a notebook in each language, without suffix: `assignment1`, and `assignment1.ko` in Korean."""
    return {code: name if code == "en" else f"{name}.{code}" for code in get_args(Code)}


def folded(name: str) -> str:
    """A name as it is compared: systems change capitals, spaces and the form of letters."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def original_of(name: str) -> str:
    """A name without what says that it is a copy's."""
    match = _COPY_OF.fullmatch(name)
    return match["name"] if match else name


@dataclass(frozen=True, order=True)
class _Rank:
    """What speaks for a file; what stands first decides.

    Attributes:
        worked: whether it holds code that the starter has not.
        titled: whether its name is the assignment's, or a copy's of it.
        notebook: whether it is one, and no script.
        exact: whether its name is that and no copy's.
        answers: how many exercises it answers otherwise than the starter.
        height: less for each folder that it is in.
        plain: whether its name is no copy's of any other.
        copy: the number that a copy has.
    """

    worked: bool
    titled: bool
    notebook: bool
    exact: bool
    answers: int
    height: int
    plain: bool
    copy: int


@dataclass(frozen=True)
class Chooser:
    """Chooses among files.

    Attributes:
        names: of the assignment, as files without suffix have them.
        starters: notebooks to start from.
        worked_in: those of them in which students work.
        read: reads a submission, or raises `SubmissionError`.
        filled: makes that a file's content can be read, for a while.
    """

    names: tuple[str, ...]
    starters: tuple[Path, ...]
    worked_in: tuple[Path, ...]
    read: Callable[[Path], Submission]
    filled: Filled = nothing_to_fill

    @cached_property
    def titles(self) -> frozenset[str]:
        """Names of the assignment's notebooks without suffix, in all languages."""
        return frozenset(folded(stem) for one in self.names for stem in starter_stems(one).values())

    def choose(self, files: Mapping[Path, str]) -> tuple[Path, frozenset[Path]]:
        """The one of several files that counts, and those that were seen to hold nothing but what the starter holds.

        Args:
            files: each with the name that it was handed in by.

        Raises:
            SubmissionError: when there is none, or when nothing tells which one.
        """
        answers = [path for path in files if path.suffix.lower() in SUFFIXES]
        for path in answers:
            if path.is_symlink():  # to the solution, perhaps
                raise SubmissionError(f"{spelled(files[path])} in its folder is a symbolic link")
        if not answers:
            others = ", ".join(spelled(name) for name in [*files.values()][:4])
            raise SubmissionError("there is no notebook" + (f", but {others}" if others else ""))
        if len(answers) == 1:
            return answers[0], frozenset()
        ranks = {path: self._rank(path, files[path], look=len(answers) <= MOST_READ) for path in answers}
        best = max(ranks.values())
        chosen = [path for path, rank in ranks.items() if rank == best]
        if len(chosen) > 1:
            kind = "notebooks" if best.notebook else "scripts"
            listed = ", ".join(spelled(files[path]) for path in chosen[:4])
            said = f"there are several {kind} ({listed}), and neither names nor contents tell which one counts"
            raise SubmissionError(said)
        return chosen[0], frozenset(path for path, rank in ranks.items() if not rank.worked)

    def is_titled(self, stem: str) -> bool:
        """Whether a file of this name, without suffix, has the assignment's, or a copy's of it."""
        name = folded(stem)
        return name in self.titles or original_of(name) in self.titles

    def _rank(self, path: Path, called: str, look: bool) -> _Rank:
        worked, answers = self._content(path) if look else (True, 0)
        name = folded(Path(called).stem)
        original = original_of(name)
        number = re.findall(r"\d+", name.rpartition(original)[2])
        exact, titled = name in self.titles, self.is_titled(Path(called).stem)
        notebook = path.suffix.lower() == ".ipynb"
        height, last = -len(path.parts), int(number[-1]) if number else 0
        return _Rank(worked, titled, notebook, exact, answers, height, original == name, last)

    def _content(self, path: Path) -> tuple[bool, int]:
        """Whether a file holds more than the starter, and how many exercises it answers."""
        if path.resolve() in self._worked_in:
            return True, 0
        with self.filled(path):
            code = {cell.text.strip() for cell in read_source(path) if cell.code}
            if not code - self._given - {""}:
                return False, 0
            try:
                submission = self.read(path)
            except SubmissionError:
                return False, 0
        own = (cell for cell in submission.cells if cell.text.strip() not in self._given)
        return True, len({exercise for cell in own for exercise in cell.exercises})

    @cached_property
    def _given(self) -> frozenset[str]:
        """The code of the starters."""
        return frozenset(cell.text.strip() for path in self.starters for cell in read_source(path) if cell.code)

    @cached_property
    def _worked_in(self) -> frozenset[Path]:
        return frozenset(path.resolve() for path in self.worked_in)
