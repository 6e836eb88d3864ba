"""Vectors over K and F in numpy: what the verifier computes with.

A K-vector is an integer array of canonical residues.
An F-vector is a `uint64` array of shape `(5, ...)` of canonical residues, the coefficient of x^i at row i.
Products of residues stay below 2^62, so four of them add up without overflow.
Inner products split residues into 16-bit limbs and run on float64 matrix products, which are exact below 2^53.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from zkaudit.field import extension
from zkaudit.field.extension import Element
from zkaudit.field.koalabear import MODULUS

Array = NDArray[np.uint64]

_P = np.uint64(MODULUS)
_EXACT_TERMS = 1 << 22
"""So many residues add up to less than 2^53, below which float64 is exact."""

_CHUNK = 1 << 13
"""Performance knob: temporaries of this many entries stay in cache. At most 2^20, so that limb products stay exact."""

_BLOCK_BITS = 12
"""Performance knob: coordinates of the tables that ranges are cut from."""

_BLOCKS = 16
"""Performance knob: tables that are kept, 160 kB each."""


def reduce(values: Array) -> Array:
    """Residues of 64-bit integers, same shape; numpy's division vectorises where its remainder does not."""
    quotient = values // _P
    quotient *= _P
    np.subtract(values, quotient, out=quotient)
    return quotient


def from_elements(elements: Sequence[Element]) -> Array:
    """Elements as an F-vector, n -> (5, n)."""
    if not elements:
        return np.zeros((5, 0), np.uint64)
    return np.ascontiguousarray(np.array(elements, np.uint64).T)


def to_elements(vector: Array) -> list[Element]:
    """An F-vector as elements, (5, n) -> n."""
    return [(int(a), int(b), int(c), int(d), int(e)) for a, b, c, d, e in vector.T.tolist()]


def element(vector: Array) -> Element:
    """One element from its five coefficients, (5,)."""
    a, b, c, d, e = (int(v) for v in vector)
    return (a, b, c, d, e)


def embed(values: NDArray[np.integer]) -> Array:
    """Signed integers as an F-vector of base-field elements, (...) -> (5, ...)."""
    result = np.zeros((5, *values.shape), np.uint64)
    result[0] = residues(values)
    return result


def residues(values: NDArray[np.integer]) -> Array:
    """Signed 64-bit integers as canonical residues, same shape."""
    if values.dtype == np.uint64:
        return np.asarray(values % _P, np.uint64)
    return (values.astype(np.int64) % np.int64(MODULUS)).astype(np.uint64)


def add(a: Array, b: Array) -> Array:
    """Sum, elementwise with broadcasting over the trailing axes."""
    return reduce(a + b)


def subtract(a: Array, b: Array) -> Array:
    """Difference, elementwise with broadcasting over the trailing axes."""
    return reduce(a + (_P - b))


def multiply(a: Array, b: Array) -> Array:
    """Product in F, elementwise: (5, ...) * (5, ...) with broadcasting over the trailing axes."""
    if a.ndim == b.ndim == 2 and a.shape[1] > 2 * _CHUNK:
        result = np.empty_like(a)
        for start in range(0, a.shape[1], _CHUNK):
            part = slice(start, start + _CHUNK)
            result[:, part] = multiply(a[:, part], b if b.shape[1] == 1 else b[:, part])
        return result
    a0, a1, a2, a3, a4 = a
    b0, b1, b2, b3, b4 = b
    c8 = reduce(a4 * b4)
    c7 = reduce(a3 * b4 + a4 * b3)
    c6 = reduce(a2 * b4 + a3 * b3 + a4 * b2)
    c5 = reduce(a1 * b4 + a2 * b3 + a3 * b2 + a4 * b1)
    return np.stack(
        [
            reduce(a0 * b0 + c5 + (_P - c8)),
            reduce(a0 * b1 + a1 * b0 + c6),
            reduce(a0 * b2 + a1 * b1 + a2 * b0 + c7 + c8 + (_P - c5)),
            reduce(a0 * b3 + a1 * b2 + a2 * b1 + reduce(a3 * b0 + c8 + (_P - c6))),
            reduce(a0 * b4 + a1 * b3 + a2 * b2 + reduce(a3 * b1 + a4 * b0 + (_P - c7))),
        ]
    )


