"""Random small networks of all kinds of layer, connected as it comes."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from tests.networks import dense, identity, relu, squash
from zkaudit.errors import InvalidInput
from zkaudit.model.architecture import (
    Architecture,
    Concatenate,
    Convolution,
    Gate,
    Layer,
    MaxPool,
    Pad,
    Requantise,
    Reshape,
    Shape,
    Slice,
    Sum,
    SumPool,
    Transpose,
)

INPUT_INTERVAL = (-3, 200)


def architecture_of(shape: Shape, layers: tuple[Layer, ...]) -> Architecture:
    """An architecture on inputs from -3 to 200."""
    low, high = INPUT_INTERVAL
    return Architecture(input_shape=shape, input_low=low, input_high=high, input_scale=(0.5).hex(), layers=layers)


class RandomNetwork:
    """Adds layers that fit to a small input until it has enough of them."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.layers: list[Layer] = []
        self.shapes: list[Shape] = [(self.number(1, 4), self.number(2, 6), self.number(1, 6))]
        self.activations: list[int] = []
        self.read: set[int] = set()

    def number(self, low: int, high: int) -> int:
        """A number from `low` up to and without `high`."""
        return int(self.random.integers(low, high))

    def pair(self, high: int) -> tuple[int, int]:
        """Two numbers from 1."""
        return self.number(1, high), self.number(1, high)

    def padding(self, high: int) -> tuple[int, int, int, int]:
        """Four numbers from 0."""
        top, left, bottom, right = (self.number(0, high) for _ in range(4))
        return top, left, bottom, right

    def add(self, layer: Layer) -> int:
        """The number of the new tensor; InvalidInput for a layer that does not fit."""
        layer = replace(layer, sources=layer.sources or (len(self.layers),))
        layer.validate("layer")
        shape = layer.output_shape(tuple(self.shapes[source] for source in layer.sources), "layer")
        if prod(shape) > 200:
            raise InvalidInput("too large for a test")
        self.layers.append(layer)
        self.shapes.append(shape)
        self.read |= set(layer.sources)
        return len(self.layers)

    def requantised(self, layer: Layer, shift: int) -> None:
        """A layer that makes an accumulator, and a requantisation of it."""
        channels = self.shapes[self.add(layer)][0]
        kind = self.number(0, 5)
        factors = tuple(self.number(-2, 4) for _ in range(channels)) if self.number(0, 2) else ()
        table = tuple(self.number(-9, 60) for _ in range(self.number(1, 40)))
        steps = (relu(shift, factors), identity(shift, factors), relu(shift), squash(shift))
        custom = Requantise(shift=shift, activation="table", table=table, table_low=self.number(-20, 1))
        self.activations.append(self.add((*steps, custom)[kind]))

    def weighted(self, source: int) -> Layer:
        """A convolution of (C, H, W), or a dense layer."""
        shape = self.shapes[source]
        if len(shape) != 3 or self.number(0, 4) == 0:
            return replace(dense(prod(shape), self.number(1, 6)), bias_limbs=self.number(2, 4), sources=(source,))
        groups = shape[0] if self.number(0, 2) else 1
        return Convolution(
            channels=shape[0],
            filters=groups * self.number(1, 3),
            kernel=self.pair(4),
            stride=self.pair(3),
            dilation=self.pair(3),
            padding=self.padding(3),
            groups=groups,
            bias_limbs=self.number(2, 4),
            weight_limbs=self.number(1, 3),
            sources=(source,),
        )

    def step(self) -> None:
        """One more layer of a random kind on random activations."""
        one, two = (self.activations[self.number(0, len(self.activations))] for _ in range(2))
        shape = self.shapes[one]
        kind = self.number(0, 11)
        window: dict[str, Any] = {"kernel": self.pair(4), "stride": self.pair(3), "padding": self.padding(2)}
        if kind < 3:
            self.requantised(self.weighted(one), self.number(6, 11))
        elif kind == 3:
            self.requantised(Sum(multipliers=(self.number(-3, 4), 5), sources=(one, two)), self.number(0, 4))
        elif kind == 4:
            self.requantised(Gate(sources=(one, two)), self.number(4, 9))
        elif kind == 5:
            exclude = bool(self.number(0, 2))
            pool = SumPool(**window, multiplier=self.number(1, 9), exclude_padding=exclude, sources=(one,))
            self.requantised(pool, self.number(1, 6))
        elif kind == 6 and len(shape) == 3:
            self.requantised(
                SumPool(
                    kernel=(shape[1], shape[2]),
                    stride=(1, 1),
                    padding=(0, 0, 0, 0),
                    multiplier=1,
                    exclude_padding=False,
                    sources=(one,),
                ),
                3,
            )
        elif kind == 7:
            self.activations.append(self.add(MaxPool(**window, dilation=self.pair(3), sources=(one,))))
        else:
            self.activations.append(self.add(self.view(one, two)))

    def view(self, one: int, two: int) -> Layer:
        """A random view."""
        shape = self.shapes[one]
        axes = tuple(int(axis) for axis in self.random.permutation(len(shape)))
        start = self.number(0, shape[0])
        views = (
            Reshape(shape=(prod(shape),), sources=(one,)),
            Transpose(axes=axes, sources=(one,)),
            Concatenate(sources=(one, two, one)),
            Pad(padding=self.padding(3), sources=(one,)),
            Slice(start=start, stop=self.number(start, shape[0]) + 1, sources=(one,)),
        )
        return views[self.number(0, len(views))]

    def build(self) -> Architecture:
        """Views of the input, layers, and an end that reads what nothing has read."""
        source = 0
        if self.number(0, 2):
            source = self.add(self.view(0, 0))
        start = Sum(multipliers=(3,), sources=(source,)) if self.number(0, 3) == 0 else self.weighted(source)
        self.requantised(start, self.number(5, 10))
        for _ in range(30):
            if len(self.layers) > 8:
                break
            before = len(self.layers)
            try:
                self.step()
            except InvalidInput:
                del self.layers[before:], self.shapes[before + 1 :]
        loose = [tensor for tensor in self.activations if tensor not in self.read]
        flat = [self.add(Reshape(shape=(prod(self.shapes[tensor]),), sources=(tensor,))) for tensor in loose]
        last = self.add(Concatenate(sources=tuple(flat)))
        if self.number(0, 3):
            self.add(self.weighted(last))
            if self.number(0, 4) == 0:
                self.add(relu(4))
        elif self.number(0, 2):
            self.add(Reshape(shape=(1, 1, prod(self.shapes[last])), sources=(last,)))
        return architecture_of(self.shapes[0], tuple(self.layers))
