"""Worst-case accumulators of an architecture, from the intervals that the relations enforce."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zkaudit.errors import InvalidInput
from zkaudit.field.koalabear import HALF
from zkaudit.model.architecture import Architecture, Convolution, Dense, Gate, Requantise, Shape, Sum, SumPool
from zkaudit.model.graph import Interval
from zkaudit.model.layers import Layer
from zkaudit_circuits.limbs import capacity
from zkaudit_circuits.pooling import window_cells, window_multipliers
from zkaudit_circuits.requantise import half

WEIGHT_BOUND = 128
"""Largest magnitude that the weight table [-128, 127] allows, whatever an honest quantiser uses."""


def bias_capacity(limbs: int) -> int:
    """Largest magnitude that `limbs` digits in [-128, 127] represent with either sign."""
    return 127 * ((1 << 8 * limbs) - 1) // 255


def bias_bound(limbs: int) -> int:
    """Largest magnitude that a bias or a weight of `limbs` digits in [-128, 127] can be made to take."""
    return WEIGHT_BOUND * ((1 << 8 * limbs) - 1) // 255


def magnitude(interval: Interval) -> int:
    """Largest magnitude in an interval."""
    return max(-interval[0], interval[1])


def accumulator_bound(layer: Dense | Convolution, low: int, high: int) -> int:
    """Largest magnitude of an accumulator for inputs in [low, high] and any committed weights."""
    return layer.fan_in * bias_bound(layer.weight_limbs) * magnitude((low, high)) + bias_bound(layer.bias_limbs)


def accumulator_intervals(architecture: Architecture) -> tuple[Interval | None, ...]:
    """The interval of every tensor that is an accumulator, None for activations."""
    intervals: list[Interval | None] = [None]
    for number, layer in enumerate(architecture.layers, 1):
        if architecture.is_accumulator(number):
            read = [architecture.intervals[source] for source in layer.sources]
            # The architecture has no accumulator that is made from accumulators.
            known = [interval for interval in read if interval is not None]
            intervals.append(_accumulator_interval(layer, known, architecture.shapes[layer.sources[0]]))
        else:
            intervals.append(None)
    return tuple(intervals)


def accumulator_bounds(architecture: Architecture) -> tuple[int, ...]:
    """The largest magnitude of every accumulator, in order."""
    return tuple(magnitude(interval) for interval in accumulator_intervals(architecture) if interval is not None)


def _accumulator_interval(layer: Layer, read: list[Interval], shape: Shape) -> Interval:
    """The interval of one accumulator whose sources lie in `read`, the first of them of the given shape."""
    if isinstance(layer, (Dense, Convolution)):
        bound = accumulator_bound(layer, *read[0])
        return -bound, bound
    if isinstance(layer, Sum):
        scaled = [scale_interval(one, (factor,)) for one, factor in zip(read, layer.multipliers, strict=True)]
        return sum(low for low, _ in scaled), sum(high for _, high in scaled)
    if isinstance(layer, Gate):
        corners = [a * b for a in read[0] for b in read[1]]
        return min(corners), max(corners)
    if isinstance(layer, SumPool):
        return scale_interval(read[0], _window_weights(layer, shape))
    raise InvalidInput("no accumulator", where=layer.kind)


def _window_weights(layer: SumPool, shape: Shape) -> tuple[int, int]:
    """The least and the largest sum of the factors in a window."""
    factors = window_multipliers(
        shape[1:],
        kernel=layer.kernel,
        stride=layer.stride,
        padding=layer.padding,
        multiplier=layer.multiplier,
        exclude_padding=layer.exclude_padding,
    )
    totals = factors * window_cells(shape[1:], kernel=layer.kernel, stride=layer.stride, padding=layer.padding)
    return int(np.min(totals)), int(np.max(totals))


def scale_interval(interval: Interval, factors: Sequence[int]) -> Interval:
    """The hull of an interval times each of some factors, or the interval itself for no factors."""
    ends = [end * factor for end in interval for factor in (min(factors, default=1), max(factors, default=1))]
    return min(ends), max(ends)


def requantisation_reach(bound: int, step: Requantise) -> int:
    """Largest integer in the equations of one requantisation whose accumulators have magnitude at most `bound`.

    It is m acc + h = 2^s (c + over - under) + rem, with `over` and `under` as large as their limbs allow.
    The narrow form, with one table over all of c + over - under, reaches no further.
    The products (high - c) over = 0 and (c - low) under = 0 need no bound of their own: p is prime.
    """
    low, high = step.clamp
    rounding = half(step.shift)
    scaled = bound * max((abs(factor) for factor in step.multipliers), default=1)
    over = capacity(max(((scaled + rounding) >> step.shift) - high, 0))
    under = capacity(max(low - ((rounding - scaled) >> step.shift), 0))
    quotient = max(high + over, under - low)
    shifted = (quotient << step.shift) + (1 << step.shift) - 1
    return max(scaled + rounding, shifted)


def argmax_reach(bound: int, classes: int) -> int:
    """Largest integer in D[c] + z[c] + sum_{c' > c} P[c'] = max for logits z of magnitude at most `bound`."""
    return capacity(2 * bound + 1) + bound + classes


def check_bounds(architecture: Architecture) -> None:
    """`InvalidInput` naming the first layer whose equations could wrap around the modulus.

    No integer that the enforced intervals allow in an equation may exceed (p-1)/2.
    """
    bounds = [None if interval is None else magnitude(interval) for interval in accumulator_intervals(architecture)]
    for layer in architecture.layers:
        bound = bounds[layer.sources[0]]
        if isinstance(layer, Requantise) and bound is not None:
            _check_reach(architecture, layer.sources[0], requantisation_reach(bound, layer))
    output = architecture.intervals[-1] or accumulator_intervals(architecture)[-1]
    if output is not None:
        _check_reach(architecture, len(architecture.layers), argmax_reach(magnitude(output), architecture.classes))


def _check_reach(architecture: Architecture, tensor: int, reach: int) -> None:
    """`InvalidInput` that names the layer of a tensor whose equations reach too far."""
    if reach <= HALF:
        return
    layer = architecture.layers[tensor - 1]
    size = f"{layer.fan_in} inputs: " if isinstance(layer, (Dense, Convolution)) else ""
    raise InvalidInput(
        f"{size}integers can reach {reach} and wrap around the field",
        where=architecture.names[tensor - 1],
        expected=f"at most {HALF}",
        next_step="use a narrower layer, a smaller input range or a larger shift",
    )
