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

MAGIC = b"zkauditM"
"""First bytes of a `.zkm` file."""

VERSION = 1
"""Version of the `.zkm` body."""

MAX_FILE_BYTES = MAX_WEIGHTS + (1 << 24)
"""Performance knob: the largest weights and 16 MiB for the rest."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Model:
    """An architecture with its secret weights; `repr` shows the architecture only.

    `kernels[k]` is int8 (outputs, inputs) and `biases[k]` int64 (outputs,) of dense layer k.
    `report` is what the quantiser found: maps, lists, integers and strings, private like the weights.
    `InvalidInput` at construction names the layer whose arrays do not fit or whose sums could wrap.
    """

    architecture: Architecture
    kernels: tuple[NDArray[np.int8], ...] = field(repr=False)
    biases: tuple[NDArray[np.int64], ...] = field(repr=False)
    report: Mapping[str, Any] = field(repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        check_bounds(self.architecture)
        layers = self.architecture.dense_layers
        if not len(self.kernels) == len(self.biases) == len(layers):
            raise InvalidInput("a wrong number of weight arrays", where="model", expected=f"{len(layers)} of each")
        for number, (layer, kernel, bias) in enumerate(zip(layers, self.kernels, self.biases, strict=True), 1):
            where = f"dense {number}"
            if kernel.dtype != np.int8 or kernel.shape != (layer.outputs, layer.inputs):
                raise InvalidInput(
                    "a kernel of another shape", where=where, expected=f"({layer.outputs}, {layer.inputs})"
                )
            if bias.dtype != np.int64 or bias.shape != (layer.outputs,):
                raise InvalidInput("a bias of another shape", where=where, expected=f"({layer.outputs},)")
            capacity = bias_capacity(layer.bias_limbs)
            if int(bias.max()) > capacity or int(bias.min()) < -capacity:
                raise InvalidInput("a bias exceeds its limbs", where=where, expected=f"magnitude at most {capacity}")

    def weight_cells(self) -> NDArray[np.int8]:
        """All weights in commitment order, (weight_count,).

        Each dense layer is its kernel in row-major order, then the bias limbs, limb l of output o at l outputs + o.
        """
        parts: list[NDArray[np.int8]] = []
        for layer, kernel, bias in zip(self.architecture.dense_layers, self.kernels, self.biases, strict=True):
            parts += [kernel.reshape(-1), bias_digits(bias, layer.bias_limbs).reshape(-1)]
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
        for layer in architecture.dense_layers:
            split = start + layer.outputs * layer.inputs
            end = start + layer.weight_count
            kernels.append(cells[start:split].reshape(layer.outputs, layer.inputs))
            digits = cells[split:end].reshape(layer.bias_limbs, layer.outputs)
            place_values = 256 ** np.arange(layer.bias_limbs, dtype=np.int64)
            biases.append(place_values @ digits.astype(np.int64))  # (limbs,) @ (limbs, outputs) -> (outputs,)
            start = end
        return Model(architecture=architecture, kernels=tuple(kernels), biases=tuple(biases), report=report or {})


def bias_digits(bias: NDArray[np.int64], limbs: int) -> NDArray[np.int8]:
    """Balanced base-256 digits in [-128, 127], lowest first, (outputs,) -> (limbs, outputs)."""
    digits = np.empty((limbs, len(bias)), np.int8)
    rest = bias
    for limb in range(limbs):
        digit = (rest + 128) % 256 - 128
        digits[limb] = digit
        rest = (rest - digit) >> 8
    return digits


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


def save_model(model: Model, path: str | Path, *, overwrite: bool = True) -> None:
    """Writes a `.zkm` file, readable by its owner only because it holds the weights."""
    wire.write_atomic(path, model_bytes(model), mode=0o600, overwrite=overwrite)
