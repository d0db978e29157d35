# Fills the machine's memory and disk where no limit of private memory or of visible files counts: a shared
# mapping, files without a name, /dev/shm, and removed files that are open, mapped, or in a message to itself.
# aims: exhausts
# limits: disk: 8MiB, file_size: 8MiB, memory: 64MiB, seconds: 3
# costs: noise, linear, sequential, module-list, module-dict, calculator
# %%
import array
import mmap
import os
import socket
import time


def fill(fd):
    os.write(fd, bytes(8 << 20))
    return fd


def keep(name, make):
    """Hold 256 MiB in 32 files; say so when nobody minds."""
    kept = [fill(make(number)) for number in range(32)]
    time.sleep(0.4)
    print("DID", name)
    for fd in kept:
        os.close(fd)


def removed(number):
    fd = os.open(f"part{number}", os.O_CREAT | os.O_RDWR)
    os.unlink(f"part{number}")
    return fd


# %%
# exercise: noise
mapped = mmap.mmap(-1, 256 << 20)
for start in range(0, len(mapped), 4096):
    mapped[start] = 1
time.sleep(0.4)
print("DID mapping")
mapped.close()

# %%
# exercise: linear
keep("nameless", lambda number: os.memfd_create("kept"))

# %%
# exercise: sequential
keep("shm", lambda number: os.open(f"/dev/shm/{TARGETS['letter']}.{number}", os.O_CREAT | os.O_RDWR))

# %%
# exercise: module-list
keep("removed", removed)

# %%
# exercise: module-dict
kept = []
for number in range(32):
    fd = fill(removed(number))
    kept.append(mmap.mmap(fd, 8 << 20))
    os.close(fd)
time.sleep(2.5)
print("DID removed and mapped")

# %%
# exercise: calculator
pairs = [socket.socketpair() for _ in range(32)]
for number, (one, _) in enumerate(pairs):
    fd = fill(removed(number))
    socket.send_fds(one, [b"letter"], [fd])
    os.close(fd)
time.sleep(0.4)
print("DID in a message")
