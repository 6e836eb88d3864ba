"""Challenges: what is signed, what is bound, whom they are for, and when."""

from __future__ import annotations

import json
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
from zkaudit.challenge import (
    Challenge,
    load_challenge,
    make_challenge,
    parse_challenge,
    require_answer,
    require_current,
    require_dataset_commitment,
    require_genuine,
    require_valid,
    save_challenge,
)
from zkaudit.claim import parse_claim
from zkaudit.documents import CLOCK_SKEW
from zkaudit.errors import InvalidInput, PolicyNotMet, Reason, Rejected, UnsupportedVersion
from zkaudit.signing.keys import Domain
from zkaudit.statement import Statement

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@lru_cache(maxsize=1)
def statement() -> Statement:
    return random_case((3, 2), samples=4, claim="correct >= 1").statement


@lru_cache(maxsize=1)
def ticket() -> Challenge:
    """A challenge of a day by the first signer."""
    return make_challenge(statement(), signer(), issued=NOW, lifetime=DAY, dataset_commitment=b"\5" * 32)


def answered() -> Statement:
    return replace(statement(), challenge=ticket().digest())


def test_a_challenge_reads_what_was_written(tmp_path: Any) -> None:
    save_challenge(tmp_path / "challenge.json", ticket())
    read = load_challenge(tmp_path / "challenge.json")
    assert read == ticket()
    assert read.digest() == ticket().digest()
    assert (read.issued, read.expires) == (NOW, NOW + DAY)
    assert not read.auditor.proven
    require_answer(read, answered())
    assert require_valid(read, [signer(1).public, signer().public], NOW) is signer().public
    # White space and the order of keys are free.
    body = json.loads(ticket().text())
    assert parse_challenge(json.dumps(dict(reversed(body.items()))).encode()) == ticket()
    endless = make_challenge(statement(), signer(), issued=NOW)
    assert (endless.expires, endless.dataset_commitment) == (None, b"")
    assert parse_challenge(endless.text()) == endless
    assert endless.nonce != make_challenge(statement(), signer(), issued=NOW).nonce != ticket().nonce


def changed() -> list[Challenge]:
    """The challenge with each of its parts changed, the signature left."""
    one = ticket()
    return [
        replace(one, commitment=bytes(32)),
        replace(one, data=bytes(32)),
        replace(one, claim="correct >= 2"),
        replace(one, nonce=bytes(32)),
        replace(one, issued=NOW - SECOND),
        replace(one, expires=NOW + 2 * DAY),
        replace(one, expires=None),
        replace(one, dataset_commitment=b""),
        replace(one, auditor=stranger(signer(1).public)),
        replace(one, auditor=replace(stranger(signer().public), name="Eve")),
        replace(one, auditor=replace(stranger(signer().public), possession=signer(1).public.possession)),
    ]


def test_every_part_is_in_the_digest_and_the_signature_is_not() -> None:
    digests = {one.digest() for one in changed()}
    assert len(digests) == len(changed())
    assert ticket().digest() not in digests
    assert replace(ticket(), signature=bytes(96)).digest() == ticket().digest()


@pytest.mark.parametrize("index", [2, 5, 8])
def test_a_changed_challenge_is_not_signed(index: int) -> None:
    read = parse_challenge(changed()[index].text())
    with pytest.raises(Rejected) as caught:
        require_valid(read, [signer().public, signer(1).public], NOW)
    assert caught.value.reason is Reason.BAD_SIGNATURE


def test_a_changed_text_without_its_digest_is_damaged() -> None:
    for changes in ({"claim": "correct >= 2"}, {"nonce": "00" * 32}, {"digest": "00" * 32}, {"expires": "never"}):
        with pytest.raises(InvalidInput, match="digest does not match"):
            parse_challenge(altered(ticket().text(), **changes))


def test_a_signature_of_another_domain() -> None:
    signature = signer().sign(Domain.COMMITMENT, ticket().digest())
    with pytest.raises(Rejected):
        require_valid(replace(ticket(), signature=signature), [signer().public], NOW)


def test_whom_a_challenge_is_trusted_from() -> None:
    with pytest.raises(PolicyNotMet, match="not trusted"):
        require_valid(ticket(), [signer(1).public], NOW)
    with pytest.raises(PolicyNotMet, match="not trusted"):
        require_valid(ticket(), [], NOW)
    with pytest.raises(PolicyNotMet, match="not trusted"):
        require_genuine(ticket(), (signer(1).public,), NOW)
    require_genuine(ticket(), (), NOW)
    with pytest.raises(PolicyNotMet, match="expired"):
        require_genuine(ticket(), (), NOW + 2 * DAY)


