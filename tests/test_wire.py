"""Frames: whole ones arrive as they were sent, in whatever pieces; anything else is a broken frame."""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from messages import announced, framed
from mutated import PLAIN, spoiled

from grader import wire
from grader.wire import MAX_BLOB, MAX_HEADER, BrokenFrame, Closed, Reader, pack

FINITE = PLAIN.filter(lambda value: not isinstance(value, float) or abs(value) < float("inf"))
HEADERS = st.dictionaries(st.text(max_size=8), FINITE, max_size=4)
FRAMES = st.lists(st.tuples(HEADERS, st.binary(max_size=40)), max_size=4)


def read(data: bytes) -> list[tuple[dict[str, Any], bytes]]:
    return list(Reader().feed(data))


@given(frames=FRAMES, cuts=st.lists(st.integers(1, 30), max_size=20))
def test_frames_arrive_whole_in_whatever_pieces(frames: list[tuple[dict[str, Any], bytes]], cuts: list[int]) -> None:
    data = b"".join(pack(*frame) for frame in frames)
    reader, found = Reader(), []
    for size in cuts:
        found += reader.feed(data[:size])
        data = data[size:]
    assert [*found, *reader.feed(data)] == frames


def test_a_part_of_a_frame_is_waited_for() -> None:
    whole = pack({"a": 1}, b"blob")
    for size in range(len(whole)):
        assert read(whole[:size]) == []
    assert read(whole + whole[:-1]) == [({"a": 1}, b"blob")]


def test_a_frame_may_be_as_large_as_the_limits_and_no_larger() -> None:
    text = {"a": "x" * (MAX_HEADER - len('{"a":""}'))}
    blob = bytes(MAX_BLOB)
    assert read(pack(text, blob)) == [(text, blob)]
    with pytest.raises(BrokenFrame, match="too large"):
        pack({"a": text["a"] + "x"})
    with pytest.raises(BrokenFrame, match="too large"):
        pack({}, blob + b"x")


@pytest.mark.parametrize("sizes", [(MAX_HEADER + 1, 0), (0, MAX_BLOB + 1), (0xFFFFFFFF, 0xFFFFFFFF)])
def test_what_is_too_large_is_refused_as_soon_as_it_is_announced(sizes: tuple[int, int]) -> None:
    with pytest.raises(BrokenFrame, match="announced"):
        read(announced(*sizes))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe\xfd", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"a": ' * 50_000 + b"1" + b"}" * 50_000, "not JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not JSON"),
        (b"{} {}", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b'"text"', "not a JSON object"),
    ],
)
def test_a_header_that_is_no_json_object_is_refused(text: bytes, said: str) -> None:
    with pytest.raises(BrokenFrame, match=said):
        read(framed(text))


def test_frames_before_a_broken_one_are_given() -> None:
    reader = Reader().feed(pack({"a": 1}) + framed(b"[]"))
    assert next(reader) == ({"a": 1}, b"")
    with pytest.raises(BrokenFrame):
        next(reader)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_json_does_not_have_are_not_sent(number: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        pack({"a": number})


SOME = b"".join(pack(json.loads(text), b"blob") for text in ('{"a": [1, "é"]}', "{}", '{"tag": "finished"}'))
PIECES = [announced(0, 0), announced(2, 0), announced(MAX_HEADER, MAX_BLOB), b"{}", b"[[", b"\xff" * 8, b"1" * 5000]


@given(data=st.binary(max_size=200) | spoiled(SOME, PIECES), size=st.integers(1, 60))
def test_whatever_bytes_come_are_frames_or_a_broken_one(data: bytes, size: int) -> None:
    reader = Reader()
    with suppress(BrokenFrame):
        for start in range(0, len(data), size):
            for header, blob in reader.feed(data[start : start + size]):
                assert type(header) is dict
                assert type(blob) is bytes


# -- on a blocking socket, as a guest reads and writes


@pytest.fixture
def pair() -> Any:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_a_frame_is_received_as_it_was_sent(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    wire.send(ours, {"a": 1}, b"blob")
    wire.send(ours, {"b": 2})
    assert wire.receive(theirs) == ({"a": 1}, b"blob")
    assert wire.receive(theirs) == ({"b": 2}, b"")


@pytest.mark.parametrize("size", [0, 5, 10])
def test_an_end_that_is_gone_is_closed(pair: tuple[socket.socket, socket.socket], size: int) -> None:
    ours, theirs = pair
    ours.sendall(pack({"a": 1})[:size])
    ours.close()
    with pytest.raises(Closed):
        wire.receive(theirs)


@pytest.mark.parametrize("value", ["x" * MAX_HEADER, float("nan")], ids=["too large", "not JSON"])
def test_an_answer_that_cannot_be_sent_is_said_to_be_so(
    pair: tuple[socket.socket, socket.socket], value: object
) -> None:
    ours, theirs = pair
    wire.send_answer(ours, {"tag": "answered", "number": 3, "value": value}, b"")
    header, blob = wire.receive(theirs)
    assert (header["number"], header["raised"]["type"], blob) == (3, "TooLarge", b"")
    assert "value" not in header
