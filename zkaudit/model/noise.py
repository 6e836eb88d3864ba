"""Noise of integer tensors against the float tensors that they stand for, and where most of it comes in."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zkaudit.model.architecture import Requantise
from zkaudit.model.evaluator import Integers
from zkaudit.model.float_functions import Floats
from zkaudit.model.float_graph import FloatGraph
from zkaudit.model.integer_graph import Link
from zkaudit.model.layers import Layer
from zkaudit_circuits.requantise import quotients

MAX_DECIBELS = 999
"""What a tensor without any noise is said to have."""

_INPUT_DECIBELS = 50
"""What eight bits hold at best, about; inputs count as this."""

_LEAST_FALL = 3
"""Performance knob: a fall of half the noise again is worth naming."""

_WORST = 3
"""Performance knob: most layers that a warning names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerNoise:
    """One tensor: `decibels` of signal over noise, and how many of its `cells` values were cut off.

    `fall` is how far its decibels lie below the least of what it is computed from.
    `rounded` is false for logits that are sums.
    """

    name: str
    decibels: int
    fall: int
    saturated: int
    cells: int
    rounded: bool

    @property
    def summary(self) -> str:
        """A few words for people."""
        text = f"signal over noise {self.decibels} dB"
        return f"{text}, saturates {self.saturated} of {self.cells} values" if self.rounded else text

    def canonical(self) -> dict[str, Any]:
        """The layer as a map of integers and strings."""
        return {
            "name": self.name,
            "decibels": self.decibels,
            "fall": self.fall,
            "saturated": self.saturated,
            "cells": self.cells,
            "rounded": int(self.rounded),
        }


@dataclass(slots=True, kw_only=True, eq=False)
class NoiseCount:
    """Sums over samples, from which the noise of a linked tensor follows."""

    link: Link
    total: Floats | None = None
    power: Floats | None = None
    noise: float = 0.0
    saturated: int = 0
    cells: int = 0
    rounded: bool = False

    def add(self, integers: Integers, floats: Floats, sums: Integers | None, layer: Layer) -> None:
        """Takes in integers (*shape, samples), floats (samples, ...), and what a requantisation `layer` rounded."""
        along = self.link.scale.reshape(-1, *[1] * (integers.ndim - 1))
        values = np.moveaxis(integers * along, -1, 0).reshape(floats.shape)
        with np.errstate(over="ignore", invalid="ignore"):
            rest = (0, *range(2, floats.ndim))
            total, power = floats.sum(axis=rest), (floats**2).sum(axis=rest)
            self.total = total if self.total is None else self.total + total
            self.power = power if self.power is None else self.power + power
            self.noise += float(((values - floats) ** 2).sum())
        self.cells += integers.size
        if isinstance(layer, Requantise) and sums is not None:
            self.rounded = True
            before = quotients(sums, layer.shift, layer.multipliers)
            # The zero of ReLU and the ends of a function's table are meant.
            low, high = layer.clamp
            if layer.activation == "table" and layer.table != tuple(range(low, high + 1)):
                return
            cut = before > high
            if low < 0:
                cut |= before < low
            self.saturated += int(cut.sum())

    @property
    def signal(self) -> float:
        """Squared deviations of each channel from its mean, which carries no news, or squares where none deviates."""
        if self.total is None or self.power is None:
            return 0.0
        with np.errstate(over="ignore", invalid="ignore"):
            deviations = self.power - self.total**2 * (len(self.total) / self.cells)
        # What cancellation leaves of a constant is no signal.
        kept = float(np.where(deviations > 1e-12 * self.power, deviations, 0.0).sum())
        return kept or float(self.power.sum())

    @property
    def decibels(self) -> int:
        """Signal over noise so far."""
        signal = self.signal
        if self.noise == 0:
            return MAX_DECIBELS
        if not (signal > 0 and math.isfinite(signal) and math.isfinite(self.noise)):
            return -MAX_DECIBELS
        return round(min(max(10 * math.log10(signal / self.noise), -MAX_DECIBELS), MAX_DECIBELS))


def layer_noises(network: FloatGraph, counts: Sequence[NoiseCount]) -> tuple[LayerNoise, ...]:
    """The noise of every linked tensor, in order of the links."""
    known = {count.link.target: count.decibels for count in counts}
    # For every float tensor the least decibels of the linked tensors that it is made of.
    reached = [_INPUT_DECIBELS]
    before = [0]
    for number, layer in enumerate(network.layers, 1):
        before.append(min(reached[source] for source in layer.sources))
        reached.append(known.get(number, before[-1]))
    return tuple(
        LayerNoise(
            name=count.link.name,
            decibels=count.decibels,
            fall=before[count.link.target] - count.decibels,
            saturated=count.saturated,
            cells=count.cells,
            rounded=count.rounded,
        )
        for count in counts
    )


def worst_layers(layers: Sequence[LayerNoise]) -> list[LayerNoise]:
    """The layers at which the signal falls farthest towards the noise, worst first."""
    falling = [layer for layer in layers if layer.fall >= _LEAST_FALL]
    return sorted(falling, key=lambda layer: -layer.fall)[:_WORST]
