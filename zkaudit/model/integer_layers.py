"""Layers in integers: one scale a channel and one shift a layer, so that every requantisation is exactly a shift.

Integers x of a layer stand for s_in x, with one scale a channel.
Its kernel is K[o,i] = round(W[o,i] s_in[i] / s[o]) and its bias round(b[o] / s[o]), so accumulators have scale s[o].
One shift a layer gives the next channel scales s_in'[o] = s[o] 2^shift, which the next kernel absorbs.
A scale s[o] is the least for which the weights fit int8, the bias its limbs, and the calibrated reach 8 bits after
the shift: a small shift spends precision of weights, a large one precision of activations.
Logits are compared with each other, so the last layer has a single scale.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zkaudit.dataset import integer_inputs
from zkaudit.errors import InvalidInput
from zkaudit.field.koalabear import HALF
from zkaudit.model.architecture import MAX_BIAS_LIMBS, Architecture, Dense, Requantise
from zkaudit.model.bounds import accumulator_bound, bias_capacity, requantisation_reach
from zkaudit.model.calibration import SIGNED_PEAK
from zkaudit.model.float_network import FloatDense, FloatNetwork, Floats
from zkaudit_circuits.dense import dense
from zkaudit_circuits.requantise import requantise

_SEARCH_SAMPLES = 1024
"""Performance knob: calibration samples, evenly spaced, on which shifts are compared."""

_LARGEST_SHIFT = 20
"""Largest shift that is tried: with eight bits before it, one of 22 would pass half the modulus."""

_SEARCH_SHIFTS = 8
"""Performance knob: most shifts that are tried for one layer."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IntegerLayer:
    """One layer in integers; `scales` (outputs,) is what one unit of an accumulator stands for."""

    kernel: NDArray[np.int8]
    bias: NDArray[np.int64]
    scales: Floats

    @property
    def sizes(self) -> Dense:
        """Its place in an architecture, with the fewest limbs that hold the bias."""
        outputs, inputs = self.kernel.shape
        largest = int(np.abs(self.bias).max())
        limbs = next(limbs for limbs in range(1, MAX_BIAS_LIMBS + 1) if largest <= bias_capacity(limbs))
        return Dense(inputs=inputs, outputs=outputs, bias_limbs=limbs)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Activations:
    """Integers (channels, samples) within [low, high], and what one unit of each channel stands for."""

    values: NDArray[np.int64]
    scales: Floats
    low: int
    high: int

    def floats(self) -> Floats:
        """What the integers stand for, (samples, channels)."""
        return self.values.T * self.scales


def activation_of(layer: FloatDense) -> str:
    """The name of a layer's activation in an architecture."""
    return "relu" if layer.relu else "identity"


