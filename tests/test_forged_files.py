"""A proof file that was altered, or that was made for another statement, is refused and nothing else happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.cases import Case, random_case
from tests.forgery import (
    FIELDS,
    OTHER_CHALLENGES,
    POLICY,
    LyingProver,
    field_of,
    parts_of,
    reason_of,
    refusal,
    relabelled,
    replaced,
    sealed,
    with_field,
)
from zkaudit.claim import parse_claim
from zkaudit.commitment import commit
from zkaudit.errors import InvalidInput, PolicyNotMet, Reason, Rejected
from zkaudit.field.koalabear import MODULUS
from zkaudit.prover import prove_columns
from zkaudit.statement import Statement
from zkaudit.verifier import verify

HONEST = (
    {"widths": (3, 3, 3), "samples": 5, "challenge": bytes(range(32))},
    {"widths": (2, 2), "samples": 1, "claim": "correct == 0", "challenge": b"\xff" * 32},
)
NAMED = {
    "profile": Reason.WRONG_PROFILE,
    "commitment": Reason.WRONG_COMMITMENT,
    "data": Reason.WRONG_DATA,
    "claim": Reason.WRONG_CLAIM,
    "challenge": Reason.WRONG_CHALLENGE,
}
"""Fields that only say what the proof was made for."""

AUTHENTICATED = {
    f"{oracle}.{part}": Reason.MERKLE_PATH for oracle in ("witness", "pads") for part in ("cells", "salts", "path")
}
"""Fields that hash to a root."""


@pytest.fixture(scope="module", params=HONEST, ids=["count hidden", "count public"])
def honest(request: pytest.FixtureRequest) -> tuple[Case, bytes]:
    """A statement and a true proof of it."""
    case = random_case(**request.param)
    proof = prove_columns(case.statement, case.columns()).proof
    verify(case.statement, proof, POLICY)
    return case, proof


def places_in(length: int) -> list[int]:
    """Both ends of a byte string and what lies between, a few bytes in each region."""
    inside = {length // 7, length // 3, length // 2, 2 * length // 3}
    return sorted({0, 1, 3, *inside, length - 20, length - 1} & set(range(length)))


def flipped(place: int, bit: int) -> Callable[[Any], Any]:
    """One bit of a byte string or of a text."""

    def change(value: Any) -> Any:
        data = bytearray(value.encode() if isinstance(value, str) else value)
        data[place] ^= 1 << bit
        return data.decode() if isinstance(value, str) else bytes(data)

    return change


def expected_reasons(name: str) -> set[Reason]:
    """What a changed field can be refused for; a bit can also make a residue too large."""
    if name in NAMED:
        return {NAMED[name]}
    if name in AUTHENTICATED:
        return {AUTHENTICATED[name], Reason.NON_CANONICAL}
    return {*OTHER_CHALLENGES, Reason.NON_CANONICAL}


@pytest.mark.lies("message: altered in the file")
@pytest.mark.parametrize("name", FIELDS)
def test_every_field_altered_and_sealed_again(honest: tuple[Case, bytes], name: str) -> None:
    case, proof = honest
    value = field_of(proof, name)
    changes: list[Callable[[Any], Any]] = []
    if isinstance(value, int):
        changes = [lambda nonce: nonce + 1, lambda nonce: nonce ^ 1 << 63, lambda nonce: (nonce << 8) + 255]
    else:
        changes = [flipped(place, 3 * index % 7) for index, place in enumerate(places_in(len(value)))]
    for change in changes:
        assert reason_of(case.statement, with_field(proof, name, change)) in expected_reasons(name)
    assert len(changes) >= 3


@pytest.mark.lies("message: of another length")
@pytest.mark.parametrize("name", FIELDS)
def test_every_field_of_another_length_or_type(honest: tuple[Case, bytes], name: str) -> None:
    case, proof = honest
    value = field_of(proof, name)
    others: list[Any] = [True, [], {}, [value], -1 if isinstance(value, int) else 1]
    for other in others:
        assert isinstance(refusal(case.statement, replaced(proof, name, other)), InvalidInput)
    if isinstance(value, bytes):
        fixed = name in ("commitment", "data", "challenge", "witness_root", "pad_root")
        for other in (value[:-1], value[4:], value + b"\0", value + bytes(20), b"", value * 2):
            altered = replaced(proof, name, other)
            if name == "challenge" and not other:
                assert reason_of(case.statement, altered) is Reason.WRONG_CHALLENGE
            elif fixed:
                assert isinstance(refusal(case.statement, altered), InvalidInput)
            else:
                assert reason_of(case.statement, altered) is Reason.WRONG_LENGTH


@pytest.mark.lies("file: second encodings")
@pytest.mark.parametrize("name", ["messages", "row", "responses", "witness.cells", "pads.cells"])
def test_residues_that_are_not_canonical(honest: tuple[Case, bytes], name: str) -> None:
    case, proof = honest
    words = len(field_of(proof, name)) // 4
    for place in (0, 1, words // 2, words - 1):

        def change(value: bytes, place: int = place) -> bytes:
            word = int.from_bytes(value[4 * place : 4 * place + 4], "big") + MODULUS
            return value[: 4 * place] + word.to_bytes(4, "big") + value[4 * place + 4 :]

        # The same element of the field, written in another way.
        assert reason_of(case.statement, with_field(proof, name, change)) is Reason.NON_CANONICAL


@pytest.mark.lies("message: altered in the file")
def test_every_kind_of_message_altered_in_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    case = random_case(**HONEST[0])  # type: ignore[arg-type]
    prover = LyingProver()
    proof = prover.prove(monkeypatch, case.statement, case.columns())
    assert sum(map(len, prover.labels.values())) == case.statement.layout.full_plan.elements
    tried = 0
    for places in prover.labels.values():
        for place in {places[0], places[len(places) // 2], places[-1]}:
            for coordinate in (0, 4):
                start = 20 * place + 4 * coordinate

                def change(value: bytes, start: int = start) -> bytes:
                    word = (int.from_bytes(value[start : start + 4], "big") + 1) % MODULUS
                    return value[:start] + word.to_bytes(4, "big") + value[start + 4 :]

                assert reason_of(case.statement, with_field(proof, "messages", change)) in OTHER_CHALLENGES
                tried += 1
    assert tried >= 30


@pytest.mark.lies("file: flipped, cut, extended")
def test_bytes_flipped_without_a_new_digest(honest: tuple[Case, bytes]) -> None:
    case, proof = honest
    places = [*range(60), *range(60, len(proof) - 40, 97), *range(len(proof) - 40, len(proof))]
    for place in places:
        altered = bytearray(proof)
        altered[place] ^= 1 << place % 8
        assert isinstance(refusal(case.statement, bytes(altered)), InvalidInput)
    assert len(places) >= 300


@pytest.mark.lies("file: flipped, cut, extended")
def test_truncated_and_extended(honest: tuple[Case, bytes]) -> None:
    case, proof = honest
    lengths = [*range(0, 64), *range(64, len(proof), 1009), len(proof) - 33, len(proof) - 32, len(proof) - 1]
    for length in lengths:
        assert isinstance(refusal(case.statement, proof[:length]), InvalidInput)
    for tail in (b"\0", b"\n", bytes(32), proof, bytes(1 << 20)):
        assert isinstance(refusal(case.statement, proof + tail), InvalidInput)
        assert isinstance(refusal(case.statement, tail + proof), InvalidInput)


@pytest.mark.lies("file: flipped, cut, extended")
def test_fields_missing_and_unknown(honest: tuple[Case, bytes]) -> None:
    case, proof = honest
    body = parts_of(proof)
    for name in body:
        rest = {key: value for key, value in body.items() if key != name}
        assert isinstance(refusal(case.statement, sealed(rest)), InvalidInput)
    for name in body["pads"]:
        rest = {key: value for key, value in body["pads"].items() if key != name}
        assert isinstance(refusal(case.statement, sealed(body | {"pads": rest})), InvalidInput)
    assert isinstance(refusal(case.statement, sealed(body | {"verified": True})), InvalidInput)
    assert isinstance(refusal(case.statement, sealed(list(body.values()))), InvalidInput)


@pytest.mark.lies("merkle: roots, columns, paths")
def test_roots_and_oracles_swapped(honest: tuple[Case, bytes]) -> None:
    case, proof = honest
    body = parts_of(proof)
    roots = {"witness_root": body["pad_root"], "pad_root": body["witness_root"]}
    oracles = {"witness": body["pads"], "pads": body["witness"]}
    for changes in (roots, oracles, roots | oracles, {"pad_root": body["witness_root"]}, {"pads": body["witness"]}):
        assert reason_of(case.statement, sealed(body | changes)) in OTHER_CHALLENGES


@pytest.mark.lies("merkle: roots, columns, paths")
def test_columns_opened_in_another_order(honest: tuple[Case, bytes]) -> None:
    case, proof = honest
    for name, oracle in (("witness", case.statement.oracles[0]), ("pads", case.statement.oracles[1])):
        opened = parts_of(proof)[name]
        size = len(opened["cells"]) // oracle.pads
        first, second = opened["cells"][:size], opened["cells"][size : 2 * size]
        swapped = opened | {
            "cells": second + first + opened["cells"][2 * size :],
            "salts": opened["salts"][32:64] + opened["salts"][:32] + opened["salts"][64:],
        }
        twice = opened | {
            "cells": first + first + opened["cells"][2 * size :],
            "salts": opened["salts"][:32] * 2 + opened["salts"][64:],
        }
        for other in (swapped, twice):
            assert reason_of(case.statement, sealed(parts_of(proof) | {name: other})) is Reason.MERKLE_PATH


@pytest.mark.lies("message: altered in the file")
def test_parts_of_two_proofs_of_one_statement(honest: tuple[Case, bytes]) -> None:
    case, proof = honest
    other = parts_of(prove_columns(case.statement, case.columns()).proof)
    body = parts_of(proof)
    differing = [name for name in body if body[name] != other[name]]
    assert {"witness_root", "pad_root", "messages", "row", "witness", "responses", "pads"} <= set(differing)
    for name in set(differing) - {"lookup_nonce"}:
        assert reason_of(case.statement, sealed(body | {name: other[name]})) in OTHER_CHALLENGES


def other_statements(case: Case) -> list[tuple[Reason, Statement]]:
    """Statements that differ from a case's in one respect, and the reason that names it."""
    statement, data = case.statement, case.statement.dataset
    inputs, labels = data.inputs.copy(), data.labels.copy()
    inputs[0, -1] ^= 1
    labels[0] = (labels[0] + 1) % case.model.architecture.classes
    shuffled = np.roll(np.arange(data.samples), 1)
    fewer = replace(data, inputs=data.inputs[:, :-1], labels=data.labels[:-1])
    more = replace(data, inputs=np.c_[data.inputs, data.inputs[:, :1]], labels=np.append(data.labels, data.labels[0]))
    fresh, _ = commit(case.model.architecture, case.model.weight_cells())
    stranger = random_case((3, 3, 3), samples=5, seed=9).statement.commitment
    datasets = [
        replace(data, inputs=inputs),
        replace(data, labels=labels),
        replace(data, inputs=data.inputs[:, shuffled], labels=data.labels[shuffled]),
        replace(data, inputs=data.inputs[:, shuffled]),
        fewer,
        more,
    ]
    claims = (f"correct >= {case.correct + 1}", "correct >= 5", "accuracy >= 0.99", "correct >= 0", "accuracy >= 0.1")
    exact = f"correct == {case.correct}"
    return [
        *[(Reason.WRONG_DATA, replace(statement, dataset=dataset)) for dataset in datasets],
        *[(Reason.WRONG_CLAIM, replace(statement, claim=parse_claim(claim))) for claim in (*claims, exact)],
        (Reason.WRONG_COMMITMENT, replace(statement, commitment=fresh)),
        (Reason.WRONG_COMMITMENT, replace(statement, commitment=stranger)),
    ]


