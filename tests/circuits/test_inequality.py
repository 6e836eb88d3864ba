"""Inequalities whose numbers no honest claim reaches: they are split as far as they go, or refused, never wrapped."""

from __future__ import annotations

import numpy as np
import pytest

from zkaudit.builder import CircuitBuilder
from zkaudit.checking import check_columns
from zkaudit.errors import InvalidInput
from zkaudit.field.koalabear import HALF
from zkaudit.relation import Integers, Interval, Kind, multiplicity
from zkaudit_circuits.inequality import Form, Inequalities, Run, digit, limb_cell, limb_columns, nonzero_runs
from zkaudit_circuits.limbs import add_limbs, limb_witness
from zkaudit_circuits.multiplicities import count_lookups

CELLS = "cells limb 0"


def one(factor: int, largest: int, constant: int = 0, cells: int = 1) -> Inequalities:
    """factor (cell + cell + ...) + constant >= 0."""
    run = Run(column=CELLS, start=0, coefficients=(factor,) * cells, largest=largest)
    high = max(factor, 0) * largest * cells + constant
    return Inequalities(name="one", forms=(Form(name="form", runs=(run,), constant=constant, high=high),))


def test_stretches_without_a_zero() -> None:
    for coefficients, runs in (
        ((0, 3, -4, 0, 0, 7), [(6, (3, -4)), (10, (7,))]),
        ((1, 2), [(5, (1, 2))]),
        ((1, 0), [(5, (1,))]),
        ((0, 0), []),
    ):
        assert list(nonzero_runs("cells", 5, coefficients)) == [("cells", *run) for run in runs]


def test_limbs_have_even_widths_and_what_they_weigh() -> None:
    assert list(limb_columns("x", (1 << 12) - 1)) == [("x limb 0", 1, 4095)]
    assert list(limb_columns("x", 1 << 12)) == [("x limb 0", 1, 127), ("x limb 1", 128, 63)]
    assert list(limb_columns("x", 0)) == []
    assert list(limb_cell("x", 1 << 12, 9, -3)) == [("x limb 0", 9, (-3,)), ("x limb 1", 9, (-384,))]


def test_digits_have_the_sign_of_the_number() -> None:
    assert [digit(0x1234, 4, j) for j in range(5)] == [4, 3, 2, 1, 0]
    assert [digit(-0x1234, 8, j) for j in range(3)] == [-0x34, -0x12, 0]
    assert [digit(5, 1, j) for j in range(3)] == [1, 0, 1]


@pytest.mark.parametrize(
    ("factor", "largest", "width"),
    [
        (1, 255, 0),
        (1 << 40, 255, 8),
        # A carry is at most two more than the largest cell, and takes a bit more from 2^20 on.
        (1 << 40, (1 << 20) - 3, 8),
        (1 << 40, (1 << 20) - 2, 7),
        (1 << 40, (1 << 21) - 3, 7),
        (1 << 40, (1 << 21) - 2, 6),
        (1 << 40, (1 << 22) - 3, 6),
        (1 << 40, (1 << 22) - 2, 5),
        (1 << 40, (1 << 23) - 3, 5),
        (1 << 40, (1 << 23) - 2, 4),
        (1 << 40, (1 << 24) - 3, 4),
        (1 << 40, (1 << 24) - 2, 3),
        (1 << 40, (1 << 25) - 3, 3),
        (1 << 40, (1 << 25) - 2, 2),
        (1 << 40, (1 << 26) - 3, 2),
        (1 << 40, (1 << 26) - 2, 1),
        (1 << 40, 1 << 28, 1),
    ],
)
def test_digits_are_as_wide_as_their_carries_leave_room_for(factor: int, largest: int, width: int) -> None:
    assert one(factor, largest).width == width


def test_there_are_digits_for_every_public_integer() -> None:
    assert one(-(1 << 40), 255).digits == 6
    assert one(-(1 << 40), 255, constant=1 << 48).digits == 7


