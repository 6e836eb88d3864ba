"""Walks an architecture and lowers it whole, with the argmax and the claim; and computes the witness alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from zkaudit.builder import CircuitBuilder
from zkaudit.model import architecture as kinds
from zkaudit.model.architecture import Architecture
from zkaudit.relation import Circuit, Integers, Interval, Kind, Window, multiplicity, whole
from zkaudit_circuits import gate, uncommitted, weights
from zkaudit_circuits.add import scaled_terms
from zkaudit_circuits.argmax import Argmax
from zkaudit_circuits.claim import ClaimGadget
from zkaudit_circuits.convolution import convolve
from zkaudit_circuits.dense import Kernel, dense, weighted_terms
from zkaudit_circuits.multiplicities import count_lookups
from zkaudit_circuits.pooling import MaxPool, view_cells
from zkaudit_circuits.requantise import Requantisation
from zkaudit_circuits.tensors import (
    Accumulator,
    Activation,
    Columns,
    Shape,
    Tensor,
    accumulator_of,
    activation_of,
    broadcast,
    spread,
)

INPUT = "input"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The secret weights, one kernel and one bias for each layer that has some."""

    kernels: Sequence[Kernel]
    biases: Sequence[NDArray[np.int64]]


@dataclass(slots=True)
class Network:
    """Lowers the layers one after the other; given columns to fill, computes their witness as well."""

    architecture: Architecture
    builder: CircuitBuilder
    parameters: Parameters | None = None
    columns: Columns = field(default_factory=dict)
    tensors: list[Tensor] = field(default_factory=list)
    argmax: Argmax | None = None
    _start: int = 0
    _weighted: int = 0
    _requantisations: int = 0

    def run(self) -> None:
        """Every layer, and the argmax of the last tensor."""
        architecture = self.architecture
        interval = Interval(low=architecture.input_low, high=architecture.input_high)
        self.builder.add_column(INPUT, Kind.PUBLIC, architecture.features, interval)
        view = whole(INPUT, architecture.features)
        self.tensors.append(Activation(view=view, shape=architecture.input_shape, interval=interval))
        for number, layer in enumerate(architecture.layers, 1):
            self.tensors.append(self._layer(number, layer))
        self._argmax(self.tensors[-1])

    def _layer(self, number: int, layer: kinds.Layer) -> Tensor:
        name = f"{layer.kind} {number}"
        shape = self.architecture.shapes[number]
        sources = [self.tensors[source] for source in layer.sources]
        if isinstance(layer, kinds.Requantise):
            return self._requantise(layer, accumulator_of(sources[0]))
        read = [activation_of(source) for source in sources]
        if isinstance(layer, kinds.Dense | kinds.Convolution):
            return self._weighted_layer(layer, read[0], shape)
        if isinstance(layer, kinds.Sum):
            return uncommitted.sum_accumulator(layer, read, shape)
        if isinstance(layer, kinds.Gate):
            return self._gate(name, read[0], read[1])
        if isinstance(layer, kinds.SumPool):
            return uncommitted.sum_pool_accumulator(layer, read[0], shape)
        if isinstance(layer, kinds.MaxPool):
            return self._max_pool(name, layer, read[0], shape)
        return uncommitted.view_activation(layer, read, shape)

    def _weighted_layer(self, layer: kinds.Dense | kinds.Convolution, source: Activation, shape: Shape) -> Accumulator:
        window = window_of(layer, source.shape)
        start, index = self._start, self._weighted
        self._start += layer.weight_count
        self._weighted += 1
        limbs = (layer.weight_limbs, layer.bias_limbs)
        largest, offset = map(weights.limb_bound, limbs)
        bound = window.fan_in * largest * source.interval.magnitude + offset

        def values(columns: Columns) -> Integers:
            assert self.parameters is not None
            kernel, bias = self.parameters.kernels[index], self.parameters.biases[index]
            cells = view_cells(source.view, columns)
            if isinstance(layer, kinds.Dense):
                return dense(kernel, bias, cells)
            geometry = {"stride": layer.stride, "dilation": layer.dilation, "padding": layer.padding}
            tensor = cells.reshape(*source.shape, -1)
            result = convolve(kernel, bias, tensor, groups=layer.groups, **geometry)  # type: ignore[arg-type]
            return result.reshape(-1, cells.shape[1])

        return Accumulator(
            shape=shape,
            bound=Interval(low=-bound, high=bound),
            terms=lambda factors: weighted_terms(start, window, limbs, source.view, factors),
            values=values,
        )

    def _requantise(self, layer: kinds.Requantise, accumulator: Accumulator) -> Activation:
        self._requantisations += 1
        low, high = layer.clamp
        factors = layer.multipliers
        gadget = Requantisation(
            name=f"requantise {self._requantisations}",
            shape=accumulator.shape,
            samples=1 << self.builder.sample_bits,
            shift=layer.shift,
            low=low,
            high=high,
            accumulator=_times(accumulator.bound, factors),
            outputs=layer.table,
        )
        output = gadget.lower(self.builder, accumulator.terms(factors))
        if self.parameters is not None:
            values = accumulator.values(self.columns)
            self.columns |= gadget.witness(values * spread(factors, accumulator.shape)[:, None] if factors else values)
        view = whole(output, gadget.positions)
        return Activation(view=view, shape=accumulator.shape, interval=gadget.interval)

    def _gate(self, name: str, values: Activation, factors: Activation) -> Accumulator:
        spread_out = broadcast(factors, values.shape)
        ends = [a * b for a in _ends(values.interval) for b in _ends(factors.interval)]
        interval = Interval(low=min(ends), high=max(ends))
        column = gate.lower(self.builder, name, values.view, spread_out, interval)
        if self.parameters is not None:
            self.columns[column] = view_cells(values.view, self.columns) * view_cells(spread_out, self.columns)
        product = whole(column, values.view.size)
        return Accumulator(
            shape=values.shape,
            bound=interval,
            terms=lambda multipliers: scaled_terms(product, spread(multipliers, values.shape)),
            values=lambda columns: columns[column],
        )

    def _max_pool(self, name: str, layer: kinds.MaxPool, source: Activation, shape: Shape) -> Activation:
        channels, height, width = source.shape
        gadget = MaxPool(
            name=name,
            source=source.view,
            shape=(channels, height, width),
            interval=source.interval,
            kernel=layer.kernel,
            stride=layer.stride,
            dilation=layer.dilation,
            padding=layer.padding,
        )
        outputs = gadget.lower(self.builder)
        if self.parameters is not None:
            self.columns |= gadget.witness(self.columns)
        return Activation(view=outputs, shape=shape, interval=source.interval)

    def _argmax(self, last: Tensor) -> None:
        if isinstance(last, Accumulator):
            bound, terms = last.bound.magnitude, last.terms(())
        else:
            bound, terms = last.interval.magnitude, scaled_terms(last.view, np.ones(last.view.size, np.int64))
        gadget = self.argmax = Argmax(classes=self.architecture.classes, bound=bound)
        gadget.lower(self.builder, terms, last.shape)
        if self.parameters is not None:
            logits = last.values(self.columns) if isinstance(last, Accumulator) else view_cells(last.view, self.columns)
            self.columns |= gadget.witness(logits)


