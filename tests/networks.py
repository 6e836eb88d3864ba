"""Small networks of every layer kind, for tests of circuits and proofs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.cases import Case, network_case
from zkaudit.model.architecture import (
    Concatenate,
    Convolution,
    Dense,
    Gate,
    Layer,
    MaxPool,
    Pad,
    Requantise,
    Reshape,
    Slice,
    Sum,
    SumPool,
    Transpose,
)


def convolution(
    channels: int,
    filters: int,
    kernel: tuple[int, int] = (3, 3),
    *,
    stride: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    padding: tuple[int, int, int, int] = (0, 0, 0, 0),
    groups: int = 1,
    sources: tuple[int, ...] = (),
) -> Convolution:
    """A convolution with two bias limbs."""
    return Convolution(
        channels=channels,
        filters=filters,
        kernel=kernel,
        stride=stride,
        dilation=dilation,
        padding=padding,
        groups=groups,
        bias_limbs=2,
        sources=sources,
    )


def dense(inputs: int, outputs: int) -> Dense:
    """A dense layer with two bias limbs."""
    return Dense(inputs=inputs, outputs=outputs, bias_limbs=2)


def relu(shift: int, multipliers: tuple[int, ...] = ()) -> Requantise:
    """A requantisation to [0, 255]."""
    return Requantise(shift=shift, activation="relu", multipliers=multipliers)


def identity(shift: int, multipliers: tuple[int, ...] = ()) -> Requantise:
    """A requantisation to [-128, 127]."""
    return Requantise(shift=shift, activation="identity", multipliers=multipliers)


def squash(shift: int) -> Requantise:
    """A table like tanh on [-60, 60]."""
    table = tuple(int(v) for v in np.round(100 * np.tanh(np.arange(-60, 61) / 30)))
    return Requantise(shift=shift, activation="table", table=table, table_low=-60)


def average(size: int) -> SumPool:
    """The sum over a whole square of cells."""
    return SumPool(kernel=(size, size), stride=(1, 1), padding=(0, 0, 0, 0), multiplier=1, exclude_padding=False)


def maximum(kernel: tuple[int, int], stride: tuple[int, int], padding: tuple[int, int, int, int]) -> MaxPool:
    """A max pool without dilation."""
    return MaxPool(kernel=kernel, stride=stride, dilation=(1, 1), padding=padding)


NETWORKS: dict[str, tuple[tuple[int, ...], tuple[Layer, ...], int]] = {
    "convolutions": (
        (1, 6, 5),
        (
            convolution(1, 3, padding=(1, 0, 1, 2)),
            relu(7),
            convolution(3, 4, (2, 3), stride=(2, 1), dilation=(2, 1), padding=(1, 1, 0, 0)),
            relu(8, (1, 2, 3, 1)),
            dense(48, 3),
        ),
        5,
    ),
    "depthwise and pools": (
        (2, 6, 6),
        (
            convolution(2, 4),
            relu(7),
            convolution(4, 8, padding=(1, 1, 1, 1), groups=4),
            identity(7),
            maximum((3, 2), (2, 2), (1, 0, 0, 0)),
            SumPool(kernel=(2, 2), stride=(1, 1), padding=(0, 1, 0, 0), multiplier=3, exclude_padding=True),
            identity(3),
            dense(16, 3),
        ),
        3,
    ),
    "residual, gate, table and views": (
        (2, 4, 4),
        (
            convolution(2, 4, padding=(1, 1, 1, 1)),
            relu(8),
            convolution(4, 4, padding=(1, 1, 1, 1)),
            identity(8),
            Sum(multipliers=(5, -3), sources=(2, 4)),
            squash(3),
            average(4),
            identity(4),
            Gate(sources=(6, 8)),
            identity(7, (1, 2, 3, 4)),
            Concatenate(sources=(10, 2)),
            Transpose(axes=(1, 2, 0)),
            Slice(start=1, stop=3),
            Reshape(shape=(64,)),
            dense(64, 2),
        ),
        6,
    ),
    "input committed, one sample": (
        (1, 4, 4),
        (
            Sum(multipliers=(1,)),
            relu(0),
            Pad(padding=(1, 0, 0, 2)),
            maximum((2, 2), (2, 2), (0, 0, 0, 0)),
            Reshape(shape=(6,)),
            dense(6, 2),
        ),
        1,
    ),
    "weights of two limbs": (
        (1, 5, 5),
        (
            replace(convolution(1, 3, padding=(1, 1, 1, 1)), weight_limbs=2),
            relu(15),
            replace(convolution(3, 3, (2, 2), stride=(2, 2), groups=3), weight_limbs=2),
            identity(15, (1, 2, 1)),
            replace(dense(12, 3), weight_limbs=2),
        ),
        3,
    ),
    "signal": (
        (2, 1, 9),
        (
            convolution(2, 3, (1, 3), stride=(1, 2), padding=(0, 1, 0, 1)),
            squash(9),
            maximum((1, 3), (1, 1), (0, 1, 0, 1)),
            dense(15, 4),
            identity(7),
        ),
        7,
    ),
}
"""Input shape, layers and samples by name."""


def network(name: str, *, claim: str = "", profile: str = "test-insecure", seed: int = 0) -> Case:
    """A network of the table with random weights and inputs."""
    shape, layers, samples = NETWORKS[name]
    return network_case(shape, layers, samples, claim=claim, profile=profile, seed=seed)
