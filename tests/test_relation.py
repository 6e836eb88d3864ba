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

from tests.cases import cells, random_case
from tests.networks import NETWORKS, network
from zkaudit.builder import CircuitBuilder, negate
from zkaudit.errors import InvalidInput
from zkaudit.field.koalabear import HALF
from zkaudit.layout import Layout
from zkaudit.relation import (
    Broadcast,
    Cells,
    Circuit,
    Column,
    Combination,
    Functional,
    Gather,
    Integers,
    Interval,
    Kind,
    Linear,
    LinearTerm,
    Lookup,
    Mapped,
    Product,
    Read,
    Scaled,
    SuffixSum,
    Table,
    View,
    Weighted,
    Window,
    join,
    multiplicity,
    whole,
)

DENSE = Window(channels=3, height=1, width=1, filters=3)
SMALL = Window(channels=1, height=1, width=3, filters=1, kernel=(1, 2), padding=(0, 1, 0, 0))
"""Three outputs of three inputs, with nine weights and with two."""


def interval(bound: int) -> Interval:
    return Interval(low=-bound, high=bound)


def builder(**bounds: int) -> CircuitBuilder:
    """A builder with batched columns of three positions, and static ones of nine, named s.., a public one p.."""
    result = CircuitBuilder(sample_bits=1)
    kinds = {"s": Kind.STATIC, "p": Kind.PUBLIC}
    for name, bound in bounds.items():
        kind = kinds.get(name[0], Kind.BATCHED)
        result.add_column(name, kind, 9 if kind is Kind.STATIC else 3, interval(bound))
    return result


def combination(*terms: Read, positions: int = 3, constant: int = 0) -> Combination:
    return Combination(positions=positions, terms=terms, constant=constant)


def gather(targets: list[int], sources: list[int]) -> Gather:
    return Gather(targets=np.array(targets, np.int64), sources=np.array(sources, np.int64))


def mapped(column: str, matrix: Integers) -> Mapped:
    """A matrix (positions, positions of the column) by its non-zero entries."""
    rows, columns = np.nonzero(matrix)
    return Mapped(column=column, rows=rows, columns=columns, values=matrix[rows, columns])


def weighted(column: str = "x", **changes: Any) -> Weighted:
    """A dense product of nine static cells with a column."""
    term = Weighted(weights="s", start=0, source=whole(column, 3), window=DENSE)
    return dataclasses.replace(term, **changes)


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


