"""What the leaves of the lookup argument are: two linear claims on the columns.

With r = (r_n, r_row), r_n its lowest coordinates, a batched lookup's leaves factor over samples and rows.
Source: docs/protocol.md, "Lookups".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zkaudit.field import arrays
from zkaudit.field.arrays import Array
from zkaudit.field.extension import ONE, Element, add, embed, multiply, negate, scale, subtract
from zkaudit.layout import Layout, LookupLeaves
from zkaudit.masking import Affine, VerifierChannel
from zkaudit.opening.claims import BatchedTerm, Claim, RangeTerm, StaticTerm, Term, read_weights
from zkaudit.relation import Kind, multiplicity
from zkaudit.sumcheck.verifier import prefix_sum


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """f = tag + sum_k beta_k x_k of a tuple, an independent beta for each entry; a leaf's denominator is alpha - f."""

    alpha: Element
    betas: list[Element]


def leaf_claims(
    channel: VerifierChannel,
    layout: Layout,
    fingerprint: Fingerprint,
    point: list[Element],
    numerator: Affine,
    denominator: Affine,
) -> list[Claim]:
    """The claims behind p~(r) and q~(r), sample point 0 being r_n.

    1. p~(r) = sum over lookups of eq - sum over table rows of eq * multiplicity.
    2. q~(r) = sum over lookups of eq (alpha - f) + sum over table rows of eq (alpha - f) + 1 - sum over all of eq.
    """
    lookups = prefix_sum(point, layout.lookup_count)
    used = prefix_sum(point, layout.lookup_count + layout.table_rows)
    multiplicities: list[Term] = []
    constant = subtract(ONE, used)
    for leaves in layout.table_leaves:
        rows = len(leaves.table.entries)
        weights = arrays.equality_range(point, leaves.start, rows)
        column = multiplicity(leaves.table.name)
        multiplicities.append(_range_term(column, point, leaves.start, rows, negate(ONE)))
        constant = add(constant, _table_sum(fingerprint, leaves.tag, leaves.table.entries, weights))
    columns: list[Term] = []
    for lookup in layout.lookup_leaves:
        terms, offset = _lookup_terms(layout, fingerprint, point, lookup)
        columns += terms
        constant = add(constant, offset)
    minus_one = negate(ONE)
    return [
        Claim(
            name="lookup/numerators",
            value=channel.combine([(ONE, numerator)], negate(lookups)),
            terms=tuple(multiplicities),
        ),
        Claim(
            name="lookup/denominators",
            value=channel.combine([(ONE, denominator)], multiply(minus_one, constant)),
            terms=tuple(columns),
        ),
    ]


def _table_sum(fingerprint: Fingerprint, tag: int, entries: np.ndarray, weights: Array) -> Element:
    """sum_j weights_j (alpha - tag - sum_k beta_k entries_jk)."""
    result = multiply(subtract(fingerprint.alpha, embed(tag)), arrays.total(weights))
    for beta, values in zip(fingerprint.betas, entries.T, strict=False):
        result = subtract(result, multiply(beta, arrays.dot_base(weights, values)))
    return result


def _lookup_terms(
    layout: Layout, fingerprint: Fingerprint, point: list[Element], leaves: LookupLeaves
) -> tuple[list[Term], Element]:
    """The terms -beta_k coefficient eq of one lookup's columns, and its constant part."""
    lookup = leaves.lookup
    reads = [
        (read, negate(scale(beta, read.coefficient)))
        for beta, value in zip(fingerprint.betas, lookup.values, strict=False)
        for read in value.terms
    ]
    offset = subtract(fingerprint.alpha, embed(layout.tags[lookup.table]))
    for beta, value in zip(fingerprint.betas, lookup.values, strict=False):
        offset = subtract(offset, scale(beta, value.constant))
    terms: list[Term] = []
    if leaves.kind is Kind.STATIC:
        for read, factor in reads:
            if read.gather is None:
                terms.append(_range_term(read.column, point, leaves.start, leaves.length, factor))
                continue
            weights = arrays.scale(arrays.equality_range(point, leaves.start, leaves.length), factor)
            terms.append(StaticTerm(column=read.column, start=0, weights=read_weights(layout, read, weights)))
        before = prefix_sum(point, leaves.start)
        total = subtract(prefix_sum(point, leaves.start + leaves.length), before)
        return terms, multiply(offset, total)
    bits = layout.circuit.sample_bits
    weights = arrays.equality_range(point[bits:], leaves.start >> bits, leaves.length >> bits)
    for read, factor in reads:
        spread = read_weights(layout, read, arrays.scale(weights, factor))
        terms.append(BatchedTerm(sample_point=0, column=read.column, weights=spread))
    return terms, multiply(offset, arrays.total(weights))


def _range_term(column: str, point: list[Element], leaf_start: int, length: int, factor: Element) -> RangeTerm:
    """A whole static column, of which cell j has the leaf `leaf_start` + j."""
    return RangeTerm(column=column, start=0, point=point, leaf_start=leaf_start, length=length, factor=factor)
