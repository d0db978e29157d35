"""What has no end is stopped and costs its own checks only; DataLoader workers run in the sandbox."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import Course, outcomes

RIGHT = """
import itertools
import pickle
import torch
import torch.multiprocessing as mp
from torch.utils.data import DataLoader, Dataset, default_collate

class Numbers(Dataset):
    def __len__(self):
        return 6

    def __getitem__(self, index):
        if not 0 <= index < 6:
            raise IndexError(index)
        return torch.tensor(float(index))

def make_loader(workers=0):
    return DataLoader(Numbers(), batch_size=2, num_workers=workers)

def mixed(seed):
    return DataLoader(Numbers(), batch_size=2, shuffle=True, generator=torch.Generator().manual_seed(seed))

def collate(samples):
    return default_collate(samples)

def answer():
    return 42
"""
REQUIREMENTS: list[dict[str, Any]] = [
    {"kind": "dataset", "object": "Numbers()", "ends": True},
    {"kind": "loader", "object": "make_loader()"},
    {"kind": "loader", "object": "mixed(1)", "shuffled": True},
    {"kind": "collate", "function": "collate", "samples": ["1", "2"], "sizes": [2]},
    {"kind": "function", "calls": [{"call": "answer()", "returns": "42"}]},
]
OTHER = {"id": "two", "requirements": [{"kind": "function", "calls": [{"call": "answer()", "returns": "42"}]}]}
ENDLESS = """
class Endless:
    def __iter__(self):
        while True:
            pass

def make_loader(workers=0):
    return Endless()
"""
ENDLESS_BATCHES = """
def make_loader(workers=0):
    return itertools.repeat(torch.zeros(2))
"""
HUNG_WORKERS = """
class Hung(Numbers):
    def __getitem__(self, index):
        while True:
            pass

def make_loader(workers=0):
    return DataLoader(Hung(), batch_size=2, num_workers=2)
"""
HUGE = """
class Numbers(Dataset):
    def __len__(self):
        return 10**12

    def __getitem__(self, index):
        if not 0 <= index < 10**12:
            raise IndexError(index)
        return torch.tensor(float(index))
"""
COUNTED = """
def make_loader(workers=0):
    return [sum(1 for _ in DataLoader(range(10**12)))]
"""
GROWING = """
kept = []

def collate(samples):
    while True:
        kept.append(torch.ones(1 << 22))
"""
LISTS = """
def collate(samples):
    batch = list(samples)
    while True:
        batch += batch
"""
INSIDE = (
    RIGHT
    + """
def pickled():
    return list(pickle.loads(pickle.dumps(Numbers())))

def loaded(workers):
    return [list(DataLoader(Numbers(), batch_size=2, num_workers=workers)) for _ in range(2)]

first = loaded(2)

def added_elsewhere(shared, number):
    shared += number

def shared():
    total, model = torch.zeros(3).share_memory_(), torch.nn.Linear(3, 1).share_memory()
    values = mp.Array("d", 2)
    workers = [mp.Process(target=added_elsewhere, args=(total, number)) for number in (1, 2)]
    workers.append(mp.Process(target=torch.nn.init.constant_, args=(model.weight, 7)))
    workers.append(mp.Process(target=values.__setitem__, args=(1, 3.0)))
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return total, model.weight.detach(), list(values), total.is_shared()
"""
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mistake", "seconds", "said"),
    [
        (ENDLESS, 0.5, {"batches[make_loader]": "stopped after 0.5 s"}),
        (ENDLESS_BATCHES, 9, {"batches[make_loader]": "more than 999"}),
        (HUNG_WORKERS, 0.5, {"batches[make_loader]": "stopped after 0.5 s"}),
        (COUNTED, 0.5, {"batches[make_loader]": "stopped after 0.5 s"}),
        (HUGE, 9, {"items[Numbers]": "len is 1000000000000", "batches[make_loader]": "more than 999",
                   "shuffled[mixed]": "128 MiB"}),
        (GROWING, 9, {"collate[2]": "128 MiB"}),
        (LISTS, 9, {"collate[2]": "128 MiB"}),
    ],
    ids=["endless", "endless batches", "hung workers", "counted", "huge", "growing", "growing list"],
)  # fmt: skip
def test_what_has_no_end_is_stopped(course: Course, mistake: str, seconds: float, said: dict[str, str]) -> None:
    limits = {"seconds": seconds, "memory": "128MiB"}
    course.assign({"id": "one", "requirements": REQUIREMENTS}, OTHER, solution=RIGHT, limits=limits)
    report = course.grade(RIGHT + mistake)
    assert report.gradable
    assert report.exercises[1].status == "full"
    failed = [check for check in report.exercises[0].checks if check.outcome != "passed"]
    assert {check.id.removeprefix("one::") for check in failed} == said.keys()
    for check in failed:
        assert said[check.id.removeprefix("one::")] in str(check.observed)


def test_workers_pickling_and_shared_memory_work_in_the_sandbox(course: Course) -> None:
    there = "(tensor([3.0, 3.0, 3.0]), tensor([[7.0, 7.0, 7.0]]), [0.0, 3.0], True)"
    calls = [{"call": "pickled()"}, {"call": "loaded(2)"}, {"call": "shared()", "returns": there}]
    course.require({"kind": "function", "calls": calls}, solution=INSIDE)
    report = course.grade(INSIDE)
    assert report.cells[0].raised is None
    assert set(outcomes(report).values()) == {"passed"}
