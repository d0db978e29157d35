# Where the grader runs as root: a device node for the disk, another root folder, the clock, raw sockets.
# aims: reaches
# shows: tried powers_of_root
# costs:
# %%
import ctypes
import os
import socket
import stat

libc = ctypes.CDLL(None, use_errno=True)
TRIES = {
    "block device": lambda: os.mknod("disk", 0o600 | stat.S_IFBLK, os.stat("/").st_dev),
    "character device": lambda: os.mknod("memory", 0o600 | stat.S_IFCHR, os.makedev(1, 1)),
    "chroot": lambda: os.chroot(os.getcwd()),
    "packet socket": lambda: socket.socket(17, socket.SOCK_RAW, 0),
    "raw socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1),
}
for name, attempt in TRIES.items():
    try:
        attempt()
        print("DID", name)
    except OSError:
        pass
if libc.syscall(164, 0, 0) == 0:  # sets nothing
    print("DID clock")
print("tried powers_of_root")