@pytest.mark.lies("claim: count, threshold, labels, data")
def test_another_statement() -> None:
    case = random_case((3, 3, 3), samples=5)
    proof = prove_columns(case.statement, case.columns()).proof
    verify(case.statement, proof, POLICY)
    tried = 0
    for reason, statement in other_statements(case):
        assert reason_of(statement, proof) is reason
        # The file may say that it was made for this: the transcript says otherwise.
        assert reason_of(statement, relabelled(proof, statement)) in OTHER_CHALLENGES
        tried += 1
    assert tried == 14


@pytest.mark.lies("claim: count, threshold, labels, data")
def test_another_challenge() -> None:
    """A proof for one challenge is none for another, for none, and the other way round."""
    tickets = (None, bytes(32), bytes(31) + b"\1")
    case = random_case((3, 3, 3), samples=5)
    for made_for in tickets:
        statement = replace(case.statement, challenge=made_for)
        proof = prove_columns(statement, case.columns()).proof
        verify(statement, proof, POLICY)
        assert field_of(proof, "challenge") == (made_for or b"")
        for asked in set(tickets) - {made_for}:
            other = replace(statement, challenge=asked)
            assert reason_of(other, proof) is Reason.WRONG_CHALLENGE
            # The field names the mismatch; with another name in it the transcript still differs.
            assert reason_of(other, relabelled(proof, other)) in OTHER_CHALLENGES


