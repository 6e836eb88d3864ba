"""The input rule that calibration data leads to, and the values of every tensor on it."""

from __future__ import annotations

import numpy as np
import pytest

from zkaudit.errors import InvalidInput
from zkaudit.model.calibration import InputRule, calibrate, choose_input_rule
from zkaudit.model.float_graph import perceptron


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


def test_calibration_takes_extremes_from_all_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zkaudit.model.calibration.SEARCH_SAMPLES", 10)
    monkeypatch.setattr("zkaudit.model.calibration.CHUNK_VALUES", 40)
    network = perceptron((1,), [np.array([[1.0], [-1.0]]), np.ones((1, 2))], [None, None])
    inputs = np.random.default_rng(0).permutation(101)[:, None] - 50
    found = calibrate(network, choose_input_rule(inputs.astype(np.float64)), inputs)
    assert found.inputs.tolist() == [inputs[::11, 0].tolist()]
    assert [len(values) for values in found.tensors] == [10] * 4
    assert [low.tolist() for low in found.lows] == [[-50], [-50, -50], [0, 0], [0]]
    assert [high.tolist() for high in found.highs] == [[50], [50, 50], [50, 50], [50]]


def test_overflow_names_the_layer() -> None:
    network = perceptron((1,), [np.array([[1e200]])] * 2, [None, None])
    with pytest.raises(InvalidInput, match="dense 2"):
        calibrate(network, InputRule(scale=1.0, low=0, high=255), np.ones((1, 1)))
