"""Structured static weights: runs of entries in the prover, products of rows and columns in the verifier."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.views import random_element, random_elements
from zkaudit.field import arrays, blocks
from zkaudit.field.arrays import Array
from zkaudit.field.extension import Element
from zkaudit.field.koalabear import MODULUS
from zkaudit.opening import kernels, static, structured
from zkaudit.opening.claims import OuterTerm, RangeTerm
from zkaudit.opening.kernels import add_runs
from zkaudit.opening.structured import outer_product
from zkaudit.randomness import uniform_elements
from zkaudit.relation import Integers

MOST = np.uint64(MODULUS - 1)


def random_blocked(count: int) -> tuple[np.ndarray, Array]:
    vector = uniform_elements(count)
    return blocks.to_blocks(vector), vector


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 70), st.integers(0, 60)), max_size=6), st.booleans())
@settings(max_examples=60, deadline=None)
def test_runs(runs: list[tuple[int, int, int]], extreme: bool) -> None:
    """Runs with gaps before each, of any length, from anywhere in the vector."""
    gaps, lengths, entries = (np.array([run[i] for run in runs], np.int64) for i in range(3))
    firsts: Integers = np.cumsum(gaps + lengths) - lengths
    vector, scalars = uniform_elements(130), uniform_elements(len(runs))
    if extreme:
        vector[:], scalars[:] = MOST, MOST
    out, expected = random_blocked(int((gaps + lengths).sum()) + 20)
    add_runs(out, vector, firsts, entries, lengths, scalars)
    for first, entry, length, scalar in zip(firsts, entries, lengths, arrays.to_elements(scalars), strict=True):
        part = expected[:, first : first + length]
        part[...] = arrays.add(part, arrays.scale(vector[:, entry : entry + length], scalar))
    np.testing.assert_array_equal(blocks.from_blocks(out, expected.shape[1]), expected)


def test_threads_do_not_change_the_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "PARALLEL_CELLS", 1)
    lengths = np.full(50, 27, np.int64)
    firsts = np.arange(50, dtype=np.int64) * 27 + 5
    vector, scalars = uniform_elements(27), uniform_elements(50)
    out, expected = random_blocked(1400)
    add_runs(out, vector, firsts, 0 * lengths, lengths, scalars)
    outer = arrays.multiply(scalars[:, :, None], vector[:, None, :]).reshape(5, -1)
    expected[:, 5 : 5 + outer.shape[1]] = arrays.add(expected[:, 5 : 5 + outer.shape[1]], outer)
    np.testing.assert_array_equal(blocks.from_blocks(out, 1400), expected)


@pytest.mark.parametrize(("first", "entry", "length"), [(-1, 0, 3), (0, -1, 3), (0, 0, -1), (10, 0, 7), (0, 2, 3)])
def test_runs_outside_the_arrays_are_refused(first: int, entry: int, length: int) -> None:
    out, _ = random_blocked(16)
    one = np.ones(1, np.int64)
    with pytest.raises(ValueError, match="runs up to"):
        add_runs(out, uniform_elements(4), first * one, entry * one, length * one, uniform_elements(1))


@pytest.mark.parametrize("low", [0, 2, 12])
@pytest.mark.parametrize(("leaf_start", "length"), [(0, 64), (3, 0), (5, 1), (7, 50), (0, 4), (4, 8), (63, 1)])
def test_ranges_as_runs(monkeypatch: pytest.MonkeyPatch, low: int, leaf_start: int, length: int) -> None:
    monkeypatch.setattr(static, "_LOW_VARIABLES", low)
    point, factor, coefficient = random_elements(6), random_element(), random_element()
    term = RangeTerm(column="x", start=0, point=point, leaf_start=leaf_start, length=length, factor=factor)
    out, expected = random_blocked(100)
    static._add_range(out, 9, term, coefficient)
    weights = arrays.scale(arrays.equality_range(point, leaf_start, length), factor)
    part = expected[:, 9 : 9 + length]
    part[...] = arrays.add(part, arrays.scale(weights, coefficient))
    np.testing.assert_array_equal(blocks.from_blocks(out, 100), expected)


SHAPES = [(1, 1, 1), (1, 5, 7), (1, 5, 8), (1, 6, 12), (4, 1, 9), (3, 2, 4), (2, 3, 6), (1, 1, 48), (16, 1, 1)]


def outer_weights(rows: Array, columns: Array) -> Array:
    return arrays.multiply(rows[:, :, :, None], columns[:, :, None, :]).reshape(5, -1)


def dense(point: list[Element], first: int, weights: Array) -> Element:
    return arrays.dot(weights, arrays.equality_range(point, first, weights.shape[1]))


@pytest.mark.parametrize("shape", SHAPES)
def test_outer_products_as_runs(shape: tuple[int, int, int]) -> None:
    groups, outputs, inputs = shape
    rows = uniform_elements(groups * outputs).reshape(5, groups, outputs)
    columns = uniform_elements(groups * inputs).reshape(5, groups, inputs)
    coefficient = random_element()
    out, expected = random_blocked(100)
    static._add_outer(out, 3, OuterTerm(column="x", start=0, rows=rows, columns=columns), coefficient)
    weights = outer_weights(rows, columns)
    part = expected[:, 3 : 3 + weights.shape[1]]
    part[...] = arrays.add(part, arrays.scale(weights, coefficient))
    np.testing.assert_array_equal(blocks.from_blocks(out, 100), expected)


@pytest.mark.parametrize("chunk", [1, 5, 1 << 16])
@pytest.mark.parametrize("first", [0, 1, 8, 29])
@pytest.mark.parametrize("shape", SHAPES)
def test_outer_products_at_a_point(
    monkeypatch: pytest.MonkeyPatch, shape: tuple[int, int, int], first: int, chunk: int
) -> None:
    monkeypatch.setattr(structured, "_CHUNK", chunk)
    groups, outputs, inputs = shape
    rows = uniform_elements(groups * outputs).reshape(5, groups, outputs)
    columns = uniform_elements(groups * inputs).reshape(5, groups, inputs)
    point = random_elements(7)
    assert outer_product(point, first, rows, columns) == dense(point, first, outer_weights(rows, columns))


def test_outer_products_that_fill_the_cube() -> None:
    rows, columns, point = uniform_elements(4), uniform_elements(16), random_elements(6)
    weights = outer_weights(rows[:, None], columns[:, None])
    assert outer_product(point, 0, rows[:, None], columns[:, None]) == dense(point, 0, weights)
    rows, columns = uniform_elements(5), uniform_elements(6)
    weights = outer_weights(rows[:, None], columns[:, None])
    # The last run ends with the cube, off the blocks of two.
    assert outer_product(point, 34, rows[:, None], columns[:, None]) == dense(point, 34, weights)
    rows, columns = uniform_elements(9), uniform_elements(7)
    weights = outer_weights(rows[:, None], columns[:, None])
    assert outer_product(point, 1, rows[:, None], columns[:, None]) == dense(point, 1, weights)
