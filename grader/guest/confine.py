"""A guest takes from itself what it has no use for, before any student code runs (Linux).

Landlock leaves it some folders to read, one to write, no network, and signals to its own
processes alone. A seccomp filter lets through the system calls named here, which torch,
NumPy, DataLoader workers and a notebook's cells need, and no others. Root's capabilities go.
None of it needs root, and none of it can be taken back.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import stat
import struct
import sys
from collections.abc import Iterable

ABI, LINUX = 6, "6.12"
"""The version of Landlock that is needed, and the first Linux that has it: it keeps signals in."""

_X86_64, _AARCH64 = "x86_64", "aarch64"
_ARCHITECTURE = {_X86_64: 0xC000003E, _AARCH64: 0xC00000B7}
_COLUMN = {_X86_64: 0, _AARCH64: 1}

CALLS: dict[str, tuple[int | None, int | None]] = {
    # files and folders
    "read": (0, 63),
    "write": (1, 64),
    "readv": (19, 65),
    "writev": (20, 66),
    "pread64": (17, 67),
    "pwrite64": (18, 68),
    "preadv": (295, 69),
    "pwritev": (296, 70),
    "open": (2, None),
    "openat": (257, 56),
    "close": (3, 57),
    "close_range": (436, 436),
    "lseek": (8, 62),
    "stat": (4, None),
    "fstat": (5, 80),
    "lstat": (6, None),
    "newfstatat": (262, 79),
    "statx": (332, 291),
    "access": (21, None),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "readlink": (89, None),
    "readlinkat": (267, 78),
    "getcwd": (79, 17),
    "chdir": (80, 49),
    "fchdir": (81, 50),
    "getdents": (78, None),
    "getdents64": (217, 61),
    "mkdir": (83, None),
    "mkdirat": (258, 34),
    "rmdir": (84, None),
    "unlink": (87, None),
    "unlinkat": (263, 35),
    "rename": (82, None),
    "renameat": (264, 38),
    "renameat2": (316, 276),
    "link": (86, None),
    "linkat": (265, 37),
    "symlink": (88, None),
    "symlinkat": (266, 36),
    "truncate": (76, 45),
    "ftruncate": (77, 46),
    "dup": (32, 23),
    "dup2": (33, None),
    "dup3": (292, 24),
    "fcntl": (72, 25),
    "ioctl": (16, 29),
    "flock": (73, 32),
    "fsync": (74, 82),
    "fdatasync": (75, 83),
    "fadvise64": (221, 223),
    "statfs": (137, 43),
    "fstatfs": (138, 44),
    "sendfile": (40, 71),
    "copy_file_range": (326, 285),
    "umask": (95, 166),
    # memory
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "brk": (12, 214),
    "mincore": (27, 232),
    "msync": (26, 227),
    # processes and threads, of one's own
    "clone": (56, 220),
    "fork": (57, None),
    "vfork": (58, None),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "wait4": (61, 260),
    "waitid": (247, 95),
    "kill": (62, 129),
    "tkill": (200, 130),
    "tgkill": (234, 131),
    "getpid": (39, 172),
    "getppid": (110, 173),
    "gettid": (186, 178),
    "getpgid": (121, 155),
    "getpgrp": (111, None),
    "getsid": (124, 156),
    "setsid": (112, 157),
    "setpgid": (109, 154),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "getresuid": (118, 148),
    "getresgid": (120, 150),
    "getgroups": (115, 158),
    "capget": (125, 90),
    "prctl": (157, 167),
    "arch_prctl": (158, None),
    "set_tid_address": (218, 96),
    "set_robust_list": (273, 99),
    "get_robust_list": (274, 100),
    "rseq": (334, 293),
    "futex": (202, 98),
    "futex_waitv": (449, 449),
    "membarrier": (324, 283),
    # scheduling, of oneself
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "sched_setaffinity": (203, 122),
    "sched_getparam": (143, 121),
    "sched_getscheduler": (145, 120),
    "sched_get_priority_max": (146, 125),
    "sched_get_priority_min": (147, 126),
    "getpriority": (140, 141),
    "getcpu": (309, 168),
    # time
    "nanosleep": (35, 101),
    "clock_nanosleep": (230, 115),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "gettimeofday": (96, 169),
    "time": (201, None),
    "times": (100, 153),
    "getitimer": (36, 102),
    "setitimer": (38, 103),
    "alarm": (37, None),
    # waiting, pipes and pairs of sockets
    "eventfd2": (290, 19),
    "epoll_create": (213, None),
    "epoll_create1": (291, 20),
    "epoll_ctl": (233, 21),
    "epoll_wait": (232, None),
    "epoll_pwait": (281, 22),
    "epoll_pwait2": (441, 441),
    "poll": (7, None),
    "ppoll": (271, 73),
    "select": (23, None),
    "pselect6": (270, 72),
    "pipe": (22, None),
    "pipe2": (293, 59),
    "socketpair": (53, 199),
    "sendto": (44, 206),
    "recvfrom": (45, 207),
    "shutdown": (48, 210),
    "getsockopt": (55, 209),
    "setsockopt": (54, 208),
    "getsockname": (51, 204),
    "getpeername": (52, 205),
    # signals
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "rt_sigpending": (127, 136),
    "rt_sigsuspend": (130, 133),
    "rt_sigtimedwait": (128, 137),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    "pause": (34, None),
    # what the machine is like
    "uname": (63, 160),
    "sysinfo": (99, 179),
    "getrusage": (98, 165),
    "getrlimit": (97, 163),
    "prlimit64": (302, 261),
    "getrandom": (318, 278),
}
"""System calls that go through: name -> number on x86_64 and on aarch64; None where there is none."""
_ABSENT = {"clone3": (435, 435), "openat2": (437, 437), "rt_tgsigqueueinfo": (297, 240)}
"""Calls that are said not to exist (ENOSYS), so that libraries use older ones, whose arguments a filter can see."""

_ALL = 0xFFFFFFFF
_NEW_NAMESPACES = 0x7E020080
# name, which argument, its bits, the values that may be there, and whether those values are allowed or refused
_ARGUMENTS: tuple[tuple[str, int, int, tuple[int, ...], bool], ...] = (
    ("clone", 0, _NEW_NAMESPACES, (0,), True),
    # limits and scheduling: of oneself (0), of no other process
    *((name, 0, _ALL, (0,), True) for name in ("prlimit64", "sched_setaffinity")),
    ("socketpair", 1, 0xF, (1,), True),  # streams; a datagram can be sent to another socket
    # no folder that the zygote could not look into
    ("mkdir", 1, 0o700, (0o700,), True),
    ("mkdirat", 2, 0o700, (0o700,), True),
    ("umask", 0, 0o700, (0,), True),
    ("mmap", 3, 0x21, (0x21,), False),  # shared memory without a file, which no limit counts
    ("mmap", 3, 0x100, (0x100,), False),  # nor stacks that grow, which RLIMIT_DATA leaves out
    # PR_SET_PDEATHSIG, PR_GET_PDEATHSIG, PR_GET_DUMPABLE, PR_SET_NAME, PR_GET_NAME, PR_GET_SECCOMP, PR_CAPBSET_READ,
    # PR_GET_NO_NEW_PRIVS, PR_SET_VMA; not PR_SET_DUMPABLE, which closes `/proc/PID` to the zygote
    ("prctl", 0, _ALL, (1, 2, 3, 15, 16, 21, 23, 39, 0x53564D41), True),
    # F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW, F_DUPFD_CLOEXEC, pipes' sizes;
    # not F_SETLEASE, which stops others who open the file
    ("fcntl", 1, _ALL, (0, 1, 2, 3, 4, 5, 6, 7, 1030, 1031, 1032), True),
    ("ioctl", 1, _ALL, (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451), True),  # TCGETS, TIOCGWINSZ, FION..., FIOCLEX
)

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP = 38, 22
_LANDLOCK_CREATE_RULESET, _LANDLOCK_ADD_RULE, _LANDLOCK_RESTRICT_SELF = 444, 445, 446
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_MAKE_CHAR, _MAKE_SOCK, _MAKE_FIFO, _MAKE_BLOCK, _TRUNCATE, _IOCTL_DEV = (
    1 << 6,
    1 << 9,
    1 << 10,
    1 << 11,
    1 << 14,
    1 << 15,
)
_EVERYTHING = (1 << 16) - 1  # what ABI 5 knows of files
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_OWN_FOLDER = _EVERYTHING & ~(_EXECUTE | _MAKE_CHAR | _MAKE_SOCK | _MAKE_FIFO | _MAKE_BLOCK | _IOCTL_DEV)
_NO_TCP = 0b11  # bind, connect
_OWN_SCOPE = 0b11  # abstract UNIX sockets, signals


def landlock_version() -> int:
    """The version of Landlock that this kernel has; 0 where it has none."""
    if sys.platform != "linux" or platform.machine() not in _ARCHITECTURE:
        return 0
    return max(0, int(ctypes.CDLL(None, use_errno=True).syscall(_LANDLOCK_CREATE_RULESET, None, 0, 1)))


def confine(readable: Iterable[str], writable: str) -> None:
    """Confine this process and all that it will start, for good.

    Args:
        readable: folders and files that may be read.
        writable: the folder that may be written to.

    Raises:
        OSError: when the kernel refuses.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.capset(struct.pack("Ii", 0x20080522, 0), bytes(24))
    _check(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    _restrict_files(libc, [*readable, "/dev/urandom"], writable)
    _filter_calls(libc)


def _check(result: int, what: str) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), f"the kernel refused {what}")
    return result


