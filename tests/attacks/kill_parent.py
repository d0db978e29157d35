# Kills its parent, its group, every process it may, and with that itself.
# aims: stops
# shows: "to": "crash"
# costs: noise
# %%
# exercise: noise
import os
import signal

for process in (TARGETS["bystander"], os.getppid()):
    try:
        os.kill(process, signal.SIGKILL)
        print("DID kill")
    except OSError:
        pass
os.killpg(0, signal.SIGKILL)
