"""The sizes of a macro F1: as many digits as the rounding asks for, and carries that hold every digit's sum."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from zkaudit_circuits.macro import DIGIT, LIMB, MacroScore
from zkaudit_circuits.tally import Tally


def score(samples: int, sizes: tuple[int, ...], threshold: Fraction = Fraction(1), up: bool = True) -> MacroScore:
    """Classes of so many samples each."""
    right = tuple(Tally(column="bits", positions=np.zeros(n, np.int64), samples=np.arange(n)) for n in sizes)
    return MacroScore(name="macro", samples=samples, right=right, predicted=right, threshold=threshold, up=up)


@pytest.mark.parametrize(
    ("samples", "classes", "denominator", "digits"),
    [
        # M = 2^(18 S - 1) is at least m b (2 N / m)^m, which is 2 N b for one class and 2 N^2 b for two.
        (1 << 16, 1, 1, 1),
        ((1 << 16) + 1, 1, 1, 2),
        (1 << 15, 1, 2, 1),
        (1 << 15, 1, 3, 2),
        (256, 2, 1, 1),
        (257, 2, 1, 2),
        (1 << 17, 2, 1, 2),
        ((1 << 17) + 1, 2, 1, 3),
        # 3 b floor(8 N^3 / 27), N = 52 and N = 53.
        (52, 3, 1, 1),
        (53, 3, 1, 2),
    ],
)
def test_the_rounding_is_as_fine_as_it_has_to_be(samples: int, classes: int, denominator: int, digits: int) -> None:
    part = score(samples, (1,) * classes, Fraction(1, denominator))
    assert (part.digits, part.scale) == (digits, 1 << (18 * digits - 1))
    needed = Fraction(classes * denominator * (2 * samples) ** classes, classes**classes)
    assert part.scale >= needed > part.scale >> DIGIT


@pytest.mark.parametrize(
    ("samples", "sizes", "largest", "limbs"), [(60, (1, 3), 63, 1), (60, (4, 1), 64, 2), (4000, (95, 2), 4095, 2)]
)
def test_a_denominator_has_limbs_for_all_samples_and_a_class(
    samples: int, sizes: tuple[int, ...], largest: int, limbs: int
) -> None:
    part = score(samples, sizes)
    assert (part.largest_hits, part.largest_denominator, part.denominator_limbs) == (max(sizes), largest, limbs)
    assert part.products == len(part.diagonal[0]) * len(sizes)


@pytest.mark.parametrize("samples", [30, 60, 4000, 1 << 18])
def test_the_largest_carry_is_the_least_that_holds(samples: int) -> None:
    part = score(samples, (samples // 3,) * 3)
    most = (1 << LIMB) - 1
    sums = np.zeros(part.digits + 3, np.int64)
    for i, j in zip(*(limbs.tolist() for limbs in part.diagonal), strict=True):
        sums[(i + j) // 3] += most**2 << LIMB * ((i + j) % 3)
    reach = int(sums.max()) + part.largest_denominator
    carry = part.largest_carry
    assert reach + carry <= carry << DIGIT
    assert reach + carry - 1 > (carry - 1) << DIGIT
