"""The kinds for data and training: what is right passes, and each mistake fails its check with the right words.

As in `test_requirements.py`: a mistake is the right code with one piece replaced, and all checks that are not named
must pass.
"""

# ruff: noqa: E501 (tables)

from __future__ import annotations

from typing import Any

import pytest
from conftest import Course
from test_requirements import Said, assert_fails, changed, graded

TABLE = """
from torch.utils.data import DataLoader, Dataset, IterableDataset, Sampler

class Table(Dataset):
    def __init__(self, path, train=True, transform=None):
        with open(path) as file:
            self.rows = [line.split(",") for line in file.read().splitlines()]
        self.train = train
        self.transform = transform

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        *features, label = map(float, self.rows[index])
        x = torch.tensor(features)
        if self.transform is not None:
            x = self.transform(x)
        return (x, int(label)) if self.train else x

    def __repr__(self):
        return f"Table({len(self)} rows)"
"""
REVIEWS = """
from torch.utils.data import Dataset

class Reviews(Dataset):
    def __init__(self, texts, classes):
        self.texts = texts
        self.classes = classes

    def __len__(self):
        return len(self.texts)

    def __getitem__(self, index):
        return {"Text": self.texts[index], "Class": self.classes[index]}
"""
LAZY = """
from torch.utils.data import Dataset

class Lazy(Dataset):
    def __init__(self, load, count):
        self.load = load
        self.count = count
        self.known = {}

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        if index not in self.known:
            self.known[index] = self.load(index)
        return self.known[index]
"""
STREAM = """
from torch.utils.data import IterableDataset, get_worker_info

class Stream(IterableDataset):
    def __init__(self, count):
        self.count = count

    def __iter__(self):
        info = get_worker_info()
        first, step = (info.id, info.num_workers) if info else (0, 1)
        return iter(range(first, self.count, step))
"""
LOADER = """
from torch.utils.data import DataLoader, Dataset

class Numbers(Dataset):
    def __len__(self):
        return 10

    def __getitem__(self, index):
        if not 0 <= index < 10:
            raise IndexError(index)
        return torch.tensor([float(index), 1.0]), index

def batches(size, drop=False, workers=0):
    return DataLoader(Numbers(), batch_size=size, drop_last=drop, num_workers=workers)

def mixed(size, seed):
    generator = torch.Generator().manual_seed(seed)
    return DataLoader(Numbers(), batch_size=size, shuffle=True, generator=generator)
"""
COLLATE = """
from torch.nn.utils.rnn import pad_sequence

def pairs(samples):
    data, labels = zip(*samples)
    return torch.stack(data), torch.tensor(labels)

def pad(samples):
    rows = [torch.as_tensor(sample["X"], dtype=torch.int64) for sample in samples]
    lengths = torch.tensor([len(row) for row in rows])
    x = pad_sequence(rows, batch_first=True, padding_value=-1)
    mask = torch.arange(x.shape[1]) < lengths[:, None]
    return {"X": x, "y": torch.tensor([sample["y"] for sample in samples]), "length": lengths, "mask": mask}
"""
SAMPLER = """
from torch.utils.data import Sampler

class Backwards(Sampler):
    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def __iter__(self):
        return iter(range(self.count - 1, -1, -1))

class Buckets(Sampler):
    def __init__(self, lengths, size):
        self.lengths = lengths
        self.size = size

    def __len__(self):
        return -(-len(self.lengths) // self.size)

    def __iter__(self):
        order = sorted(range(len(self.lengths)), key=lambda i: self.lengths[i])
        for start in range(0, len(order), self.size):
            yield order[start:start + self.size]
"""
AUTOGRAD = """
class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, scale):
        ctx.save_for_backward(x)
        ctx.scale = scale
        return scale * x ** 3

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * ctx.scale * 3 * x ** 2, None

class Scale(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.factor = nn.Parameter(torch.ones(size))

    def forward(self, x):
        return Cube.apply(x * self.factor, 0.5)

def parts(x):
    y = x * 2
    return y, y.detach().clone()

def leaf(x):
    return x.detach().clone().requires_grad_()
"""
STEP = """
def step(model, optimizer, x, y):
    model.train()
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()

def evaluate(model, x):
    model.eval()
    with torch.no_grad():
        result = model(x).sum().item()
    model.train()
    return result

def freeze(model):
    model[0].requires_grad_(False)
"""
FIT = """
def fit(model, x, y):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    for _ in range(60):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()

def line(model, x, y):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
    for _ in range(40):
        optimizer.zero_grad()
        nn.functional.mse_loss(model(x).squeeze(1), y).backward()
        optimizer.step()
"""
FIXTURES = '''
import torch

seen = []


def load(index):
    """Item `index`, counted."""
    seen.append(index)
    return 10 * index


def shift(x):
    """A transform, counted."""
    seen.append(1)
    return x - 1


def points(count, start):
    """Points of the plane."""
    generator = torch.Generator().manual_seed(start)
    return torch.randn(count, 2, generator=generator)


def side(x):
    """On which side of a line they lie."""
    return (x[:, 0] + 2 * x[:, 1] > 0.3).long()


def height(x):
    """Numbers on a plane."""
    return 2 * x[:, 0] - x[:, 1] + 0.5
'''
ROWS = "0.5,1,0\n2,3,1\n-1,4,0\n"

