"""Sums of two eq tables over a shared range, and the terms of static lookups, against sums over all cells."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cases import random_case
from tests.plain import plain_verifier, term_value
from tests.views import random_element, random_elements
from zkaudit.field import arrays
from zkaudit.field.extension import ONE, ZERO, Element, add, multiply
from zkaudit.lookup.claims import Fingerprint, leaf_claims
from zkaudit.masking import known
from zkaudit.opening.claims import BatchedTerm, RangeTerm
from zkaudit.opening.structured import range_product
from zkaudit.relation import Gather, Kind


def by_hand(a: list[Element], a_start: int, b: list[Element], b_start: int, length: int) -> Element:
    result = ZERO
    for j in range(length):
        result = add(result, multiply(eq(a, a_start + j), eq(b, b_start + j)))
    return result


def eq(point: list[Element], index: int) -> Element:
    return arrays.equality_at(point, index) if index < 1 << len(point) else ZERO


@given(st.integers(0, 5), st.integers(0, 5), st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
@settings(max_examples=80, deadline=None)
def test_any_range(a_bits: int, b_bits: int, a_start: int, b_start: int, length: int) -> None:
    a, b = random_elements(a_bits), random_elements(b_bits)
    assert range_product(a, a_start, b, b_start, length) == by_hand(a, a_start, b, b_start, length)


@pytest.mark.parametrize("start", [0, 1, 3, 8])
@pytest.mark.parametrize("length", [0, 1, 2, 4, 7, 8])
def test_one_start_for_both(start: int, length: int) -> None:
    a, b = random_elements(4), random_elements(4)
    assert range_product(a, start, b, start, length) == by_hand(a, start, b, start, length)


def test_the_whole_cube_and_past_its_end() -> None:
    a, b = random_elements(3), random_elements(3)
    whole = by_hand(a, 0, b, 0, 8)
    assert range_product(a, 0, b, 0, 8) == range_product(a, 0, b, 0, 1000) == whole
    assert range_product(a, 8, b, 0, 8) == range_product(a, 7, b, 8, 8) == ZERO
    assert range_product([], 0, [], 0, 1) == ONE


def test_large_starts_shift_alike() -> None:
    """Cells 2^20 further on have the same low coordinates, so one factor follows for the higher ones."""
    a, b = random_elements(6), random_elements(21)
    shifted = range_product(a, 5, b, (1 << 20) + 7, 40)
    factor = b[20]
    for coordinate in b[6:20]:
        factor = multiply(factor, (arrays.equality_at([coordinate], 0)))
    assert shifted == multiply(factor, by_hand(a, 5, b[:6], 7, 40))


def test_static_lookups_and_multiplicities_become_ranges() -> None:
    layout = random_case().statement.layout
    fingerprint = Fingerprint(alpha=random_element(), betas=random_elements(layout.arity))
    claims = leaf_claims(
        plain_verifier([]), layout, fingerprint, random_elements(layout.tree_depth), known(ZERO), known(ZERO)
    )
    static = {column.name for column in layout.circuit.of_kind(Kind.STATIC)}
    assert static == {term.column for claim in claims for term in claim.terms if isinstance(term, RangeTerm)}
    assert all(isinstance(term, RangeTerm | BatchedTerm) for claim in claims for term in claim.terms)


def test_a_gather_of_static_cells_weighs_what_it_reads() -> None:
    case = random_case()
    layout, columns = case.statement.layout, case.columns()
    circuit = layout.circuit
    lookups, turned = [], dict(columns)
    for lookup in circuit.lookups:
        if circuit.lookup_kind(lookup) is Kind.STATIC:
            value = lookup.values[0]
            places = np.arange(value.positions)
            read = dataclasses.replace(value.terms[0], gather=Gather(targets=places, sources=places[::-1].copy()))
            lookup = dataclasses.replace(lookup, values=(dataclasses.replace(value, terms=(read,)),))
            turned[read.column] = columns[read.column][::-1]
        lookups.append(lookup)
    assert turned.keys() == columns.keys()
    changed = type(layout)(dataclasses.replace(circuit, lookups=tuple(lookups)))
    fingerprint = Fingerprint(alpha=random_element(), betas=random_elements(layout.arity))
    point = random_elements(layout.tree_depth)
    totals = []
    for made, cells in ((changed, columns), (layout, turned)):
        _, denominators = leaf_claims(plain_verifier([]), made, fingerprint, point, known(ZERO), known(ZERO))
        total = ZERO
        for term in denominators.terms:
            total = add(total, term_value(made, cells, [point[: circuit.sample_bits]], term))
        totals.append((total, denominators.value.constant))
    assert totals[0] == totals[1]