def scale(a: Array, factor: Element) -> Array:
    """Product of every entry with one element of F, (5, ...) -> (5, ...)."""
    return multiply(a, np.array(factor, np.uint64).reshape((5,) + (1,) * (a.ndim - 1)))


def scale_base(a: Array, factors: Array) -> Array:
    """Product of an F-vector with a K-vector of canonical residues, elementwise with broadcasting."""
    return reduce(a * factors)


def total(a: Array) -> Element:
    """Sum of all entries of an F-vector of fewer than 2^33 entries."""
    return element(a.reshape(5, -1).sum(axis=1, dtype=np.uint64) % _P)


def _limbs(a: Array) -> NDArray[np.float64]:
    """Residues (k, n) as 16-bit limbs (2 k, n), the low limbs first."""
    return np.concatenate([a & np.uint64(0xFFFF), a >> np.uint64(16)]).astype(np.float64)


def _recombine(products: Array, rows: int, columns: int) -> Array:
    """Limb products (2 rows, 2 columns), reduced, as residues (rows, columns)."""
    low = products[:rows, :columns]
    middle = products[rows:, :columns] + products[:rows, columns:]
    high = products[rows:, columns:]
    return reduce(low + (reduce(middle) << np.uint64(16)) + reduce(high << np.uint64(32)))


def matrix_product(a: Array, b: Array) -> Array:
    """Product of matrices of residues, (m, n) x (n, k) -> (m, k), exact for any n.

    Bound: limbs are below 2^16 and a chunk has at most 2^20 of them, so each float64 sum is below 2^52.
    """
    rows, inner = a.shape
    columns = b.shape[1]
    result = np.zeros((rows, columns), np.uint64)
    for start in range(0, inner, _CHUNK):
        left = _limbs(a[:, start : start + _CHUNK])
        right = _limbs(b[start : start + _CHUNK].T)
        products = reduce((left @ right.T).astype(np.uint64))
        result = reduce(result + _recombine(products, rows, columns))
    return result


def matrix_vector(matrix: NDArray[np.integer], vector: Array) -> Array:
    """Product of an integer matrix with an F-vector, (m, n) x (5, n) -> (5, m).

    Entries of magnitude below 2^16 (weights, pixels) take one float64 product, any others two.
    """
    rows, inner = matrix.shape
    if max(int(matrix.max(initial=0)), -int(matrix.min(initial=0))) >= 1 << 16:
        return np.ascontiguousarray(matrix_product(residues(matrix), np.ascontiguousarray(vector.T)).T)
    result = np.zeros((rows, 5), np.int64)
    for start in range(0, inner, _CHUNK):
        left = matrix[:, start : start + _CHUNK].astype(np.float64)
        sums = (left @ _limbs(vector[:, start : start + _CHUNK]).T).astype(np.int64) % MODULUS
        result = (result + sums[:, :5] + (sums[:, 5:] << 16)) % MODULUS
    return np.ascontiguousarray(result.T).astype(np.uint64)


def _fold_products(table: Array) -> Element:
    """Sum of table[i][j] x^(i+j) reduced, for a (5, 5) table of residues."""
    sums = [0] * 9
    for i in range(5):
        for j in range(5):
            sums[i + j] += int(table[i, j])
    for k in range(8, 4, -1):
        sums[k - 5] += sums[k]
        sums[k - 3] -= sums[k]
    a, b, c, d, e = (v % MODULUS for v in sums[:5])
    return (a, b, c, d, e)


def dot(a: Array, b: Array) -> Element:
    """Inner product of two F-vectors, (5, n) . (5, n)."""
    return _fold_products(matrix_product(a, np.ascontiguousarray(b.T)))


def extension_matrix_product(left: Array, right: Array) -> Array:
    """Product of matrices over F, (5, m, n) x (5, n, k) -> (5, m, k)."""
    _, rows, inner = left.shape
    columns = right.shape[2]
    wide = np.ascontiguousarray(right.transpose(1, 0, 2)).reshape(inner, 5 * columns)
    products = matrix_product(np.ascontiguousarray(left).reshape(5 * rows, inner), wide)
    products = products.reshape(5, rows, 5, columns)
    sums = np.zeros((9, rows, columns), np.uint64)
    for i in range(5):
        for j in range(5):
            sums[i + j] += products[i, :, j]
    sums = reduce(sums)
    for k in range(8, 4, -1):
        sums[k - 5] += sums[k]
        sums[k - 3] = reduce(sums[k - 3] + (_P - sums[k]))
    return reduce(sums[:5])


