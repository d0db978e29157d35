"""Messages: each type arrives as it was sent, and whatever else comes is refused whole."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import FROM_GUEST, FROM_ZYGOTE, OPTIONAL, tagged
from mutated import ODD, mutated

from grader import protocol
from grader.errors import SandboxFault, WireError
from grader.sandbox.incoming import from_guest, from_zygote
from grader.wire import Reader, pack

Reads = Callable[[dict[str, Any]], Any]
BOTH = [
    *((from_guest, WireError, message) for message in tagged(FROM_GUEST)),
    *((from_zygote, SandboxFault, message) for message in tagged(FROM_ZYGOTE)),
]
EACH = pytest.mark.parametrize(("read", "fault", "message"), BOTH, ids=[message["tag"] for *_, message in BOTH])


def tag(message: Any) -> str:
    return str(get_args(get_type_hints(message)["tag"])[0])


def tags(*messages: Any) -> set[str]:
    return set(map(tag, messages))


def test_each_type_of_message_has_an_example_here() -> None:
    assert tags(*get_args(protocol.FromGuest)) == set(FROM_GUEST)
    assert tags(*get_args(protocol.FromZygote)) == set(FROM_ZYGOTE)


def test_tags_are_listed_where_the_protocol_is_described() -> None:
    lines = [line for line in (protocol.__doc__ or "").splitlines() if "->" in line]
    listed = dict(re.split(" {3,}", line.strip()) for line in lines)
    assert {way: set(names.split(", ")) for way, names in listed.items()} == {
        "judge -> zygote": tags(*get_args(protocol.ToZygote)),
        "zygote -> judge": set(FROM_ZYGOTE),
        "judge -> guest": tags(protocol.Job, protocol.Ask, protocol.Copy, protocol.GoOn),
        "guest -> judge": set(FROM_GUEST),
    }


@EACH
def test_a_message_arrives_as_it_was_sent(read: Reads, fault: type[Exception], message: dict[str, Any]) -> None:
    ((header, _),) = Reader().feed(pack(message))
    assert read(header) == message


@EACH
def test_a_key_that_is_missing_is_refused_unless_it_may_be(
    read: Reads, fault: type[Exception], message: dict[str, Any]
) -> None:
    for key in message:
        rest = {name: value for name, value in message.items() if name != key}
        if (message["tag"], key) in OPTIONAL:
            assert read(rest) == rest
        else:
            with pytest.raises(fault):
                read(rest)


@EACH
def test_a_value_of_another_type_is_refused(read: Reads, fault: type[Exception], message: dict[str, Any]) -> None:
    """Nothing is turned into what it is not: a number no text, a truth value no number, a text no list."""
    for key, value in message.items():
        for other in (None, True, 1, 0.5, "text", ["text"], [1], [[1, 2]], {"a": 1}):
            fits = type(other) is type(value) or (type(value) is float and type(other) is int) or key == "value"
            if not fits:
                with pytest.raises(fault):
                    read({**message, key: other})


@EACH
def test_what_is_in_a_list_is_checked_too(read: Reads, fault: type[Exception], message: dict[str, Any]) -> None:
    for key in ("exercises", "warned"):
        if key in message:
            with pytest.raises(fault):
                read({**message, key: [1]})


@pytest.mark.parametrize("tag", ["job", "", "ANSWERED", None, 1, [], {}, "ready"])
def test_an_unknown_tag_is_refused(tag: Any) -> None:
    with pytest.raises(WireError):
        from_guest({"tag": tag})


def test_a_limit_that_there_is_not_is_refused() -> None:
    with pytest.raises(SandboxFault):
        from_zygote({"tag": "over", "guest": 1, "limit": "luck"})


def test_a_message_of_one_side_is_none_of_the_other() -> None:
    for message in tagged(FROM_GUEST):
        with pytest.raises(SandboxFault):
            from_zygote(message)
    for message in tagged(FROM_ZYGOTE):
        with pytest.raises(WireError):
            from_guest(message)


HEADERS = st.dictionaries(st.sampled_from(["tag", "cell", "number", "pid", "value"]) | st.text(max_size=4), ODD)


@given(header=st.sampled_from(tagged(FROM_GUEST)).flatmap(mutated) | HEADERS)
def test_whatever_a_guest_says_is_a_message_or_refused(header: dict[str, Any]) -> None:
    with suppress(WireError):
        message = from_guest(header)
        assert message["tag"] in FROM_GUEST
        assert from_guest(dict(message)) == message or message != message  # NaN


@given(header=st.sampled_from(tagged(FROM_ZYGOTE)).flatmap(mutated) | HEADERS)
def test_whatever_a_zygote_says_is_a_message_or_refused(header: dict[str, Any]) -> None:
    with suppress(SandboxFault):
        assert from_zygote(header)["tag"] in FROM_ZYGOTE