def test_when_a_challenge_may_be_answered() -> None:
    endless = replace(ticket(), expires=None)
    for now in (NOW, NOW + DAY, NOW - CLOCK_SKEW):
        require_current(ticket(), now)
    require_current(endless, NOW + 10_000 * DAY)
    with pytest.raises(PolicyNotMet, match="expired: 2026-03-02T09:30:00Z"):
        require_current(ticket(), NOW + DAY + SECOND)
    for one in (ticket(), endless):
        with pytest.raises(PolicyNotMet, match="future"):
            require_current(one, NOW - CLOCK_SKEW - SECOND)
    for now, word in ((NOW + 2 * DAY, "expired"), (NOW - DAY, "future")):
        with pytest.raises(PolicyNotMet, match=word):
            require_valid(ticket(), [signer().public], now)
    with pytest.raises(InvalidInput, match="before it is issued"):
        replace(ticket(), expires=NOW)
    with pytest.raises(InvalidInput, match="9999"):
        make_challenge(statement(), signer(), issued=NOW, lifetime=timedelta(days=3_000_000))


def other_statements() -> list[tuple[Reason, Statement]]:
    given = answered()
    data = given.dataset
    labels = data.labels.copy()
    labels[0] ^= 1
    other = random_case((3, 2), samples=4, seed=8).statement
    return [
        (Reason.WRONG_COMMITMENT, replace(given, commitment=other.commitment)),
        (Reason.WRONG_DATA, replace(given, dataset=replace(data, labels=labels))),
        (Reason.WRONG_CLAIM, replace(given, claim=parse_claim("correct >= 2"))),
        (Reason.WRONG_CHALLENGE, replace(given, challenge=bytes(32))),
        (Reason.WRONG_CHALLENGE, replace(given, challenge=None)),
    ]


def test_what_answers_a_challenge() -> None:
    for reason, other in other_statements():
        with pytest.raises(Rejected) as caught:
            require_answer(ticket(), other)
        assert caught.value.reason is reason


def test_an_open_challenge_is_answered_by_every_closing() -> None:
    plain = statement()
    asked = parse_claim("correct == ?")
    ticket = make_challenge(plain, signer(), issued=NOW, asked=asked)
    assert ticket.claim == "correct == ?"
    for text, answers in (("correct == 1", True), ("correct == 0", True), ("correct >= 0", False)):
        other = replace(plain, claim=parse_claim(text), challenge=ticket.digest())
        if answers:
            require_answer(ticket, other)
            continue
        with pytest.raises(Rejected) as caught:
            require_answer(ticket, other)
        assert caught.value.reason is Reason.WRONG_CLAIM


def test_which_commitment_to_data_a_challenge_names() -> None:
    require_dataset_commitment(ticket(), b"\5" * 32)
    for one in (ticket(), replace(ticket(), dataset_commitment=b"")):
        with pytest.raises(Rejected) as caught:
            require_dataset_commitment(one, bytes(32))
        assert caught.value.reason is Reason.WRONG_DATA


@pytest.mark.parametrize(
    "changes",
    [
        {"claim": "correct>=1"},
        {"claim": "correct >= 01"},
        {"claim": "accuracy >= 0.50"},
        {"claim": "nonsense"},
        {"claim": "\ud800"},
        {"claim": 1},
        {"commitment": "AB" * 32},
        {"commitment": "none"},
        {"nonce": "00" * 31},
        {"issued": "2026-03-01T09:30:00+00:00"},
        {"expires": "2026-03-01T09:30:00Z"},
        {"expires": ""},
        {"dataset_commitment": ""},
        {"dataset_commitment": None},
        {"auditor": "Ada"},
        {"auditor": {"name": "Ada"}},
        {"signature": ""},
        {"unknown": 1},
        {"format": "zkaudit-receipt"},
        {"version": "1"},
        {"claim": "correct >= " + "1" * 70_000},
    ],
)
def test_other_texts_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_challenge(altered(ticket().text(), **changes))
    assert type(caught.value) is InvalidInput


def test_a_later_version_is_named() -> None:
    with pytest.raises(UnsupportedVersion):
        parse_challenge(altered(ticket().text(), version=2))


def test_an_oversized_file_is_not_read(tmp_path: Any) -> None:
    (tmp_path / "challenge.json").write_bytes(ticket().text() + b" " * (1 << 16))
    with pytest.raises(InvalidInput, match="too many"):
        load_challenge(tmp_path / "challenge.json")


@given(st.data())
def test_any_challenge_is_read_or_refused(data: st.DataObject) -> None:
    with suppress(InvalidInput):
        parse_challenge(data.draw(edited(ticket().text)))
