# Forks where it begins, so that two processes run the same cells, read the same questions and answer them.
# aims: stops
# shows: in two
# %%
import os

print("in two")
os.fork()


def anything(*args, **kwargs):
    return torch.zeros(3)


noise = make_chain = run = module_names = count_parameters = watch = plus_five = anything