def extension_matrix_vector(matrix: Array, vector: Array) -> Array:
    """Product of a matrix over F with an F-vector, (5, m, n) x (5, n) -> (5, m)."""
    return extension_matrix_product(matrix, vector[:, :, None])[:, :, 0]


def kronecker(vectors: Sequence[Array]) -> Array:
    """The products of one entry of each F-vector, the last vector's index fastest, (5, n_1), .. -> (5, n_1 ..)."""
    result = vectors[0]
    for vector in vectors[1:]:
        result = multiply(result[:, :, None], vector[:, None, :]).reshape(5, -1)
    return result


def scatter(values: Array, places: NDArray[np.int64], size: int) -> Array:
    """Sums of the entries that go to each place, (5, n) -> (5, size).

    A float64 sum of 2^22 residues is exact, so that many entries are added at a time.
    """
    result = np.zeros((5, size), np.uint64)
    for start in range(0, len(places), _EXACT_TERMS):
        part = slice(start, start + _EXACT_TERMS)
        for row, sums in zip(values[:, part], result, strict=True):
            sums += np.bincount(places[part], weights=row.astype(np.float64), minlength=size).astype(np.uint64)
        result = reduce(result)
    return result


def dot_base(a: Array, values: NDArray[np.integer]) -> Element:
    """Inner product of an F-vector (5, n) with n signed integers."""
    return element(matrix_product(a, residues(values).reshape(-1, 1))[:, 0])


def equality_table(point: Sequence[Element], length: int | None = None) -> Array:
    """eq(point, i) for i below `length` (default all 2^k), (5, length); bit j of i belongs to point[j]."""
    size = 1 << len(point)
    length = size if length is None else length
    if not 0 <= length <= size:
        raise ValueError(f"no {length} indices in {len(point)} variables")
    # Coordinates above all indices contribute one factor to every entry.
    own = max(length - 1, 0).bit_length()
    factor = extension.ONE
    for coordinate in point[own:]:
        factor = extension.multiply(factor, extension.subtract(extension.ONE, coordinate))
    table = from_elements([factor])
    for coordinate in point[:own]:
        upper = scale(table, coordinate)
        table = np.concatenate([subtract(table, upper), upper[:, : length - table.shape[1]]], axis=1)
    return np.ascontiguousarray(table[:, :length])


def equality_range(point: Sequence[Element], start: int, length: int) -> Array:
    """eq(point, i) for start <= i < start + length, (5, length), without the rest of the table."""
    if length == 0:
        return np.zeros((5, 0), np.uint64)
    if start < 0 or start + length > 1 << len(point):
        raise ValueError(f"range {start}..{start + length} outside 2^{len(point)}")
    low_bits = min(len(point), _BLOCK_BITS)
    low = _block(tuple(point[:low_bits]))
    first = start >> low_bits
    last = (start + length - 1) >> low_bits
    high = equality_range(point[low_bits:], first, last + 1 - first) if first != last else None
    result = np.empty((5, length), np.uint64)
    for block in range(first, last + 1):
        factor = equality_at(point[low_bits:], block) if high is None else element(high[:, block - first])
        begin = max(start - (block << low_bits), 0)
        end = min(start + length - (block << low_bits), 1 << low_bits)
        place = (block << low_bits) + begin - start
        result[:, place : place + end - begin] = scale(low[:, begin:end], factor)
    return result


@lru_cache(maxsize=_BLOCKS)
def _block(point: tuple[Element, ...]) -> Array:
    """The table of a point of few coordinates, read-only: ranges at one point are asked for one after the other."""
    table = equality_table(point)
    table.setflags(write=False)
    return table


def equality_at(point: Sequence[Element], index: int) -> Element:
    """eq(point, index) for one index."""
    result = extension.ONE
    for bit, coordinate in enumerate(point):
        factor = coordinate if index >> bit & 1 else extension.subtract(extension.ONE, coordinate)
        result = extension.multiply(result, factor)
    return result


def to_bytes(vector: NDArray[np.integer]) -> bytes:
    """Residues in C order, each as four big-endian bytes."""
    return np.ascontiguousarray(vector).astype(">u4").tobytes()


def elements_to_bytes(vector: Array) -> bytes:
    """An F-vector (5, n) as n elements of twenty bytes."""
    return to_bytes(np.ascontiguousarray(vector.T))
