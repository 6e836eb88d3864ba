"""Integer layers as they are chosen, with the values that they give on calibration data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from zkaudit.model.architecture import (
    ACTIVATIONS,
    INPUT_INTERVAL,
    Concatenate,
    Pad,
    Requantise,
    Reshape,
    Shape,
    Slice,
    Sum,
    Transpose,
)
from zkaudit.model.evaluator import apply_layer
from zkaudit.model.float_functions import Floats
from zkaudit.model.layers import Layer
from zkaudit_circuits.dense import Kernel

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Quantised:
    """An activation in integers: tensor `number`, its values (*shape, samples) and what one unit of each stands for.

    `scale` is (*shape,), and the values lie in [low, high]; `public` marks the input and views of it.
    """

    number: int
    values: Integers
    scale: Floats
    low: int
    high: int
    public: bool = False

    @property
    def shape(self) -> Shape:
        """Its shape without samples."""
        return self.values.shape[:-1]

    @property
    def magnitude(self) -> int:
        """Largest magnitude of its interval."""
        return max(-self.low, self.high)

    @property
    def unit(self) -> float:
        """What one unit stands for, where all of the tensor has one scale."""
        return float(self.scale.flat[0])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Link:
    """Integer tensor `number` stands for float tensor `target`, by `scale` that broadcasts to its shape."""

    name: str
    number: int
    target: int
    scale: Floats


@dataclass(slots=True, kw_only=True, eq=False)
class IntegerGraph:
    """Layers, the weights of those that have some, and links to the float tensors that they stand for."""

    layers: list[Layer] = field(default_factory=list)
    kernels: list[Kernel] = field(default_factory=list)
    biases: list[Integers] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)

    def append(
        self,
        layer: Layer,
        read: Sequence[Integers],
        kernel: Kernel | None = None,
        bias: Integers | None = None,
    ) -> Integers:
        """Adds a layer, whose sources are named in it, and gives its values; its number is that of the last tensor."""
        weights = [] if kernel is None or bias is None else [(kernel, bias)]
        self.layers.append(layer)
        self.kernels += [kernel for kernel, _ in weights]
        self.biases += [bias for _, bias in weights]
        return apply_layer(layer, list(read), iter(weights))

    @property
    def last(self) -> int:
        """Number of the last tensor."""
        return len(self.layers)

    def requantise(self, sums: Integers, step: Requantise, scales: Floats, name: str, target: int | None) -> Quantised:
        """Rounds the last tensor, linked to a float tensor if one is named; `scales` has one a channel, or one."""
        values = self.append(step, [sums])
        shape = values.shape[:-1]
        along = np.asarray(scales).reshape(-1, *[1] * (len(shape) - 1))
        if target is not None:
            self.links.append(Link(name=name, number=self.last, target=target, scale=along))
        return Quantised(
            number=self.last, values=values, scale=np.broadcast_to(along, shape), low=step.low, high=step.high
        )

    def copy(self, source: Quantised, factor: int = 1, shift: int = 0) -> Quantised:
        """The source times factor / 2^shift, at most 1, as a tensor that any layer may read."""
        sums = self.append(Sum(multipliers=(factor,), sources=(source.number,)), [source.values])
        step = hull_step(source.low, source.high, shift)
        values = self.append(step, [sums])
        scale = source.scale * (2.0**shift / factor)
        return Quantised(number=self.last, values=values, scale=scale, low=step.low, high=step.high)

    def committed(self, source: Quantised) -> Quantised:
        """The source, or a copy where it is the public input."""
        return self.copy(source) if source.public else source

    def view(self, layer: Layer, sources: Sequence[Quantised]) -> Quantised:
        """Adds a view of tensors that are all public or all not."""
        values = self.append(layer, [source.values for source in sources])
        low, high = min(source.low for source in sources), max(source.high for source in sources)
        if isinstance(layer, Pad):
            low, high = min(low, 0), max(high, 0)
        scale = _view_scale(layer, [source.scale for source in sources])
        public = any(source.public for source in sources)
        return Quantised(number=self.last, values=values, scale=scale, low=low, high=high, public=public)


def hull_step(low: int, high: int, shift: int) -> Requantise:
    """The requantisation that clamps to the least of the intervals that hold [low, high]."""
    for name, interval in ACTIVATIONS.items():
        if interval[0] <= low and high <= interval[1]:
            return Requantise(shift=shift, activation=name)
    table = tuple(range(INPUT_INTERVAL[0], INPUT_INTERVAL[1] + 1))
    return Requantise(shift=shift, activation="table", table=table, table_low=INPUT_INTERVAL[0])


def _view_scale(layer: Layer, scales: Sequence[Floats]) -> Floats:
    scale = scales[0]
    match layer:
        case Reshape():
            return scale.reshape(layer.shape)
        case Transpose():
            return scale.transpose(layer.axes)
        case Concatenate():
            return np.concatenate(scales)
        case Slice():
            return scale[layer.start : layer.stop]
        case Pad():
            # Zero stands for zero in any scale, and its neighbours' keeps the channel in one.
            top, left, bottom, right = layer.padding
            return np.pad(scale, ((0, 0), (top, bottom), (left, right)), mode="edge")
        case _:
            raise TypeError(f"{layer.kind} is no view")
