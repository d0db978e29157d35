# os.fork says "you are the child" to the guest, which so becomes its own copy when one is asked for.
# aims: forges
# shows: outcome": "failed
# %%
import os

os.fork = lambda: 0
