# Writes, renames, links and removes files outside the scratch folder.
# aims: reaches
# shows: tried writes_outside
# costs:
# %%
import os
import pathlib
import shutil

outside = TARGETS["outside"]
folder = os.path.dirname(outside)
open("mine", "w").write("mine")
TRIES = [
    lambda: open(outside, "w"), lambda: open(outside, "a"), lambda: os.truncate(outside, 0), lambda: os.unlink(outside),
    lambda: os.rename(outside, "taken"), lambda: os.replace("mine", outside), lambda: os.link(outside, "link"),
    lambda: os.link("mine", folder + "/link"), lambda: os.symlink("/", folder + "/link"),
    lambda: os.mkdir(folder + "/made"), lambda: os.mkfifo(folder + "/fifo"), lambda: shutil.rmtree(TARGETS["folder"]),
    lambda: pathlib.Path(TARGETS["solution"]).write_text("{}"), lambda: open(torch.__file__, "a"),
    lambda: os.rmdir(os.getcwd()), lambda: os.rename(os.getcwd(), folder + "/scratch"),
]  # fmt: skip
for number, attempt in enumerate(TRIES):
    try:
        attempt()
        print("DID write", number)
    except OSError:
        pass
print("tried writes_outside")
