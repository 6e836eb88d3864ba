"""The sumcheck verifier against sums over the hypercube, cell by cell."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.plain import plain_prover, plain_verifier
from tests.views import random_element, random_elements
from zkaudit.field import arrays
from zkaudit.field.extension import ONE, ZERO, Element, add, embed, multiply, subtract
from zkaudit.masking import Affine, Plan, ProverChannel, VerifierChannel, known
from zkaudit.sumcheck.verifier import prefix_sum, reduce_sumcheck
from zkaudit.transcript import Label, Transcript


def polynomial_product(a: list[Element], b: list[Element]) -> list[Element]:
    result = [ZERO] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            result[i + j] = add(result[i + j], multiply(x, y))
    return result


def total(factors: list[list[Element]]) -> Element:
    """sum_x prod_k factor_k(x)."""
    result = ZERO
    for values in zip(*factors, strict=True):
        product = ONE
        for value in values:
            product = multiply(product, value)
        result = add(result, product)
    return result


def prove(
    channel: ProverChannel,
    factors: list[list[Element]],
    change: Callable[[int, list[Element]], list[Element]] = lambda _, polynomial: polynomial,
) -> None:
    """The round polynomials of `total`, top variable first; `change` may replace one."""
    for index in range(len(factors[0]).bit_length() - 1):
        half = len(factors[0]) // 2
        polynomial = [ZERO] * (len(factors) + 1)
        for x in range(half):
            product = [ONE]
            for values in factors:
                product = polynomial_product(product, [values[x], subtract(values[x + half], values[x])])
            polynomial = [add(a, b) for a, b in zip(polynomial, product, strict=True)]
        polynomial = change(index, polynomial)
        channel.send(Label.ROUND, [polynomial[0], *polynomial[2:]])
        r = channel.challenge(Label.ROUND_POINT)
        factors = [
            [add(v[x], multiply(r, subtract(v[x + half], v[x]))) for x in range(half)] for v in factors
        ]  # fmt: skip


def extension_at(values: list[Element], point: list[Element]) -> Element:
    return arrays.dot(arrays.from_elements(values), arrays.equality_table(point))


@pytest.mark.parametrize("degree", [2, 3])
@pytest.mark.parametrize("variables", [0, 1, 2, 4])
def test_claim_becomes_the_product_at_the_point(variables: int, degree: int) -> None:
    factors = [random_elements(1 << variables) for _ in range(degree)]
    prover = plain_prover()
    prove(prover, factors)
    assert len(prover.sent) == variables * degree
    channel = plain_verifier(prover.sent)
    point, value = reduce_sumcheck(channel, known(total(factors)), variables, degree)
    assert len(point) == variables
    assert value == known(total([[extension_at(f, point)] for f in factors]))
    channel.finish()


@pytest.mark.parametrize("degree", [2, 3])
def test_wrong_claims_and_wrong_rounds_end_in_wrong_values(degree: int) -> None:
    factors = [random_elements(8) for _ in range(degree)]
    honest = total(factors)

    def holds(claim: Element, round_index: int | None = None, place: int = 0) -> bool:
        def change(index: int, polynomial: list[Element]) -> list[Element]:
            return [add(c, ONE) if (index, k) == (round_index, place) else c for k, c in enumerate(polynomial)]

        prover = plain_prover()
        prove(prover, factors, change)
        point, value = reduce_sumcheck(plain_verifier(prover.sent), known(claim), 3, degree)
        return value.constant == total([[extension_at(f, point)] for f in factors])

    assert holds(honest)
    assert not holds(add(honest, ONE))
    for index in range(3):
        assert holds(honest, index, 1)  # the linear coefficient is not sent
        for place in (0, *range(2, degree + 1)):
            assert not holds(honest, index, place)


def test_hidden_run_is_the_plain_one_plus_pads() -> None:
    factors = [random_elements(8) for _ in range(3)]
    plan = Plan()
    plan.rounds(3, 3)
    pads = random_elements(9)
    prover = ProverChannel(Transcript("hidden"), pads)
    prove(prover, factors)
    channel = VerifierChannel(Transcript("hidden"), prover.sent, plan)
    point, value = reduce_sumcheck(channel, known(total(factors)), 3, 3)
    expected = total([[extension_at(f, point)] for f in factors])
    channel.require_zero("value", channel.combine([(ONE, value)], subtract(ZERO, expected)))
    gradient, constant = channel.tape.gradient([ONE])
    assert constant != ZERO
    assert add(constant, arrays.dot(arrays.from_elements(gradient), arrays.from_elements(pads))) == ZERO


@given(st.integers(0, 5), st.data())
@settings(max_examples=60, deadline=None)
def test_prefix_sum_is_the_sum(variables: int, data: st.DataObject) -> None:
    length = data.draw(st.integers(0, (1 << variables) + 2))
    point = data.draw(st.sampled_from([random_elements(variables), [ZERO] * variables, [ONE] * variables]))
    expected = ZERO
    for index in range(min(length, 1 << variables)):
        expected = add(expected, arrays.equality_at(point, index))
    assert prefix_sum(point, length) == expected


def test_prefix_sum_at_corners_says_whether_an_index_is_below() -> None:
    for length in range(9):
        for index in range(8):
            corner = [embed(index >> bit & 1) for bit in range(3)]
            assert prefix_sum(corner, length) == (ONE if index < length else ZERO)


def test_rounds_are_read_one_by_one() -> None:
    """Each challenge is drawn after its own round polynomial and before the next one."""
    events: list[str] = []

    class Channel(VerifierChannel):
        def receive(self, label: Label, count: int) -> list[Affine]:
            events.append(f"{label.value} {count}")
            return super().receive(label, count)

        def challenge(self, label: Label) -> Element:
            events.append(label.value)
            return super().challenge(label)

    plan = Plan()
    plan.rounds(2, 3)
    channel = Channel(Transcript("rounds"), random_elements(6), plan)
    reduce_sumcheck(channel, known(random_element()), 2, 3)
    assert events == ["round polynomial 3", "round challenge"] * 2
