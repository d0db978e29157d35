# Takes the grader's right to its own scratch folder away, then passes a limit so that it is cleared.
# aims: reaches
# limits: processes: 4, seconds: 3
# shows: "to": "processes"
# costs: noise
# %%
# exercise: noise
import os
import time

os.mkdir("inner")
for attempt in (lambda: os.mkdir("locked", 0o300), lambda: os.umask(0o777)):
    try:
        attempt()
        print("DID lock")
    except OSError:
        pass
for folder in ("inner", "."):
    try:
        os.chmod(folder, 0)
    except OSError:
        pass
for _ in range(60):
    if os.fork() == 0:
        time.sleep(30)
        os._exit(0)
time.sleep(30)
