# Loops for ever in a cell and in a function that is asked for; the second swallows what would stop it.
# aims: stops
# limits: seconds: 0.5
# shows: stopped after 0.5 s
# costs: noise, linear, fill, postorder
# %%
# exercise: noise
while True:
    pass

# %%
# exercise: linear
import time

try:
    while True:
        time.sleep(1)
except BaseException as stopped:
    raise ValueError("really looped") from stopped

# %%
# exercise: fill
def fill_linear(model, value):
    while True:
        pass


# %%
# exercise: postorder
def postorder(model):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