def _restrict_files(libc: ctypes.CDLL, readable: Iterable[str], writable: str) -> None:
    handled = struct.pack("QQQ", _EVERYTHING, _NO_TCP, _OWN_SCOPE)
    rules = _check(libc.syscall(_LANDLOCK_CREATE_RULESET, handled, len(handled), 0), "Landlock")
    allowed = dict.fromkeys(readable, _READ_FILE | _READ_DIR)
    for path, rights in {**allowed, "/dev/null": _READ_FILE | _WRITE_FILE, writable: _OWN_FOLDER}.items():
        try:
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue  # not every machine has each of them
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= _OF_FILES
        rule = struct.pack("=Qi", rights, place)
        _check(libc.syscall(_LANDLOCK_ADD_RULE, rules, 1, rule, 0), f"a rule for {path}")
        os.close(place)
    _check(libc.syscall(_LANDLOCK_RESTRICT_SELF, rules, 0), "Landlock")
    os.close(rules)


def _filter_calls(libc: ctypes.CDLL) -> None:
    program = _program(platform.machine())
    buffer = ctypes.create_string_buffer(program)
    described = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(buffer))
    _check(libc.prctl(_PR_SET_SECCOMP, 2, described, 0, 0), "the seccomp filter")


def _op(code: int, jump_true: int, jump_false: int, constant: int) -> bytes:
    return struct.pack("HBBI", code, jump_true, jump_false, constant)


