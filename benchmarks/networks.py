"""Integer networks of well-known shapes with seeded random weights, where only the cost is measured."""

from __future__ import annotations

import math

import numpy as np

from zkaudit.model.architecture import (
    Architecture,
    Convolution,
    Dense,
    Gate,
    Layer,
    MaxPool,
    Requantise,
    Sum,
    SumPool,
)
from zkaudit.model.model import Model

COLOUR = (3, 32, 32)
"""Shape of a CIFAR image."""

BEAT = (1, 1, 256)
"""Shape of a signal: one channel of 256 values."""

_WEIGHT_DEVIATION = 74
"""Standard deviation of weights that are uniform in [-128, 127]."""

_STEP = 8 / 255
"""Value of one integer before a table: activations reach 8, as hard-swish does in trained networks."""

_LEAST = -128
"""The first integer of a table, which is about -4; the last is 255."""

_POINTS = np.arange(_LEAST, 256)
_SHARES = np.clip(_POINTS * _STEP / 6 + 0.5, 0, 1)

TABLES = {
    "hard swish": tuple(int(value) for value in np.rint(_POINTS * _SHARES)),
    "hard sigmoid": tuple(int(value) for value in np.rint(127 * _SHARES)),
}
"""Hard-swish in the scale of its argument, hard-sigmoid in steps of 1/127."""

RESIDUAL_STAGES = ((16, 1), (32, 2), (64, 2))
"""Channels and first stride of the stages of ResNet-20."""

MOBILE_BLOCKS = (
    (3, 16, 16, True, False, 2),
    (3, 72, 24, False, False, 2),
    (3, 88, 24, False, False, 1),
    (5, 96, 40, True, True, 2),
    (5, 240, 40, True, True, 1),
    (5, 240, 40, True, True, 1),
    (5, 120, 48, True, True, 1),
    (5, 144, 48, True, True, 1),
    (5, 288, 96, True, True, 2),
    (5, 576, 96, True, True, 1),
    (5, 576, 96, True, True, 1),
)
"""Kernel, hidden channels, channels, gate, hard-swish and stride of the blocks of MobileNetV3-Small."""

VGG_STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
"""Channels and convolutions of the stages of VGG-16."""


def residual_network() -> Model:
    """ResNet-20 for 32x32x3, 1x1 convolutions where a shortcut changes its shape; 270 thousand weights."""
    build = _Builder(COLOUR, 0, 255)
    build.convolve(16, 3)
    for filters, first in RESIDUAL_STAGES:
        for block in range(3):
            source, stride = build.last, first if block == 0 else 1
            channels = build.shape[0]
            build.convolve(filters, 3, stride)
            main = build.convolve(filters, 3, activation="identity")
            shortcut = source
            if channels != filters:
                shortcut = build.convolve(filters, 1, stride, activation="identity", source=source)
            build.add_layer(Sum(multipliers=(3, 2), sources=(main, shortcut)))
            build.add_layer(Requantise(shift=2, activation="relu"))
    build.average()
    return build.finish(10)


def mobile_network() -> Model:
    """MobileNetV3-Small for 32x32x3, its stem at stride 1: depthwise convolutions, gates, tables; 1.5 M weights."""
    build = _Builder(COLOUR, 0, 255)
    build.convolve(16, 3, activation="hard swish")
    for kernel, hidden, filters, gated, hard_swish, stride in MOBILE_BLOCKS:
        activation = "hard swish" if hard_swish else "relu"
        source, channels = build.last, build.shape[0]
        if hidden != channels:
            build.convolve(hidden, 1, activation=activation)
        build.convolve(hidden, kernel, stride, activation=activation, groups=hidden)
        if gated:
            build.gate()
        projected = build.convolve(filters, 1, activation="identity")
        if stride == 1 and channels == filters:
            build.add_layer(Sum(multipliers=(1, 1), sources=(projected, source)))
            build.add_layer(Requantise(shift=1, activation="identity"))
    build.convolve(576, 1, activation="hard swish")
    build.average()
    build.dense(1024, "hard swish")
    return build.finish(10)


def signal_network() -> Model:
    """Convolutions of 16, 32, 64 and 64 channels over signals of 256 values; 51 thousand weights."""
    build = _Builder(BEAT, -128, 127)
    for filters, kernel in ((16, 9), (32, 7), (64, 5)):
        build.convolve(filters, kernel)
        build.pool()
    build.convolve(64, 3, dilation=4)
    build.pool()
    build.dense(24, "relu")
    return build.finish(5)


