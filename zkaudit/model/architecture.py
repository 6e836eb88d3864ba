"""The public part of a model: a graph of layers, and the rule that makes inputs integers."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field
from typing import Any

from zkaudit import wire
from zkaudit.errors import InvalidInput
from zkaudit.model.graph import Graph, walk
from zkaudit.model.kinds import layer_canonical, layers_from_canonical
from zkaudit.model.layers import Convolution, Dense, Gate, Layer, Shape, Sum
from zkaudit.model.limits import (
    INPUT_INTERVAL,
    MAX_AXES,
    MAX_BIAS_LIMBS,
    MAX_FEATURES,
    MAX_LAYERS,
    MAX_LISTED,
    MAX_SHIFT,
    MAX_WEIGHTS,
    check_integer,
    check_integers,
)
from zkaudit.model.pools import MaxPool, SumPool
from zkaudit.model.requantisation import ACTIVATIONS, Requantise
from zkaudit.model.views import Concatenate, Pad, Reshape, Slice, Transpose

__all__ = [
    "ACTIVATIONS",
    "INPUT_INTERVAL",
    "MAX_BIAS_LIMBS",
    "MAX_FEATURES",
    "MAX_LAYERS",
    "MAX_SHIFT",
    "MAX_WEIGHTS",
    "SEMANTICS",
    "Architecture",
    "Concatenate",
    "Convolution",
    "Dense",
    "Gate",
    "Layer",
    "MaxPool",
    "Pad",
    "Requantise",
    "Reshape",
    "Shape",
    "Slice",
    "Sum",
    "SumPool",
    "Transpose",
]

SEMANTICS = "zkaudit-int8/v1"
"""Name of the integer semantics: a change of any rule of the reference functions takes another name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """Layers in topological order, whose prediction is the argmax of the last layer's outputs.

    Tensor 0 is the input, tensor i leaves `layers[i - 1]`.
    Accumulators are exact sums that exactly one layer reads, a requantisation, or that are the network's output.
    Activations are bounded integers, which any layer may read but a requantisation.
    At construction the sources of every layer are written out.
    A raw input x stands for the integer floor(x / scale + 1/2), both operations in IEEE double precision,
    where `input_scale` is the scale as `float.hex` writes it; the integer lies in [input_low, input_high].
    `InvalidInput` at construction names the layer that does not fit, by its kind and its number among its kind.
    """

    semantics: str = SEMANTICS
    input_shape: Shape
    input_low: int
    input_high: int
    input_scale: str
    layers: tuple[Layer, ...]
    graph: Graph = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.semantics != SEMANTICS:
            raise InvalidInput("unknown integer semantics", where="architecture", expected=SEMANTICS)
        self._validate_input()
        if not 1 <= len(self.layers) <= MAX_LAYERS:
            raise InvalidInput(f"{len(self.layers)} layers", where="architecture", expected=f"1 to {MAX_LAYERS}")
        graph = walk(self.layers, self.input_shape, (self.input_low, self.input_high))
        object.__setattr__(self, "layers", graph.layers)
        object.__setattr__(self, "graph", graph)
        if not 1 <= self.weight_count <= MAX_WEIGHTS:
            raise InvalidInput(f"{self.weight_count} weights", where="architecture", expected=f"1 to {MAX_WEIGHTS}")
        listed = sum(len(step.table) + len(step.multipliers) for step in self.requantisations)
        if listed > MAX_LISTED:
            raise InvalidInput(
                f"{listed} table entries and multipliers", where="architecture", expected=f"at most {MAX_LISTED}"
            )

    def _validate_input(self) -> None:
        if type(self.input_shape) is not tuple or not 1 <= len(self.input_shape) <= MAX_AXES:
            raise InvalidInput(
                "input shape has a wrong number of axes", where="architecture", expected=f"1 to {MAX_AXES}"
            )
        check_integers(self.input_shape, (1, MAX_AXES), 1, MAX_FEATURES, "architecture, input_shape")
        check_integer(self.features, 1, MAX_FEATURES, "architecture, features of a sample")
        # Zero must be an input, because padding samples are zero.
        check_integer(self.input_low, INPUT_INTERVAL[0], 0, "architecture, input_low")
        check_integer(self.input_high, 0, INPUT_INTERVAL[1], "architecture, input_high")
        _parse_scale(self.input_scale)

    @property
    def features(self) -> int:
        """Integers of one sample."""
        return math.prod(self.input_shape)

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The shape of every tensor, without samples."""
        return self.graph.shapes

    @property
    def intervals(self) -> tuple[tuple[int, int] | None, ...]:
        """The interval (low, high) of every activation, None for accumulators."""
        return self.graph.intervals

    @property
    def names(self) -> tuple[str, ...]:
        """What each layer is called: "convolution 3" is the third convolution."""
        return self.graph.names

    def is_accumulator(self, tensor: int) -> bool:
        """Whether a tensor holds exact sums instead of activations."""
        return self.graph.intervals[tensor] is None

    @property
    def weighted_layers(self) -> tuple[Dense | Convolution, ...]:
        """The layers with weights, in the order of the commitment."""
        return tuple(layer for layer in self.layers if isinstance(layer, (Dense, Convolution)))

    @property
    def weighted_names(self) -> tuple[str, ...]:
        """The names of the layers with weights."""
        pairs = zip(self.names, self.layers, strict=True)
        return tuple(name for name, layer in pairs if isinstance(layer, (Dense, Convolution)))

    @property
    def requantisations(self) -> tuple[Requantise, ...]:
        """The requantisations in order."""
        return tuple(layer for layer in self.layers if isinstance(layer, Requantise))

    @property
    def classes(self) -> int:
        """Cells of the last tensor."""
        return math.prod(self.shapes[-1])

    @property
    def weight_count(self) -> int:
        """Cells of the commitment block: kernels and bias limbs of all layers."""
        return sum(layer.weight_count for layer in self.weighted_layers)

    @property
    def scale(self) -> float:
        """The input scale as a number."""
        return _parse_scale(self.input_scale)

    def canonical(self) -> dict[str, Any]:
        """The architecture as maps, lists, integers and strings."""
        return {
            "semantics": self.semantics,
            "input_shape": list(self.input_shape),
            "input_low": self.input_low,
            "input_high": self.input_high,
            "input_scale": self.input_scale,
            "layers": [layer_canonical(layer, index) for index, layer in enumerate(self.layers)],
        }

    @staticmethod
    def from_canonical(obj: object) -> Architecture:
        """The architecture that `canonical` wrote; `InvalidInput` for anything else."""
        body = wire.closed_map(
            obj,
            {
                "semantics": str,
                "input_shape": wire.list_of(int, MAX_AXES),
                "input_low": int,
                "input_high": int,
                "input_scale": str,
                "layers": wire.list_of(dict, MAX_LAYERS),
            },
            "architecture",
        )
        layers = layers_from_canonical(body["layers"], "architecture, layers")
        return Architecture(**{**body, "input_shape": tuple(body["input_shape"]), "layers": layers})

    def digest(self) -> bytes:
        """SHA-256 of the canonical msgpack of `canonical()`."""
        return hashlib.sha256(wire.pack(self.canonical())).digest()


def _parse_scale(text: object) -> float:
    """The positive number that a canonical hexadecimal float stands for."""
    where = "architecture, input_scale"
    # A float has at most 24 characters in this form; longer text is refused before it is parsed.
    if type(text) is not str or len(text) > 32:
        raise InvalidInput("not a scale", where=where, expected="a hexadecimal float such as 0x1.0000000000000p+0")
    try:
        scale = float.fromhex(text)
    except (ValueError, OverflowError) as error:
        raise InvalidInput("not a hexadecimal float", where=where, expected="as 0x1.0000000000000p+0") from error
    if not (0 < scale < math.inf) or scale.hex() != text:
        raise InvalidInput("not a canonical positive float", where=where, expected="as 0x1.0000000000000p+0")
    return scale
