"""The claims behind the leaves of the fraction tree, against leaves that are written down one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.cases import random_case
from tests.plain import canonical, false_claims, plain_prover, plain_verifier
from tests.views import random_element, random_elements
from zkaudit.errors import Rejected
from zkaudit.field import arrays
from zkaudit.field.extension import ONE, ZERO, Element, add, embed, multiply, subtract
from zkaudit.layout import Layout
from zkaudit.lookup.claims import Fingerprint, leaf_claims
from zkaudit.lookup.prover import build_tree
from zkaudit.lookup.tree import prove_fraction_tree
from zkaudit.lookup.verifier import reduce_fraction_tree
from zkaudit.masking import known
from zkaudit.products.prover import combination_cells
from zkaudit.relation import Combination, Integers, Kind, multiplicity

CASES: dict[str, dict[str, Any]] = {
    "wide requantisation": {"widths": (3, 2, 3), "samples": 3},
    "narrow requantisation": {"widths": (2, 2, 3), "samples": 300, "shift": 8},
    "no requantisation": {"widths": (3, 3), "samples": 5},
    "one sample, one class": {"widths": (2, 1), "samples": 1},
    "identity": {"widths": (3, 4, 2), "samples": 8, "activation": "identity", "input_interval": (-128, 127)},
}


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
            if layout.circuit.columns[lookup.values[0].terms[0][0]].kind is kind:
                tuples = [
                    sum((columns[name].reshape(-1) * k for name, k in value.terms), np.int64(value.constant))
                    for value in lookup.values
                ]
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


@pytest.mark.parametrize("name", CASES)
def test_claims_are_true_of_the_leaves_and_false_of_others(name: str) -> None:
    case = random_case(**CASES[name])
    layout, columns = case.statement.layout, case.columns()
    fingerprint = Fingerprint(alpha=random_element(), betas=random_elements(layout.arity))
    point = random_elements(layout.tree_depth)
    weights = arrays.equality_table(point)
    all_leaves = leaves(layout, columns, fingerprint)
    values = [arrays.dot(weights, arrays.from_elements(list(side))) for side in zip(*all_leaves, strict=True)]
    at, both = (fingerprint, point), (values[0], values[1])
    assert wrong_claims(layout, columns, both, at) == []
    assert wrong_claims(layout, columns, (add(values[0], ONE), values[1]), at) == ["lookup/numerators"]
    assert wrong_claims(layout, columns, (values[0], add(values[1], ONE)), at) == ["lookup/denominators"]
    looked_up = {name for lookup in layout.circuit.lookups for value in lookup.values for name, _ in value.terms}
    for column in layout.circuit.columns.values():
        if column.kind is Kind.PUBLIC:
            continue
        changed = dict(columns)
        changed[column.name] = columns[column.name].copy()
        changed[column.name].reshape(-1)[-1] += 1
        expected = ["lookup/denominators"] if column.name in looked_up else []
        if column.name.startswith("multiplicity"):
            expected = ["lookup/numerators"]
        assert wrong_claims(layout, changed, both, at) == expected, column.name


@pytest.mark.parametrize("name", CASES)
def test_claims_are_true_at_the_end_of_the_tree(name: str) -> None:
    case = random_case(**CASES[name])
    layout, columns = case.statement.layout, case.columns()
    fingerprint = Fingerprint(alpha=random_element(), betas=random_elements(layout.arity))

    def run(columns: dict[str, Integers]) -> list[str]:
        def read(value: Combination) -> Any:
            return combination_cells(value, lambda c: canonical(columns[c]), columns[value.terms[0][0]].size)

        prover = plain_prover()
        prove_fraction_tree(prover, build_tree(layout, fingerprint, read, columns))
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
