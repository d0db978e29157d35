"""Frames between judge and guest: two lengths, a JSON header, a safetensors blob.

    +----------------+----------------+-------------+-----------+
    | header length  | blob length    | header      | blob      |
    | 4 bytes, big-endian each        | UTF-8 JSON  | bytes     |
    +----------------+----------------+-------------+-----------+

Both ends use this file, so it knows neither torch nor pydantic. Lengths are
checked before anything is read; nothing is ever unpickled.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Iterator, Mapping
from typing import Any

MAX_HEADER = 4 << 20
MAX_BLOB = 64 << 20
_LENGTHS = struct.Struct("!II")


class BrokenFrame(Exception):
    """What came is not a frame, or is larger than a frame may be."""


class Closed(Exception):
    """The other end is gone."""


def pack(header: Mapping[str, Any], blob: bytes = b"") -> bytes:
    """The bytes of one frame.

    Raises:
        BrokenFrame: when header or blob is over its limit.
    """
    text = json.dumps(header, separators=(",", ":"), allow_nan=False).encode()
    if len(text) > MAX_HEADER or len(blob) > MAX_BLOB:
        raise BrokenFrame(f"a frame of {len(text)} + {len(blob)} bytes is too large")
    return _LENGTHS.pack(len(text), len(blob)) + text + blob


class Reader:
    """Takes bytes as they arrive and gives whole frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
        """Add bytes; give the frames that are now whole, also those before a broken one.

        Raises:
            BrokenFrame: when a length is over its limit or a header is not a JSON object.
        """
        self._buffer += data
        while len(self._buffer) >= _LENGTHS.size:
            header_size, blob_size = _LENGTHS.unpack_from(self._buffer)
            if header_size > MAX_HEADER or blob_size > MAX_BLOB:
                raise BrokenFrame(f"a frame of {header_size} + {blob_size} bytes was announced")
            end = _LENGTHS.size + header_size + blob_size
            if len(self._buffer) < end:
                break
            text = bytes(self._buffer[_LENGTHS.size : _LENGTHS.size + header_size])
            blob = bytes(self._buffer[_LENGTHS.size + header_size : end])
            del self._buffer[:end]
            yield _header(text), blob


def _header(text: bytes) -> dict[str, Any]:
    try:
        header = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BrokenFrame(f"a header is not JSON: {error}") from None
    if not isinstance(header, dict):
        raise BrokenFrame("a header is not a JSON object")
    return header


def send(sock: socket.socket, header: Mapping[str, Any], blob: bytes = b"") -> None:
    """Send one frame on a blocking socket."""
    sock.sendall(pack(header, blob))


def send_answer(sock: socket.socket, answered: Any, blob: bytes) -> None:
    """Send what a question brought; what is too large for a frame is said to be so instead."""
    try:
        frame = pack(answered, blob)
    except (BrokenFrame, ValueError) as error:
        said = {"type": "TooLarge", "bases": ["TooLarge"], "message": f"the answer cannot be sent: {error}"}
        rest = {key: value for key, value in answered.items() if key != "value"}
        frame = pack({**rest, "raised": {**said, "frames": [], "missing": None, "limit": None}})
    sock.sendall(frame)


def receive(sock: socket.socket) -> tuple[dict[str, Any], bytes]:
    """Wait for one frame on a blocking socket; for the guest's end, where frames come one at a time.

    Raises:
        Closed: when the other end is gone.
    """
    header_size, blob_size = _LENGTHS.unpack(_exactly(sock, _LENGTHS.size))
    return _header(_exactly(sock, header_size)), _exactly(sock, blob_size)


def _exactly(sock: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        part = sock.recv(min(size - len(data), 1 << 20))
        if not part:
            raise Closed
        data += part
    return bytes(data)
