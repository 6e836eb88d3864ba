"""Receipts: who signed what, what it stands for, and who of them counts."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import random_case
from tests.signers import altered, edited, signer, stranger
from tests.signing.test_suite import rogue
from zkaudit.claim import parse_claim
from zkaudit.documents import CLOCK_SKEW
from zkaudit.errors import InvalidInput, PolicyNotMet, Reason, Rejected, UnsupportedVersion
from zkaudit.receipt import (
    Body,
    Receipt,
    body_of,
    countersign,
    load_receipt,
    parse_receipt,
    save_receipt,
    sign_receipt,
    verify_receipt,
)
from zkaudit.signing import suite
from zkaudit.signing.keys import Domain, PublicKey, framed
from zkaudit.statement import Statement

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
PROOF = b"\3" * 32


@lru_cache(maxsize=1)
def statement() -> Statement:
    return random_case((3, 2), samples=4, claim="correct >= 1", challenge=b"\4" * 32).statement


def body() -> Body:
    return body_of(PROOF, statement(), NOW)


@lru_cache(maxsize=1)
def single() -> Receipt:
    """A receipt of the first signer."""
    return sign_receipt(body(), signer(0))


@lru_cache(maxsize=1)
def double() -> Receipt:
    """A receipt of the first two."""
    return countersign(single(), body(), signer(1), trusted=[signer(0).public], now=NOW)


def check(
    receipt: Receipt, trusted: list[PublicKey], quorum: int = 1, now: datetime = NOW, **changes: Any
) -> tuple[PublicKey, ...]:
    """`verify_receipt` with other arguments in `changes`."""
    return verify_receipt(
        receipt, **{"proof_digest": PROOF, "statement": statement(), **changes}, trusted=trusted, quorum=quorum, now=now
    )


def test_two_auditors_and_one_signature(tmp_path: Any) -> None:
    save_receipt(tmp_path / "receipt.json", double())
    read = load_receipt(tmp_path / "receipt.json")
    assert read == double()
    assert len(read.signature) == suite.SIGNATURE_BYTES
    assert not any(key.proven for key in read.signers)
    trusted = [signer(number).public for number in (2, 1, 0)]
    assert {key.name for key in check(read, trusted, quorum=2)} == {"Ada", "Björn"}
    with pytest.raises(PolicyNotMet, match="2 of the receipt's 2 signers are trusted, 3 needed"):
        check(read, trusted, quorum=3)


def test_a_signer_whom_the_reader_does_not_know_counts_for_nothing() -> None:
    """His possession is checked from the receipt, or his key could cancel another's."""
    read = parse_receipt(double().text())
    assert [key.name for key in check(read, [signer(1).public])] == ["Björn"]
    with pytest.raises(PolicyNotMet, match="1 of"):
        check(read, [signer(1).public], quorum=2)
    signers = tuple(
        key if key.key == signer(1).public.key else replace(key, possession=signer(2).public.possession)
        for key in read.signers
    )
    with pytest.raises(Rejected) as caught:
        check(replace(read, signers=signers), [signer(1).public])
    assert caught.value.reason is Reason.BAD_KEY


def test_a_quorum_of_one_key_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    again = PublicKey(**{**_plain(0), "name": "Ada again", "proven": True})
    with pytest.raises(PolicyNotMet, match="1 of the receipt's 1"):
        check(single(), [signer(0).public, again], quorum=2)
    with pytest.raises(InvalidInput, match="signed it already"):
        countersign(single(), body(), signer(0), now=NOW)
    for signers in ((signer(0).public, signer(0).public), (signer(0).public, again), ()):
        with pytest.raises(InvalidInput, match="twice"):
            replace(single(), signers=signers)
    one = single().signers[0].document()
    with pytest.raises(InvalidInput, match=r"^receipt r\.json: a signer twice"):
        parse_receipt(altered(single().text(), signers=[one, {**one, "name": "Eve"}]), "receipt r.json")
    with pytest.raises(InvalidInput, match="quorum"):
        check(single(), [signer(0).public], quorum=0)


def _plain(number: int) -> dict[str, Any]:
    public = signer(number).public
    return {"key": public.key, "possession": public.possession}


def test_a_forger_with_a_rogue_key() -> None:
    evil = 77
    key = PublicKey(key=rogue([signer(0).public.key], evil), possession=suite.prove_possession(evil), name="Mallory")
    forged = suite.sign(evil, framed(Domain.RECEIPT, body().digest()))
    signers = tuple(sorted((stranger(signer(0).public), key), key=lambda one: one.key))
    with pytest.raises(Rejected) as caught:
        check(Receipt(body=body(), signers=signers, signature=forged), [signer(0).public])
    assert caught.value.reason is Reason.BAD_KEY


