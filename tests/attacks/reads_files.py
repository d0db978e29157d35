# Reads what would help: the solution, the spec, the checks, the recorded answers, other processes' memory.
# aims: reads
# shows: tried reads_files
# costs:
# %%
import glob
import os

WANTED = [
    TARGETS["solution"], TARGETS["outside"], "/etc/passwd", "/proc/self/environ", "/proc/1/environ", "/proc/self/maps",
    f"/proc/{TARGETS['bystander']}/cmdline", f"/proc/{TARGETS['bystander']}/mem", f"/proc/{TARGETS['bystander']}/cwd",
    *(os.path.join(TARGETS["folder"], name) for name in (
        "assignment.yaml", "reference.safetensors", "checks/test_running_mean.py", "fixtures.py", "assignment1.ipynb",
    )),
]  # fmt: skip
for path in WANTED:
    os.symlink(path, "link")
    for name in (path, "link", path + "/../" + os.path.basename(path)):
        try:
            os.close(os.open(name, os.O_RDONLY))
            print("READ", path)
        except OSError:
            pass
    os.unlink("link")
for folder in (TARGETS["folder"], os.path.dirname(TARGETS["outside"]), "/", "/proc", "/tmp", ".."):
    try:
        print("LISTED", folder, os.listdir(folder))
    except OSError:
        pass
print(*(f"FOUND {path}" for path in glob.glob(TARGETS["folder"] + "/**", recursive=True)[1:]), sep="\n")
print("tried reads_files")
