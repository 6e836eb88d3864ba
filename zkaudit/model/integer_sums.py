"""Multipliers and shifts of sums without weights: residual sums, products and pools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from zkaudit.errors import InvalidInput
from zkaudit.field.koalabear import HALF
from zkaudit.model.architecture import Requantise
from zkaudit.model.bounds import requantisation_reach
from zkaudit.model.float_functions import Floats
from zkaudit.model.limits import MAX_FACTOR
from zkaudit.model.outputs import Output

_SUM_SHIFT = 10
"""Performance knob: shift of a sum; each multiplier is then wrong by at most 2^-11 units for each unit it reads."""

_LEAST_MULTIPLIER = 32
"""Performance knob: a single multiplier is at least this, so that its rounding makes a unit 3 % larger at most."""

_LARGEST_RATIO = float(1 << 14)
"""Performance knob: largest multiplier without a shift, with which 64 sources of 8 bits stay in the field."""

_LARGEST_MULTIPLIER = 1 << 16
"""Performance knob: largest multiplier of sums that all take one."""

_LARGEST_SHIFT = 20
"""Largest shift that is tried."""

Fitted = tuple[tuple[int, ...], int, Floats]
"""Multipliers, the shift behind them, and units of the quotient, (channels,) or (1,)."""


def fit_sum(values: Sequence[float], magnitudes: Sequence[int], output: Output) -> Fitted:
    """Multipliers of sources of which one unit stands for `values[i]` in the sum, and the shift.

    `magnitudes[i]` is the largest magnitude of source i.
    The unit is coarser than wanted where operands dwarf their sum beyond what the field has room for.
    """
    unit = max(float(output.units[0]), max(map(abs, values)) / _LARGEST_RATIO) or 1.0
    for shift in range(_SUM_SHIFT, -1, -1):
        factors = [round(value * 2.0**shift / unit) for value in values]
        bound = sum(abs(factor) * magnitude for factor, magnitude in zip(factors, magnitudes, strict=True))
        if max(map(abs, factors)) <= MAX_FACTOR and _fits(bound, output.step(np.array([unit]), shift)):
            break
    while shift and not any(factor % 2 for factor in factors):
        factors, shift = [factor // 2 for factor in factors], shift - 1
    return tuple(factors), shift, np.array([unit])


def fit_factors(values: Floats, magnitude: int, output: Output, name: str) -> Fitted:
    """Multipliers for sums of which one unit stands for `values` (channels,) or (1,), and the shift behind them.

    `magnitude` bounds the sums.
    The units come out exact and at least as large as wanted, or coarser where the bounds ask for it.
    """
    wanted = np.where(output.units > 0, output.units, values)
    most = max(min(HALF // (4 * max(magnitude, 1)), _LARGEST_MULTIPLIER), 1)
    best: Fitted | None = None
    for shift in range(_LARGEST_SHIFT + 1):
        factors = np.clip(np.floor(values / wanted * 2.0**shift), 1, most)
        # Sums that are never more than a part of a unit have none that is too fine.
        units = np.maximum(values * (2.0**shift / factors), wanted)
        if not _fits(magnitude * int(factors.max()), output.step(units, shift)):
            break
        best = tuple(int(factor) for factor in factors), shift, units
        if factors.min() >= min(_LEAST_MULTIPLIER, most):
            break
    if best is None:
        raise InvalidInput("sums wrap around the field under any shift", where=name, next_step="use a smaller window")
    factors_found, shift, units = best
    while shift and not any(factor % 2 for factor in factors_found):
        factors_found, shift = tuple(factor // 2 for factor in factors_found), shift - 1
    return factors_found, shift, units


def _fits(bound: int, step: Requantise) -> bool:
    return requantisation_reach(bound, replace(step, multipliers=())) <= HALF
