"""What the public documents say about themselves, for `zkaudit inspect`; nothing of it is verified."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from zkaudit.challenge import CHALLENGE_FORMAT, NEVER, parse_challenge
from zkaudit.dataset_commitment import DATASET_FORMAT, parse_dataset_commitment
from zkaudit.documents import hex_text, time_text
from zkaudit.receipt import RECEIPT_FORMAT, parse_receipt
from zkaudit.signing.key_files import PUBLIC_FORMAT, parse_public_key
from zkaudit.signing.keyring import KEYRING_FORMAT, parse_keyring
from zkaudit.signing.keys import PublicKey
from zkaudit.signing.signature import SIGNATURE_FORMAT, parse_signature


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFacts:
    """The kind in words, a digest and a few facts of a document."""

    kind: str
    digest: str
    facts: Mapping[str, str | int]


def _challenge(data: bytes, where: str) -> DocumentFacts:
    found = parse_challenge(data, where)
    facts: dict[str, str | int] = {
        "asks for": found.claim,
        "of commitment": found.commitment.hex(),
        "on held-out set": found.data.hex(),
        "committed to before": hex_text(found.dataset_commitment),
        "issued": time_text(found.issued),
        "expires": NEVER if found.expires is None else time_text(found.expires),
        "says it is by": _signer(found.auditor),
    }
    return DocumentFacts(kind="challenge", digest=found.digest().hex(), facts=facts)


def _receipt(data: bytes, where: str) -> DocumentFacts:
    found = parse_receipt(data, where)
    body = found.body
    facts: dict[str, str | int] = {
        "says it was proved": body.claim,
        "of commitment": body.commitment.hex(),
        "on held-out set": body.data.hex(),
        "in answer to": hex_text(body.challenge),
        "by the proof": body.proof.hex(),
        "samples": body.samples,
        "under profile": body.profile,
        "time": time_text(body.time),
        **{f"says it is by {count}": _signer(signer) for count, signer in enumerate(found.signers, 1)},
    }
    return DocumentFacts(kind="receipt", digest=body.digest().hex(), facts=facts)


def _signature(data: bytes, where: str) -> DocumentFacts:
    found = parse_signature(data, where)
    facts = {"over": f"{found.domain.value} {found.digest.hex()}", "says it is by": _signer(found.signer)}
    return DocumentFacts(kind="signature", digest=_file(data), facts=facts)


def _dataset(data: bytes, where: str) -> DocumentFacts:
    return DocumentFacts(
        kind="dataset commitment", digest=parse_dataset_commitment(data, where).digest().hex(), facts={}
    )


def _public_key(data: bytes, where: str) -> DocumentFacts:
    found = parse_public_key(data, where)
    facts = {"name": found.name, "fingerprint": found.fingerprint()}
    return DocumentFacts(kind="public key", digest=_file(data), facts=facts)


def _keyring(data: bytes, where: str) -> DocumentFacts:
    facts = {f"key {count}": _signer(key) for count, key in enumerate(parse_keyring(data, where), 1)}
    return DocumentFacts(kind="keyring", digest=_file(data), facts=facts)


def _file(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _signer(key: PublicKey) -> str:
    return f"{key.name}, {key.short}"


DOCUMENTS: dict[str, Callable[[bytes, str], DocumentFacts]] = {
    CHALLENGE_FORMAT: _challenge,
    RECEIPT_FORMAT: _receipt,
    SIGNATURE_FORMAT: _signature,
    DATASET_FORMAT: _dataset,
    PUBLIC_FORMAT: _public_key,
    KEYRING_FORMAT: _keyring,
}
"""The reader of each kind by its format."""
