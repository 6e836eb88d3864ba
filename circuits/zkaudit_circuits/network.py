"""Walks an architecture and lowers it whole, with the argmax and the claim; and computes the witness alike."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from zkaudit.builder import CircuitBuilder
from zkaudit.model import architecture as kinds
from zkaudit.model.architecture import Architecture
from zkaudit.relation import (
    Circuit,
    Combination,
    Integers,
    Interval,
    Kind,
    LinearTerm,
    Table,
    View,
    Window,
    join,
    multiplicity,
    whole,
)
from zkaudit_circuits import gate, views, weights
from zkaudit_circuits.add import scaled_terms
from zkaudit_circuits.argmax import Argmax
from zkaudit_circuits.claim import ClaimGadget
from zkaudit_circuits.convolution import convolve
from zkaudit_circuits.dense import Kernel, dense, weighted_terms
from zkaudit_circuits.pooling import MaxPool, sum_pool, sum_terms, view_cells, window_cells, window_multipliers
from zkaudit_circuits.requantise import Requantisation

INPUT = "input"

Shape = tuple[int, ...]
Columns = dict[str, Integers]

_CHUNK = 1 << 18
"""Performance knob: cells of a lookup that are counted at a time, 2 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """A tensor of committed or public integers: a view, its shape and the interval of its elements."""

    view: View
    shape: Shape
    interval: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Accumulator:
    """A tensor that is not committed.

    `terms` spells it with one factor for each element of the first axis, none for ones.
    `bound` is its interval before any factor; `values` computes it, (positions, samples), from the columns.
    """

    shape: Shape
    bound: Interval
    terms: Callable[[tuple[int, ...]], tuple[LinearTerm, ...]]
    values: Callable[[Columns], Integers]


Tensor = Activation | Accumulator


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
            return self._requantise(layer, _accumulator(sources[0]))
        read = [_activation(source) for source in sources]
        if isinstance(layer, kinds.Dense | kinds.Convolution):
            return self._weighted_layer(layer, read[0], shape)
        if isinstance(layer, kinds.Sum):
            return _sum(layer, read, shape)
        if isinstance(layer, kinds.Gate):
            return self._gate(name, read[0], read[1])
        if isinstance(layer, kinds.SumPool):
            return _sum_pool(layer, read[0], shape)
        if isinstance(layer, kinds.MaxPool):
            return self._max_pool(name, layer, read[0], shape)
        return _view(layer, read, shape)

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


