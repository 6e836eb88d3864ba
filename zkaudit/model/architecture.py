"""The public part of a model: its layers, shapes and shifts, and the rule that makes inputs integers."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from zkaudit import wire
from zkaudit.errors import InvalidInput

SEMANTICS = "zkaudit-int8/v1"
"""Name of the integer semantics: a change of any rule of the reference functions takes another name."""

MAX_WEIGHTS = 1 << 26
"""Performance knob: most cells of a commitment block, about the memory of one machine."""

MAX_LAYERS = 1 << 10
"""Performance knob: most layers of an architecture."""

MAX_FEATURES = 1 << 20
"""Performance knob: most features of a sample and most outputs of a layer."""

MAX_AXES = 8
"""Performance knob: most axes of an input shape."""

MAX_SHIFT = 24
"""Largest shift of a requantisation: 2^24 values of remainder are the most that range checks are built for."""

MAX_BIAS_LIMBS = 3
"""Most base-256 digits of a bias: a fourth could exceed half the modulus on its own."""

INPUT_INTERVAL = (-128, 255)
"""Hull of int8 and uint8: the integers that an input may take."""

ACTIVATIONS = {"relu": (0, 255), "identity": (-128, 127)}
"""The interval of each activation's outputs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dense:
    """An exact matrix product plus bias, `inputs` -> `outputs`, the bias in `bias_limbs` base-256 digits."""

    kind: ClassVar[str] = "dense"
    inputs: int
    outputs: int
    bias_limbs: int

    @property
    def weight_count(self) -> int:
        """Cells of the kernel and of the bias limbs."""
        return self.outputs * (self.inputs + self.bias_limbs)

    def validate(self, where: str) -> None:
        """`InvalidInput` for a size out of bounds."""
        _check_integer(self.inputs, 1, MAX_FEATURES, f"{where}, inputs")
        _check_integer(self.outputs, 1, MAX_FEATURES, f"{where}, outputs")
        _check_integer(self.bias_limbs, 1, MAX_BIAS_LIMBS, f"{where}, bias_limbs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Requantise:
    """A rounding right shift that saturates to the interval of its activation."""

    kind: ClassVar[str] = "requantise"
    shift: int
    activation: str

    @property
    def low(self) -> int:
        """Least output."""
        return ACTIVATIONS[self.activation][0]

    @property
    def high(self) -> int:
        """Greatest output."""
        return ACTIVATIONS[self.activation][1]

    def validate(self, where: str) -> None:
        """`InvalidInput` for an unknown activation or a shift out of bounds."""
        _check_integer(self.shift, 0, MAX_SHIFT, f"{where}, shift")
        if type(self.activation) is not str or self.activation not in ACTIVATIONS:
            raise InvalidInput("unknown activation", where=where, expected=" or ".join(ACTIVATIONS))


Layer = Dense | Requantise

_LAYER_KINDS: dict[str, type[Dense] | type[Requantise]] = {"dense": Dense, "requantise": Requantise}


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """A network Dense, (Requantise, Dense)*, whose prediction is the argmax of the last layer's outputs.

    A raw input x stands for the integer floor(x / scale + 1/2), both operations in IEEE double precision,
    where `input_scale` is the scale as `float.hex` writes it; the integer lies in [input_low, input_high].
    Samples of several axes are flattened in row-major order.
    `InvalidInput` at construction names the layer that does not fit.
    """

    semantics: str = SEMANTICS
    input_shape: tuple[int, ...]
    input_low: int
    input_high: int
    input_scale: str
    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        if self.semantics != SEMANTICS:
            raise InvalidInput("unknown integer semantics", where="architecture", expected=SEMANTICS)
        self._validate_input()
        self._validate_layers()

    def _validate_input(self) -> None:
        if not 1 <= len(self.input_shape) <= MAX_AXES:
            raise InvalidInput("input shape has a wrong number of axes", where="architecture", expected="1 to 8")
        for extent in self.input_shape:
            _check_integer(extent, 1, MAX_FEATURES, "architecture, input_shape")
        _check_integer(self.features, 1, MAX_FEATURES, "architecture, features of a sample")
        # Zero must be an input, because padding samples are zero.
        _check_integer(self.input_low, INPUT_INTERVAL[0], 0, "architecture, input_low")
        _check_integer(self.input_high, 0, INPUT_INTERVAL[1], "architecture, input_high")
        _parse_scale(self.input_scale)

    def _validate_layers(self) -> None:
        if not 1 <= len(self.layers) <= MAX_LAYERS:
            raise InvalidInput(f"{len(self.layers)} layers", where="architecture", expected=f"1 to {MAX_LAYERS}")
        width = self.features
        for index, layer in enumerate(self.layers):
            wanted = Requantise if index % 2 else Dense
            where = f"{wanted.kind} {index // 2 + 1}"
            if type(layer) is not wanted:
                raise InvalidInput(f"layer {index + 1} is of another kind", where=where, expected=wanted.kind)
            layer.validate(where)
            if isinstance(layer, Dense):
                if layer.inputs != width:
                    raise InvalidInput(f"takes {layer.inputs} inputs", where=where, expected=str(width))
                width = layer.outputs
        if isinstance(self.layers[-1], Requantise):
            raise InvalidInput(
                "nothing follows the last requantisation", where="architecture", expected="a dense layer"
            )
        if self.weight_count > MAX_WEIGHTS:
            raise InvalidInput(f"{self.weight_count} weights", where="architecture", expected=f"at most {MAX_WEIGHTS}")

    @property
    def features(self) -> int:
        """Integers of one sample."""
        return math.prod(self.input_shape)

    @property
    def dense_layers(self) -> tuple[Dense, ...]:
        """The dense layers in order."""
        return tuple(layer for layer in self.layers if isinstance(layer, Dense))

    @property
    def requantisations(self) -> tuple[Requantise, ...]:
        """The requantisations in order, one fewer than the dense layers."""
        return tuple(layer for layer in self.layers if isinstance(layer, Requantise))

    @property
    def classes(self) -> int:
        """Outputs of the last dense layer."""
        return self.dense_layers[-1].outputs

    @property
    def weight_count(self) -> int:
        """Cells of the commitment block: kernels and bias limbs of all layers."""
        return sum(layer.weight_count for layer in self.dense_layers)

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
            "layers": [
                {"kind": layer.kind, **{field.name: getattr(layer, field.name) for field in fields(layer)}}
                for layer in self.layers
            ],
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
                "layers": wire.list_of(_layer_from_canonical, MAX_LAYERS),
            },
            "architecture",
        )
        return Architecture(**{**body, "input_shape": tuple(body["input_shape"]), "layers": tuple(body["layers"])})

    def digest(self) -> bytes:
        """SHA-256 of the canonical msgpack of `canonical()`."""
        return hashlib.sha256(wire.pack(self.canonical())).digest()


def _layer_from_canonical(obj: object, where: str) -> Layer:
    kind = obj.get("kind") if type(obj) is dict else None
    if type(kind) is not str or kind not in _LAYER_KINDS:
        raise InvalidInput("unknown kind of layer", where=where, expected=" or ".join(_LAYER_KINDS))
    layer = _LAYER_KINDS[kind]
    types = {"inputs": int, "outputs": int, "bias_limbs": int, "shift": int, "activation": str}
    body = wire.closed_map(obj, {"kind": str, **{field.name: types[field.name] for field in fields(layer)}}, where)
    del body["kind"]
    return layer(**body)


def _check_integer(value: object, low: int, high: int, where: str) -> None:
    if type(value) is not int or not low <= value <= high:
        raise InvalidInput(f"{value!r:.40} is not an accepted number", where=where, expected=f"{low} to {high}")


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
