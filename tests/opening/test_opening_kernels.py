"""The passes over all cells against numpy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zkaudit.field import arrays
from zkaudit.field.arrays import Array
from zkaudit.field.koalabear import MODULUS
from zkaudit.opening import kernels
from zkaudit.opening.kernels import collapse_samples, combine_rows


def random_case(rows: int, width: int, factors: int, extreme: bool) -> tuple[np.ndarray, Array]:
    if extreme:
        return np.full(rows * width, MODULUS - 1, np.uint32), np.full((5, factors), MODULUS - 1, np.uint64)
    rng = np.random.default_rng(rows + 1000 * width)
    cells = rng.integers(0, MODULUS, rows * width, dtype=np.uint32)
    return cells, rng.integers(0, MODULUS, (5, factors), dtype=np.uint64)


@pytest.mark.parametrize("extreme", [False, True])
@pytest.mark.parametrize("samples", [1, 2, 4, 8, 16, 32, 64, 128, 1024])
@pytest.mark.parametrize("positions", [0, 1, 7, 40])
def test_collapse_samples(positions: int, samples: int, extreme: bool) -> None:
    cells, weights = random_case(positions, samples, samples, extreme)
    expected = arrays.matrix_product(weights, cells.reshape(positions, samples).T.astype(np.uint64))
    np.testing.assert_array_equal(collapse_samples(cells, samples, weights), expected)


@pytest.mark.parametrize("extreme", [False, True])
@pytest.mark.parametrize("width", [1, 2, 8, 16, 31, 64, 2048, 2500])
@pytest.mark.parametrize("rows", [0, 1, 3, 4, 9])
def test_combine_rows(rows: int, width: int, extreme: bool) -> None:
    cells, coefficients = random_case(rows, width, rows, extreme)
    expected = arrays.matrix_product(coefficients, cells.reshape(rows, width).astype(np.uint64))
    np.testing.assert_array_equal(combine_rows(cells, width, coefficients), expected)


@given(st.integers(0, 60), st.integers(1, 200))
@settings(max_examples=40, deadline=None)
def test_combine_any_shape(rows: int, width: int) -> None:
    cells, factors = random_case(rows, width, max(rows, width), False)
    matrix = cells.reshape(rows, width).astype(np.uint64)
    np.testing.assert_array_equal(
        combine_rows(cells, width, factors[:, :rows]), arrays.matrix_product(factors[:, :rows], matrix)
    )


def test_threads_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "PARALLEL_CELLS", 1)
    test_collapse_samples(40, 64, False)
    test_combine_rows(9, 64, True)


def test_shapes_are_checked() -> None:
    cells, weights = random_case(3, 8, 8, False)
    with pytest.raises(ValueError, match="no rows"):
        collapse_samples(cells, 16, weights)
    with pytest.raises(ValueError, match="no rows"):
        collapse_samples(cells, 4, weights)
    with pytest.raises(ValueError, match="power of two"):
        collapse_samples(cells, 3, weights[:, :3])
    with pytest.raises(ValueError, match="coefficients"):
        combine_rows(cells, 8, weights)
