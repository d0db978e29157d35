"""Datasets and small callers that the checks of assignment2 use in their expressions."""

import copy
import operator
import pickle
import random
from itertools import islice

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset
from torch.utils.data._utils import worker as _worker

from grader.guest import look

negative = operator.neg


def size(container):
    """What `len` says."""
    return len(container)


def attempt(function, *args):
    """The result of a call, or the name of its exception."""
    try:
        return look.copied(function(*args))
    except IndexError:
        return "IndexError"
    except Exception as error:
        return type(error).__name__


def items_at(dataset, indices):
    """The item at each index, or the name of the exception."""
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
    return [look.copied(dataset[index]) for index in (0, 3, 0, 3)]


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
    return {"loaded": len(loaded), "passes": passes}


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


def orders(make_loader, n, batch_size, seeds):
    """The batches of an epoch for each of several seeds."""
    return {"epochs": [_numbers(make_loader(range(n), batch_size, seed=seed)) for seed in seeds]}


def two_passes(make_loader, n, batch_size, seed):
    """The batches of one loader's two passes."""
    loader = make_loader(range(n), batch_size, seed=seed)
    return {"first": _numbers(loader), "second": _numbers(loader)}


def same_seed(make_loader, n, batch_size, seed):
    """Two passes of each of two loaders of one seed, under different global random states."""
    seen = []
    for other in (11, 12):
        torch.manual_seed(other)
        loader = make_loader(range(n), batch_size, seed=seed)
        torch.manual_seed(other + 10)
        torch.rand(other)
        seen.append([_numbers(loader), _numbers(loader)])
    return {"one": seen[0], "other": seen[1]}


def making(make_loader, seed):
    """The class of what is made, its length, and the global random state before and after."""
    before = look.random_state()
    loader = make_loader(range(6), 4, seed=seed)
    after = look.random_state()
    return {"classes": look.class_names(type(loader)), "length": len(loader), "before": before, "after": after}


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
    """What both parts hold."""
    train, validation = split(range(n), fraction, 3)
    return {"train": _indices(train), "validation": _indices(validation)}


def kinds_of(split):
    """The classes of the two parts, and whose parts they are: 0 is the dataset that was split."""
    dataset = [f"item {i}" for i in range(12)]
    parts = split(dataset, 0.5, seed=4)
    _, *owners = look.which([dataset, *(getattr(part, "dataset", None) for part in parts)])
    return {"classes": [look.class_names(type(part)) for part in parts], "datasets": owners}


def held_out(split, n, fraction, seeds):
    """What the validation part holds for each of several seeds."""
    return {"parts": [sorted(_indices(split(range(n), fraction, seed)[1])) for seed in seeds]}


def _seed_all(seed):
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed)


def _states():
    return {"torch": look.random_state(), "random": random.getstate(), "numpy": np.random.get_state()[1:3]}


def split_regardless(split):
    """Splits under different global random states, and those states before and after the last."""
    splits = []
    for other in (21, 22, 23):
        _seed_all(other)
        before = _states()
        splits.append([_indices(part) for part in split(range(20), 0.3, 5)])
    return {"splits": splits, "before": before, "after": _states()}


# Stream.


def through(stream):
    """Two passes, and what `len` does."""
    passes = [list(islice(iter(stream), 100)) for _ in range(2)]
    return {"passes": passes, "len": attempt(len, stream)}


def shares(stream, workers):
    """What each of several workers yields, in two passes."""
    passes = [[], []]
    for number in range(workers):
        mine = copy.deepcopy(stream)
        _worker._worker_info = _worker.WorkerInfo(id=number, num_workers=workers, seed=0, dataset=mine)
        try:
            for shares in passes:
                shares.append(list(islice(iter(mine), 100)))
        finally:
            _worker._worker_info = None
    return {"first": passes[0], "second": passes[1]}
