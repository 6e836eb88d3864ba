"""Claims and their weights against sums over all cells, and the opening's equations on honest and changed rows."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.cases import Case, random_case
from tests.plain import plain_prover, plain_verifier, term_value
from tests.views import OpeningView, evaluations, random_element, random_elements
from zkaudit import prover
from zkaudit.commitment.link import Link
from zkaudit.errors import Reason, Rejected
from zkaudit.field import arrays, blocks
from zkaudit.field.arrays import Array
from zkaudit.field.extension import ONE, ZERO, Element, add, embed, multiply
from zkaudit.field.koalabear import MODULUS
from zkaudit.layout import Layout
from zkaudit.masking import known
from zkaudit.opening.claims import (
    BatchedTerm,
    Claim,
    Claims,
    IntegerTerm,
    LinkTerm,
    OuterTerm,
    RangeTerm,
    StaticTerm,
    Term,
)
from zkaudit.opening.prover import WitnessVector, combined_row, prove_batching
from zkaudit.opening.static import static_weights
from zkaudit.opening.verifier import CombinedRow, reduce_claims, reduce_opening, verify_columns
from zkaudit.randomness import uniform_elements
from zkaudit.reed_solomon.domain import Domain
from zkaudit.reed_solomon.prover import open_columns
from zkaudit.relation import Integers, Kind
from zkaudit.transcript import Label
from zkaudit.witness import Witness
from zkaudit_circuits.weights import WEIGHTS

SHAPES: dict[str, Case] = {
    "small": random_case((3, 2, 3), 3),
    "one sample": random_case((2, 1), 1),
    "weights over a ring element": random_case((40, 13, 3), 2),
    "more batched cells": random_case((4, 6, 5), 60),
}


def random_claims(layout: Layout, seed: int = 0) -> Claims:
    """Claims of all kinds of terms, at two sample points, with values that nothing says."""
    generator = np.random.default_rng(seed)
    circuit = layout.circuit
    points = [random_elements(circuit.sample_bits) for _ in range(2)]
    terms: list[Term] = [LinkTerm(link=Link(random_elements(9)))]
    for column in circuit.of_kind(Kind.BATCHED):
        point = int(generator.integers(2))
        terms.append(BatchedTerm(sample_point=point, column=column.name, weights=uniform_elements(column.positions)))
    for column in circuit.of_kind(Kind.STATIC):
        start = int(generator.integers(column.positions))
        length = int(generator.integers(1, column.positions - start + 1))
        terms.append(StaticTerm(column=column.name, start=start, weights=uniform_elements(length)))
        for sign in (1, -1):  # twice, since the terms of one column are added up
            integers = tuple(sign * (7 * k + 2**30) + k for k in range(length))
            terms.append(IntegerTerm(column=column.name, start=start, weights=integers))
        point = random_elements(layout.tree_depth)
        leaf = int(generator.integers((1 << layout.tree_depth) - length + 1))
        terms.append(
            RangeTerm(
                column=column.name, start=start, point=point, leaf_start=leaf, length=length, factor=random_element()
            )
        )
    terms += [outer_term(1, 1, 2, 1), outer_term(0, 2, 1, 1)]
    cells = circuit.columns[WEIGHTS].positions
    if cells > 100:
        terms += [outer_term(3, 7, 3, 4), outer_term(1, 1, cells // 6 - 1, 6), outer_term(2, cells // 3 - 1, 3, 1)]
    shuffled = [terms[i] for i in generator.permutation(len(terms))]
    items = [
        Claim(name=f"claim {i}", value=known(random_element()), terms=tuple(shuffled[i : i + 3]))
        for i in range(0, len(shuffled), 3)
    ]
    return Claims(layout, points, items)


def outer_term(start: int, groups: int, outputs: int, inputs: int) -> OuterTerm:
    """A term on the weights with random rows and columns."""
    rows, columns = uniform_elements(groups * outputs), uniform_elements(groups * inputs)
    return OuterTerm(
        column=WEIGHTS,
        start=start,
        rows=rows.reshape(5, groups, outputs),
        columns=columns.reshape(5, groups, inputs),
    )


def all_weights(claims: Claims, coefficients: list[Element]) -> list[Element]:
    """The combined weight of every address, cell by cell: 2 place for batched cells, 2 place + 1 for static ones."""
    layout = claims.layout
    bits = layout.circuit.sample_bits
    weights = [ZERO] * (1 << layout.address_variables)
    samples = [arrays.to_elements(arrays.equality_table(point)) for point in claims.sample_points]

    def put(address: int, weight: Element) -> None:
        weights[address] = add(weights[address], weight)

    for coefficient, claim in zip(coefficients, claims.items, strict=True):
        for term in claim.terms:
            if isinstance(term, BatchedTerm):
                first = layout.batched_positions[term.column]
                for position, weight in enumerate(arrays.to_elements(term.weights), first):
                    for sample, factor in enumerate(samples[term.sample_point]):
                        put(2 * ((position << bits) + sample), multiply(coefficient, multiply(weight, factor)))
                continue
            for place, weight in static_cells(layout, term):
                put(2 * place + 1, multiply(coefficient, weight))
    return weights


def static_cells(layout: Layout, term: Term) -> list[tuple[int, Element]]:
    places = layout.static_places
    if isinstance(term, IntegerTerm):
        first = places[term.column] + term.start
        return list(enumerate(map(embed, term.weights), first))
    if isinstance(term, StaticTerm):
        first = places[term.column] + term.start
        return list(enumerate(arrays.to_elements(term.weights), first))
    if isinstance(term, OuterTerm):
        first = places[term.column] + term.start
        products = (
            multiply(row, column)
            for group in range(term.rows.shape[1])
            for row in arrays.to_elements(term.rows[:, group])
            for column in arrays.to_elements(term.columns[:, group])
        )
        return list(enumerate(products, first))
    if isinstance(term, RangeTerm):
        first = places[term.column] + term.start
        leaves = range(term.leaf_start, term.leaf_start + term.length)
        return list(enumerate((multiply(term.factor, arrays.equality_at(term.point, i)) for i in leaves), first))
    assert isinstance(term, LinkTerm)
    weights = arrays.to_elements(term.link.weight_coefficients(layout.circuit.columns[WEIGHTS].positions))
    randomness = arrays.to_elements(term.link.randomness_coefficients())
    return [*enumerate(weights, places[WEIGHTS]), *enumerate(randomness, places["randomness"])]


@pytest.mark.parametrize("name", SHAPES)
def test_weight_at_is_the_extension_over_all_cells(name: str) -> None:
    layout = SHAPES[name].statement.layout
    claims = random_claims(layout)
    coefficients = random_elements(len(claims.items))
    weights = arrays.from_elements(all_weights(claims, coefficients))
    for _ in range(2):
        point = random_elements(layout.address_variables)
        assert claims.weight_at(coefficients, point) == arrays.dot(weights, arrays.equality_table(point))


@pytest.mark.parametrize("name", SHAPES)
def test_prover_and_verifier_weigh_alike(name: str) -> None:
    layout = SHAPES[name].statement.layout
    claims = random_claims(layout)
    coefficients = random_elements(len(claims.items))
    static = static_weights(claims, coefficients)
    weights = all_weights(claims, coefficients)[1::2]
    count = 16 * static.size // 80
    assert arrays.to_elements(blocks.from_blocks(static, count)) == (weights + [ZERO] * count)[:count]
    assert not any(any(w) for w in weights[layout.static_cells :])


# Batching, in clear.


def vector_of(case: Case, columns: dict[str, Integers]) -> tuple[WitnessVector, Witness]:
    cells = Witness(case.statement, columns)
    return prover._mask(case.statement, cells), cells


def batched(case: Case, claims: Claims, columns: dict[str, Integers]) -> tuple[list[Element], WitnessVector, Array]:
    vector, cells = vector_of(case, columns)
    channel = plain_prover()
    points = claims.sample_points
    evaluation = prove_batching(channel, claims, case.statement.rows, vector, lambda i: cells.collapse(points[i]))
    return channel.sent, vector, np.array(evaluation.weight, np.uint64)


def true_claims(case: Case, columns: dict[str, Integers]) -> Claims:
    claims = random_claims(case.statement.layout)
    items = []
    for claim in claims.items:
        value = ZERO
        for term in claim.terms:
            value = add(value, term_value(claims.layout, columns, claims.sample_points, term))
        items.append(dataclasses.replace(claim, value=known(value)))
    return Claims(claims.layout, claims.sample_points, items)


@pytest.mark.parametrize("name", SHAPES)
def test_true_claims_end_in_the_value_of_the_witness(name: str) -> None:
    case = SHAPES[name]
    rows, columns = case.statement.rows, case.columns()
    claims = true_claims(case, columns)
    sent, vector, weight = batched(case, claims, columns)
    channel = plain_verifier(sent)
    evaluation = reduce_claims(channel, claims, rows)
    channel.finish()
    value, mask = evaluations(rows, vector, evaluation.point)
    assert (evaluation.value, evaluation.mask) == (known(value), known(mask))
    row = combined_row(rows, vector, evaluation.point, channel.transcript.copy().challenge(Label.OPENING_GAMMA))
    reduce_opening(channel, rows, evaluation, row)
    assert reduce_claims(plain_verifier(sent), claims, rows, arrays.element(weight)) == evaluation


@pytest.mark.parametrize("name", ["small", "one sample"])
def test_each_false_claim_is_refused(name: str) -> None:
    case = SHAPES[name]
    columns = case.columns()
    claims = true_claims(case, columns)
    sent, _, _ = batched(case, claims, columns)
    for index, claim in enumerate(claims.items):
        items = list(claims.items)
        items[index] = dataclasses.replace(claim, value=known(add(claim.value.constant, ONE)))
        wrong = Claims(claims.layout, claims.sample_points, items)
        with pytest.raises(Rejected, match="batching"):
            reduce_claims(plain_verifier(sent), wrong, case.statement.rows)


def test_changed_messages_are_refused_but_for_the_mask() -> None:
    case = SHAPES["small"]
    columns = case.columns()
    claims = true_claims(case, columns)
    sent, _, _ = batched(case, claims, columns)
    for place in [0, 1, 2, 9, len(sent) - 3, len(sent) - 2]:
        changed = [*sent[:place], add(sent[place], ONE), *sent[place + 1 :]]
        with pytest.raises(Rejected, match="batching"):
            reduce_claims(plain_verifier(changed), claims, case.statement.rows)
    changed = [*sent[:-1], add(sent[-1], ONE)]
    channel = plain_verifier(changed)
    evaluation = reduce_claims(channel, claims, case.statement.rows)
    row = CombinedRow(cells=uniform_elements(case.statement.oracles[0].message), pads=uniform_elements(20))
    with pytest.raises(Rejected, match="opening/value"):
        reduce_opening(channel, case.statement.rows, evaluation, row)


# The combined row at opened columns.


@pytest.mark.parametrize("name", SHAPES)
def test_rows_and_columns_weigh_addresses(name: str) -> None:
    """row weight times column weight is eq at every address that a row holds."""
    rows = SHAPES[name].statement.rows
    point = random_elements(rows.layout.address_variables)
    high, low = rows.row_weights(point), rows.column_weights(point)
    width = rows.oracle.message
    table = arrays.equality_table(point)
    products = arrays.multiply(high[:, :, None], low[:, None, :])
    for region, first, count in ((0, 0, rows.batched_rows), (1, rows.batched_rows, rows.static_rows)):
        length = min(count * width, table.shape[1] // 2)
        part = products[:, first : first + count].reshape(5, -1)[:, :length]
        assert np.array_equal(part, table[:, region::2][:, :length])
    assert low.shape[1] == width
    assert rows.rows == 5 + rows.batched_rows + rows.static_rows


def opened_toy() -> tuple[list[int], list[Element], Element, CombinedRow, Array]:
    toy = OpeningView()
    unknowns = np.random.default_rng().integers(0, MODULUS, toy.secrets + toy.randomness, dtype=np.uint64)
    vector, _ = toy.split(unknowns)
    point, gamma, indices = random_elements(5), random_element(), [0, 9, 63]
    domain = Domain(toy.WIDTH, toy.SIZE, toy.PADS)
    opened = open_columns(domain, prover._segments(vector), prover._all_pads(vector), indices).astype(np.uint64)
    return indices, point, gamma, combined_row(toy.rows(), vector, point, gamma), opened


def test_the_honest_row_agrees_at_every_column() -> None:
    rows = OpeningView().rows()
    indices, point, gamma, row, opened = opened_toy()
    verify_columns(rows, point, gamma, row, indices, opened)
    with pytest.raises(Rejected, match="witness column 0"):
        verify_columns(rows, point, add(gamma, ONE), row, indices, opened)
    with pytest.raises(Rejected, match="witness column 0"):
        verify_columns(rows, [add(point[0], ONE), *point[1:]], gamma, row, indices, opened)


@pytest.mark.parametrize("part", ["cells", "pads"])
def test_every_residue_of_the_row_counts(part: str) -> None:
    rows = OpeningView().rows()
    indices, point, gamma, row, opened = opened_toy()
    values = getattr(row, part)
    for coordinate, place in np.ndindex(values.shape):
        changed = values.copy()
        changed[coordinate, place] = (int(changed[coordinate, place]) + 1) % MODULUS
        with pytest.raises(Rejected) as caught:
            verify_columns(rows, point, gamma, dataclasses.replace(row, **{part: changed}), indices, opened)
        assert caught.value.reason is Reason.WITNESS_OPENING


def test_every_opened_cell_counts_and_is_named() -> None:
    rows = OpeningView().rows()
    indices, point, gamma, row, opened = opened_toy()
    for column, cell in np.ndindex(opened.shape):
        changed = opened.copy()
        changed[column, cell] = (int(changed[column, cell]) + 1) % MODULUS
        with pytest.raises(Rejected, match=f"witness column {indices[column]}$"):
            verify_columns(rows, point, gamma, row, indices, changed)