@pytest.mark.parametrize(
    ("factor", "largest", "width", "digits", "carry_bits"),
    [
        # Twice the carry, 734,002 and 2^26 + 2, has 21 bits and 28.
        (1 << 12, 734_000, 8, 2, 21),
        (1 << 12, 1 << 26, 1, 13, 28),
    ],
)
def test_slacks_and_carries_have_limbs(factor: int, largest: int, width: int, digits: int, carry_bits: int) -> None:
    run = Run(column=CELLS, start=0, coefficients=(factor,), largest=largest)
    inequality = Inequalities(name="one", forms=(Form(name="form", runs=(run,), constant=0, high=factor),))
    builder = CircuitBuilder(sample_bits=0)
    builder.add_column(CELLS, Kind.STATIC, 1, Interval(low=0, high=largest))
    inequality.lower(builder)
    assert (inequality.width, inequality.digits, len(builder.functionals)) == (width, digits, digits)
    bits = {"slack digit": 0, "carry": 0}
    for name, column in builder.columns.items():
        part = name.removeprefix("one/").partition(" limb ")[0]
        if name != CELLS:
            bits[part] += column.interval.high.bit_length()
            assert column.positions == (digits if part == "slack digit" else digits - 1)
    assert bits == {"slack digit": width, "carry": carry_bits}


@pytest.mark.parametrize(
    ("factor", "constant", "high", "width"),
    [
        # The cell lies in [0, 255], and so do a slack of at most 255 and its limbs.
        (1, HALF - 255, 255, 0),
        (1, HALF - 254, 255, 8),
        (-1, 255 - (HALF - 255), 255, 0),
        (-1, 254 - (HALF - 255), 255, 8),
        (-1, 256 - (HALF - 255), 256, 8),
        (-(HALF // 255), 0, 0, 0),
        (-(HALF // 255) - 1, 0, 0, 8),
    ],
)
def test_a_form_is_whole_up_to_the_last_integer_of_the_field(factor: int, constant: int, high: int, width: int) -> None:
    run = Run(column=CELLS, start=0, coefficients=(factor,), largest=255)
    form = Form(name="form", runs=(run,), constant=constant, high=high)
    assert Inequalities(name="one", forms=(form,)).width == width


def test_only_positive_cells_lift_a_form() -> None:
    run = Run(column=CELLS, start=0, coefficients=(HALF // 255 + 1, -1000), largest=255)
    form = Form(name="form", runs=(run,), constant=0, high=255)
    assert Inequalities(name="one", forms=(form,)).width == 8


def test_what_even_digits_of_one_bit_do_not_hold_is_refused() -> None:
    run = Run(column=CELLS, start=0, coefficients=(1,), largest=HALF + 1)
    single = Inequalities(name="one", forms=(Form(name="form", runs=(run,), constant=0, high=1),))
    assert (single.width, single.digits) == (1, 1)
    for inequality in (one(1 << 40, HALF), single):
        builder = CircuitBuilder(sample_bits=0)
        builder.add_column(CELLS, Kind.STATIC, 1, Interval(low=0, high=HALF + 1))
        with pytest.raises(InvalidInput, match="wrap"):
            inequality.lower(builder)
    # The witness of a form of one digit has no carry to name.
    assert set(single.witness({CELLS: np.array([1])})) == {"one/slack digit limb 0"}


# Carries of 16 cells are below 2^12, and need another limb with their offset.
@pytest.mark.parametrize("cells", [[0, 1, 200, 255], list(range(0, 256, 17))])
@pytest.mark.parametrize("factor", [1, -1, 3, 1 << 20, -(1 << 20), 10**17, -(10**17)])
def test_the_witness_decides_at_the_bound(factor: int, cells: list[int]) -> None:
    value = factor * sum(cells)
    for excess in (0, 1, 10**9, -1):
        inequality = one(factor, 255, constant=excess - value, cells=len(cells))
        builder = CircuitBuilder(sample_bits=0)
        add_limbs(builder, "cells", "claim", Kind.STATIC, len(cells), 255)
        inequality.lower(builder)
        circuit = builder.build()
        columns: dict[str, Integers] = limb_witness("cells", 255, np.array(cells))
        columns |= inequality.witness(columns)
        columns |= {multiplicity(table): counts for table, counts in count_lookups(circuit, columns).items()}
        assert (not check_columns(circuit, columns).violations) == (excess >= 0), (factor, excess)
