"""What is said to a person, as data: a template and its parameters.

The English template is the message's id, as in gettext; a translation maps the
template to another with the same parameters. What is put together here is English;
`grader.models.wording` says it in other languages.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BeforeValidator, model_validator

from grader.models.model import Model

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
Scalar = str | int | float | bool | None


def clean(text: str) -> str:
    """Text that every terminal and encoder can take: lone surrogates are escaped, control characters replaced.

    What colours a terminal's text is left out.
    """
    if text.replace("\n", "").replace("\t", "").isprintable():  # most are; surrogates are not
        return text
    text = _COLOURS.sub("", text)
    return "".join(c if c in "\n\t" or c.isprintable() else _unprintable(c) for c in text)


def _unprintable(character: str) -> str:
    return _escaped(character) if "\ud800" <= character <= "\udfff" else "\N{REPLACEMENT CHARACTER}"


def spelled(name: str) -> str:
    """The name of a file or a student, as every terminal and encoder can take it; different names stay different.

    Bytes that are no UTF-8, characters that are not printed, and the backslash are escaped as in Python.
    """
    if name.isprintable() and "\\" not in name:
        return name
    seen = (c != "\\" and (c.isprintable() or unicodedata.category(c) == "Zs") for c in name)
    return "".join(c if shown else _escaped(c) for c, shown in zip(name, seen, strict=True))


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte, as Python holds it in the name of a file
        return f"\\x{code - 0xDC00:02x}"
    if 0x80 <= code <= 0xFF:  # a character, and no byte
        return f"\\u{code:04x}"
    return character.encode("unicode_escape").decode()


class Localized(Model):
    """A text an instructor writes: in English, and in Korean where there is one.

    A plain string in YAML is read as the English text.
    """

    en: str
    ko: str | None = None

    def __str__(self) -> str:
        return self.en

    @model_validator(mode="after")
    def _not_empty(self) -> Localized:
        if not self.en.strip() or (self.ko is not None and not self.ko.strip()):
            raise ValueError("a text may not be empty")
        return self


class Message(Model):
    """One sentence for a person.

    Attributes:
        text: the sentence in English.
        template: the same with `{named}` places; the key of translations.
        params: what fills the places; a phrase is a message of its own, so that it is translated, too.
    """

    text: str
    template: str
    params: dict[str, Scalar | Message | Localized]

    def __str__(self) -> str:
        return self.text


Said = Localized | Message


def say(template: str, /, **params: Scalar | Said) -> Message:
    """Make a message from a template with `{named}` places and their values.

    The template is a literal, since `make messages` collects it for the translators.
    """
    cleaned = {key: clean(value) if isinstance(value, str) else value for key, value in params.items()}
    return Message(text=template.format(**cleaned), template=template, params=cleaned)


def verbatim(text: Any) -> Message:
    """A message that is the same in every language: code, a number, an exception's own words."""
    template = "{text}"
    return say(template, text=str(text))


def joined(parts: Iterable[str | Said], separator: str = ", ", before: str = "", after: str = "") -> Message:
    """Messages in a row, each said in the reader's language."""
    params = {f"part{number}": part for number, part in enumerate(parts)}
    template = before + separator.join(f"{{{name}}}" for name in params) + after
    return say(template, **params)


def _from_plain(value: Any) -> Any:
    return {"en": value} if isinstance(value, str) else value


Text = Annotated[Localized, BeforeValidator(_from_plain, json_schema_input_type=str | Localized)]
"""A field that takes `text` or `{en: text, ko: text}`."""


def _from_one(value: Any) -> Any:
    if value == []:
        raise ValueError("give at least one text")
    return () if value is None else value if isinstance(value, (list, tuple)) else (value,)


Steps = Annotated[
    tuple[Text, ...],
    BeforeValidator(_from_one, json_schema_input_type=str | Localized | list[str | Localized] | None),
]
"""A field that takes one text, or a list of texts of which each says more than the one before it."""
