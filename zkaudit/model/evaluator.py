"""The integer network evaluated exactly: the meaning of a model that prover, checker and tests share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zkaudit.errors import InvalidInput
from zkaudit.model.architecture import (
    Architecture,
    Concatenate,
    Convolution,
    Dense,
    Gate,
    MaxPool,
    Pad,
    Requantise,
    Reshape,
    Slice,
    Sum,
    SumPool,
    Transpose,
)
from zkaudit.model.layers import Layer
from zkaudit_circuits import views
from zkaudit_circuits.add import weighted_sum
from zkaudit_circuits.argmax import argmax
from zkaudit_circuits.convolution import convolve
from zkaudit_circuits.dense import Kernel, dense
from zkaudit_circuits.gate import gate
from zkaudit_circuits.pooling import max_pool, sum_pool
from zkaudit_circuits.requantise import apply_table, quotients, requantise

Integers = NDArray[np.int64]

Weights = tuple[Kernel, Integers]
"""A kernel and its bias."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trace:
    """Every intermediate value of one evaluation, int64, samples along the last axis.

    `tensors[i]` (*shape, samples) is tensor i of the architecture; views share memory with what they view.
    """

    architecture: Architecture
    tensors: tuple[Integers, ...]

    @property
    def accumulators(self) -> tuple[Integers, ...]:
        """The tensors that are accumulators, in order."""
        return tuple(values for i, values in enumerate(self.tensors) if self.architecture.is_accumulator(i))

    @property
    def outputs(self) -> tuple[Integers, ...]:
        """The outputs of the requantisations, in order."""
        pairs = zip(self.architecture.layers, self.tensors[1:], strict=True)
        return tuple(values for layer, values in pairs if isinstance(layer, Requantise))

    @property
    def logits(self) -> Integers:
        """The last tensor, flattened, (classes, samples)."""
        last = self.tensors[-1]
        return last if last.ndim == 2 else last.reshape(-1, last.shape[-1])

    @property
    def predictions(self) -> Integers:
        """The argmax of the logits, ties to the lowest index, (samples,)."""
        return argmax(self.logits)


def evaluate(
    architecture: Architecture,
    kernels: Sequence[Kernel],
    biases: Sequence[Integers],
    inputs: NDArray[np.integer],
) -> Trace:
    """The trace of integer inputs (features, samples) under `zkaudit-int8/v1`.

    `kernels` and `biases` are those of a model, one a layer with weights.
    The caller has checked that the inputs lie in the declared interval, on which exactness rests.
    """
    if inputs.ndim != 2 or inputs.shape[0] != architecture.features:
        raise InvalidInput(
            f"inputs of shape {inputs.shape}", where="evaluation", expected=f"({architecture.features}, samples)"
        )
    tensors: list[Integers] = [views.reshape(inputs.astype(np.int64), architecture.input_shape)]
    weights = zip(kernels, biases, strict=True)
    for layer in architecture.layers:
        tensors.append(apply_layer(layer, [tensors[source] for source in layer.sources], weights))
    return Trace(architecture=architecture, tensors=tuple(tensors))


def apply_layer(layer: Layer, read: list[Integers], weights: Iterator[Weights]) -> Integers:
    """The tensor of one layer from those that it reads; a layer with weights takes the next."""
    values = read[0]
    match layer:
        case Dense():
            return dense(*next(weights), values.reshape(layer.inputs, -1))
        case Convolution():
            return convolve(
                *next(weights),
                values,
                stride=layer.stride,
                dilation=layer.dilation,
                padding=layer.padding,
                groups=layer.groups,
            )
        case Requantise():
            return _requantise(layer, values)
        case Sum():
            return weighted_sum(layer.multipliers, read)
        case Gate():
            return gate(values, read[1])
        case SumPool():
            return sum_pool(
                values,
                kernel=layer.kernel,
                stride=layer.stride,
                padding=layer.padding,
                multiplier=layer.multiplier,
                exclude_padding=layer.exclude_padding,
            )
        case MaxPool():
            return max_pool(
                values, kernel=layer.kernel, stride=layer.stride, dilation=layer.dilation, padding=layer.padding
            )
        case Reshape():
            return views.reshape(values, layer.shape)
        case Transpose():
            return views.transpose(values, layer.axes)
        case Concatenate():
            return views.concatenate(read)
        case Pad():
            return views.pad(values, layer.padding)
        case Slice():
            return views.cut(values, layer.start, layer.stop)
        case _:
            raise TypeError(f"no meaning for {layer.kind!r}")


def _requantise(layer: Requantise, values: Integers) -> Integers:
    if layer.table:
        return apply_table(quotients(values, layer.shift, layer.multipliers), layer.table, layer.table_low)
    return requantise(values, layer.shift, layer.low, layer.high, layer.multipliers)
