"""An auditor's challenge: a signed ticket for one commitment, one held-out set and one claim, written before the proof.

Its digest covers all of it but the signature and enters the transcript of the proof that answers it.
So an accepted answer was made after the ticket was written, for a commitment that existed before it.
It does not show that the owner never saw the data.
Source: docs/formats.md, "Challenge".
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from zkaudit import wire
from zkaudit.claim import Claim, parse_claim
from zkaudit.documents import (
    CLOCK_SKEW,
    document_digest,
    document_text,
    hex_of,
    hex_or_nothing,
    hex_text,
    read_document,
    read_time,
    time_text,
)
from zkaudit.errors import InvalidInput, PolicyNotMet, Reason, Rejected
from zkaudit.signing.keyring import find_key
from zkaudit.signing.keys import Domain, PublicKey, SecretKey, read_key, verify_signature
from zkaudit.signing.suite import SIGNATURE_BYTES
from zkaudit.statement import Statement

CHALLENGE_FORMAT = "zkaudit-challenge"
"""What a challenge says that it is."""

CHALLENGE_VERSION = 1
"""Version of the file and of its digest."""

CHALLENGE_LIMIT = 1 << 16
"""Performance knob: most bytes of a challenge; it has about 1,500."""

NONCE_BYTES = 32
"""Bytes of the nonce: two challenges are never the same, and nobody knows one before it is written."""

NEVER = "never"
"""What a challenge without an end writes for its expiry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """A ticket as a file says it; nothing of it is verified.

    `commitment` and `data` are digests, `claim` a canonical text, times are aware and in whole seconds.
    `dataset_commitment` is the digest of an earlier commitment to the data, empty where there is none.
    """

    commitment: bytes
    data: bytes
    claim: str
    nonce: bytes
    issued: datetime
    expires: datetime | None
    dataset_commitment: bytes = b""
    auditor: PublicKey
    signature: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        if self.expires is not None and self.expires <= self.issued:
            raise InvalidInput("expires before it is issued", where="challenge", expected="a later time")

    def digest(self) -> bytes:
        """SHA-256 of the canonical form of everything but the signature, 32 bytes."""
        fields = {**self._shared(), "auditor": self.auditor.form()}
        for name in _DIGESTS:
            fields[name] = getattr(self, name)
        return document_digest(CHALLENGE_FORMAT, CHALLENGE_VERSION, fields)

    def text(self) -> bytes:
        """The bytes of a challenge file."""
        fields: dict[str, object] = {"digest": self.digest().hex()}
        fields |= {name: hex_text(getattr(self, name)) for name in _DIGESTS}
        fields |= {**self._shared(), "auditor": self.auditor.document(), "signature": self.signature.hex()}
        return document_text(CHALLENGE_FORMAT, CHALLENGE_VERSION, fields)

    def _shared(self) -> dict[str, object]:
        """The fields that are written alike in the text and in the canonical form."""
        return {
            "claim": self.claim,
            "issued": time_text(self.issued),
            "expires": NEVER if self.expires is None else time_text(self.expires),
        }


_DIGESTS = ("commitment", "data", "dataset_commitment", "nonce")


def make_challenge(
    statement: Statement,
    key: SecretKey,
    *,
    issued: datetime,
    lifetime: timedelta | None = None,
    dataset_commitment: bytes = b"",
    asked: Claim | None = None,
) -> Challenge:
    """A signed challenge to prove a statement, with a fresh nonce; `InvalidInput` for a time beyond the calendar.

    `asked` takes the place of the statement's claim where it leaves values open.
    """
    try:
        expires = None if lifetime is None else issued + lifetime
    except OverflowError:
        raise InvalidInput("expires after the year 9999", where="challenge", expected="a shorter time") from None
    fields: dict[str, Any] = {
        "commitment": statement.commitment.digest(),
        "data": statement.dataset.digest(),
        "claim": (asked or statement.claim).text,
        "nonce": secrets.token_bytes(NONCE_BYTES),
        "issued": issued,
        "expires": expires,
        "dataset_commitment": dataset_commitment,
        "auditor": key.public,
    }
    digest = Challenge(**fields).digest()
    return Challenge(**fields, signature=key.sign(Domain.CHALLENGE, digest))


def parse_challenge(data: bytes, where: str = "challenge") -> Challenge:
    """The challenge that a file holds; `InvalidInput` for bytes that are none."""
    fields: dict[str, Any] = {
        "digest": hex_of(wire.DIGEST_BYTES),
        "commitment": hex_of(wire.DIGEST_BYTES),
        "data": hex_of(wire.DIGEST_BYTES),
        "dataset_commitment": hex_or_nothing(wire.DIGEST_BYTES),
        "nonce": hex_of(NONCE_BYTES),
        "claim": read_claim,
        "issued": read_time,
        "expires": _expiry,
        "auditor": read_key,
        "signature": hex_of(SIGNATURE_BYTES),
    }
    body = read_document(data, CHALLENGE_FORMAT, CHALLENGE_VERSION, fields, where)
    digest = body.pop("digest")
    challenge = Challenge(**body)
    if digest != challenge.digest():
        raise InvalidInput("the digest does not match the content", where=where, expected=challenge.digest().hex())
    return challenge


