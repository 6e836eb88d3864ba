"""Keys, the messages that they sign, and what refuses a signature.

Source: docs/formats.md, "Signatures".
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from zkaudit import wire
from zkaudit.documents import hex_of
from zkaudit.errors import InvalidInput, Reason, Rejected
from zkaudit.signing import suite
from zkaudit.signing.suite import GROUP_ORDER, KEY_BYTES, SECRET_BYTES, SIGNATURE_BYTES

MESSAGE_LABEL = b"zkaudit signature v1\0"
"""First bytes of every signed message, so that no other use of a key signs one of ours."""

LONGEST_NAME = 64
"""Performance knob: most characters of a key's name."""


class Domain(StrEnum):
    """What a signature is over; a signature in one domain is none in another."""

    COMMITMENT = "commitment"
    """The digest of a model commitment."""
    CHALLENGE = "challenge"
    """The digest of an auditor's challenge."""
    RECEIPT = "receipt"
    """The digest of the body of a receipt."""
    DATASET = "dataset"
    """The digest of a commitment to a held-out set."""
    ATTESTATION = "attestation"
    """The bytes of an attestation in another format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """A public key with its proof of possession, and the name that whoever made the file gave it.

    Lengths are checked, truth is not: `proven` says that the proof of possession has been checked in this process
    or when the key was added to a keyring, and no reader of a stranger's file sets it.
    """

    key: bytes
    possession: bytes
    name: str
    proven: bool = field(default=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.key) != KEY_BYTES or len(self.possession) != SIGNATURE_BYTES:
            raise InvalidInput("a key of another length", where="public key", expected=f"{KEY_BYTES} bytes")

    def fingerprint(self) -> str:
        """SHA-256 of the key, in hex."""
        return hashlib.sha256(self.key).hexdigest()

    @property
    def short(self) -> str:
        """The first half of the fingerprint in groups of four digits: for people to compare, 128 bits."""
        digits = self.fingerprint()[:32]
        return " ".join(digits[start : start + 4] for start in range(0, len(digits), 4))

    def document(self) -> dict[str, str]:
        """The key as a map of a document."""
        return {"name": self.name, "key": self.key.hex(), "possession": self.possession.hex()}

    def form(self) -> dict[str, object]:
        """The key in the canonical form of a document."""
        return {"name": self.name, "key": self.key, "possession": self.possession}


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretKey:
    """A secret key and its public half; it is shown nowhere, its representation included."""

    secret: int = field(repr=False)
    public: PublicKey

    def __post_init__(self) -> None:
        _require_secret(self.secret)

    def sign(self, domain: Domain, message: bytes) -> bytes:
        """The signature of a message in a domain, 96 bytes."""
        return suite.sign(self.secret, framed(domain, message))

    def to_bytes(self) -> bytes:
        """The secret itself: goes nowhere but into an encrypted file."""
        return self.secret.to_bytes(SECRET_BYTES, "big")


def generate_key(name: str) -> SecretKey:
    """A fresh key; `InvalidInput` for a name that is none."""
    return secret_key(suite.generate_secret(), name)


def secret_key(secret: int, name: str) -> SecretKey:
    """A secret key with the public half that follows from it; `InvalidInput` for an integer out of range."""
    checked = read_name(name, "key name")
    _require_secret(secret)
    public = PublicKey(
        key=suite.public_key_of(secret), possession=suite.prove_possession(secret), name=checked, proven=True
    )
    return SecretKey(secret=secret, public=public)


def _require_secret(secret: int) -> None:
    if type(secret) is not int or not 1 <= secret < GROUP_ORDER:
        raise InvalidInput("not a secret key", where="secret key", expected="an integer from 1 to the group's order")


def framed(domain: Domain, message: bytes) -> bytes:
    """The bytes that are signed: label, domain, zero, message; no domain has a zero byte."""
    return MESSAGE_LABEL + domain.value.encode() + b"\0" + message


def verify_signature(key: PublicKey, domain: Domain, message: bytes, signature: bytes) -> None:
    """The signature holds under one key; Rejected otherwise.

    For a single signature no proof of possession is needed, and whether the key is trusted is another question.
    """
    if not suite.is_signature(key.key, framed(domain, message), signature):
        raise Rejected(Reason.BAD_SIGNATURE, f"the signature of {key.name!r} over the {domain.value} does not hold")


def verify_possession(key: PublicKey) -> PublicKey:
    """The key, its proof of possession checked once; Rejected for a key without one, or that is no key.

    Without this a rogue key, another's key subtracted from one's own, would sign for that other.
    """
    if key.proven:
        return key
    if not suite.is_possessed(key.key, key.possession):
        raise Rejected(Reason.BAD_KEY, f"the proof of possession of the key {key.name!r} ({key.short}) does not hold")
    return replace(key, proven=True)


def verify_aggregate(keys: Iterable[PublicKey], domain: Domain, message: bytes, signature: bytes) -> None:
    """One signature that stands for those of all keys over one message; Rejected otherwise.

    Each proof of possession is checked here unless it has been before.
    """
    proven = [verify_possession(key) for key in keys]
    if not suite.is_aggregate([key.key for key in proven], framed(domain, message), signature):
        raise Rejected(
            Reason.BAD_SIGNATURE, f"the aggregate of {len(proven)} signatures over the {domain.value} does not hold"
        )


def read_name(value: object, where: str) -> str:
    """A checker of names: 1 to 64 printable characters without spaces at the ends."""
    if type(value) is str and 1 <= len(value) <= LONGEST_NAME and value.isprintable() and value == value.strip():
        return value
    raise InvalidInput("not a name", where=where, expected=f"1 to {LONGEST_NAME} printable characters")


def read_key(value: object, where: str) -> PublicKey:
    """A checker of the map that `PublicKey.document` gives; nothing of it is verified."""
    return PublicKey(**wire.closed_map(value, KEY_FIELDS, where))


KEY_FIELDS: dict[str, Any] = {"name": read_name, "key": hex_of(KEY_BYTES), "possession": hex_of(SIGNATURE_BYTES)}
"""The fields of a public key in a document."""
