# %% wrong: zero-is-no-seed (zero_is_false)
def make_loader(dataset, batch_size, seed=None):
    if seed:
        generator = torch.Generator().manual_seed(seed)
        return DataLoader(dataset, batch_size=batch_size, shuffle=True, generator=generator)
    return DataLoader(dataset, batch_size=batch_size)

def first_batch(loader):
    return next(iter(loader))

# %% wrong: global-generator (global_seed)
def make_loader(dataset, batch_size, seed=None):
    if seed is None:
        return DataLoader(dataset, batch_size=batch_size)
    return DataLoader(dataset, batch_size=batch_size, shuffle=True, generator=torch.manual_seed(seed))

def first_batch(loader):
    return next(iter(loader))

# %% wrong: one-order-for-ever (-)
def make_loader(dataset, batch_size, seed=None):
    if seed is None:
        return DataLoader(dataset, batch_size=batch_size)
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(dataset), generator=generator).tolist()
    return DataLoader(dataset, batch_size=batch_size, sampler=order)

def first_batch(loader):
    return next(iter(loader))

# %% wrong: next-of-the-loader (loader_next)
def make_loader(dataset, batch_size, seed=None):
    if seed is None:
        return DataLoader(dataset, batch_size=batch_size)
    generator = torch.Generator().manual_seed(seed)
    return DataLoader(dataset, batch_size=batch_size, shuffle=True, generator=generator)

def first_batch(loader):
    return next(loader)

# %% wrong: next-as-a-method (loader_next)
def make_loader(dataset, batch_size, seed=None):
    if seed is None:
        return DataLoader(dataset, batch_size=batch_size)
    generator = torch.Generator().manual_seed(seed)
    return DataLoader(dataset, batch_size=batch_size, shuffle=True, generator=generator)

def first_batch(loader):
    return iter(loader).next()

# %% wrong: everything-loaded-for-one-batch (-)
def make_loader(dataset, batch_size, seed=None):
    if seed is None:
        return DataLoader(dataset, batch_size=batch_size)
    generator = torch.Generator().manual_seed(seed)
    return DataLoader(dataset, batch_size=batch_size, shuffle=True, generator=generator)

def first_batch(loader):
    return list(loader)[0]

# %% right: random-sampler
from torch.utils.data import RandomSampler

def make_loader(dataset, batch_size, seed=None):
    sampler = None
    if seed is not None:
        sampler = RandomSampler(dataset, generator=torch.Generator().manual_seed(seed))
    return DataLoader(dataset, batch_size=batch_size, sampler=sampler)


def first_batch(loader):
    for batch in loader:
        return batch

# %% right: one-call
def make_loader(dataset, batch_size, seed=None):
    shuffle = seed is not None
    generator = torch.Generator()
    if shuffle:
        generator.manual_seed(seed)
    return DataLoader(dataset, batch_size, shuffle=shuffle, drop_last=False, generator=generator)


def first_batch(loader):
    iterator = iter(loader)
    batch = next(iterator)
    return batch
