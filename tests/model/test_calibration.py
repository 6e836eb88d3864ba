"""The input rule that calibration data leads to, and the reach of hidden channels."""

from __future__ import annotations

import numpy as np
import pytest

from zkaudit.errors import InvalidInput
from zkaudit.model.calibration import InputRule, channel_reaches, choose_input_rule
from zkaudit.model.float_network import FloatDense, FloatNetwork


@pytest.mark.parametrize(
    ("values", "declared", "scale", "low", "high"),
    [
        ([0, 16], None, 1.0, 0, 255),
        ([3, 16], (0, 16), 1.0, 0, 16),
        ([3, 16], (3, 16), 1.0, 0, 16),
        ([-5, 16], None, 1.0, -128, 127),
        ([-5, 200], None, 1.0, -128, 255),
        ([-5, 16], (-8, 16), 1.0, -8, 16),
        ([0, 16], (0, 510), 2.0, 0, 255),
        ([0, 510], None, 2.0, 0, 255),
        ([-254, 3], None, 2.0, -127, 127),
        ([0, 0.9], None, 1 / 255, 0, 255),
        ([0, 0.25], None, 0.25 / 255, 0, 255),
        ([0.5, 5.1], None, 5.1 / 255, 0, 255),
        ([-0.5, 2.54], None, 2.54 / 127, -127, 127),
        ([0.5, 2.5], (-5.08, 4), 5.08 / 127, -127, 127),
        ([0, 0], None, 1.0, 0, 255),
    ],
)
def test_input_rule(
    values: list[float], declared: tuple[float, float] | None, scale: float, low: int, high: int
) -> None:
    rule = choose_input_rule(np.array(values, np.float64), declared)
    assert rule == InputRule(scale=rule.scale, low=low, high=high)
    assert rule.scale == pytest.approx(scale, rel=1e-15)


@pytest.mark.parametrize("declared", [(0, 15), (1, 16), (0, float("inf")), (float("nan"), 16), (16, 0)])
def test_data_outside_the_declared_range(declared: tuple[float, float]) -> None:
    with pytest.raises(InvalidInput, match="input range"):
        choose_input_rule(np.array([0.0, 16.0]), declared)


def _network(relu: bool) -> FloatNetwork:
    hidden = FloatDense(weight=np.array([[1.0], [-1.0]]), bias=np.zeros(2), relu=relu)
    return FloatNetwork(
        input_shape=(1,), layers=(hidden, FloatDense(weight=np.ones((2, 2)), bias=np.zeros(2), relu=False))
    )


def test_reaches() -> None:
    inputs = np.arange(101.0)[:, None]
    # The second channel never passes ReLU, so its magnitude before ReLU stands in.
    assert [reach.tolist() for reach in channel_reaches(_network(True), inputs, 100)] == [[100, 100]]
    assert [reach.tolist() for reach in channel_reaches(_network(True), inputs, 90)] == [[90, 100]]
    assert [reach.tolist() for reach in channel_reaches(_network(False), inputs, 90)] == [[90, 90]]


def test_overflow_names_the_layer() -> None:
    layers = tuple(FloatDense(weight=np.array([[1e200]]), bias=np.zeros(1), relu=relu) for relu in (True, False))
    with pytest.raises(InvalidInput, match="dense 2"):
        channel_reaches(FloatNetwork(input_shape=(1,), layers=layers), np.ones((1, 1)), 100)
