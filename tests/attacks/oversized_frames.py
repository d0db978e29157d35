# Announces a frame of 4 GB, and sends one that is as large as a header may be and nested to match.
# aims: stops
# shows: "to": "wire"
# costs: noise, linear
# %%
import struct
import sys


def tell(data):
    """Write to the guest's own socket, which an object of the grader's holds."""
    frame = sys._getframe()
    while not hasattr(frame.f_locals.get("self"), "_channel"):
        frame = frame.f_back
    frame.f_locals["self"]._channel.sendall(data)


# %%
# exercise: noise
tell(struct.pack("!II", 2**32 - 1, 2**32 - 1) + bytes(1000))

# %%
# exercise: linear
tell(struct.pack("!II", 4 << 20, 0) + b"[" * (4 << 20))
