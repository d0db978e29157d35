"""Which system calls a guest can make: those that are named, and no others."""

# ruff: noqa: E501 (tables)

from __future__ import annotations

import json
import platform
import sys

import pytest
from conftest import Course

from grader.guest.confine import _ABSENT, CALLS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")
COLUMN = 1 if platform.machine() == "aarch64" else 0
PROBES = {335, 336}
"""uretprobe and uprobe on x86_64, which the kernel lets past every filter; they do nothing for who is not probed."""
TRY = """
import ctypes, json
libc = ctypes.CDLL(None, use_errno=True)
found = {{}}
for number in {numbers}:
    ctypes.set_errno(0)
    result = libc.syscall(number, *[ctypes.c_long(-1)] * 6)
    found[number] = ctypes.get_errno() if result == -1 else 0
print(json.dumps(found))
"""


def test_no_other_number_reaches_the_kernel(course: Course) -> None:
    named = {numbers[COLUMN] for numbers in CALLS.values()}
    absent = {numbers[COLUMN] for numbers in _ABSENT.values()}
    others = [number for number in (*range(520), 0x40000000, 0x40000001) if number not in named | PROBES]
    course.require({"kind": "function", "calls": [{"call": "f()", "returns": "1"}]})
    report = course.grade(TRY.format(numbers=others) + "def f(): return 1\n")
    assert report.cells[0].output, report.cells[0]
    found = json.loads(report.cells[0].output)
    assert len(found) > 300
    assert {int(number): code for number, code in found.items()} == {n: 38 if n in absent else 1 for n in others}
    assert report.earned == report.possible


NEVER = {
    "execve", "execveat", "ptrace", "socket", "connect", "bind", "sendmsg", "recvmsg", "sendmmsg", "recvmmsg", "memfd_create",
    "fallocate", "io_setup", "io_submit", "io_uring_setup", "inotify_init", "inotify_init1", "inotify_add_watch", "fanotify_init",
    "userfaultfd", "bpf", "perf_event_open", "keyctl", "add_key", "mount", "unshare", "setns", "chroot", "pivot_root", "chmod",
    "fchmod", "fchmodat", "chown", "lchown", "fchown", "setxattr", "utimensat", "mknod", "mknodat", "process_vm_readv",
    "process_vm_writev", "pidfd_open", "pidfd_getfd", "pidfd_send_signal", "rt_sigqueueinfo", "setpriority", "ioprio_set",
    "sched_setscheduler", "sched_setattr", "setrlimit", "shmget", "msgget", "semget", "mq_open", "mlock", "mlockall", "vmsplice",
    "splice", "tee", "setuid", "setgid", "setgroups", "capset", "seccomp", "landlock_create_ruleset", "sync", "syslog", "reboot",
    "swapon", "init_module", "clone3", "timerfd_create", "signalfd4", "name_to_handle_at", "open_by_handle_at", "quotactl",
}  # fmt: skip


def test_what_has_no_place_in_a_guest_is_not_named() -> None:
    assert NEVER & CALLS.keys() == set()


ARGUMENTS = {
    "a lease on a file of the data": "fcntl.fcntl(os.open('data/x', os.O_RDONLY), fcntl.F_SETLEASE, fcntl.F_RDLCK)",
    "a new namespace": "os.listdir() if ctypes.CDLL(None).unshare(0x10000000) == 0 else os.kill(1, 9)",
    "limits of another process": "resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE)",
    "a socket": "__import__('_socket').socket()",
    "a pair of datagram sockets": "socket.socketpair(type=socket.SOCK_DGRAM)",
    "space without a size": "os.posix_fallocate(os.open('f', os.O_CREAT | os.O_RDWR), 0, 1 << 20)",
    "shared memory": "mmap.mmap(-1, 4096)",
    "a folder nobody can look into": "os.mkdir('d', 0)",
    "a signal to the zygote": "os.kill(os.getppid(), 0)",
    "a program": "os.execv(sys.executable, ['python'])",
    "no capability of another": "os.setpriority(os.PRIO_PROCESS, 0, 5)",
}


@pytest.mark.parametrize("what", ARGUMENTS)
def test_what_a_named_call_may_not_do(course: Course, what: str) -> None:
    course.require({"kind": "function", "calls": [{"call": "f()", "returns": "1"}]})
    course.write("assignments/quiz/data/x", "text")
    code = f"""
        import ctypes, fcntl, mmap, os, resource, socket, sys
        try:
            {ARGUMENTS[what]}
            print("DID")
        except OSError as error:
            print(type(error).__name__)
        def f(): return 1
    """
    report = course.grade(code)
    assert report.cells[0].output in ("PermissionError\n", "OSError\n")
    assert report.earned == report.possible


ALLOWED = """
import asyncio, concurrent.futures, json, os, subprocess, tempfile, threading, time, multiprocessing
import numpy as np, torch
from torch.utils.data import DataLoader

with tempfile.NamedTemporaryFile("w+") as file:
    file.write("x")
os.makedirs("a/b"); os.rename("a/b", "a/c"); os.symlink("a", "s"); os.listdir("s"); os.stat("a"); os.rmdir("a/c")
torch.save({"x": torch.ones(2)}, "m.pt"); torch.load("m.pt")
np.save("x.npy", np.ones(3)); np.load("x.npy", mmap_mode="r")
print(sum(len(b) for b in DataLoader(range(8), batch_size=2, num_workers=2)))
with concurrent.futures.ThreadPoolExecutor(2) as pool:
    print(list(pool.map(abs, [-1, 2])))
with multiprocessing.Pool(2) as pool:
    print(pool.map(abs, [-3, 4]))
async def wait(): await asyncio.sleep(0.01); return 5
print(asyncio.run(wait()))
pid = os.fork()
if pid == 0: os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
torch.set_num_threads(2); torch.randn(300, 300) @ torch.randn(300, 300)
print(time.localtime().tm_year > 2000, os.cpu_count() > 0, os.getcwd() != "", os.isatty(0))
"""


def test_what_notebooks_do_still_works(course: Course) -> None:
    course.require({"kind": "function", "calls": [{"call": "f()", "returns": "1"}]})
    report = course.grade(ALLOWED + "def f(): return 1\n")
    assert report.cells[0].raised is None, report.cells[0].raised
    assert report.cells[0].output.splitlines() == ["8", "[1, 2]", "[3, 4]", "5", "7", "True True True False"]
    assert report.earned == report.possible
