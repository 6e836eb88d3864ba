"""Functionals: claims that are true of columns which satisfy them, and false of others."""

from __future__ import annotations

import numpy as np
import pytest

from tests.cases import cells, random_case
from tests.plain import false_claims, plain_prover, plain_verifier
from tests.views import random_elements
from zkaudit.builder import CircuitBuilder
from zkaudit.errors import Rejected
from zkaudit.field import arrays
from zkaudit.field.extension import ONE, ZERO, Element, add, embed, multiply
from zkaudit.field.koalabear import MODULUS
from zkaudit.functionals.prover import batched_sum, prove_functionals
from zkaudit.functionals.verifier import functional_weight, reduce_functionals
from zkaudit.layout import Layout
from zkaudit.opening.claims import Claim
from zkaudit.relation import Functional, Integers, Interval, Kind

BYTE = Interval(low=-128, high=127)
Case = tuple[Layout, dict[str, Integers]]


def several(sample_bits: int, samples: int) -> Case:
    """Four functionals over three columns of other sizes: two without a static part, and one that reads twice."""
    builder = CircuitBuilder(sample_bits=sample_bits)
    generator = np.random.default_rng(samples)
    columns: dict[str, Integers] = {}
    for name, positions in (("unread", 2), ("a", 3), ("b", 1), ("c", 5)):
        builder.add_column(name, Kind.BATCHED, positions, BYTE)
        columns[name] = generator.integers(-128, 128, (positions, 1 << sample_bits))
    for name, positions in (("s", 4), ("u", 1)):
        builder.add_column(name, Kind.STATIC, positions, BYTE)
        columns[name] = generator.integers(-128, 128, positions)

    def chosen(positions: int, count: int = samples) -> Integers:
        return generator.integers(0, positions, count)

    twice = chosen(3)
    # Two cells of one sample, a sample left out, and weights of either sign.
    places = np.array([[4, 0], [1, 0], *([[2, samples - 1]] if samples > 1 else [])])
    weights = generator.integers(-900, 900, max(len(places), samples))
    weighted = cells("c", places[:, 0], places[:, 1], weights[: len(places)])
    for name, batched, static in (
        ("public", (cells("c", chosen(5)),), ()),
        ("both", (cells("a", chosen(3)), cells("c", chosen(5))), (("s", 1, (3, -1)), ("u", 0, (-7,)))),
        ("again", (cells("b", chosen(1)), cells("a", chosen(3, 1))), (("u", 0, (2,)),)),
        ("twice", (cells("a", twice), cells("a", twice), cells("b", chosen(1)), cells("c", chosen(5))), ()),
        ("weighted", (weighted, cells("a", twice, weights=weights[:samples] * 5)), (("s", 0, (1,)),)),
        ("static", (), (("s", 2, (4, 5)), ("u", 0, (-1,)))),
    ):
        value = sum(
            int(w) * int(columns[c.column][p, n])
            for c in batched
            for p, n, w in zip(c.positions, c.samples, c.weights, strict=True)
        )
        functional = Functional(name=name, gadget="test", batched=batched, static=static, constant=0)
        assert batched_sum(functional, columns) == value % MODULUS
        for column, start, coefficients in static:
            value += sum(k * int(columns[column][start + i]) for i, k in enumerate(coefficients))
        builder.add_functional(Functional(name=name, gadget="test", batched=batched, static=static, constant=-value))
    return Layout(builder.build()), columns


def network(claim: str) -> Case:
    case = random_case((3, 2, 3), 5, claim=claim)
    return case.statement.layout, case.columns()


CASES: dict[str, Case] = {
    "threshold": network("correct >= 1"),
    "exact": network("correct == 3"),
    "several": several(2, 4),
    "several with padding": several(3, 5),
    "several on one sample": several(0, 1),
}


def messages(layout: Layout, columns: dict[str, Integers]) -> list[Element]:
    prover = plain_prover()
    prove_functionals(prover, layout, columns)
    return prover.sent


