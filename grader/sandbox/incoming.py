"""Validates what comes from a guest or a zygote: the whole message, before anything is done with it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from grader.errors import SandboxFault, WireError
from grader.protocol import FromGuest, FromZygote

_FROM_GUEST: TypeAdapter[FromGuest] = TypeAdapter(Annotated[FromGuest, Field(discriminator="tag")])
_FROM_ZYGOTE: TypeAdapter[FromZygote] = TypeAdapter(Annotated[FromZygote, Field(discriminator="tag")])


def from_guest(header: dict[str, Any]) -> FromGuest:
    """What a guest says.

    Raises:
        WireError: when it is no message of the protocol.
    """
    try:
        return _FROM_GUEST.validate_python(header, strict=True)
    except (ValidationError, ValueError, RecursionError):
        raise WireError("a malformed message") from None


def from_zygote(header: dict[str, Any]) -> FromZygote:
    """What a zygote says, which is trusted, and validated all the same.

    Raises:
        SandboxFault: when it is no message of the protocol.
    """
    try:
        return _FROM_ZYGOTE.validate_python(header, strict=True)
    except ValidationError as error:
        raise SandboxFault(f"The process that runs student code says what it should not: {error}") from None
