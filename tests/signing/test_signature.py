"""Signature files: which artefact, which key, and whether anybody trusts it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import random_case
from tests.signers import altered, edited, signer, stranger
from zkaudit.commitment.formats import commitment_text, save_commitment
from zkaudit.errors import InvalidInput, PolicyNotMet, Reason, Rejected, UnsupportedVersion
from zkaudit.signing.artefacts import load_artefact
from zkaudit.signing.key_files import save_public_key
from zkaudit.signing.keys import Domain
from zkaudit.signing.signature import Signature, parse_signature, sign_digest, signature_bytes, verify_signed

DIGEST = b"\7" * 32


@pytest.fixture(scope="module")
def signed() -> Signature:
    return sign_digest(signer(), Domain.COMMITMENT, DIGEST)


def test_a_signature_file_reads_what_was_written(signed: Signature) -> None:
    read = parse_signature(signature_bytes(signed))
    assert read == signed
    assert not read.signer.proven
    assert verify_signed(read, Domain.COMMITMENT, DIGEST, [signer().public]).name == "Ada"


def test_a_key_that_nobody_trusts(signed: Signature) -> None:
    with pytest.raises(PolicyNotMet, match="not trusted"):
        verify_signed(signed, Domain.COMMITMENT, DIGEST, [signer(1).public])
    with pytest.raises(PolicyNotMet):
        verify_signed(signed, Domain.COMMITMENT, DIGEST, [])


def test_a_signature_over_something_else(signed: Signature) -> None:
    over_a_challenge = replace(signed, domain=Domain.CHALLENGE)
    tries = (
        (signed, Domain.COMMITMENT, bytes(32)),
        (signed, Domain.CHALLENGE, DIGEST),
        (replace(signed, digest=bytes(32)), Domain.COMMITMENT, bytes(32)),
        (over_a_challenge, Domain.CHALLENGE, DIGEST),
        (replace(signed, signer=stranger(signer(1).public)), Domain.COMMITMENT, DIGEST),
    )
    for signature, domain, digest in tries:
        with pytest.raises(Rejected) as caught:
            verify_signed(signature, domain, digest, [signer(0).public, signer(1).public])
        assert caught.value.reason is Reason.BAD_SIGNATURE


def test_other_files_are_refused(signed: Signature) -> None:
    text = signature_bytes(signed)
    for changes in (
        {"domain": "receipt"},
        {"domain": "attestation"},
        {"domain": "x"},
        {"domain": ["commitment"]},
        {"digest": "00"},
        {"signature": "00" * 95},
        {"signature": None},
        {"signer": {}},
        {"extra": 1},
    ):
        with pytest.raises(InvalidInput):
            parse_signature(altered(text, **changes))
    with pytest.raises(UnsupportedVersion):
        parse_signature(altered(text, version=7))


@given(st.data())
def test_any_signature_file_is_read_or_refused(data: st.DataObject) -> None:
    made = Signature(domain=Domain.DATASET, digest=DIGEST, signer=signer().public, signature=signer().public.possession)
    with suppress(InvalidInput):
        parse_signature(data.draw(edited(lambda: signature_bytes(made))))


def test_what_can_be_signed(tmp_path: Path) -> None:
    commitment = random_case((2, 2), samples=1).statement.commitment
    save_commitment(tmp_path / "commitment.json", commitment)
    assert load_artefact(tmp_path / "commitment.json") == (Domain.COMMITMENT, commitment.digest())
    save_public_key(tmp_path / "key.pub.json", signer().public)
    (tmp_path / "receipt.json").write_text('{"format": "zkaudit-receipt"}')
    (tmp_path / "bad.json").write_text(commitment_text(commitment).replace('"digest": "', '"digest": "0', 1))
    for name in ("key.pub.json", "receipt.json", "bad.json", "absent.json"):
        with pytest.raises(InvalidInput):
            load_artefact(tmp_path / name)
