"""The private part of a model, its cells in commitment order, and the `.zkm` file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zkaudit import wire
from zkaudit.errors import InvalidInput
from zkaudit.model.architecture import MAX_WEIGHTS, Architecture
from zkaudit.model.bounds import bias_capacity, check_bounds
from zkaudit_circuits.dense import Kernel

MAGIC = b"zkauditM"
"""First bytes of a `.zkm` file."""

VERSION = 1
"""Version of the `.zkm` body."""

MAX_FILE_BYTES = MAX_WEIGHTS + (1 << 24)
"""Performance knob: the largest weights and 16 MiB for the rest."""


KERNEL_TYPES = {1: np.int8, 2: np.int16}
"""The integer type of a kernel by its limbs."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Model:
    """An architecture with its secret weights; `repr` shows the architecture only.

    `kernels[k]` and `biases[k]` int64 belong to the layer k of those with weights.
    A kernel is int8, or int16 with two limbs.
    A dense kernel is (outputs, inputs), that of a convolution (filters, channels / groups, kh, kw); a bias has one
    entry an output or filter.
    `report` is what the quantiser found: maps, lists, integers and strings, private like the weights.
    `InvalidInput` at construction names the layer whose arrays do not fit or whose sums could wrap.
    """

    architecture: Architecture
    kernels: tuple[Kernel, ...] = field(repr=False)
    biases: tuple[NDArray[np.int64], ...] = field(repr=False)
    report: Mapping[str, Any] = field(repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        check_bounds(self.architecture)
        layers = self.architecture.weighted_layers
        if not len(self.kernels) == len(self.biases) == len(layers):
            raise InvalidInput("a wrong number of weight arrays", where="model", expected=f"{len(layers)} of each")
        named = zip(self.architecture.weighted_names, layers, self.kernels, self.biases, strict=True)
        for where, layer, kernel, bias in named:
            dtype = KERNEL_TYPES[layer.weight_limbs]
            if kernel.dtype != dtype or kernel.shape != layer.kernel_shape:
                expected = f"{dtype.__name__} {layer.kernel_shape}"
                raise InvalidInput("a kernel of another type or shape", where=where, expected=expected)
            capacity = bias_capacity(layer.weight_limbs)
            if layer.weight_limbs > 1 and int(np.abs(kernel.astype(np.int64)).max()) > capacity:
                raise InvalidInput("a weight exceeds its limbs", where=where, expected=f"magnitude at most {capacity}")
            if bias.dtype != np.int64 or bias.shape != layer.kernel_shape[:1]:
                raise InvalidInput("a bias of another shape", where=where, expected=f"({layer.kernel_shape[0]},)")
            capacity = bias_capacity(layer.bias_limbs)
            if int(bias.max()) > capacity or int(bias.min()) < -capacity:
                raise InvalidInput("a bias exceeds its limbs", where=where, expected=f"magnitude at most {capacity}")

    def weight_cells(self) -> NDArray[np.int8]:
        """All weights in commitment order, (weight_count,).

        Each layer is the limbs of its kernel, each in row-major order, then the bias limbs, output after output.
        """
        parts: list[NDArray[np.int8]] = []
        for layer, kernel, bias in zip(self.architecture.weighted_layers, self.kernels, self.biases, strict=True):
            flat = kernel.reshape(-1).astype(np.int64)
            parts += [digits(flat, layer.weight_limbs).reshape(-1), digits(bias, layer.bias_limbs).reshape(-1)]
        return np.concatenate(parts)

    @staticmethod
    def from_cells(
        architecture: Architecture, cells: NDArray[np.int8], report: Mapping[str, Any] | None = None
    ) -> Model:
        """The model of which `weight_cells` gives `cells`."""
        if cells.dtype != np.int8 or cells.shape != (architecture.weight_count,):
            raise InvalidInput("a wrong number of weights", where="model", expected=str(architecture.weight_count))
        kernels, biases = [], []
        start = 0
        for layer in architecture.weighted_layers:
            outputs = layer.kernel_shape[0]
            split = start + outputs * layer.fan_in * layer.weight_limbs
            end = start + layer.weight_count
            kernel = from_digits(cells[start:split].reshape(layer.weight_limbs, -1))
            kernels.append(kernel.astype(KERNEL_TYPES[layer.weight_limbs]).reshape(layer.kernel_shape))
            biases.append(from_digits(cells[split:end].reshape(layer.bias_limbs, outputs)))
            start = end
        return Model(architecture=architecture, kernels=tuple(kernels), biases=tuple(biases), report=report or {})


def digits(values: NDArray[np.int64], limbs: int) -> NDArray[np.int8]:
    """Balanced base-256 digits in [-128, 127], lowest first, (n,) -> (limbs, n)."""
    result = np.empty((limbs, len(values)), np.int8)
    rest = values
    for limb in range(limbs):
        digit = (rest + 128) % 256 - 128
        result[limb] = digit
        rest = (rest - digit) >> 8
    return result


def from_digits(limbs: NDArray[np.int8]) -> NDArray[np.int64]:
    """The integers of base-256 digits, (limbs, n) -> (n,)."""
    place_values = 256 ** np.arange(len(limbs), dtype=np.int64)
    return np.asarray(place_values @ limbs.astype(np.int64), np.int64)


def model_bytes(model: Model) -> bytes:
    """The `.zkm` file of a model: one container of architecture, report and weight cells."""
    body = {
        "architecture": model.architecture.canonical(),
        "report": dict(model.report),
        "weights": model.weight_cells().tobytes(),
    }
    return wire.seal(MAGIC, VERSION, body)


def parse_model(data: bytes, what: str = "model") -> Model:
    """The model of a `.zkm` file's bytes; `InvalidInput` for anything that `model_bytes` does not write."""
    _, obj = wire.unseal(MAGIC, (VERSION,), data, what)
    body = wire.closed_map(obj, {"architecture": dict, "report": dict, "weights": bytes}, what)
    architecture = Architecture.from_canonical(body["architecture"])
    return Model.from_cells(architecture, np.frombuffer(body["weights"], np.int8), body["report"])


def load_model(path: str | Path) -> Model:
    """The model of a `.zkm` file."""
    return parse_model(wire.read_bounded(path, MAX_FILE_BYTES, "model"), f"model {path}")


def save_model(model: Model, path: str | Path, *, overwrite: bool = False) -> None:
    """Writes a `.zkm` file, readable by its owner only because it holds the weights.

    `InvalidInput` where a file of that name exists, unless `overwrite`: a lost model ends all audits of its commitment.
    """
    wire.write_atomic(path, model_bytes(model), mode=0o600, overwrite=overwrite)
