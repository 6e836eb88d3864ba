"""Single protocols without pads: the verifier reads what the prover sends, and claims are looked at directly."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from zkaudit.field import arrays
from zkaudit.field.arrays import Array
from zkaudit.field.extension import ZERO, Element, add, embed, multiply
from zkaudit.layout import Layout
from zkaudit.masking import Plan, ProverChannel, VerifierChannel
from zkaudit.opening.claims import BatchedTerm, Claim, IntegerTerm, LinkTerm, OuterTerm, RangeTerm, StaticTerm, Term
from zkaudit.products.prover import combination_cells
from zkaudit.relation import Combination, Integers, Kind
from zkaudit.transcript import Transcript
from zkaudit_circuits.weights import RANDOMNESS, WEIGHTS

PROTOCOL = "plain run"
MOST_MESSAGES = 5000


def plain_prover() -> ProverChannel:
    return ProverChannel(Transcript(PROTOCOL), [ZERO] * MOST_MESSAGES)


def plain_verifier(messages: Sequence[Element], products: int = 0) -> VerifierChannel:
    """Reads the messages in clear; constraints that do not hold raise at once."""
    plan = Plan()
    plan.message(len(messages))
    for _ in range(products):
        plan.product(0, 0)
    return VerifierChannel(Transcript(PROTOCOL), messages, plan, hidden=False)


def term_value(layout: Layout, columns: Mapping[str, Integers], points: Sequence[list[Element]], term: Term) -> Element:
    """A term's functional on the columns, cell by cell."""
    if isinstance(term, BatchedTerm):
        cells = columns[term.column]
        samples = arrays.equality_table(points[term.sample_point], cells.shape[1])
        return arrays.dot(term.weights, arrays.matrix_vector(cells, samples))
    if isinstance(term, IntegerTerm):
        cells = columns[term.column][term.start : term.start + len(term.weights)]
        return embed(sum(weight * int(cell) for weight, cell in zip(term.weights, cells, strict=True)))
    if isinstance(term, StaticTerm):
        return arrays.dot_base(term.weights, columns[term.column][term.start : term.start + term.weights.shape[1]])
    if isinstance(term, RangeTerm):
        weights = arrays.equality_table(term.point)[:, term.leaf_start : term.leaf_start + term.length]
        cells = columns[term.column][term.start : term.start + term.length]
        return multiply(term.factor, arrays.dot_base(weights, cells))
    if isinstance(term, OuterTerm):
        _, groups, outputs = term.rows.shape
        width = term.columns.shape[2]
        cells = columns[term.column][term.start : term.start + groups * outputs * width]
        total = ZERO
        for group, kernel in enumerate(cells.reshape(groups, outputs, width)):
            folded = arrays.matrix_vector(kernel, np.ascontiguousarray(term.columns[:, group]))
            total = add(total, arrays.dot(np.ascontiguousarray(term.rows[:, group]), folded))
        return total
    assert isinstance(term, LinkTerm)
    weights, randomness = columns[WEIGHTS], columns[RANDOMNESS]
    value = arrays.dot_base(term.link.weight_coefficients(weights.size), weights)
    return add(value, arrays.dot_base(term.link.randomness_coefficients(), randomness))


def claim_holds(
    layout: Layout, columns: Mapping[str, Integers], points: Sequence[list[Element]], claim: Claim, value: Element
) -> bool:
    total = ZERO
    for term in claim.terms:
        total = add(total, term_value(layout, columns, points, term))
    return total == value


def false_claims(
    layout: Layout, columns: Mapping[str, Integers], points: Sequence[list[Element]], claims: Sequence[Claim]
) -> list[str]:
    """Names of the claims of a plain run that the columns do not meet."""
    return [c.name for c in claims if not claim_holds(layout, columns, points, c, c.value.constant)]


def collapse(columns: Mapping[str, Integers], names: Sequence[str], point: list[Element]) -> dict[str, Array]:
    """Batched columns at a sample point, (5, positions) each."""
    return {name: arrays.matrix_vector(columns[name], arrays.equality_table(point)) for name in names}


def canonical(cells: Integers) -> np.ndarray:
    """Cells as the prover's kernels read them, flat."""
    return arrays.residues(cells).astype(np.uint32).reshape(-1)


def read_cells(layout: Layout, columns: Mapping[str, Integers]) -> Callable[[Combination], np.ndarray]:
    """How the prover reads a combination's cells, flat."""

    def read(combination: Combination) -> np.ndarray:
        static = any(layout.circuit.columns[term.column].kind is Kind.STATIC for term in combination.terms)
        samples = 1 if static else layout.circuit.samples
        return combination_cells(combination, lambda name: canonical(columns[name]), samples)

    return read


def values_of(combination: Combination, columns: Mapping[str, Integers], samples: int) -> Integers:
    """A combination's integers one position after the other, (positions, samples); a static column has one sample."""
    total = np.full((combination.positions, samples), combination.constant, np.int64)
    for term in combination.terms:
        cells = columns[term.column].reshape(-1, samples)
        every = range(combination.positions)
        pairs = (
            zip(every, every, strict=True)
            if term.gather is None
            else zip(term.gather.targets, term.gather.sources, strict=True)
        )
        for target, source in pairs:
            total[target] += term.coefficient * cells[source]
    return total
