"""How samples are held against samples, in whatever order they came."""

from __future__ import annotations

import time
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
from conftest import Course

from grader.models.values import Exact, Fields, Tensor
from grader.requirements.samples import different, unmatched


def image(number: float) -> Tensor:
    """Black edges, as in MNIST; only the middle differs."""
    values = np.zeros((40, 40), "float32")
    values[20, 20] = number
    return Tensor(values, "float32")


def test_samples_that_print_alike_are_not_alike() -> None:
    assert repr(image(1)) == repr(image(2))
    assert unmatched([image(1), image(1)], [image(1), image(2)]) == 1
    assert different([image(1), image(2), image(1)]) == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Fields("Pair", {"x": image(1)}), Fields("Pair", {"x": image(2)})),
        (Fields("Pair", {"x": 1}), Fields("Other", {"x": 1})),
        (Exact("Color", "RED"), Exact("Light", "RED")),
        (16**5000, 16**5000 + 1),
        (True, 1),
        (1, 1.0),
    ],
    ids=["tensors of dataclasses", "classes", "members", "ints", "truth value", "float"],
)
def test_each_kind_of_sample_is_counted_by_what_it_is(one: Any, other: Any) -> None:
    assert different([one, other, deepcopy(one)]) == 2


def test_any_order_and_the_last_digits_do_not_count() -> None:
    assert unmatched([image(2 + 1e-7), image(1)], [image(1), image(2)]) == 0
    assert unmatched([[image(1), 3], {"y": 0.1}], [{"y": 0.1 + 1e-12}, [image(1), 3]]) == 0
    assert unmatched([image(1)], [image(1), image(1)]) == 1


def test_many_samples_take_no_quadratic_time() -> None:
    rng = np.random.default_rng(0)
    samples: list[Any] = [Tensor(rng.random((28, 28)).astype("float32"), "float32") for _ in range(4000)]
    others = [Tensor(one.values + 1, "float32") for one in samples]
    begun = time.process_time()
    assert unmatched(list(reversed(samples)), samples) == 0
    assert unmatched(others, samples) == 4000
    assert time.process_time() - begun < 5  # comparing each with each would take minutes


STREAM = """
import torch
from torch.utils.data import IterableDataset, get_worker_info
images = torch.zeros(8, 6, 6)
for n in range(8):
    images[n, 2:4, 2:4] = n + 1
class Stream(IterableDataset):
    def __iter__(self):
        info = get_worker_info()
        if info is None:
            return iter(images)
        return iter(images[info.id :: info.num_workers])
"""


def test_workers_that_all_yield_the_same_share(course: Course) -> None:
    course.require({"kind": "dataset", "object": "Stream()", "iterable": True, "workers": [2]}, solution=STREAM)
    assert course.grade(STREAM).earned == 1
    report = course.grade(STREAM.replace("info.id ::", "0 ::"))
    checks = {check.id: check for check in report.exercises[0].checks}
    assert [checks[f"one::{name}[Stream]"].outcome for name in ("items", "workers")] == ["passed", "failed"]
    assert "8 samples, 4 different" in str(checks["one::workers[Stream]"].observed)