@pytest.mark.parametrize("digest", [b"", bytes(31), bytes(33)])
def test_a_challenge_is_named_by_a_whole_digest(digest: bytes) -> None:
    with pytest.raises(InvalidInput, match="challenge digest"):
        replace(random_case((2, 2), samples=1).statement, challenge=digest)


@pytest.mark.lies("claim: count, threshold, labels, data")
def test_every_label_and_every_count() -> None:
    """A proof of one claim about one set of labels is none of any other, whatever its file says."""
    case = random_case((3, 3, 3), samples=5)
    proof = prove_columns(case.statement, case.columns()).proof
    classes, data = case.model.architecture.classes, case.statement.dataset
    for sample, label in np.ndindex(data.samples, classes):
        labels = data.labels.copy()
        labels[sample] = label
        if label != data.labels[sample]:
            statement = replace(case.statement, dataset=replace(data, labels=labels))
            assert reason_of(statement, proof) is Reason.WRONG_DATA
            assert reason_of(statement, relabelled(proof, statement)) in OTHER_CHALLENGES
    for count in range(data.samples + 1):
        for text in (f"correct >= {count}", f"correct == {count}", f"accuracy >= {count / data.samples}"):
            claim = parse_claim(text)
            if claim.text != case.statement.claim.text:
                statement = replace(case.statement, claim=claim)
                assert reason_of(statement, proof) is Reason.WRONG_CLAIM
                assert reason_of(statement, relabelled(proof, statement)) in OTHER_CHALLENGES


