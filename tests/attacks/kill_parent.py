# Kills its parent, its group, every process it may, and with that itself.
# shows: "to": "crash"
# costs: noise
# %%
# exercise: noise
import os
import signal

try:
    os.kill(TARGETS["bystander"], signal.SIGKILL)
    print("DID kill")
except OSError:
    pass
os.kill(os.getppid(), signal.SIGKILL)
os.killpg(0, signal.SIGKILL)
