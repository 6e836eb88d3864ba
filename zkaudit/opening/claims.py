"""Linear claims on the witness: what every other protocol ends in, batched and opened together.

A claim says that a public linear functional of the cells has a value, known up to pads.
Its weights on batched cells are position weights times eq(sample point, sample) for one of a few sample points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zkaudit.commitment.link import Link
from zkaudit.field import arrays
from zkaudit.field.arrays import Array
from zkaudit.field.extension import ONE, ZERO, Element, add, equality, multiply, subtract
from zkaudit.layout import Layout
from zkaudit.masking import Affine
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
class OuterTerm:
    """weights rows[o] columns[i] of the cells start + o * len(columns) + i; rows (5, o), columns (5, i)."""

    column: str
    start: int
    rows: Array
    columns: Array


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTerm:
    """The commitment's own functional of weights and randomness."""

    link: Link


Term = BatchedTerm | StaticTerm | OuterTerm | LinkTerm


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

    def weight_at(self, coefficients: Sequence[Element], point: list[Element]) -> Element:
        """The multilinear extension of all combined weights at an address.

        The lowest coordinate chooses the region; the rest is a place, samples lowest in the batched region.
        """
        region, place = point[0], point[1:]
        bits = self.layout.circuit.sample_bits
        positions = arrays.equality_table(place[bits:], self.layout.position_count)
        batched = ZERO
        for sample_point, weights in zip(self.sample_points, self.position_weights(coefficients), strict=True):
            weight = multiply(equality(sample_point, place[:bits]), arrays.dot(weights, positions))
            batched = add(batched, weight)
        static = self._static_at(coefficients, place)
        return add(multiply(subtract(ONE, region), batched), multiply(region, static))

    def _static_at(self, coefficients: Sequence[Element], place: list[Element]) -> Element:
        cells = arrays.equality_range(place, 0, self.layout.static_cells)
        result = ZERO
        for coefficient, claim in zip(coefficients, self.items, strict=True):
            for term in claim.terms:
                if not isinstance(term, BatchedTerm):
                    result = add(result, multiply(coefficient, self._term_at(term, cells, place)))
        return result

    def _term_at(self, term: Term, cells: Array, place: list[Element]) -> Element:
        """The extension of one static term, given eq of the place at every static cell."""
        places = self.layout.static_places
        if isinstance(term, StaticTerm):
            first = places[term.column] + term.start
            return arrays.dot(term.weights, cells[:, first : first + term.weights.shape[1]])
        if isinstance(term, OuterTerm):
            first = places[term.column] + term.start
            rows, columns = term.rows.shape[1], term.columns.shape[1]
            part = cells[:, first : first + rows * columns].reshape(5, rows, columns)
            return arrays.dot(term.rows, arrays.extension_matrix_vector(part, term.columns))
        if isinstance(term, LinkTerm):
            weights = self.layout.circuit.columns[WEIGHTS].positions
            first = places[WEIGHTS]
            elements = -(-weights // 512)
            high = arrays.equality_range(place[9:], first // 512, elements)
            value = term.link.evaluate_weights(high, arrays.equality_table(place[:9]), weights)
            randomness = term.link.randomness_coefficients()
            first = places[RANDOMNESS]
            return add(value, arrays.dot(randomness, cells[:, first : first + randomness.shape[1]]))
        raise TypeError(type(term))
