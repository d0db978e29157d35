"""Values as they come over the wire: of every kind, and what is almost one."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from mutated import ODD, mutated, spoiled

from grader.models.values import Array, Exact, Fields, Opaque, Parts, Tensor, encode

TEXTS = st.text(st.characters(), max_size=12)  # lone surrogates among them
NUMBERS = st.integers(-(1 << 70), 1 << 70) | st.floats() | st.complex_numbers()
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS | st.sampled_from([1 << 14_000, (1 << 63) - 1, -(1 << 63)])
KEYS = st.recursive(
    SCALARS.filter(lambda value: value == value), lambda part: st.lists(part, max_size=3).map(tuple), max_leaves=4
)
SIZES = {"uint": (8, 16, 32, 64), "int": (8, 16, 32, 64), "float": (16, 32, 64), "complex": (64, 128)}
DTYPES = ["bool", *(f"{kind}{size}" for kind, sizes in SIZES.items() for size in sizes)]


@st.composite
def arrays(draw: st.DrawFn) -> np.ndarray[Any, Any]:
    """Of any dtype and small shape, in any order of memory."""
    shape = draw(st.lists(st.integers(0, 3), max_size=3))
    numbers = draw(st.randoms(use_true_random=False))
    raw = np.frombuffer(numbers.randbytes(16 * int(np.prod(shape))), np.uint8)
    dtype = draw(st.sampled_from(DTYPES))
    raw = raw[: np.dtype(dtype).itemsize * int(np.prod(shape))]
    array = (raw % 2).astype(bool)[: int(np.prod(shape))] if dtype == "bool" else raw.view(dtype)
    array = array.reshape(shape)
    return array.T if draw(st.booleans()) else array


@st.composite
def tensors(draw: st.DrawFn) -> Tensor:
    array = draw(arrays())
    kind = draw(st.sampled_from([Tensor, Array]))
    return kind(array, array.dtype.name, draw(st.booleans()), draw(st.booleans()), draw(st.booleans()))


VALUES = st.recursive(
    SCALARS | tensors() | st.builds(Exact, TEXTS, TEXTS) | st.builds(Opaque, TEXTS, TEXTS),
    lambda part: (
        st.lists(part, max_size=4)
        | st.lists(part, max_size=4).map(tuple)
        | st.dictionaries(KEYS, part, max_size=4)
        | st.frozensets(KEYS, max_size=4)
        | st.builds(Fields, TEXTS, st.dictionaries(TEXTS, part, max_size=3))
    ),
    max_leaves=8,
)
"""All that a judge can encode."""

INDICES = Tensor(np.ones((1, 1), "int64"), "int64")
_DATA, _BLOB = encode(
    {
        "a": [1, 0.5, 1 << 70, float("nan"), 2j, "text", None, True],
        ("b", 2): {1, "x"},
        "c": [Tensor(np.ones((2, 2), "float32"), "float32"), Tensor(np.ones(2, "complex64"), "complex64")],
        "d": Parts("quint8", (1,), {"scale": 0.5, "values": Tensor(np.ones(1, "float32"), "float32")}),
        "e": (Exact("range", "range(3)"), Opaque("A", "<A>"), Fields("B", {"x": 1})),
        "f": Parts("sparse_coo", (4,), {"indices": INDICES, "values": Tensor(np.ones(1), "float64")}),
    }
)
NAMES = ["tuple", "set", "dict", "int", "float", "exact", "text", "parts", "is", "shape", "flags", "complex", "object"]
TELLING = st.dictionaries(st.sampled_from([*NAMES, "repr", "tensor", "dtype", "array", "fields"]), ODD, max_size=4)
PIECES = [b'"shape":[0,9223372036854775807]', b"F64", b"[]", b"-1", b"}", b"{", bytes(8), b"\xff" * 8]
SENT = st.tuples(mutated([_DATA], odd=ODD | TELLING), st.just(_BLOB) | spoiled(_BLOB, PIECES))
"""Data and tensors of a message, with something wrong in it."""
