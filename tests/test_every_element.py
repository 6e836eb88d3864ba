"""Every element of every part of a proof: altered, moved, left out or sent twice, it is refused for the reason it has.

The profile asks for so much grinding that a message that changes the challenges is refused for that, never by chance
for what comes after.
Lies about parts behind the interactive part run the real verifier from a copy of its state there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import zkaudit.verifier
from tests.cases import Case, random_case
from tests.forgery import field_of, reason_of, replaced, with_field
from zkaudit.errors import Reason
from zkaudit.field.koalabear import MODULUS
from zkaudit.masking import Tape, VerifierChannel
from zkaudit.parameters import PROFILES, TEST_INSECURE
from zkaudit.prover import prove_columns
from zkaudit.verifier import Policy, verify

GRINDING = dataclasses.replace(
    TEST_INSECURE, name="test-grinding", grinding_bits=24, target_bits=42, pad_target_bits=46
)
"""A wrong challenge passes with probability 2^-24, 0.0002 over all lies of this file."""

pytestmark = pytest.mark.usefixtures("profile")


@pytest.fixture(scope="module")
def profile() -> Iterator[None]:
    """The profile and the policy that admits it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PROFILES, GRINDING.name, GRINDING)
        patch.setattr("tests.forgery.POLICY", Policy(minimum_bits=0, profiles=(GRINDING.name,)))
        yield


@pytest.fixture(scope="module")
def honest(profile: None) -> tuple[Case, bytes]:
    """A small statement and a true proof."""
    case = random_case((2, 2), 2, profile=GRINDING.name)
    return case, prove_columns(case.statement, case.columns()).proof


@pytest.fixture
def resumed(honest: tuple[Case, bytes]) -> Iterator[None]:
    """The verifier goes on from a copy of what its interactive part left on the honest messages."""
    case, proof = honest
    kept: list[Any] = []
    reduce_statement, reduce_claims = zkaudit.verifier.reduce_statement, zkaudit.verifier.reduce_claims

    def first(channel: VerifierChannel, *arguments: Any) -> Any:
        if not kept:
            return reduce_statement(channel, *arguments)
        return None

    def second(channel: VerifierChannel, *arguments: Any) -> Any:
        if not kept:
            evaluation = reduce_claims(channel, *arguments)
            kept.append((evaluation, snapshot(channel)))
            return evaluation
        evaluation, state = kept[0]
        resume(channel, state)
        return evaluation

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zkaudit.verifier, "reduce_statement", first)
        patch.setattr(zkaudit.verifier, "reduce_claims", second)
        for _ in range(2):
            verify(case.statement, proof, Policy(minimum_bits=0, profiles=(GRINDING.name,)))
        yield


def snapshot(channel: VerifierChannel) -> dict[str, Any]:
    return {
        "state": channel.transcript._state.copy(),
        "nodes": list(channel.tape._nodes),
        "forms": list(channel.tape.constraints),
        "counts": (channel._received, channel._multiplied),
    }


def resume(channel: VerifierChannel, state: dict[str, Any]) -> None:
    channel.transcript._state = state["state"].copy()
    tape = Tape(channel._plan)
    tape._nodes = list(state["nodes"])
    tape.constraints[:] = state["forms"]
    channel.tape = tape
    channel._received, channel._multiplied = state["counts"]


def other_residue(data: bytes, place: int, step: int = 1) -> bytes:
    """One residue is another one."""
    word = (int.from_bytes(data[4 * place : 4 * place + 4], "big") + step) % MODULUS
    return data[: 4 * place] + word.to_bytes(4, "big") + data[4 * place + 4 :]


@pytest.mark.lies("message: altered in the file")
def test_every_element_of_every_message(honest: tuple[Case, bytes]) -> None:
    case, proof = honest
    count = case.statement.layout.full_plan.elements
    for element in range(count):
        place = 5 * element + element % 5
        altered = with_field(proof, "messages", lambda data, place=place: other_residue(data, place))
        assert reason_of(case.statement, altered) is Reason.GRINDING
    assert 5 * count == len(field_of(proof, "messages")) // 4


