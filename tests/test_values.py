"""Values on the wire: what is sent is what arrives, at both ends; what breaks the form or a limit is refused."""

from __future__ import annotations

import collections
import datetime
import decimal
import enum
import json
import pathlib
import struct
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from observed import SENT, VALUES
from safetensors.numpy import save

from grader.errors import WireError
from grader.models.values import Array, Exact, Fields, Opaque, Parts, Tensor, decode, encode

# -- from the judge, and back


def form(value: Any) -> Any:
    """Something whose `==` is true for the same value alone: types count, NaN is NaN, and 0.0 is not -0.0."""
    match value:
        case Tensor():
            flags = (value.requires_grad, value.leaf, value.parameter)
            return type(value), value.dtype, value.shape, value.values.dtype, value.values.tobytes(), flags
        case Parts():
            return value.kind, value.shape, form(dict(value.parts)), value.parameter
        case Fields():
            return Fields, value.type, form(dict(value.fields))
        case Exact() | Opaque():
            return type(value), value.type, str(value)
        case dict():
            return dict, [(form(key), form(part)) for key, part in value.items()]
        case list() | tuple():
            return type(value), [form(part) for part in value]
        case frozenset():
            return frozenset, {form(part) if not isinstance(part, tuple) else repr(form(part)) for part in value}
        case float() | complex():
            return type(value), repr(value)
    return type(value), value


def over_the_wire(data: Any, blob: bytes) -> Any:
    return decode(json.loads(json.dumps(data, allow_nan=False)), blob)


@given(value=VALUES)
@example(value=Tensor(np.array([complex(1, float("inf"))], "complex64"), "complex64"))
def test_what_is_encoded_is_decoded(value: Any) -> None:
    assert form(over_the_wire(*encode(value))) == form(value)


@pytest.mark.parametrize(
    ("value", "plain"), [(np.float32(0.5), 0.5), (np.int8(-3), -3), (np.bool_(True), True), (np.str_("a"), "a")]
)
def test_scalars_of_numpy_are_plain(value: Any, plain: Any) -> None:
    assert form(over_the_wire(*encode(value))) == form(plain)


def test_an_array_is_sent_as_a_tensor() -> None:
    assert form(over_the_wire(*encode(np.arange(3)))) == form(Tensor(np.arange(3), "int64"))


@pytest.mark.parametrize("value", [object(), len, b"bytes", (1).__class__], ids=["object", "call", "bytes", "class"])
def test_what_is_no_data_is_not_encoded(value: Any) -> None:
    with pytest.raises(TypeError, match="cannot cross the wire"):
        encode([value])


# -- what breaks the form


