# Hangs in most of what is asked; every question must not cost its own full time.
# aims: stops
# limits: seconds: 1, notebook_seconds: 2
# shows: since what was asked before took more than 2 s together
# costs: noise, linear, postorder, fill
# %%
def hang(*args, **kwargs):
    while True:
        pass


# %%
# exercise: noise
noise = hang

# %%
# exercise: linear
MyLinear = hang

# %%
# exercise: postorder
postorder = hang

# %%
# exercise: fill
fill_linear = hang

