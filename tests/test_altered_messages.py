"""A prover that alters what it sends is rejected, although all that follows is computed from the altered transcript."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import zkaudit.prover
from tests.cases import random_case
from tests.forgery import (
    POLICY,
    LyingProver,
    reason_of,
    refusal,
)
from tests.networks import network
from zkaudit.errors import Reason, Rejected
from zkaudit.field import arrays
from zkaudit.field.arrays import Array
from zkaudit.field.extension import Element
from zkaudit.field.koalabear import MODULUS, inverse
from zkaudit.masking import Tape
from zkaudit.opening.prover import combined_row
from zkaudit.opening.verifier import CombinedRow
from zkaudit.pads.messages import TableauChallenges, TableauLayout
from zkaudit.pads.messages import TableauResponses as Responses
from zkaudit.pads.prover import PadTableau
from zkaudit.prover import prove_columns
from zkaudit.transcript import Label
from zkaudit.verifier import verify

MESSAGE_LABELS = {
    Label.TREE_ROOT,
    Label.TREE_LAYER,
    Label.ROUND,
    Label.PRODUCT_CLAIMS,
    Label.LINEAR_LEFT,
    Label.LINEAR_CLAIMS,
    Label.FUNCTIONAL_SUM,
    Label.FUNCTIONAL_CLAIM,
    Label.OPENING_VALUE,
}
"""Every message that goes out under pads."""


@pytest.mark.lies("message: altered by the prover")
@pytest.mark.parametrize("name", ["dense", "residual, gate, table and views"])
def test_every_kind_of_message_altered_as_it_is_sent(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One element is off by one, all that follows is computed honestly from the challenges that follow it."""
    case = random_case((3, 3, 3), samples=5) if name == "dense" else network(name)
    columns = case.columns()
    honest = LyingProver()
    proof = honest.prove(monkeypatch, case.statement, columns)
    verify(case.statement, proof, POLICY)
    assert set(honest.labels) == MESSAGE_LABELS
    tried = 0
    for places in honest.labels.values():
        for place in sorted({places[0], places[1 % len(places)], places[len(places) // 2], places[-1]}):
            lie = LyingProver(places=frozenset({place})).prove(monkeypatch, case.statement, columns)
            assert reason_of(case.statement, lie) is Reason.PAD_LINEAR
            tried += 1
    assert tried >= 20


@pytest.mark.lies("message: altered by the prover")
@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ("low_degree", Reason.PAD_LOW_DEGREE),
        ("linear", Reason.PAD_LINEAR),
        ("quadratic", Reason.PAD_QUADRATIC),
    ],
)
def test_every_response_of_the_pad_tests_altered_as_it_is_sent(
    monkeypatch: pytest.MonkeyPatch, part: str, reason: Reason
) -> None:
    case = random_case((3, 3, 3), samples=5)
    honest_respond = PadTableau.respond
    for place in (0, 1, 40, -1):

        def respond(self: PadTableau, challenges: TableauChallenges, weights: Array, place: int = place) -> Responses:
            responses = honest_respond(self, challenges, weights)
            values = getattr(responses, part).copy()
            values[0, place] = (values[0, place] + 1) % MODULUS
            return replace(responses, **{part: values})

        with monkeypatch.context() as patch:
            patch.setattr(PadTableau, "respond", respond)
            proof = prove_columns(case.statement, case.columns()).proof
        assert reason_of(case.statement, proof) is reason


@pytest.mark.lies("message: altered by the prover")
def test_a_linear_response_that_sums_to_the_target_of_a_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sum over the message subgroup is made right, so only the opened columns tell."""
    case = random_case((3, 2), samples=9, claim="correct == 9")
    columns = case.columns()
    targets = []
    honest_combine, honest_respond = TableauLayout.combine_constraints, PadTableau.respond

    def combine(self: TableauLayout, tape: Tape, coefficients: list[Element]) -> tuple[Array, Element]:
        weights, target = honest_combine(self, tape, coefficients)
        targets.append(target)
        return weights, target

    def respond(self: PadTableau, challenges: TableauChallenges, weights: Array) -> Responses:
        responses = honest_respond(self, challenges, weights)
        width = self.layout.oracle.message
        linear = responses.linear.copy()
        missing = arrays.from_elements([targets[-1]])[:, 0] * np.uint64(inverse(width)) % np.uint64(MODULUS)
        others = linear[:, width::width].sum(axis=1) % np.uint64(MODULUS)
        linear[:, 0] = (missing + np.uint64(MODULUS) - others) % np.uint64(MODULUS)
        return replace(responses, linear=linear)

    with monkeypatch.context() as patch:
        patch.setattr(TableauLayout, "combine_constraints", combine)
        patch.setattr(PadTableau, "respond", respond)
        proof = prove_columns(case.statement, columns).proof
    error = refusal(case.statement, proof)
    assert isinstance(error, Rejected)
    assert error.reason is Reason.PAD_LINEAR
    assert error.where.startswith("pad column")


@pytest.mark.lies("message: altered by the prover")
def test_a_combined_row_altered_as_it_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    case = random_case((3, 3, 3), samples=5)
    for part, place in (("cells", 0), ("cells", -1), ("pads", 0), ("pads", -1)):

        def altered(*arguments: Any, part: str = part, place: int = place) -> CombinedRow:
            row = combined_row(*arguments)
            values = getattr(row, part).copy()
            values[2, place] = (values[2, place] + 1) % MODULUS
            return replace(row, **{part: values})

        with monkeypatch.context() as patch:
            patch.setattr(zkaudit.prover, "combined_row", altered)
            proof = prove_columns(case.statement, case.columns()).proof
        assert reason_of(case.statement, proof) is Reason.WITNESS_OPENING
