"""Kernel arithmetic against Python integers and against galois."""

from __future__ import annotations

import secrets

import galois
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zkaudit.field import arrays, blocks, extension, jit, kernels
from zkaudit.field.extension import Element
from zkaudit.field.koalabear import MODULUS

EDGES = [0, 1, 2, MODULUS - 1, MODULUS - 2, MODULUS // 2, 2**24, 2**30]
residue = st.one_of(st.sampled_from(EDGES), st.integers(0, MODULUS - 1))
element = st.tuples(residue, residue, residue, residue, residue)


def random_elements(count: int) -> list[Element]:
    return blocks.canonical([secrets.randbelow(MODULUS) for _ in range(5 * count)])


@jit.kernel
def operate(a, b, out):  # type: ignore[no-untyped-def]
    """Every scalar operation on one pair: rows of `out` are product, sum, difference, product by the matrix."""
    a0, a1, a2, a3, a4 = a[0], a[1], a[2], a[3], a[4]
    b0, b1, b2, b3, b4 = b[0], b[1], b[2], b[3], b[4]
    matrix = kernels.multiplication_matrix(b0, b1, b2, b3, b4)
    first = kernels.extension_convolution(a0, a1, a2, a3, a4, b0, b1, b2, b3, b4)
    out[0, :] = kernels.extension_multiply(a0, a1, a2, a3, a4, b0, b1, b2, b3, b4)
    out[1, :] = kernels.extension_add(a0, a1, a2, a3, a4, b0, b1, b2, b3, b4)
    out[2, :] = kernels.extension_subtract(a0, a1, a2, a3, a4, b0, b1, b2, b3, b4)
    out[3, :] = kernels.multiply_by_matrix((a0, a1, a2, a3, a4), matrix)
    out[4, :] = kernels.convolution_reduce(kernels.convolution_add(first, first))
    accumulator = kernels.accumulate_five(
        np.uint64(kernels.ACCUMULATOR_BOUND - 1), a0, a1, a2, a3, a4, b0, b1, b2, b3, b4
    )
    out[5, 0] = kernels.montgomery_reduce(accumulator)
    out[5, 1] = kernels.montgomery_reduce(kernels.multiply_accumulate(accumulator, a0, b0))


@given(element, element)
@settings(max_examples=300, deadline=None)
def test_scalar_operations(a: Element, b: Element) -> None:
    out = np.zeros((6, 5), np.uint32)
    operate(np.array(a, np.uint32), np.array(b, np.uint32), out)
    shrink = pow(2, -32, MODULUS)
    product = extension.scale(extension.multiply(a, b), shrink)
    rows = [tuple(row) for row in out.tolist()]
    assert rows[0] == rows[3] == product
    assert rows[1] == extension.add(a, b)
    assert rows[2] == extension.subtract(a, b)
    assert rows[4] == extension.scale(product, 2)
    dot = sum(x * y for x, y in zip(a, b, strict=True)) - 1
    assert rows[5][0] == dot * shrink % MODULUS
    assert rows[5][1] == (dot + a[0] * b[0]) * shrink % MODULUS


def test_extension_against_galois() -> None:
    field = galois.GF(MODULUS, 5, irreducible_poly=[1, 0, 0, 1, 0, MODULUS - 1], primitive_element=[1, 3], verify=False)
    pairs = list(zip(random_elements(8), random_elements(8), strict=True))
    pairs.append(((MODULUS - 1,) * 5, (MODULUS - 1,) * 5))
    out = np.zeros((6, 5), np.uint32)
    for a, b in pairs:
        expected = (field.Vector(list(a[::-1])) * field.Vector(list(b[::-1]))).vector()[::-1]
        operate(blocks.to_montgomery([a]), blocks.to_montgomery([b]), out)
        assert list(blocks.from_montgomery(out[0])[0]) == [int(c) for c in expected]


def test_base_against_galois() -> None:
    field = galois.GF(MODULUS)
    rng = np.random.default_rng(7)
    a, b = rng.integers(0, MODULUS, (2, 5, 100), dtype=np.uint64)
    a[1:] = 0
    b[1:] = 0
    product = field(a[0].astype(np.int64)) * field(b[0].astype(np.int64))
    blocked = [blocks.to_blocks(v) for v in (a, b)]
    out = np.zeros((6, 5), np.uint32)
    for i in range(100):
        operate(*(blocks.to_montgomery([blocks.entry(v, i)]) for v in blocked), out)
        assert blocks.from_montgomery(out[0])[0][0] == int(product[i])


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 33, 1000])
def test_blocks_round_trip(count: int) -> None:
    vector = np.random.default_rng(count).integers(0, MODULUS, (5, count), dtype=np.uint64)
    blocked = blocks.to_blocks(vector)
    assert blocked.size == blocks.cells(count)
    np.testing.assert_array_equal(blocks.from_blocks(blocked, count), vector)
    for i in range(0, count, 7):
        assert blocks.entry(blocked, i) == arrays.element(vector[:, i])
    padded = blocks.from_blocks(blocked, 16 * (blocked.size // 80))
    assert not padded[:, count:].any()


@pytest.mark.parametrize("variables", range(9))
def test_equality_blocks(variables: int) -> None:
    point = random_elements(variables)
    table = blocks.from_blocks(blocks.equality_blocks(point), 1 << variables)
    np.testing.assert_array_equal(table, arrays.equality_table(point))
