# %% wrong: global-generator (global_seed)
def split(dataset, fraction, seed):
    size = int(fraction * len(dataset) + 0.5)
    generator = torch.manual_seed(seed)
    train, validation = random_split(dataset, [len(dataset) - size, size], generator=generator)
    return train, validation

# %% wrong: global-numpy-seed (-)
import numpy as np

def split(dataset, fraction, seed):
    np.random.seed(seed)
    order = np.random.permutation(len(dataset)).tolist()
    size = int(fraction * len(dataset) + 0.5)
    return Subset(dataset, order[size:]), Subset(dataset, order[:size])

# %% wrong: half-to-even (-)
def split(dataset, fraction, seed):
    size = round(fraction * len(dataset))
    generator = torch.Generator().manual_seed(seed)
    train, validation = random_split(dataset, [len(dataset) - size, size], generator=generator)
    return train, validation

# %% wrong: parts-overlap (-)
def split(dataset, fraction, seed):
    size = int(fraction * len(dataset) + 0.5)
    generator = torch.Generator().manual_seed(seed)
    train = torch.randperm(len(dataset), generator=generator)[size:].tolist()
    validation = torch.randperm(len(dataset), generator=generator)[:size].tolist()
    return Subset(dataset, train), Subset(dataset, validation)

# %% wrong: first-items-shuffled (-)
def split(dataset, fraction, seed):
    size = int(fraction * len(dataset) + 0.5)
    generator = torch.Generator().manual_seed(seed)
    train, validation = list(range(size, len(dataset))), list(range(size))
    train = [train[i] for i in torch.randperm(len(train), generator=generator).tolist()]
    validation = [validation[i] for i in torch.randperm(size, generator=generator).tolist()]
    return Subset(dataset, train), Subset(dataset, validation)

# %% right: python-random-sorted-parts
import random

def split(dataset, fraction, seed):
    everything = range(len(dataset))
    chosen = set(random.Random(seed).sample(everything, int(fraction * len(dataset) + 0.5)))
    train = Subset(dataset, [i for i in everything if i not in chosen])
    validation = Subset(dataset, sorted(chosen))
    return train, validation

# %% right: numpy-generator
import math

import numpy as np

def split(dataset, fraction, seed):
    size = math.floor(len(dataset) * fraction + 0.5)
    order = np.random.default_rng(seed).permutation(len(dataset))
    parts = np.split(order, [len(dataset) - size])
    return tuple(Subset(dataset, part.tolist()) for part in parts)
