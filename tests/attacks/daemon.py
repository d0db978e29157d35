# Leaves a process behind that has left its parent, its group and its session.
# aims: reaches
# shows: left behind
# costs:
# %%
import os
import signal
import time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in range(1, 32):
            if number not in (signal.SIGKILL, signal.SIGSTOP):
                signal.signal(number, signal.SIG_IGN)
        open("daemon", "w").write(str(os.getpid()))
        while True:
            time.sleep(1)
    os._exit(0)
while not os.path.exists("daemon"):
    time.sleep(0.01)
print("left behind")
