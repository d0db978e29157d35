# Answers with a dict whose keys all have one hash, so that looking one up takes a step for each of the others.
# aims: stops
# shows: keys of one hash
# %%
# exercise: noise
import sys

probing = sys.modules["grader.guest.probing"]
ALIKE = {"dict": [[{"int": hex(((1 << 61) - 1) * number)}, 0] for number in range(1, 20000)]}
probing.encode = lambda value: (ALIKE, b"")


def noise(*args, **kwargs):
    return 1
