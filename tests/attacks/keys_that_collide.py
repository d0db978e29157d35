# Returns dicts and sets whose keys have one hash, are no number, or are tuples of such; and numbers of many digits.
# aims: stops
# shows: keys of one hash
# costs: noise, sequential, walk, postorder, fill
# %%
MODULUS = (1 << 61) - 1
ALIKE = [MODULUS * number for number in range(1, 400)]

# %%
# exercise: noise
def noise(rows, columns, seed):
    return dict.fromkeys(ALIKE, 0)


# %%
# exercise: sequential
def make_chain(values):
    return lambda x: {float("nan"): number for number in range(30_000)}


# %%
# exercise: walk
def module_names(model):
    return {tuple([number] * 3) for number in ALIKE}


def count_parameters(model):
    return -(16**29_000)


def fetch(model, path):
    return {frozenset([number]): 2.0**1023 * 1.9 for number in ALIKE}


# %%
# exercise: postorder
def postorder(model):
    return [16**29_000, -(16**29_000), 1e308, -0.0, 5e-324] * 100


# %%
# exercise: fill
def fill_linear(model, value):
    return {(float("nan"), number): {number} for number in range(10_000)}
