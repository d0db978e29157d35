"""Datasets and small callers that the checks of assignment2 use in their expressions."""

import copy
import operator
import pickle
import random
import string
import tempfile
from itertools import islice

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset
from torch.utils.data._utils import worker as _worker

from grader.guest import look

negative = operator.neg
_folder = tempfile.mkdtemp()  # made before any question, so that no later one finds one more


def size(container):
    """The length of {container}.

    ko: {container}의 길이
    """
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
    """The items of {dataset} at {indices}; for an exception, its name.

    ko: {dataset}에서 인덱스 {indices}의 항목 (예외는 그 이름)
    """
    return {index: attempt(dataset.__getitem__, index) for index in indices}


def ends(dataset):
    """What {dataset} gives at its last index and behind it, and how many items a `for` loop brings.

    ko: {dataset}의 마지막 인덱스와 그다음에서 나오는 것, `for` 반복문의 항목 수
    """
    count = len(dataset)
    behind = [attempt(dataset.__getitem__, index) for index in (count, count + 1, count + 10)]
    return {"behind the end": behind, "items in a loop": sum(1 for _ in islice(iter(dataset), count + 3)), "len": count}


def carried(thing):
    """What comes out of pickling."""
    return pickle.loads(pickle.dumps(thing))


def both(dataset, one, other):
    """All items of two {dataset} that are there at the same time.

    ko: 동시에 있는 두 {dataset}의 모든 항목
    """
    made = [dataset(one), dataset(other)]
    return [[part[index] for index in range(len(part))] for part in made]


# Drawn data.


def _write(lines):
    with tempfile.NamedTemporaryFile("w", dir=_folder, encoding="utf-8", delete=False) as file:
        file.writelines(f"{line}\n" for line in lines)
    return file.name


def table(features, labels):
    """A file with a header and these rows, features to three decimals."""
    rows = zip(features.tolist(), labels.tolist(), strict=True)
    return _write(["x1,x2,x3,x4,label", *(",".join([*(f"{x:.3f}" for x in row), str(label)]) for row, label in rows)])


def images(pixels):
    """A file with these images."""
    with tempfile.NamedTemporaryFile(dir=_folder, suffix=".npy", delete=False) as file:
        np.save(file, pixels.numpy().astype(np.uint8))
    return file.name


def reviews(classes, numbers):
    """A file with a class and a text for each row of numbers below 95; each text ends with a full stop."""
    texts = ["".join(string.printable[number] for number in row) for row in numbers.tolist()]
    return _write(f"{number}\t{text}." for number, text in zip(classes.tolist(), texts, strict=True))


CHARACTERS = string.ascii_letters + string.digits + 8 * "'" + 11 * " " + "\t\t\n\n\n.,;:-_!?()/éïÑ"


def text(numbers):
    """A text of as many characters as there are numbers below 100; about one in three separates words."""
    return "".join(CHARACTERS[number] for number in numbers.tolist())


WORDS = ["the", "The", "cat", "Cat's", "dog", "saw", "a", "SAW", "it's", "it", "4", "x2", "birds", "Bird", "cats", "no"]


def words(numbers):
    """A text of words for numbers below 16."""
    return " ".join(WORDS[number] for number in numbers.tolist())


# Images.


def transform_calls(images, path):
    """The shapes {images} calls a transform with: after it is created, and after each access to {path}.

    ko: {images}에서 transform에 넘긴 텐서의 모양: 생성 직후와, {path}의 항목을 꺼낼 때마다
    """
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
    """Two items of {images} with the transform {transform}, each asked for twice.

    ko: transform이 {transform}일 때 두 번씩 꺼낸 {images}의 항목 두 개
    """
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
    """What {lazy} loads when it is created, and when asked for {indices}, one by one; and the items.

    ko: {lazy}의 생성 때와 {indices}의 항목을 차례로 꺼낼 때의 load 호출과 항목
    """
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


def access_many(lazy, values):
    """How many items {lazy} loads in two passes over many items.

    ko: 항목이 많은 {lazy} 순회 두 번에서 load로 불러온 항목 수
    """
    loaded = []
    dataset = lazy(lambda i: loaded.append(i) or values[i], len(values))
    passes = [[dataset[i] for i in range(len(values))] for _ in range(2)]
    return {"loaded": len(loaded), "passes": passes}


def transform_anew(lazy, values):
    """The items of {lazy} with a transform that counts its calls, and what is loaded.

    ko: transform 호출을 세면서 꺼낸 {lazy}의 항목과, 불러온 것
    """
    loaded, calls = [], []

    def load(i):
        loaded.append(i)
        return values[i]

    def transform(item):
        calls.append(item)
        return [item + 1, len(calls)]

    dataset = lazy(load, len(values), transform=transform)
    return {"items": [dataset[index] for index in (2, 2, 0, 2)], "loaded": loaded, "transformed": calls}


def outside(lazy, n, indices):
    """What {lazy} of {n} items gives at the indices {indices}, and what it loads for them.

    ko: 항목이 {n}개인 {lazy}에서 인덱스 {indices}의 결과와, 그때 불러온 것
    """
    loaded = []
    dataset = lazy(lambda i: loaded.append(i) or i, n)
    return {"outside": {index: attempt(dataset.__getitem__, index) for index in indices}, "loaded": loaded}


