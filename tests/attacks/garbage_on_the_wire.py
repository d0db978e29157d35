# Writes noise to every socket there is.
# aims: stops
# shows: "to": "wire"
# costs: noise
# %%
# exercise: noise
import os

for fd in range(3, 200):
    try:
        os.write(fd, b"\xff" * 5000)
    except OSError:
        pass