def save_challenge(path: str | Path, challenge: Challenge) -> None:
    """Writes a challenge file."""
    wire.write_atomic(path, challenge.text())


def load_challenge(path: str | Path) -> Challenge:
    """Reads a challenge file; `InvalidInput` for a file that is none."""
    return parse_challenge(wire.read_bounded(path, CHALLENGE_LIMIT, "challenge"), f"challenge {path}")


def require_answer(challenge: Challenge, statement: Statement) -> None:
    """The statement is the one that the challenge asks for, the challenge's digest included; Rejected otherwise."""
    require_subject(challenge, statement)
    if statement.challenge != challenge.digest():
        raise Rejected(
            Reason.WRONG_CHALLENGE,
            "the statement answers another challenge",
            expected=challenge.digest().hex(),
            actual=(statement.challenge or b"").hex() or "no challenge",
        )


def require_subject(challenge: Challenge, statement: Statement) -> None:
    """The challenge is for the statement's commitment, data and claim; Rejected with the first that differs.

    A challenge with an open claim is for every statement that closes it.
    """
    subjects = (
        (Reason.WRONG_COMMITMENT, "commitment", challenge.commitment.hex(), statement.commitment.digest().hex()),
        (Reason.WRONG_DATA, "held-out set", challenge.data.hex(), statement.dataset.digest().hex()),
        (Reason.WRONG_CLAIM, "claim", challenge.claim, _asked_by(statement.claim, challenge)),
    )
    for reason, where, expected, actual in subjects:
        if expected != actual:
            raise Rejected(reason, f"the challenge is for another {where}", expected=expected, actual=actual)


def _asked_by(claim: Claim, challenge: Challenge) -> str:
    """The text of the challenge's claim where the claim is that one with values for what it leaves open."""
    asked = parse_claim(challenge.claim)
    return asked.text if asked.is_open and claim.is_closing_of(asked) else claim.text


def require_dataset_commitment(challenge: Challenge, digest: bytes) -> None:
    """The challenge names this earlier commitment to its held-out set; Rejected otherwise."""
    if challenge.dataset_commitment != digest:
        raise Rejected(
            Reason.WRONG_DATA,
            "the challenge names another commitment to its held-out set",
            expected=digest.hex(),
            actual=hex_text(challenge.dataset_commitment),
        )


def require_signature(challenge: Challenge) -> None:
    """The signature holds under the key that the challenge names, trusted or not; Rejected otherwise."""
    verify_signature(challenge.auditor, Domain.CHALLENGE, challenge.digest(), challenge.signature)


def require_current(challenge: Challenge, now: datetime) -> None:
    """The challenge is neither from the future nor expired at a time; PolicyNotMet otherwise."""
    if challenge.issued > now + CLOCK_SKEW:
        raise PolicyNotMet(f"the challenge is from the future: issued {time_text(challenge.issued)}")
    if challenge.expires is not None and challenge.expires < now:
        raise PolicyNotMet(f"the challenge has expired: {time_text(challenge.expires)}")


def require_valid(challenge: Challenge, trusted: Iterable[PublicKey], now: datetime) -> PublicKey:
    """The trusted key that signed the challenge, which is current.

    Rejected for a signature that does not hold, PolicyNotMet for a key that is not trusted and for a time outside
    the challenge's own.
    """
    require_signature(challenge)
    known = find_key(trusted, challenge.auditor)
    if known is None:
        raise PolicyNotMet(
            f"the challenge is signed by {challenge.auditor.name!r} ({challenge.auditor.short}), "
            "whose key is not trusted"
        )
    require_current(challenge, now)
    return known


def require_genuine(challenge: Challenge, trusted: tuple[PublicKey, ...], now: datetime) -> None:
    """`require_valid` where keys are given; without any the signature and the time alone, by whoever it names."""
    if trusted:
        require_valid(challenge, trusted, now)
    else:
        require_signature(challenge)
        require_current(challenge, now)


def read_claim(value: object, where: str) -> str:
    """A checker of canonical claim texts."""
    if type(value) is str:
        text = parse_claim(value).text
        if text == value:
            return text
        raise InvalidInput("a claim in another spelling", where=where, expected=text)
    raise InvalidInput("not a claim", where=where, expected="text")


def _expiry(value: object, where: str) -> datetime | None:
    return None if value == NEVER else read_time(value, where)
