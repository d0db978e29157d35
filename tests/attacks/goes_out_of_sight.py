# Hides from those who look: closes /proc/PID, and has memory and files where nobody counts. Watches others.
# aims: reaches
# shows: tried goes_out_of_sight
# costs:
# %%
import ctypes
import mmap
import os
import socket

libc = ctypes.CDLL(None, use_errno=True)


def call(name, *arguments):
    result = getattr(libc, name)(*arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), "")
    return result


TRIES = {
    "dumpable": lambda: call("prctl", 4, 0, 0, 0, 0),
    "shared mapping": lambda: mmap.mmap(-1, 4096),
    "growing stack": lambda: call("mmap", None, 4096, 3, 0x122, -1, 0),
    "memfd": lambda: os.memfd_create("kept"),
    "message": lambda: socket.send_fds(socket.socketpair()[0], [b"letter"], [0]),
    "inotify": lambda: call("inotify_add_watch", call("inotify_init1", 0), b"/tmp", 0x100),
    "semaphore": lambda: call("semget", 7, 1, 0o1600),
    "segment": lambda: call("shmget", 7, 4096, 0o1600),
    "queue": lambda: call("msgget", 7, 0o1600),
    "named queue": lambda: call("mq_open", b"/letter", os.O_CREAT | os.O_RDWR, 0o600, None),
    "shm": lambda: call("shm_open", TARGETS["letter"].encode(), os.O_CREAT | os.O_RDWR, 0o600),
}
for name, attempt in TRIES.items():
    try:
        attempt()
        print("DID", name)
    except OSError:
        pass
print("tried goes_out_of_sight")
