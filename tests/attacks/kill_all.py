# Kills every process that it may signal, in a check: its siblings that hold other exercises too.
# aims: stops
# limits: seconds: 2
# shows: killing
# %%
import os
import signal

print("killing")
os.kill(-1, signal.SIGKILL)

# %%
# exercise: linear
class MyLinear(nn.Module):
    def __init__(self, *sizes):
        os.kill(-1, signal.SIGKILL)
