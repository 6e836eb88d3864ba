"""What calibration data fixes: the rule that makes inputs integers, and the values of every tensor."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zkaudit.dataset import integer_inputs
from zkaudit.errors import InvalidInput
from zkaudit.model.architecture import ACTIVATIONS, INPUT_INTERVAL, Architecture, Dense
from zkaudit.model.float_functions import Floats
from zkaudit.model.float_graph import FloatGraph

UNSIGNED_PEAK = ACTIVATIONS["relu"][1]
"""Largest integer of values that are never negative."""

SIGNED_PEAK = ACTIVATIONS["identity"][1]
"""Largest integer of values of both signs, on either side of zero."""

SEARCH_SAMPLES = 1024
"""Performance knob: most samples, evenly spaced, on which integers are compared with floats."""

SEARCH_VALUES = 1 << 26
"""Performance knob: most values of all tensors of these samples, 512 MB."""

CHUNK_VALUES = 1 << 24
"""Performance knob: most values of all tensors that are held while extremes are found, 128 MB."""


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calibration:
    """What a float network does on the calibration data.

    `inputs` (*input_shape, chosen) are the integers of evenly spaced samples, `tensors[i]` (chosen, *shape) the values
    of tensor i on them.
    `lows[i]` and `highs[i]` (shape[0],) are the extremes of tensor i over all samples, along its first axis.
    """

    inputs: NDArray[np.int64]
    tensors: list[Floats]
    lows: list[Floats]
    highs: list[Floats]


def calibrate(network: FloatGraph, rule: InputRule, inputs: NDArray[np.generic]) -> Calibration:
    """The float network on raw inputs (samples, *input_shape); `InvalidInput` names a layer whose values overflow."""
    size = sum(map(math.prod, network.shapes))
    chosen = inputs[:: -(-len(inputs) // max(1, min(SEARCH_SAMPLES, SEARCH_VALUES // size)))]
    lows = [np.full(shape[0], np.inf) for shape in network.shapes]
    highs = [np.full(shape[0], -np.inf) for shape in network.shapes]
    step = max(1, CHUNK_VALUES // size)
    for start in range(0, len(inputs), step):
        for i, values in enumerate(network.evaluate(inputs[start : start + step])):
            if not np.isfinite(values).all():
                raise InvalidInput("values overflow on the calibration data", where=network.layers[i - 1].name)
            rest = (0, *range(2, values.ndim))
            np.minimum(lows[i], values.min(axis=rest), out=lows[i])
            np.maximum(highs[i], values.max(axis=rest), out=highs[i])
    integers = integer_inputs(input_architecture(network, rule), chosen, "calibration")
    return Calibration(
        inputs=integers.reshape(*network.input_shape, -1), tensors=network.evaluate(chosen), lows=lows, highs=highs
    )


def input_architecture(network: FloatGraph, rule: InputRule) -> Architecture:
    """An architecture with the inputs of a network and a layer that stands for all others."""
    layer = Dense(inputs=math.prod(network.input_shape), outputs=1, bias_limbs=1)
    return Architecture(
        input_shape=network.input_shape,
        input_low=rule.low,
        input_high=rule.high,
        input_scale=rule.scale.hex(),
        layers=(layer,),
    )
