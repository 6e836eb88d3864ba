"""The relation language: what the builder refuses, the intervals that it computes, and the digest of a circuit."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cases import random_case
from zkaudit.errors import InvalidInput
from zkaudit.field.koalabear import HALF
from zkaudit.layout import Layout
from zkaudit.relation import (
    Broadcast,
    Circuit,
    CircuitBuilder,
    Combination,
    Functional,
    Interval,
    Kind,
    LinearTerm,
    Mapped,
    Scaled,
    Table,
    Weighted,
    multiplicity,
    negate,
    read,
)

NOTHING = Combination(terms=())


def interval(bound: int) -> Interval:
    return Interval(low=-bound, high=bound)


def builder(**bounds: int) -> CircuitBuilder:
    """A builder with batched columns of three positions, and static ones of nine, named s.."""
    result = CircuitBuilder(sample_bits=1)
    for name, bound in bounds.items():
        kind = Kind.STATIC if name.startswith("s") else Kind.BATCHED
        result.add_column(name, kind, 9 if kind is Kind.STATIC else 3, interval(bound))
    return result


# Intervals.

small = st.integers(-50, 50)


@given(small, st.integers(0, 40), small, st.integers(0, 40), small)
@settings(max_examples=60, deadline=None)
def test_interval_arithmetic_is_exact(low: int, length: int, other_low: int, other_length: int, factor: int) -> None:
    a = Interval(low=low, high=low + length)
    b = Interval(low=other_low, high=other_low + other_length)
    ends = [low, low + length]
    others = [other_low, other_low + other_length]
    sums = [x + y for x, y in itertools.product(ends, others)]
    assert a + b == Interval(low=min(sums), high=max(sums))
    assert a.scaled(factor) == Interval(low=min(x * factor for x in ends), high=max(x * factor for x in ends))
    assert a.magnitude == max(abs(x) for x in range(low, low + length + 1))


def test_interval_of_a_combination_and_of_a_side() -> None:
    b = builder(x=10, y=7, s=5)
    b.columns["x"] = dataclasses.replace(b.columns["x"], interval=Interval(low=-2, high=10))
    assert b.interval(Combination(terms=(("x", -3), ("y", 2)), constant=4)) == Interval(low=-40, high=24)
    assert b.interval(Combination(terms=(), constant=-6)) == Interval(low=-6, high=-6)
    matrix = np.array([[1, -4, 0], [2, 2, 2]])
    assert b.side((Scaled(column="x", coefficient=-3),)) == Interval(low=-30, high=6)
    assert b.side((Broadcast(column="s", start=0, coefficient=2),)) == Interval(low=-10, high=10)
    assert b.side((Mapped(column="y", matrix=matrix),)) == interval(6 * 7)
    assert b.side((Weighted(weights="s", start=0, column="y"),)) == interval(3 * 7 * 5)
    assert b.side(()) == Interval(low=0, high=0)


@pytest.mark.parametrize("seed", range(5))
def test_no_values_within_the_intervals_leave_the_side(seed: int) -> None:
    generator = np.random.default_rng(seed)
    b = builder(x=100, y=30, s=7)
    matrix = generator.integers(-5, 6, (3, 3))
    terms: tuple[LinearTerm, ...] = (
        Scaled(column="x", coefficient=-9),
        Mapped(column="y", matrix=matrix),
        Broadcast(column="s", start=2, coefficient=4),
        Weighted(weights="s", start=0, column="x"),
    )
    bound = b.side(terms)
    for _ in range(200):
        x, y, s = (generator.choice([-k, k], n) for k, n in ((100, 3), (30, 3), (7, 9)))
        values = -9 * x + matrix @ y + 4 * s[2:5] + s.reshape(3, 3) @ x
        assert bound.low <= values.min()
        assert values.max() <= bound.high


# Wrapping.


def linear(left: int, right: int, constant: int = 0) -> Callable[[], None]:
    def add() -> None:
        b = builder(x=left, y=right)
        b.add_linear("r", "g", 3, (Scaled(column="x", coefficient=1),), (Scaled(column="y", coefficient=1),), constant)

    return add


def product(left: int, right: int, rest: int | None) -> Callable[[], None]:
    def add() -> None:
        b = builder(x=left, y=right, z=rest or 1)
        b.add_product("r", "g", read("x"), read("y"), NOTHING if rest is None else read("z"))

    return add


def weighted(bound: int) -> Callable[[], None]:
    def add() -> None:
        b = builder(x=bound, y=1, s=128)
        b.add_linear("r", "g", 3, (Weighted(weights="s", start=0, column="x"),), (Scaled(column="y", coefficient=1),))

    return add


def mapped(bound: int) -> Callable[[], None]:
    def add() -> None:
        b = builder(x=bound, y=1)
        ones = np.ones((3, 3), np.int64)
        b.add_linear("r", "g", 3, (Mapped(column="x", matrix=ones),), (Scaled(column="y", coefficient=1),))

    return add


@pytest.mark.parametrize(
    ("fits", "wraps"),
    [
        (linear(HALF, HALF), linear(HALF + 1, 0)),
        (linear(0, HALF), linear(0, HALF + 1)),
        (linear(HALF - 5, 0, 5), linear(HALF - 5, 0, 6)),
        (linear(HALF - 5, 0, -5), linear(HALF - 5, 0, -6)),
        (weighted(HALF // 384), weighted(HALF // 384 + 1)),
        (mapped(HALF // 3), mapped(HALF // 3 + 1)),
        (product(HALF, HALF, None), product(HALF + 1, 1, None)),
        (product(1, HALF, None), product(1, HALF + 1, None)),
        (product(1 << 15, 1 << 14, 1), product(1 << 15, 1 << 15, 1)),
        (product(1, 1, HALF), product(1, 1, HALF + 1)),
    ],
)
def test_the_largest_integers_fit_and_the_next_are_refused(fits: Callable[[], None], wraps: Callable[[], None]) -> None:
    fits()
    with pytest.raises(InvalidInput, match="wrap around") as caught:
        wraps()
    assert caught.value.where == "r"
    assert caught.value.next_step


def test_a_constant_alone_is_a_rest() -> None:
    b = builder(x=1 << 15, y=1 << 15)
    with pytest.raises(InvalidInput, match="wrap"):
        b.add_product("r", "g", read("x"), read("y"), Combination(terms=(), constant=1))


# Shapes and names.


def test_columns_have_one_name_and_at_least_one_position() -> None:
    b = builder(x=1)
    for name, positions in (("x", 3), ("empty", 0), ("negative", -1)):
        with pytest.raises(ValueError, match=name):
            b.add_column(name, Kind.BATCHED, positions, interval(1))


def test_lookups_have_the_arity_of_a_declared_table() -> None:
    b = builder(x=1, y=1)
    table = b.add_range_table(3)
    b.add_lookup("right", "g", table, (read("x"),))
    for values in ((), (read("x"), read("y"))):
        with pytest.raises(ValueError, match="wrong"):
            b.add_lookup("wrong", "g", table, values)
    with pytest.raises(KeyError):
        b.add_lookup("undeclared", "g", "range 4 bits", (read("x"),))


def test_undeclared_columns_are_refused() -> None:
    b = builder(x=1)
    with pytest.raises(KeyError):
        b.add_product("r", "g", read("x"), read("q"), NOTHING)
    with pytest.raises(KeyError):
        b.add_linear("r", "g", 3, (Scaled(column="q", coefficient=1),), ())


def test_products_with_weights_stand_on_the_left_and_alone() -> None:
    b = builder(x=1, y=1, s=1)
    term = Weighted(weights="s", start=0, column="x")
    with pytest.raises(ValueError, match="left side"):
        b.add_linear("r", "g", 3, (), (term,))
    b.add_linear("two", "g", 3, (term, term), ())
    with pytest.raises(ValueError, match="two products"):
        _ = Layout(b.build()).linear_shapes


def test_the_right_side_is_negated() -> None:
    b = builder(x=1, y=1, s=1)
    matrix = np.array([[1, 0, 2]] * 3)
    b.add_linear(
        "r",
        "g",
        3,
        (Scaled(column="x", coefficient=2),),
        (
            Scaled(column="y", coefficient=3),
            Mapped(column="y", matrix=matrix),
            Broadcast(column="s", start=1, coefficient=-4),
        ),
        constant=5,
    )
    scaled, other, mapping, broadcast = b.linear[0].terms
    assert scaled == Scaled(column="x", coefficient=2)
    assert other == Scaled(column="y", coefficient=-3)
    assert isinstance(mapping, Mapped)
    assert np.array_equal(mapping.matrix, -matrix)
    assert broadcast == Broadcast(column="s", start=1, coefficient=4)
    assert negate(broadcast) == Broadcast(column="s", start=1, coefficient=-4)
    assert b.linear[0].constant == 5


def test_tables_are_declared_once_and_counted_by_a_column() -> None:
    b = builder(x=1)
    assert b.add_range_table(3) == b.add_range_table(3)
    circuit = b.build()
    assert list(circuit.tables) == ["range 3 bits"]
    column = circuit.columns[multiplicity("range 3 bits")]
    assert (column.kind, column.positions, column.interval) == (Kind.STATIC, 8, Interval(low=0, high=HALF))


# The digest.


def whole_circuit() -> Circuit:
    b = builder(x=3, y=3, s=3)
    b.add_column("p", Kind.PUBLIC, 2, interval(5))
    b.add_lookup("lookup", "g1", b.add_range_table(2), (Combination(terms=(("x", 2), ("y", 1)), constant=3),))
    b.add_product("product", "g2", read("x"), Combination(terms=(("y", 1),), constant=-1), read("y"))
    terms = (
        Scaled(column="x", coefficient=2),
        Mapped(column="y", matrix=np.eye(3, dtype=np.int64)),
        Broadcast(column="s", start=1, coefficient=4),
        Weighted(weights="s", start=0, column="x"),
    )
    b.add_linear("linear", "g3", 3, terms, (), constant=7)
    weights = np.array([[1, 0], [0, 1], [1, 1]], np.int8)
    b.add_functional(
        Functional(name="functional", gadget="g4", batched=(("x", weights),), static=(("s", 2, (1, -1)),), constant=9)
    )
    return b.build()


def variants(value: Any) -> Iterator[Any]:
    """Values that differ from one in a single place, at any depth."""
    if isinstance(value, Kind):
        yield from (kind for kind in Kind if kind is not value)
    elif isinstance(value, str):
        yield value + "x"
    elif isinstance(value, int):
        yield value + 1
        yield -value - 1
    elif isinstance(value, np.ndarray):
        for place in np.ndindex(value.shape):
            changed = value.copy()
            changed[place] += 1
            yield changed
        yield value[:-1]
        if value.size > 1:
            yield value.reshape(1, -1) if value.shape[0] > 1 else value.reshape(-1, 1)
    elif isinstance(value, tuple):
        for index, entry in enumerate(value):
            yield value[:index] + value[index + 1 :]
            for other in variants(entry):
                yield (*value[:index], other, *value[index + 1 :])
    elif isinstance(value, dict):
        for name, entry in value.items():
            yield {k: v for k, v in value.items() if k != name}
            for other in variants(entry):
                yield {k: other if k == name else v for k, v in value.items()}
    else:
        for field in dataclasses.fields(value):
            for other in variants(getattr(value, field.name)):
                yield dataclasses.replace(value, **{field.name: other})


def test_digest_changes_when_anything_changes() -> None:
    circuit = whole_circuit()
    digests = [variant.digest() for variant in variants(circuit)]
    assert len(digests) > 150
    assert circuit.digest() not in digests
    assert whole_circuit().digest() == circuit.digest()


def test_digest_tells_kinds_of_terms_and_order_apart() -> None:
    circuit = whole_circuit()
    relation = circuit.linear[0]
    scaled = dataclasses.replace(relation, terms=(Scaled(column="s", coefficient=4),))
    mapped_one = dataclasses.replace(relation, terms=(Mapped(column="s", matrix=np.array([[4]])),))
    reverse = dataclasses.replace(relation, terms=relation.terms[::-1])
    moved = dict(reversed(circuit.columns.items()))
    digests = {dataclasses.replace(circuit, linear=(r,)).digest() for r in (relation, scaled, mapped_one, reverse)}
    digests.add(dataclasses.replace(circuit, columns=moved).digest())
    assert len(digests) == 5


def test_digest_does_not_depend_on_the_type_of_an_array() -> None:
    circuit = whole_circuit()
    (table,) = circuit.tables.values()
    narrow: Any = table.entries.astype(np.int8)
    same = dataclasses.replace(circuit, tables={table.name: dataclasses.replace(table, entries=narrow)})
    assert same.digest() == circuit.digest()


def test_circuits_of_statements_hold_plain_values_only() -> None:
    """A value of another type, such as a numpy integer, would have no place in the digest."""

    def walk(value: Any) -> None:
        if dataclasses.is_dataclass(value):
            for field in dataclasses.fields(value):
                walk(getattr(value, field.name))
        elif isinstance(value, (tuple, list)):
            for entry in value:
                walk(entry)
        elif isinstance(value, dict):
            for name, entry in value.items():
                assert type(name) is str
                walk(entry)
        else:
            assert type(value) in (str, int, Kind, np.ndarray), type(value)

    for case in (random_case((3, 2, 3), 3), random_case((2, 2, 3), 300, shift=8), random_case((3, 2), 4)):
        walk(case.statement.layout.circuit)


def test_tables_of_statements_have_no_row_twice() -> None:
    for case in (random_case((3, 2, 3), 3), random_case((2, 2, 3), 300, shift=8)):
        for table in case.statement.layout.circuit.tables.values():
            assert isinstance(table, Table)
            assert len(np.unique(table.entries, axis=0)) == len(table.entries)
            assert len(np.unique(table.entries[:, 0])) == len(table.entries)
