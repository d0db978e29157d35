# %% wrong: transformed-once (-)
class Lazy(Dataset):
    def __init__(self, load, n, transform=None):
        self.load, self.n, self.transform = load, n, transform
        self.items = {}

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        if not 0 <= index < self.n:
            raise IndexError(index)
        if index not in self.items:
            item = self.load(index)
            self.items[index] = self.transform(item) if self.transform else item
        return self.items[index]

# %% wrong: never-an-error (dataset_iter_endless)
class Lazy(Dataset):
    def __init__(self, load, n, transform=None):
        self.load, self.n, self.transform = load, n, transform
        self.items = {}

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        if index not in self.items:
            self.items[index] = self.load(index)
        item = self.items[index]
        return self.transform(item) if self.transform else item

# %% wrong: none-loaded-again (-)
class Lazy(Dataset):
    def __init__(self, load, n, transform=None):
        self.load, self.transform = load, transform
        self.items = [None] * n

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        if not 0 <= index < len(self.items):
            raise IndexError(index)
        if self.items[index] is None:
            self.items[index] = self.load(index)
        item = self.items[index]
        return self.transform(item) if self.transform else item

# %% wrong: remembers-128-items (-)
from functools import lru_cache

class Lazy(Dataset):
    def __init__(self, load, n, transform=None):
        self.load, self.n, self.transform = lru_cache(load), n, transform

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        if not 0 <= index < self.n:
            raise IndexError(index)
        item = self.load(index)
        return self.transform(item) if self.transform else item

# %% wrong: one-memory-for-all-datasets (shared_class_attribute)
class Lazy(Dataset):
    items = {}

    def __init__(self, load, n, transform=None):
        self.load, self.n, self.transform = load, n, transform

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        if not 0 <= index < self.n:
            raise IndexError(index)
        if index not in self.items:
            self.items[index] = self.load(index)
        item = self.items[index]
        return self.transform(item) if self.transform else item

# %% wrong: error-after-loading (-)
class Lazy(Dataset):
    def __init__(self, load, n, transform=None):
        self.load, self.n, self.transform = load, n, transform
        self.items = {}

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        if index not in self.items:
            self.items[index] = self.load(index)
        if index < 0 or index >= self.n:
            raise IndexError(index)
        item = self.items[index]
        return self.transform(item) if self.transform else item

# %% right: functools-cache
import functools

class Lazy(Dataset):
    def __init__(self, load, n, transform=None):
        self.load = functools.cache(load)
        self.n = n
        self.transform = transform

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        if index < 0 or index >= self.n:
            raise IndexError("no such item")
        item = self.load(index)
        if self.transform is not None:
            item = self.transform(item)
        return item

# %% right: list-with-a-mark
class Lazy(Dataset):
    MISSING = object()

    def __init__(self, load, n, transform=None):
        self.load = load
        self.items = [self.MISSING for _ in range(n)]
        self.transform = transform or (lambda item: item)

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        if index not in range(len(self)):
            raise IndexError(index)
        if self.items[index] is self.MISSING:
            self.items[index] = self.load(index)
        return self.transform(self.items[index])
