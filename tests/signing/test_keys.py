"""Keys and the domains of what they sign."""

from __future__ import annotations

import pickle
from dataclasses import replace

import pytest

from tests.signers import signer, stranger
from tests.signing.test_suite import off_subgroup_key, rogue
from zkaudit.documents import document_text
from zkaudit.errors import InvalidInput, Reason, Rejected
from zkaudit.signing import suite
from zkaudit.signing.keys import (
    Domain,
    PublicKey,
    SecretKey,
    framed,
    generate_key,
    read_key,
    secret_key,
    verify_aggregate,
    verify_possession,
    verify_signature,
)


def reason(key: PublicKey, domain: Domain, message: bytes, signature: bytes) -> Reason:
    with pytest.raises(Rejected) as caught:
        verify_signature(key, domain, message, signature)
    return caught.value.reason


def test_a_signature_is_of_one_key_one_message_and_one_domain() -> None:
    key, other = signer(0), signer(1)
    signature = key.sign(Domain.COMMITMENT, bytes(32))
    verify_signature(stranger(key.public), Domain.COMMITMENT, bytes(32), signature)
    assert reason(key.public, Domain.CHALLENGE, bytes(32), signature) is Reason.BAD_SIGNATURE
    assert reason(key.public, Domain.COMMITMENT, bytes(31) + b"\1", signature) is Reason.BAD_SIGNATURE
    assert reason(other.public, Domain.COMMITMENT, bytes(32), signature) is Reason.BAD_SIGNATURE
    # Nor is a proof of possession a signature, or a signature a proof of possession.
    assert reason(key.public, Domain.COMMITMENT, key.public.key, key.public.possession) is Reason.BAD_SIGNATURE


def test_every_domain_has_its_own_messages() -> None:
    messages = {framed(domain, message) for domain in Domain for message in (b"", b"\0", b"x", b"commitment\0")}
    assert len(messages) == 4 * len(Domain)
    assert not any("\0" in domain.value for domain in Domain)


def test_secret_keys_out_of_range() -> None:
    for secret in (0, -1, suite.GROUP_ORDER, suite.GROUP_ORDER + 1, True, 1.0):
        with pytest.raises(InvalidInput, match="secret key"):
            secret_key(secret, "x")  # type: ignore[arg-type]
        with pytest.raises(InvalidInput, match="secret key"):
            SecretKey(secret=secret, public=signer().public)  # type: ignore[arg-type]


def test_a_secret_is_shown_nowhere() -> None:
    key = generate_key("Ada")
    for text in (repr(key), str(key), f"{key}", repr([key])):
        assert str(key.secret) not in text
        assert key.to_bytes().hex() not in text
    assert generate_key("Ada").secret != key.secret


@pytest.mark.parametrize("name", ["", " a", "a ", "a\nb", "\x1b[31mred", "a" * 65, "\u202eevil", "\ud800", 3, None])
def test_names_that_could_mislead_a_reader(name: object) -> None:
    with pytest.raises(InvalidInput, match="not a name"):
        secret_key(5, name)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="not a name"):
        read_key({**signer().public.document(), "name": name}, "x")


def test_possession_is_checked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    key = stranger(signer().public)
    assert not key.proven
    proven = verify_possession(key)
    assert proven.proven
    assert proven == key
    monkeypatch.setattr(suite, "is_possessed", lambda *_: pytest.fail("checked again"))
    assert verify_possession(proven) is proven


def test_no_file_can_say_that_possession_was_checked() -> None:
    assert not read_key(signer().public.document(), "x").proven
    with pytest.raises(InvalidInput, match="unknown field 'proven'"):
        read_key({**signer().public.document(), "proven": True}, "x")
    assert "proven" not in document_text("x", 1, signer().public.document()).decode()


def test_keys_without_possession_are_refused() -> None:
    victim, evil = signer(0).public, 77
    key = rogue([victim.key], evil)
    proofs = (suite.prove_possession(evil), victim.possession, suite.sign(evil, key))
    rogues = [PublicKey(key=key, possession=proof, name="Mallory") for proof in proofs]
    forged = suite.sign(evil, framed(Domain.RECEIPT, b"m"))
    # The forgery itself is right: were possession taken for granted, the victim would have signed.
    verify_aggregate([victim, replace(rogues[0], proven=True)], Domain.RECEIPT, b"m", forged)
    for one in rogues:
        with pytest.raises(Rejected) as caught:
            verify_aggregate([victim, one], Domain.RECEIPT, b"m", forged)
        assert caught.value.reason is Reason.BAD_KEY
    broken = PublicKey(key=off_subgroup_key(), possession=victim.possession, name="x")
    with pytest.raises(Rejected, match="possession"):
        verify_possession(broken)


def test_lengths_are_checked_at_once() -> None:
    public = signer().public
    for key, possession in ((public.key[:-1], public.possession), (public.key, public.possession + b"\0")):
        with pytest.raises(InvalidInput, match="another length"):
            PublicKey(key=key, possession=possession, name="x")


def test_fingerprints_for_people() -> None:
    public = signer().public
    assert public.short.replace(" ", "") == public.fingerprint()[:32]
    assert len(public.short) == 39
    assert pickle.loads(pickle.dumps(public)) == public