def _load(offset: int) -> bytes:
    return _op(0x20, 0, 0, offset)


def _program(machine: str) -> bytes:
    """The filter as BPF, over `struct seccomp_data` (number at 0, architecture at 4, arguments from 16).

    Source: the kernel's documentation, userspace-api/seccomp_filter.
    """
    column = _COLUMN[machine]
    allow = _op(0x06, 0, 0, 0x7FFF0000)
    deny, absent = (_op(0x06, 0, 0, 0x00050000 | code) for code in (errno.EPERM, errno.ENOSYS))
    code = [_load(4), _op(0x15, 1, 0, _ARCHITECTURE[machine]), deny, _load(0)]
    for name, place, bits, values, wanted in _ARGUMENTS:
        number = CALLS[name][column]
        if number is None:
            continue
        tests = [_op(0x15, len(values) - at - 1 + wanted, 0 if at < len(values) - 1 else 1 - wanted, value)
                 for at, value in enumerate(values)]  # fmt: skip
        # all that is needed is refused here; what may pass goes on to the list of names
        body = [_load(16 + 8 * place), _op(0x54, 0, 0, bits), *tests, deny, _load(0)]
        code += [_op(0x15, 0, len(body), number), *body]
    for numbers in CALLS.values():
        if numbers[column] is not None:
            code += [_op(0x15, 0, 1, numbers[column] or 0), allow]
    for numbers in _ABSENT.values():
        code += [_op(0x15, 0, 1, numbers[column] or 0), absent]
    return b"".join([*code, deny])
