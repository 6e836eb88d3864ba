"""Points and evaluations against Lagrange interpolation in Python integers and against galois."""

from __future__ import annotations

import galois
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zkaudit.field.arrays import Array
from zkaudit.field.koalabear import MODULUS
from zkaudit.reed_solomon.domain import (
    Domain,
    _inverse_matrix,
    _twist,
    bit_reversal,
    evaluate_polynomial,
    interpolate,
    powers,
)

GF = galois.GF(MODULUS, primitive_element=3, verify=False)


def residues(*shape: int, seed: int = 1) -> Array:
    return np.random.default_rng(seed).integers(0, MODULUS, shape).astype(np.uint64)


def plain_encoding(domain: Domain, cells: list[int], pads: list[int], x: int) -> int:
    """w(x) + (x^W - 1) r(x) with w by Lagrange's formula."""
    nodes = [domain.cell_point(i) for i in range(domain.width)]
    total = 0
    for i, node in enumerate(nodes):
        above = below = 1
        for j, other in enumerate(nodes):
            if i != j:
                above = above * (x - other) % MODULUS
                below = below * (node - other) % MODULUS
        total += cells[i] * above * pow(below, -1, MODULUS)
    mask = sum(pad * pow(x, j, MODULUS) for j, pad in enumerate(pads))
    return (total + (pow(x, domain.width, MODULUS) - 1) * mask) % MODULUS


@pytest.mark.parametrize(("width", "columns", "pads"), [(2, 8, 1), (4, 16, 4), (16, 128, 5), (8, 128, 8)])
def test_points(width: int, columns: int, pads: int) -> None:
    domain = Domain(width, columns, pads)
    cells = [domain.cell_point(i) for i in range(width)]
    points = [domain.column_point(j) for j in range(columns)]
    assert len({*cells, *points}) == width + columns
    assert all(pow(x, width, MODULUS) == 1 for x in cells)
    assert all(pow(x * pow(3, -1, MODULUS), columns, MODULUS) == 1 for x in points)
    assert domain.column_points(list(range(columns))).tolist() == points
    assert [domain.coset_shift(coset) for coset in range(domain.cosets)] == points[::width]
    root = pow(3, (MODULUS - 1) // width, MODULUS)
    bits = width.bit_length() - 1
    assert cells == [pow(root, int(format(i, f"0{bits}b")[::-1], 2), MODULUS) for i in range(width)]


@pytest.mark.parametrize(
    ("width", "columns", "pads"), [(3, 8, 1), (4, 12, 1), (4, 4, 1), (4, 16, 5), (4, 16, 0), (1, 4, 1), (4, 2**25, 1)]
)
def test_impossible_domains(width: int, columns: int, pads: int) -> None:
    with pytest.raises(ValueError, match=r"power of two|columns|pads"):
        Domain(width, columns, pads)


def test_the_largest_domain_is_the_largest_subgroup() -> None:
    assert Domain(1 << 21, 1 << 24, 100).cosets == 8


@pytest.mark.parametrize(("width", "columns", "pads"), [(2, 8, 1), (8, 32, 3), (16, 128, 16)])
def test_encoding(width: int, columns: int, pads: int) -> None:
    domain = Domain(width, columns, pads)
    cells, masks = residues(5, width), residues(5, pads, seed=2)
    encoded = domain.evaluate_row(cells, masks, list(range(columns)))
    for k in range(5):
        for index in range(columns):
            x = domain.column_point(index)
            assert int(encoded[k, index]) == plain_encoding(domain, cells[k].tolist(), masks[k].tolist(), x)


@pytest.mark.parametrize("bits", [0, 1, 3, 7, 8, 9, 11, 13, 16])
def test_interpolation_inverts_evaluation(bits: int) -> None:
    width = 1 << bits
    cells = residues(2, width)
    coefficients = interpolate(cells)
    assert coefficients.shape == cells.shape
    assert np.array_equal(interpolate(cells[1]), coefficients[1])
    some = np.random.default_rng(3).integers(0, width, 8)
    root = pow(3, (MODULUS - 1) // width, MODULUS)
    points = np.array([pow(root, int(bit_reversal(bits)[i]), MODULUS) for i in some], np.uint64)
    assert np.array_equal(evaluate_polynomial(coefficients, points), cells[:, some])
    with pytest.raises(ValueError, match="power of two"):
        interpolate(residues(5, 3))


@given(st.integers(0, 300), st.integers(0, 5), st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_evaluation_against_galois(length: int, count: int, seed: int) -> None:
    coefficients, points = residues(5, length, seed=seed), residues(count, seed=seed + 1)
    found = evaluate_polynomial(coefficients, points)
    assert found.shape == (5, count)
    for k in range(5):
        if length and count:
            polynomial = galois.Poly(GF(coefficients[k].astype(np.int64)), order="asc")
            expected = polynomial(GF(points.astype(np.int64)))
            assert found[k].tolist() == [int(v) for v in expected]
        else:
            assert not found[k].any()


def test_extreme_residues_do_not_overflow() -> None:
    top = np.full((5, 1 << 10), MODULUS - 1, np.uint64)
    point = np.array([MODULUS - 1, MODULUS - 2, 1], np.uint64)
    found = evaluate_polynomial(top, point)
    expected = [sum((MODULUS - 1) * pow(int(x), j, MODULUS) for j in range(1 << 10)) % MODULUS for x in point]
    assert found[4].tolist() == expected
    assert interpolate(top)[0].tolist() == [MODULUS - 1] + [0] * (top.shape[1] - 1)


def test_kept_tables_are_read_only() -> None:
    for table in (bit_reversal(4), _inverse_matrix(4), _twist(10, 5)):
        with pytest.raises(ValueError, match="read-only"):
            table[0] = 0


def test_powers() -> None:
    assert powers(3, 100).tolist() == [pow(3, i, MODULUS) for i in range(100)]
    assert powers(3, 0).size == 0
