"""The claims behind the leaves of the fraction tree, against leaves that are written down one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.cases import random_case
from tests.networks import network
from tests.plain import false_claims, plain_prover, plain_verifier, read_cells, values_of
from tests.views import random_element, random_elements
from zkaudit.builder import CircuitBuilder
from zkaudit.errors import Rejected
from zkaudit.field import arrays
from zkaudit.field.extension import ONE, ZERO, Element, add, embed, multiply, subtract
from zkaudit.layout import Layout
from zkaudit.lookup.claims import Fingerprint, leaf_claims
from zkaudit.lookup.prover import build_tree
from zkaudit.lookup.tree import prove_fraction_tree
from zkaudit.lookup.verifier import reduce_fraction_tree
from zkaudit.masking import known
from zkaudit.relation import Combination, Gather, Integers, Interval, Kind, Read, multiplicity
from zkaudit_circuits.multiplicities import count_lookups

CASES: dict[str, dict[str, Any]] = {
    "wide requantisation": {"widths": (3, 2, 3), "samples": 3},
    "narrow requantisation": {"widths": (2, 2, 3), "samples": 300, "shift": 8},
    "no requantisation": {"widths": (3, 3), "samples": 5},
    "one sample, one class": {"widths": (2, 1), "samples": 1},
    "identity": {"widths": (3, 4, 2), "samples": 8, "activation": "identity", "input_interval": (-128, 127)},
}
GATHERED = ("depthwise and pools", "input committed, one sample", "signal")
"""Networks with lookups that read some positions of several columns."""

BY_HAND = "gathers"


def case_of(name: str) -> tuple[Layout, dict[str, Integers]]:
    if name == BY_HAND:
        return gathers(2)
    case = random_case(**CASES[name]) if name in CASES else network(name)
    return case.statement.layout, case.columns()


def gathers(sample_bits: int) -> tuple[Layout, dict[str, Integers]]:
    """(3 - a[2, 0, 2, -] + 2 b[-, 4, 0, 1] + c, d) in a table of squares modulo 50, and a single lookup of d."""
    builder = CircuitBuilder(sample_bits=sample_bits)
    generator = np.random.default_rng(1)
    columns: dict[str, Integers] = {}
    for name, positions in (("a", 3), ("b", 6), ("c", 4), ("d", 4)):
        builder.add_column(name, Kind.BATCHED, positions, Interval(low=0, high=49))
        columns[name] = generator.integers(0, 50, (positions, 1 << sample_bits))
    builder.add_column("s", Kind.STATIC, 5, Interval(low=0, high=49))
    columns["s"] = generator.integers(0, 50, 5)
    zero = np.zeros_like(columns["a"][:1])
    first = 3 - np.concatenate([columns["a"][[2, 0, 2]], zero]) + columns["c"]
    first += 2 * np.concatenate([zero, columns["b"][[4, 0, 1]]])
    columns["d"] = first * first % 50
    keys = np.arange(-46, 151)
    squares = builder.add_table("squares", np.stack([keys, keys * keys % 50], axis=1))
    small = builder.add_table("below 50", np.arange(50)[:, None])
    reads = (
        Read(column="a", coefficient=-1, gather=Gather(targets=np.arange(3), sources=np.array([2, 0, 2]))),
        Read(column="b", coefficient=2, gather=Gather(targets=np.array([3, 1, 2]), sources=np.array([1, 4, 0]))),
        Read(column="c"),
    )
    combined = Combination(positions=4, terms=reads, constant=3)
    builder.add_lookup("squares", "test", squares, (combined, builder.read("d")))
    builder.add_lookup("static", "test", small, (builder.read("s"),))
    builder.add_lookup("d", "test", small, (builder.read("d"),))
    circuit = builder.build()
    for table, counts in count_lookups(circuit, columns).items():
        columns[multiplicity(table)] = counts
    return Layout(circuit), columns


def leaves(layout: Layout, columns: dict[str, Integers], fingerprint: Fingerprint) -> list[tuple[Element, Element]]:
    """(1, alpha - f) of batched, then static lookups, (-m, alpha - f) of tables, then (0, 1)."""

    def fraction(numerator: int, table: str, values: list[int]) -> tuple[Element, Element]:
        tag = 1 + list(layout.circuit.tables).index(table)
        f = embed(tag)
        for beta, value in zip(fingerprint.betas, values, strict=False):
            f = add(f, multiply(beta, embed(value)))
        return embed(numerator), subtract(fingerprint.alpha, f)

    result = []
    for kind in (Kind.BATCHED, Kind.STATIC):
        for lookup in layout.circuit.lookups:
            if layout.circuit.columns[lookup.values[0].terms[0].column].kind is kind:
                samples = layout.circuit.samples if kind is Kind.BATCHED else 1
                tuples = [values_of(value, columns, samples).reshape(-1) for value in lookup.values]
                result += [fraction(1, lookup.table, [int(v) for v in entry]) for entry in zip(*tuples, strict=True)]
    for table in layout.circuit.tables.values():
        counts = columns[multiplicity(table.name)]
        rows = zip(counts, table.entries, strict=True)
        result += [fraction(-int(m), table.name, [int(v) for v in entry]) for m, entry in rows]
    return result + [(ZERO, ONE)] * ((1 << layout.tree_depth) - len(result))


def wrong_claims(layout: Layout, columns: dict[str, Integers], values: tuple[Element, Element], at: Any) -> list[str]:
    fingerprint, point = at
    channel = plain_verifier([])
    claims = leaf_claims(channel, layout, fingerprint, point, known(values[0]), known(values[1]))
    return false_claims(layout, columns, [point[: layout.circuit.sample_bits]], claims)


@pytest.mark.parametrize("name", [*CASES, *GATHERED, BY_HAND])
def test_claims_are_true_of_the_leaves_and_false_of_others(name: str) -> None:
    layout, columns = case_of(name)
    fingerprint = Fingerprint(alpha=random_element(), betas=random_elements(layout.arity))
    point = random_elements(layout.tree_depth)
    weights = arrays.equality_table(point)
    all_leaves = leaves(layout, columns, fingerprint)
    values = [arrays.dot(weights, arrays.from_elements(list(side))) for side in zip(*all_leaves, strict=True)]
    at, both = (fingerprint, point), (values[0], values[1])
    assert wrong_claims(layout, columns, both, at) == []
    assert wrong_claims(layout, columns, (add(values[0], ONE), values[1]), at) == ["lookup/numerators"]
    assert wrong_claims(layout, columns, (values[0], add(values[1], ONE)), at) == ["lookup/denominators"]
    looked_up = {term.column for lookup in layout.circuit.lookups for value in lookup.values for term in value.terms}
    for column in layout.circuit.columns.values():
        if column.kind is Kind.PUBLIC:
            continue
        changed = dict(columns)
        changed[column.name] = columns[column.name].copy()
        # Its last cell, but for a position that no gather reads.
        changed[column.name].reshape(-1)[0 if column.name == "b" else -1] += 1
        expected = ["lookup/denominators"] if column.name in looked_up else []
        if column.name.startswith("multiplicity"):
            expected = ["lookup/numerators"]
        assert wrong_claims(layout, changed, both, at) == expected, column.name


@pytest.mark.parametrize("name", [*CASES, *GATHERED, BY_HAND])
def test_claims_are_true_at_the_end_of_the_tree(name: str) -> None:
    layout, columns = case_of(name)
    fingerprint = Fingerprint(alpha=random_element(), betas=random_elements(layout.arity))

    def run(columns: dict[str, Integers]) -> list[str]:
        prover = plain_prover()
        prove_fraction_tree(prover, build_tree(layout, fingerprint, read_cells(layout, columns), columns))
        channel = plain_verifier(prover.sent, products=3 * layout.tree_depth - 1)
        point, numerator, denominator = reduce_fraction_tree(channel, layout.tree_depth)
        channel.finish()
        claims = leaf_claims(channel, layout, fingerprint, point, numerator, denominator)
        return false_claims(layout, columns, [point[: layout.circuit.sample_bits]], claims)

    assert run(columns) == []
    for table in layout.circuit.tables:
        changed = dict(columns)
        changed[multiplicity(table)] = columns[multiplicity(table)].copy()
        changed[multiplicity(table)][0] += 1
        with pytest.raises(Rejected, match="sum of all fractions"):
            run(changed)
