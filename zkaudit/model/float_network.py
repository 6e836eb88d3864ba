"""Trained networks in floating point, before they become integers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zkaudit.errors import InvalidInput

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FloatDense:
    """One layer: `weight` (outputs, inputs) and `bias` (outputs,), followed by max(., 0) where `relu`."""

    weight: Floats
    bias: Floats
    relu: bool

    def accumulate(self, inputs: Floats) -> Floats:
        """Values before the activation, (samples, inputs) -> (samples, outputs)."""
        return inputs @ self.weight.T + self.bias

    def activate(self, values: Floats) -> Floats:
        """The activation, same shape."""
        return np.maximum(values, 0.0) if self.relu else values


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FloatNetwork:
    """Dense layers on samples of `input_shape`, flattened in row-major order; the last gives the logits.

    `InvalidInput` at construction names the layer whose shapes do not fit or whose values are not finite.
    """

    input_shape: tuple[int, ...]
    layers: tuple[FloatDense, ...]

    def __post_init__(self) -> None:
        if not self.layers:
            raise InvalidInput("no dense layer", where="network", expected="at least one")
        width = math.prod(self.input_shape)
        for number, layer in enumerate(self.layers, 1):
            where = f"dense {number}"
            if layer.weight.ndim != 2 or layer.weight.shape[1] != width or not len(layer.weight):
                raise InvalidInput(
                    f"weights of shape {layer.weight.shape}", where=where, expected=f"(outputs, {width})"
                )
            width = len(layer.weight)
            if layer.bias.shape != (width,):
                raise InvalidInput(f"a bias of shape {layer.bias.shape}", where=where, expected=f"({width},)")
            if not (np.isfinite(layer.weight).all() and np.isfinite(layer.bias).all()):
                raise InvalidInput("weights or biases that are NaN or infinite", where=where, expected="finite numbers")
        if self.layers[-1].relu:
            raise InvalidInput(
                "an activation follows the last layer, and could change its argmax",
                where=f"dense {len(self.layers)}",
                next_step="remove the activation from the logits",
            )

    def logits(self, inputs: NDArray[np.generic]) -> Floats:
        """Outputs of the last layer, (samples, *input_shape) -> (samples, classes)."""
        values = inputs.reshape(len(inputs), -1).astype(np.float64)
        for layer in self.layers:
            values = layer.activate(layer.accumulate(values))
        return values

    def predictions(self, inputs: NDArray[np.generic]) -> NDArray[np.int64]:
        """Argmax of the logits, ties to the lowest index, (samples,)."""
        return np.asarray(np.argmax(self.logits(inputs), axis=1), np.int64)
