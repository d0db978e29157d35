# Patches what the guest forks, waits, times and prints with.
# aims: stops
# limits: seconds: 1
# shows: "outcome": "failed"
# %%
import atexit
import os
import select
import signal
import socket
import sys
import time


class Noisy:
    def __del__(self):
        raise RuntimeError("from __del__")


noisy = Noisy()
atexit.register(os._exit, 0)
sys.exitfunc = sys.excepthook = sys.unraisablehook = lambda *args: os._exit(0)
print("patched")
signal.setitimer = signal.signal = lambda *args: None
os.waitpid = lambda *args: (1, 0)
os.setsid = os.setpgid = os.killpg = lambda *args: None
time.monotonic = lambda: -1e9
select.select = lambda *args: ([], [], [])
socket.socket.sendall = lambda *args: None
sys.stdout = sys.stderr = sys.__stdout__ = None
