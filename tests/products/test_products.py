"""The batched zero-check: claims that are true of columns which satisfy the relations, and of no others."""

from __future__ import annotations

import numpy as np
import pytest

from tests.cases import random_case
from tests.networks import NETWORKS
from tests.networks import network as graph_network
from tests.plain import false_claims, plain_prover, plain_verifier, read_cells, values_of
from zkaudit.builder import CircuitBuilder
from zkaudit.errors import Rejected
from zkaudit.field.extension import ONE, Element, add
from zkaudit.field.koalabear import MODULUS
from zkaudit.layout import Layout
from zkaudit.opening.claims import Claim
from zkaudit.products.prover import prove_products
from zkaudit.products.verifier import reduce_products
from zkaudit.relation import Combination, Gather, Integers, Interval, Kind, Product, Read

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
            left = Combination(positions=count, terms=(Read(column=a, coefficient=-2),), constant=3)
            builder.add_product(f"with rest {index}", "test", left, builder.read(b), builder.read(c))
        both = [(a, 1), (c, 1), (a, -1), (c, -1)]
        zero = Combination(positions=count, terms=tuple(Read(column=name, coefficient=k) for name, k in both))
        nothing = Combination(positions=count, terms=())
        builder.add_product(f"zero {index}", "test", builder.read(b), zero, zero if rests else nothing)
    return Layout(builder.build()), columns


def gathered(sample_bits: int) -> Case:
    """(a[2, 0, -, 2] + 5) (b - c[-, 3, 1, 0]) = d, and beside it without a rest (d - d) b = 0 and e (e - 1) = 0."""
    builder = CircuitBuilder(sample_bits=sample_bits)
    generator = np.random.default_rng(sample_bits)
    columns: dict[str, Integers] = {}
    for name, positions, bound in (("a", 3, 90), ("b", 4, 100), ("c", 5, 90), ("d", 4, 20000), ("e", 2, 1)):
        builder.add_column(name, Kind.BATCHED, positions, Interval(low=-bound, high=bound))
        columns[name] = generator.integers(-90, 91, (positions, 1 << sample_bits))
    columns["e"] = generator.integers(0, 2, columns["e"].shape)
    left = columns["a"][[2, 0, 0, 2]] * np.array([1, 1, 0, 1])[:, None] + 5
    right = columns["b"] - columns["c"][[0, 3, 1, 0]] * np.array([0, 1, 1, 1])[:, None]
    columns["d"] = left * right
    of_a = Read(column="a", gather=Gather(targets=np.array([3, 0, 1]), sources=np.array([2, 2, 0])))
    of_c = Read(column="c", coefficient=-1, gather=Gather(targets=np.array([1, 2, 3]), sources=np.array([3, 1, 0])))
    builder.add_product(
        "gathered",
        "test",
        Combination(positions=4, terms=(of_a,), constant=5),
        Combination(positions=4, terms=(Read(column="b"), of_c)),
        Combination(positions=4, terms=(Read(column="d", coefficient=-1),)),
    )
    difference = (Read(column="d"), Read(column="d", coefficient=-1))
    nothing = Combination(positions=4, terms=())
    builder.add_product("zero", "test", Combination(positions=4, terms=difference), builder.read("b"), nothing)
    less_one = Combination(positions=2, terms=(Read(column="e"),), constant=-1)
    builder.add_product("bit", "test", builder.read("e"), less_one, Combination(positions=2, terms=()))
    return Layout(builder.build()), columns


def graph(name: str) -> Case:
    case = graph_network(name)
    return case.statement.layout, case.columns()


def network(samples: int) -> Case:
    case = random_case((3, 2, 3), samples)
    return case.statement.layout, case.columns()


CASES: dict[str, Case] = {
    "network": network(3),
    "network with one sample": network(1),
    "one cell": mixed(0, (1,), True),
    "stacked": mixed(2, (3, 1, 6), True),
    "stacked without rests": mixed(3, (5, 2), False),
    "gathered": gathered(2),
    "gathered on one sample": gathered(0),
} | {name: graph(name) for name in NETWORKS}


def messages(layout: Layout, columns: dict[str, Integers]) -> list[Element]:
    prover = plain_prover()
    prove_products(prover, layout, read_cells(layout, columns))
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
        term.column for p in layout.circuit.products for c in (p.left, p.right, p.rest) for term in c.terms
    }  # fmt: skip
    failures = 0
    for column in sorted(reads):
        for place in {0, columns[column].size - 1}:
            for value in (1, MODULUS // 2):
                changed = dict(columns)
                changed[column] = columns[column].copy()
                changed[column].reshape(-1)[place] += value
                violated = any((values(layout, changed, p) % MODULUS).any() for p in layout.circuit.products)
                if violated:
                    failures += 1
                    with pytest.raises(Rejected, match="products/zero-check"):
                        run(layout, changed)
                else:
                    assert run(layout, changed) == []
    assert failures


def values(layout: Layout, columns: dict[str, Integers], product: Product) -> Integers:
    """left * right + rest at every cell."""
    left, right, rest = (
        values_of(side, columns, layout.circuit.samples) % MODULUS
        for side in (product.left, product.right, product.rest)
    )
    return left * right % MODULUS + rest


@pytest.mark.parametrize("name", CASES)
def test_claims_are_false_of_other_columns(name: str) -> None:
    """The messages stand; the claims that they leave are compared with columns that differ in one cell."""
    layout, columns = CASES[name]
    point, claims = reduce(layout, messages(layout, columns))
    for side, names in (("left", 0), ("right", 1), ("rest", 2)):
        for product in layout.circuit.products:
            combination = (product.left, product.right, product.rest)[names]
            if sum(term.coefficient for term in combination.terms) == 0:
                continue
            changed = dict(columns)
            column = combination.terms[0].column
            changed[column] = columns[column].copy()
            changed[column].reshape(-1)[-1] += 1
            assert f"products/{side}" in false_claims(layout, changed, [point], claims)


@pytest.mark.parametrize("name", ["stacked", "gathered"])
def test_changed_messages_are_refused(name: str) -> None:
    layout, columns = CASES[name]
    sent = messages(layout, columns)
    for place in range(len(sent)):
        changed = [*sent[:place], add(sent[place], ONE), *sent[place + 1 :]]
        with pytest.raises(Rejected, match="products/zero-check"):
            reduce(layout, changed)