def vgg() -> Model:
    """VGG-16 for CIFAR with one hidden dense layer of 512; 15 M weights."""
    build = _Builder(COLOUR, 0, 255)
    for filters, count in VGG_STAGES:
        for _ in range(count):
            build.convolve(filters, 3)
        build.pool()
    build.dense(512, "relu")
    return build.finish(10)


class _Builder:
    """Layers one after the other, with the shape of every tensor."""

    def __init__(self, shape: tuple[int, int, int], low: int, high: int) -> None:
        self.interval = low, high
        self.layers: list[Layer] = []
        self.shapes: list[tuple[int, ...]] = [shape]

    @property
    def last(self) -> int:
        """Number of the newest tensor."""
        return len(self.layers)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the newest tensor."""
        return self.shapes[-1]

    def add_layer(self, layer: Layer) -> int:
        """The number of the tensor that the layer makes."""
        read = tuple(self.shapes[source] for source in layer.sources or (self.last,))
        self.shapes.append(layer.output_shape(read, layer.kind))
        self.layers.append(layer)
        return self.last

    def convolve(
        self,
        filters: int,
        kernel: int,
        stride: int = 1,
        *,
        activation: str = "relu",
        groups: int = 1,
        dilation: int = 1,
        source: int | None = None,
    ) -> int:
        """A padded convolution of `source` or of the newest tensor, and its activation; flat kernels on signals."""
        read = self.last if source is None else source
        channels, height, _ = self.shapes[read]
        tall = (kernel, stride) if height > 1 else (1, 1)
        down, right = dilation * (tall[0] - 1) // 2, dilation * (kernel - 1) // 2
        layer = Convolution(
            channels=channels,
            filters=filters,
            kernel=(tall[0], kernel),
            stride=(tall[1], stride),
            dilation=(dilation, dilation),
            padding=(down, right, down, right),
            groups=groups,
            bias_limbs=2,
            sources=(read,),
        )
        self.add_layer(layer)
        return self._activate(activation, layer.fan_in)

    def dense(self, outputs: int, activation: str) -> int:
        """A dense layer and its activation."""
        inputs = math.prod(self.shape)
        self.add_layer(Dense(inputs=inputs, outputs=outputs, bias_limbs=2))
        return self._activate(activation, inputs)

    def pool(self) -> int:
        """A max-pool of 2x2, or of 2 along a signal."""
        kernel = (2 if self.shape[1] > 1 else 1, 2)
        return self.add_layer(MaxPool(kernel=kernel, stride=kernel, dilation=(1, 1), padding=(0, 0, 0, 0)))

    def average(self) -> int:
        """The average over the image, in half of its scale."""
        _, height, width = self.shape
        self.add_layer(
            SumPool(kernel=(height, width), stride=(1, 1), padding=(0, 0, 0, 0), multiplier=1, exclude_padding=False)
        )
        return self.add_layer(Requantise(shift=1 + round(math.log2(height * width)), activation="identity"))

    def gate(self) -> int:
        """Squeeze and excitation of the newest tensor by way of a quarter of its channels, in half of its scale."""
        source, channels = self.last, self.shape[0]
        self.average()
        self.convolve(channels // 4, 1)
        excited = self.convolve(channels, 1, activation="hard sigmoid")
        self.add_layer(Gate(sources=(source, excited)))
        return self.add_layer(Requantise(shift=8, activation="identity"))

    def finish(self, classes: int) -> Model:
        """The dense layer that gives the logits, and random weights for all layers."""
        self.add_layer(Dense(inputs=math.prod(self.shape), outputs=classes, bias_limbs=2))
        architecture = Architecture(
            input_shape=self.shapes[0],
            input_low=self.interval[0],
            input_high=self.interval[1],
            input_scale=(1.0).hex(),
            layers=tuple(self.layers),
        )
        generator = np.random.default_rng(0)
        kernels = [generator.integers(-128, 128, layer.kernel_shape, np.int8) for layer in architecture.weighted_layers]
        biases = [generator.integers(-3000, 3000, layer.kernel_shape[0]) for layer in architecture.weighted_layers]
        return Model(architecture=architecture, kernels=tuple(kernels), biases=tuple(biases))

    def _activate(self, activation: str, fan_in: int) -> int:
        """A requantisation after which values spread about as far as before the sums of `fan_in` random products."""
        shift = int(math.log2(_WEIGHT_DEVIATION * math.sqrt(fan_in / 2)))
        if table := TABLES.get(activation):
            return self.add_layer(Requantise(shift=shift, activation="table", table=table, table_low=_LEAST))
        return self.add_layer(Requantise(shift=shift, activation=activation))
