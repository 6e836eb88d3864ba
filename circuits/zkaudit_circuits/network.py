"""Walks an architecture and lowers it whole, with the argmax and the claim; and computes the witness alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from zkaudit.relation import Circuit, CircuitBuilder, Integers, Interval, Kind, LinearTerm, multiplicity
from zkaudit_circuits import weights
from zkaudit_circuits.argmax import Argmax, argmax
from zkaudit_circuits.claim import CorrectCount
from zkaudit_circuits.dense import accumulator, dense
from zkaudit_circuits.requantise import Requantisation

INPUT = "input"


class DenseLayer(Protocol):
    """A dense layer of an architecture."""

    @property
    def inputs(self) -> int: ...
    @property
    def outputs(self) -> int: ...
    @property
    def bias_limbs(self) -> int: ...


class RequantiseLayer(Protocol):
    """A requantisation of an architecture."""

    @property
    def shift(self) -> int: ...
    @property
    def low(self) -> int: ...
    @property
    def high(self) -> int: ...


class NetworkArchitecture(Protocol):
    """What lowering reads of an architecture: dense layers with requantisations between them."""

    @property
    def input_low(self) -> int: ...
    @property
    def input_high(self) -> int: ...
    @property
    def features(self) -> int: ...
    @property
    def classes(self) -> int: ...
    @property
    def weight_count(self) -> int: ...
    @property
    def dense_layers(self) -> Sequence[DenseLayer]: ...
    @property
    def requantisations(self) -> Sequence[RequantiseLayer]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A dense layer, where its cells start in the weights, and what follows it; None before the argmax."""

    layer: DenseLayer
    start: int
    source: str
    bound: Interval
    requantisation: Requantisation | None


def sample_bits(samples: int) -> int:
    """log2 of the samples with padding."""
    return (samples - 1).bit_length()


def stages(architecture: NetworkArchitecture, samples: int) -> Iterator[Stage]:
    """The dense layers in order with the worst-case intervals of their accumulators."""
    interval = Interval(low=architecture.input_low, high=architecture.input_high)
    source, start = INPUT, 0
    shifts: list[RequantiseLayer | None] = [*architecture.requantisations, None]
    for index, (layer, shift) in enumerate(zip(architecture.dense_layers, shifts, strict=True), 1):
        bound = layer.inputs * 128 * interval.magnitude + weights.bias_bound(layer.bias_limbs)
        accumulated = Interval(low=-bound, high=bound)
        requantisation = None
        if shift is not None:
            requantisation = Requantisation(
                name=f"requantise {index}",
                positions=layer.outputs,
                samples=1 << sample_bits(samples),
                shift=shift.shift,
                low=shift.low,
                high=shift.high,
                accumulator=accumulated,
            )
        yield Stage(layer=layer, start=start, source=source, bound=accumulated, requantisation=requantisation)
        if requantisation is not None and shift is not None:
            source = f"{requantisation.name}/output"
            interval = Interval(low=shift.low, high=shift.high)
        start += layer.outputs * layer.inputs + layer.bias_limbs * layer.outputs


def lower(architecture: NetworkArchitecture, count: CorrectCount) -> Circuit:
    """The circuit of a statement; InvalidInput names the layer whose integers could wrap."""
    samples = len(count.labels)
    builder = CircuitBuilder(sample_bits=sample_bits(samples))
    weights.lower(builder, architecture.weight_count)
    low, high = min(0, architecture.input_low), max(0, architecture.input_high)
    builder.add_column(INPUT, Kind.PUBLIC, architecture.features, Interval(low=low, high=high))
    for stage in stages(architecture, samples):
        layer = stage.layer
        terms: tuple[LinearTerm, ...] = accumulator(
            stage.start, layer.outputs, layer.inputs, layer.bias_limbs, stage.source
        )
        if stage.requantisation is not None:
            stage.requantisation.lower(builder, terms)
        else:
            Argmax(classes=architecture.classes, bound=stage.bound.magnitude).lower(builder, terms)
    count.lower(builder)
    return builder.build()


def padded(inputs: NDArray[np.int64]) -> Integers:
    """Inputs (features, samples) with zero samples up to a power of two."""
    features, samples = inputs.shape
    result = np.zeros((features, 1 << sample_bits(samples)), np.int64)
    result[:, :samples] = inputs
    return result


def witness(
    architecture: NetworkArchitecture,
    kernels: Sequence[NDArray[np.int8]],
    biases: Sequence[NDArray[np.int64]],
    weight_cells: NDArray[np.int8],
    randomness: NDArray[np.int8],
    inputs: NDArray[np.int64],
    count: CorrectCount,
    circuit: Circuit,
) -> dict[str, Integers]:
    """Every column of the circuit for inputs (features, samples); a false claim violates the claim's functional."""
    columns: dict[str, Integers] = {
        weights.WEIGHTS: weight_cells.astype(np.int64),
        weights.RANDOMNESS: randomness.astype(np.int64),
        INPUT: padded(inputs),
    }
    current = columns[INPUT]
    for stage, kernel, bias in zip(stages(architecture, inputs.shape[1]), kernels, biases, strict=True):
        accumulated = dense(kernel, bias, current)
        if stage.requantisation is not None:
            columns |= stage.requantisation.witness(accumulated)
            current = columns[f"{stage.requantisation.name}/output"]
        else:
            columns |= Argmax(classes=architecture.classes, bound=stage.bound.magnitude).witness(accumulated)
            correct = int((argmax(accumulated)[: inputs.shape[1]] == count.labels).sum())
            columns |= count.witness(correct)
    for table, counts in count_lookups(circuit, columns).items():
        columns[multiplicity(table)] = counts
    return columns


def count_lookups(circuit: Circuit, columns: dict[str, Integers]) -> dict[str, Integers]:
    """How often each row of each table is looked up; cells outside a table count nowhere."""
    result = {name: np.zeros(len(table.entries), np.int64) for name, table in circuit.tables.items()}
    for lookup in circuit.lookups:
        entries = circuit.tables[lookup.table].entries
        # Tables list consecutive keys in their first entry; a row's index is its key's distance from the first.
        first = lookup.values[0]
        keys = sum((columns[name] * k for name, k in first.terms), start=np.int64(first.constant))
        index = (keys - entries[0, 0]).ravel()
        inside = index[(index >= 0) & (index < len(entries))]
        result[lookup.table] += np.bincount(inside, minlength=len(entries))
    return result
