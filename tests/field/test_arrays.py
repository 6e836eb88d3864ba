"""The verifier's arrays against the scalar field, at the edges of what their sums may reach."""

from __future__ import annotations

import numpy as np
import pytest

from zkaudit.field import arrays, extension
from zkaudit.field.arrays import Array
from zkaudit.field.extension import ONE, ZERO, Element
from zkaudit.field.koalabear import MODULUS

RANDOM = np.random.default_rng(3)
TOP = MODULUS - 1


def vector(*shape: int) -> Array:
    """A random F-vector, largest residues in its first entries."""
    result = RANDOM.integers(0, MODULUS, (5, *shape), np.uint64)
    result.reshape(5, -1)[:, : max(1, result[0].size // 3)] = TOP
    return result


def scalars(values: Array) -> list[Element]:
    """The entries as Python tuples, by another way than `to_elements`."""
    return [tuple(int(c) for c in column) for column in values.reshape(5, -1).T]  # type: ignore[misc]


def dot(a: list[Element], b: list[Element]) -> Element:
    """An inner product, scalar by scalar."""
    result = ZERO
    for x, y in zip(a, b, strict=True):
        result = extension.add(result, extension.multiply(x, y))
    return result


def test_forms() -> None:
    values = vector(4)
    assert arrays.to_elements(values) == scalars(values)
    np.testing.assert_array_equal(arrays.from_elements(scalars(values)), values)
    assert arrays.from_elements([]).shape == (5, 0)
    assert arrays.element(values[:, 2]) == scalars(values)[2]
    assert arrays.to_bytes(np.array([[1, 2], [3, TOP]])) == b"".join(v.to_bytes(4, "big") for v in (1, 2, 3, TOP))
    assert arrays.elements_to_bytes(values) == b"".join(map(extension.to_bytes, scalars(values)))
    signed = np.array([-1, 0, 5, -(2**63), 2**63 - 1, MODULUS, -MODULUS])
    expected = [int(v) % MODULUS for v in signed]
    assert arrays.residues(signed).tolist() == expected
    assert arrays.residues(signed).dtype == np.uint64
    assert arrays.residues(np.array([2**64 - 1, 3], np.uint64)).tolist() == [(2**64 - 1) % MODULUS, 3]
    assert arrays.embed(signed).tolist() == [expected, *[[0] * 7] * 4]
    assert arrays.reduce(np.array([2**64 - 1, MODULUS, TOP], np.uint64)).tolist() == [(2**64 - 1) % MODULUS, 0, TOP]


@pytest.mark.parametrize("other", [7, 1])
def test_elementwise(other: int) -> None:
    a, b = vector(7), vector(other)
    pairs = [(x, y) for x, y in zip(scalars(a), scalars(b) * (7 // other), strict=True)]
    assert scalars(arrays.add(a, b)) == [extension.add(x, y) for x, y in pairs]
    assert scalars(arrays.subtract(a, b)) == [extension.subtract(x, y) for x, y in pairs]
    assert scalars(arrays.multiply(a, b)) == [extension.multiply(x, y) for x, y in pairs]
    assert scalars(arrays.scale(a, scalars(b)[0])) == [extension.multiply(x, scalars(b)[0]) for x in scalars(a)]
    assert scalars(arrays.scale_base(a, b[2])) == [extension.scale(x, y[2]) for x, y in pairs]
    assert arrays.total(a) == dot(scalars(a), [ONE] * 7)


@pytest.mark.parametrize("other", [None, 1])
def test_long_products_are_made_in_pieces(monkeypatch: pytest.MonkeyPatch, other: int | None) -> None:
    a, b = vector(45), vector(other or 45)
    expected = arrays.multiply(a, b)
    monkeypatch.setattr(arrays, "_CHUNK", 8)
    np.testing.assert_array_equal(arrays.multiply(a, b), expected)
    np.testing.assert_array_equal(arrays.multiply(a[:, :, None], b[:, :, None])[:, :, 0], expected)
    short = vector(16)
    np.testing.assert_array_equal(arrays.multiply(short, short)[:, 3:], arrays.multiply(short[:, 3:], short[:, 3:]))


@pytest.mark.parametrize(
    ("left", "right"),
    [((45,), (2, 45)), ((45,), (1, 45)), ((45, 1), (1, 3)), ((45, 3), (3,)), ((45, 3), (45, 1)), ((3, 45), (45,))],
)
def test_products_are_broadcast(monkeypatch: pytest.MonkeyPatch, left: tuple[int, ...], right: tuple[int, ...]) -> None:
    monkeypatch.setattr(arrays, "_CHUNK", 8)
    a, b = vector(*left), vector(*right)
    shape = np.broadcast_shapes(left, right)
    long_a, long_b = (
        np.stack([np.broadcast_to(coordinate, shape) for coordinate in values]).reshape(5, -1) for values in (a, b)
    )
    products = arrays.multiply(a, b)
    assert products.shape == (5, *shape)
    assert scalars(products) == [
        extension.multiply(x, y) for x, y in zip(scalars(long_a), scalars(long_b), strict=True)
    ]


@pytest.mark.parametrize("inner", [0, 1, 7, 8, 9, 23])
def test_matrix_products(monkeypatch: pytest.MonkeyPatch, inner: int) -> None:
    monkeypatch.setattr(arrays, "_CHUNK", 8)
    a, b = vector(3 * inner).reshape(5, 3, inner), vector(2 * inner).reshape(5, inner, 2)
    expected = [
        [sum(int(x) * int(y) for x, y in zip(row, column, strict=True)) % MODULUS for column in b[1].T] for row in a[0]
    ]
    assert arrays.matrix_product(a[0], b[1]).tolist() == expected
    products = arrays.extension_matrix_product(a, b)
    for i in range(3):
        for j in range(2):
            assert scalars(products[:, i, j]) == [dot(scalars(a[:, i]), scalars(b[:, :, j]))]
    np.testing.assert_array_equal(arrays.extension_matrix_vector(a, b[:, :, 1]), products[:, :, 1])
    x, y = a[:, 1], b[:, :, 0]
    assert arrays.dot(x, y) == dot(scalars(x), scalars(y))
    signed = RANDOM.integers(-(2**40), 2**40, inner)
    assert arrays.dot_base(x, signed) == dot(scalars(x), [extension.embed(int(v)) for v in signed])
    for low, high, kind in (
        (-128, 128, np.int8),
        (-65535, 65536, np.int64),
        (-65536, 65537, np.int64),
        (-(2**45), 2**45, np.int64),
        (-(2**45), 5, np.int64),
        (-5, 2**45, np.int64),
    ):
        matrix = RANDOM.integers(low, high, (3, inner)).astype(kind)
        if inner:
            matrix[0, 0], matrix[2, -1] = low, high - 1
        rows = [[extension.embed(int(v)) for v in row] for row in matrix]
        assert scalars(arrays.matrix_vector(matrix, x)) == [dot(row, scalars(x)) for row in rows]


@pytest.mark.parametrize("inner", [arrays._CHUNK, 1 << 17])
def test_sums_of_the_largest_residues_are_exact(monkeypatch: pytest.MonkeyPatch, inner: int) -> None:
    """The most terms of one product, as it is and if pieces were longer, all of them as large as they get."""
    monkeypatch.setattr(arrays, "_CHUNK", inner)
    ones = np.full((1, inner), TOP, np.uint64)
    assert arrays.matrix_product(ones, ones.T).tolist() == [[inner * TOP * TOP % MODULUS]]
    matrix = np.full((1, inner), 65535, np.int64)
    full = np.full((5, inner), TOP, np.uint64)
    for factors in (matrix, -matrix):
        sums = inner * int(factors[0, 0]) * TOP % MODULUS
        assert arrays.matrix_vector(factors, full).tolist() == [[sums]] * 5
    places = np.zeros(1000, np.int64)
    assert arrays.scatter(full[:, :1000], places, 2).tolist() == [[1000 * TOP % MODULUS, 0]] * 5


def test_scatter(monkeypatch: pytest.MonkeyPatch) -> None:
    values, places = vector(20), RANDOM.integers(0, 6, 20)
    expected = [ZERO] * 7
    for value, place in zip(scalars(values), places, strict=True):
        expected[place] = extension.add(expected[place], value)
    assert scalars(arrays.scatter(values, places, 7)) == expected
    monkeypatch.setattr(arrays, "_EXACT_TERMS", 3)
    assert scalars(arrays.scatter(values, places, 7)) == expected
    assert scalars(arrays.scatter(values[:, :0], places[:0], 2)) == [ZERO] * 2


def test_kronecker() -> None:
    a, b, c = vector(2), vector(3), vector(2)
    expected = [
        extension.multiply(extension.multiply(x, y), z) for x in scalars(a) for y in scalars(b) for z in scalars(c)
    ]
    assert scalars(arrays.kronecker([a, b, c])) == expected
    np.testing.assert_array_equal(arrays.kronecker([a]), a)


def bits(index: int, count: int) -> list[Element]:
    """An index as a point."""
    return [ONE if index >> bit & 1 else ZERO for bit in range(count)]


def test_equality_tables() -> None:
    point = scalars(vector(4))
    whole = [extension.equality(point, bits(index, 4)) for index in range(16)]
    assert [arrays.equality_at(point, index) for index in range(16)] == whole
    assert scalars(arrays.equality_table(point)) == whole
    for length in range(17):
        assert scalars(arrays.equality_table(point, length)) == whole[:length]
    for wrong in (-1, 17):
        with pytest.raises(ValueError, match="indices in 4 variables"):
            arrays.equality_table(point, wrong)
    assert scalars(arrays.equality_table([])) == [ONE]


def test_equality_ranges() -> None:
    point = scalars(vector(14))
    whole = scalars(arrays.equality_table(point))
    for start, length in ((0, 0), (0, 1), (0, 1 << 14), (4095, 2), (4096, 4096), (5, 8200), (8191, 4098), (16383, 1)):
        assert scalars(arrays.equality_range(point, start, length)) == whole[start : start + length]
    assert arrays.equality_range(point, 1 << 14, 0).shape == (5, 0)
    for start, length in ((-1, 3), (0, (1 << 14) + 1), (1 << 14, 1)):
        with pytest.raises(ValueError, match="outside"):
            arrays.equality_range(point, start, length)
    assert scalars(arrays.equality_range(point[:3], 2, 5)) == [
        extension.equality(point[:3], bits(index, 3)) for index in range(2, 7)
    ]


def test_a_table_that_is_kept_never_changes() -> None:
    point = [(2, 3, 5, 7, 11), (1, 0, 0, 0, 0), (MODULUS - 1, 0, 4, 9, 1)]
    kept = arrays._block(tuple(point))
    assert kept is arrays._block(tuple(point))
    with pytest.raises(ValueError, match="read-only"):
        kept[0, 0] = 1
    whole = arrays.equality_range(point, 0, 8)
    whole[:] = 0
    assert np.array_equal(arrays.equality_range(point, 0, 8), arrays.equality_table(point))


def test_scattered_sums_are_exact_beyond_what_float64_adds_up() -> None:
    count = (1 << 23) + 1
    values = np.broadcast_to(np.full((5, 1), MODULUS - 2, np.uint64), (5, count))
    sums = arrays.scatter(values, np.zeros(count, np.int64), 1)
    assert sums[:, 0].tolist() == [-2 * count % MODULUS] * 5
