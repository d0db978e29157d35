# Closes, shuts, replaces and unblocks every descriptor it has, the grader's own among them.
# aims: stops
# shows: "lost": {
# costs: noise, linear, sequential, module-list
# %%
# exercise: noise
import os

os.closerange(3, 512)

# %%
# exercise: linear
import os
import socket

for fd in range(3, 64):
    try:
        socket.socket(fileno=os.dup(fd)).shutdown(socket.SHUT_RDWR)
    except OSError:
        pass

# %%
# exercise: sequential
import os

for fd in range(3, 64):
    os.dup2(os.open(os.devnull, os.O_RDWR), fd)

# %%
# exercise: module-list
import os

for fd in range(3, 64):
    try:
        os.set_blocking(fd, False)
        while True:
            os.read(fd, 1 << 20)
    except BlockingIOError:
        os.write(fd, bytes(9))
    except OSError:
        pass