def blob(shape: list[int], dtype: str = "F32", size: int = 0) -> bytes:
    """Safetensors of one tensor, `t0`, with zeros for data, whether or not they fit."""
    header = json.dumps({"t0": {"dtype": dtype, "shape": shape, "data_offsets": [0, size]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(size)


def nested(depth: int) -> Any:
    return [nested(depth - 1)] if depth else 1


TENSOR = {"tensor": "t0", "dtype": "float32", "flags": [False, True, False]}
REFUSED: dict[str, tuple[Any, bytes]] = {
    "no kind": ({}, b""),
    "an unknown kind": ({"pickle": "x"}, b""),
    "a tuple of no list": ({"tuple": "ab"}, b""),
    "a dict of no pairs": ({"dict": [[1]]}, b""),
    "a dict of texts": ({"dict": ["ab"]}, b""),
    "a float that is a number": ({"float": "1.5"}, b""),
    "an int that is none": ({"int": "zz"}, b""),
    "an int of too many digits": ({"int": "f" * 30_001}, b""),
    "a complex number of texts": ({"complex": ["1", "2"]}, b""),
    "a complex number of one part": ({"complex": [1]}, b""),
    "a complex number of large ints": ({"complex": [{"int": "f" * 300}, 0]}, b""),
    "an exact value without text": ({"exact": "range"}, b""),
    "an exact text too long": ({"exact": "range", "text": "x" * 1_000_001}, b""),
    "a text too long": ("x" * 1_000_001, b""),
    "nested too deeply": (nested(25), b""),
    "too many parts": ([1] * 100_000, b""),
    "many keys of one hash": ({"set": [{"int": hex(n * ((1 << 61) - 1))} for n in range(101)]}, b""),
    "a tensor that is not there": (TENSOR, b""),
    "a tensor of another name": ({**TENSOR, "tensor": "t1"}, blob([1], size=4)),
    "a tensor named twice": ([TENSOR, TENSOR], blob([1], size=4)),
    "flags that are numbers": ({**TENSOR, "flags": [0, 1, 0]}, blob([1], size=4)),
    "two flags": ({**TENSOR, "flags": [False, True]}, blob([1], size=4)),
    "a complex tensor of three parts": ({**TENSOR, "dtype": "complex64"}, blob([3], size=12)),
    "a complex tensor of ints": ({**TENSOR, "dtype": "complex64"}, blob([2], "I32", 8)),
    "a complex tensor without dimensions": ({**TENSOR, "dtype": "complex64"}, blob([], size=4)),
    "a dtype the wire does not carry": (TENSOR, blob([2], "BF16", 4)),
    "tensors that are none": (1, b"\0" * 40),
    "tensors that are cut off": (TENSOR, blob([1], size=4)[:-1]),
    "a shape that does not fit": (TENSOR, blob([3], size=4)),
    "a shape beyond any memory": (TENSOR, blob([0, 1 << 62])),
    "a size beyond any index": (TENSOR, blob([0, 1 << 63])),
    "more dimensions than there are": (TENSOR, blob([1] * 65, size=4)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_breaks_the_form_or_a_limit_is_refused(name: str) -> None:
    with pytest.raises(WireError):
        decode(*REFUSED[name])


def sparse(indices: Any, numbers: Any, kind: str = "sparse_coo", shape: Any = (4,)) -> tuple[Any, bytes]:
    parts = {"indices": Tensor(np.asarray(indices), "int64"), "values": Tensor(np.asarray(numbers), "float32")}
    return encode(Parts(kind, shape, parts))


@pytest.mark.parametrize(
    "sent",
    {
        "fewer indices than values": sparse([[0]], [1.0, 2.0]),
        "more rows than dimensions": sparse([[0], [0]], [1.0]),
        "more dimensions than arrays have": sparse(np.zeros((65, 1), "int64"), [1.0], shape=[1] * 65),
        "flat indices": sparse([0], [1.0]),
        "indices that are no integers": sparse([[0.0]], [1.0]),
        "one value without dimensions": sparse([[0]], 1.0),
        "a negative size": sparse([[0]], [1.0], shape=(-1,)),
        "a size that is a truth value": sparse([[0]], [1.0], shape=(True,)),
        "no values": encode(Parts("sparse_csr", (1,), {"indices": Tensor(np.zeros(1), "float64")})),
    }.items(),
    ids=lambda sent: sent[0],
)
def test_a_sparse_tensor_whose_parts_do_not_fit_is_refused(sent: tuple[str, tuple[Any, bytes]]) -> None:
    with pytest.raises(WireError):
        decode(*sent[1])


def test_a_sparse_tensor_comes_coalesced() -> None:
    twice = decode(*sparse([[2, 0, 2]], np.float32([1, 2, 4])))
    assert twice.parts["indices"].tolist() == [[0, 2]]
    assert twice.parts["values"].tolist() == [2, 5]
    either = decode(*sparse([[1, 1]], [True, True]))
    assert either.parts["values"].values.dtype == np.bool_
    assert either.parts["values"].tolist() == [True]
    pairs = decode(*sparse([[1, 0, 1], [0, 1, 0]], np.int8([[100, 1], [2, 3], [100, 4]]), shape=(2, 2, 2)))
    assert pairs.parts["indices"].tolist() == [[0, 1], [1, 0]]
    assert pairs.parts["values"].tolist() == [[2, 3], [-56, 5]]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-2, 2), st.integers(0, 9)), max_size=12))
def test_entries_of_one_place_are_summed(entries: list[tuple[int, int, int]]) -> None:
    sums: dict[tuple[int, int], int] = {}
    for row, column, number in entries:
        sums[row, column] = sums.get((row, column), 0) + number
    indices = np.array([entry[:2] for entry in entries], np.int64).reshape(-1, 2).T
    found = decode(*sparse(indices, np.array([entry[2] for entry in entries], np.int64), shape=(4, 4)))
    places = map(tuple, found.parts["indices"].values.T.tolist())
    assert list(zip(places, found.parts["values"].tolist(), strict=True)) == sorted(sums.items())


@pytest.mark.parametrize(
    ("indices", "numbers", "left"),
    [([[]], [], []), (np.zeros((0, 2)), [1.0, 2.0], [3.0]), ([[0, 0]], np.ones((2, 0)), [[]])],
    ids=["no values", "no dimensions", "empty values"],
)
def test_a_sparse_tensor_may_hold_nothing(indices: Any, numbers: Any, left: Any) -> None:
    found = decode(*sparse(np.asarray(indices, np.int64), numbers, shape=(3,)))
    assert found.shape == (3,)
    assert found.parts["values"].tolist() == left


def test_what_cannot_be_hashed_makes_a_set_that_is_only_shown() -> None:
    assert decode({"set": [[1]]}, b"").type == "set of lists"
    assert decode({"dict": [[{"object": "A", "repr": ""}, 1]]}, b"").type == "dict of objects"


@given(sent=SENT)
def test_whatever_comes_is_a_value_or_refused(sent: tuple[Any, bytes]) -> None:
    try:
        value = decode(*sent)
    except WireError:
        return
    assert form(over_the_wire(*encode(value))) == form(value)


# -- from a guest

FROM_A_GUEST = pytest.mark.xdist_group("torch in this process")


@dataclass
class Point:
    x: int
    y: Any = None


class Pair(NamedTuple):
    a: int
    b: int


class Color(enum.Enum):
    RED = 1


class Level(enum.IntEnum):
    LOW = 1


class Text(str):
    __slots__ = ()


class Number(int):
    pass


class Says:
    def __repr__(self) -> str:
        return "it says"


class Silent:
    def __repr__(self) -> str:
        raise ValueError


class Wordless:
    __repr__: Any = lambda self: None


def from_guest(text: str) -> Any:
    """What the judge gets of an expression that a guest evaluates."""
    import torch

    from grader.guest import encoding

    modules = (torch, collections, datetime, decimal, pathlib)
    beside = {"nn": torch.nn, **{module.__name__: module for module in modules}}
    return over_the_wire(*encoding.encode(eval(text, {**globals(), **beside})))


def tensor(numbers: Any, dtype: str, *flags: bool) -> Tensor:
    held = {"bfloat16": "float32", "float8_e4m3fn": "float32", "float8_e5m2": "float32"}.get(dtype, dtype)
    return Tensor(np.asarray(numbers, held), dtype, *flags)


WHOLE = "uint8 uint16 uint32 uint64 int8 int16 int32 int64 float16 bfloat16 float32 float64 float8_e4m3fn float8_e5m2"


@FROM_A_GUEST
@pytest.mark.parametrize("dtype", [*WHOLE.split(), "complex64", "complex128"])
def test_each_dtype_arrives(dtype: str) -> None:
    found = from_guest(f"torch.tensor([[0, 1, 2]]).to(torch.{dtype})")
    assert form(found) == form(tensor([[0, 1, 2]], dtype))


ARRIVES: dict[str, Any] = {
    "torch.tensor([True, False])": tensor([True, False], "bool"),
    "torch.tensor(2.5)": tensor(2.5, "float32"),
    "torch.ones(0, 3)": tensor(np.ones((0, 3)), "float32"),
    "torch.arange(4).reshape(2, 2).T": tensor([[0, 2], [1, 3]], "int64"),
    "torch.ones(1).expand(3)": tensor([1, 1, 1], "float32"),
    "torch.tensor([1j]).conj()": tensor([complex(0, -1)], "complex64"),
    "torch.tensor([1j]).conj().imag": tensor([-1], "float32"),
    "torch.tensor([float('nan'), float('-inf')])": tensor([np.nan, -np.inf], "float32"),
    "torch.tensor([1 / 256]).bfloat16()": tensor([1 / 256], "bfloat16"),
    "torch.ones(2, requires_grad=True)": tensor([1, 1], "float32", True),
    "torch.ones(2, requires_grad=True) * 2": tensor([2, 2], "float32", True, False),
    "nn.Parameter(torch.ones(1), False)": tensor([1], "float32", False, True, True),
    "torch.ones(2).as_subclass(type('Sub', (torch.Tensor,), {}))": tensor([1, 1], "float32"),
    "np.ones((2, 1), 'float32')": Array(np.ones((2, 1), "float32"), "float32"),
    "np.ones(2, '>i4')": Array(np.ones(2, "int32"), "int32"),
    "np.arange(4)[::-2]": Array(np.array([3, 1]), "int64"),
    "np.float32(0.5)": 0.5,
    "np.longdouble(0.5)": 0.5,
    "np.bool_(True)": True,
    "[1, (2.5, None), {'a': {1}}, 3j]": [1, (2.5, None), {"a": frozenset({1})}, 3j],
    "[1 << 70, float('inf'), -0.0]": [1 << 70, float("inf"), -0.0],
    "Text('a')": "a",
    "Number(3)": 3,
    "Pair(1, 2)": (1, 2),
    "collections.OrderedDict(a=1)": {"a": 1},
    "Point(1, [2])": Fields("Point", {"x": 1, "y": [2]}),
    "slice(1, None, 2)": Fields("slice", {"start": 1, "stop": None, "step": 2}),
    "range(1, 3)": Exact("range", "range(1, 3)"),
    "b'ab'": Exact("bytes", "b'ab'"),
    "torch.float16": Exact("dtype", "torch.float16"),
    "torch.device('cpu')": Exact("device", "device(type='cpu')"),
    "decimal.Decimal('1.10')": Exact("Decimal", "Decimal('1.10')"),
    "pathlib.PurePosixPath('a')": Exact("PurePosixPath", "PurePosixPath('a')"),
    "datetime.date(2026, 1, 2)": Exact("date", "datetime.date(2026, 1, 2)"),
    "Color.RED": Exact("Color", "RED"),
    "Level.LOW": Exact("Level", "LOW"),
    "Point": Exact("class", f"{__name__}.Point"),
    "Says()": Opaque("Says", "it says"),
    "Silent()": Opaque("Silent", "<a Silent whose repr raises ValueError>"),
    "Wordless()": Opaque("Wordless", "<a Wordless whose repr raises TypeError>"),
}


@FROM_A_GUEST
@pytest.mark.parametrize("text", ARRIVES)
def test_what_a_guest_sees_arrives(text: str) -> None:
    assert form(from_guest(text)) == form(ARRIVES[text])


SHOWN = {
    "torch.ones(1, device='meta')": "Tensor",
    "nn.LazyLinear(2).weight": "UninitializedParameter",
    "torch.nested.nested_tensor([torch.ones(1)])": "Tensor",
    "np.array([None])": "ndarray",
    "np.array(['a'])": "ndarray",
    "np.ma.masked_array([1], [True])": "MaskedArray",
    "nn.Linear(1, 1)": "Linear",
    "len": "builtin_function_or_method",
}


@FROM_A_GUEST
@pytest.mark.parametrize("text", SHOWN)
@pytest.mark.filterwarnings("ignore")
def test_what_is_neither_data_nor_a_plain_tensor_is_shown(text: str) -> None:
    found = from_guest(text)
    assert type(found) is Opaque
    assert found.type == SHOWN[text]


@FROM_A_GUEST
@pytest.mark.filterwarnings("ignore")
def test_sparse_and_quantized_tensors_arrive_in_parts() -> None:
    coo = from_guest("torch.sparse_coo_tensor([[2, 0, 2]], [1., 2., 4.], (3,))")
    assert (coo.kind, coo.shape, coo.dtype) == ("sparse_coo", (3,), "float32")
    assert (coo.parts["indices"].tolist(), coo.parts["values"].tolist()) == ([[0, 2]], [2, 5])
    for layout, names in {"csr": ("crow_indices", "col_indices"), "csc": ("ccol_indices", "row_indices")}.items():
        compressed = from_guest(f"torch.tensor([[0., 3.]]).to_sparse_{layout}()")
        assert (compressed.kind, compressed.shape) == (f"sparse_{layout}", (1, 2))
        assert set(compressed.parts) == {*names, "values"}
        assert compressed.parts["values"].tolist() == [3]
    block = from_guest("torch.eye(4).to_sparse_bsr((2, 2))")
    assert (block.kind, block.parts["values"].shape) == ("sparse_bsr", (2, 2, 2))
    whole = from_guest("torch.quantize_per_tensor(torch.tensor([1.]), 0.5, 3, torch.quint8)")
    assert (whole.kind, whole.parts["scale"], whole.parts["zero_point"]) == ("quint8", 0.5, 3)
    assert whole.parts["values"].tolist() == [1]
    channels = from_guest(
        "torch.quantize_per_channel(torch.ones(2, 1), torch.tensor([.5, .25]), torch.zeros(2), 0, torch.qint8)"
    )
    assert (channels.kind, channels.parts["axis"]) == ("qint8", 0)
    assert channels.parts["scale"].tolist() == [0.5, 0.25]


@FROM_A_GUEST
@pytest.mark.parametrize(
    "text",
    [
        *("nested(21)", "[0] * 50_000", "'x' * 1_000_001", "1 << 100_001"),
        *("torch.ones(13 << 20)", "[torch.zeros(9 << 20)] * 2"),
    ],
)
def test_what_is_too_large_for_the_wire_is_not_encoded(text: str) -> None:
    from grader.guest.encoding import TooLarge

    with pytest.raises(TooLarge):
        from_guest(text)


@FROM_A_GUEST
def test_what_just_fits_arrives() -> None:
    for text in ("nested(20)", "[0] * 49_999", "'x' * 1_000_000", "1 << 99_998"):
        from_guest(text)


@FROM_A_GUEST
@given(value=VALUES)
def test_what_the_judge_hands_over_comes_back(value: Any) -> None:
    from grader.guest import encoding

    sent = handed_over(value)
    assert form(over_the_wire(*encoding.encode(encoding.decode(*encode(sent))))) == form(sent)


def handed_over(value: Any) -> Any:
    """What of a value a judge hands over: data and tensors, as they are when they come back."""
    match value:
        case Tensor(values=numbers):
            grad = value.requires_grad and numbers.dtype.kind in "fc"
            return Tensor(numbers, value.dtype, grad, True, value.parameter)
        case Exact() | Opaque() | Fields():
            return None
        case list() | tuple():
            return type(value)(map(handed_over, value))
        case dict():
            return {key: handed_over(part) for key, part in value.items()}
    return value


def test_an_empty_answer_has_no_blob() -> None:
    assert encode([1]) == ([1], b"")
    assert decode([1], save({})) == [1]