def window_of(layer: kinds.Dense | kinds.Convolution, source: Shape) -> Window:
    """The geometry of a layer with weights on a source of a shape."""
    if isinstance(layer, kinds.Dense):
        return Window(channels=layer.inputs, height=1, width=1, filters=layer.outputs)
    return Window(
        channels=layer.channels,
        height=source[1],
        width=source[2],
        filters=layer.filters,
        kernel=layer.kernel,
        stride=layer.stride,
        dilation=layer.dilation,
        padding=layer.padding,
        groups=layer.groups,
    )


def _ends(interval: Interval) -> tuple[int, int]:
    return interval.low, interval.high


def _times(interval: Interval, factors: tuple[int, ...]) -> Interval:
    """The hull of the interval times each factor."""
    scaled = [interval.scaled(factor) for factor in set(factors)] or [interval]
    return Interval(low=min(one.low for one in scaled), high=max(one.high for one in scaled))


def sample_bits(samples: int) -> int:
    """log2 of the samples with padding."""
    return (samples - 1).bit_length()


def lower(architecture: Architecture, claim: ClaimGadget) -> Circuit:
    """The circuit of a statement; InvalidInput names the layer whose integers could wrap."""
    builder = CircuitBuilder(sample_bits=sample_bits(claim.samples))
    weights.lower(builder, architecture.weight_count)
    network = Network(architecture, builder)
    network.run()
    assert network.argmax is not None
    claim.lower(builder, network.argmax)
    return builder.build()


def padded(inputs: NDArray[np.int64]) -> Integers:
    """Inputs (features, samples) with zero samples up to a power of two."""
    features, samples = inputs.shape
    result = np.zeros((features, 1 << sample_bits(samples)), np.int64)
    result[:, :samples] = inputs
    return result


def witness(
    architecture: Architecture,
    kernels: Sequence[Kernel],
    biases: Sequence[NDArray[np.int64]],
    weight_cells: NDArray[np.int8],
    randomness: NDArray[np.int8],
    inputs: NDArray[np.int64],
    claim: ClaimGadget,
    circuit: Circuit,
) -> Columns:
    """Every column of the circuit for inputs (features, samples); a false claim violates a relation of its own."""
    columns: Columns = {
        weights.WEIGHTS: weight_cells.astype(np.int64),
        weights.RANDOMNESS: randomness.astype(np.int64),
        INPUT: padded(inputs),
    }
    parameters = Parameters(kernels=kernels, biases=biases)
    builder = CircuitBuilder(sample_bits=circuit.sample_bits)
    weights.lower(builder, architecture.weight_count)
    network = Network(architecture, builder, parameters, columns)
    network.run()
    columns = network.columns
    assert network.argmax is not None
    columns |= claim.witness(network.argmax, columns)
    for table, counts in count_lookups(circuit, columns).items():
        columns[multiplicity(table)] = counts
    return columns
