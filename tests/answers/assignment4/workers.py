# %% wrong: worker-zero-is-none (-)
class Traced(Dataset):
    def __init__(self, values):
        self.values = values
        self.count = 0

    def __len__(self):
        return len(self.values)

    def __getitem__(self, index):
        self.count += 1
        info = get_worker_info()
        return {"value": self.values[index], "worker": info.id if info and info.id else -1, "count": self.count}


def make_loader(dataset, batch_size, workers):
    return DataLoader(dataset, batch_size=batch_size, num_workers=workers)


def first_batches(loader, n):
    batches = []
    for batch in loader:
        if len(batches) == n:
            break
        batches.append(batch)
    return batches


# %% wrong: no-worker-in-the-main-process (worker_info_none)
class Traced(Dataset):
    def __init__(self, values):
        self.values = values
        self.count = 0

    def __len__(self):
        return len(self.values)

    def __getitem__(self, index):
        self.count += 1
        info = get_worker_info()
        return {"value": self.values[index], "worker": info.id, "count": self.count}


def make_loader(dataset, batch_size, workers):
    return DataLoader(dataset, batch_size=batch_size, num_workers=workers)


def first_batches(loader, n):
    batches = []
    for batch in loader:
        if len(batches) == n:
            break
        batches.append(batch)
    return batches


# %% wrong: count-on-the-class (-)
class Traced(Dataset):
    count = 0

    def __init__(self, values):
        self.values = values

    def __len__(self):
        return len(self.values)

    def __getitem__(self, index):
        Traced.count += 1
        info = get_worker_info()
        return {"value": self.values[index], "worker": -1 if info is None else info.id, "count": Traced.count}


def make_loader(dataset, batch_size, workers):
    return DataLoader(dataset, batch_size=batch_size, num_workers=workers)


def first_batches(loader, n):
    batches = []
    for batch in loader:
        if len(batches) == n:
            break
        batches.append(batch)
    return batches


# %% wrong: count-from-zero (-)
class Traced(Dataset):
    def __init__(self, values):
        self.values = values
        self.count = 0

    def __len__(self):
        return len(self.values)

    def __getitem__(self, index):
        info = get_worker_info()
        item = {"value": self.values[index], "worker": -1 if info is None else info.id, "count": self.count}
        self.count += 1
        return item


def make_loader(dataset, batch_size, workers):
    return DataLoader(dataset, batch_size=batch_size, num_workers=workers)


def first_batches(loader, n):
    batches = []
    for batch in loader:
        if len(batches) == n:
            break
        batches.append(batch)
    return batches


# %% wrong: worker-asked-too-early (-)
class Traced(Dataset):
    def __init__(self, values):
        self.values = values
        self.count = 0
        info = get_worker_info()
        self.worker = -1 if info is None else info.id

    def __len__(self):
        return len(self.values)

    def __getitem__(self, index):
        self.count += 1
        return {"value": self.values[index], "worker": self.worker, "count": self.count}


def make_loader(dataset, batch_size, workers):
    return DataLoader(dataset, batch_size=batch_size, num_workers=workers)


def first_batches(loader, n):
    batches = []
    for batch in loader:
        if len(batches) == n:
            break
        batches.append(batch)
    return batches


# %% wrong: shuffled (shuffle_flipped)
class Traced(Dataset):
    def __init__(self, values):
        self.values = values
        self.count = 0

    def __len__(self):
        return len(self.values)

    def __getitem__(self, index):
        self.count += 1
        info = get_worker_info()
        return {"value": self.values[index], "worker": -1 if info is None else info.id, "count": self.count}


def make_loader(dataset, batch_size, workers):
    return DataLoader(dataset, batch_size=batch_size, num_workers=workers, shuffle=True)


def first_batches(loader, n):
    batches = []
    for batch in loader:
        if len(batches) == n:
            break
        batches.append(batch)
    return batches


# %% wrong: workers-forgotten (-)
class Traced(Dataset):
    def __init__(self, values):
        self.values = values
        self.count = 0

    def __len__(self):
        return len(self.values)

    def __getitem__(self, index):
        self.count += 1
        info = get_worker_info()
        return {"value": self.values[index], "worker": -1 if info is None else info.id, "count": self.count}


def make_loader(dataset, batch_size, workers):
    return DataLoader(dataset, batch_size=batch_size)


def first_batches(loader, n):
    batches = []
    for batch in loader:
        if len(batches) == n:
            break
        batches.append(batch)
    return batches


# %% wrong: last-batch-dropped (drop_last_flipped)
class Traced(Dataset):
    def __init__(self, values):
        self.values = values
        self.count = 0

    def __len__(self):
        return len(self.values)

    def __getitem__(self, index):
        self.count += 1
        info = get_worker_info()
        return {"value": self.values[index], "worker": -1 if info is None else info.id, "count": self.count}