def test_signatures_that_do_not_hold() -> None:
    trusted = [signer(0).public, signer(1).public]
    wrong_domain = signer(0).sign(Domain.COMMITMENT, body().digest())
    later = replace(body(), time=NOW - timedelta(seconds=1))
    for receipt in (
        replace(single(), signature=wrong_domain),
        replace(single(), body=later),
        replace(single(), signers=(signer(1).public,)),
        replace(double(), signature=single().signature),
    ):
        with pytest.raises(Rejected) as caught:
            check(receipt, trusted)
        assert caught.value.reason is Reason.BAD_SIGNATURE


def other_bodies() -> list[dict[str, Any]]:
    given = statement()
    labels = given.dataset.labels.copy()
    labels[0] ^= 1
    return [
        {"proof_digest": bytes(32)},
        {"statement": replace(given, challenge=None)},
        {"statement": replace(given, challenge=bytes(32))},
        {"statement": replace(given, claim=parse_claim("correct >= 2"))},
        {"statement": replace(given, dataset=replace(given.dataset, labels=labels))},
        {"statement": replace(given, commitment=random_case((3, 2), samples=4, seed=8).statement.commitment)},
        {"statement": replace(given, profile="standard-128")},
    ]


def test_a_receipt_is_for_one_proof_of_one_statement() -> None:
    for changes in other_bodies():
        with pytest.raises(Rejected) as caught:
            check(single(), [signer(0).public], **changes)
        assert caught.value.reason is Reason.WRONG_RECEIPT
        assert "\n" not in str(caught.value)


def test_nobody_signs_on_top_of_what_he_did_not_verify() -> None:
    other = body_of(bytes(32), statement(), NOW)
    with pytest.raises(Rejected) as caught:
        countersign(single(), other, signer(1), now=NOW)
    assert caught.value.reason is Reason.WRONG_RECEIPT
    broken = replace(single(), signature=signer(1).public.possession)
    with pytest.raises(Rejected) as caught:
        countersign(broken, body(), signer(1), trusted=[signer(0).public], now=NOW)
    assert caught.value.reason is Reason.BAD_SIGNATURE


def test_receipts_from_the_future() -> None:
    early = NOW - CLOCK_SKEW
    check(single(), [signer(0).public], now=early)
    with pytest.raises(PolicyNotMet, match="future"):
        check(single(), [signer(0).public], now=early - timedelta(seconds=1))
    with pytest.raises(PolicyNotMet, match="future"):
        countersign(single(), body(), signer(1), now=early - timedelta(seconds=1))
    ahead = sign_receipt(replace(body(), time=datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)), signer(0))
    with pytest.raises(PolicyNotMet, match="future"):
        countersign(ahead, body(), signer(1))


def test_every_part_of_the_body_is_in_its_digest() -> None:
    changes: list[dict[str, Any]] = [
        {},
        *({name: bytes(32)} for name in ("proof", "commitment", "data", "challenge")),
        {"challenge": b""},
        {"claim": "correct >= 3"},
        {"samples": 5},
        {"profile": "standard-128"},
        {"security_bits": 21},
        {"time": NOW + timedelta(seconds=1)},
    ]
    assert len({replace(body(), **one).digest() for one in changes}) == len(changes)


def test_security_bits_are_rounded_down() -> None:
    assert body().security_bits <= statement().account.total_bits < body().security_bits + 1


@pytest.mark.parametrize(
    "changes",
    [
        {"claim": "correct>=1"},
        {"samples": 0},
        {"samples": True},
        {"samples": 2**70},
        {"security_bits": -1},
        {"profile": "unknown"},
        {"profile": ["standard-128"]},
        {"time": "now"},
        {"time": "never"},
        {"challenge": ""},
        {"proof": "none"},
        {"digest": "00" * 32},
        {"signers": []},
        {"signers": {}},
        {"signers": [{}]},
        {"signature": None},
        {"more": 1},
    ],
)
def test_other_texts_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_receipt(altered(single().text(), **changes))
    assert type(caught.value) is InvalidInput


def test_a_later_version_is_named() -> None:
    with pytest.raises(UnsupportedVersion):
        parse_receipt(altered(single().text(), version=2))


@given(st.data())
def test_any_receipt_is_read_or_refused(data: st.DataObject) -> None:
    with suppress(InvalidInput):
        parse_receipt(data.draw(edited(double().text)))
