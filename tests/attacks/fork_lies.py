# os.fork says "you are the child" to the guest, which so becomes its own helper.
# shows: the notebook never got to the end
# %%
import os

os.fork = lambda: 0
