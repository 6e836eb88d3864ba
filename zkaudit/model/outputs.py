"""Outputs: which requantisation follows some sums, and what its integers stand for.

A sum is scaled to a quotient q, one unit of which stands for a value u; the activation of q is a clamp, or a table.
A clamp keeps the unit; a table has entries round(f(u q) / s) for a scale s of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zkaudit.model.architecture import ACTIVATIONS, INPUT_INTERVAL, Requantise
from zkaudit.model.float_functions import IDENTITY, Floats, Function
from zkaudit.model.ranges import RangeRule, channel_values
from zkaudit.model.scaling import clamps

TABLE_STEPS = 1000
"""Performance knob: steps of a table over the calibrated range, about four for each step of its output."""

_MARGIN = 1 / 8
"""Performance knob: what a table adds on either side of the calibrated range, for values that are yet to come."""

_BALANCE = 0.77
"""Performance knob: sqrt(0.3 * 255 / 127), see `_filled`."""

_COARSEST = 32.0
"""Performance knob: a channel keeps three bits of its own."""

_WIDE_GAIN = 0.75
"""Performance knob: how much finer than a signed byte an interval of both signs must be to be worth a table."""

_EXACT = 1e-9
"""What rounding in floating point may add to units."""

_FARTHEST = 1 << 16
"""Performance knob: largest quotient of a table, in steps."""

_MOST_ENTRIES = 4000
"""Most entries of a table, a little below what an architecture takes."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Output:
    """The activation behind some sums: `units` (channels,) or (1,) is the least that one unit of q may stand for.

    `scale` and `domain` (low, high), in values, belong to tables of a function; `wide` is a clamp that needs a table.
    `ceiling` is where a clamp has to end, of which a finite one allows a single unit.
    """

    function: Function
    activation: str
    units: Floats
    wide: bool = False
    scale: float = 0.0
    domain: tuple[float, float] = (0.0, 0.0)
    ceiling: float = np.inf

    def step(self, units: Floats, shift: int, multipliers: tuple[int, ...] = ()) -> Requantise:
        """The requantisation for a shift and multipliers that give q these units."""
        high = ACTIVATIONS["relu"][1]
        if self.activation != "table" and self.ceiling >= high * float(units.max()) * (1 - _EXACT):
            return Requantise(shift=shift, activation=self.activation, multipliers=multipliers)
        if self.activation != "table":
            # Units that had to be coarser than the ceiling asks for end it by a table.
            low, entries = 0, tuple(min(q, round(self.ceiling / float(units[0]))) for q in range(high + 1))
        else:
            low, entries = self._table(float(units[0]))
        return Requantise(shift=shift, activation="table", multipliers=multipliers, table=entries, table_low=low)

    def scales(self, units: Floats) -> Floats:
        """What one unit of the output stands for, (channels,) or (1,)."""
        return np.full(1, self.scale) if self.activation == "table" and not self.wide else units

    def limits(self, step: Requantise) -> tuple[Floats, Floats]:
        """The least and the greatest value that the wanted range holds, (channels,) or (1,) each."""
        scales = self.scales(self.units)
        return step.low * scales, step.high * scales

    def reference(self, values: Floats) -> Floats:
        """The activation in floating point, (samples, channels, ...)."""
        return self.function(values)

    def _table(self, unit: float) -> tuple[int, tuple[int, ...]]:
        """The least q and the entries from there."""
        if self.wide:
            return INPUT_INTERVAL[0], tuple(range(INPUT_INTERVAL[0], INPUT_INTERVAL[1] + 1))
        low = int(np.floor(self.domain[0] / unit))
        high = min(int(np.ceil(self.domain[1] / unit)), low + _MOST_ENTRIES)
        places = np.arange(low, high + 1, dtype=np.float64) * unit
        entries = np.rint(self.function(places[:, None])[:, 0] / self.scale)
        return low, tuple(int(entry) for entry in np.clip(entries, *INPUT_INTERVAL))


