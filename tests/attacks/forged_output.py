# Sends two million characters in the guest's name as the output of each cell, where 10 000 are kept.
# aims: stops
# %%
import json
import struct
import sys

frame = sys._getframe()
while "notebook" not in frame.f_locals:
    frame = frame.f_back
for number in range(2, 20):
    text = json.dumps({"ran": number, "seconds": 0, "output": "x" * 1_900_000}).encode()
    frame.f_locals["notebook"].sendall(struct.pack("!II", len(text), 0) + text)