def quantise_layers(
    network: FloatNetwork, provisional: Architecture, calibration: NDArray[np.generic], reaches: Sequence[Floats]
) -> tuple[list[IntegerLayer], list[Requantise]]:
    """All layers in turn, each shift chosen on the integers that the layers before it give.

    `provisional` has the sizes and the input rule, `calibration` is raw, `reaches[k]` (outputs,) belongs to hidden k.
    `InvalidInput` names a layer that no shift keeps from wrapping.
    """
    sample = calibration[:: -(-len(calibration) // _SEARCH_SAMPLES)]
    target = network.logits(sample)
    current = _Activations(
        values=integer_inputs(provisional, sample, "calibration"),
        scales=np.full(provisional.features, provisional.scale),
        low=provisional.input_low,
        high=provisional.input_high,
    )
    layers: list[IntegerLayer] = []
    steps: list[Requantise] = []
    for number, (layer, reach) in enumerate(zip(network.layers[:-1], reaches, strict=True), 1):
        trials = list(_trials(layer, current, reach))
        if not trials:
            raise InvalidInput(f"{len(current.values)} inputs are too many for any shift", where=f"dense {number}")
        rest = network.layers[number:]
        errors = [_logit_error(rest, outputs.floats(), target) for _, _, outputs in trials]
        chosen, step, current = trials[int(np.argmin(errors))]
        layers.append(chosen)
        steps.append(step)
    last = network.layers[-1]
    widest = _least_scales(last.weight * current.scales, last.bias).max()
    layers.append(_integer_layer(last, current.scales, np.full(len(last.weight), widest)))
    return layers, steps


def _trials(
    layer: FloatDense, inputs: _Activations, reach: Floats
) -> Iterator[tuple[IntegerLayer, Requantise, _Activations]]:
    """The layer under each candidate shift whose equations cannot wrap, or else under the nearest such shift."""
    activation = activation_of(layer)
    peak = Requantise(shift=0, activation=activation).high
    candidates = _candidate_shifts(layer.weight * inputs.scales, reach, peak)
    others = sorted(set(range(_LARGEST_SHIFT + 1)).difference(candidates), key=lambda s: abs(s - candidates.start))
    found = False
    for shift in (*candidates, *others):
        if found and shift not in candidates:
            return
        step = Requantise(shift=shift, activation=activation)
        trial = _integer_layer(layer, inputs.scales, reach / (peak * 2.0**shift))
        if requantisation_reach(accumulator_bound(trial.sizes, inputs.low, inputs.high), step) > HALF:
            continue
        found = True
        values = requantise(dense(trial.kernel, trial.bias, inputs.values), shift, step.low, step.high)
        yield trial, step, _Activations(values=values, scales=trial.scales * 2.0**shift, low=step.low, high=step.high)


def _candidate_shifts(weight: Floats, reach: Floats, peak: int) -> range:
    """Shifts around those at which weights and activations of a channel both use all of their bits."""
    largest = np.abs(weight).max(axis=1)
    used = (largest > 0) & (reach > 0)
    if not used.any():
        return range(1)
    ideal = np.log2(reach[used] / peak) - np.log2(largest[used] / SIGNED_PEAK)
    middle = round(float(np.median(ideal)))
    first = max(int(np.floor(ideal.min())), middle - _SEARCH_SHIFTS // 2)
    last = min(int(np.ceil(ideal.max())), first + _SEARCH_SHIFTS - 1)
    return range(min(max(first, 0), _LARGEST_SHIFT), min(max(last, 0), _LARGEST_SHIFT) + 1)


def _least_scales(weight: Floats, bias: Floats) -> Floats:
    """Least accumulator scales at which the kernel fits [-127, 127] and the bias its limbs, (outputs,)."""
    for_kernel = np.abs(weight).max(axis=1) / SIGNED_PEAK
    return np.asarray(np.maximum(for_kernel, np.abs(bias) / bias_capacity(MAX_BIAS_LIMBS)), np.float64)


def _integer_layer(layer: FloatDense, input_scales: Floats, floor: Floats) -> IntegerLayer:
    """The layer at the least accumulator scales that are at least `floor` (outputs,)."""
    weight = layer.weight * input_scales  # (outputs, inputs) * (inputs,) -> (outputs, inputs)
    scales = np.maximum(_least_scales(weight, layer.bias), floor)
    scales[scales == 0] = 1.0
    capacity = bias_capacity(MAX_BIAS_LIMBS)
    kernel = np.clip(np.rint(weight / scales[:, None]), -SIGNED_PEAK, SIGNED_PEAK).astype(np.int8)
    bias = np.clip(np.rint(layer.bias / scales), -capacity, capacity).astype(np.int64)
    return IntegerLayer(kernel=kernel, bias=bias, scales=scales)


def _logit_error(rest: Sequence[FloatDense], values: Floats, target: Floats) -> float:
    """Squared distance of the logits that the remaining layers give, up to what is common to all classes."""
    for layer in rest:
        values = layer.activate(layer.accumulate(values))
    difference = values - target
    return float(((difference - difference.mean(axis=1, keepdims=True)) ** 2).sum())
