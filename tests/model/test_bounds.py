"""Worst-case bounds: reached exactly, never exceeded, and refused by layer."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from zkaudit.errors import InvalidInput
from zkaudit.field.koalabear import HALF
from zkaudit.model.architecture import Architecture, Dense, Requantise
from zkaudit.model.bounds import (
    accumulator_bounds,
    argmax_reach,
    bias_bound,
    bias_capacity,
    check_bounds,
    requantisation_reach,
)
from zkaudit.model.model import bias_digits


def _architecture(widths: list[int], shift: int = 8, activation: str = "relu", low: int = 0) -> Architecture:
    layers: list[Dense | Requantise] = []
    for inputs, outputs in pairwise(widths):
        layers += [Dense(inputs=inputs, outputs=outputs, bias_limbs=1), Requantise(shift=shift, activation=activation)]
    return Architecture(
        input_shape=(widths[0],), input_low=low, input_high=255, input_scale=(1.0).hex(), layers=tuple(layers[:-1])
    )


def test_accumulator_bounds_are_the_intervals() -> None:
    assert accumulator_bounds(_architecture([6, 4, 3])) == (6 * 128 * 255 + 128, 4 * 128 * 255 + 128)
    assert accumulator_bounds(_architecture([6, 4, 3], activation="identity")) == (
        6 * 128 * 255 + 128,
        4 * 128 * 128 + 128,
    )
    assert accumulator_bounds(_architecture([6, 3], low=-128)) == (6 * 128 * 255 + 128,)


@pytest.mark.parametrize("limbs", [1, 2, 3])
def test_bias_capacity_is_what_digits_hold(limbs: int) -> None:
    capacity = bias_capacity(limbs)
    digits = bias_digits(np.array([capacity, -capacity]), limbs)
    assert (digits[:, 0] == 127).all()
    assert [sum(int(d) << (8 * i) for i, d in enumerate(digits[:, k])) for k in (0, 1)] == [capacity, -capacity]
    assert bias_bound(limbs) == sum(128 << (8 * i) for i in range(limbs))


@pytest.mark.parametrize("shift", [0, 1, 5, 12])
@pytest.mark.parametrize("activation", ["relu", "identity"])
def test_requantisation_reach_covers_its_equation(shift: int, activation: str) -> None:
    step = Requantise(shift=shift, activation=activation)
    bound = 1_000_003
    rounding = 1 << shift >> 1
    for accumulator in (-bound, bound):
        quotient = (accumulator + rounding) >> shift
        clamped = min(max(quotient, step.low), step.high)
        over, under = max(quotient - step.high, 0), max(step.low - quotient, 0)
        assert quotient == clamped + over - under
        reach = requantisation_reach(bound, step)
        assert reach >= abs(accumulator + rounding)
        assert reach >= ((clamped + over - under) << shift) + (1 << shift) - 1


def test_widest_layers() -> None:
    widest = next(n for n in range(1, 1 << 15) if argmax_reach(n * 128 * 255 + 128, 10) > HALF)
    check_bounds(_architecture([widest - 1, 10]))
    with pytest.raises(InvalidInput, match=r"dense 1: .*wrap"):
        check_bounds(_architecture([widest, 10]))
    with pytest.raises(InvalidInput, match=r"dense 2: .*wrap"):
        check_bounds(_architecture([2, widest, 10]))


def test_shift_of_which_the_output_alone_wraps() -> None:
    check_bounds(_architecture([2, 2, 2], shift=21))
    with pytest.raises(InvalidInput, match="dense 1"):
        check_bounds(_architecture([2, 2, 2], shift=22))
