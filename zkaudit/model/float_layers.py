"""Layers of float networks: the operations that have integer counterparts, in double precision."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from zkaudit.errors import InvalidInput
from zkaudit.model.float_functions import Floats, Function

Shape = tuple[int, ...]

MAX_COPY = 1 << 22
"""Performance knob: values of the windows that a convolution copies at a time, 32 MB."""

MAX_CELLS = 1 << 26
"""Performance knob: most values of one sample's tensor with its border."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FloatLayer:
    """One operation on the tensors numbered `sources`; `name` is its label in messages.

    Arrays have the samples first, shapes leave them out.
    """

    kind: ClassVar[str] = ""
    name: str
    sources: tuple[int, ...]

    def shape(self, *shapes: Shape) -> Shape:
        """Shape of the output for the shapes of the sources; `InvalidInput` where they do not fit."""
        raise NotImplementedError

    def apply(self, *values: Floats) -> Floats:
        """The output for the values of the sources, each (samples, *shape)."""
        raise NotImplementedError

    def refuse(self, what: str, expected: str = "") -> InvalidInput:
        """The error that names this layer."""
        return InvalidInput(what, where=self.name, expected=expected)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dense(FloatLayer):
    """`weight` (outputs, inputs) times the row-major flattening of one tensor, plus `bias` (outputs,)."""

    kind: ClassVar[str] = "dense"
    weight: Floats
    bias: Floats

    def shape(self, *shapes: Shape) -> Shape:
        width = math.prod(shapes[0])
        if self.weight.ndim != 2 or self.weight.shape[1] != width or not len(self.weight):
            raise self.refuse(f"weights of shape {self.weight.shape}", f"(outputs, {width})")
        if self.bias.shape != (len(self.weight),):
            raise self.refuse(f"a bias of shape {self.bias.shape}", f"({len(self.weight)},)")
        return (len(self.weight),)

    def apply(self, *values: Floats) -> Floats:
        return np.asarray(values[0].reshape(len(values[0]), -1) @ self.weight.T + self.bias)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Windows(FloatLayer):
    """What slides a window over height and width of (C, H, W); each pair is (height, width).

    `padding` is (top, left, bottom, right).
    """

    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)

    def extent(self, shape: Shape) -> tuple[int, int]:
        """Height and width of the output for an input of that shape."""
        if len(shape) != 3:
            raise self.refuse(f"reads samples of shape {shape}", "(channels, height, width)")
        spans = [dilation * (size - 1) + 1 for dilation, size in zip(self.dilation, self.kernel, strict=True)]
        padded = shape[1] + self.padding[0] + self.padding[2], shape[2] + self.padding[1] + self.padding[3]
        if min(self.padding) < 0 or min(self.kernel + self.stride + self.dilation) < 1:
            raise self.refuse("a window of a negative or empty size")
        if shape[0] * padded[0] * padded[1] > MAX_CELLS:
            raise self.refuse(f"{shape[0]} channels of {padded[0]} by {padded[1]}", f"at most {MAX_CELLS} values")
        if padded[0] < spans[0] or padded[1] < spans[1]:
            raise self.refuse(f"a window of {spans[0]} by {spans[1]}", f"at most {padded[0]} by {padded[1]}")
        return (padded[0] - spans[0]) // self.stride[0] + 1, (padded[1] - spans[1]) // self.stride[1] + 1

    def padded(self, values: Floats, fill: float = 0.0) -> Floats:
        """The input with its border, (samples, C, H, W)."""
        top, left, bottom, right = self.padding
        if not any(self.padding):
            return values
        return np.pad(values, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=fill)

    def cells(self, values: Floats, fill: float = 0.0) -> Iterator[tuple[int, int, Floats]]:
        """Row i and column j of the window, and the view of what lies there, (samples, C, H out, W out)."""
        height, width = self.extent(values.shape[1:])
        padded = self.padded(values, fill)
        for i in range(self.kernel[0]):
            for j in range(self.kernel[1]):
                y, x = i * self.dilation[0], j * self.dilation[1]
                rows = slice(y, y + (height - 1) * self.stride[0] + 1, self.stride[0])
                columns = slice(x, x + (width - 1) * self.stride[1] + 1, self.stride[1])
                yield i, j, padded[:, :, rows, columns]

    def check_borders(self, shape: Shape) -> None:
        """`InvalidInput` for a window that lies in the padding: along one of the axes it then does."""
        for axis, count in enumerate(self.extent(shape)):
            dilation, size = self.dilation[axis], self.kernel[axis]
            start = np.arange(count) * self.stride[axis] - self.padding[axis]
            # The first cell of each window that is not before the input.
            first = np.maximum(0, -(start // dilation))
            if (first >= size).any() or (start + first * dilation >= shape[1 + axis]).any():
                raise self.refuse("a window that lies in the padding")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Convolution(Windows):
    """(C, H, W) -> (filters, H out, W out), `weight` (filters, C / groups, *kernel), `bias` (filters,)."""

    kind: ClassVar[str] = "convolution"
    weight: Floats
    bias: Floats
    groups: int = 1

    def shape(self, *shapes: Shape) -> Shape:
        height, width = self.extent(shapes[0])
        channels, filters = shapes[0][0], len(self.weight)
        if self.groups < 1 or channels % self.groups or not filters or filters % self.groups:
            raise self.refuse(f"{self.groups} groups", f"a divisor of {channels} channels and {filters} filters")
        if self.weight.shape[1:] != (channels // self.groups, *self.kernel):
            expected = (filters, channels // self.groups, *self.kernel)
            raise self.refuse(f"weights of shape {self.weight.shape}", str(expected))
        if self.bias.shape != (filters,):
            raise self.refuse(f"a bias of shape {self.bias.shape}", f"({filters},)")
        return filters, height, width

    def apply(self, *values: Floats) -> Floats:
        inputs = values[0]
        filters, depth = self.weight.shape[:2]
        result = np.empty((len(inputs), filters, *self.extent(inputs.shape[1:])))
        if depth == 1 and filters == self.groups:
            result[:] = 0.0
            for i, j, cell in self.cells(inputs):
                result += self.weight[:, 0, i, j, None, None] * cell
        else:
            # im2col, a few samples at a time: windows (samples, C * kernel, outputs).
            area = math.prod(self.kernel) * math.prod(result.shape[2:])
            step = max(1, MAX_COPY // (inputs.shape[1] * area))
            for start in range(0, len(inputs), step):
                self._multiply(inputs[start : start + step], result[start : start + step])
        return np.asarray(result + self.bias[:, None, None])

    def _multiply(self, inputs: Floats, result: Floats) -> None:
        samples, channels = inputs.shape[:2]
        windows = np.empty((samples, channels, *self.kernel, *result.shape[2:]))
        for i, j, cell in self.cells(inputs):
            windows[:, :, i, j] = cell
        # (groups, filters each, C each * kernel) @ (samples, groups, C each * kernel, outputs)
        matrices = self.weight.reshape(self.groups, len(self.weight) // self.groups, -1)
        columns = windows.reshape(samples, self.groups, matrices.shape[2], -1)
        result[:] = (matrices @ columns).reshape(result.shape)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Affine(FloatLayer):
    """`scale` (C,) times one tensor plus `shift` (C,), along the first axis: a normalisation that folds nowhere.

    Where all scales are equal and the shift is zero, the integers stay and only their scale changes.
    """

    kind: ClassVar[str] = "affine"
    scale: Floats
    shift: Floats

    @property
    def uniform(self) -> tuple[float, float] | None:
        """Scale and shift where all channels share them, else None."""
        same = bool((self.scale == self.scale[0]).all() and (self.shift == self.shift[0]).all())
        return (float(self.scale[0]), float(self.shift[0])) if same else None

    def shape(self, *shapes: Shape) -> Shape:
        if self.scale.shape != shapes[0][:1] or self.shift.shape != shapes[0][:1]:
            raise self.refuse(f"factors of shape {self.scale.shape}", str(shapes[0][:1]))
        return shapes[0]

    def apply(self, *values: Floats) -> Floats:
        along = (-1, *([1] * (values[0].ndim - 2)))
        return np.asarray(values[0] * self.scale.reshape(along) + self.shift.reshape(along))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Activation(FloatLayer):
    """A function of each value."""

    kind: ClassVar[str] = "activation"
    function: Function

    def shape(self, *shapes: Shape) -> Shape:
        if self.function.name == "prelu" and len(self.function.parameters) != shapes[0][0]:
            raise self.refuse(f"{len(self.function.parameters)} slopes", str(shapes[0][0]))
        return shapes[0]

    def apply(self, *values: Floats) -> Floats:
        return self.function(values[0])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sum(FloatLayer):
    """The sum of `multipliers[k]` times source k; a source (C, 1, 1) is repeated over height and width."""

    kind: ClassVar[str] = "sum"
    multipliers: tuple[float, ...]

    def shape(self, *shapes: Shape) -> Shape:
        if len(self.multipliers) != len(shapes):
            raise self.refuse(f"{len(self.multipliers)} multipliers", str(len(shapes)))
        return max((_repeated(self, shape, other) for shape in shapes for other in shapes), key=math.prod)

    def apply(self, *values: Floats) -> Floats:
        return np.asarray(sum(factor * value for factor, value in zip(self.multipliers, values, strict=True)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gate(FloatLayer):
    """The product of two tensors; the second may be (C, 1, 1), repeated over height and width."""

    kind: ClassVar[str] = "gate"

    def shape(self, *shapes: Shape) -> Shape:
        if len(shapes) != 2 or _repeated(self, shapes[0], shapes[1]) != shapes[0]:
            raise self.refuse(f"a product of shapes {shapes}")
        return shapes[0]

    def apply(self, *values: Floats) -> Floats:
        return values[0] * values[1]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AveragePool(Windows):
    """Means over windows, of the whole window or with `exclude_padding` of its real cells; dilation is 1."""

    kind: ClassVar[str] = "average pool"
    exclude_padding: bool = False

    def shape(self, *shapes: Shape) -> Shape:
        result = (shapes[0][0], *self.extent(shapes[0]))
        if self.exclude_padding:
            self.check_borders(shapes[0])
        return result

    def apply(self, *values: Floats) -> Floats:
        counts: Floats | int = math.prod(self.kernel)
        if self.exclude_padding and any(self.padding):
            counts = sum(cell for _, _, cell in self.cells(np.ones((1, 1, *values[0].shape[2:]))))
        return np.asarray(sum(cell for _, _, cell in self.cells(values[0])) / counts)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MaxPool(Windows):
    """Maxima over windows, the padding left out."""

    kind: ClassVar[str] = "max pool"

    def shape(self, *shapes: Shape) -> Shape:
        result = (shapes[0][0], *self.extent(shapes[0]))
        self.check_borders(shapes[0])
        return result

    def apply(self, *values: Floats) -> Floats:
        cells = [cell for _, _, cell in self.cells(values[0], -math.inf)]
        result = cells[0].copy()
        for cell in cells[1:]:
            np.maximum(result, cell, out=result)
        return result


def _repeated(layer: FloatLayer, shape: Shape, other: Shape) -> Shape:
    """The larger of two shapes, of which one may be (C, 1, 1)."""
    if shape == other or (len(shape) == 3 and other == (shape[0], 1, 1)):
        return shape
    if len(other) == 3 and shape == (other[0], 1, 1):
        return other
    raise layer.refuse(f"shapes {shape} and {other} together", "one shape, or (channels, 1, 1)")
