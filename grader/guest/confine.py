"""Takes from a guest what Landlock and sandlock leave it: a second seccomp filter, and root's capabilities."""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys

_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
# name -> numbers; metadata of any path, devices, clocks, nameless memory
_DENIED = {
    "x86_64": (
        90,
        91,
        92,
        93,
        94,
        132,
        235,
        261,
        280,
        260,
        268,
        452,
        188,
        189,
        190,
        197,
        198,
        199,
        463,
        466,
        133,
        259,
        161,
        164,
        227,
        159,
        305,
        319,
        447,
        300,
        301,
        428,
        430,
        433,
        434,
        141,
        251,
    ),
    "aarch64": (
        52,
        53,
        54,
        55,
        88,
        452,
        5,
        6,
        7,
        14,
        15,
        16,
        463,
        466,
        33,
        51,
        170,
        112,
        171,
        266,
        279,
        447,
        262,
        263,
        428,
        430,
        433,
        434,
        140,
        30,
    ),
}
_OWN_ONLY = {"x86_64": (302, 142, 144, 314, 203), "aarch64": (261, 118, 119, 274, 122)}  # first argument: 0, oneself
_SOCKET = {"x86_64": 41, "aarch64": 198}
_AF_UNIX = 1
_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38


def _op(code: int, jump_true: int, jump_false: int, constant: int) -> bytes:
    return struct.pack("HBBI", code, jump_true, jump_false, constant)


def _load(offset: int) -> bytes:
    return _op(0x20, 0, 0, offset)


def _filter(machine: str, workers: bool) -> bytes:
    """The filter as BPF, over `struct seccomp_data` (number at 0, architecture at 4, arguments from 16)."""
    deny, allow = _op(0x06, 0, 0, 0x00050000 | errno.EPERM), _op(0x06, 0, 0, 0x7FFF0000)
    code = [_load(4), _op(0x15, 1, 0, _ARCH[machine]), deny, _load(0)]
    if machine == "x86_64":  # no x32 numbers
        code += [_op(0x35, 0, 1, 0x40000000), deny]
    for number in _DENIED[machine]:
        code += [_op(0x15, 0, 1, number), deny]
    for number in _OWN_ONLY[machine]:
        code += [_op(0x15, 0, 4, number), _load(16), _op(0x15, 1, 0, 0), deny, _load(0)]
    code += [_op(0x15, 0, 4, _SOCKET[machine]), _load(16)]
    code += [_op(0x15, 1, 0, _AF_UNIX if workers else 0xFFFF), deny, _load(0)]
    return b"".join([*code, allow])


def confine(workers: bool) -> None:
    """Deny, for this process and its children, what a guest has no use for. Does nothing off Linux.

    Metadata of files, devices, clocks, memory without a name, priorities and limits of other
    processes, and every socket; with `workers`, every one but those of DataLoader workers (AF_UNIX).

    Raises:
        OSError: when the kernel refuses the filter.
    """
    machine = platform.machine()
    if sys.platform != "linux" or machine not in _ARCH:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    libc.capset(struct.pack("Ii", 0x20080522, 0), bytes(24))
    program = _filter(machine, workers)
    buffer = ctypes.create_string_buffer(program)
    filter_ = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(buffer))
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if libc.prctl(_PR_SET_SECCOMP, 2, filter_, 0, 0):
        raise OSError(ctypes.get_errno(), "the kernel refused the seccomp filter")
