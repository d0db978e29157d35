"""What is said to a person, as data: a template and its parameters.

The English template is the message's id, as in gettext; a translation maps the
template to another with the same parameters.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, model_validator

from grader.models.base import Model

Scalar = str | int | float | bool | None


def clean(text: str) -> str:
    """Text that every terminal and encoder can take: no lone surrogates, no control characters."""
    text = text.encode("utf-8", "replace").decode()
    return "".join(c if c in "\n\t" or c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


class Message(Model):
    """One sentence for a person.

    Attributes:
        text: the sentence in English.
        template: the same with `{named}` places; the key of translations.
        params: what fills the places.
    """

    text: str
    template: str
    params: dict[str, Scalar]

    def __str__(self) -> str:
        return self.text


def say(template: str, /, **params: Scalar) -> Message:
    """Make a message from a template with `{named}` places and their values."""
    cleaned = {key: clean(value) if isinstance(value, str) else value for key, value in params.items()}
    return Message(text=template.format(**cleaned), template=template, params=cleaned)


class Localized(Model):
    """A text an instructor writes: in English, and in Korean where there is one.

    A plain string in YAML is read as the English text.
    """

    en: str
    ko: str | None = None

    @model_validator(mode="after")
    def _not_empty(self) -> Localized:
        if not self.en.strip() or (self.ko is not None and not self.ko.strip()):
            raise ValueError("a text may not be empty")
        return self


def _from_plain(value: Any) -> Any:
    return {"en": value} if isinstance(value, str) else value


Text = Annotated[Localized, BeforeValidator(_from_plain, json_schema_input_type=str | Localized)]
"""A field that takes `text` or `{en: text, ko: text}`."""
