"""Held-out sets: what a `.npz` file holds, and the integers that a model and a verifier make of it."""

from __future__ import annotations

import hashlib
import io
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zkaudit import archive, wire
from zkaudit.errors import InvalidInput
from zkaudit.model.architecture import MAX_FEATURES, Architecture

MAX_SAMPLES = 1 << 20
"""Performance knob: most samples of a held-out set."""

MAX_CELLS = 1 << 27
"""Performance knob: most input values of a held-out set, one gibibyte as 64-bit integers."""

MAX_GROUPS = 64
"""Performance knob: most groups of a held-out set; a claim that compares them takes an inequality for each pair."""

_BLOCK = 1 << 12
"""Performance knob: samples that are made integers at a time, so that temporaries stay small."""

DIGEST_LABEL = b"zkaudit held-out set v1\0"
"""Separates this digest from every other use of SHA-256."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RawDataset:
    """The arrays of a `.npz` file: numbers as they came, samples first; truth against a model is not checked.

    `inputs` (samples, ...) is of an integer or float type, `labels` (samples,) and `groups` are integers.
    """

    inputs: NDArray[np.generic]
    labels: NDArray[np.int64]
    groups: NDArray[np.int64] | None = None
    source: str = "data"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeldOutSet:
    """The integers that an audit runs on: `inputs` (features, samples), `labels` (samples,) and maybe `groups`."""

    inputs: NDArray[np.int64]
    labels: NDArray[np.int64]
    groups: NDArray[np.int64] | None = None

    @property
    def samples(self) -> int:
        """Number of samples."""
        return len(self.labels)

    def digest(self) -> bytes:
        """SHA-256 of the set in canonical bytes, all integers big-endian.

        Label, features (8 bytes), samples (8), inputs feature after feature (2 bytes each, signed), labels (4 each),
        groups if there are any (8 each, signed); their presence shows in the length.
        """
        state = hashlib.sha256(DIGEST_LABEL)
        for extent in self.inputs.shape:
            state.update(extent.to_bytes(8, "big"))
        state.update(self.inputs.astype(">i2").tobytes())
        state.update(self.labels.astype(">u4").tobytes())
        if self.groups is not None:
            state.update(self.groups.astype(">i8").tobytes())
        return state.digest()


def check_dataset(architecture: Architecture, dataset: HeldOutSet) -> None:
    """`InvalidInput` unless inputs and labels are integers of the shapes and in the intervals of the architecture."""
    inputs, labels = dataset.inputs, dataset.labels
    where = "held-out set"
    if inputs.dtype != np.int64 or labels.dtype != np.int64:
        raise InvalidInput(f"arrays of {inputs.dtype} and {labels.dtype}", where=where, expected="int64")
    if labels.ndim != 1 or not 1 <= len(labels) <= MAX_SAMPLES:
        raise InvalidInput(f"labels of shape {labels.shape}", where=where, expected=f"(1 to {MAX_SAMPLES},)")
    if inputs.shape != (architecture.features, len(labels)):
        expected = str((architecture.features, len(labels)))
        raise InvalidInput(f"inputs of shape {inputs.shape}", where=where, expected=expected)
    low, high = architecture.input_low, architecture.input_high
    if int(inputs.min()) < low or int(inputs.max()) > high:
        found = f"inputs from {int(inputs.min())} to {int(inputs.max())}"
        raise InvalidInput(found, where=where, expected=f"{low} to {high}")
    if int(labels.min()) < 0 or int(labels.max()) >= architecture.classes:
        found = f"labels from {int(labels.min())} to {int(labels.max())}"
        raise InvalidInput(found, where=where, expected=f"0 to {architecture.classes - 1}")
    if dataset.groups is not None:
        _check_groups(dataset.groups, len(labels), where)


def _check_groups(groups: NDArray[np.int64], samples: int, where: str) -> None:
    if groups.dtype != np.int64 or groups.shape != (samples,):
        raise InvalidInput(
            f"groups of {groups.dtype}, shape {groups.shape}", where=where, expected=f"int64 of shape {(samples,)}"
        )
    distinct = len(np.unique(groups))
    if distinct > MAX_GROUPS:
        raise InvalidInput(f"{distinct} groups", where=where, expected=f"at most {MAX_GROUPS} distinct values")


def load_dataset(path: str | Path) -> RawDataset:
    """The arrays of a `.npz` file; `InvalidInput` for a file that is damaged, oversized or of other content.

    The directory and every array header are checked before any array is read, and nothing is unpickled.
    """
    where = f"data {path}"
    data = wire.read_bounded(path, archive.MAX_ARRAY_BYTES, "data")
    return parse_dataset(data, where)


def parse_dataset(data: bytes, where: str = "data") -> RawDataset:
    """The arrays of a `.npz` file's bytes; `InvalidInput` as for `load_dataset`."""
    arrays = archive.read_arrays(data, where, required=("inputs", "labels"), optional=("groups",), check=_check_header)
    inputs = arrays["inputs"]
    samples = inputs.shape[0]
    for name, array in arrays.items():
        if array.shape[0] != samples:
            raise InvalidInput(f"{array.shape[0]} {name} for {samples} inputs", where=where, expected="one a sample")
    groups = arrays.get("groups")
    return RawDataset(
        inputs=inputs,
        labels=_integers(arrays["labels"], f"{where}, labels"),
        groups=None if groups is None else _integers(groups, f"{where}, groups"),
        source=where,
    )


