# Asks the kernel for what outlives a process, stops others, or no limit counts: leases, watches, keys, queues, locked
# memory, asynchronous input and output, timers.
# aims: reaches
# shows: tried kernel_objects
# costs:
# %%
import ctypes
import fcntl
import os
import platform

libc = ctypes.CDLL(None, use_errno=True)
buffer = ctypes.create_string_buffer(b"letter", 4096)
readable = os.open(torch.__file__, os.O_RDONLY)
at = ctypes.addressof(buffer)


def call(number, *arguments):
    if platform.machine() == "x86_64" and libc.syscall(number, *map(ctypes.c_long, arguments)) >= 0:
        return
    raise OSError


TRIES = {
    "lease": lambda: fcntl.fcntl(readable, 1024, 1),
    "owner of signals": lambda: fcntl.fcntl(readable, fcntl.F_SETOWN, os.getppid()),
    "notify": lambda: fcntl.fcntl(os.open(".", os.O_RDONLY), 1026, 0xF),
    "inotify": lambda: call(294, 0), "fanotify": lambda: call(300, 0, 0), "aio": lambda: call(206, 64, at + 64),
    "io_uring": lambda: call(425, 8, at + 64), "lock memory": lambda: call(149, at, 4096),
    "lock all": lambda: call(151, 1), "add key": lambda: call(248, at, at, at, 6, -4), "key": lambda: call(250, 0, -4, 1),
    "segment": lambda: call(29, 0, 4096, 0o1600), "semaphore": lambda: call(64, 0, 1, 0o1600),
    "queue": lambda: call(68, 0, 0o1600), "named queue": lambda: call(240, at, 0o102, 0o600, 0),
    "timer": lambda: call(222, 1, 0, at + 64), "timer descriptor": lambda: call(283, 1, 0),
    "signal descriptor": lambda: call(289, -1, at + 64, 8, 0), "process descriptor": lambda: call(434, os.getppid(), 0),
    "secret memory": lambda: call(447, 0), "page faults": lambda: call(323, 1), "bpf": lambda: call(321, 0, at, 120),
    "perf": lambda: call(298, at, 0, -1, -1, 0), "personality": lambda: call(135, 0x0040000),
    "splice": lambda: call(278, 1, at, 0, 0), "space": lambda: call(285, readable, 1, 0, 1 << 20),
    "swap": lambda: call(167, at, 0), "host name": lambda: call(170, at, 0), "root folder": lambda: call(155, at, at),
    "log": lambda: call(103, 10, 0, 0), "queued signal": lambda: call(129, os.getppid(), 0, at + 64),
    "real time": lambda: os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1)),
}  # fmt: skip
for name, attempt in TRIES.items():
    try:
        attempt()
        print("DID", name)
    except OSError:
        pass
os.closerange(readable, 64)
print("tried kernel_objects")
