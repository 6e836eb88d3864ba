"""Where each channel may have a scale of its own, and how much its errors weigh.

A dense layer or a convolution absorbs the scales of what it reads in its weights, so channels that reach only such
layers, through pools, views and activations, need no common scale.
"""

from __future__ import annotations

import math
from enum import IntEnum

import numpy as np

from zkaudit.model.float_functions import Floats, Function
from zkaudit.model.float_graph import FloatGraph
from zkaudit.model.float_layers import (
    Activation,
    Affine,
    AveragePool,
    Convolution,
    Dense,
    FloatLayer,
    MaxPool,
    Shape,
)
from zkaudit.model.float_views import Concatenate, Pad, Reshape, Slice, Transpose, View


class Sharing(IntEnum):
    """What the readers of a tensor need to have one scale; of several readers the largest counts."""

    CELL = 0
    """Nothing: a dense layer takes any scales."""
    CHANNEL = 1
    """The entries of each index of the first axis: a convolution, or a pool."""
    TENSOR = 2
    """All of it."""


def clamps(function: Function) -> bool:
    """Whether a function is a clamp of integers in any scale: the identity and ReLU."""
    return not function.operands and function.name in ("identity", "relu")


def activation_after(network: FloatGraph, tensor: int) -> int:
    """The number of the activation that is all that reads a tensor and has one function for all, else `tensor`."""
    readers = network.readers[tensor]
    if len(readers) == 1 and isinstance(reader := network.layers[readers[0] - 1], Activation):
        return tensor if reader.function.per_channel else readers[0]
    return tensor


def sharings(network: FloatGraph) -> list[Sharing]:
    """What every tensor needs, by number."""
    needs = [Sharing.CELL] * (len(network.layers) + 1)
    # The logits are compared with each other.
    needs[-1] = Sharing.TENSOR
    shapes = network.shapes
    for number in range(len(network.layers), 0, -1):
        layer = network.layers[number - 1]
        fused = isinstance(layer, Activation) and activation_after(network, layer.sources[0]) == number
        for source in layer.sources:
            need = _need(layer, needs[number], shapes[source], shapes[number])
            if fused and isinstance(layer, Activation) and clamps(layer.function):
                need = needs[number]
            needs[source] = max(needs[source], need)
    return needs


def _need(layer: FloatLayer, output: Sharing, shape: Shape, output_shape: Shape) -> Sharing:
    """What a layer needs of a source of some shape, given what its own output needs."""
    match layer:
        case Dense():
            return Sharing.CELL
        case Convolution():
            return Sharing.CHANNEL
        case Affine():
            return output if alias_scale(layer) else Sharing.CHANNEL
        case MaxPool() | AveragePool():
            return max(Sharing.CHANNEL, output)
        case Reshape() if output == Sharing.CHANNEL:
            return output if shape[0] == output_shape[0] else Sharing.TENSOR
        case Transpose() if output == Sharing.CHANNEL:
            return output if layer.axes[0] == 0 else Sharing.TENSOR
        case View():
            return output
        case _:
            return Sharing.TENSOR


def alias_scale(layer: Affine) -> float | None:
    """The factor of an affine layer that only changes what an integer stands for, else None."""
    if layer.uniform is None or layer.uniform[0] <= 0 or layer.uniform[1] != 0:
        return None
    return layer.uniform[0]


def importances(network: FloatGraph) -> list[Floats]:
    """The weight of a squared error in each channel of every tensor, (shape[0],) each, the largest one.

    It is the sum of squared weights by which linear layers read the channel, which pools, views and activations pass
    on; other layers weigh all channels alike.
    """
    shapes = network.shapes
    weights = [np.zeros(shape) for shape in shapes]
    weights[-1] += 1.0
    for number in range(len(network.layers), 0, -1):
        layer, passed = network.layers[number - 1], _normalised(weights[number])
        start = 0
        for source in layer.sources:
            stop = start + shapes[source][0]
            part = passed[start:stop] if isinstance(layer, Concatenate) else passed
            with np.errstate(over="ignore", under="ignore", invalid="ignore"):
                weights[source] += _normalised(_read_weights(layer, part, shapes[source]))
            start = stop
    return [_normalised(values.reshape(len(values), -1).mean(axis=1)) for values in weights]


def _normalised(weights: Floats) -> Floats:
    largest = weights.max()
    return weights / largest if 0 < largest < math.inf else np.ones_like(weights)


def _read_weights(layer: FloatLayer, output: Floats, shape: Shape) -> Floats:
    """The weights of a source from those of the output, both of the tensor's shape."""
    match layer:
        case Dense():
            return np.asarray((layer.weight**2).sum(axis=0).reshape(shape))
        case Convolution():
            grouped = layer.weight.reshape(layer.groups, -1, *layer.weight.shape[1:])
            channels = (grouped**2).sum(axis=(1, 3, 4)).reshape(-1, 1, 1)
            return np.broadcast_to(channels, shape)
        case Reshape():
            return output.reshape(shape)
        case Transpose():
            return output.transpose(np.argsort(layer.axes))
        case Slice():
            result = np.zeros(shape)
            result[layer.start : layer.stop] = output
            return result
        case Pad():
            top, left = layer.padding[:2]
            return output[:, top : top + shape[1], left : left + shape[2]]
        case Concatenate():
            return output
        case MaxPool() | AveragePool() | Activation():
            channels = output.reshape(len(output), -1).mean(axis=1)
            return np.broadcast_to(channels.reshape(-1, *[1] * (len(shape) - 1)), shape)
        case _:
            return np.ones(shape)
