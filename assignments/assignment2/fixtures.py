"""Datasets and small callers that the checks of assignment2 use in their expressions."""

import copy
import operator
import pickle
import random
from itertools import chain, islice

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Subset
from torch.utils.data._utils import worker as _worker

negative = operator.neg


def size(container):
    """What `len` says."""
    return len(container)


def shown(thing):
    """What `repr` says."""
    return repr(thing)


def exact(item):
    """An item as text, so that a list is no tuple, and a tensor no int; keys in alphabetical order."""
    return repr({key: item[key] for key in sorted(item)} if type(item) is dict else item)


def attempt(function, *args):
    """The exact result of a call, or the name of its exception."""
    try:
        return exact(function(*args))
    except IndexError:
        return "IndexError"
    except Exception as error:
        return type(error).__name__


def items_at(dataset, indices):
    """The exact item at each index, or the name of the exception."""
    return {index: attempt(dataset.__getitem__, index) for index in indices}


def ends(dataset):
    """What comes at the last index and behind it, and how many items a `for` loop brings."""
    count = len(dataset)
    behind = [attempt(dataset.__getitem__, index) for index in (count, count + 1, count + 10)]
    return {"behind the end": behind, "items in a loop": sum(1 for _ in islice(iter(dataset), count + 3)), "len": count}


def carried(thing):
    """What comes out of pickling."""
    return pickle.loads(pickle.dumps(thing))


def both_lengths(dataset, one, other):
    """How many items two datasets have, when both are there."""
    first, second = dataset(one), dataset(other)
    return [len(first), len(second)]


# Images.


def transform_calls(images, path):
    """The shapes that a transform was called with: after creation, and after each access."""
    shapes = []

    def transform(image):
        shapes.append(list(image.shape))
        return image

    dataset = images(path, transform=transform)
    seen = [list(shapes)]
    for index in (1, 1, 0):
        dataset[index]
        seen.append(list(shapes))
    return seen


def transformed(images, path, transform):
    """Two items of a dataset with a transform, each asked for twice."""
    dataset = images(path, transform)
    return [copy.deepcopy(dataset[index]) for index in (0, 3, 0, 3)]


def shifted(image):
    """A transform for which it matters whether it comes before the scaling or after."""
    return image - 0.5


def add_in_place(image):
    """A transform that writes to what it is given."""
    return image.add_(1)


def brightest(image):
    """A transform that returns no tensor."""
    return int(image.argmax())


def nothing(image):
    """A transform that returns None."""


# Lazy.


def load(i):
    """Item i."""
    return 10 * i


def access(lazy, values, indices):
    """What was loaded: after creation, and after each access; and the items."""
    loaded = []

    def load(i):
        loaded.append(i)
        return values[i]

    dataset = lazy(load, len(values))
    return {
        "loaded at creation": list(loaded),
        "items": [dataset[index] for index in indices],
        "loaded": loaded,
        "len": len(dataset),
    }


def access_many(lazy, n):
    """How many items were loaded in two passes over many items."""
    loaded = []
    dataset = lazy(lambda i: loaded.append(i) or i, n)
    passes = [[dataset[i] for i in range(n)] for _ in range(2)]
    return {"loaded": len(loaded), "right": passes == [list(range(n))] * 2}


def transform_anew(lazy):
    """Items of a dataset with a transform that counts its calls, and what was loaded."""
    loaded, calls = [], []

    def load(i):
        loaded.append(i)
        return 10 * i

    def transform(item):
        calls.append(item)
        return [item + 1, len(calls)]

    dataset = lazy(load, 4, transform=transform)
    return {"items": [dataset[index] for index in (2, 2, 0, 2)], "loaded": loaded, "transformed": calls}


def outside(lazy, n, indices):
    """What comes at indices outside, and what was loaded for it."""
    loaded = []
    dataset = lazy(lambda i: loaded.append(i) or i, n)
    return {"outside": {index: attempt(dataset.__getitem__, index) for index in indices}, "loaded": loaded}


def two_of_them(lazy):
    """Items of two datasets, in turn."""
    first, second = lazy(lambda i: ("first", i), 3), lazy(lambda i: ("second", i), 3)
    return [part[index] for index in (0, 2, 0) for part in (first, second)]


# Batches.


class Counted(Dataset):
    """A dataset that remembers which items were asked for."""

    def __init__(self, n):
        self.asked = []
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        self.asked.append(index)
        return {"number": 10 * index, "name": f"item {index}"}


def first_of(first_batch, n, batch_size):
    """The first batch, twice, and how many items were asked for."""
    dataset = Counted(n)
    loader = DataLoader(dataset, batch_size=batch_size)
    return {"batches": [first_batch(loader), first_batch(loader)], "items asked for": len(dataset.asked)}


