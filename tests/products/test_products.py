"""The batched zero-check: claims that are true of columns which satisfy the relations, and of no others."""

from __future__ import annotations

import numpy as np
import pytest

from tests.cases import random_case
from tests.plain import canonical, false_claims, plain_prover, plain_verifier
from zkaudit.errors import Rejected
from zkaudit.field.extension import ONE, Element, add
from zkaudit.field.koalabear import MODULUS
from zkaudit.layout import Layout
from zkaudit.opening.claims import Claim
from zkaudit.products.prover import combination_cells, prove_products
from zkaudit.products.verifier import reduce_products
from zkaudit.relation import CircuitBuilder, Combination, Integers, Interval, Kind, Product, read

NOTHING = Combination(terms=())
Case = tuple[Layout, dict[str, Integers]]


def mixed(sample_bits: int, positions: tuple[int, ...], rests: bool) -> Case:
    """For each number of positions a relation b (a + c - a - c) = 0 and, with rests, (3 - 2 a) b + c = 0."""
    builder = CircuitBuilder(sample_bits=sample_bits)
    generator = np.random.default_rng(sample_bits)
    columns: dict[str, Integers] = {}
    for index, count in enumerate(positions):
        a, b, c = (f"{name}{index}" for name in "abc")
        for name, bound in ((a, 100), (b, 100), (c, 30000)):
            builder.add_column(name, Kind.BATCHED, count, Interval(low=-bound, high=bound))
        columns[a], columns[b] = generator.integers(-100, 101, (2, count, 1 << sample_bits))
        columns[c] = (2 * columns[a] - 3) * columns[b]
        if rests:
            left = Combination(terms=((a, -2),), constant=3)
            builder.add_product(f"with rest {index}", "test", left, read(b), read(c))
        zero = Combination(terms=((a, 1), (c, 1), (a, -1), (c, -1)))
        builder.add_product(f"zero {index}", "test", read(b), zero, zero if rests else NOTHING)
    return Layout(builder.build()), columns


def network(samples: int) -> Case:
    case = random_case((3, 2, 3), samples)
    return case.statement.layout, case.columns()


CASES: dict[str, Case] = {
    "network": network(3),
    "network with one sample": network(1),
    "one cell": mixed(0, (1,), True),
    "stacked": mixed(2, (3, 1, 6), True),
    "stacked without rests": mixed(3, (5, 2), False),
}


def messages(layout: Layout, columns: dict[str, Integers]) -> list[Element]:
    def cells(value: Combination) -> np.ndarray:
        return combination_cells(value, lambda c: canonical(columns[c]), columns[value.terms[0][0]].size)

    prover = plain_prover()
    prove_products(prover, layout, cells)
    return prover.sent


def reduce(layout: Layout, sent: list[Element]) -> tuple[list[Element], list[Claim]]:
    """The sample point and the claims; Rejected where the zero-check itself fails."""
    channel = plain_verifier(sent, products=1)
    point, claims = reduce_products(channel, layout, 0)
    channel.finish()
    assert len(point) == layout.circuit.sample_bits
    assert len(claims) == (3 if layout.has_rest else 2)
    return point, claims


def run(layout: Layout, columns: dict[str, Integers]) -> list[str]:
    """Names of the false claims after an honest run."""
    point, claims = reduce(layout, messages(layout, columns))
    return false_claims(layout, columns, [point], claims)


@pytest.mark.parametrize("name", CASES)
def test_claims_are_true_of_honest_columns(name: str) -> None:
    layout, columns = CASES[name]
    assert run(layout, columns) == []


@pytest.mark.parametrize("name", [name for name in CASES if "without" not in name])
def test_a_wrong_cell_fails_the_zero_check(name: str) -> None:
    layout, columns = CASES[name]
    reads = {
        column for p in layout.circuit.products for c in (p.left, p.right, p.rest) for column, _ in c.terms
    }  # fmt: skip
    failures = 0
    for column in sorted(reads):
        for place in {0, columns[column].size - 1}:
            for value in (1, MODULUS // 2):
                changed = dict(columns)
                changed[column] = columns[column].copy()
                changed[column].reshape(-1)[place] += value
                violated = any((values(changed, p) % MODULUS).any() for p in layout.circuit.products)
                if violated:
                    failures += 1
                    with pytest.raises(Rejected, match="products/zero-check"):
                        run(layout, changed)
                else:
                    assert run(layout, changed) == []
    assert failures


def values(columns: dict[str, Integers], product: Product) -> Integers:
    """left * right + rest at every cell."""

    def cells(combination: Combination) -> Integers:
        total = np.full_like(columns[product.left.terms[0][0]], combination.constant)
        for column, coefficient in combination.terms:
            total = total + coefficient * columns[column]
        return total % MODULUS

    return cells(product.left) * cells(product.right) + cells(product.rest)


@pytest.mark.parametrize("name", CASES)
def test_claims_are_false_of_other_columns(name: str) -> None:
    """The messages stand; the claims that they leave are compared with columns that differ in one cell."""
    layout, columns = CASES[name]
    point, claims = reduce(layout, messages(layout, columns))
    for side, names in (("left", 0), ("right", 1), ("rest", 2)):
        for product in layout.circuit.products:
            combination = (product.left, product.right, product.rest)[names]
            if sum(k for _, k in combination.terms) == 0:
                continue
            changed = dict(columns)
            column = combination.terms[0][0]
            changed[column] = columns[column].copy()
            changed[column].reshape(-1)[-1] += 1
            assert f"products/{side}" in false_claims(layout, changed, [point], claims)


def test_changed_messages_are_refused_or_leave_a_false_claim() -> None:
    layout, columns = CASES["stacked"]
    sent = messages(layout, columns)
    for place in range(len(sent)):
        changed = [*sent[:place], add(sent[place], ONE), *sent[place + 1 :]]
        with pytest.raises(Rejected, match="products/zero-check"):
            reduce(layout, changed)
