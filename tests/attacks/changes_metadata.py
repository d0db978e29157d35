# Changes mode, owner, times and attributes of a file outside, which Landlock does not look after.
# aims: reaches
# shows: tried changes_metadata
# costs:
# %%
import ctypes
import os

outside = TARGETS["outside"]
libc = ctypes.CDLL(None)  # `os.chmod` and `os.utime` do nothing in a guest


def call(function, path, *arguments):
    if function(path.encode(), *arguments) != 0:
        raise OSError


TRIES = [
    lambda: call(libc.chmod, outside, 0o777), lambda: os.chown(outside, 65534, 65534), lambda: call(libc.utimes, outside, None),
    lambda: os.setxattr(outside, "user.letter", b"box"), lambda: call(libc.chmod, os.path.dirname(outside), 0o777),
    lambda: os.chown(outside, os.getuid(), -1), lambda: os.lchown(outside, os.getuid(), -1),
]  # fmt: skip
for number, attempt in enumerate(TRIES):
    try:
        attempt()
        print("DID change", number)
    except OSError:
        pass
print("tried changes_metadata")
