# Reaches for a process outside: limits, priority, processors, scheduling, signals, memory.
# aims: reaches
# shows: tried touches_processes
# costs:
# %%
import ctypes
import os
import resource

pid = TARGETS["bystander"]
libc = ctypes.CDLL(None, use_errno=True)


def syscall(*arguments):
    if libc.syscall(*arguments) < 0:
        raise OSError(ctypes.get_errno(), "")


TRIES = {
    "prlimit": lambda: resource.prlimit(pid, resource.RLIMIT_NOFILE, (77, 77)),
    "priority": lambda: os.setpriority(os.PRIO_PROCESS, pid, 10),
    "affinity": lambda: os.sched_setaffinity(pid, {min(os.sched_getaffinity(0))}),
    "scheduler": lambda: os.sched_setscheduler(pid, os.SCHED_BATCH, os.sched_param(0)),
    "ioprio": lambda: syscall(251, 1, pid, 3 << 13),
    "signal": lambda: os.kill(pid, 0),
    "group": lambda: os.killpg(os.getpgid(pid), 0),
    "ptrace": lambda: syscall(101, 16, pid, 0, 0),
    "memory": lambda: syscall(310, pid, 0, 0, 0, 0, 0),
    "realtime": lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)),
    "nice": lambda: os.nice(-5),
}
for name, attempt in TRIES.items():
    try:
        attempt()
        print("DID", name)
    except OSError:
        pass
print("tried touches_processes")