REQUIREMENTS: dict[str, tuple[list[dict[str, Any]], str]] = {
    "dataset": (
        [{"kind": "dataset", "object": 'Table("data/rows.csv")', "ends": True, "copies": True, "pickles": True, "workers": [2]},
         {"kind": "dataset", "id": "end", "object": 'Table("data/rows.csv")', "items": [-1, -3]},
         {"kind": "dataset", "id": "test", "object": 'Table("data/rows.csv", train=False)'},
         {"kind": "dataset", "id": "transform", "object": 'Table("data/rows.csv", transform=shift)', "lazy": "seen"},
         {"kind": "docs", "object": 'Table("data/rows.csv")', "repr": "Table(3 rows)"}],
        TABLE,
    ),
    "mapping": (
        [{"kind": "dataset", "object": 'Reviews(["good", "bad"], [1, 0])', "copies": True}],
        REVIEWS,
    ),
    "lazy": ([{"kind": "dataset", "object": "Lazy(load, 4)", "items": [1, 3], "lazy": "seen"}], LAZY),
    "iterable": ([{"kind": "dataset", "object": "Stream(7)", "iterable": True, "workers": [2]}], STREAM),
    "loader": (
        [{"kind": "loader", "object": "batches(4)", "epochs": 2, "same_as": ["batches(4, workers=2)"]},
         {"kind": "loader", "id": "drop", "object": "batches(4, True)"},
         {"kind": "loader", "id": "own", "object": "torch.utils.data.DataLoader(Numbers(), batch_size=3)"},
         {"kind": "loader", "object": "mixed(4, 1)", "shuffled": True, "otherwise": "mixed(4, 2)", "epochs": 2}],
        LOADER,
    ),
    "collate": (
        [{"kind": "collate", "function": "pad", "loader": 2, "samples": [
            '{"X": [7, 8, 9], "y": 3}', '{"X": [], "y": 0}', '{"X": [5], "y": 1}']},
         {"kind": "collate", "id": "pairs", "function": "pairs", "sizes": [1, 3], "samples": [
            "[randn(2), 1]", "[randn(2), 0]", "[randn(2), 5]"]}],
        COLLATE,
    ),
    "sampler": (
        [{"kind": "sampler", "object": "Backwards(4)"}, {"kind": "sampler", "object": "Buckets([5, 2, 9, 2, 7], 2)"}],
        SAMPLER,
    ),
    "autograd": (
        [{"kind": "autograd", "call": "Cube.apply(randn(4, requires_grad=True), 2.0)", "gradients": True, "finite_differences": True},
         {"kind": "autograd", "call": "Scale(3)(randn(2, 3))", "values": False, "finite_differences": True},
         {"kind": "autograd", "call": "parts(randn(3, requires_grad=True))", "graph": True, "gradients": True},
         {"kind": "autograd", "call": "leaf(randn(3, requires_grad=True))", "graph": True}],
        AUTOGRAD,
    ),
    "step": (
        [{"kind": "training", "call": "step(model, optimizer, x, y)", "times": 2, "dirty": True, "mode": "eval",
          "names": {"model": "nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.0), nn.Linear(3, 1))",
                    "optimizer": "torch.optim.SGD(model[2].parameters(), lr=0.1)", "x": "randn(4, 2)", "y": "randn(4, 1)"},
          "returns": True, "parameters": True, "steps": True, "modes": True, "graph": True},
         {"kind": "training", "call": "evaluate(model, x)", "returns": True, "parameters": True, "modes": True, "gradients": True,
          "names": {"model": "nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))", "x": "randn(4, 2)"}},
         {"kind": "training", "call": "freeze(model)", "requires_grad": True, "modes": False,
          "names": {"model": "nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))"}}],
        STEP,
    ),
    "fit": (
        [{"kind": "training", "call": "fit(model, x, y)", "steps": 100,
          "names": {"model": "nn.Linear(2, 2)", "x": "points(60, 1)", "y": "side(x)"},
          "learnt": {"inputs": "points(40, 2)", "labels": "side(points(40, 2))", "accuracy": 0.92, "loss": 0.15}},
         {"kind": "training", "call": "line(model, x, y)", "steps": True,
          "names": {"model": "nn.Linear(2, 1)", "x": "points(60, 3)", "y": "height(x)"},
          "learnt": {"inputs": "points(40, 4)", "labels": "height(points(40, 4)).unsqueeze(1)", "loss": 0.01}}],
        FIT,
    ),
}  # fmt: skip

