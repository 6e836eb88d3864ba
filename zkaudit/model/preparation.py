"""Float graphs brought into the order that integers want: each activation right behind the sums that it rounds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from zkaudit.model.float_functions import Function
from zkaudit.model.float_graph import FloatGraph
from zkaudit.model.float_layers import (
    Activation,
    Affine,
    AveragePool,
    Convolution,
    Dense,
    FloatLayer,
    Gate,
    MaxPool,
    Sum,
)
from zkaudit.model.float_views import Concatenate, Reshape, View

_INCREASING = ("identity", "sigmoid", "tanh", "softplus", "erf")
"""Functions without parameters that keep the order of all values."""

_INCREASING_IF_POSITIVE = ("affine", "leaky_relu", "elu")
"""Functions that keep the order of all values where their first parameter is positive."""


def prepare(network: FloatGraph) -> FloatGraph:
    """A graph with the same predictions, in which nothing stands between sums and the activation behind them.

    What only reorders or rescales the logits at the end is left out, and so is what nothing reads.
    Activations move ahead of views, and those that keep order ahead of the maxima of a pool.
    """
    layers = list(network.layers)
    while len(layers) > 1 and layers[-1].sources == (len(layers) - 1,) and _keeps_argmax(layers[-1]):
        layers.pop()
    while _move_activations(layers):
        pass
    return FloatGraph(input_shape=network.input_shape, layers=_reachable(layers))


def strictly_increasing(function: Function) -> bool:
    """Whether larger values always give larger values."""
    if len(function.operands) > 1:
        return False
    positive = function.name in _INCREASING_IF_POSITIVE and function.parameters[0] > 0
    known = function.name in _INCREASING or positive
    return known and all(strictly_increasing(operand) for operand in function.operands)


def increasing(function: Function) -> bool:
    """Whether larger values never give smaller values."""
    if len(function.operands) > 1:
        return False
    flat = function.name in ("relu", "clip") or (function.name == "hard_sigmoid" and function.parameters[0] >= 0)
    inner = all(increasing(operand) for operand in function.operands)
    return inner and (flat or strictly_increasing(replace(function, operands=())))


def _keeps_argmax(layer: FloatLayer) -> bool:
    if isinstance(layer, Activation):
        return strictly_increasing(layer.function)
    if isinstance(layer, Affine):
        return layer.uniform is not None and layer.uniform[0] > 0
    return isinstance(layer, Reshape)


def _move_activations(layers: list[FloatLayer]) -> bool:
    """Swaps activations with the single-reader view or max pool before them; whether there was one."""
    readers = [0] * (len(layers) + 1)
    for layer in layers:
        for source in layer.sources:
            readers[source] += 1
    moved = False
    for index, layer in enumerate(layers):
        before = layer.sources[0] - 1
        if not isinstance(layer, Activation) or before < 0 or readers[before + 1] != 1:
            continue
        passed = layers[before]
        if _commutes(passed, layer.function, layers):
            # Neither tensor number changes, because nothing else reads the one between.
            layers[before] = replace(layer, sources=passed.sources)
            layers[index] = replace(passed, sources=(before + 1,))
            moved = True
    return moved


def _commutes(layer: FloatLayer, function: Function, layers: list[FloatLayer]) -> bool:
    if function.per_channel or isinstance(layer, Concatenate):
        return False
    if isinstance(layer, View):
        # Padding adds zeros, which the function has to keep.
        return float(function(np.zeros((1, 1)))[0, 0]) == 0.0
    if not isinstance(layer, MaxPool) or not increasing(function) or not layer.sources[0]:
        return False
    return isinstance(layers[layer.sources[0] - 1], (Dense, Convolution, Sum, Gate, AveragePool))


def _reachable(layers: list[FloatLayer]) -> tuple[FloatLayer, ...]:
    """The layers that the last one needs, renumbered."""
    needed = {len(layers)}
    for number in range(len(layers), 0, -1):
        if number in needed:
            needed.update(layers[number - 1].sources)
    order = [0, *(number for number in range(1, len(layers) + 1) if number in needed)]
    places = {number: place for place, number in enumerate(order)}
    return tuple(
        replace(layers[number - 1], sources=tuple(places[source] for source in layers[number - 1].sources))
        for number in order[1:]
    )
