# Makes very many files without a byte, and folders in folders, deeper than a path or a recursion goes.
# aims: exhausts
# limits: disk: 2MiB, seconds: 6
# shows: "to": "disk"
# costs: noise, linear
# %%
# exercise: noise
import itertools

for number in itertools.count():
    open(f"empty{number}", "w").close()

# %%
# exercise: linear
import os
import time

for _ in range(3000):
    os.mkdir("d")
    os.chdir("d")
time.sleep(3)