@pytest.mark.lies("claim: count, threshold, labels, data")
def test_another_shape_and_another_profile() -> None:
    case = random_case((3, 3, 3), samples=5)
    proof = prove_columns(case.statement, case.columns()).proof
    for widths, samples in (((3, 3), 5), ((3, 4, 3), 5), ((4, 3, 3), 5), ((3, 3, 3, 3), 5), ((3, 3, 3), 40)):
        other = random_case(widths, samples=samples).statement
        assert reason_of(other, relabelled(proof, other)) in OTHER_CHALLENGES
    standard = replace(case.statement, profile="standard-128")
    assert reason_of(standard, proof) is Reason.WRONG_PROFILE
    assert reason_of(standard, relabelled(proof, standard)) in OTHER_CHALLENGES


@pytest.mark.lies("file: flipped, cut, extended")
def test_a_policy_is_met_or_named_after_the_proof_is_valid(honest: tuple[Case, bytes]) -> None:
    case, proof = honest
    architecture = case.statement.commitment.architecture.digest().hex()
    verify(case.statement, proof, replace(POLICY, architectures=frozenset({architecture})))
    altered = replaced(proof, "pads.salts", bytes(len(field_of(proof, "pads.salts"))))
    for policy in (None, replace(POLICY, minimum_bits=100), replace(POLICY, architectures=frozenset({"00" * 32}))):
        with pytest.raises(PolicyNotMet):
            verify(case.statement, proof, policy)
        with pytest.raises(Rejected):
            verify(case.statement, altered, policy)
