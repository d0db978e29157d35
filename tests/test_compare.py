"""What passes as the same, and what is said of what does not: attributes before values, and no broadcasting."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from observed import DTYPES, SENT, VALUES

from grader.diagnosis.differences import differences
from grader.errors import WireError
from grader.models.message import say
from grader.models.values import Array, Exact, Fields, Opaque, Parts, Tensor, decode
from grader.requirements.closeness import Tolerance
from grader.requirements.compare import Failure, Incomparable, compare, describe

NAN, INF = math.nan, math.inf
HUGE = 16**5000  # has more digits than Python prints


def tensor(numbers: Any, dtype: str = "float32") -> Tensor:
    return Tensor(np.asarray(numbers, dtype), dtype)


def array(numbers: Any, dtype: str = "float32") -> Array:
    return Array(np.asarray(numbers, dtype), dtype)


def parts(numbers: Any, kind: str = "sparse_csr", shape: tuple[int, ...] = (2,)) -> Parts:
    return Parts(kind, shape, {"values": tensor(numbers)})


def passes(observed: Any, expected: Any, tolerance: Tolerance | None = None) -> bool:
    try:
        compare(observed, expected, tolerance)
    except Failure:
        return False
    return True


def said(observed: Any, expected: Any, **options: Any) -> tuple[str, str]:
    with pytest.raises(Failure) as caught:
        compare(observed, expected, **options)
    return str(caught.value.expected), str(caught.value.observed)


SAME: dict[str, tuple[Any, Any]] = {
    "None": (None, None),
    "truth values": (True, True),
    "an int for a float": (1, 1.0),
    "a float for an int": (1.0, 1),
    "the last digits": (0.1 + 0.2, 0.3),
    "two zeros": (-0.0, 0.0),
    "NaN": (NAN, NAN),
    "infinity": (INF, INF),
    "a real complex number": (1 + 0j, 1.0),
    "a complex number": (complex(1, 1e-7), 1 + 0j),
    "a list for a tuple": ([1, 2], (1, 2)),
    "a tuple for a list": ((), []),
    "another order of keys": ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    "sets": (frozenset({1, 2}), frozenset({2, 1})),
    "huge ints": (HUGE, HUGE),
    "odd numbers in a tensor": (tensor([NAN, INF, -INF, 1]), tensor([NAN, INF, -INF, 1])),
    "empty tensors": (tensor([]), tensor([])),
    "no dimensions": (tensor(2.5), tensor(2.5)),
    "the last digits in a tensor": (tensor([1 + 1e-6]), tensor([1.0])),
    "an array that a check has written": (tensor([1.0]), np.array([1.0], "float32")),
    "arrays": (array([1]), array([1])),
    "requires_grad": (Tensor(np.ones(1), "float64", True), Tensor(np.ones(1), "float64")),
    "parts": (parts([1 + 1e-6]), parts([1])),
    "exact values": (Exact("range", "range(3)"), Exact("range", "range(3)")),
    "fields": (Fields("A", {"x": [1.0]}), Fields("A", {"x": (1,)})),
}


@pytest.mark.parametrize("name", SAME)
def test_what_is_the_same_passes(name: str) -> None:
    compare(*SAME[name])


DIFFERENT: dict[str, tuple[Any, Any, str, str]] = {
    # what is wrong: (observed, expected, what is said of the expected, what is said of the observed)
    "shape before value": (tensor([5, 6]), tensor([[1, 2]]), "shape [1, 2]", "shape [2]"),
    "shape before dtype": (tensor([1], "int64"), tensor([1, 1]), "shape [2]", "shape [1]"),
    "dtype before value": (tensor([5], "int64"), tensor([1]), "dtype float32", "dtype int64"),
    "one for many": (tensor(1), tensor([1, 1]), "shape [2]", "shape []"),
    "a row for a matrix": (tensor([1, 1]), tensor(np.ones((2, 2))), "shape [2, 2]", "shape [2]"),
    "a column for a row": (tensor([[1], [1]]), tensor([[1, 1]]), "shape [1, 2]", "shape [2, 1]"),
    "nothing for something": (tensor([]), tensor([1]), "shape [1]", "shape [0]"),
    "half for single": (tensor([1], "float16"), tensor([1]), "dtype float32", "dtype float16"),
    "a number for a tensor": (1.0, tensor([1]), "a tensor of shape [1]", "1.0"),
    "a list for a tensor": ([1.0], tensor([1]), "a tensor of shape [1]", "[1.0]"),
    "a tensor for a number": (tensor(1), 1.0, "the number 1", "tensor(1.) (shape [], float32)"),
    "a tensor for an int": (tensor(1, "int64"), 1, "1", "tensor(1) (shape [], int64)"),
    "an array for a tensor": (array([1]), tensor([1]), "a tensor of shape [1]", "array([1.])"),
    "a tensor for an array": (tensor([1]), array([1]), "an array of shape [1]", "tensor([1.])"),
    "one of a few": (
        tensor([1, 5, 3.5]), tensor([1, 2, 3]), "tensor([1., 2., 3.])",
        "2 of 3 elements differ, most at [1]: 5 instead of 2",
    ),
    "a number for NaN": (tensor([1]), tensor([NAN]), "nan", "1."),
    "NaN is the farthest": (tensor([NAN, 9]), tensor([1, 1]), "tensor([1., 1.])", "most at [0]: nan instead of 1"),
    "infinity of the other sign": (tensor([INF]), tensor([-INF]), "-inf", "inf"),
    "ints by one": (tensor([1 << 40], "int64"), tensor([(1 << 40) + 1], "int64"), str((1 << 40) + 1), str(1 << 40)),
    "large ints": (tensor([1 << 60], "int64"), tensor([(1 << 60) + 1], "int64"), str((1 << 60) + 1), str(1 << 60)),
    "a float": (0.301, 0.3, "0.3", "0.301"),
    "a late digit of a float": (123456.789, 123457.0, "123457", "123456.8"),
    "a late digit of a complex number": (1.00002 + 1j, 1 + 1j, "1+1j", "1.00002+1j"),
    "a late digit in a tensor": (tensor([1.00002, 0.5]), tensor([1, 0.5]), "[1. , 0.5]", "[1.00002, 0.5"),
    "a late digit in float64": (tensor([1 + 1e-6], "float64"), tensor([1], "float64"), "[1.]", "[1.000001]"),
    "a late digit of many": (
        tensor([0.5] * 20 + [1234.5678]), tensor([0.5] * 20 + [1234.57]), "shape [21]", "1234.568 instead of 1234.57",
    ),
    "a small number": (0.0, 1e-6, "1e-06", "0"),
    "small numbers": (tensor([0.0, 0.0]), tensor([1e-6, 2e-6]), "[0.000001", "2 of 2 elements differ"),
    "a set": (frozenset("ba"), frozenset("c"), "{'c'}", "{'a', 'b'}"),
    "NaN for a number": (NAN, 1.0, "1", "nan"),
    "a number for infinity": (1e308, INF, "inf", "1e+308"),
    "a truth value for a number": (True, 1.0, "the number 1", "True"),
    "a truth value for an int": (True, 1, "1", "True"),
    "an int for a truth value": (1, True, "True", "1"),
    "a text for a number": ("1", 1.0, "the number 1", "'1'"),
    "None for an int": (None, 1, "1", "None"),
    "an int for None": (1, None, "None", "1"),
    "a huge int for an int": (HUGE, 1, "1", "0x1000"),
    "a huge int for a float": (HUGE, 1.0, "1", "0x1000"),
    "a dict with a huge key": ({HUGE: 1}, 1, "1", "a dict of 1"),
    "a huge int for a list": (HUGE, [1], "a list of 1", "0x1000"),
    "a huge int in a list": ([HUGE], [1], "1 at [0]", "0x1000"),
    "a huge key": ({HUGE: 1}, {1: 1}, "the keys 1", "the keys 0x1000"),
    "a key of huge ints": ({(HUGE,): 1}, {1: 1}, "the keys 1", "a tuple of large numbers"),
    "an int for a huge one": (1, HUGE, "0x1000", "1"),
    "a place with a huge key": ({HUGE: 1}, {HUGE: 2}, "2 at [0x1000", "1"),
    "length": ([1, 2], [1, 2, 3], "[1, 2, 3] (length 3)", "[1, 2] (length 2)"),
    "a text for a list": ("ab", ["a", "b"], "a list of 2", "'ab'"),
    "keys": ({"a": 1}, {"a": 1, "b": 2}, "the keys 'a', 'b'", "the keys 'a'"),
    "a list for a dict": ([1], {"a": 1}, "a dict with the keys 'a'", "[1]"),
    "a deep place": ({"a": [1, (2.0,)]}, {"a": [1, (3.0,)]}, "3 at ['a'][1][0]", "2"),
    "sparse for dense": (parts([1]), tensor([1]), "a tensor of shape [1]", "a sparse_csr tensor of shape [2]"),
    "dense for sparse": (tensor([1, 1]), parts([1]), "a sparse_csr tensor of shape [2], float32", "tensor([1., 1.])"),
    "another layout": (parts([1], "sparse_csc"), parts([1]), "a sparse_csr tensor", "a sparse_csc tensor"),
    "another shape of parts": (parts([1], shape=(3,)), parts([1]), "of shape [2]", "of shape [3]"),
    "values of parts": (parts([2]), parts([1]), "at .values", "2."),
    "other parts": (
        Parts("quint8", (1,), {"values": tensor([1]), "scale": 1.0}), Parts("quint8", (1,), {"values": tensor([1])}),
        "a quint8 tensor", "a quint8 tensor",
    ),
    "an exact value": (Exact("range", "range(2)"), Exact("range", "range(3)"), "range(3)", "range(2)"),
    "a text like an exact value": ("range(3)", Exact("range", "range(3)"), "range(3)", "'range(3)'"),
    "another class of fields": (Fields("B", {"x": 1}), Fields("A", {"x": 1}), "a A object", "a B object"),
    "a field": (Fields("A", {"x": 2}), Fields("A", {"x": 1}), "1 at ['x']", "2"),
    "a dict for fields": ({"x": 1}, Fields("A", {"x": 1}), "a A object", "{'x': 1}"),
    "another class of object": (Opaque("B", "<B>"), Opaque("A", "<A>"), "a A object: <A>", "a B object: <B>"),
}  # fmt: skip


@pytest.mark.parametrize("name", DIFFERENT)
def test_the_first_difference_is_named(name: str) -> None:
    observed, expected, wanted, found = DIFFERENT[name]
    told = said(observed, expected)
    assert wanted in told[0]
    assert found in told[1]
    assert max(map(len, told)) < 500


@pytest.mark.parametrize(
    ("observed", "expected", "wanted", "found"),
    [
        ((1,), [1], "[1] (list)", "(1) (tuple)"),
        (1, 1.0, "1.0 (float)", "1 (int)"),
        (True, 1, "1 (int)", "True (bool)"),
        ([1.0], [1], "1 (int) at [0]", "1.0 (float)"),
        (None, tensor([1]), "(torch.Tensor)", "None (None)"),
        (tensor([1]), array([1]), "(numpy.ndarray)", "(torch.Tensor)"),
    ],
)
def test_types_count_where_that_is_asked(observed: Any, expected: Any, wanted: str, found: str) -> None:
    told = said(observed, expected, exact=True)
    assert wanted in told[0]
    assert found in told[1]


def test_what_the_value_is_begins_the_place() -> None:
    assert said([1, 2], [1, 3], at="log")[0] == "3 at log[1]"
    assert said([[1], [2]], [[1], [3]], at=say("the log"))[0] == "3 at [1][0] of the log"


SHOWN = Opaque("A", "<A>")


@pytest.mark.parametrize("expected", [SHOWN, [SHOWN], {"a": SHOWN}, Fields("B", {"x": SHOWN})])
def test_objects_that_can_only_be_shown_are_not_compared(expected: Any) -> None:
    with pytest.raises(Incomparable, match="type A"):
        compare(expected, expected)


# -- tolerance

RTOL = {"float16": 1e-3, "float32": 1.3e-6, "float64": 1e-7, "complex64": 1.3e-6, "complex128": 1e-7}


@pytest.mark.parametrize("dtype", RTOL)
def test_each_dtype_has_its_own_tolerance(dtype: str) -> None:
    wide = tensor([1000.0], dtype)
    step = {"float16": 0.5, "float32": 1e-3, "float64": 9e-5, "complex64": 1e-3, "complex128": 9e-5}[dtype]
    assert passes(tensor([1000 + step], dtype), wide)
    assert not passes(tensor([1000 + 4 * step], dtype), wide)


def test_numbers_of_eight_bits_of_precision_may_be_far_apart() -> None:
    def half(number: float) -> Tensor:
        return Tensor(np.array([number], "float32"), "bfloat16")

    assert passes(half(1.0078125), half(1))
    assert not passes(half(1.0234375), half(1))


@pytest.mark.parametrize("dtype", ["int64", "uint8", "bool"])
def test_whole_numbers_have_no_tolerance_unless_it_is_given(dtype: str) -> None:
    one, other = tensor([0, 1], dtype), tensor([1, 1], dtype)
    assert not passes(one, other)
    assert passes(one, other, Tolerance(rtol=0, atol=1))


@pytest.mark.parametrize("kind", [float, lambda number: tensor([number], "float64")], ids=["float", "tensor"])
def test_a_tolerance_is_absolute_and_relative_to_what_is_expected(kind: Any) -> None:
    loose = Tolerance(rtol=0.1, atol=0.5)
    assert passes(kind(11.4), kind(10), loose)
    assert not passes(kind(11.6), kind(10), loose)
    assert not passes(kind(10), kind(8.2), loose)
    assert passes(kind(0.5), kind(0), loose)
    assert not passes(kind(INF), kind(1e308), loose)
    assert not passes(kind(1e308), kind(INF), loose)


def test_no_tolerance_at_all_is_exact() -> None:
    none = Tolerance(rtol=0, atol=0)
    assert passes(tensor([1.0]), tensor([1.0]), none)
    assert not passes(tensor([1 + 1e-6]), tensor([1.0]), none)
    assert not passes(0.1 + 0.2, 0.3, none)


@pytest.mark.parametrize(("number", "only_shape"), [(1j, True), (2j, False)])
def test_only_the_shape_differs_where_all_numbers_are_right(number: complex, only_shape: bool) -> None:
    (fact,) = differences(tensor([[number]], "complex64"), tensor([1j], "complex64"))
    assert (fact["what"], fact["broadcasts"]) == ("shape", only_shape)


# -- whatever is compared

SHAPES = st.lists(st.integers(0, 3), max_size=3).map(tuple)


@given(SHAPES, SHAPES, st.sampled_from(DTYPES), st.booleans())
def test_a_shape_never_passes_by_broadcasting(one: Any, other: Any, dtype: str, is_array: bool) -> None:
    made = array if is_array else tensor
    observed, expected = made(np.ones(one), dtype), made(np.ones(other), dtype)
    assert passes(observed, expected, Tolerance(rtol=0.1, atol=1e9)) is (one == other)


@given(value=VALUES)
def test_each_value_is_the_same_as_itself(value: Any) -> None:
    with suppress(Incomparable):
        compare(value, value, exact=True)


@given(sent=SENT, expected=VALUES, other=VALUES)
@example(sent=(HUGE, b""), expected=1, other=None)
def test_whatever_is_observed_differs_or_not(sent: tuple[Any, bytes], expected: Any, other: Any) -> None:
    """Nothing that a guest can send makes a comparison, or the words for it, end in another error."""
    observed = [other]
    with suppress(WireError):
        observed.append(decode(*sent))
    for value in observed:
        describe(value)
        list(differences(value, expected))
        for left, right in ((value, expected), (expected, value), ([value], [expected])):
            with suppress(Failure, Incomparable):
                compare(left, right)
