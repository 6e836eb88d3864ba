"""Dense layers, convolutions and normalisations of float graphs in integers."""

from __future__ import annotations

import math
from dataclasses import replace

from zkaudit.errors import InvalidInput
from zkaudit.field.koalabear import HALF
from zkaudit.model import architecture as integer
from zkaudit.model.bounds import argmax_reach
from zkaudit.model.examples import problem_of
from zkaudit.model.float_layers import Affine, Convolution, Dense
from zkaudit.model.integer_graph import Integers, Quantised
from zkaudit.model.integer_layers import Fit, Problem, bias_limbs, fit_hidden, fit_logits, fit_with_wide_weights
from zkaudit.model.layers import Layer
from zkaudit.model.lowering_state import Lowering
from zkaudit.model.scaling import Sharing, alias_scale


def lower_linear(state: Lowering, number: int, layer: Dense | Convolution, source: Quantised) -> None:
    """A layer with weights, and the activation behind it; the last one gives logits, which are not rounded."""
    after, function = state.follow(number)
    target = state.calibration.tensors[number]
    if isinstance(layer, Convolution) and target.ndim != 4:
        target = target.reshape(*target.shape[:2], -1, 1)
    problem = problem_of(layer, source.values, source.scale, source.magnitude, target, state.importance[after])
    if state.is_last(number):
        classes = math.prod(state.network.shapes[number])
        fit = fit_with_wide_weights(problem, lambda one: _fit_bounded_logits(one, classes))
        _append_linear(state, layer, source, fit)
        state.logits(number, fit.scales[:1])
        return
    apart = state.shared[number] < Sharing.TENSOR
    output = state.plan(number, function, apart=apart)
    fit = fit_with_wide_weights(problem, lambda one: fit_hidden(one, output, apart=apart))
    sums = _append_linear(state, layer, source, fit)
    if fit.step is not None:
        state.round(number, sums, fit.step, output.scales(fit.units))


def _fit_bounded_logits(problem: Problem, classes: int) -> Fit:
    """`fit_logits`; `InvalidInput` where the differences of logits could wrap."""
    fit = fit_logits(problem)
    reach = argmax_reach(problem.bound(fit.bias), classes)
    if reach > HALF:
        raise InvalidInput(
            f"{problem.weight.shape[1]} inputs: logits can reach {reach} and wrap around the field",
            where=problem.name,
            expected=f"at most {HALF}",
            next_step="use a narrower layer",
        )
    return fit


def _append_linear(state: Lowering, layer: Dense | Convolution, source: Quantised, fit: Fit) -> Integers:
    limbs = bias_limbs(fit.bias)
    if isinstance(layer, Dense):
        outputs, inputs = layer.weight.shape
        made: Layer = integer.Dense(
            inputs=inputs,
            outputs=outputs,
            bias_limbs=limbs,
            weight_limbs=fit.weight_limbs,
            sources=(source.number,),
        )
    else:
        made = integer.Convolution(
            channels=source.shape[0],
            filters=len(layer.weight),
            kernel=layer.kernel,
            stride=layer.stride,
            dilation=layer.dilation,
            padding=layer.padding,
            groups=layer.groups,
            bias_limbs=limbs,
            weight_limbs=fit.weight_limbs,
            sources=(source.number,),
        )
    return state.graph.append(made, [source.values], fit.kernel.reshape(layer.weight.shape), fit.bias)


def lower_affine(state: Lowering, number: int, layer: Affine, source: Quantised) -> None:
    """Another scale for the same integers where that is all; else a convolution of each channel with itstate."""
    factor = alias_scale(layer)
    if factor is not None:
        state.known[number] = replace(source, scale=source.scale * factor)
        return
    channels, shape = len(layer.scale), source.shape
    if len(shape) != 3:
        source = _reshaped(state, source, (channels, source.scale.size // channels, 1))
    convolution = Convolution(
        name=layer.name,
        sources=layer.sources,
        kernel=(1, 1),
        weight=layer.scale.reshape(-1, 1, 1, 1),
        bias=layer.shift,
        groups=channels,
    )
    lower_linear(state, number, convolution, source)
    after, _ = state.follow(number)
    if len(shape) != 3 and not state.is_last(number):
        state.known[after] = _reshaped(state, state.known[after], shape)


def _reshaped(state: Lowering, source: Quantised, shape: tuple[int, ...]) -> Quantised:
    return state.graph.view(integer.Reshape(shape=shape, sources=(source.number,)), [source])
