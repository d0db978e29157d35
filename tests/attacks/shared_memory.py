# Leaves files, folders and much data in /dev/shm, and reads and writes what is another's there.
# aims: reaches
# shows: tried shared_memory
# costs:
# %%
import os

mine = "/dev/shm/" + TARGETS["letter"]
TRIES = {
    "read": lambda: open(TARGETS["shared"]).read(),
    "write": lambda: open(TARGETS["shared"], "r+").write("changed"),
    "remove": lambda: os.unlink(TARGETS["shared"]),
    "list": lambda: os.listdir("/dev/shm"),
}
for name, attempt in TRIES.items():
    try:
        attempt()
        print("DID", name)
    except OSError:
        pass
for attempt in (lambda: open(mine, "w").write("letter"), lambda: os.mkdir(mine + ".box"),
                lambda: open(mine + ".box/letter", "w").write("letter")):  # fmt: skip
    try:
        attempt()
    except OSError:
        pass
print("tried shared_memory")
