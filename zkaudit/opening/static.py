"""The combined weights of all static places, as the blocked array that the batching sumcheck folds.

Every term is a sum of runs: consecutive cells whose weights are a scalar times consecutive entries of a short vector.
Source: docs/protocol.md, "Batching".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zkaudit.commitment.prover import add_weight_coefficients
from zkaudit.field import arrays, blocks
from zkaudit.field.arrays import Array
from zkaudit.field.blocks import Blocks
from zkaudit.field.extension import ONE, Element, multiply
from zkaudit.opening.claims import BatchedTerm, Claims, IntegerTerm, LinkTerm, OuterTerm, RangeTerm, StaticTerm
from zkaudit.opening.kernels import add_runs
from zkaudit.relation import Integers
from zkaudit_circuits.weights import RANDOMNESS, WEIGHTS

_LOW_VARIABLES = 12
"""Performance knob: an eq table of 2^12 entries, 80 kB, stays in cache."""


def static_weights(claims: Claims, coefficients: Sequence[Element]) -> Blocks:
    """The combined weights of all static places, blocked, zero-extended to a power of two.

    Cost: 20 ns a weight cell on one core, of which the commitment link takes 14.
    """
    layout = claims.layout
    places = layout.static_places
    result = np.zeros(blocks.cells(1 << (layout.static_cells - 1).bit_length()), np.uint32)
    for coefficient, claim in zip(coefficients, claims.items, strict=True):
        for term in claim.terms:
            if isinstance(term, LinkTerm):
                cells = layout.circuit.columns[WEIGHTS].positions
                add_weight_coefficients(term.link, coefficient, cells, result, places[WEIGHTS])
                _add_vector(result, places[RANDOMNESS], term.link.randomness_coefficients(), coefficient)
            elif isinstance(term, StaticTerm):
                _add_vector(result, places[term.column] + term.start, term.weights, coefficient)
            elif isinstance(term, RangeTerm):
                _add_range(result, places[term.column] + term.start, term, coefficient)
            elif isinstance(term, OuterTerm):
                _add_outer(result, places[term.column] + term.start, term, coefficient)
            elif not isinstance(term, BatchedTerm | IntegerTerm):
                raise TypeError(type(term))
    for column, weights in claims.integer_weights(coefficients).items():
        _add_vector(result, places[column], weights, ONE)
    return result


def _add_vector(out: Blocks, first: int, weights: Array, coefficient: Element) -> None:
    one_run = np.zeros(1, np.int64)
    add_runs(out, weights, one_run + first, one_run, one_run + weights.shape[1], arrays.from_elements([coefficient]))


def _add_range(out: Blocks, first: int, term: RangeTerm, coefficient: Element) -> None:
    """One run for each entry of the eq table of the upper variables, the lower table being the vector."""
    if term.length == 0:
        return
    bits = min(_LOW_VARIABLES, len(term.point))
    low, high = term.point[:bits], term.point[bits:]
    begin, end = term.leaf_start >> bits, (term.leaf_start + term.length - 1 >> bits) + 1
    scalars = arrays.scale(arrays.equality_range(high, begin, end - begin), multiply(coefficient, term.factor))
    bounds = np.arange(begin, end + 1, dtype=np.int64) << bits
    bounds[0], bounds[-1] = term.leaf_start, term.leaf_start + term.length
    starts: Integers = bounds[:-1]
    add_runs(
        out,
        arrays.equality_table(low),
        starts - term.leaf_start + first,
        starts & ((1 << bits) - 1),
        np.diff(bounds),
        scalars,
    )


def _add_outer(out: Blocks, first: int, term: OuterTerm, coefficient: Element) -> None:
    """One run for each row, the columns of its group being the vector."""
    _, groups, outputs = term.rows.shape
    inputs = term.columns.shape[2]
    runs = np.arange(groups * outputs, dtype=np.int64)
    add_runs(
        out,
        term.columns.reshape(5, -1),
        first + runs * inputs,
        runs // outputs * inputs,
        np.full(runs.size, inputs, np.int64),
        arrays.scale(term.rows.reshape(5, -1), coefficient),
    )
