"""Sums, products, averages and activations of float graphs in integers: layers without weights that round."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from zkaudit.model import architecture as integer
from zkaudit.model.float_functions import RELU
from zkaudit.model.float_layers import Activation, AveragePool, Gate
from zkaudit.model.integer_graph import Quantised
from zkaudit.model.integer_sums import fit_factors, fit_sum
from zkaudit.model.lowering_state import Lowering
from zkaudit.model.outputs import plan_output
from zkaudit.model.scaling import Sharing

_WINDOW_MULTIPLE = 32
"""Performance knob: multiple of a pool whose windows differ in size, so that theirs are rounded by 2 % at most."""

_SLOPE_SHIFT = 10
"""Performance knob: shift behind the multipliers of slopes."""

_STEEPEST = 256
"""Performance knob: largest quotient of multiplier and shift of a slope."""


def lower_sum(state: Lowering, number: int, name: str, factors: list[float], sources: list[Quantised]) -> None:
    """The sum of `factors[i]` times source i, with integer multipliers and a shift."""
    _, function = state.follow(number)
    nonnegative = min(factors) >= 0 and min(source.low for source in sources) >= 0
    output = state.plan(number, function, nonnegative)
    values = [factor * source.unit for factor, source in zip(factors, sources, strict=True)]
    multipliers, shift, units = fit_sum(values, [source.magnitude for source in sources], output)
    made = integer.Sum(multipliers=multipliers, sources=tuple(source.number for source in sources))
    sums = state.graph.append(made, [source.values for source in sources])
    if state.is_last(number):
        state.logits(number, units / 2.0**shift)
    else:
        state.round(number, sums, output.step(units, shift), output.scales(units))


def lower_activation(state: Lowering, number: int, layer: Activation, source: Quantised) -> None:
    """A function of an activation: the same integers as a sum, whose rounding applies it."""
    output = plan_output(
        layer.function,
        state.calibration.tensors[layer.sources[0]],
        (state.calibration.lows[layer.sources[0]], state.calibration.highs[layer.sources[0]]),
        state.rule,
        nonnegative=source.low >= 0,
    )
    if output.activation == "table" and not output.wide:
        # One entry for each integer of the source; finer steps would know no more.
        unit = source.unit
        ends = source.low * unit, source.high * unit
        output = replace(output, units=np.array([unit]), domain=ends)
    multipliers, shift, units = fit_sum([source.unit], [source.magnitude], output)
    sums = state.graph.append(integer.Sum(multipliers=multipliers, sources=(source.number,)), [source.values])
    step, scales = output.step(units, shift), output.scales(units)
    state.known[number] = state.graph.requantise(sums, step, scales, layer.name, number)


def lower_gate(state: Lowering, number: int, layer: Gate, sources: list[Quantised]) -> None:
    """The product of two activations, whose scales multiply."""
    first, second = (state.graph.committed(source) for source in sources)
    _, function = state.follow(number)
    sums = state.graph.append(integer.Gate(sources=(first.number, second.number)), [first.values, second.values])
    value = np.array([first.unit * second.unit])
    if state.is_last(number):
        state.logits(number, value)
        return
    output = state.plan(number, function, first.low >= 0 and second.low >= 0)
    (factor,), shift, units = fit_factors(value, first.magnitude * second.magnitude, output, layer.name)
    multipliers = (factor,) * len(sums) if factor != 1 else ()
    state.round(number, sums, output.step(units, shift, multipliers), output.scales(units))


def lower_average_pool(state: Lowering, number: int, layer: AveragePool, source: Quantised) -> None:
    """Sums of windows, divided by multipliers and a shift; each channel keeps a scale of its own where it may."""
    apart = state.shared[number] < Sharing.TENSOR
    _, function = state.follow(number)
    output = state.plan(number, function, source.low >= 0, apart=apart)
    exclude = layer.exclude_padding and any(layer.padding)
    # Windows with fewer real cells take a larger multiple, rounded, of the sum.
    factor, area = _WINDOW_MULTIPLE if exclude else 1, math.prod(layer.kernel)
    values = source.scale.reshape(len(source.scale), -1)[:, 0] / (area * factor)
    values = values if apart else values[:1]
    multipliers: tuple[int, ...] = (1,)
    shift, units = 0, values
    if not state.is_last(number):
        magnitude = source.magnitude * area * (factor + (1 if exclude else 0))
        multipliers, shift, units = fit_factors(values, magnitude, output, layer.name)
    if len(set(multipliers)) == 1:
        factor, multipliers = factor * multipliers[0], ()
    made = integer.SumPool(
        kernel=layer.kernel,
        stride=layer.stride,
        padding=layer.padding,
        multiplier=factor,
        exclude_padding=exclude,
        sources=(source.number,),
    )
    sums = state.graph.append(made, [source.values])
    if state.is_last(number):
        state.logits(number, values)
    else:
        state.round(number, sums, output.step(units, shift, multipliers), output.scales(units))


def lower_slopes(state: Lowering, number: int, layer: Activation, source: Quantised) -> None:
    """PReLU of one slope a channel, x + |1 - slope| max(-x, 0) sign(1 - slope)."""
    function = layer.function
    if function.name != "prelu" or function.operands:
        raise layer.refuse(f"{function} has no table", "one function for all channels, or prelu alone")
    shape = (-1, *[1] * (len(source.shape) - 1))
    change = 1.0 - np.array(function.parameters)
    values = np.abs(change).reshape(shape) * state.calibration.tensors[layer.sources[0]]
    extremes = tuple(
        -np.abs(change) * end[layer.sources[0]] for end in (state.calibration.highs, state.calibration.lows)
    )
    output = plan_output(RELU, -values, (extremes[0], extremes[1]), state.rule)
    unit = max(float(output.units[0]), float(np.abs(change).max()) * source.unit / _STEEPEST) or 1.0
    shift = _SLOPE_SHIFT
    sums = state.graph.append(integer.Sum(multipliers=(-1,), sources=(source.number,)), [source.values])
    multipliers = tuple(int(m) for m in np.rint(np.abs(change) * source.unit * 2.0**shift / unit))
    step = output.step(np.array([unit]), shift, multipliers)
    part = state.graph.requantise(sums, step, np.array([unit]), layer.name, None)
    if (change < 0).any():
        sums = state.graph.append(integer.Sum(multipliers=(1,), sources=(part.number,)), [part.values])
        signs = tuple(-1 if one < 0 else 1 for one in change)
        step = integer.Requantise(shift=1, activation="identity", multipliers=signs)
        part = state.graph.requantise(sums, step, np.array([2 * unit]), layer.name, None)
    lower_sum(state, number, layer.name, [1.0, 1.0], [source, part])
