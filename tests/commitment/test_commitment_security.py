"""The commitment's estimates against known answers, and against a search over all sublattices."""

from __future__ import annotations

from fractions import Fraction
from math import log2, sqrt

import pytest

from zkaudit.commitment.ajtai import RANDOMNESS, RANDOMNESS_BOUND
from zkaudit.commitment.ring import DEGREE
from zkaudit.commitment.security import NORM, estimate_binding, hiding_bits, log_root_hermite_factor
from zkaudit.field.koalabear import MODULUS


def test_norm_is_the_largest_difference_of_two_signed_bytes() -> None:
    assert NORM == 255
    assert NORM >= 2 * RANDOMNESS_BOUND


@pytest.mark.parametrize(
    ("norm", "block_size", "classical", "quantum"),
    # The second is for a difference of 2 * 128, one more than there is.
    [(255, 1013, 295.796, 268.445), (256, 1012, 295.504, 268.18)],
)
def test_binding_known_answers(norm: int, block_size: int, classical: float, quantum: float) -> None:
    binding = estimate_binding(norm)
    assert binding.block_size == block_size
    assert binding.classical_bits == pytest.approx(classical)
    assert binding.quantum_bits == pytest.approx(quantum)


def test_root_hermite_factor_known_answers() -> None:
    assert 2 ** log_root_hermite_factor(1012) == pytest.approx(1.0020246856731014, rel=1e-12)
    factors = [log_root_hermite_factor(size) for size in range(50, 6000)]
    assert factors == sorted(factors, reverse=True)


def test_no_other_sublattice_and_no_smaller_block_size_is_enough() -> None:
    binding = estimate_binding()

    def shortest(size: int, dimension: int) -> float:
        """Length of a reduced vector over that of the longest admissible one, in bits."""
        length = dimension * log_root_hermite_factor(size) + DEGREE * log2(MODULUS) / dimension
        return length - log2(NORM * sqrt(dimension))

    assert shortest(binding.block_size, binding.dimension) <= 0
    assert all(shortest(binding.block_size - 1, dimension) > 0 for dimension in range(DEGREE + 1, 8 * DEGREE))


def test_larger_norms_are_easier_and_absurd_ones_have_no_estimate() -> None:
    sizes = [estimate_binding(norm).block_size for norm in (255, 1 << 10, 1 << 12, 1 << 14)]
    assert sizes == sorted(sizes, reverse=True)
    with pytest.raises(ValueError, match="no block size"):
        estimate_binding(1)


def test_hiding_is_the_leftover_hash_distance() -> None:
    assert hiding_bits() == pytest.approx(254.11463935645952, rel=1e-12)
    # The square of 1/2 sqrt(p^512 / 255^2048), exactly.
    square = Fraction(MODULUS**DEGREE, 4 * (2 * RANDOMNESS_BOUND + 1) ** RANDOMNESS)
    assert square < Fraction(1, 4**254)
    assert square > Fraction(1, 4**255)