def plan_output(
    function: Function,
    values: Floats,
    extremes: tuple[Floats, Floats],
    rule: RangeRule,
    *,
    apart: bool = False,
    nonnegative: bool = False,
    importance: Floats | None = None,
) -> Output:
    """The output for a function of sums whose values are `values` (samples, channels, ...).

    `extremes` (channels,) each are their least and greatest values on all calibration data.
    With `apart` every channel has units of its own, which only a clamp allows, and those that calibration leaves
    without one get one by `importance` (channels,).
    `nonnegative` tells that no sum can be negative.
    """
    lows, highs = extremes if apart else (extremes[0].min(keepdims=True), extremes[1].max(keepdims=True))
    ceiling = _ceiling(function)
    if not clamps(function) and ceiling is None:
        return _plan_table(function, values, float(lows[0]), float(highs[0]), rule)
    rows = channel_values(values, apart)
    if function.name == "identity" and not nonnegative:
        units = _filled(rule.units(rows, lows, highs, ACTIVATIONS["identity"]), lows, highs, importance)
        wide = rule.units(rows, lows, highs, INPUT_INTERVAL)
        if not apart and 0 < wide[0] < _WIDE_GAIN * units[0]:
            return Output(function=IDENTITY, activation="table", units=wide, wide=True)
        return Output(function=IDENTITY, activation="identity", units=units)
    most = np.inf if ceiling is None else ceiling
    interval = ACTIVATIONS["relu"]
    units = rule.units(np.clip(rows, 0.0, most), np.clip(lows, 0.0, most), np.clip(highs, 0.0, most), interval)
    units = _filled(np.minimum(units, most / interval[1]), lows, highs, importance)
    return Output(function=function, activation="relu", units=units, ceiling=most)


def _ceiling(function: Function) -> float | None:
    """Where ReLU with a ceiling ends, None for other functions."""
    if function.name == "clip" and not function.operands and function.parameters[0] == 0 < function.parameters[1]:
        return function.parameters[1]
    return None


def _filled(units: Floats, lows: Floats, highs: Floats, importance: Floats | None) -> Floats:
    """Units, with others in place of zeros, which stand for channels that never were on the kept side of zero.

    A unit that is large for the weights behind it would take the bits of all other channels there, so such a channel
    is taken to weigh as much as the middle one does.
    """
    live = units > 0
    if not live.any():
        return np.maximum(np.abs(lows), np.abs(highs)) / ACTIVATIONS["relu"][1]
    if importance is None:
        return units
    weights = np.where(importance > 0, np.sqrt(importance), 1.0)
    sizes = units * weights
    sizes = np.where(live, sizes, float(np.median(sizes[live])))
    # Coarser units of a channel make its weights in the next layer larger beside those that set their scale.
    # With activations of 8 bits, weights of 7 and values that spread over a third of their range, the squared errors
    # of both are least together at the square root.
    coarser = np.clip(_BALANCE * np.sqrt(sizes.max() / sizes), 1.0, _COARSEST)
    return np.asarray(sizes * coarser / weights)


def _plan_table(function: Function, values: Floats, low: float, high: float, rule: RangeRule) -> Output:
    results = function(channel_values(values, apart=False).T)[:, 0]
    ends = function(np.linspace(low, high, TABLE_STEPS, dtype=np.float64)[:, None])[:, 0]
    least, most = min(0.0, float(ends.min())), max(0.0, float(ends.max()))
    interval = INPUT_INTERVAL if least < 0 else ACTIVATIONS["relu"]
    scale = float(rule.units(results[None], np.array([least]), np.array([most]), interval)[0])
    # Values that hardly differ, far from zero, take no finer steps than the field leaves room for.
    span = max(high - low, max(-low, high) * TABLE_STEPS / _FARTHEST) or 1.0
    return Output(
        function=function,
        activation="table",
        units=np.array([span / TABLE_STEPS]),
        scale=scale or 1.0,
        domain=(low - _MARGIN * span, high + _MARGIN * span),
    )
