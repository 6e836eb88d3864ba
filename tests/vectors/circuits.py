"""A small circuit with every kind of relation and term, its satisfying columns, and both as maps."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from tests.linear.test_linear import term_values
from tests.vectors.files import Case, Stream, case
from zkaudit.builder import CircuitBuilder
from zkaudit.layout import Layout, shape_of
from zkaudit.relation import (
    Broadcast,
    Cells,
    Circuit,
    Combination,
    Functional,
    Gather,
    Integers,
    Interval,
    Kind,
    LinearTerm,
    Mapped,
    Read,
    Scaled,
    SuffixSum,
    View,
    Weighted,
    Window,
    join,
    multiplicity,
    whole,
)
from zkaudit_circuits.multiplicities import count_lookups

SAMPLES, BITS = 3, 2
WIDE = Interval(low=-(10**7), high=10**7)
SMALL = Interval(low=-4, high=3)

Columns = dict[str, Integers]


@cache
def toy() -> tuple[Layout, Columns]:
    """The layout of the circuit, and columns that satisfy it."""
    stream = Stream("toy circuit")
    builder = CircuitBuilder(sample_bits=BITS)
    columns: Columns = {}

    def column(name: str, kind: Kind, interval: Interval, cells: Integers) -> str:
        columns[name] = np.asarray(cells, np.int64)
        return builder.add_column(name, kind, len(cells), interval)

    def batched(name: str, interval: Interval, positions: int) -> str:
        return column(name, Kind.BATCHED, interval, stream.integers(interval.low, interval.high, (positions, 4)))

    column("weights", Kind.STATIC, SMALL, stream.integers(-4, 3, 42))
    column("randomness", Kind.STATIC, SMALL, stream.integers(-4, 3, 3))
    inputs = stream.integers(-2, 9, (5, 4))
    inputs[:, SAMPLES:] = 0
    column("input", Kind.PUBLIC, Interval(low=-2, high=9), inputs)
    batched("bit", Interval(low=0, high=1), 3)
    batched("a", Interval(low=0, high=7), 6)
    batched("b", Interval(low=0, high=7), 4)
    column("half", Kind.BATCHED, Interval(low=0, high=3), columns["b"] // 2)
    gathered = np.zeros((4, 4), np.int64)
    targets, sources = np.array([0, 2, 3]), np.array([5, 0, 5])
    gathered[targets] = columns["a"][sources]
    column("gate", Kind.BATCHED, Interval(low=0, high=49), gathered * columns["b"])
    _lookups(builder)
    one = Combination(positions=3, terms=(Read(column="bit", coefficient=1),), constant=-1)
    builder.add_product("bit is a bit", "toy", builder.read("bit"), one, Combination(positions=3, terms=()))
    left = Combination(positions=4, terms=(Read(column="a", gather=Gather(targets=targets, sources=sources)),))
    rest = Combination(positions=4, terms=(Read(column="gate", coefficient=-1),))
    builder.add_product("gate", "toy", left, builder.read("b"), rest)
    _linear(builder, columns)
    chosen = np.array([2, 0, 1])
    slack = column("slack", Kind.STATIC, Interval(low=0, high=7), np.array([3, 1]))
    samples, weights = np.arange(SAMPLES), np.array([1, -2, 3])
    total = int((weights * columns["bit"][chosen, samples]).sum())
    constant = -total + 2 * 3 + 5 * 1
    bits = Cells(column="bit", positions=chosen, samples=samples, weights=weights)
    terms = ((slack, 0, (-2, -5)),)
    builder.add_functional(
        Functional(name="with a slack", gadget="toy", batched=(bits,), static=terms, constant=constant)
    )
    total += int(columns["a"][chosen + 3, samples].sum())
    pairs = (bits, Cells(column="a", positions=chosen + 3, samples=samples, weights=np.ones(SAMPLES, np.int64)))
    builder.add_functional(Functional(name="public", gadget="toy", batched=pairs, static=(), constant=-total))
    circuit = builder.build()
    counts = {multiplicity(table): cells for table, cells in count_lookups(circuit, columns).items()}
    return Layout(circuit), columns | counts


def _lookups(builder: CircuitBuilder) -> None:
    """Lookups of one entry and of two, batched and static, with coefficients, gathers and constants."""
    small = builder.add_table("small", np.arange(-4, 4)[:, None])
    for name in ("weights", "randomness"):
        builder.add_lookup(f"{name} in range", "toy", small, (builder.read(name),))
    shifted = Combination(positions=6, terms=(Read(column="a"),), constant=-4)
    builder.add_lookup("a in range", "toy", small, (shifted,))
    halves = builder.add_table("halves", np.array([[value, value // 2] for value in range(8)]))
    builder.add_lookup("half of b", "toy", halves, (builder.read("b"), builder.read("half")))
    turned = Gather(targets=np.array([0, 1, 2, 3]), sources=np.array([3, 2, 1, 0]))
    terms = (
        Combination(positions=4, terms=(Read(column="b", gather=turned),)),
        Combination(positions=4, terms=(Read(column="half", gather=turned),)),
    )
    builder.add_lookup("half of b, turned", "toy", halves, terms)
    double = Combination(
        positions=3, terms=(Read(column="bit", coefficient=3), Read(column="bit", coefficient=-1)), constant=1
    )
    builder.add_lookup("a combination", "toy", builder.add_table("one to three", np.arange(1, 4)[:, None]), (double,))


def _linear(builder: CircuitBuilder, columns: Columns) -> None:
    """Relations with every term, each solved for a column of its own."""
    source = join([whole("a", 6), whole("b", 4)]).select(np.array([0, 1, 2, 3, -1, 9, 8, 7, 4, 5, 6, -1]))
    window = Window(
        channels=2, height=3, width=2, filters=4, kernel=(2, 2), stride=(1, 2), padding=(1, 1, 0, 1), groups=2
    )
    shape = (window.filters, window.output_height, window.output_width)
    repeat = window.output_height * window.output_width
    factors = (1, -2, 3, 0)
    relations: dict[str, tuple[tuple[int, ...], tuple[LinearTerm, ...]]] = {
        "dense on the input": (
            (3,),
            (
                Weighted(weights="weights", start=2, source=whole("input", 5), window=_flat(5, 3)),
                Broadcast(column="weights", start=17, coefficient=1, cells=3),
            ),
        ),
        "convolution": (
            shape,
            (
                Weighted(weights="weights", start=1, source=source, window=window, factors=factors, limbs=2),
                Broadcast(column="weights", start=33, coefficient=256, cells=4, repeat=repeat, factors=factors),
            ),
        ),
        "dense": (
            (2,),
            (Weighted(weights="weights", start=30, source=_tail(), window=_flat(3, 2)),),
        ),
        "maps": (
            (3, 2),
            (
                Scaled(column="a", coefficient=-7),
                SuffixSum(column="a", coefficient=-3),
                Mapped(
                    column="input",
                    rows=np.array([0, 0, 5, 3]),
                    columns=np.array([4, 0, 1, 1]),
                    values=np.array([2, -1, 5, 1]),
                ),
                Mapped(column="b", rows=np.array([1, 1, 4]), columns=np.array([3, 0, 3]), values=np.array([1, 2, -3])),
            ),
        ),
    }
    for name, (extents, terms) in relations.items():
        positions = int(np.prod(extents))
        constant = positions - 4
        total = sum((term_values(columns, term, positions) for term in terms), np.int64(constant))
        own = builder.add_column(f"{name}/sum", Kind.BATCHED, positions, WIDE)
        columns[own] = np.broadcast_to(total, (positions, 4)).copy()
        builder.add_linear(name, "toy", extents, terms, (Scaled(column=own, coefficient=1),), constant)


def _flat(inputs: int, outputs: int) -> Window:
    """The window of a dense layer."""
    return Window(channels=inputs, height=1, width=1, filters=outputs)


def _tail() -> View:
    """The last positions of a column."""
    return whole("a", 6).select(np.array([3, 4, 5]))


def circuit_cases() -> list[Case]:
    """`circuits.json`."""
    layout, columns = toy()
    shape = shape_of(layout)
    plan = layout.full_plan
    expected = {
        "digest": layout.circuit.digest(),
        "positions": layout.batched_positions,
        "places": layout.static_places,
        "batched cells": layout.batched_cells,
        "static cells": layout.static_cells,
        "address variables": layout.address_variables,
        "lookup leaves": {leaves.lookup.name: leaves.start for leaves in layout.lookup_leaves},
        "table leaves": {leaves.table.name: leaves.start for leaves in layout.table_leaves},
        "tags": layout.tags,
        "lookups": shape.lookups,
        "table rows": shape.table_rows,
        "depth": shape.tree_depth,
        "arity": layout.arity,
        "product variables": shape.product_variables,
        "functional variables": shape.functional_variables,
        "elements": plan.elements,
        "products": plan.products,
        "claims": shape.claims,
    }
    given = {"circuit": circuit_map(layout.circuit), "columns": columns}
    comment = "A circuit with every kind of relation and term, columns that satisfy it, its digest and its layout."
    return [case("toy", comment, given, expected)]


def circuit_map(circuit: Circuit) -> dict[str, Any]:
    """A circuit as a map."""
    return {
        "sample bits": circuit.sample_bits,
        "columns": [
            {
                "name": column.name,
                "kind": column.kind.value,
                "positions": column.positions,
                "interval": [column.interval.low, column.interval.high],
            }
            for column in circuit.columns.values()
        ],
        "tables": [{"name": table.name, "rows": table.entries} for table in circuit.tables.values()],
        "lookups": [
            {**_head(lookup), "table": lookup.table, "values": [_combination(value) for value in lookup.values]}
            for lookup in circuit.lookups
        ],
        "products": [
            {**_head(product), **{side: _combination(getattr(product, side)) for side in ("left", "right", "rest")}}
            for product in circuit.products
        ],
        "linear": [
            {
                **_head(relation),
                "shape": relation.shape,
                "terms": [_term(term) for term in relation.terms],
                "constant": relation.constant,
            }
            for relation in circuit.linear
        ],
        "functionals": [
            {
                **_head(functional),
                "batched": [
                    {"column": c.column, "positions": c.positions, "samples": c.samples, "weights": c.weights}
                    for c in functional.batched
                ],
                "static": [
                    {"column": name, "start": start, "coefficients": coefficients}
                    for name, start, coefficients in functional.static
                ],
                "constant": functional.constant,
            }
            for functional in circuit.functionals
        ],
    }


def _head(relation: Any) -> dict[str, str]:
    return {"name": relation.name, "gadget": relation.gadget}


def _combination(combination: Combination) -> dict[str, Any]:
    reads = []
    for read in combination.terms:
        gather = read.gather
        pairs = "none" if gather is None else {"targets": gather.targets, "sources": gather.sources}
        reads.append({"column": read.column, "coefficient": read.coefficient, "gather": pairs})
    return {"positions": combination.positions, "reads": reads, "constant": combination.constant}


def _term(term: LinearTerm) -> dict[str, Any]:
    if isinstance(term, Weighted):
        window, view = term.window, term.source
        return {
            "term": "Weighted",
            "start": term.start,
            "view": {"columns": view.columns, "owners": view.owners, "places": view.sources},
            "window": {
                "channels": window.channels,
                "height": window.height,
                "width": window.width,
                "filters": window.filters,
                "kernel": window.kernel,
                "stride": window.stride,
                "dilation": window.dilation,
                "padding": window.padding,
                "groups": window.groups,
            },
            "factors": term.factors,
            "limbs": term.limbs,
        }
    fields = {
        Scaled: ("column", "coefficient"),
        SuffixSum: ("column", "coefficient"),
        Mapped: ("column", "rows", "columns", "values"),
        Broadcast: ("start", "coefficient", "cells", "repeat", "factors"),
    }[type(term)]
    return {"term": type(term).__name__, **{name: getattr(term, name) for name in fields}}