def test_a_window_has_the_extents_of_its_geometry() -> None:
    window = Window(
        channels=6, height=17, width=23, filters=4, kernel=(3, 4), stride=(2, 3), dilation=(5, 2),
        padding=(1, 2, 4, 7), groups=2,
    )  # fmt: skip
    assert (window.output_height, window.output_width) == ((17 + 5 - 11) // 2 + 1, (23 + 9 - 7) // 3 + 1)
    assert (window.fan_in, window.weights) == (36, 144)


def test_interval_of_a_combination() -> None:
    b = builder(x=10, y=7)
    b.columns["x"] = dataclasses.replace(b.columns["x"], interval=Interval(low=2, high=10))
    both = (Read(column="x", coefficient=-3), Read(column="y", coefficient=2))
    assert b.interval(combination(*both, constant=4)) == Interval(low=-40, high=12)
    assert b.interval(combination(constant=-6)) == Interval(low=-6, high=-6)
    # A gather that leaves positions out reads zeros there; one that does not reads none.
    some = Read(column="x", coefficient=-1, gather=gather([0, 2], [1, 1]))
    assert b.interval(combination(some)) == Interval(low=-10, high=0)
    every = Read(column="x", gather=gather([2, 1, 0], [1, 1, 0]))
    assert b.interval(combination(every)) == Interval(low=2, high=10)
    # Gathers count where they are read: x at two positions, y at the third.
    other = Read(column="y", gather=gather([1], [0]))
    assert b.interval(combination(some, other)) == Interval(low=-10, high=7)
    assert b.interval(combination(some, other, every)) == Interval(low=-8, high=17)
    assert b.interval(combination(some, other, Read(column="y"))) == Interval(low=-17, high=14)


def test_interval_of_a_side() -> None:
    b = builder(x=10, y=7, s=5, p=6)
    b.columns["x"] = dataclasses.replace(b.columns["x"], interval=Interval(low=-2, high=10))
    matrix = np.array([[1, -4, 0], [2, 2, 2]])
    assert b.side((Scaled(column="x", coefficient=-3),)) == Interval(low=-30, high=6)
    assert b.side((Broadcast(column="s", start=0, coefficient=2, cells=3),)) == interval(10)
    assert b.side((Broadcast(column="s", start=0, coefficient=2, cells=3, factors=(1, -4, 3)),)) == interval(40)
    assert b.side((mapped("y", matrix),)) == interval(6 * 7)
    assert b.side((mapped("p", matrix),)) == interval(6 * 6)
    # Entries of one place add up.
    twice = Mapped(column="y", rows=np.array([1, 1]), columns=np.array([0, 0]), values=np.array([3, -4]))
    assert b.side((twice,)) == interval(7 * 7)
    # Maps count at the rows that they have.
    apart = Mapped(column="p", rows=np.array([0, 2]), columns=np.array([0, 0]), values=np.array([-8, 1]))
    assert b.side((twice, apart)) == interval(7 * 7)
    assert b.side((twice, apart, mapped("y", matrix))) == interval(7 * 7 + 6 * 7)
    assert b.side((apart, mapped("y", matrix))) == interval(8 * 6 + 5 * 7)
    assert b.side((SuffixSum(column="y"),)) == interval(3 * 7)
    assert b.side((weighted("y"),)) == interval(3 * 7 * 5)
    assert b.side((weighted("y", factors=(1, -6, 2)),)) == interval(3 * 7 * 5 * 6)
    assert b.side((weighted("y", limbs=2),)) == interval(3 * 7 * 5 * 257)
    assert b.side((weighted("p"),)) == interval(3 * 6 * 5)
    assert b.side((weighted(source=join([whole("y", 2), whole("x", 1)])),)) == interval(3 * 10 * 5)
    assert b.side(()) == Interval(low=0, high=0)


@pytest.mark.parametrize("seed", range(5))
def test_no_values_within_the_intervals_leave_the_side(seed: int) -> None:
    generator = np.random.default_rng(seed)
    b = builder(x=100, y=30, s=7)
    matrix = generator.integers(-5, 6, (3, 3))
    terms: tuple[LinearTerm, ...] = (
        Scaled(column="x", coefficient=-9),
        mapped("y", matrix),
        mapping([2, 0], [1, 1], [6, -7]),
        SuffixSum(column="y"),
        Broadcast(column="s", start=2, coefficient=4, cells=3, factors=(1, -2, 2)),
        weighted(factors=(3, 1, -1)),
        Weighted(weights="s", start=5, source=whole("y", 3), window=SMALL, limbs=2),
    )
    bound = b.side(terms)
    for _ in range(200):
        x, y, s = (generator.choice([-k, k], n) for k, n in ((100, 3), (30, 3), (7, 9)))
        values = -9 * x + matrix @ y + np.array([y[1] + y[2], y[2], 0]) + 4 * s[2:5] * [1, -2, 2]
        values += np.array([-7 * x[1], 0, 6 * x[1]])
        values += (s.reshape(3, 3) @ x) * [3, 1, -1]
        kernel = s[5:7] + 256 * s[7:9]
        values += kernel[0] * np.array([0, y[0], y[1]]) + kernel[1] * y
        assert bound.low <= values.min()
        assert values.max() <= bound.high


# Wrapping.


def linear(left: int, right: int, constant: int = 0) -> Callable[[], None]:
    def add() -> None:
        b = builder(x=left, y=right)
        b.add_linear(
            "r", "g", (3,), (Scaled(column="x", coefficient=1),), (Scaled(column="y", coefficient=1),), constant
        )

    return add


def product(left: int, right: int, rest: int | None) -> Callable[[], None]:
    def add() -> None:
        b = builder(x=left, y=right, z=rest or 1)
        b.add_product("r", "g", b.read("x"), b.read("y"), combination() if rest is None else b.read("z"))

    return add


def on_the_left(term: LinearTerm, bound: int, other: int = 128) -> Callable[[], None]:
    """A term that reads x, of this bound, and static cells."""

    def add() -> None:
        b = builder(x=bound, y=1, s=other)
        b.add_linear("r", "g", (3,), (term,), (Scaled(column="y", coefficient=1),))

    return add


def functional(bound: int, static: int) -> Callable[[], None]:
    def add() -> None:
        b = builder(x=bound, s=static)
        one = (cells("x", [0, 2]),)
        b.add_functional(Functional(name="r", gadget="g", batched=one, static=(("s", 0, (3, -1)),), constant=-5))

    return add


ONES = mapped("x", np.ones((3, 3), np.int64))
BROADCAST = Broadcast(column="s", start=0, coefficient=4, cells=3, factors=(1, 5, -10))


@pytest.mark.parametrize(
    ("fits", "wraps"),
    [
        (linear(HALF, HALF), linear(HALF + 1, 0)),
        (linear(0, HALF), linear(0, HALF + 1)),
        (linear(HALF - 5, 0, 5), linear(HALF - 5, 0, 6)),
        (linear(HALF - 5, 0, -5), linear(HALF - 5, 0, -6)),
        (on_the_left(weighted(), HALF // 384), on_the_left(weighted(), HALF // 384 + 1)),
        (on_the_left(weighted(factors=(1, 1, -7)), HALF // 2688), on_the_left(weighted(factors=(1, 1, -7)), 400000)),
        (on_the_left(weighted(limbs=1), HALF // 384), on_the_left(weighted(limbs=1), HALF // 384 + 1)),
        (on_the_left(ONES, HALF // 3), on_the_left(ONES, HALF // 3 + 1)),
        (on_the_left(SuffixSum(column="x"), HALF // 3), on_the_left(SuffixSum(column="x"), HALF // 3 + 1)),
        (on_the_left(BROADCAST, 1, HALF // 40), on_the_left(BROADCAST, 1, HALF // 40 + 1)),
        (product(HALF, HALF, None), product(HALF + 1, 1, None)),
        (product(1, HALF, None), product(1, HALF + 1, None)),
        (product(1 << 15, 1 << 14, 1), product(1 << 15, 1 << 15, 1)),
        (product(1, 1, HALF), product(1, 1, HALF + 1)),
        (functional((HALF - 5) // 2, 0), functional((HALF - 5) // 2 + 1, 0)),
        (functional(0, (HALF - 5) // 4), functional(0, (HALF - 5) // 4 + 1)),
    ],
)
def test_the_largest_integers_fit_and_the_next_are_refused(fits: Callable[[], None], wraps: Callable[[], None]) -> None:
    fits()
    with pytest.raises(InvalidInput, match="wrap around") as caught:
        wraps()
    assert caught.value.where == "r"
    assert caught.value.next_step


def test_weights_of_two_limbs_wrap_earlier() -> None:
    term = Weighted(weights="s", start=0, source=whole("x", 3), window=SMALL, limbs=2)
    largest = HALF // (2 * 128 * 257)
    narrow = dataclasses.replace(term.window, filters=1)
    assert narrow.fan_in == 2

    def add(bound: int) -> None:
        b = builder(x=bound, s=128)
        b.add_linear("r", "g", (1, 1, 3), (term,), ())

    add(largest)
    with pytest.raises(InvalidInput, match="wrap around"):
        add(largest + 1)


def test_a_constant_alone_is_a_rest() -> None:
    b = builder(x=1 << 15, y=1 << 15)
    with pytest.raises(InvalidInput, match="wrap"):
        b.add_product("r", "g", b.read("x"), b.read("y"), combination(constant=1))


# Views and windows.


def test_views_read_what_numpy_does() -> None:
    generator = np.random.default_rng(0)
    columns = {name: generator.integers(1, 1000, size) for name, size in (("x", 5), ("y", 4))}

    def elements(view: View) -> list[int]:
        result = np.zeros(view.size, np.int64)
        for name, part in view.parts():
            result[part.targets] = columns[name][part.sources]
        places = zip(view.owners.tolist(), view.sources.tolist(), strict=True)
        assert result.tolist() == [0 if o < 0 else int(columns[view.columns[o]][p]) for o, p in places]
        return [int(v) for v in result]

    x, y = whole("x", 5), whole("y", 4)
    both = join([y, x, y])
    cells = np.concatenate([columns["y"], columns["x"], columns["y"]])
    assert both.columns == ("y", "x")
    assert elements(both) == cells.tolist()
    chosen = np.array([12, -1, 0, 0, 7, -1, 4])
    picked = both.select(chosen)
    assert elements(picked) == [0 if k < 0 else int(cells[k]) for k in chosen]
    again = join([picked, x]).select(np.array([1, 3, -1, 7, 0]))
    assert elements(again) == [0, int(cells[0]), 0, int(columns["x"][0]), int(cells[12])]
    assert join([x, picked]).owners.tolist() == [0] * 5 + [
        [1, 0][owner] if owner >= 0 else -1 for owner in picked.owners
    ]
    reads = {term.column: term for term in picked.combination(-2).terms}
    assert {name: term.coefficient for name, term in reads.items()} == {"x": -2, "y": -2}
    assert picked.combination().positions == picked.size == 7
    assert picked.select(np.array([1, 5])).parts() == []


@given(
    st.tuples(st.integers(1, 4), st.integers(1, 4)),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.tuples(*[st.integers(0, 2)] * 4),
    st.tuples(st.integers(5, 9), st.integers(5, 9)),
)
@settings(max_examples=60, deadline=None)
def test_outputs_of_a_window_are_the_places_where_it_lies_on_the_padded_input(
    kernel: tuple[int, int],
    stride: tuple[int, int],
    dilation: tuple[int, int],
    padding: tuple[int, int, int, int],
    size: tuple[int, int],
) -> None:
    window = Window(
        channels=4,
        height=size[0],
        width=size[1],
        filters=6,
        kernel=kernel,
        stride=stride,
        dilation=dilation,
        padding=padding,
        groups=2,
    )
    found = []
    for axis in range(2):
        last = size[axis] + padding[axis + 2] - 1
        starts = range(-padding[axis], last + 1, stride[axis])
        found.append(sum(start + dilation[axis] * (kernel[axis] - 1) <= last for start in starts))
    if min(found) > 0:
        assert [window.output_height, window.output_width] == found
    assert window.fan_in == 2 * kernel[0] * kernel[1]
    assert window.weights == 6 * window.fan_in


# Shapes and names.


def test_columns_have_one_name_and_at_least_one_position() -> None:
    b = builder(x=1)
    for name, positions in (("x", 3), ("empty", 0), ("negative", -1)):
        with pytest.raises(ValueError, match=name):
            b.add_column(name, Kind.BATCHED, positions, interval(1))


def test_lookups_have_the_arity_of_a_declared_table() -> None:
    b = builder(x=1, y=1)
    table = b.add_range_table(3)
    b.add_lookup("right", "g", table, (b.read("x"),))
    for values in ((), (b.read("x"), b.read("y"))):
        with pytest.raises(ValueError, match="wrong"):
            b.add_lookup("wrong", "g", table, values)
    with pytest.raises(KeyError):
        b.add_lookup("undeclared", "g", "range 4 bits", (b.read("x"),))


def test_undeclared_columns_are_refused() -> None:
    b = builder(x=1)
    unknown = combination(Read(column="q"))
    with pytest.raises(KeyError):
        b.add_product("r", "g", b.read("x"), unknown, combination())
    with pytest.raises(KeyError):
        b.add_lookup("r", "g", b.add_range_table(1), (unknown,))
    with pytest.raises(KeyError):
        b.add_linear("r", "g", (3,), (Scaled(column="q", coefficient=1),), ())
    with pytest.raises(KeyError):
        b.read("q")


READS = {
    "more positions": combination(Read(column="x"), positions=4),
    "fewer positions": combination(Read(column="x"), positions=2),
    "a target beyond": combination(Read(column="x", gather=gather([3], [0]))),
    "a negative target": combination(Read(column="x", gather=gather([-1], [0]))),
    "a source beyond": combination(Read(column="x", gather=gather([0], [3]))),
    "a negative source": combination(Read(column="x", gather=gather([0], [-1]))),
    "targets without sources": combination(Read(column="x", gather=gather([0, 1], [0]))),
    "a target twice": combination(Read(column="x", gather=gather([1, 1], [0, 2]))),
    "two kinds": combination(Read(column="x"), Read(column="s", gather=gather([0], [0]))),
    "the public input": combination(Read(column="p")),
    "nothing": combination(),
}


@pytest.mark.parametrize("name", READS)
def test_combinations_that_do_not_fit_are_refused(name: str) -> None:
    b = builder(x=1, y=1, s=1, p=1)
    single = b.add_range_table(1)
    with pytest.raises(ValueError, match="refused"):
        b.add_lookup("refused", "g", single, (READS[name],))
    if name != "nothing":  # beside a factor that reads, one that does not is zero
        for sides in itertools.permutations([b.read("y"), READS[name], combination()]):
            with pytest.raises(ValueError, match="refused"):
                b.add_product("refused", "g", *sides)
    assert (b.lookups, b.products) == ([], [])


def test_sides_of_other_sizes_are_refused() -> None:
    b = builder(x=1, y=1)
    two = combination(Read(column="x", gather=gather([0, 1], [2, 0])), positions=2)
    pairs = b.add_table("pairs", np.array([[0, 0], [1, 1]]))
    with pytest.raises(ValueError, match="refused"):
        b.add_lookup("refused", "g", pairs, (b.read("y"), two))
    for rest in (combination(), combination(positions=2)):
        with pytest.raises(ValueError, match="refused"):
            b.add_product("refused", "g", b.read("y"), two, rest)
    b.add_product("accepted", "g", two, two, combination(positions=2))


def test_products_of_static_columns_are_refused() -> None:
    b = builder(s=1, s2=1)
    nothing = combination(positions=9)
    with pytest.raises(ValueError, match="refused"):
        b.add_product("refused", "g", b.read("s"), b.read("s2"), nothing)
    b.add_lookup("accepted", "g", b.add_range_table(1), (b.read("s"),))


def mapping(rows: list[int], columns: list[int], values: list[int], column: str = "x") -> Mapped:
    return Mapped(column=column, rows=np.array(rows), columns=np.array(columns), values=np.array(values))


def view(owners: list[int], sources: list[int], columns: tuple[str, ...] = ("x",)) -> View:
    return View(columns=columns, owners=np.array(owners), sources=np.array(sources))


TERMS: dict[str, tuple[LinearTerm, tuple[int, ...]]] = {
    "scaled, too few": (Scaled(column="x", coefficient=1), (2,)),
    "scaled, too many": (Scaled(column="x", coefficient=1), (2, 2)),
    "scaled static": (Scaled(column="s", coefficient=1), (9,)),
    "scaled public": (Scaled(column="p", coefficient=1), (3,)),
    "suffix sum, too few": (SuffixSum(column="x"), (2,)),
    "suffix sum of static": (SuffixSum(column="s"), (9,)),
    "mapped to a row beyond": (mapping([3], [0], [1]), (3,)),
    "mapped to a negative row": (mapping([-1], [0], [1]), (3,)),
    "mapped from beyond": (mapping([0], [3], [1]), (3,)),
    "mapped from a negative position": (mapping([0], [-1], [1]), (3,)),
    "mapped without a value": (mapping([0, 1], [0, 1], [1]), (3,)),
    "mapped without a column": (mapping([0, 1], [0], [1, 1]), (3,)),
    "mapped static": (mapping([0], [0], [1], "s"), (3,)),
    "broadcast beyond": (Broadcast(column="s", start=7, coefficient=1, cells=3), (3,)),
    "broadcast from below": (Broadcast(column="s", start=-1, coefficient=1, cells=3), (3,)),
    "broadcast of nothing": (Broadcast(column="s", start=0, coefficient=1, cells=0), (0,)),
    "broadcast, too few": (Broadcast(column="s", start=0, coefficient=1, cells=3), (6,)),
    "broadcast, too often": (Broadcast(column="s", start=0, coefficient=1, cells=3, repeat=2), (3,)),
    "broadcast without a factor": (Broadcast(column="s", start=0, coefficient=1, cells=3, factors=(1, 2)), (3,)),
    "broadcast batched": (Broadcast(column="x", start=0, coefficient=1, cells=3), (3,)),
    "weights beyond": (weighted(start=1), (3,)),
    "weights from below": (weighted(start=-1), (3,)),
    "limbs beyond": (weighted(limbs=2), (3,)),
    "batched weights": (weighted(weights="x", window=dataclasses.replace(DENSE, filters=1)), (1,)),
    "weights without a factor": (weighted(factors=(1, 2)), (3,)),
    "weights of more outputs": (weighted(), (4,)),
    "weights on other axes": (weighted(window=SMALL), (3,)),
    "weights on turned axes": (weighted(window=SMALL), (3, 1, 1)),
    "weights on two axes": (weighted(), (3, 1)),
    "weights on the filters alone": (weighted(window=SMALL), (1,)),
    "no weights": (weighted(limbs=0), (3,)),
    "weights on a smaller source": (weighted(source=whole("x", 2)), (3,)),
    "weights on static cells": (weighted(source=whole("s", 3)), (3,)),
    "weights on two kinds": (weighted(source=join([whole("x", 2), whole("p", 1)])), (3,)),
    "weights on a position beyond": (weighted(source=whole("x", 4).select(np.array([0, 1, 3]))), (3,)),
    "weights on a negative position": (weighted(source=view([0, 0, 0], [0, 1, -1])), (3,)),
    "weights on another column": (weighted(source=view([0, 0, 1], [0, 1, 2])), (3,)),
    "weights on an owner below": (weighted(source=view([0, 0, -2], [0, 1, 2])), (3,)),
}


@pytest.mark.parametrize("name", TERMS)
def test_linear_terms_that_do_not_fit_are_refused(name: str) -> None:
    b = builder(x=1, s=1, p=1)
    term, shape = TERMS[name]
    with pytest.raises(ValueError, match=r"refused|same length|negative"):
        b.add_linear("refused", "g", shape, (term,), ())
    assert b.linear == []


def test_linear_terms_that_fit() -> None:
    b = builder(x=1, s=1, p=1)
    accepted: tuple[tuple[LinearTerm, tuple[int, ...]], ...] = (
        (Scaled(column="x", coefficient=1), (1, 3)),
        (SuffixSum(column="x"), (3,)),
        (mapping([1, 1], [0, 0], [1, 1]), (2, 2)),
        (mapping([1], [2], [1], "p"), (7,)),
        (Broadcast(column="s", start=6, coefficient=1, cells=3, repeat=2, factors=(1, 2, 3)), (3, 2)),
        (weighted(factors=(1, 2, 3)), (3,)),
        (weighted("p"), (3, 1, 1)),
        (weighted(source=view([0, -1, -1], [2, 0, 0])), (3,)),
        (weighted(window=SMALL, limbs=4), (1, 1, 3)),
    )
    for term, shape in accepted:
        b.add_linear("accepted", "g", shape, (term,), ())
    assert len(b.linear) == len(accepted)


FUNCTIONALS: dict[str, tuple[Any, Any]] = {
    "a position beyond": ((cells("x", [3]),), ()),
    "a negative position": ((cells("x", [-1]),), ()),
    "more samples": ((cells("x", [0, 0, 0]),), ()),
    "a cell twice at once": ((cells("x", [1, 1], [0, 0]),), ()),
    "a cell twice": ((cells("x", [1, 0, 1], [1, 0, 1]),), ()),
    "a weight too few": ((cells("x", [0, 1], weights=[1]),), ()),
    "static cells as batched": ((cells("s", [0]),), ()),
    "the public input": ((cells("p", [0]),), ()),
    "static cells beyond": ((), (("s", 8, (1, 1)),)),
    "static cells from below": ((), (("s", -1, (1,)),)),
    "batched cells as static": ((), (("x", 0, (1,)),)),
}


@pytest.mark.parametrize("name", FUNCTIONALS)
def test_functionals_that_do_not_fit_are_refused(name: str) -> None:
    b = builder(x=1, s=1, p=1)
    batched, static = FUNCTIONALS[name]
    with pytest.raises(ValueError, match="refused"):
        b.add_functional(Functional(name="refused", gadget="g", batched=batched, static=static, constant=0))
    assert b.functionals == []


def test_functionals_that_fit() -> None:
    b = builder(x=1, s=1)
    # Positions of one sample, the last position and the last sample, and no cells at all.
    for chosen in (cells("x", [0, 1, 2], [0, 0, 0]), cells("x", [2, 0], [1, 1]), cells("x", [])):
        for static in (("s", 0, (1,) * 9), ("s", 8, (1,)), ("s", 9, ())):
            b.add_functional(Functional(name="f", gadget="g", batched=(chosen,), static=(static,), constant=0))
    assert len(b.functionals) == 9


def test_weights_of_a_functional_that_are_no_integers_of_the_field_are_refused() -> None:
    # Four of the last add up to zero in 64 bits.
    for weights in ([1, HALF + 1], [1, -HALF - 1], [2**62] * 4, [-(2**62)] * 4):
        b = builder(x=1)
        chosen = cells("x", [k // 2 for k in range(len(weights))], [k % 2 for k in range(len(weights))], weights)
        with pytest.raises(InvalidInput, match="wrap"):
            b.add_functional(Functional(name="r", gadget="g", batched=(chosen,), static=(), constant=0))
        assert b.functionals == []
    for weight in (HALF, -HALF):
        b.add_functional(
            Functional(name="r", gadget="g", batched=(cells("x", [0], weights=[weight]),), static=(), constant=0)
        )


def test_products_with_weights_stand_on_the_left_and_alone() -> None:
    b = builder(x=1, y=1, s=1, p=1)
    with pytest.raises(ValueError, match="left side"):
        b.add_linear("r", "g", (3,), (), (weighted(),))
    b.add_linear("with a public one", "g", (3,), (weighted(), weighted("p")), ())
    assert Layout(b.build()).linear_shapes[0].rounds == 2
    b = builder(x=1, s=1)
    b.add_linear("two", "g", (3,), (weighted(), weighted()), ())
    with pytest.raises(ValueError, match="two products"):
        _ = Layout(b.build()).linear_shapes


def test_the_right_side_is_negated() -> None:
    b = builder(x=1, y=1, s=1)
    matrix = np.array([[1, 0, 2]] * 3)
    right = (Scaled(column="y", coefficient=3), mapped("y", matrix), SuffixSum(column="y", coefficient=2))
    b.add_linear("r", "g", (3,), (Scaled(column="x", coefficient=2),), right, constant=5)
    scaled, other, mapping_term, later = b.linear[0].terms
    assert scaled == Scaled(column="x", coefficient=2)
    assert other == Scaled(column="y", coefficient=-3)
    assert later == SuffixSum(column="y", coefficient=-2)
    assert isinstance(mapping_term, Mapped)
    for name in ("rows", "columns"):
        assert np.array_equal(getattr(mapping_term, name), getattr(right[1], name))
    assert np.array_equal(mapping_term.values, -right[1].values)
    assert b.linear[0].constant == 5
    for term in (Broadcast(column="s", start=1, coefficient=-4, cells=3), weighted()):
        with pytest.raises(ValueError, match="left side"):
            negate(term)
        with pytest.raises(ValueError, match="left side"):
            b.add_linear("r", "g", (3,), (), (term,))


def test_tables_are_declared_once_and_counted_by_a_column() -> None:
    b = builder(x=1)
    assert b.add_range_table(3) == b.add_range_table(3)
    with pytest.raises(ValueError, match="two contents"):
        b.add_table("range 3 bits", np.arange(1, 9)[:, None])
    circuit = b.build()
    assert list(circuit.tables) == ["range 3 bits"]
    column = circuit.columns[multiplicity("range 3 bits")]
    assert (column.kind, column.positions, column.interval) == (Kind.STATIC, 8, Interval(low=0, high=HALF))


@pytest.mark.parametrize("rows", [[[1], [2], [1]], [[0], [0]], [[1, 5], [0, 5], [1, 5]]])
def test_a_table_with_a_row_twice_is_refused(rows: list[list[int]]) -> None:
    b = builder(x=1)
    with pytest.raises(ValueError, match="row twice"):
        b.add_table("twice", np.array(rows))
    b.add_table("keys twice, rows once", np.array([[1, 5], [0, 5], [1, 4]]))


# The digest.


def whole_circuit() -> Circuit:
    """Every part of the language, each field away from its default."""
    b = builder(x=3, y=3, s=3, p=5)
    some = Read(column="y", coefficient=2, gather=gather([0, 2], [1, 1]))
    b.add_lookup(
        "lookup", "g1", b.add_range_table(2), (combination(Read(column="x", coefficient=2), some, constant=3),)
    )
    less_one = combination(Read(column="y"), constant=-1)
    b.add_product("product", "g2", b.read("x"), less_one, b.read("y"))
    window = Window(
        channels=2,
        height=1,
        width=2,
        filters=2,
        kernel=(1, 2),
        stride=(2, 3),
        dilation=(1, 2),
        padding=(1, 2, 1, 2),
        groups=2,
    )
    assert (window.output_height, window.output_width) == (2, 2)
    source = join([whole("x", 3), whole("y", 3)]).select(np.array([0, 4, -1, 2]))
    terms = (
        mapped("y", np.eye(8, 3, dtype=np.int64)),
        Broadcast(column="s", start=1, coefficient=4, cells=2, repeat=4, factors=(1, 2)),
        Weighted(weights="s", start=1, source=source, window=window, factors=(2, 1), limbs=2),
    )
    b.add_linear("linear", "g3", (2, 2, 2), terms, (), constant=7)
    b.add_linear("small", "g3", (3,), (Scaled(column="x", coefficient=2), SuffixSum(column="y")), ())
    chosen = (cells("x", [1, 0]), cells("y", [2], weights=[-3]))
    b.add_functional(
        Functional(name="functional", gadget="g4", batched=chosen, static=(("s", 2, (1, -1)),), constant=9)
    )
    return b.build()


def variants(value: Any) -> Iterator[Any]:
    """Values that differ from one in a single place, at any depth."""
    if value is None:
        yield gather([0], [0])
    elif isinstance(value, Kind):
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


def parts(value: Any) -> Iterator[Any]:
    """A value and all that it is made of, names of dictionaries too."""
    yield value
    children: Any = ()
    if dataclasses.is_dataclass(value):
        children = [getattr(value, field.name) for field in dataclasses.fields(value)]
    elif isinstance(value, (tuple, list)):
        children = value
    elif isinstance(value, dict):
        children = [*value.keys(), *value.values()]
    for child in children:
        yield from parts(child)


LANGUAGE = {
    Circuit, Column, Interval, Table, Lookup, Product, Linear, Functional, Combination, Read, Gather,
    Cells, Scaled, Mapped, SuffixSum, Broadcast, Weighted, View, Window,
}  # fmt: skip


def test_digest_changes_when_anything_changes() -> None:
    circuit = whole_circuit()
    assert {type(part) for part in parts(circuit)} >= LANGUAGE
    digests = [variant.digest() for variant in variants(circuit)]
    assert len(digests) > 250
    assert circuit.digest() not in digests
    assert whole_circuit().digest() == circuit.digest()


def test_digest_tells_kinds_of_terms_and_order_apart() -> None:
    circuit = whole_circuit()
    relation = circuit.linear[0]
    four = mapping([0], [0], [4], "s")
    others: list[tuple[LinearTerm, ...]] = [
        relation.terms,
        relation.terms[::-1],
        (Scaled(column="s", coefficient=4),),
        (SuffixSum(column="s"),),
        (four,),
        (dataclasses.replace(four, rows=four.columns, columns=four.rows, values=four.values.reshape(1, 1)),),
        (Broadcast(column="s", start=4, coefficient=4, cells=4),),
    ]
    digests = {
        dataclasses.replace(circuit, linear=(dataclasses.replace(relation, terms=terms),)).digest() for terms in others
    }
    digests.add(dataclasses.replace(circuit, columns=dict(reversed(circuit.columns.items()))).digest())
    assert len(digests) == len(others) + 1


@pytest.mark.parametrize("value", [np.int64(4), np.int32(4), 4.0, np.float64(4), {4}, object(), 4j, range(4), Scaled])
def test_a_value_of_another_type_has_no_digest(value: Any) -> None:
    circuit = whole_circuit()
    for change in (
        {"sample_bits": value},
        {"linear": (*circuit.linear, value)},
        {"linear": (dataclasses.replace(circuit.linear[0], terms=(Scaled(column="x", coefficient=value),)),)},
        {"columns": circuit.columns | {"x": dataclasses.replace(circuit.columns["x"], positions=value)}},
        {"functionals": (dataclasses.replace(circuit.functionals[0], static=(("s", 2, (1, value)),)),)},
    ):
        with pytest.raises(TypeError, match="no canonical encoding"):
            dataclasses.replace(circuit, **change).digest()  # type: ignore[arg-type]


def test_digest_does_not_depend_on_the_type_of_an_array() -> None:
    circuit = whole_circuit()
    (table,) = circuit.tables.values()
    narrow: Any = table.entries.astype(np.int8)
    same = dataclasses.replace(circuit, tables={table.name: dataclasses.replace(table, entries=narrow)})
    assert same.digest() == circuit.digest()


def circuits() -> Iterator[Circuit]:
    """Those of statements, for every kind of layer."""
    for case in (random_case((3, 2, 3), 3), random_case((2, 2, 3), 300, shift=8), random_case((3, 2), 4)):
        yield case.statement.layout.circuit
    for name in NETWORKS:
        yield network(name).statement.layout.circuit


def test_circuits_of_statements_hold_plain_values_only() -> None:
    """A value of another type, such as a numpy integer, would have no place in the digest."""
    for circuit in circuits():
        for part in parts(circuit):
            if type(part) in LANGUAGE | {dict, tuple}:
                continue
            assert type(part) in (str, int, Kind, np.ndarray, type(None)), type(part)
            if isinstance(part, np.ndarray):
                assert part.dtype == np.int64


def test_tables_of_statements_have_no_row_twice() -> None:
    """All but those of differences give each key one value."""
    for circuit in circuits():
        for table in circuit.tables.values():
            assert isinstance(table, Table)
            assert len(np.unique(table.entries, axis=0)) == len(table.entries)
            if table.name.startswith("one of two differences"):
                largest = int(table.entries.max())
                pairs = {(d, 0) for d in range(largest + 1)} | {(0, d) for d in range(largest + 1)}
                assert {(int(a), int(b)) for a, b in table.entries} == pairs
            else:
                assert len(np.unique(table.entries[:, 0])) == len(table.entries)


def test_relations_of_statements_have_names_of_their_own() -> None:
    for circuit in circuits():
        relations = (*circuit.linear, *circuit.lookups, *circuit.products, *circuit.functionals)
        names = [relation.name for relation in relations]
        assert len(set(names)) == len(names)
        assert list(circuit.columns) == [column.name for column in circuit.columns.values()]
