"""Signature files: one key's signature over one artefact, beside it.

Source: docs/formats.md, "Signatures".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zkaudit import wire
from zkaudit.documents import document_text, hex_of, read_document
from zkaudit.errors import InvalidInput, PolicyNotMet, Reason, Rejected
from zkaudit.signing.keyring import find_key
from zkaudit.signing.keys import Domain, PublicKey, SecretKey, read_key, verify_signature
from zkaudit.signing.suite import SIGNATURE_BYTES

SIGNATURE_FORMAT = "zkaudit-signature"
"""What a signature file says that it is."""

SIGNATURE_VERSION = 1
"""Version of the file."""

SIGNATURE_LIMIT = 1 << 14
"""Performance knob: most bytes of a signature file."""

SIGNED = (Domain.COMMITMENT, Domain.CHALLENGE, Domain.DATASET)
"""The artefacts that have signature files; a receipt carries its signatures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A signature over the digest of an artefact; nothing of it is verified."""

    domain: Domain
    digest: bytes
    signer: PublicKey
    signature: bytes


def sign_digest(key: SecretKey, domain: Domain, digest: bytes) -> Signature:
    """The signature of a key over an artefact."""
    return Signature(domain=domain, digest=digest, signer=key.public, signature=key.sign(domain, digest))


def signature_bytes(signature: Signature) -> bytes:
    """The bytes of a signature file."""
    fields = {
        "domain": signature.domain.value,
        "digest": signature.digest.hex(),
        "signer": signature.signer.document(),
        "signature": signature.signature.hex(),
    }
    return document_text(SIGNATURE_FORMAT, SIGNATURE_VERSION, fields)


def parse_signature(data: bytes, where: str = "signature") -> Signature:
    """The signature that a file holds; `InvalidInput` for bytes that are none."""
    fields: dict[str, Any] = {
        "domain": _domain,
        "digest": hex_of(wire.DIGEST_BYTES),
        "signer": read_key,
        "signature": hex_of(SIGNATURE_BYTES),
    }
    return Signature(**read_document(data, SIGNATURE_FORMAT, SIGNATURE_VERSION, fields, where))


def save_signature(path: str | Path, signature: Signature) -> None:
    """Writes a signature file."""
    wire.write_atomic(path, signature_bytes(signature))


def load_signature(path: str | Path) -> Signature:
    """Reads a signature file; `InvalidInput` for a file that is none."""
    return parse_signature(wire.read_bounded(path, SIGNATURE_LIMIT, "signature"), f"signature {path}")


def verify_signed(signature: Signature, domain: Domain, digest: bytes, trusted: Iterable[PublicKey]) -> PublicKey:
    """The trusted key that signed an artefact.

    Rejected when the signature is over another artefact or does not hold, PolicyNotMet when nobody trusts its key.
    """
    if (signature.domain, signature.digest) != (domain, digest):
        raise Rejected(
            Reason.BAD_SIGNATURE,
            "the signature is over another artefact",
            expected=f"{domain.value} {digest.hex()}",
            actual=f"{signature.domain.value} {signature.digest.hex()}",
        )
    verify_signature(signature.signer, domain, digest, signature.signature)
    known = find_key(trusted, signature.signer)
    if known is None:
        raise PolicyNotMet(
            f"the {domain.value} is signed by {signature.signer.name!r} ({signature.signer.short}), "
            "whose key is not trusted"
        )
    return known


def _domain(value: object, where: str) -> Domain:
    for domain in SIGNED:
        if value == domain.value:
            return domain
    raise InvalidInput("not a kind of signed artefact", where=where, expected=" or ".join(d.value for d in SIGNED))
