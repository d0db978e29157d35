# Changes mode, owner, times and attributes of a file outside, which Landlock does not look after.
# aims: reaches
# shows: tried changes_metadata
# costs:
# %%
import os

outside = TARGETS["outside"]
TRIES = [
    lambda: os.chmod(outside, 0o777), lambda: os.chown(outside, 65534, 65534), lambda: os.utime(outside, (1, 1)),
    lambda: os.setxattr(outside, "user.letter", b"box"), lambda: os.chmod(os.path.dirname(outside), 0o777),
    lambda: os.chown(outside, os.getuid(), -1), lambda: os.lchown(outside, os.getuid(), -1),
]  # fmt: skip
for number, attempt in enumerate(TRIES):
    try:
        attempt()
        print("DID change", number)
    except OSError:
        pass
print("tried changes_metadata")
