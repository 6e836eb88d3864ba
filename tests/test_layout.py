"""Sizes of a layout at the counts where they change, for circuits of a few cells."""

from __future__ import annotations

import numpy as np
import pytest

from tests.cases import cells
from zkaudit.builder import CircuitBuilder
from zkaudit.layout import Layout, shape_of
from zkaudit.relation import Combination, Functional, Interval, Kind, Read
from zkaudit_circuits.weights import RANDOMNESS, WEIGHTS

BIT = Interval(low=0, high=1)


def builder_of(static: int = 1, rows: int = 2, *, lookup: bool = True, sample_bits: int = 1) -> CircuitBuilder:
    """A static column, looked up in a table of so many rows or in none, and a batched column of one position."""
    builder = CircuitBuilder(sample_bits=sample_bits)
    builder.add_column("static", Kind.STATIC, static, BIT)
    builder.add_column("batched", Kind.BATCHED, 1, BIT)
    builder.add_table("table", np.arange(rows, dtype=np.int64)[:, None])
    if lookup:
        builder.add_lookup("lookup", "test", "table", (builder.read("static"),))
    return builder


@pytest.mark.parametrize(
    ("static", "rows", "depth"), [(0, 1, 1), (1, 1, 1), (2, 1, 2), (2, 2, 2), (3, 2, 3), (4, 4, 3), (5, 4, 4)]
)
def test_a_tree_has_a_leaf_for_each_fraction(static: int, rows: int, depth: int) -> None:
    layout = Layout(builder_of(max(static, 1), rows, lookup=static > 0).build())
    assert layout.lookup_count + layout.table_rows == static + rows
    assert layout.tree_depth == depth


@pytest.mark.parametrize(
    ("static", "sample_bits", "variables"),
    [(1, 0, 9), (510, 0, 9), (511, 0, 10), (1022, 0, 10), (1023, 0, 11), (1, 10, 10), (1, 11, 11)],
)
def test_a_place_has_room_for_either_region_and_a_ring_element(static: int, sample_bits: int, variables: int) -> None:
    # Two static cells more are the multiplicities of the table.
    layout = Layout(builder_of(static, sample_bits=sample_bits).build())
    assert layout.static_cells == static + 2
    assert layout.batched_cells == 1 << sample_bits
    assert layout.place_variables == variables
    assert layout.address_variables == variables + 1


def test_the_columns_of_the_commitment_and_the_next_one_are_aligned() -> None:
    builder = CircuitBuilder(sample_bits=0)
    for name, positions in ((WEIGHTS, 512), (RANDOMNESS, 513), ("next", 5), ("last", 7)):
        builder.add_column(name, Kind.STATIC, positions, BIT)
    layout = Layout(builder.build())
    assert layout.static_places == {WEIGHTS: 0, RANDOMNESS: 512, "next": 1536, "last": 1541}
    assert layout.static_cells == 1548


def test_absent_parts_take_nothing() -> None:
    layout = Layout(builder_of().build())
    shape = shape_of(layout)
    assert (shape.product_variables, shape.functional_variables, shape.functional_count) == (None, None, 0)
    assert (shape.linear_points, shape.linear_rounds) == ((), ())
    # The values and the multiplicities of the lookups, and the link.
    assert shape.claims == 3
    # A tree of two layers: four elements each, and three of the second layer's round polynomial.
    assert layout.plan.elements == 4 + 3 + 4


@pytest.mark.parametrize(
    ("terms", "constant", "received"), [((), 0, 2), ((), -1, 3), ((Read(column="batched"),), 0, 3)]
)
def test_a_rest_is_received_where_there_is_one(terms: tuple[Read, ...], constant: int, received: int) -> None:
    builder = builder_of(sample_bits=0)
    before = Layout(builder.build())
    rest = Combination(positions=1, terms=terms, constant=constant)
    builder = builder_of(sample_bits=0)
    builder.add_product("product", "test", builder.read("batched"), builder.read("batched"), rest)
    layout = Layout(builder.build())
    assert layout.has_rest == (received == 3)
    # One position of one sample takes no round.
    assert layout.plan.elements - before.plan.elements == received
    assert layout.claim_count - before.claim_count == received


def test_a_sum_is_received_for_functionals_of_both_parts() -> None:
    batched, static = (cells("batched", [0, 0]),), (("static", 0, (1,)),)

    def elements(*functionals: Functional) -> int:
        builder = builder_of()
        for functional in functionals:
            builder.add_functional(functional)
        return Layout(builder.build()).plan.elements

    only_batched = Functional(name="b", gadget="test", batched=batched, static=(), constant=-1)
    only_static = Functional(name="s", gadget="test", batched=(), static=static, constant=-1)
    both = Functional(name="both", gadget="test", batched=batched, static=static, constant=-1)
    least = elements(only_batched)
    assert elements(only_batched, only_static) == least
    assert elements(only_batched, only_static, both) == least + 1
