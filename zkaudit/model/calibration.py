"""What calibration data fixes: the rule that makes inputs integers, and the reach of every hidden channel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zkaudit.errors import InvalidInput
from zkaudit.model.architecture import ACTIVATIONS, INPUT_INTERVAL
from zkaudit.model.float_network import FloatNetwork, Floats

UNSIGNED_PEAK = ACTIVATIONS["relu"][1]
"""Largest integer of values that are never negative."""

SIGNED_PEAK = ACTIVATIONS["identity"][1]
"""Largest integer of values of both signs, on either side of zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputRule:
    """A raw input x stands for floor(x / scale + 1/2), which lies in [low, high]."""

    scale: float
    low: int
    high: int


def choose_input_rule(values: Floats, input_range: tuple[float, float] | None = None) -> InputRule:
    """The input rule for calibration data of any shape, and for a declared range of raw values if one is given.

    Integers that fit eight bits stay as they are; their interval is the given one, else all of uint8 or int8.
    Other values that are never negative get 255 steps up to their maximum, up to 1 where that is above one half.
    Values of both signs get 127 steps either side of zero.
    `InvalidInput` where the data leaves the given range.
    """
    least, most = float(values.min()), float(values.max())
    whole = bool((values == np.floor(values)).all()) and INPUT_INTERVAL[0] <= least and most <= INPUT_INTERVAL[1]
    if input_range is not None:
        low, high = map(float, input_range)
        if not (np.isfinite((low, high)).all() and low <= least and most <= high):
            raise InvalidInput(
                f"calibration data reaches from {least:g} to {most:g}",
                where="input range",
                expected=f"values in [{low:g}, {high:g}]",
                next_step="give the range that the training data has",
            )
        if whole and low.is_integer() and high.is_integer() and INPUT_INTERVAL[0] <= low <= high <= INPUT_INTERVAL[1]:
            return InputRule(scale=1.0, low=min(0, int(low)), high=max(0, int(high)))
    elif whole:
        if least >= 0:
            return InputRule(scale=1.0, low=0, high=UNSIGNED_PEAK)
        return InputRule(scale=1.0, low=INPUT_INTERVAL[0], high=SIGNED_PEAK if most <= SIGNED_PEAK else UNSIGNED_PEAK)
    else:
        low, high = least, most
        # Images divided by 255 rarely have their one in every subset, and held-out data must not leave the range.
        if low >= 0 and 0.5 < high < 1:
            high = 1.0
    if low >= 0:
        return InputRule(scale=high / UNSIGNED_PEAK, low=0, high=UNSIGNED_PEAK)
    return InputRule(scale=max(-low, high) / SIGNED_PEAK, low=-SIGNED_PEAK, high=SIGNED_PEAK)


def channel_reaches(network: FloatNetwork, inputs: NDArray[np.generic], percentile: float) -> list[Floats]:
    """The value that each hidden channel's largest integer should stand for, one array (outputs,) a hidden layer.

    It is the percentile over the samples of the value after ReLU, or of the magnitude without one.
    A channel that never leaves zero takes its largest magnitude before the activation.
    `InvalidInput` names a layer whose values overflow.
    """
    values = inputs.reshape(len(inputs), -1).astype(np.float64)
    reaches: list[Floats] = []
    for number, layer in enumerate(network.layers, 1):
        with np.errstate(over="ignore", invalid="ignore"):
            before = layer.accumulate(values)
        if not np.isfinite(before).all():
            raise InvalidInput("activations overflow on the calibration data", where=f"dense {number}")
        values = layer.activate(before)
        if number < len(network.layers):
            reach = np.percentile(np.abs(values), percentile, axis=0)
            reaches.append(np.where(reach > 0, reach, np.abs(before).max(axis=0)))
    return reaches
