# Returns what no report holds: 10^8 elements, 1 GB of tensor, nesting of 10^5, a number of 10^5 digits.
# aims: stops
# shows: too many parts
# costs: noise, sequential, walk, postorder
# %%
# exercise: noise
def noise(rows, columns, seed):
    return torch.zeros(1).expand(1 << 28)


# %%
# exercise: sequential
def make_chain(values):
    return lambda x: 10**100_000


# %%
# exercise: walk
def module_names(model):
    nested = []
    for _ in range(100_000):
        nested = [nested]
    return nested


def count_parameters(model):
    return [float("nan"), float("inf"), -float("inf"), complex("nan"), 10**4000]


def fetch(model, path):
    return {(1, 2): {float("nan"): {frozenset([None]): b"\x00\xff"}}}


# %%
# exercise: postorder
def postorder(model):
    return [None] * 10**8
