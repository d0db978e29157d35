"""The report in words of the reader's language: pure functions, shared by the terminal and pytest.

gettext of the standard library looks templates up in `grader/locale`; what it does not know is said in English.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, get_args

from grader.models.figure import Figure
from grader.models.figure_text import figure_label, figure_text
from grader.models.message import Localized, Message, Said, say, verbatim
from grader.models.observation import Raised
from grader.models.report import Diagnosis

Code = Literal["en", "ko"]
LOCALE = Path(__file__).parents[1] / "locale"


@dataclass(frozen=True)
class Language:
    """Says texts and messages in one language: `language(message)`."""

    code: Code
    catalogue: gettext.NullTranslations

    @classmethod
    def of(cls, code: Code) -> Language:
        """The language with its catalogue; English is what the templates are written in."""
        return cls(code, gettext.translation("grader", LOCALE, [code], fallback=True))

    def __call__(self, said: Said | None) -> str:
        """A text of either kind; empty for none."""
        match said:
            case Localized():
                return getattr(said, self.code) or said.en
            case Message():
                filled = {k: self(v) if isinstance(v, Said) else v for k, v in said.params.items()}
                return self.catalogue.gettext(said.template).format(**filled)
        return ""


ENGLISH = Language.of("en")


def choose_language(wanted: Code | None, environment: Mapping[str, str]) -> Language:
    """The language to speak: the one wanted, else the locale's, else English.

    Args:
        wanted: `--lang` or `GRADE_LANG`.
        environment: the variables that name a locale, such as `LANG=ko_KR.UTF-8`.
    """
    names = (environment.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    locale = re.split(r"[_.@]", next(filter(None, names), ""))[0]
    known: tuple[Code, ...] = get_args(Code)
    spoken: Code = next((code for code in known if code == locale), "en")
    return Language.of(wanted or spoken)


class FourParts(Protocol):
    """What a failed check says."""

    @property
    def diagnosis(self) -> Diagnosis | None: ...
    @property
    def called(self) -> Said | None: ...
    @property
    def expected(self) -> Said | None: ...
    @property
    def observed(self) -> Said | None: ...
    @property
    def hint(self) -> Said | None: ...
    @property
    def cell(self) -> int | None: ...
    @property
    def line(self) -> int | None: ...
    @property
    def file(self) -> str | None: ...
    @property
    def prompt(self) -> int | None: ...
    @property
    def code(self) -> str: ...
    @property
    def values(self) -> str: ...
    @property
    def figure(self) -> Figure | None: ...


def place(cell: int | None, line: int | None, prompt: int | None = None, file: str | None = None) -> Message | None:
    """`cell 7 (In [5]), line 3` or `net.py, line 3`, as far as it is known."""
    if file is not None:
        return verbatim(file) if line is None else say("{file}, line {line}", file=file, line=line)
    if cell is None:
        return None if line is None else say("line {line}", line=line)
    named = f"{cell} (In [{prompt}])" if prompt else cell
    return say("cell {cell}", cell=named) if line is None else say("cell {cell}, line {line}", cell=named, line=line)


def passed_over(raised: Raised) -> Message:
    """That a statement could not run here, and why."""
    frame = raised.frames[0] if raised.frames else None
    first = raised.message.strip().splitlines()[:1]
    return say(
        "{where}: passed over, since {why} ({said})",
        where=(place(frame.cell, frame.line) if frame else None) or say("a statement"),
        why=unmet(raised),
        said=": ".join([raised.type, *first]),
    )


def unmet(raised: Raised) -> Message:
    """What student code wanted and did not get."""
    match raised.lacks:
        case "package":
            return say("a package is not installed here")
        case "network":
            return say("there is no network here")
        case "gpu" if _is_numbered(raised):
            return say("a number as the device means a GPU, and there is none here")
        case "gpu":
            return say("it uses a GPU, and there is none here")
        case "program":
            return say("other programs do not run here")
        case "magic":
            return say("this magic does not work here")
    return say("nobody is here to answer")


def _is_numbered(raised: Raised) -> bool:
    """Whether a device was given as its number alone, which torch takes for a GPU's."""
    return "accelerator device" in raised.message and not any("cuda" in frame.code for frame in raised.frames[-1:])


def labelled(failure: FourParts, language: Language) -> list[tuple[Message, str]]:
    """The parts of a failure that there are, after their labels."""
    mistake = failure.diagnosis
    figures = [failure.figure] if failure.figure else []
    rows: list[tuple[Message, Said | None]] = [
        (say("mistake"), mistake.text if mistake else None),
        (say("tried"), _tried(mistake) if mistake else None),
        (say("fix"), verbatim(mistake.fix) if mistake and mistake.fix else None),
        (say("see"), verbatim(mistake.page) if mistake and mistake.page else None),
        (say("called"), failure.called),
        (say("expected"), failure.expected),
        (say("observed"), failure.observed),
        (say("where"), place(failure.cell, failure.line, failure.prompt, failure.file)),
        (say("code"), verbatim(failure.code) if failure.code else None),
        (say("values"), verbatim(failure.values) if failure.values else None),
        *((figure_label(figure), verbatim(figure_text(figure, language))) for figure in figures),
        (say("hint"), failure.hint),
    ]
    return [(label, text) for label, said in rows if (text := language(said))]


def _tried(mistake: Diagnosis) -> Message | None:
    """What came of fixing a mistake in a copy of the code."""
    if not mistake.passes:
        return None
    if mistake.with_another:
        return say("With this, and one more mistake, fixed in a copy of your code, checks pass that fail now.")
    if len(mistake.passes) == 1:
        return say("With this fixed in a copy of your code, this check passes.")
    return say("With this fixed in a copy of your code, these checks pass.")


def four_parts(failure: FourParts) -> str:
    """A failure as plain text in English, a line for each part."""
    return "\n".join(f"{label.text:>9}: {said}" for label, said in labelled(failure, ENGLISH))
