# %% wrong: every-worker-does-everything (workers_repeat)
class Stream(IterableDataset):
    def __init__(self, start, end):
        self.start, self.end = start, end

    def __iter__(self):
        return iter(range(self.start, self.end))

# %% wrong: rest-lost (-)
class Stream(IterableDataset):
    def __init__(self, start, end):
        self.start, self.end = start, end

    def __iter__(self):
        worker = get_worker_info()
        if worker is None:
            return iter(range(self.start, self.end))
        share = (self.end - self.start) // worker.num_workers
        first = self.start + worker.id * share
        return iter(range(first, first + share))

# %% wrong: chunk-past-the-end (-)
class Stream(IterableDataset):
    def __init__(self, start, end):
        self.start, self.end = start, end

    def __iter__(self):
        worker = get_worker_info()
        if worker is None:
            return iter(range(self.start, self.end))
        share = -(-(self.end - self.start) // worker.num_workers)
        first = self.start + worker.id * share
        return iter(range(first, first + share))

# %% wrong: worker-asked-for-too-early (-)
class Stream(IterableDataset):
    def __init__(self, start, end):
        self.start, self.end = start, end
        self.worker = get_worker_info()

    def __iter__(self):
        if self.worker is None:
            return iter(range(self.start, self.end))
        return iter(range(self.start + self.worker.id, self.end, self.worker.num_workers))

# %% wrong: can-be-used-once (-)
class Stream(IterableDataset):
    def __init__(self, start, end):
        self.next, self.end = start, end

    def __iter__(self):
        worker = get_worker_info()
        self.step = 1
        if worker is not None:
            self.next += worker.id
            self.step = worker.num_workers
        return self

    def __next__(self):
        if self.next >= self.end:
            raise StopIteration
        value = self.next
        self.next += self.step
        return value

# %% wrong: has-a-length (-)
class Stream(IterableDataset):
    def __init__(self, start, end):
        self.start, self.end = start, end

    def __len__(self):
        return max(0, self.end - self.start)

    def __iter__(self):
        worker = get_worker_info()
        first, step = (0, 1) if worker is None else (worker.id, worker.num_workers)
        return iter(range(self.start + first, self.end, step))

# %% right: chunks
import math

class Stream(IterableDataset):
    def __init__(self, start, end):
        super().__init__()
        self.start, self.end = start, end

    def __iter__(self):
        first, last = self.start, self.end
        worker = get_worker_info()
        if worker is not None:
            share = math.ceil((self.end - self.start) / worker.num_workers)
            first = self.start + worker.id * share
            last = min(first + share, self.end)
        return iter(range(first, last))

# %% right: everybody-skips
class Stream(IterableDataset):
    def __init__(self, start, end):
        self.range = range(start, end)

    def __iter__(self):
        info = torch.utils.data.get_worker_info()
        for position, number in enumerate(self.range):
            if info is None or position % info.num_workers == info.id:
                yield number
