# %% wrong: last-one-lost (-)
class EvenFirst(Sampler):
    def __init__(self, data_source):
        self.data_source = data_source

    def __len__(self):
        return len(self.data_source)

    def __iter__(self):
        half = len(self.data_source) // 2
        yield from (2 * i for i in range(half))
        yield from (2 * i + 1 for i in range(half))

# %% wrong: can-be-used-once (-)
class EvenFirst(Sampler):
    def __init__(self, data_source):
        self.n = len(data_source)
        self.indices = (i for first in (0, 1) for i in range(first, self.n, 2))

    def __len__(self):
        return self.n

    def __iter__(self):
        return self.indices

# %% wrong: even-items-not-indices (-)
class EvenFirst(Sampler):
    def __init__(self, data_source):
        self.data_source = data_source

    def __len__(self):
        return len(self.data_source)

    def __iter__(self):
        n = len(self.data_source)
        return iter(sorted(range(n), key=lambda i: self.data_source[i] % 2))

# %% wrong: half-the-length (dataset_len_wrong)
class EvenFirst(Sampler):
    def __init__(self, data_source):
        self.data_source = data_source

    def __len__(self):
        return len(self.data_source) // 2

    def __iter__(self):
        n = len(self.data_source)
        yield from range(0, n, 2)
        yield from range(1, n, 2)

# %% wrong: tensors (number_kept_tensor)
class EvenFirst(Sampler):
    def __init__(self, data_source):
        self.data_source = data_source

    def __len__(self):
        return len(self.data_source)

    def __iter__(self):
        order = torch.arange(len(self.data_source))
        return iter(torch.cat([order[::2], order[1::2]]))

# %% right: sorted-by-remainder
class EvenFirst(Sampler):
    def __init__(self, data_source):
        self.n = len(data_source)

    def __len__(self):
        return self.n

    def __iter__(self):
        return iter(sorted(range(self.n), key=lambda index: index % 2))

# %% right: tensor-to-list
class EvenFirst(Sampler[int]):
    def __init__(self, data_source):
        super().__init__()
        self.data_source = data_source

    def __len__(self):
        return len(self.data_source)

    def __iter__(self):
        order = torch.arange(len(self))
        return iter(torch.cat((order[order % 2 == 0], order[order % 2 == 1])).tolist())
