"""Worst-case bounds: reached exactly, never exceeded, and refused by layer."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from zkaudit.errors import InvalidInput
from zkaudit.field.koalabear import HALF
from zkaudit.model.architecture import Architecture, Convolution, Dense, Gate, Layer, Requantise, Sum, SumPool
from zkaudit.model.bounds import (
    accumulator_bounds,
    accumulator_intervals,
    argmax_reach,
    bias_bound,
    bias_capacity,
    check_bounds,
    requantisation_reach,
    scale_interval,
)
from zkaudit.model.evaluator import evaluate
from zkaudit.model.model import digits as base_digits


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
    digits = base_digits(np.array([capacity, -capacity]), limbs)
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


CONVOLUTION = Convolution(
    channels=4,
    filters=2,
    kernel=(3, 3),
    stride=(1, 1),
    dilation=(1, 1),
    padding=(1, 1, 1, 1),
    groups=2,
    bias_limbs=1,
)
RELU = Requantise(shift=10, activation="relu")
IDENTITY = Requantise(shift=10, activation="identity")


def _image_network(*layers: Layer) -> Architecture:
    return Architecture(
        input_shape=(4, 6, 6), input_low=-3, input_high=200, input_scale=(1.0).hex(), layers=tuple(layers)
    )


def test_intervals_of_every_accumulator() -> None:
    averages = {"kernel": (3, 3), "stride": (3, 3), "padding": (1, 1, 0, 0), "multiplier": 4}
    network = _image_network(
        CONVOLUTION,
        IDENTITY,
        Sum(multipliers=(3, -2), sources=(2, 2)),
        RELU,
        Gate(sources=(2, 4)),
        IDENTITY,
        SumPool(**averages, exclude_padding=False),  # type: ignore[arg-type]
        RELU,
        SumPool(**averages, exclude_padding=True, sources=(6,)),  # type: ignore[arg-type]
        RELU,
        Sum(multipliers=(1, 1), sources=(8, 10)),
        RELU,
        Dense(inputs=8, outputs=1, bias_limbs=1),
    )
    assert [interval for interval in accumulator_intervals(network) if interval is not None] == [
        (-(18 * 128 * 200 + 128), 18 * 128 * 200 + 128),
        (3 * -128 - 2 * 127, 3 * 127 + 2 * 128),
        (-128 * 255, 127 * 255),
        # A window of nine cells; without padding in the count every window weighs as much, up to rounding.
        (-128 * 36, 127 * 36),
        (-128 * 36, 127 * 36),
        (0, 510),
        (-(8 * 128 * 255 + 128), 8 * 128 * 255 + 128),
    ]
    assert accumulator_bounds(network)[:2] == (18 * 128 * 200 + 128, 638)


@pytest.mark.parametrize(
    ("interval", "factors"), [((-3, 5), ()), ((-3, 5), (2, -4)), ((2, 5), (-1, 3)), ((2, 5), (0,))]
)
def test_scaled_intervals(interval: tuple[int, int], factors: tuple[int, ...]) -> None:
    ends = [end * factor for end in interval for factor in factors or (1,)]
    assert scale_interval(interval, factors) == (min(ends), max(ends))


def test_convolution_reaches_its_bound() -> None:
    network = _image_network(CONVOLUTION)
    (bound,) = accumulator_bounds(network)
    kernel, inputs = np.full(CONVOLUTION.kernel_shape, -128, np.int8), np.full((144, 1), 200)
    trace = evaluate(network, [kernel], [np.full(2, -128)], inputs)
    assert trace.tensors[1].min() == -bound


def test_table_and_multipliers_count() -> None:
    step = Requantise(shift=2, activation="table", table=(1, 2, 3), table_low=-500, multipliers=(3, -7))
    assert step.clamp == (-500, -498)
    assert (step.low, step.high) == (1, 3)
    # q lies in [-1750, 1750]: 1251 below the clamp and 2248 above it, in limbs that hold 2047 and 4095.
    assert requantisation_reach(1000, step) == max(7002, (4095 - 498) * 4 + 3)


@pytest.mark.parametrize(
    ("layers", "named"),
    [
        ((CONVOLUTION, Requantise(shift=10, activation="relu", multipliers=(1, 3000))), "convolution 1: 18 inputs"),
        ((CONVOLUTION, Requantise(shift=24, activation="relu")), "convolution 1"),
        ((CONVOLUTION, RELU, Sum(multipliers=(1 << 22,)), RELU), "sum 1: integers"),
        (
            (
                CONVOLUTION,
                RELU,
                SumPool(kernel=(6, 6), stride=(1, 1), padding=(0, 0, 0, 0), multiplier=1 << 17, exclude_padding=False),
                RELU,
            ),
            "sum pool 1: integers",
        ),
        ((CONVOLUTION, RELU, Gate(sources=(2, 2)), Requantise(shift=24, activation="relu")), "gate 1: integers"),
        ((CONVOLUTION, RELU, Sum(multipliers=(1 << 21,))), "sum 1: integers"),
    ],
)
def test_wrapping_layers_are_named(layers: tuple[Layer, ...], named: str) -> None:
    with pytest.raises(InvalidInput, match=f"{named}.*wrap"):
        check_bounds(_image_network(*layers))


def test_activation_as_the_output() -> None:
    check_bounds(_image_network(CONVOLUTION, RELU))
