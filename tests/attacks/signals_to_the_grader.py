# Signals zygote, judge, their groups and sessions, and every process that was started shortly before.
# aims: reaches
# shows: tried signals_to_the_grader
# costs:
# %%
import os
import signal

own = os.getpid()
others = {os.getppid(), TARGETS["bystander"], *range(max(2, own - 60), own)}
for pid in sorted(others):
    for number in (signal.SIGSTOP, signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        for attempt in (os.kill, os.killpg):
            try:
                attempt(pid, number)
                print("DID signal", pid)
            except OSError:
                pass
print("tried signals_to_the_grader")