def two_of_them(lazy, one, other):
    """The items of two {lazy}, asked for in turn.

    ko: 번갈아 꺼낸 두 {lazy}의 항목
    """
    first, second = (lazy(values.__getitem__, len(values)) for values in (one, other))
    return [part[index] for index in (0, 2, 0) for part in (first, second)]


# Batches.


class Counted(Dataset):
    """A dataset that remembers which items were asked for."""

    def __init__(self, values):
        self.asked = []
        self.values = values

    def __len__(self):
        return len(self.values)

    def __getitem__(self, index):
        self.asked.append(index)
        return {"number": self.values[index], "name": f"item {index}"}


def first_of(first_batch, values, batch_size):
    """What {first_batch} returns, twice, and how many items it asks for.

    ko: {first_batch}를 두 번 호출한 결과와, 그때 꺼낸 항목 수
    """
    dataset = Counted(values)
    loader = DataLoader(dataset, batch_size=batch_size)
    return {"batches": [first_batch(loader), first_batch(loader)], "items asked for": len(dataset.asked)}


def _numbers(loader, limit=1000):
    return [batch.tolist() for batch in islice(iter(loader), limit)]


def orders(make_loader, data, batch_size, seeds):
    """The batches of an epoch of {make_loader} for each of the seeds {seeds}.

    ko: 시드 {seeds}마다 {make_loader}로 만든 로더의 한 에폭의 배치
    """
    return {"data": data, "epochs": [_numbers(make_loader(data, batch_size, seed=seed)) for seed in seeds]}


def two_passes(make_loader, data, batch_size, seed):
    """The batches of two passes through one loader of {make_loader} with the seed {seed}.

    ko: 시드가 {seed}인 {make_loader}의 로더 하나를 두 번 돌 때의 배치
    """
    loader = make_loader(data, batch_size, seed=seed)
    return {"data": data, "first": _numbers(loader), "second": _numbers(loader)}


def same_seed(make_loader, data, batch_size, seed):
    """The batches of two loaders of {make_loader} with the seed {seed}, while the global random states differ.

    ko: 전역 난수 상태가 다를 때 시드가 {seed}인 {make_loader}의 두 로더의 배치
    """
    seen = []
    for other in (11, 12):
        torch.manual_seed(other)
        loader = make_loader(data, batch_size, seed=seed)
        torch.manual_seed(other + 10)
        torch.rand(other)
        seen.append([_numbers(loader), _numbers(loader)])
    return {"data": data, "one": seen[0], "other": seen[1]}


def making(make_loader, seed):
    """What {make_loader} returns with the seed {seed}, and the global random state before and after.

    ko: 시드가 {seed}일 때 {make_loader}의 반환값과, 호출 전후의 전역 난수 상태
    """
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


def sampled(sampler, data):
    """What a DataLoader brings in the order of {sampler}.

    ko: {sampler}의 순서대로 DataLoader에서 나오는 것
    """
    return _numbers(DataLoader(data, batch_size=4, sampler=sampler(data)))


def lengths_kept(buckets, lengths, batch_size):
    """The list of lengths after {buckets} has used it.

    ko: {buckets}에 넘긴 뒤의 길이 리스트
    """
    list(buckets(lengths, batch_size))
    return lengths


# Split.


def _items(part):
    return [part[place] for place in range(len(part))]


def sizes_of(split, data, fraction):
    """What both parts of {split} with the fraction {fraction} hold.

    ko: fraction이 {fraction}일 때 {split}의 두 부분에 든 항목
    """
    train, validation = split(data, fraction, 3)
    return {"train": _items(train), "validation": _items(validation)}


def kinds_of(split):
    """The classes of the two parts that {split} returns, and which dataset they are parts of.

    ko: {split}의 반환값인 두 부분의 클래스와, 그 바탕인 데이터셋
    """
    dataset = [f"item {i}" for i in range(12)]
    parts = split(dataset, 0.5, seed=4)
    owners = look.names_of((getattr(part, "dataset", None) for part in parts), {"the dataset": dataset})
    return {"classes": [look.class_names(type(part)) for part in parts], "datasets": owners}


def splits_of(split, data, fraction, seeds):
    """What both parts of {split} hold for each of the seeds {seeds}.

    ko: 시드 {seeds}마다 {split}의 두 부분에 든 항목
    """
    return {"splits": [[_items(part) for part in split(data, fraction, seed)] for seed in seeds]}


def _seed_all(seed):
    torch.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed)


def _states():
    return {"torch": look.random_state(), "random": random.getstate(), "numpy": np.random.get_state()[1:3]}


def split_regardless(split, data):
    """What {split} returns while the global random states differ, and those states before and after.

    ko: 전역 난수 상태가 다를 때 {split}의 결과와, 호출 전후의 난수 상태
    """
    splits = []
    for other in (21, 22, 23):
        _seed_all(other)
        before = _states()
        splits.append([_items(part) for part in split(data, 0.3, 5)])
    return {"splits": splits, "before": before, "after": _states()}


# Stream.


def begun(stream, start, count):
    """A stream of so many numbers."""
    return stream(start, start + count)


def through(stream):
    """Two passes through {stream}, and what `len` does.

    ko: {stream} 순회 두 번의 결과와, `len`의 결과
    """
    passes = [list(islice(iter(stream), 100)) for _ in range(2)]
    return {"passes": passes, "len": attempt(len, stream)}


def shares(stream, workers):
    """What each of {workers} workers gets from {stream}, in two passes.

    ko: 워커 {workers}개가 저마다 {stream} 순회 두 번에서 얻는 값
    """
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
