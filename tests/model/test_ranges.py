"""Ranges: the whole of the values, a percentile of them, or what errs least."""

from __future__ import annotations

import numpy as np
import pytest

from zkaudit.errors import InvalidInput
from zkaudit.model.ranges import MAX_VALUES, RangeRule, channel_values

BYTE = (0, 255)
SIGNED = (-128, 127)


def _units(values: list[float], interval: tuple[int, int], **options: object) -> float:
    row = np.array([values], np.float64)
    rule = RangeRule(**options)  # type: ignore[arg-type]
    return float(rule.units(row, row.min(axis=1), row.max(axis=1), interval)[0])


def test_whole_ranges() -> None:
    assert _units([0, 1, 510], BYTE, method="min-max") == 2
    assert _units([-256, 3], SIGNED, method="min-max") == 2
    assert _units([-1, 254], SIGNED, method="min-max") == 2
    assert _units([0, 0], BYTE, method="min-max") == 0


def test_percentiles() -> None:
    values = list(map(float, range(101)))
    assert _units(values, BYTE, percentile=50) == pytest.approx(50 / 255)
    assert _units(values, BYTE, method="percentile", percentile=90) == pytest.approx(90 / 255)
    assert _units([-value for value in values], SIGNED, percentile=50) == pytest.approx(50 / 128)
    assert _units(values, BYTE, method="percentile") == pytest.approx(100 / 255)


@pytest.mark.parametrize("method", ["automatic", "mean-squared-error"])
def test_a_range_is_cut_where_that_errs_less(method: str) -> None:
    values = np.random.default_rng(0).normal(size=(1, 4000))
    rule = RangeRule(method=method)
    # One value in a million is far away, and is not among the examples.
    assert rule.units(values, np.array([-30.0]), np.array([3.0]), SIGNED)[0] <= 0.6 * 30 / 128
    few = values[:, :9]
    assert rule.units(few, few.min(axis=1), few.max(axis=1), SIGNED)[0] >= np.abs(few).max() / 128


def test_each_channel_by_itself() -> None:
    values = np.array([[1.0, 2.0], [10.0, 20.0], [0.0, 0.0]])
    units = RangeRule(method="mean-squared-error").units(values, values.min(axis=1), values.max(axis=1), BYTE)
    assert units.tolist() == pytest.approx([2 / 255, 20 / 255, 0])


def test_examples_are_bounded() -> None:
    values = np.arange(2 * 3 * 50 * 50, dtype=np.float64).reshape(2, 3, 50, 50)
    assert channel_values(values, apart=True).shape == (3, 2500)
    assert channel_values(values, apart=False).shape[0] == 1
    assert channel_values(values, apart=False).shape[1] <= MAX_VALUES
    many = np.zeros((100_000, 2))
    assert MAX_VALUES / 2 <= channel_values(many, apart=True).shape[1] <= MAX_VALUES


@pytest.mark.parametrize("options", [{"method": "best"}, {"percentile": 0.0}, {"percentile": float("nan")}])
def test_unknown_rules(options: dict[str, object]) -> None:
    with pytest.raises(InvalidInput, match="calibration"):
        RangeRule(**options)  # type: ignore[arg-type]
