"""Ranges: the value that one unit of an integer stands for, from the values of a tensor on calibration data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zkaudit.errors import InvalidInput
from zkaudit.model.float_functions import Floats

METHODS = ("automatic", "min-max", "percentile", "mean-squared-error")
"""Ways to choose a range; automatic takes the best of all for each tensor, or the percentile where one is given."""

MAX_VALUES = 4096
"""Performance knob: most values of a channel, or of a tensor with one scale, that errors of ranges are taken on."""

_PERCENTILES = (99.9, 99.99)
"""Performance knob: percentiles that the automatic choice tries."""

_SHARES = (0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 0.5)
"""Performance knob: shares of the whole range at which the squared error is taken."""

_GAIN = 0.9
"""Performance knob: a cut range must bring the squared error of the whole one below this share.

Values beyond a cut range are lost on every sample that is yet to come, so a tie goes to the whole range.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeRule:
    """How ranges are chosen; `percentile` is that of the values that stay within the range."""

    method: str = "automatic"
    percentile: float = 100.0

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise InvalidInput(f"ranges {self.method!r:.40}", where="calibration", expected=" or ".join(METHODS))
        if not 0 < self.percentile <= 100:
            raise InvalidInput(f"percentile {self.percentile}", where="calibration", expected="above 0 and at most 100")

    def units(self, values: Floats, lows: Floats, highs: Floats, interval: tuple[int, int]) -> Floats:
        """The value of one unit of each channel, (channels,), for integers in `interval`; zero for constant zero.

        `values` (channels, n) are examples, `lows` and `highs` (channels,) the extremes of all values.
        """
        whole = np.maximum(highs / interval[1], lows / interval[0] if interval[0] < 0 else 0.0)
        if self.method == "automatic" and self.percentile == 100:
            # The extremes of few values are exceeded soon.
            whole = whole * (1 + 1 / np.sqrt(values.shape[1]))
        if self.method == "min-max" or (self.method == "percentile" and self.percentile == 100):
            return whole
        percentiles = () if self.method == "mean-squared-error" else _PERCENTILES
        if self.method == "percentile" or (self.method == "automatic" and self.percentile < 100):
            return _percentile_units(values, self.percentile, interval)
        trials = [whole, *(whole * share for share in _SHARES)]
        trials += [_percentile_units(values, percentile, interval) for percentile in percentiles]
        errors = np.stack([_squared_errors(values, units, interval) for units in trials])  # (trials, channels)
        best = errors.argmin(axis=0)
        cut = errors.min(axis=0) < _GAIN * errors[0]
        return np.where(cut, np.stack(trials)[best, np.arange(len(whole))], whole)


def channel_values(values: Floats, apart: bool) -> Floats:
    """At most `MAX_VALUES` values of each channel, (samples, channels, ...) -> (channels, n).

    Without `apart` the tensor counts as one channel.
    """
    samples, channels = values.shape[:2]
    cells = values.size // samples // (channels if apart else 1)
    values = values[:: max(1, samples // max(1, MAX_VALUES // cells))]
    rows = np.moveaxis(values, 1, 0).reshape(channels if apart else 1, -1)
    return np.ascontiguousarray(rows[:, :: -(-rows.shape[1] // MAX_VALUES)])


def _percentile_units(values: Floats, percentile: float, interval: tuple[int, int]) -> Floats:
    below = np.where(values < 0, values / interval[0], 0.0) if interval[0] < 0 else 0.0
    return np.asarray(np.percentile(np.maximum(values / interval[1], below), percentile, axis=1), np.float64)


def _squared_errors(values: Floats, units: Floats, interval: tuple[int, int]) -> Floats:
    """Mean squared errors of rounding and saturation, (channels,)."""
    steps = np.where(units > 0, units, 1.0)[:, None]
    errors = np.clip(np.rint(values / steps), *interval) * steps - values
    # Errors that overflow compare as equal, and the whole range stays.
    with np.errstate(over="ignore"):
        return np.asarray((errors**2).mean(axis=1), np.float64)
