"""Trained networks in floating point, before they become integers.

A graph is a tuple of layers in topological order, which mirror the kinds of the integer architecture:
`float_layers` has Dense, Convolution, Affine, Activation, Sum, Gate, AveragePool and MaxPool, `float_views` the views
Reshape, Transpose, Concatenate, Pad and Slice, `float_functions` the functions that an Activation applies.
Tensor 0 is the input and tensor i the output of layers[i - 1]; each layer names its `sources` by number.
Shapes leave the samples out and are (C, H, W) or (F,); a signal of ONNX shape (C, L) is (C, 1, L).
Only the input and views of it may have other numbers of axes, and so may what lies between two reshapes.
Importers and `perceptron` fold what they can: an Affine or Activation is not left behind a layer that could take it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zkaudit.errors import InvalidInput
from zkaudit.model.float_functions import RELU, Floats
from zkaudit.model.float_layers import Activation, Affine, Convolution, Dense, FloatLayer, Shape

CHUNK_VALUES = 1 << 25
"""Performance knob: values of all tensors that `logits` holds at a time, 256 MB."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FloatGraph:
    """Layers on samples of `input_shape`; the last tensor, flattened, is the row of logits.

    `InvalidInput` at construction names the layer whose sources or shapes do not fit or whose weights are not finite.
    """

    input_shape: Shape
    layers: tuple[FloatLayer, ...]

    def __post_init__(self) -> None:
        if not any(isinstance(layer, (Dense, Convolution)) for layer in self.layers):
            raise InvalidInput("no dense layer and no convolution", where="network", expected="at least one")
        for number, layer in enumerate(self.layers, 1):
            if not layer.sources or not all(0 <= source < number for source in layer.sources):
                raise layer.refuse(f"reads tensors {layer.sources}", "earlier ones")
            constants = [getattr(layer, name, None) for name in ("weight", "bias", "scale", "shift")]
            if not all(np.isfinite(values).all() for values in constants if values is not None):
                raise layer.refuse("weights or biases that are NaN or infinite", "finite numbers")
        # Also the check that every layer accepts the shapes of its sources.
        if math.prod(self.shapes[-1]) < 1:
            raise InvalidInput("no logits", where="network")

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Shape of every tensor, without the samples."""
        shapes = [self.input_shape]
        for layer in self.layers:
            shapes.append(layer.shape(*(shapes[source] for source in layer.sources)))
        return tuple(shapes)

    @property
    def classes(self) -> int:
        """Logits of a sample."""
        return math.prod(self.shapes[-1])

    @property
    def readers(self) -> tuple[tuple[int, ...], ...]:
        """For every tensor the numbers of the tensors that are computed from it."""
        readers: list[list[int]] = [[] for _ in range(len(self.layers) + 1)]
        for number, layer in enumerate(self.layers, 1):
            for source in dict.fromkeys(layer.sources):
                readers[source].append(number)
        return tuple(map(tuple, readers))

    def evaluate(self, inputs: NDArray[np.generic]) -> list[Floats]:
        """All tensors, (samples, *input_shape) -> one (samples, *shape) each, the input first.

        Values that overflow are infinite or NaN, without a warning.
        """
        tensors = [inputs.reshape(len(inputs), *self.input_shape).astype(np.float64)]
        with np.errstate(over="ignore", invalid="ignore"):
            for layer in self.layers:
                tensors.append(layer.apply(*(tensors[source] for source in layer.sources)))
        return tensors

    def logits(self, inputs: NDArray[np.generic]) -> Floats:
        """The last tensor, (samples, *input_shape) -> (samples, classes), a bounded number of samples at a time."""
        step = max(1, CHUNK_VALUES // sum(map(math.prod, self.shapes)))
        rows = [self.evaluate(inputs[start : start + step])[-1] for start in range(0, len(inputs), step)]
        return np.concatenate([row.reshape(len(row), -1) for row in rows] or [np.empty((0, self.classes))])

    def predictions(self, inputs: NDArray[np.generic]) -> NDArray[np.int64]:
        """Argmax of the logits, ties to the lowest index, (samples,)."""
        return np.asarray(np.argmax(self.logits(inputs), axis=1), np.int64)


def perceptron(
    input_shape: Shape, weights: Sequence[Floats], biases: Sequence[Floats | None], relus: Sequence[bool] | None = None
) -> FloatGraph:
    """The graph of dense layers `weights[k]` (outputs, inputs) and `biases[k]` (outputs,) or None for zeros.

    `relus[k]` tells whether layer k is followed by ReLU; by default all are but the last.
    Layers are named "dense 1" and so on.
    """
    active = [True] * (len(weights) - 1) + [False] if relus is None else list(relus)
    if not len(weights) == len(biases) == len(active):
        raise InvalidInput(f"{len(weights)} weights, {len(biases)} biases, {len(active)} activations", where="network")
    layers: list[FloatLayer] = []
    for number, (weight, bias, relu) in enumerate(zip(weights, biases, active, strict=True), 1):
        name, matrix = f"dense {number}", np.asarray(weight, np.float64)
        row = np.zeros(len(matrix)) if bias is None else np.asarray(bias, np.float64)
        layers.append(Dense(name=name, sources=(len(layers),), weight=matrix, bias=row))
        if relu:
            layers.append(Activation(name=f"relu {number}", sources=(len(layers),), function=RELU))
    return FloatGraph(input_shape=input_shape, layers=tuple(layers))


__all__ = ["Affine", "FloatGraph", "FloatLayer", "Floats", "perceptron"]
