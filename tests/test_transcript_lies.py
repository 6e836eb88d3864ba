"""A prover whose transcript leaves an input out, moves it or names it otherwise is rejected, whichever input it is.

The prover is the real one; only what it absorbs differs, so all its challenges behind that are others.
`tests.test_pitfalls_transcript` shows what a forger gains where the verifier leaves an input out as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.cases import Case, random_case
from tests.forgery import OTHER_CHALLENGES, POLICY, reason_of
from zkaudit.prover import prove_columns
from zkaudit.statement import Statement
from zkaudit.transcript import Label, Transcript
from zkaudit.verifier import verify

pytestmark = pytest.mark.lies("fiat-shamir: inputs left out, moved, renamed")

ABSORBED = (
    Label.PROTOCOL,
    Label.WITNESS_ROOT,
    Label.PAD_ROOT,
    Label.STATEMENT,
    Label.CIRCUIT_PADDING,
    Label.CHAIN,
    Label.LOOKUP_GRINDING,
    Label.TREE_ROOT,
    Label.TREE_LAYER,
    Label.ROUND,
    Label.PRODUCT_CLAIMS,
    Label.LINEAR_LEFT,
    Label.LINEAR_CLAIMS,
    Label.FUNCTIONAL_CLAIM,
    Label.OPENING_VALUE,
    Label.OPENING_ROW,
    Label.OPENING_GRINDING,
    Label.PAD_RESPONSES,
)
"""Messages before the last challenge, in order."""

DRAWN = (
    Label.LOOKUP_ALPHA,
    Label.LOOKUP_BETA,
    Label.TREE_COMBINATION,
    Label.TREE_POINT,
    Label.ROUND_POINT,
    Label.PRODUCT_POINT,
    Label.LINEAR_POINT,
    Label.LINK_POINT,
    Label.FUNCTIONAL_COMBINATION,
    Label.BATCH_COMBINATION,
    Label.OPENING_GAMMA,
    Label.OPENING_COLUMNS,
    Label.PAD_LOW_DEGREE,
    Label.PAD_LINEAR,
    Label.PAD_QUADRATIC,
)
"""Challenges, each of which the ones after it depend on."""


@pytest.fixture(scope="module")
def case() -> Case:
    return random_case((3, 2, 3), 3)


def lie_of(case: Case, methods: dict[str, Callable[..., Any]]) -> bytes:
    """A proof by a prover whose transcript has these methods."""
    with pytest.MonkeyPatch.context() as patch:
        for name, method in methods.items():
            patch.setattr(Transcript, name, method)
        return prove_columns(case.statement, case.columns()).proof


absorb, frame = Transcript.absorb, Transcript._frame


def test_every_message_is_absorbed_and_every_challenge_drawn(case: Case) -> None:
    """The two lists have every label that a proof has, but for the claims that this statement has none of."""
    seen: dict[bytes, set[Label]] = {b"M": set(), b"C": set()}

    def record(self: Transcript, kind: bytes, label: Label, length: int) -> None:
        seen[kind].add(label)
        frame(self, kind, label, length)

    lie_of(case, {"_frame": record})
    assert seen[b"M"] - set(ABSORBED) <= {Label.PAD_GRINDING, Label.FUNCTIONAL_SUM}
    assert seen[b"C"] - set(DRAWN) <= {Label.CHAIN, Label.PAD_GRINDING, Label.PAD_COLUMNS, *ABSORBED}


@pytest.mark.parametrize("label", ABSORBED)
def test_a_message_that_is_not_absorbed(case: Case, label: Label) -> None:
    def forgetful(self: Transcript, this: Label, message: bytes) -> None:
        if this is not label:
            absorb(self, this, message)

    assert reason_of(case.statement, lie_of(case, {"absorb": forgetful})) in OTHER_CHALLENGES


@pytest.mark.parametrize("label", ABSORBED)
def test_a_message_that_is_absorbed_after_the_next_one(case: Case, label: Label) -> None:
    """The first message of this label trades places with what comes after it, a message or a challenge."""
    held: dict[int, tuple[Label, bytes]] = {}
    moved = []

    def frame_late(self: Transcript, kind: bytes, this: Label, length: int) -> None:
        frame(self, kind, this, length)
        if id(self) in held and kind == b"C":
            absorb(self, *held.pop(id(self)))

    def absorb_late(self: Transcript, this: Label, message: bytes) -> None:
        if this is label and not moved:
            moved.append(this)
            held[id(self)] = (this, message)
            return
        absorb(self, this, message)
        if id(self) in held:
            absorb(self, *held.pop(id(self)))

    proof = lie_of(case, {"absorb": absorb_late, "_frame": frame_late})
    assert reason_of(case.statement, proof) in OTHER_CHALLENGES


@pytest.mark.parametrize("label", ABSORBED)
def test_a_message_under_another_label_or_with_another_end(case: Case, label: Label) -> None:
    other = Label.PAD_GRINDING if label is not Label.PAD_GRINDING else Label.PROTOCOL

    def renamed(self: Transcript, this: Label, message: bytes) -> None:
        absorb(self, other if this is label else this, message)

    def longer(self: Transcript, this: Label, message: bytes) -> None:
        absorb(self, this, message + b"\0" if this is label else message)

    for method in (renamed, longer):
        assert reason_of(case.statement, lie_of(case, {"absorb": method})) in OTHER_CHALLENGES


@pytest.mark.parametrize("label", DRAWN)
def test_a_challenge_that_later_ones_do_not_depend_on(case: Case, label: Label) -> None:
    def forgetful(self: Transcript, this: Label) -> bytes:
        self._frame(b"C", this, 0)
        seed = self._state.digest()
        if this is not label:
            self._state.update(seed)
        return seed

    assert reason_of(case.statement, lie_of(case, {"challenge_bytes": forgetful})) in OTHER_CHALLENGES


def test_every_part_of_the_statement(case: Case) -> None:
    describe = Statement._description
    parts = list(describe(case.statement))
    assert len(parts) >= 12
    for part in parts:
        for change in ("left out", "exchanged"):

            def other(self: Statement, part: str = part, change: str = change) -> dict[str, object]:
                description = describe(self)
                value = description.pop(part)
                return description if change == "left out" else description | {part: [value]}

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(Statement, "_description", other)
                proof = prove_columns(case.statement, case.columns()).proof
            assert reason_of(case.statement, proof) in OTHER_CHALLENGES


def test_without_a_lie_the_proof_is_accepted(case: Case) -> None:
    verify(case.statement, lie_of(case, {"absorb": absorb}), POLICY)
