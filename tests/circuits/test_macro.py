"""The sizes of a macro F1: as many digits as the rounding asks for, and carries that hold every digit's sum."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pytest

from zkaudit.relation import Integers
from zkaudit_circuits.inequality import limb_columns
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


@pytest.mark.parametrize(
    ("samples", "size"),
    [
        (30, 10),
        (60, 20),
        (4000, 1333),
        (1 << 18, (1 << 18) // 3),
        # The largest denominator is the largest of a digit, or near it.
        (200_000, 60_000),
        (196_608, 65_535),
    ],
)
def test_the_largest_carry_is_the_least_that_holds(samples: int, size: int) -> None:
    part = score(samples, (size,) * 3)
    most = (1 << LIMB) - 1
    sums = np.zeros(part.digits + 3, np.int64)
    for i, j in zip(*(limbs.tolist() for limbs in part.diagonal), strict=True):
        sums[(i + j) // 3] += most**2 << LIMB * ((i + j) % 3)
    reach = int(sums.max()) + part.largest_denominator
    carry = part.largest_carry
    assert reach + carry <= carry << DIGIT
    assert reach + carry - 1 > (carry - 1) << DIGIT


def test_what_is_in_limbs_has_room_for_its_largest() -> None:
    part = score(60, (4, 1))
    remainder, room, right, carry = part._limbs()
    assert remainder == ("macro/remainder", 2, 63)
    assert room == ("macro/room", 2, 63)
    assert right == ("macro/right", 2, 4)
    assert carry == ("macro/carry", 2 * part.digits, 2 * part.largest_carry)


@dataclass(frozen=True)
class Spelled:
    """The integers of one class in a witness."""

    quotient: int
    denominator: int
    remainder: int
    room: int
    right: int
    carries: list[int]


def spelled(part: MacroScore, columns: dict[str, Integers], c: int) -> Spelled:
    """Limbs put together."""
    i = np.arange(part.quotient_limbs)
    quotient = columns["macro/quotient"].reshape(-1, part.classes)[i, c].tolist()
    denominator = columns["macro/denominator"].reshape(part.classes, -1)[c].tolist()
    limbs = {}
    for name, positions, maximum in part._limbs():
        cells = np.zeros(positions, object)
        for column, weight, _ in limb_columns(name, maximum):
            cells += columns[column].astype(object) * weight
        limbs[name.removeprefix("macro/")] = cells.reshape(part.classes, -1)[c].tolist()
    return Spelled(
        quotient=sum(limb << LIMB * k for k, limb in enumerate(quotient)),
        denominator=sum(limb << LIMB * k for k, limb in enumerate(denominator)),
        remainder=limbs["remainder"][0],
        room=limbs["room"][0],
        right=limbs["right"][0],
        carries=[carry - part.largest_carry for carry in limbs["carry"]],
    )


@pytest.mark.parametrize("up", [True, False])
@pytest.mark.parametrize(
    ("samples", "size", "hits", "predictions"),
    [(7, 3, 2, 3), (300, 100, 100, 300), (5, 5, 0, 0), (5, 5, 5, 5), (200_000, 60_000, 33_333, 170_000)],
)
def test_the_witness_spells_quotients_and_what_is_left(
    up: bool, samples: int, size: int, hits: int, predictions: int
) -> None:
    bits = np.zeros((1, samples), np.int64)
    bits[0, :hits] = bits[0, size : size + predictions - hits] = 1
    chosen, zeros = np.arange(samples), np.zeros(samples, np.int64)
    part = MacroScore(
        name="macro",
        samples=samples,
        right=(Tally(column="bits", positions=zeros[:size], samples=chosen[:size]),),
        predicted=(Tally(column="bits", positions=zeros, samples=chosen),),
        threshold=Fraction(1, 2),
        up=up,
    )
    found = spelled(part, part.witness({"bits": bits}), 0)
    exact, denominator = 2 * part.scale * hits, predictions + size
    assert (found.right, found.denominator) == (hits, denominator)
    assert found.quotient == (-(-exact // denominator) if up else exact // denominator)
    assert found.remainder == abs(found.quotient * denominator - exact)
    assert found.remainder + found.room == denominator - 1
    # The digits of the product of the limbs, with carries and the remainder, are those of 2 M t.
    sums = [0] * (part.digits + 2)
    for i, j in zip(*(limbs.tolist() for limbs in part.diagonal), strict=True):
        left, right = found.quotient >> LIMB * i & 63, found.denominator >> LIMB * j & 63
        sums[(i + j) // 3] += left * right << LIMB * ((i + j) % 3)
    rest = -found.remainder if up else found.remainder
    for s, carry in enumerate(found.carries):
        assert sums[s] + rest == carry << DIGIT
        rest = carry
    assert sums[part.digits] + rest == hits


def test_a_lie_about_the_bits_is_spelled_as_far_as_limbs_go() -> None:
    part = score(60, (4,))
    assert (part.denominator_limbs, part.quotient_limbs) == (2, 3)
    bits = np.zeros((1, 60), np.int64)
    for cell, hits, denominator in ((5_000, 4, 4095), (1023, 4, 4 * 1023 + 4 - 1), (-9, 0, 1)):
        bits[0, :4] = cell
        bits[0, 3] -= cell == 1023
        found = spelled(part, part.witness({"bits": bits}), 0)
        assert (found.right, found.denominator) == (hits, denominator)
        assert found.quotient == min(-(-2 * part.scale * hits // denominator), (1 << 18) - 1)
    # A score of four thirds takes all limbs of a quotient.
    few = replace(part, predicted=(Tally(column="none", positions=np.zeros(4, np.int64), samples=np.arange(4)),))
    bits[0, :4] = 1
    found = spelled(few, few.witness({"bits": bits, "none": np.array([[-1, 0, 0, 0]])}), 0)
    assert (found.denominator, found.quotient) == (3, (1 << 18) - 1)
