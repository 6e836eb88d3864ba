"""Linear claims on the witness: what every other protocol ends in, batched and opened together.

A claim says that a public linear functional of the cells has a value, known up to pads.
Its weights on batched cells are position weights times eq(sample point, sample) for one of a few sample points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zkaudit.commitment.link import VARIABLES, Link
from zkaudit.commitment.ring import DEGREE as RING_DEGREE
from zkaudit.field import arrays
from zkaudit.field.arrays import Array
from zkaudit.field.extension import ONE, ZERO, Element, add, equality, multiply, subtract
from zkaudit.layout import Layout
from zkaudit.masking import Affine
from zkaudit.opening.structured import outer_product, range_product
from zkaudit.relation import Read
from zkaudit_circuits.weights import RANDOMNESS, WEIGHTS


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchedTerm:
    """weights (5, positions) of a batched column at the sample point of this index."""

    sample_point: int
    column: str
    weights: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticTerm:
    """weights (5, n) of n cells of a static column from `start`."""

    column: str
    start: int
    weights: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegerTerm:
    """Integer weights of consecutive cells of a static column from `start`; a claim may have thousands of them."""

    column: str
    start: int
    weights: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeTerm:
    """Weight factor * eq(point, leaf_start + j) of cell start + j of a static column, for j below `length`."""

    column: str
    start: int
    point: list[Element]
    leaf_start: int
    length: int
    factor: Element


@dataclass(frozen=True, slots=True, kw_only=True)
class OuterTerm:
    """Weights rows[g, o] columns[g, i] of the cells from `start` on, (g, o, i) in C order.

    rows (5, g, o), columns (5, g, i).
    """

    column: str
    start: int
    rows: Array
    columns: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTerm:
    """The commitment's own functional of weights and randomness."""

    link: Link


Term = BatchedTerm | StaticTerm | IntegerTerm | RangeTerm | OuterTerm | LinkTerm


def read_weights(layout: Layout, read: Read, weights: Array) -> Array:
    """Weights (5, positions read) as weights of the positions of the column, (5, positions)."""
    if read.gather is None:
        return weights
    positions = layout.circuit.columns[read.column].positions
    return arrays.scatter(weights[:, read.gather.targets], read.gather.sources, positions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The sum of the terms has the value; not authenticated until the batch is opened."""

    name: str
    value: Affine
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Claims:
    """All claims of a statement, and the sample points that their terms refer to."""

    layout: Layout
    sample_points: list[list[Element]]
    items: list[Claim]

    def position_weights(self, coefficients: Sequence[Element]) -> list[Array]:
        """For each sample point the combined weights of all batched positions, (5, positions)."""
        result = [np.zeros((5, self.layout.position_count), np.uint64) for _ in self.sample_points]
        for coefficient, claim in zip(coefficients, self.items, strict=True):
            for term in claim.terms:
                if isinstance(term, BatchedTerm):
                    first = self.layout.batched_positions[term.column]
                    part = result[term.sample_point][:, first : first + term.weights.shape[1]]
                    part[...] = arrays.add(part, arrays.scale(term.weights, coefficient))
        return result

    def integer_weights(self, coefficients: Sequence[Element]) -> dict[str, Array]:
        """The combined weights of the integer terms, (5, positions) for each column that has some."""
        found: dict[str, list[tuple[int, IntegerTerm]]] = {}
        for index, claim in enumerate(self.items):
            for term in claim.terms:
                if isinstance(term, IntegerTerm):
                    found.setdefault(term.column, []).append((index, term))
        factors = arrays.from_elements(coefficients)
        result = {}
        for column, terms in found.items():
            lengths = np.array([len(term.weights) for _, term in terms], np.int64)
            owners = np.repeat(np.array([index for index, _ in terms], np.int64), lengths)
            ends = np.cumsum(lengths)
            firsts = np.array([term.start for _, term in terms], np.int64) - (ends - lengths)
            places = np.repeat(firsts, lengths) + np.arange(ends[-1])
            integers = np.fromiter((w for _, term in terms for w in term.weights), np.int64, int(ends[-1]))
            weighted = arrays.scale_base(factors[:, owners], arrays.residues(integers))
            result[column] = arrays.scatter(weighted, places, self.layout.circuit.columns[column].positions)
        return result

    def weight_at(self, coefficients: Sequence[Element], point: list[Element]) -> Element:
        """The multilinear extension of all combined weights at an address.

        The lowest coordinate chooses the region; the rest is a place, samples lowest in the batched region.
        """
        region, place = point[0], point[1:]
        bits = self.layout.circuit.sample_bits
        positions = arrays.equality_table(place[bits:], self.layout.position_count)
        weights = np.stack(self.position_weights(coefficients), axis=1)  # (5, sample points, positions)
        sums = arrays.extension_matrix_vector(weights, positions)
        batched = ZERO
        for sample_point, weight in zip(self.sample_points, arrays.to_elements(sums), strict=True):
            batched = add(batched, multiply(equality(sample_point, place[:bits]), weight))
        static = self._static_at(coefficients, place)
        return add(multiply(subtract(ONE, region), batched), multiply(region, static))

    def _static_at(self, coefficients: Sequence[Element], place: list[Element]) -> Element:
        result = ZERO
        for column, weights in self.integer_weights(coefficients).items():
            cells = arrays.equality_range(place, self.layout.static_places[column], weights.shape[1])
            result = add(result, arrays.dot(weights, cells))
        for coefficient, claim in zip(coefficients, self.items, strict=True):
            for term in claim.terms:
                if not isinstance(term, BatchedTerm | IntegerTerm):
                    result = add(result, multiply(coefficient, self._term_at(term, place)))
        return result

    def _term_at(self, term: StaticTerm | RangeTerm | OuterTerm | LinkTerm, place: list[Element]) -> Element:
        """The extension of one static term; no array over the weight cells exists."""
        if isinstance(term, LinkTerm):
            return self._link_at(term.link, place)
        first = self.layout.static_places[term.column] + term.start
        if isinstance(term, StaticTerm):
            return arrays.dot(term.weights, arrays.equality_range(place, first, term.weights.shape[1]))
        if isinstance(term, RangeTerm):
            return multiply(term.factor, range_product(term.point, term.leaf_start, place, first, term.length))
        return outer_product(place, first, term.rows, term.columns)

    def _link_at(self, link: Link, place: list[Element]) -> Element:
        cells = self.layout.circuit.columns[WEIGHTS].positions
        first = self.layout.static_places[WEIGHTS] // RING_DEGREE
        elements = arrays.equality_range(place[VARIABLES:], first, -(-cells // RING_DEGREE))
        value = link.evaluate_weights(elements, arrays.equality_table(place[:VARIABLES]), cells)
        weights = link.randomness_coefficients()
        first = self.layout.static_places[RANDOMNESS]
        return add(value, arrays.dot(weights, arrays.equality_range(place, first, weights.shape[1])))
