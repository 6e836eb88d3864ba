"""Which cells of which columns a whole constraint touches."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from zkaudit.relation import (
    Broadcast,
    Circuit,
    Functional,
    Integers,
    Kind,
    Linear,
    LinearTerm,
    Lookup,
    Mapped,
    Product,
    Scaled,
    SuffixSum,
    Window,
    multiplicity,
)

Mask = NDArray[np.bool_]


class Touched:
    """The cells of each column that are read: whole positions for all samples, and single cells."""

    def __init__(self, circuit: Circuit) -> None:
        self._circuit = circuit
        self._positions: dict[str, Mask] = {}
        self._single: dict[str, Mask] = {}

    def add(self, column: str, positions: Integers | slice) -> None:
        """Positions of a column, every sample of them."""
        if column not in self._positions:
            self._positions[column] = np.zeros(self._circuit.columns[column].positions, np.bool_)
        self._positions[column][positions] = True

    def add_cells(self, column: str, positions: Integers, samples: Integers) -> None:
        """Single cells of a batched column."""
        if column not in self._single:
            shape = (self._circuit.columns[column].positions, self._circuit.samples)
            self._single[column] = np.zeros(shape, np.bool_)
        self._single[column][positions, samples] = True

    def merge(self, other: Touched) -> None:
        """The union with another's cells."""
        for column, mask in other._positions.items():
            self.add(column, np.flatnonzero(mask))
        for column, cells in other._single.items():
            self.add_cells(column, *np.nonzero(cells))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of which a cell is touched."""
        masks = {**self._single, **self._positions}
        return tuple(name for name in self._circuit.columns if name in masks)

    def count(self, column: str) -> int:
        """Touched cells of a column."""
        if column not in self._single:
            return int(self._whole(column).sum()) * self._samples(column)
        return int(self._cells(column).sum())

    def size(self, column: str) -> int:
        """Cells of a column."""
        return self._circuit.columns[column].positions * self._samples(column)

    def first_untouched(self, column: str) -> tuple[int, ...]:
        """The first cell of a column that is not touched."""
        place = tuple(int(i) for i in np.argwhere(~self._cells(column))[0])
        return place if self._is_batched(column) else place[:1]

    def _whole(self, column: str) -> Mask:
        """The positions that are touched for every sample."""
        return self._positions.get(column, np.zeros(self._circuit.columns[column].positions, np.bool_))

    def _cells(self, column: str) -> Mask:
        """All touched cells, (positions, samples)."""
        whole = self._whole(column)[:, None]
        if column in self._single:
            return self._single[column] | whole
        return np.broadcast_to(whole, (len(whole), self._samples(column)))

    def _is_batched(self, column: str) -> bool:
        return self._circuit.columns[column].kind is not Kind.STATIC

    def _samples(self, column: str) -> int:
        return self._circuit.samples if self._is_batched(column) else 1


def constraints(circuit: Circuit) -> Iterator[tuple[str, str, int, Touched]]:
    """Each constraint of a circuit: its name, its gadget, its instances, and the cells that they touch."""
    for linear in circuit.linear:
        yield linear.name, linear.gadget, linear.positions * circuit.samples, touched_by(circuit, linear)
    for product in circuit.products:
        instances = product.left.positions * circuit.samples
        yield product.name, product.gadget, instances, touched_by(circuit, product)
    for lookup in circuit.lookups:
        samples = 1 if circuit.lookup_kind(lookup) is Kind.STATIC else circuit.samples
        yield lookup.name, lookup.gadget, lookup.values[0].positions * samples, touched_by(circuit, lookup)
    for table in circuit.tables.values():
        touched = Touched(circuit)
        touched.add(multiplicity(table.name), slice(None))
        yield multiplicity(table.name), "lookup", len(table.entries), touched
    for functional in circuit.functionals:
        yield functional.name, functional.gadget, 1, touched_by(circuit, functional)


def touched_by(circuit: Circuit, relation: Linear | Product | Lookup | Functional) -> Touched:
    """The cells that a relation reads at all of its cells."""
    result = Touched(circuit)
    if isinstance(relation, Linear):
        for term in relation.terms:
            _add_term(result, term)
    elif isinstance(relation, Functional):
        for chosen in relation.batched:
            result.add_cells(chosen.column, chosen.positions, chosen.samples)
        for column, start, coefficients in relation.static:
            result.add(column, start + np.flatnonzero(np.array(coefficients, np.int64)))
    else:
        sides = relation.values if isinstance(relation, Lookup) else (relation.left, relation.right, relation.rest)
        for read in (read for side in sides for read in side.terms):
            result.add(read.column, slice(None) if read.gather is None else read.gather.sources)
    return result


def _add_term(result: Touched, term: LinearTerm) -> None:
    if isinstance(term, Scaled):
        result.add(term.column, slice(None))
    elif isinstance(term, Mapped):
        result.add(term.column, term.columns[term.values != 0])
    elif isinstance(term, SuffixSum):
        result.add(term.column, slice(1, None))
    elif isinstance(term, Broadcast):
        result.add(term.column, slice(term.start, term.start + term.cells))
    else:
        taps, cells = _reach(term.window)
        weights = np.flatnonzero(np.broadcast_to(taps, _kernel_shape(term.window)).reshape(-1))
        for limb in range(term.limbs):
            result.add(term.weights, term.start + limb * term.window.weights + weights)
        for name, gather in term.source.parts():
            result.add(name, gather.sources[cells[gather.targets]])


def _kernel_shape(window: Window) -> tuple[int, ...]:
    return (window.filters, window.channels // window.groups, *window.kernel)


def _reach(window: Window) -> tuple[Mask, Mask]:
    """The places of the kernel that meet a cell of the source, (kh, kw), and the cells that are met, flat."""
    taps, cells = [], []
    extents = ((window.height, window.output_height), (window.width, window.output_width))
    for axis, (extent, outputs) in enumerate(extents):
        offsets = window.dilation[axis] * np.arange(window.kernel[axis])[:, None] - window.padding[axis]
        places = offsets + window.stride[axis] * np.arange(outputs)  # (kernel, outputs)
        inside = (places >= 0) & (places < extent)
        taps.append(inside.any(axis=1))
        met = np.zeros(extent, np.bool_)
        met[places[inside]] = True
        cells.append(met)
    plane = np.logical_and.outer(cells[0], cells[1]).reshape(-1)
    return np.logical_and.outer(taps[0], taps[1]), np.tile(plane, window.channels)
