# Connects and listens: TCP in four ways, UDP, sockets of the file system, and other families.
# aims: reaches
# shows: tried network
# costs:
# %%
import socket

port, path = TARGETS["port"], TARGETS["socket"]
here = ("127.0.0.1", port)
MPTCP, FASTOPEN = 262, 0x20000000


def made(family, kind=socket.SOCK_STREAM, protocol=0):
    made_one = socket.socket(family, kind, protocol)
    made_one.settimeout(1)
    return made_one


TRIES = {
    "tcp": lambda: made(socket.AF_INET).connect(here),
    "multipath tcp": lambda: made(socket.AF_INET, protocol=MPTCP).connect(here),
    "tcp fast open": lambda: made(socket.AF_INET).sendto(b"letter", FASTOPEN, here),
    "udp": lambda: made(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"letter", here),
    "icmp": lambda: made(socket.AF_INET, socket.SOCK_DGRAM, 1).sendto(b"letter", here),
    "unix": lambda: made(socket.AF_UNIX).connect(path),
    "unix datagram": lambda: made(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"letter", path + ".datagram"),
    "datagram of a pair": lambda: socket.socketpair(type=socket.SOCK_DGRAM)[0].sendto(b"letter", path + ".datagram"),
    "connected pair": lambda: socket.socketpair(type=socket.SOCK_DGRAM)[0].connect(path + ".datagram"),
    "abstract": lambda: made(socket.AF_UNIX).connect("\0" + path),
    "listen": lambda: made(socket.AF_INET).listen(),
    "bind": lambda: made(socket.AF_INET).bind(("127.0.0.1", 0)),
    "netlink": lambda: made(socket.AF_NETLINK, socket.SOCK_RAW),
    "vsock": lambda: made(socket.AF_VSOCK),
}
for name, attempt in TRIES.items():
    try:
        attempt()
        print("DID", name)
    except OSError:
        pass
print("tried network")