def _check_header(name: str, dtype: np.dtype[np.generic], shape: tuple[int, ...], where: str) -> None:
    """`InvalidInput` for an array whose type or shape no held-out set has."""
    kinds = "iuf" if name == "inputs" else "iu"
    if dtype.kind not in kinds or dtype.itemsize > 8:
        wanted = "integers or floats of at most 64 bits" if name == "inputs" else "integers"
        raise InvalidInput(
            f"values of type {dtype.name}", where=where, expected=wanted, next_step="convert them with numpy's astype"
        )
    if not shape or (name != "inputs" and len(shape) != 1):
        raise InvalidInput(
            f"shape {shape}", where=where, expected="(samples, ...)" if name == "inputs" else "(samples,)"
        )
    if shape[0] == 0:
        raise InvalidInput("no samples", where=where, expected="at least one")
    if shape[0] > MAX_SAMPLES:
        raise InvalidInput(f"{shape[0]} samples", where=where, expected=f"at most {MAX_SAMPLES}")
    if not 1 <= math.prod(shape[1:]) <= MAX_FEATURES or math.prod(shape) > MAX_CELLS:
        raise InvalidInput(
            f"shape {shape}", where=where, expected=f"1 to {MAX_FEATURES} values a sample, {MAX_CELLS} in all"
        )


def _integers(array: NDArray[np.generic], where: str) -> NDArray[np.int64]:
    if int(array.max()) >= 1 << 63:
        raise InvalidInput(f"a value of {array.max()}", where=where, expected="64-bit signed integers")
    return array.astype(np.int64)


def quantise_inputs(architecture: Architecture, raw: RawDataset) -> HeldOutSet:
    """The integers of a raw set under an architecture's input rule, and its labels.

    The rule is floor(x / scale + 1/2), both in IEEE double precision.
    A value up to half a step outside the declared interval takes the nearest end, one further out is refused.
    `InvalidInput` names the first sample that does not fit.
    """
    where = raw.source
    if not 1 <= len(raw.labels) <= MAX_SAMPLES:
        raise InvalidInput(f"{len(raw.labels)} samples", where=where, expected=f"1 to {MAX_SAMPLES}")
    if raw.inputs.shape != (len(raw.labels), *architecture.input_shape):
        raise InvalidInput(
            f"inputs of shape {raw.inputs.shape}",
            where=where,
            expected=f"({len(raw.labels)}, {', '.join(map(str, architecture.input_shape))})",
            next_step="reshape them to what the model takes",
        )
    _check_labels(architecture, raw)
    if raw.groups is not None:
        _check_groups(raw.groups, len(raw.labels), where)
    return HeldOutSet(inputs=integer_inputs(architecture, raw.inputs, where), labels=raw.labels, groups=raw.groups)


def _check_labels(architecture: Architecture, raw: RawDataset) -> None:
    outside = (raw.labels < 0) | (raw.labels >= architecture.classes)
    if outside.any():
        sample = int(outside.argmax())
        raise InvalidInput(
            f"label {raw.labels[sample]} is not a class of the model",
            where=f"{raw.source}, sample {sample}",
            expected=f"0 to {architecture.classes - 1}",
        )


def integer_inputs(architecture: Architecture, inputs: NDArray[np.generic], where: str = "data") -> NDArray[np.int64]:
    """Raw inputs (samples, ...) as integers in the declared interval, (features, samples)."""
    flat = inputs.reshape(len(inputs), -1)
    integers = np.empty((flat.shape[1], len(flat)), np.int64)
    for first in range(0, len(flat), _BLOCK):
        block = slice(first, first + _BLOCK)
        # float64 is exact for every integer that can be accepted, since larger ones are out of range in either form.
        with np.errstate(over="ignore", invalid="ignore"):
            integers[:, block] = _integer_block(architecture, flat[block].astype(np.float64), first, where).T
    return integers


def _integer_block(
    architecture: Architecture, values: NDArray[np.float64], first: int, where: str
) -> NDArray[np.float64]:
    """Integers of consecutive samples from number `first`, (samples, features)."""
    finite = np.isfinite(values)
    if not finite.all():
        sample, feature = np.unravel_index(int(finite.argmin()), values.shape)
        raise InvalidInput(
            f"value {values[sample, feature]} at feature {feature}",
            where=f"{where}, sample {first + int(sample)}",
            expected="finite numbers",
            next_step="remove or repair the sample",
        )
    scale, low, high = architecture.scale, architecture.input_low, architecture.input_high
    steps = values / scale
    outside = (steps < low - 0.5) | (steps > high + 0.5)
    if outside.any():
        sample, feature = np.unravel_index(int(outside.argmax()), values.shape)
        raise InvalidInput(
            f"value {values[sample, feature]:g} at feature {feature} is outside the range of the model",
            where=f"{where}, sample {first + int(sample)}",
            expected=f"{low * scale:g} to {high * scale:g}",
            next_step="scale the data as in training, or quantise the model again with a wider input range",
        )
    return np.clip(np.floor(steps + 0.5), low, high)


def dataset_bytes(
    inputs: NDArray[np.generic], labels: NDArray[np.integer], groups: NDArray[np.integer] | None = None
) -> bytes:
    """A compressed `.npz` file of inputs, labels and groups if given, the same bytes for the same arrays."""
    buffer = io.BytesIO()
    if groups is None:
        np.savez_compressed(buffer, inputs=inputs, labels=labels)
    else:
        np.savez_compressed(buffer, inputs=inputs, labels=labels, groups=groups)
    return buffer.getvalue()