ENDS = "        if not -len(self) <= index < len(self):\n            raise IndexError(index)\n"
ITEM = "return (x, int(label)) if self.train else x"
READ = "self.rows = ["
AFTER = ("", "instead of")
PREPARED = """        self.items = [self.item(index) for index in range(len(self.rows))]

    def __getitem__(self, index):
        return self.items[index]

    def __len__(self):
        return len(self.rows)

    def item(self, index):"""
LATER = ("0.518575", "")  # the second loss

MISTAKES: list[tuple[str, str, tuple[str, str], Said]] = [
    # -- dataset
    ("dataset", "no Dataset", ("class Table(Dataset)", "class Table"), {
        f"{name}[Table{own}]": ("a class that inherits from Dataset", "a Table")
        for name, own in (("items", ""), ("ends", ""), ("copies", ""), ("pickle", ""), ("items", ",end"), ("items", ",test"), ("items", ",transform"))}),
    ("dataset", "one too many", ("return len(self.rows)", "return len(self.rows) + 1"), {
        "items[Table]": ("a result", "IndexError: list index out of range"), "workers[Table]": ("a result", "IndexError"),
        "ends[Table]": ("a `for` loop that ends after 4 items", "it ends after 3"), "items[Table,end]": ("len is 3", "len is 4"), "items[Table,test]": ("a result", "IndexError"), "items[Table,transform]": ("a result", "IndexError"),
        "repr[Table]": ("'Table(3 rows)'", "'Table(4 rows)'")}),
    ("dataset", "starts again", (ENDS, "        index %= len(self)\n"), {"ends[Table]": ("IndexError for index 3", "a tuple")}),
    ("dataset", "None behind the end", ("raise IndexError(index)", "return None"), {"ends[Table]": ("IndexError for index 3", "a NoneType")}),
    ("dataset", "another exception", ("raise IndexError(index)", "raise ValueError(index)"), {"ends[Table]": ("IndexError for index 3", "ValueError: 3")}),
    ("dataset", "no negative index", ("not -len(self) <= index", "not 0 <= index"), {"items[Table,end]": ("a result", "IndexError: -1")}),
    ("dataset", "negative ones without end", ("not -len(self) <= index < len(self)", "index >= len(self)"), {}),
    ("dataset", "numbers of Python", ("torch.tensor(features)", "features"), {
        "items[Table]": ("a tensor of shape [2] at [0] of item 0", "[0.5, 1.0]"), "items[Table,end]": ("[0] of item -1", ""), "items[Table,test]": ("item 0", "[0.5, 1.0]"),
        "items[Table,transform]": ("a result", "TypeError"), "lazy[Table,transform]": ("a result", "TypeError"),
        }),
    ("dataset", "double", ("torch.tensor(features)", "torch.tensor(features, dtype=torch.float64)"), {
        "items[Table]": ("dtype float32 at [0] of item 0", "dtype float64"), "items[Table,end]": ("dtype float32", "dtype float64"),
        "items[Table,test]": ("dtype float32 at item 0", "dtype float64"), "items[Table,transform]": ("dtype float32", "dtype float64")}),
    ("dataset", "labels of another type", ("int(label)", "str(label)"), {
        "items[Table]": ("0 at [1] of item 0", "'0.0'"), "items[Table,end]": ("0 at [1] of item -1", "'0.0'"), "items[Table,transform]": ("0 at [1] of item 0", "'0.0'")}),
    ("dataset", "a label in the test set", (ITEM, "return x, int(label)"), {"items[Table,test]": ("a tensor of shape [2] at item 0", "(tensor(")}),
    ("dataset", "made beforehand, handed out again", ("\n    def __len__(self):\n        return len(self.rows)\n\n    def __getitem__(self, index):", PREPARED), {
        "copies[Table]": ("the same item after the first one was written to", "instead of"), "lazy[Table,transform]": ("0 loaded or transformed after creation", "3")}),
    ("dataset", "rows kept by the class", (READ, "Table.all = vars(Table).get('all', []); self.rows = Table.all; self.rows += ["),
     {"copies[Table]": ("len is 3 in each of two instances", "6 in the first, 6 in the second")}),
    ("dataset", "transform at creation", ("self.transform = transform", "self.transform = transform\n        if transform:\n            transform(torch.zeros(2))"),
     {"lazy[Table,transform]": ("0 loaded or transformed after creation", "1")}),
    ("dataset", "transform twice", ("x = self.transform(x)", "x = self.transform(self.transform(x))"), {
        "items[Table,transform]": ("[0] of item 0", "instead of"), "lazy[Table,transform]": ("1 loaded or transformed after one access", "2")}),
    ("dataset", "transform only once", ("x = self.transform(x)", "x = self.transform(x)\n            self.transform = None"), {
        "items[Table,transform]": ("[0] of item 1", "instead of"), "lazy[Table,transform]": ("2 loaded or transformed after a second access", "1")}),
    ("dataset", "a lambda inside", ("self.train = train", "self.train = train\n        self.make = lambda x: x"),
     {"pickle[Table]": ("a result", "Can't ")}),
    ("dataset", "an open file inside", ("self.train = train", "self.train = train\n        self.file = open(path)"),
     {"pickle[Table]": ("a result", "TypeError: cannot pickle")}),
    ("dataset", "no repr", ("def __repr__", "def shown"), {"repr[Table]": ("'Table(3 rows)'", "object at 0x")}),
    ("mapping", "a pair", ('{"Text": self.texts[index], "Class": self.classes[index]}', "(self.texts[index], self.classes[index])"),
     {"items[Reviews]": ("a dict with the keys 'Text', 'Class' at item 0", "('good', 1)")}),
    ("mapping", "another key", ('"Class":', '"class":'), {"items[Reviews]": ("the keys 'Text', 'Class' at item 0", "the keys 'Text', 'class'")}),
    ("mapping", "a text for a number", ("self.classes[index]}", "str(self.classes[index])}"), {"items[Reviews]": ("1 at ['Class'] of item 0", "'1'")}),
    ("lazy", "loads everything", ("self.known = {}", "self.known = {i: load(i) for i in range(count)}"), {"lazy[Lazy]": ("0 loaded or transformed after creation", "4")}),
    ("lazy", "loads again", ("if index not in self.known:", "if True:"), {"lazy[Lazy]": ("1 loaded or transformed after a second access", "2")}),
    ("iterable", "every worker everything", ("(info.id, info.num_workers) if info else (0, 1)", "(0, 1)"),
     {"workers[Stream]": ("each of 7 samples once from 2 workers", "14 samples, 7 different")}),
    ("iterable", "a worker left out", ("(info.id, info.num_workers)", "(info.id, info.num_workers + 1)"),
     {"workers[Stream]": ("each of 7 samples once from 2 workers", "5 samples, 5 different")}),
    ("iterable", "no iterable", ("class Stream(IterableDataset)", "class Stream"), {
        "items[Stream]": ("a class that inherits from IterableDataset", "a Stream"), "workers[Stream]": ("a result", "TypeError")}),
    ("iterable", "one too few", ("self.count, step", "self.count - 1, step"), {
        "items[Stream]": ("7 at the number of samples", "6")}),
    ("iterable", "never ends", ("return iter(range(first, self.count, step))", "import itertools\n        return itertools.count(first, step)"), {
        "items[Stream]": ("7 at the number of samples", "1000")}),
    # -- loader
    ("loader", "another batch size", ("Numbers(), batch_size=size, drop_last", "Numbers(), batch_size=size - 1, drop_last"), {
        "batches[batches]": ("3", "4"), "batches[batches,drop]": ("batches: 2", "3")}),
    ("loader", "the last batch kept", ("drop_last=drop", "drop_last=False"), {"batches[batches,drop]": ("batches: 2", "3")}),
    ("loader", "the last batch dropped", ("drop_last=drop", "drop_last=True"), {
        "batches[batches]": ("batches: 3", "2"), "same[batches,1]": ("every sample exactly once, 10 in all", "8; 2 missing, 0 more than once")}),
    ("loader", "shuffled", ("drop_last=drop", "shuffle=True, drop_last=drop"), {
        "batches[batches]": ("batch 1 of epoch 1", "instead of"), "batches[batches,drop]": ("batch 1 of epoch 1", "instead of")}),
    ("loader", "an iterator", ("return DataLoader(Numbers(), batch_size=size, drop_last=drop, num_workers=workers)",
     "return iter(DataLoader(Numbers(), batch_size=size, drop_last=drop, num_workers=workers))"), {"batches[batches]": ("batches: 3", "0")}),
    ("loader", "samples twice", ("return DataLoader(Numbers(), batch_size=size, drop", "return DataLoader(Numbers(), sampler=[*range(9), 0], batch_size=size, drop"), {
        "batches[batches]": ("batch 3 of epoch 1", ""), "same[batches,1]": ("every sample exactly once, 10 in all", "10; 1 missing, 1 more than once")}),
    ("loader", "no order of its own", ("shuffle=True, ", ""), {"shuffled[mixed]": ("another order than the dataset's", "the dataset's order")}),
    ("loader", "another order each time", (", generator=generator", ""), {"shuffled[mixed]": ("the same order from the same call", "another order")}),
    ("loader", "one seed for all", ("manual_seed(seed)", "manual_seed(0)"), {"shuffled[mixed]": ("another order from mixed(4, 2)", "the same order")}),
    ("loader", "with replacement", ("return DataLoader(Numbers(), batch_size=size, shuffle=True, generator=generator)",
     "sampler = torch.utils.data.RandomSampler(Numbers(), replacement=True, generator=generator)\n    return DataLoader(Numbers(), batch_size=size, sampler=sampler)"),
     {"shuffled[mixed]": ("every sample exactly once, 10 in all", "more than once")}),
    ("loader", "shuffled batches of neighbours", ("return DataLoader(Numbers(), batch_size=size, shuffle=True, generator=generator)",
     "rest = torch.randperm(8, generator=generator).split(size)\n    return DataLoader(Numbers(), batch_sampler=[*(b.tolist() for b in rest), [8, 9]])"), {}),
    ("loader", "another last digit", ("float(index), 1.0", "float(index), 1.0000001"), {}),
    ("loader", "data of another type", ("float(index), 1.0", "index, 1"), {
        "batches[batches]": ("dtype float32 at [0] of batch 1 of epoch 1", "dtype int64"), "batches[batches,drop]": ("dtype float32", "dtype int64"),
        "batches[torch.utils.data.DataLoader,own]": ("dtype float32", "dtype int64")}),
    # -- collate
    ("collate", "not padded", ("pad_sequence(rows, batch_first=True, padding_value=-1)", "torch.stack(rows)"), {
        "collate[2]": ("a result", "stack expects each tensor to be equal size"), "collate[3]": ("a result", "stack expects"), "collate-loader": ("a result", "stack expects")}),
    ("collate", "padded with zeros", (", padding_value=-1", ""), {"collate[2]": AFTER, "collate[3]": AFTER, "collate-loader": ("the batches", "instead of")}),
    ("collate", "padded on the left", ("x = pad_sequence(rows, batch_first=True, padding_value=-1)", "x = pad_sequence(rows, True, -1, padding_side='left')"), {
        "collate[3]": AFTER}),
    ("collate", "cut to the shortest", ("x = pad_sequence(rows, batch_first=True, padding_value=-1)", "x = torch.stack([row[:lengths.min()] for row in rows])"), {
        "collate[2]": ("shape [2, 3] at ['X']", "shape [2, 0]"), "collate[3]": ("shape [3, 3] at ['X']", "shape [3, 0]"), "collate-loader": ("shape [2, 3]", "shape [2, 0]")}),
    ("collate", "always four wide", ("x = pad", "rows.append(torch.zeros(4)); x = pad"), {
        f"collate{name}": ("shape", "shape") for name in ("[1]", "[2]", "[3]", "-loader")}),
    ("collate", "time first", ("batch_first=True", "batch_first=False"), {
        "collate[1]": ("shape [1, 3] at ['X']", "shape [3, 1]"), "collate[2]": ("shape [2, 3]", "shape [3, 2]"),
        "collate[3]": ("at ['X']", "instead of"), "collate-loader": ("shape [2, 3]", "shape [3, 2]")}),
    ("collate", "floats", (", dtype=torch.int64)", ").float()"), {
        f"collate{name}": ("dtype int64", "dtype float32") for name in ("[1]", "[2]", "[3]", "-loader")}),
    ("collate", "labels dropped", ('"y": torch.tensor([sample["y"] for sample in samples]), ', ""), {
        **{f"collate[{size}]": ("the fields 'X', 'y', 'length', 'mask'", "'y' is missing") for size in (1, 2, 3)},
        "collate-loader": ("the keys 'X', 'y', 'length', 'mask'", "the keys 'X', 'length', 'mask'")}),
    ("collate", "the mask the other way round", ("< lengths", ">= lengths"), {
        f"collate{name}": ("['mask']", "") for name in ("[1]", "[2]", "[3]", "-loader")}),
    ("collate", "pads the caller's samples", ("    lengths = ", "    samples[0]['X'] = samples[0]['X'] + [0]\n    lengths = "), {
        f"collate[{size}]": ("at [0]['X'] of the samples after the call", "length 4") for size in (1, 2, 3)}),
    ("collate", "the sample is the batch", ("return torch.stack(data), torch.tensor(labels)", "return samples"), {
        "collate[1,pairs]": ("length 2", "length 1"), "collate[3,pairs]": ("length 2", "length 3")}),
    ("collate", "labels as floats", ("torch.tensor(labels)", "torch.tensor(labels).float()"), {
        "collate[1,pairs]": ("dtype int64 at [1]", "dtype float32"), "collate[3,pairs]": ("dtype int64 at [1]", "dtype float32")}),
    # -- sampler
    ("sampler", "forwards", ("range(self.count - 1, -1, -1)", "range(self.count)"), {"order[Backwards]": ("3 at [0]", "0")}),
    ("sampler", "the first left out", ("range(self.count - 1, -1, -1)", "range(self.count - 1, 0, -1)"), {"order[Backwards]": ("length 4", "length 3")}),
    ("sampler", "one pass only", ("return iter(range(self.count - 1, -1, -1))", "self.rest = vars(self).get('rest', iter(range(self.count - 1, -1, -1)))\n        return self.rest"),
     {"order[Backwards]": ("length 4", "length 0")}),
    ("sampler", "no Sampler", ("class Backwards(Sampler)", "class Backwards"), {"order[Backwards]": ("a class that inherits from Sampler", "a Backwards")}),
    ("sampler", "no length", ("def __len__(self):\n        return self.count", "def size(self):\n        return self.count"), {"length[Backwards]": ("a result", "TypeError")}),
    ("sampler", "counts items", ("-(-len(self.lengths) // self.size)", "len(self.lengths)"), {"length[Buckets]": ("3", "5")}),
    ("sampler", "rounds down", ("-(-len(self.lengths) // self.size)", "len(self.lengths) // self.size"), {"length[Buckets]": ("3", "2")}),
    ("sampler", "not by length", (", key=lambda i: self.lengths[i]", ""), {"order[Buckets]": ("1 at [0][0]", "0")}),
    ("sampler", "the last batch dropped", ("range(0, len(order), self.size)", "range(0, len(order) - self.size + 1, self.size)"), {"order[Buckets]": ("length 3", "length 2")}),
    ("sampler", "never ends", ("return iter(range(self.count - 1, -1, -1))", "import itertools\n        return itertools.count()"), {"order[Backwards]": ("length 4", "length 1000")}),
    # -- autograd
    ("autograd", "another derivative", ("3 * x ** 2", "2 * x ** 2"), {
        "autograd-gradients[Cube.apply]": ("the gradient of argument 1", "instead of"),
        "finite-differences[Cube.apply]": ("by finite differences", "by backward"), "finite-differences[Scale]": ("by finite differences", "by backward")}),
    ("autograd", "the incoming gradient forgotten", ("grad * ctx.scale", "ctx.scale"), {
        "autograd-gradients[Cube.apply]": ("the gradient of argument 1", "instead of"),
        "finite-differences[Cube.apply]": ("by finite differences", "by backward"), "finite-differences[Scale]": ("by finite differences", "by backward")}),
    ("autograd", "one gradient too few", (" * x ** 2, None", " * x ** 2"), {
        "autograd-gradients[Cube.apply]": ("a result", "returned an incorrect number of gradients"), "autograd-values[Cube.apply]": ("a result", ""),
        "finite-differences[Cube.apply]": ("a result", "incorrect number of gradients"), "finite-differences[Scale]": ("a result", "incorrect number of gradients")}),
    ("autograd", "the scale forgotten in both", ("return scale * x ** 3", "ctx.scale = 1.0\n        return x ** 3"), {
        "autograd-values[Cube.apply]": AFTER, "autograd-gradients[Cube.apply]": ("the gradient of argument 1", "instead of")}),
    ("autograd", "the input written to", ("return scale * x ** 3", "x.mul_(1.0).add_(0.5)\n        return scale * (x - 0.5) ** 3"), {
        "autograd-values[Cube.apply]": ("the arguments as they were before the call", "the call changed argument 1"),
        "autograd-gradients[Cube.apply]": ("the gradient of argument 1", "instead of"),
        "finite-differences[Cube.apply]": ("by finite differences", "by backward"), "finite-differences[Scale]": ("by finite differences", "by backward")}),
    ("autograd", "a parameter outside the graph", ("x * self.factor", "x * self.factor.detach()"), {"finite-differences[Scale]": ("by finite differences", "by backward")}),
    ("autograd", "a parameter half outside", ("x * self.factor,", "x * (self.factor + self.factor.detach()) / 2,"), {"finite-differences[Scale]": ("by finite differences", "by backward")}),
    ("autograd", "not detached", ("y.detach().clone()", "y.clone()"), {
        "autograd-graph[parts]": ("result 2 does not require grad", "it requires grad"), "autograd-gradients[parts]": ("the gradient of argument 1", "instead of")}),
    ("autograd", "both detached", ("return y,", "return y.detach(),"), {
        "autograd-graph[parts]": ("result 1 requires grad", "it does not require grad"), "autograd-gradients[parts]": ("the gradient of argument 1", "None")}),
    ("autograd", "the leaf is a branch", ("x.detach().clone().requires_grad_()", "x.clone()"), {"autograd-graph[leaf]": ("result 1 is a leaf", "it is no leaf")}),
    ("autograd", "the leaf shares memory", ("x.detach().clone().requires_grad_()", "x.detach().requires_grad_()"),
     {"autograd-graph[leaf]": ("result 1 has memory of its own", "it shares memory with an argument")}),
    ("autograd", "the very argument", ("return x.detach().clone().requires_grad_()", "return x"),
     {"autograd-graph[leaf]": ("result 1 has memory of its own", "it shares memory with an argument")}),
    ("autograd", "a gradient left behind", ("def leaf(x):\n", "def leaf(x):\n    x.sum().backward()\n"),
     {"autograd-graph[leaf]": ("gradients left by the call: (none)", "argument 1")}),
    # -- training
    ("step", "gradients add up", ("optimizer.zero_grad()", "pass"), {
        "training-parameters[step]": ("2.weight", "instead of"), "training-returns[step]": LATER}),
    ("step", "no step", ("optimizer.step()", "pass"), {
        "training-parameters[step]": ("`2.weight` has changed", "it has not"), "training-steps[step]": ("2 at the number of optimizer steps", "0"), "training-returns[step]": LATER}),
    ("step", "two steps", ("    optimizer.step()\n", "    optimizer.step()\n    optimizer.step()\n"), {
        "training-parameters[step]": ("2.weight", "instead of"), "training-steps[step]": ("2 at the number of optimizer steps", "4"), "training-returns[step]": LATER}),
    ("step", "everything trained", ("optimizer.step()", "optimizer.step()\n    with torch.no_grad():\n        for p in model[0].parameters():\n            p -= 0.1 * p.grad"), {
        "training-parameters[step]": ("0.weight", "instead of"), "training-returns[step]": LATER}),
    ("step", "in evaluation mode", ("model.train()\n    optimizer", "optimizer"), {
        "training-modes[step]": ("the model is called with training mode", "it is not so")}),
    ("step", "the loss with its graph", ("loss.item()", "loss"), {"training-returns[step]": ("the number", "tensor(")}),
    ("step", "a graph kept", ("loss.backward()", "model.losses = [*vars(model).get('losses', []), loss]\n    loss.backward(retain_graph=True)"),
     {"training-graph[step]": ("no graph is kept after the call", "a graph is kept after the call")}),
    ("step", "not in evaluation mode", ("model.eval()", "model.train()"), {
        "training-returns[evaluate]": ("-0.937303", ""), "training-parameters[evaluate]": ("1.running_mean", "instead of"),
        "training-modes[evaluate]": ("the model is called without training mode", "it is not so")}),
    ("step", "not set back", ("    model.train()\n    return result", "    return result"), {
        "training-modes[evaluate]": ("which modules are in training mode afterwards", "[]")}),
    ("step", "with a graph", ("with torch.no_grad():", "if True:"), {"training-modes[evaluate]": ("the model is called without a graph", "it is not so")}),
    ("step", "gradients left", ("with torch.no_grad():\n        result = model(x).sum().item()", "total = model(x).pow(2).sum()\n    total.backward()\n    result = model(x).sum().item()"), {
        "training-modes[evaluate]": ("without a graph", ""), "training-gradients[evaluate]": ("gradients left in (none)", "gradients left in 0.weight")}),
    ("step", "forward called directly", ("model(x).sum()", "model.forward(x).sum()"), {
        "training-modes[evaluate]": ("the model is called", "its forward never ran")}),
    ("step", "everything frozen", ("model[0].requires_grad_", "model.requires_grad_"), {
        "training-requires-grad[freeze]": ("requires_grad in 1.weight, 1.bias", "requires_grad in (none)")}),
    ("step", "nothing frozen", ("model[0].requires_grad_(False)", "model[0].requires_grad = False"), {
        "training-requires-grad[freeze]": ("requires_grad in 1.weight, 1.bias", "requires_grad in 0.weight")}),
    ("fit", "not trained", ("cross_entropy(model(x), y).backward()", "cross_entropy(model(x), y)"), {
        "training-learnt[fit]": ("on held-out data", "")}),
    ("fit", "upwards", ("nn.functional.cross_entropy(model(x), y).backward()", "(-nn.functional.cross_entropy(model(x), y)).backward()"), {
        "training-learnt[fit]": ("an accuracy of at least 0.92 on held-out data", "0.")}),
    ("fit", "softmax before the loss", ("cross_entropy(model(x), y)", "cross_entropy(model(x).softmax(1), y)"), {
        "training-learnt[fit]": ("a loss of at most 0.15 on held-out data", "0.")}),
    ("fit", "too many steps", ("range(60)", "range(101)"), {"training-steps[fit]": ("optimizer steps: at most 100", "101")}),
    ("fit", "a column against a row", ("model(x).squeeze(1)", "model(x)"), {"training-learnt[line]": ("a loss of at most 0.01 on held-out data", "")}),
    ("fit", "too few steps", ("range(40)", "range(3)"), {
        "training-learnt[line]": ("a loss of at most 0.01 on held-out data", ""), "training-steps[line]": ("40 at the number of optimizer steps", "3")}),
]  # fmt: skip


def graded_here(course: Course, kind: str, change: tuple[str, str] = ("", "")) -> Any:
    requirements, right = REQUIREMENTS[kind]
    course.write("assignments/quiz/fixtures.py", FIXTURES)
    course.write("assignments/quiz/data/rows.csv", ROWS)
    code = changed(right, change)
    return graded(course, requirements, right, code, fixtures="fixtures.py", preload=["torch._dynamo"])


@pytest.mark.parametrize("kind", REQUIREMENTS)
def test_what_is_right_passes(course: Course, kind: str) -> None:
    assert_fails(graded_here(course, kind), {})


@pytest.mark.parametrize(("kind", "mistake", "change", "said"), MISTAKES, ids=[f"{m[0]}: {m[1]}" for m in MISTAKES])
def test_a_mistake_fails_its_checks(
    course: Course, kind: str, mistake: str, change: tuple[str, str], said: Said
) -> None:
    assert_fails(graded_here(course, kind, change), said)