def spread(factors: tuple[int, ...], shape: Shape) -> Integers:
    """One factor for each element of a shape, given one for each of its first axis, or none for ones."""
    size = int(np.prod(shape))
    if not factors:
        return np.ones(size, np.int64)
    return np.repeat(np.array(factors, np.int64), size // shape[0])


def broadcast(source: Activation, shape: Shape) -> View:
    """The source's view at every element of a shape: of the same shape, or (C, 1, 1) for (C, H, W)."""
    if source.shape == shape:
        return source.view
    return source.view.select(np.repeat(np.arange(shape[0]), int(np.prod(shape[1:]))))


def _sum(layer: kinds.Sum, sources: list[Activation], shape: Shape) -> Accumulator:
    read = [broadcast(source, shape) for source in sources]
    bound = Interval(low=0, high=0)
    for factor, source in zip(layer.multipliers, sources, strict=True):
        bound = bound + source.interval.scaled(factor)

    def terms(factors: tuple[int, ...]) -> tuple[LinearTerm, ...]:
        each = spread(factors, shape)
        pairs = zip(layer.multipliers, read, strict=True)
        return tuple(term for factor, view in pairs for term in scaled_terms(view, factor * each))

    def values(columns: Columns) -> Integers:
        pairs = zip(layer.multipliers, read, strict=True)
        return np.asarray(sum(factor * view_cells(view, columns) for factor, view in pairs), np.int64)

    return Accumulator(shape=shape, bound=bound, terms=terms, values=values)


def _sum_pool(layer: kinds.SumPool, source: Activation, shape: Shape) -> Accumulator:
    geometry = {"kernel": layer.kernel, "stride": layer.stride, "padding": layer.padding}
    multipliers = window_multipliers(
        source.shape[1:],
        multiplier=layer.multiplier,
        exclude_padding=layer.exclude_padding,
        **geometry,  # type: ignore[arg-type]
    )
    counts = window_cells(source.shape[1:], **geometry)  # type: ignore[arg-type]
    largest = int((multipliers * counts).max())
    low, high = min(0, source.interval.low), max(0, source.interval.high)

    def terms(factors: tuple[int, ...]) -> tuple[LinearTerm, ...]:
        each = spread(factors, shape).reshape(shape) * multipliers
        return sum_terms(source.view, source.shape, each, **geometry)  # type: ignore[arg-type]

    def values(columns: Columns) -> Integers:
        cells = view_cells(source.view, columns).reshape(*source.shape, -1)
        sums = sum_pool(
            cells,
            multiplier=layer.multiplier,
            exclude_padding=layer.exclude_padding,
            **geometry,  # type: ignore[arg-type]
        )
        return sums.reshape(-1, cells.shape[-1])

    bound = Interval(low=low * largest, high=high * largest)
    return Accumulator(shape=shape, bound=bound, terms=terms, values=values)


def _view(layer: kinds.Layer, sources: list[Activation], shape: Shape) -> Activation:
    """Elements numbered over all sources take the way of the layer's own reference; -1 is a zero."""
    low = min(source.interval.low for source in sources)
    high = max(source.interval.high for source in sources)
    view = join([source.view for source in sources])
    numbered: list[Integers] = []
    for source in sources:
        first = sum(part.size for part in numbered)
        numbered.append(np.arange(first, first + source.view.size).reshape(*source.shape, 1))
    if isinstance(layer, kinds.Transpose):
        elements = views.transpose(numbered[0], layer.axes)
    elif isinstance(layer, kinds.Concatenate):
        elements = views.concatenate(numbered)
    elif isinstance(layer, kinds.Pad):
        elements = views.pad(numbered[0], layer.padding, fill=-1)
        low, high = min(0, low), max(0, high)
    elif isinstance(layer, kinds.Slice):
        elements = views.cut(numbered[0], layer.start, layer.stop)
    elif isinstance(layer, kinds.Reshape):
        elements = numbered[0]
    else:
        raise TypeError(type(layer))
    return Activation(view=view.select(elements.reshape(-1)), shape=shape, interval=Interval(low=low, high=high))


def _accumulator(tensor: Tensor) -> Accumulator:
    """What a requantisation reads."""
    if not isinstance(tensor, Accumulator):
        raise ValueError("a requantisation reads an accumulator")
    return tensor


def _activation(tensor: Tensor) -> Activation:
    """What all other layers read."""
    if not isinstance(tensor, Activation):
        raise ValueError("only a requantisation reads an accumulator")
    return tensor


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


def count_lookups(circuit: Circuit, columns: Columns) -> Columns:
    """How often each row of each table is looked up; cells of a false witness may count anywhere."""
    result = {name: np.zeros(len(table.entries), np.int64) for name, table in circuit.tables.items()}
    for lookup in circuit.lookups:
        table = circuit.tables[lookup.table]
        samples = columns[lookup.values[0].terms[0].column].shape[1:]
        positions = lookup.values[0].positions
        step = max(1, _CHUNK // math.prod(samples))
        for start in range(0, positions, step):
            stop = min(start + step, positions)
            index = row_numbers(table, [_combined(value, columns, start, stop, samples) for value in lookup.values])
            if int(index.min()) < 0 or int(index.max()) >= len(table.entries):
                index = index[(index >= 0) & (index < len(table.entries))]
            result[lookup.table] += np.bincount(index, minlength=len(table.entries))
    return result


def _combined(combination: Combination, columns: Columns, start: int, stop: int, samples: tuple[int, ...]) -> Integers:
    """The cells of a combination at the positions from start to stop, flat."""
    cells = np.full((stop - start, *samples), combination.constant, np.int64)
    for read in combination.terms:
        if read.gather is None:
            cells += read.coefficient * columns[read.column][start:stop]
        else:
            targets = read.gather.targets
            chosen = slice(None) if stop - start == combination.positions else (targets >= start) & (targets < stop)
            sources = read.gather.sources[chosen]
            cells[targets[chosen] - start] += read.coefficient * columns[read.column][sources]
    return cells.reshape(-1)


def row_numbers(table: Table, values: list[Integers]) -> Integers:
    """The row of a table with the first entries of each tuple; outside the table where there is none.

    First entries are consecutive, or the table is that of products, or of two differences, of which one is zero.
    """
    if len(values) == 3:
        return values[0] * math.isqrt(len(table.entries)) + values[1]
    first = table.entries[:, 0]
    largest = int(first.max())
    if int(first[-1]) == largest:
        return np.asarray(values[0] - first[0], np.int64)
    return np.where(values[0] > 0, values[0], np.where(values[1] > 0, largest + values[1], 0))
