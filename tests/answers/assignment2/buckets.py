# %% wrong: last-batch-dropped (dataset_len_wrong)
class Buckets(Sampler):
    def __init__(self, lengths, batch_size):
        self.order = sorted(range(len(lengths)), key=lambda i: lengths[i])
        self.batch_size = batch_size

    def __len__(self):
        return len(self.order) // self.batch_size

    def __iter__(self):
        for k in range(len(self)):
            yield self.order[k * self.batch_size : (k + 1) * self.batch_size]

# %% wrong: length-rounded-down (dataset_len_wrong)
class Buckets(Sampler):
    def __init__(self, lengths, batch_size):
        self.order = sorted(range(len(lengths)), key=lambda i: lengths[i])
        self.batch_size = batch_size

    def __len__(self):
        return len(self.order) // self.batch_size

    def __iter__(self):
        for start in range(0, len(self.order), self.batch_size):
            yield self.order[start : start + self.batch_size]

# %% wrong: length-always-one-more (dataset_len_wrong)
class Buckets(Sampler):
    def __init__(self, lengths, batch_size):
        self.order = sorted(range(len(lengths)), key=lambda i: lengths[i])
        self.batch_size = batch_size

    def __len__(self):
        return len(self.order) // self.batch_size + 1

    def __iter__(self):
        for start in range(0, len(self.order), self.batch_size):
            yield self.order[start : start + self.batch_size]

# %% wrong: length-counts-items (dataset_len_wrong)
class Buckets(Sampler):
    def __init__(self, lengths, batch_size):
        self.order = sorted(range(len(lengths)), key=lambda i: lengths[i])
        self.batch_size = batch_size

    def __len__(self):
        return len(self.order)

    def __iter__(self):
        for start in range(0, len(self.order), self.batch_size):
            yield self.order[start : start + self.batch_size]

# %% wrong: ties-backwards (-)
class Buckets(Sampler):
    def __init__(self, lengths, batch_size):
        self.order = sorted(range(len(lengths)), key=lambda i: (-lengths[i], i))[::-1]
        self.batch_size = batch_size

    def __len__(self):
        return -(-len(self.order) // self.batch_size)

    def __iter__(self):
        for start in range(0, len(self.order), self.batch_size):
            yield self.order[start : start + self.batch_size]

# %% wrong: argument-sorted-in-place (mutates_input)
class Buckets(Sampler):
    def __init__(self, lengths, batch_size):
        pairs = [(length, i) for i, length in enumerate(lengths)]
        pairs.sort()
        lengths.sort()
        self.order = [i for _, i in pairs]
        self.batch_size = batch_size

    def __len__(self):
        return -(-len(self.order) // self.batch_size)

    def __iter__(self):
        for start in range(0, len(self.order), self.batch_size):
            yield self.order[start : start + self.batch_size]

# %% right: stable-argsort
class Buckets(Sampler):
    def __init__(self, lengths, batch_size):
        super().__init__()
        order = torch.argsort(torch.tensor(lengths, dtype=torch.int64), stable=True)
        self.batches = [part.tolist() for part in order.split(batch_size) if len(part)]

    def __len__(self):
        return len(self.batches)

    def __iter__(self):
        return iter(self.batches)

# %% right: sorted-each-time
class Buckets(Sampler):
    def __init__(self, lengths, batch_size):
        self.lengths = list(lengths)
        self.batch_size = batch_size

    def __len__(self):
        whole, rest = divmod(len(self.lengths), self.batch_size)
        return whole + bool(rest)

    def __iter__(self):
        order = sorted(range(len(self.lengths)), key=self.lengths.__getitem__)
        return (order[i * self.batch_size :][: self.batch_size] for i in range(len(self)))
