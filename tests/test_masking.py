"""Affine expressions in pads, and the two ends of the padded transcript."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cases import random_case
from tests.plain import false_claims
from tests.views import random_element, random_elements
from zkaudit import prover
from zkaudit.errors import Reason, Rejected
from zkaudit.field import arrays
from zkaudit.field.extension import ONE, ZERO, Element, add, multiply, negate, subtract
from zkaudit.masking import Affine, Plan, ProverChannel, Tape, VerifierChannel, known
from zkaudit.opening.claims import Claim
from zkaudit.opening.verifier import reduce_claims
from zkaudit.pads.prover import PadTableau
from zkaudit.proof import decode, elements
from zkaudit.prover import prove_columns
from zkaudit.reduction import reduce_statement
from zkaudit.relation import Integers
from zkaudit.transcript import Label, Transcript
from zkaudit.verifier import verify_grinding
from zkaudit_circuits.argmax import MAXIMUM


def leaves_of(plan: Plan, pads: list[Element]) -> list[Element]:
    """Pads and product pads."""
    return [*pads, *(multiply(pads[left], pads[right]) for left, right in plan.products)]


def evaluate(tape: Tape, leaves: list[Element], expression: Affine) -> Element:
    """An expression at given pads, forwards."""
    values = list(leaves)
    for node in tape._nodes:
        total = ZERO
        for place, factor in node:
            total = add(total, multiply(factor, values[place]))
        values.append(total)
    return expression.constant if expression.node is None else add(expression.constant, values[expression.node])


@given(st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_gradient_is_the_combination_of_all_constraints(seed: int) -> None:
    generator = random.Random(seed)
    plan = Plan()
    plan.message(generator.randrange(2, 6))
    plan.product(0, 1)
    channel = VerifierChannel(Transcript("gradient"), random_elements(plan.elements), plan)
    received = channel.receive(Label.ROUND, plan.elements)
    expressions = [*received, channel.multiply(received[0], received[1]), known(random_element())]
    for _ in range(generator.randrange(8)):
        chosen = generator.choices(expressions, k=generator.randrange(4))
        expressions.append(channel.combine([(random_element(), e) for e in chosen], random_element()))
    hidden = [e for e in expressions if e.node is not None]
    # What is known to be zero holds at once, and still takes a coefficient.
    channel.require_zero("known", known(ZERO))
    for _ in range(generator.randrange(1, 5)):
        channel.require_zero("some", generator.choice(hidden))
    leaves = leaves_of(plan, random_elements(plan.elements))
    coefficients = random_elements(len(channel.tape.constraints))
    gradient, constant = channel.tape.gradient(coefficients)
    assert len(gradient) == len(leaves)
    expected = ZERO
    for coefficient, form in zip(coefficients, channel.tape.constraints, strict=True):
        expected = add(expected, multiply(coefficient, evaluate(channel.tape, leaves, form)))
    assert expected == add(constant, arrays.dot(arrays.from_elements(gradient), arrays.from_elements(leaves)))


def pair() -> tuple[Plan, list[Element], list[Element], list[Element]]:
    """A plan of two factors; values, pads, and what is sent."""
    plan = Plan()
    plan.product(plan.message(2), 1)
    values, pads = random_elements(2), random_elements(2)
    channel = ProverChannel(Transcript("pair"), pads)
    channel.send(Label.LINEAR_CLAIMS, values)
    return plan, values, pads, channel.sent


def test_received_is_known_plus_pad_and_products_are_too() -> None:
    plan, values, pads, sent = pair()
    assert sent == [subtract(v, p) for v, p in zip(values, pads, strict=True)]
    channel = VerifierChannel(Transcript("pair"), sent, plan)
    left, right = channel.receive(Label.LINEAR_CLAIMS, 2)
    leaves = leaves_of(plan, pads)
    assert [evaluate(channel.tape, leaves, e) for e in (left, right)] == values
    product = channel.multiply(left, right)
    assert evaluate(channel.tape, leaves, product) == multiply(*values)
    assert product.constant != multiply(*values)
    channel.finish()


def test_plain_run_computes_the_same_in_clear() -> None:
    plan, values, _, _ = pair()
    channel = VerifierChannel(Transcript("pair"), values, plan, hidden=False)
    product = channel.multiply(*channel.receive(Label.LINEAR_CLAIMS, 2))
    assert product == known(multiply(*values))
    channel.require_zero("product", channel.combine([(ONE, product)], negate(multiply(*values))))
    with pytest.raises(Rejected, match="product") as caught:
        channel.require_zero("product", product)
    assert caught.value.reason is Reason.PAD_LINEAR


def test_both_ends_draw_the_same_challenges() -> None:
    plan, _, pads, sent = pair()
    first = ProverChannel(Transcript("pair"), pads)
    first.send(Label.LINEAR_CLAIMS, [add(s, p) for s, p in zip(sent, pads, strict=True)])
    second = VerifierChannel(Transcript("pair"), sent, plan)
    second.receive(Label.LINEAR_CLAIMS, 2)
    assert first.challenge(Label.ROUND_POINT) == second.challenge(Label.ROUND_POINT)
    assert first.challenges(Label.LINK_POINT, 3) == second.challenges(Label.LINK_POINT, 3)


def test_number_of_messages_is_that_of_the_plan() -> None:
    plan, _, pads, sent = pair()
    for messages in (sent[:1], [*sent, ONE], []):
        with pytest.raises(Rejected, match="messages") as caught:
            VerifierChannel(Transcript("pair"), messages, plan)
        assert caught.value.reason is Reason.WRONG_LENGTH
    with pytest.raises(IndexError):
        ProverChannel(Transcript("pair"), pads).send(Label.ROUND, [ONE] * 3)


def test_a_protocol_that_departs_from_its_plan_is_a_bug() -> None:
    plan, _, _, sent = pair()
    channel = VerifierChannel(Transcript("pair"), sent, plan)
    with pytest.raises(RuntimeError, match="never read"):
        channel.finish()
    left, right = channel.receive(Label.LINEAR_CLAIMS, 2)
    with pytest.raises(RuntimeError, match="never read"):
        channel.finish()
    with pytest.raises(RuntimeError, match="multiplies"):
        channel.multiply(right, left)
    with pytest.raises(RuntimeError, match="no round polynomial"):
        channel.receive(Label.ROUND, 1)
    longer = plan.copy()
    longer.message(1)
    channel = VerifierChannel(Transcript("pair"), [*sent, ONE], longer)
    channel.multiply(*channel.receive(Label.LINEAR_CLAIMS, 2))
    with pytest.raises(RuntimeError, match="never read"):
        channel.finish()


def test_copied_plan_is_independent() -> None:
    plan = Plan()
    plan.rounds(3, 2)
    twin = plan.copy()
    twin.product(twin.message(1), 0)
    assert (plan.elements, plan.products) == (6, [])
    assert (twin.elements, twin.products) == (7, [(6, 0)])


# A whole statement: the constraints hold at the pads of an honest prover, and only there.


def constraints_at_pads(columns_of: Any) -> tuple[list[str], list[str]]:
    """Names of the constraints and of the claims that do not hold at the prover's own pads."""
    case = random_case((3, 2, 3), 3)
    statement, columns = case.statement, columns_of(case.columns())
    kept: list[PadTableau] = []

    def keep(layout: Any) -> PadTableau:
        kept.append(PadTableau(layout))
        return kept[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prover, "PadTableau", keep)
        parts = decode(prove_columns(statement, columns).proof)
    plan = statement.layout.full_plan
    transcript = statement.open_transcript(parts.witness_root, parts.pad_root)
    verify_grinding(transcript, Label.LOOKUP_GRINDING, parts.lookup_nonce, 4)
    channel = VerifierChannel(transcript, elements(parts.messages, plan.elements, "messages"), plan)
    names: list[str] = []
    require_zero = channel.tape.require_zero

    def named(name: str, expression: Affine) -> None:
        names.append(name)
        require_zero(name, expression)

    channel.tape.require_zero = named  # type: ignore[method-assign]
    claims = reduce_statement(channel, statement.layout, statement.dataset.inputs, statement.commitment.value)
    leaves = leaves_of(plan, kept[0].pads)

    def value(expression: Affine) -> Element:
        return evaluate(channel.tape, leaves, expression)

    plain = [Claim(name=c.name, value=known(value(c.value)), terms=c.terms) for c in claims.items]
    wrong = false_claims(statement.layout, columns, claims.sample_points, plain)
    reduce_claims(channel, claims, statement.rows)
    assert len(names) > 10
    return [n for n, form in zip(names, channel.tape.constraints, strict=True) if value(form) != ZERO], wrong


def test_constraints_and_claims_of_an_honest_prover_hold() -> None:
    assert constraints_at_pads(lambda columns: columns) == ([], [])


@pytest.mark.parametrize(
    ("column", "constraint", "claim"),
    [
        ("multiplicity of signed byte", "lookup/sum of all fractions", None),
        ("argmax/prediction", "products/zero-check", None),
        (MAXIMUM, None, "argmax/order/left side"),
        ("randomness", None, "commitment link"),
        ("claim/slack limb 0", None, "claim/correct count/static part"),
    ],
)
def test_a_wrong_cell_violates_a_named_constraint_or_claim(
    column: str, constraint: str | None, claim: str | None
) -> None:
    def change(columns: dict[str, Integers]) -> dict[str, Integers]:
        cells = columns[column].copy()
        cells.reshape(-1)[0] += 1
        return {**columns, column: np.asarray(cells)}

    constraints, claims = constraints_at_pads(change)
    assert constraint is None or constraint in constraints
    assert claim is None or claim in claims
    assert "batching" in constraints or not claims