@pytest.mark.lies("message: of another length")
@pytest.mark.parametrize("name", ["messages", "row", "responses"])
def test_every_element_left_out_or_sent_twice(honest: tuple[Case, bytes], resumed: None, name: str) -> None:
    case, proof = honest
    data = field_of(proof, name)
    for start in range(0, len(data), 20):
        for other in (data[:start] + data[start + 20 :], data[: start + 20] + data[start:]):
            assert reason_of(case.statement, replaced(proof, name, other)) is Reason.WRONG_LENGTH


@pytest.mark.lies("message: altered in the file")
@pytest.mark.parametrize("name", ["row", "responses"])
def test_every_element_of_row_and_responses(honest: tuple[Case, bytes], resumed: None, name: str) -> None:
    """Each is absorbed before the columns are drawn, so the proof of work for them is another."""
    case, proof = honest
    data = field_of(proof, name)
    for element in range(len(data) // 20):
        altered = other_residue(data, 5 * element + element % 5, 1 + element)
        assert reason_of(case.statement, replaced(proof, name, altered)) is Reason.GRINDING


@pytest.mark.lies("message: altered in the file")
@pytest.mark.parametrize("name", ["row", "responses"])
def test_neighbouring_elements_exchanged(honest: tuple[Case, bytes], resumed: None, name: str) -> None:
    case, proof = honest
    data = field_of(proof, name)
    for start in range(0, len(data) - 20, 60):
        other = data[:start] + data[start + 20 : start + 40] + data[start : start + 20] + data[start + 40 :]
        assert reason_of(case.statement, replaced(proof, name, other)) is Reason.GRINDING


@pytest.mark.lies("merkle: roots, columns, paths")
@pytest.mark.parametrize("oracle", ["witness", "pads"])
def test_every_opened_column_salt_and_digest(honest: tuple[Case, bytes], resumed: None, oracle: str) -> None:
    """Cells one by one, salts and digests bit by bit."""
    case, proof = honest
    cells = field_of(proof, f"{oracle}.cells")
    for place in range(0, len(cells) // 4, 3):
        altered = other_residue(cells, place, 1 + place)
        assert reason_of(case.statement, replaced(proof, f"{oracle}.cells", altered)) is Reason.MERKLE_PATH
    for part in ("salts", "path"):
        data = field_of(proof, f"{oracle}.{part}")
        for place in range(0, len(data), 16):
            altered = data[:place] + bytes([data[place] ^ 1 << place // 16 % 8]) + data[place + 1 :]
            assert reason_of(case.statement, replaced(proof, f"{oracle}.{part}", altered)) is Reason.MERKLE_PATH


@pytest.mark.lies("merkle: roots, columns, paths")
@pytest.mark.parametrize("oracle", ["witness", "pads"])
def test_columns_exchanged_repeated_left_out(honest: tuple[Case, bytes], resumed: None, oracle: str) -> None:
    case, proof = honest
    sizes = case.statement.oracles[0 if oracle == "witness" else 1]
    cells, salts = field_of(proof, f"{oracle}.cells"), field_of(proof, f"{oracle}.salts")
    width = len(cells) // sizes.pads

    def with_columns(order: list[int]) -> bytes:
        moved = b"".join(cells[i * width : (i + 1) * width] for i in order)
        own = b"".join(salts[32 * i : 32 * i + 32] for i in order)
        return replaced(replaced(proof, f"{oracle}.cells", moved), f"{oracle}.salts", own)

    every = list(range(sizes.pads))
    for place in every:
        exchanged, repeated = every.copy(), every.copy()
        other = (place + 1) % sizes.pads
        exchanged[place], exchanged[other] = other, place
        repeated[place] = other
        for order in (exchanged, repeated):
            assert reason_of(case.statement, with_columns(order)) is Reason.MERKLE_PATH
        for order in (every[:place] + every[place + 1 :], [*every, place]):
            assert reason_of(case.statement, with_columns(order)) is Reason.WRONG_LENGTH


@pytest.mark.lies("merkle: roots, columns, paths")
@pytest.mark.parametrize("oracle", ["witness", "pads"])
def test_digests_left_over_missing_or_moved(honest: tuple[Case, bytes], resumed: None, oracle: str) -> None:
    case, proof = honest
    name = f"{oracle}.path"
    path = field_of(proof, name)
    pieces = [path[i : i + 32] for i in range(0, len(path), 32)]
    for place in range(len(pieces)):
        missing, doubled = pieces[:place] + pieces[place + 1 :], pieces[:place] + pieces[place:][:1] + pieces[place:]
        for other in (missing, doubled):
            assert reason_of(case.statement, replaced(proof, name, b"".join(other))) is Reason.WRONG_LENGTH
        moved = pieces.copy()
        moved[place], moved[place - 1] = moved[place - 1], moved[place]
        assert reason_of(case.statement, replaced(proof, name, b"".join(moved))) is Reason.MERKLE_PATH


@pytest.mark.lies("message: altered in the file")
@pytest.mark.parametrize("name", ["lookup_nonce", "witness.nonce", "pads.nonce"])
def test_nonces_that_do_not_reach_the_bits(honest: tuple[Case, bytes], resumed: None, name: str) -> None:
    case, proof = honest
    nonce = field_of(proof, name)
    others = [nonce ^ 1 << bit for bit in range(64)] + [nonce + 1, max(nonce, 1) - 1]
    for other in sorted(set(others) - {nonce}):
        assert reason_of(case.statement, replaced(proof, name, other)) is Reason.GRINDING


@pytest.mark.lies("message: altered in the file")
def test_every_bit_of_the_roots(honest: tuple[Case, bytes]) -> None:
    case, proof = honest
    for name in ("witness_root", "pad_root"):
        root = field_of(proof, name)
        for bit in range(256):
            altered = bytearray(root)
            altered[bit // 8] ^= 1 << bit % 8
            assert reason_of(case.statement, replaced(proof, name, bytes(altered))) is Reason.GRINDING


BINDINGS = {
    "commitment": Reason.WRONG_COMMITMENT,
    "data": Reason.WRONG_DATA,
}


@pytest.mark.lies("claim: count, threshold, labels, data")
@pytest.mark.parametrize("name", BINDINGS)
def test_every_bit_of_the_bindings(honest: tuple[Case, bytes], name: str) -> None:
    case, proof = honest
    digest = field_of(proof, name)
    for bit in range(256):
        altered = bytearray(digest)
        altered[bit // 8] ^= 1 << bit % 8
        assert reason_of(case.statement, replaced(proof, name, bytes(altered))) is BINDINGS[name]


@pytest.mark.lies("file: second encodings")
@pytest.mark.parametrize("name", ["messages", "row", "responses", "witness.cells", "pads.cells"])
def test_every_residue_that_has_a_second_encoding(honest: tuple[Case, bytes], resumed: None, name: str) -> None:
    case, proof = honest
    data = field_of(proof, name)
    for place in range(0, len(data) // 4, 5):
        word = int.from_bytes(data[4 * place : 4 * place + 4], "big") + MODULUS
        altered = data[: 4 * place] + word.to_bytes(4, "big") + data[4 * place + 4 :]
        assert reason_of(case.statement, replaced(proof, name, altered)) is Reason.NON_CANONICAL


def test_a_resumed_verifier_is_the_whole_one(honest: tuple[Case, bytes], resumed: None) -> None:
    """The same reasons on the same lies, whether the interactive part runs again or not."""
    case, proof = honest
    changes: dict[str, Callable[[bytes], bytes]] = {
        "row": lambda data: other_residue(data, 7),
        "responses": lambda data: other_residue(data, 1),
        "witness.cells": lambda data: other_residue(data, 2),
        "pads.path": lambda data: bytes(len(data)),
    }
    lies = {name: with_field(proof, name, change) for name, change in changes.items()}
    short = {name: reason_of(case.statement, lie) for name, lie in lies.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zkaudit.verifier, "reduce_statement", original("reduction", "reduce_statement"))
        patch.setattr(zkaudit.verifier, "reduce_claims", original("opening.verifier", "reduce_claims"))
        assert short == {name: reason_of(case.statement, lie) for name, lie in lies.items()}


def original(module: str, name: str) -> Any:
    return getattr(__import__(f"zkaudit.{module}", fromlist=[name]), name)


def test_alterations_are_other_values() -> None:
    data = np.arange(10, dtype=">u4").tobytes()
    assert all(other_residue(data, place, 1 + place) != data for place in range(10))
