"""Takes from a guest what Landlock and sandlock leave it: a second seccomp filter, and root's capabilities."""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys

_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

_DENIED = {  # numbers of system calls
    "x86_64": (
        "90 91 92 93 94 132 188 189 190 197 198 199 235 260 261 268 280 452 463 466 469 "  # metadata of any path
        "133 161 164 159 227 259 305 428 430 433 "  # devices, clocks, roots and mounts
        "254 300 301 "  # watching what happens to any path
        "141 251 434 "  # other processes' priorities and handles
        "319 447 "  # files and memory without a name
        "41 46 307"  # sockets; messages, in which files can hide from the zygote
    ),
    "aarch64": (
        "5 6 7 14 15 16 52 53 54 55 88 452 463 466 469 "
        "33 51 112 170 171 266 428 430 433 "
        "27 262 263 "
        "30 140 434 "
        "279 447 "
        "198 211 269"
    ),
}
_ALL = 0xFFFFFFFF
# numbers of a system call, which argument, its bits, their value, and whether only that value is allowed, or all others
_ARGUMENTS = (
    *(  # limits and scheduling: of oneself (0), of no other process
        ({"x86_64": x86_64, "aarch64": aarch64}, 0, _ALL, 0, True)
        for x86_64, aarch64 in ((302, 261), (142, 118), (144, 119), (314, 274), (203, 122))
    ),
    ({"x86_64": 53, "aarch64": 199}, 1, 0xF, 1, True),  # socketpair: streams; a datagram can be sent to another socket
    ({"x86_64": 83}, 1, 0o700, 0o700, True),  # mkdir, mkdirat, umask: no folder that the zygote could not look into
    ({"x86_64": 258, "aarch64": 34}, 2, 0o700, 0o700, True),
    ({"x86_64": 95, "aarch64": 166}, 0, 0o700, 0, True),
    ({"x86_64": 9, "aarch64": 222}, 3, 0x21, 0x21, False),  # mmap: shared memory without a file, which no limit counts
    ({"x86_64": 9, "aarch64": 222}, 3, 0x100, 0x100, False),  # nor stacks that grow, which RLIMIT_DATA leaves out
    ({"x86_64": 157, "aarch64": 167}, 0, _ALL, 4, False),  # prctl: PR_SET_DUMPABLE closes `/proc/PID` to the zygote
)
_PR_SET_SECCOMP = 22
_PR_SET_NO_NEW_PRIVS = 38


def _op(code: int, jump_true: int, jump_false: int, constant: int) -> bytes:
    return struct.pack("HBBI", code, jump_true, jump_false, constant)


def _load(offset: int) -> bytes:
    return _op(0x20, 0, 0, offset)


def _filter(machine: str) -> bytes:
    """The filter as BPF, over `struct seccomp_data` (number at 0, architecture at 4, arguments from 16)."""
    deny, allow = _op(0x06, 0, 0, 0x00050000 | errno.EPERM), _op(0x06, 0, 0, 0x7FFF0000)
    code = [_load(4), _op(0x15, 1, 0, _ARCH[machine]), deny, _load(0)]
    if machine == "x86_64":  # no x32 numbers
        code += [_op(0x35, 0, 1, 0x40000000), deny]
    for number in map(int, _DENIED[machine].split()):
        code += [_op(0x15, 0, 1, number), deny]
    for numbers, place, bits, value, only in (rule for rule in _ARGUMENTS if machine in rule[0]):
        code += [_op(0x15, 0, 5, numbers[machine]), _load(16 + 8 * place), _op(0x54, 0, 0, bits)]
        code += [_op(0x15, only, not only, value), deny, _load(0)]
    return b"".join([*code, allow])


def confine() -> None:
    """Deny, for this process and its children, what a guest has no use for. Does nothing off Linux.

    Metadata of files, devices, clocks, memory without a name, priorities and limits of other
    processes, sockets, and what would keep files or processes out of the zygote's sight.

    Raises:
        OSError: when the kernel refuses the filter.
    """
    machine = platform.machine()
    if sys.platform != "linux" or machine not in _ARCH:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    libc.capset(struct.pack("Ii", 0x20080522, 0), bytes(24))
    program = _filter(machine)
    buffer = ctypes.create_string_buffer(program)
    filter_ = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(buffer))
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if libc.prctl(_PR_SET_SECCOMP, 2, filter_, 0, 0):
        raise OSError(ctypes.get_errno(), "the kernel refused the seccomp filter")
