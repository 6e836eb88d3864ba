"""Inner products of which one side is over K, against a scalar verifier."""

from __future__ import annotations

import numpy as np
import pytest

from tests.sumcheck.test_sumcheck_prover import ScalarVerifier, evaluate, random_vector
from zkaudit.field import arrays, blocks, extension
from zkaudit.field.arrays import Array
from zkaudit.field.koalabear import MODULUS
from zkaudit.sumcheck import inner
from zkaudit.sumcheck.inner import InnerProducts, bind_together


def case(count: int, extreme: bool = False) -> tuple[Array, np.ndarray]:
    """A vector of as many entries as the power of two above `count`, and that many cells."""
    size = 1 << max(count - 1, 0).bit_length()
    if extreme:
        return np.full((5, size), MODULUS - 1, np.uint64), np.full(count, MODULUS - 1, np.uint32)
    return random_vector(size), np.random.default_rng(count).integers(0, MODULUS, count, dtype=np.uint32)


def product_of(left: Array, cells: np.ndarray) -> extension.Element:
    return arrays.dot_base(left[:, : cells.size], cells.astype(np.int64))


@pytest.mark.parametrize("extreme", [False, True])
@pytest.mark.parametrize("more", [0, 1, 3])
@pytest.mark.parametrize("count", [0, 1, 2, 5, 16, 17, 32, 33, 100, 512])
def test_one_side_over_the_base_field(count: int, more: int, extreme: bool) -> None:
    left, cells = case(count, extreme)
    variables = (left.shape[1] - 1).bit_length() + more
    verifier = ScalarVerifier(product_of(left, cells))
    product = InnerProducts([], variables, [(blocks.to_blocks(left), cells)])
    point = bind_together(verifier, [product], variables)
    a, b = product.value(0, 0), product.value(0, 1)
    assert (a, b) == (evaluate(left, point), evaluate(arrays.embed(cells.astype(np.int64)), point))
    assert verifier.claim == extension.multiply(a, b)


@pytest.mark.parametrize("rounds", [0, 1, 2, 5])
def test_what_is_left_after_some_rounds(rounds: int) -> None:
    left, cells = case(200)
    embedded = arrays.embed(cells.astype(np.int64))
    pair = random_vector(70), random_vector(300)
    common = arrays.dot(pair[0], pair[1][:, :70])
    verifier = ScalarVerifier(extension.add(product_of(left, cells), common))
    first = InnerProducts([pair], 10, [(blocks.to_blocks(left), cells)])
    top = bind_together(verifier, [first], rounds)
    rest = InnerProducts(first.pairs, 10 - rounds)
    point = bind_together(verifier, [rest], 10 - rounds) + top
    assert rest.value(1, 0) == evaluate(left, point)
    assert rest.value(1, 1) == evaluate(embedded, point)


def test_threads_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inner, "PARALLEL_BLOCKS", 1)
    test_one_side_over_the_base_field(512, 1, True)


def test_the_vector_has_the_entries_of_the_cube() -> None:
    left, cells = case(100)
    with pytest.raises(ValueError, match="beside 20"):
        InnerProducts([], 9, [(blocks.to_blocks(left), cells[:20])])
    with pytest.raises(ValueError, match="variables"):
        InnerProducts([], 6, [(blocks.to_blocks(left), cells)])