def reduce(layout: Layout, sent: list[Element]) -> tuple[list[Element], list[Claim]]:
    channel = plain_verifier(sent)
    point, claims = reduce_functionals(channel, layout, 0)
    channel.finish()
    assert len(point) == layout.circuit.sample_bits
    return point, claims


@pytest.mark.parametrize("name", CASES)
def test_claims_are_true_of_honest_columns(name: str) -> None:
    layout, columns = CASES[name]
    point, claims = reduce(layout, messages(layout, columns))
    assert false_claims(layout, columns, [point], claims) == []
    static = [f"{f.name}/static part" for f in layout.circuit.functionals if f.static]
    assert [claim.name for claim in claims] == [*static, "functionals/cells"]


@pytest.mark.parametrize("name", CASES)
def test_a_wrong_witness_is_refused_or_leaves_a_false_claim(name: str) -> None:
    layout, columns = CASES[name]
    for functional in layout.circuit.functionals:
        read = [
            (c.column, (int(p), int(n)))
            for c in functional.batched
            for p, n, w in zip(c.positions, c.samples, c.weights, strict=True)
            if n < 2 and w
        ]
        read += [(c, (start,)) for c, start, _ in functional.static]
        for column, place in read:
            changed = dict(columns)
            changed[column] = columns[column].copy()
            changed[column][place] += 1
            if not functional.static:
                with pytest.raises(Rejected, match="functionals/sum"):
                    reduce(layout, messages(layout, changed))
                continue
            try:
                point, claims = reduce(layout, messages(layout, changed))
            except Rejected:
                continue  # another functional, without a static part, reads the cell too
            assert f"{functional.name}/static part" in false_claims(layout, changed, [point], claims)


@pytest.mark.parametrize("name", ["several with padding", "threshold"])
def test_claims_are_false_of_other_columns(name: str) -> None:
    layout, columns = CASES[name]
    point, claims = reduce(layout, messages(layout, columns))
    for column in layout.functional_positions:
        changed = dict(columns)
        changed[column] = columns[column].copy()
        changed[column][-1, -1] += 1  # a padding sample: not chosen, and yet a cell of the stacked columns
        assert false_claims(layout, changed, [point], claims) == ["functionals/cells"]


@pytest.mark.parametrize("name", ["several", "several on one sample", "exact"])
def test_changed_messages_are_refused_or_leave_a_false_claim(name: str) -> None:
    layout, columns = CASES[name]
    sent = messages(layout, columns)
    for place in range(len(sent)):
        changed = [*sent[:place], add(sent[place], ONE), *sent[place + 1 :]]
        with pytest.raises(Rejected, match="functionals/sum"):
            reduce(layout, changed)


def test_padding_samples_weigh_nothing() -> None:
    layout, columns = CASES["several with padding"]
    for functional in layout.circuit.functionals:
        before = batched_sum(functional, columns)
        changed = {name: cells.copy() for name, cells in columns.items()}
        for chosen in functional.batched:
            changed[chosen.column][:, 5:] += 100
        assert batched_sum(functional, changed) == before


@pytest.mark.parametrize("name", CASES)
def test_weight_is_the_extension_of_the_choice(name: str) -> None:
    layout, _ = CASES[name]
    kappas = random_elements(len(layout.circuit.functionals))
    point = random_elements(layout.functional_variables)
    expected = ZERO
    for kappa, functional in zip(kappas, layout.circuit.functionals, strict=True):
        for chosen in functional.batched:
            first = layout.functional_positions[chosen.column]
            for position, sample, weight in zip(chosen.positions, chosen.samples, chosen.weights, strict=True):
                index = (first + int(position) << layout.circuit.sample_bits) + int(sample)
                factor = multiply(kappa, embed(int(weight)))
                expected = add(expected, multiply(factor, arrays.equality_at(point, index)))
    assert functional_weight(layout, kappas, point) == expected