def _numbers(loader, limit=1000):
    return [batch.tolist() for batch in islice(iter(loader), limit)]


def _row(batches):
    return list(chain.from_iterable(batches))


def orders(make_loader, n, batch_size, seeds):
    """Whether an epoch is complete and cut into full batches, and how many orders come of several seeds."""
    epochs = [_numbers(make_loader(range(n), batch_size, seed=seed)) for seed in seeds]
    return {
        "sizes of batches": [[len(batch) for batch in epoch] for epoch in epochs],
        "complete": [sorted(_row(epoch)) == list(range(n)) for epoch in epochs],
        "in the dataset's order": [_row(epoch) == list(range(n)) for epoch in epochs],
        "different orders": len(set(map(str, epochs))),
    }


def two_passes(make_loader, n, batch_size, seed):
    """Whether one loader's second pass is complete, and in another order."""
    loader = make_loader(range(n), batch_size, seed=seed)
    first, second = _numbers(loader), _numbers(loader)
    return {"complete": sorted(_row(second)) == list(range(n)), "another order": first != second}


def same_seed(make_loader, n, batch_size, seed):
    """Whether loaders of one seed agree, while the global random state differs."""
    seen = []
    for other in (11, 12):
        torch.manual_seed(other)
        loader = make_loader(range(n), batch_size, seed=seed)
        torch.manual_seed(other + 10)
        torch.rand(other)
        seen.append([_numbers(loader), _numbers(loader)])
    return {"same batches": seen[0] == seen[1]}


def making(make_loader, seed):
    """What is made, and whether the global random state is as it was."""
    state = torch.get_rng_state()
    loader = make_loader(range(6), 4, seed=seed)
    kept = torch.equal(state, torch.get_rng_state())
    return {"a DataLoader": isinstance(loader, DataLoader), "len": len(loader), "random state kept": kept}


# Samplers.


class Sized:
    """Something with a length, and nothing else."""

    def __init__(self, n):
        self._n = n

    def __len__(self):
        return self._n


def lengths_kept(buckets, lengths, batch_size):
    """The list of lengths after use."""
    list(buckets(lengths, batch_size))
    return lengths


# Split.


def _indices(part):
    return [part[place] for place in range(len(part))]


def sizes_of(split, n, fraction):
    """The sizes of both parts, and whether they share out everything."""
    train, validation = split(range(n), fraction, 3)
    together = _indices(train) + _indices(validation)
    return {"train": len(train), "validation": len(validation), "everything once": sorted(together) == list(range(n))}


def kinds_of(split):
    """What the two parts are."""
    dataset = [f"item {i}" for i in range(12)]
    parts = split(dataset, 0.5, seed=4)
    return [
        {"a Subset": isinstance(part, Subset), "of the dataset": getattr(part, "dataset", None) is dataset}
        for part in parts
    ]


def held_out(split, n, fraction, seeds):
    """How many different validation parts come of several seeds."""
    found = {frozenset(_indices(split(range(n), fraction, seed)[1])) for seed in seeds}
    return {"different splits": len(found)}


def _seed_all(seed):
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed)


def split_regardless(split):
    """Whether the global random states are kept, and have no influence."""
    seen = []
    for other in (21, 22, 23):
        _seed_all(other)
        states = torch.get_rng_state().tolist(), random.getstate(), np.random.get_state()[1:3]
        seen.append([_indices(part) for part in split(range(20), 0.3, 5)])
        now = torch.get_rng_state().tolist(), random.getstate(), np.random.get_state()[1:3]
    return {
        "same split": seen[0] == seen[1] == seen[2],
        "torch kept": states[0] == now[0],
        "random kept": states[1] == now[1],
        "numpy kept": bool((states[2][0] == now[2][0]).all()) and states[2][1] == now[2][1],
    }


# Stream.


def through(stream):
    """Two passes, and what `len` does."""
    passes = [list(islice(iter(stream), 100)) for _ in range(2)]
    return {"passes": passes, "len": attempt(len, stream)}


def shares(stream, workers):
    """What all of several workers yield together, in two passes; and whether each one's numbers ascend."""
    passes, ascending = [[], []], True
    for number in range(workers):
        mine = copy.deepcopy(stream)
        _worker._worker_info = _worker.WorkerInfo(id=number, num_workers=workers, seed=0, dataset=mine)
        try:
            for numbers in passes:
                own = list(islice(iter(mine), 100))
                ascending = ascending and own == sorted(own)
                numbers.extend(own)
        finally:
            _worker._worker_info = None
    return {"together": [sorted(numbers) for numbers in passes], "each ascending": ascending}