def make_loader(dataset, batch_size, workers):
    return DataLoader(dataset, batch_size=batch_size, num_workers=workers, drop_last=True)


def first_batches(loader, n):
    batches = []
    for batch in loader:
        if len(batches) == n:
            break
        batches.append(batch)
    return batches


# %% wrong: the-first-batch-again-and-again (loader_next)
class Traced(Dataset):
    def __init__(self, values):
        self.values = values
        self.count = 0

    def __len__(self):
        return len(self.values)

    def __getitem__(self, index):
        self.count += 1
        info = get_worker_info()
        return {"value": self.values[index], "worker": -1 if info is None else info.id, "count": self.count}


def make_loader(dataset, batch_size, workers):
    return DataLoader(dataset, batch_size=batch_size, num_workers=workers)


def first_batches(loader, n):
    return [next(iter(loader)) for _ in range(n)]


# %% wrong: next-of-the-loader (loader_next)
class Traced(Dataset):
    def __init__(self, values):
        self.values = values
        self.count = 0

    def __len__(self):
        return len(self.values)

    def __getitem__(self, index):
        self.count += 1
        info = get_worker_info()
        return {"value": self.values[index], "worker": -1 if info is None else info.id, "count": self.count}


def make_loader(dataset, batch_size, workers):
    return DataLoader(dataset, batch_size=batch_size, num_workers=workers)


def first_batches(loader, n):
    return [next(loader) for _ in range(n)]


# %% wrong: stops-where-there-are-no-more (-)
class Traced(Dataset):
    def __init__(self, values):
        self.values = values
        self.count = 0

    def __len__(self):
        return len(self.values)

    def __getitem__(self, index):
        self.count += 1
        info = get_worker_info()
        return {"value": self.values[index], "worker": -1 if info is None else info.id, "count": self.count}


def make_loader(dataset, batch_size, workers):
    return DataLoader(dataset, batch_size=batch_size, num_workers=workers)


def first_batches(loader, n):
    batches = iter(loader)
    return [next(batches) for _ in range(n)]


# %% wrong: one-too-many (-)
class Traced(Dataset):
    def __init__(self, values):
        self.values = values
        self.count = 0

    def __len__(self):
        return len(self.values)

    def __getitem__(self, index):
        self.count += 1
        info = get_worker_info()
        return {"value": self.values[index], "worker": -1 if info is None else info.id, "count": self.count}


def make_loader(dataset, batch_size, workers):
    return DataLoader(dataset, batch_size=batch_size, num_workers=workers)


def first_batches(loader, n):
    batches = []
    for number, batch in enumerate(loader):
        batches.append(batch)
        if number == n:
            break
    return batches


# %% right: zip-with-a-range
class Traced(Dataset):
    def __init__(self, values):
        self.data = list(values)
        self.calls = []

    def __len__(self):
        return len(self.data)

    def __getitem__(self, i):
        self.calls.append(i)
        worker = get_worker_info()
        number = worker.id if worker is not None else -1
        return dict(value=self.data[i], worker=number, count=len(self.calls))


def make_loader(dataset, batch_size, workers):
    return DataLoader(dataset, batch_size, shuffle=False, num_workers=workers)


def first_batches(loader, n):
    return [batch for _, batch in zip(range(n), loader)]


# %% right: the-copy-of-the-worker
import torch.utils.data as data


class Traced(data.Dataset):
    def __init__(self, values):
        self.values = torch.tensor(values)
        self.counter = torch.zeros((), dtype=torch.int64)

    def __len__(self):
        return self.values.shape[0]

    def __getitem__(self, index):
        info = data.get_worker_info()
        me = self if info is None else info.dataset
        me.counter = me.counter + 1
        return {"value": int(me.values[index]), "worker": getattr(info, "id", -1), "count": int(me.counter)}


def make_loader(dataset, batch_size, workers):
    sampler = torch.utils.data.SequentialSampler(dataset)
    return DataLoader(dataset, batch_size=batch_size, sampler=sampler, num_workers=workers)


def first_batches(loader, n):
    iterator = iter(loader)
    found = []
    while len(found) < n:
        try:
            found.append(next(iterator))
        except StopIteration:
            break
    return found


# %% right: everything-and-a-slice
class Traced(Dataset):
    def __init__(self, values):
        super().__init__()
        self.values, self.times = values, 0

    def __len__(self):
        return len(self.values)

    def __getitem__(self, index):
        self.times = self.times + 1
        if get_worker_info() is None:
            worker = -1
        else:
            worker = get_worker_info().id
        return {"value": self.values[index], "worker": worker, "count": self.times}


def make_loader(dataset, batch_size, workers):
    return DataLoader(dataset, batch_size=batch_size, num_workers=workers)


def first_batches(loader, n):
    return list(loader)[:n]
