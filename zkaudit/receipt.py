"""A receipt: several auditors, each of whom verified one proof, sign one body; their aggregate is one signature.

Who trusts a quorum of them need not run the proof again.
Source: docs/formats.md, "Receipt".
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from zkaudit import wire
from zkaudit.challenge import read_claim
from zkaudit.documents import (
    CLOCK_SKEW,
    document_digest,
    document_text,
    hex_of,
    hex_or_nothing,
    hex_text,
    present,
    read_document,
    read_time,
    time_text,
)
from zkaudit.errors import InvalidInput, PolicyNotMet, Reason, Rejected
from zkaudit.parameters import PROFILES
from zkaudit.signing import suite
from zkaudit.signing.keyring import find_key
from zkaudit.signing.keys import Domain, PublicKey, SecretKey, read_key, verify_aggregate
from zkaudit.statement import Statement

RECEIPT_FORMAT = "zkaudit-receipt"
"""What a receipt says that it is."""

RECEIPT_VERSION = 1
"""Version of the file and of its digest."""

RECEIPT_LIMIT = 1 << 17
"""Performance knob: most bytes of a receipt; one of 64 signers has about 40,000."""

MAX_SIGNERS = 64
"""Performance knob: most signers; each that the reader does not know costs him a check of half a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What every signer of a receipt has verified; `security_bits` is rounded down, `challenge` empty for none.

    `time` is when the first signer verified; later ones sign the same body.
    """

    proof: bytes
    commitment: bytes
    data: bytes
    challenge: bytes
    claim: str
    samples: int
    profile: str
    security_bits: int
    time: datetime

    def digest(self) -> bytes:
        """SHA-256 of the canonical form, 32 bytes: the message that is signed."""
        fields: dict[str, object] = {name: getattr(self, name) for name in _BODY}
        return document_digest(RECEIPT_FORMAT, RECEIPT_VERSION, fields | {"time": time_text(self.time)})

    def document(self) -> dict[str, object]:
        """The body as a map of the file."""
        fields: dict[str, object] = {name: getattr(self, name) for name in _BODY}
        fields |= {name: hex_text(getattr(self, name)) for name in _BODY_DIGESTS}
        return fields | {"time": time_text(self.time)}


_BODY_DIGESTS = ("proof", "commitment", "data", "challenge")

_BODY: dict[str, Any] = {
    "proof": hex_of(wire.DIGEST_BYTES),
    "commitment": hex_of(wire.DIGEST_BYTES),
    "data": hex_of(wire.DIGEST_BYTES),
    "challenge": hex_or_nothing(wire.DIGEST_BYTES),
    "claim": read_claim,
    "samples": wire.integer_in(1, 1 << 32),
    "profile": str,
    "security_bits": wire.integer_in(0, 1 << 10),
    "time": read_time,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A body, its signers in ascending order of their keys, and one signature; nothing of it is verified."""

    body: Body
    signers: tuple[PublicKey, ...]
    signature: bytes = field(repr=False)

    def __post_init__(self) -> None:
        keys = [signer.key for signer in self.signers]
        if not keys or any(first >= second for first, second in itertools.pairwise(keys)):
            raise InvalidInput(
                "a signer twice, or signers out of order", where="receipt", expected="each key once, in ascending order"
            )

    @property
    def time(self) -> datetime:
        """When the first signer verified the proof."""
        return self.body.time

    def text(self) -> bytes:
        """The bytes of a receipt file."""
        fields = {
            "digest": self.body.digest().hex(),
            **self.body.document(),
            "signers": [signer.document() for signer in self.signers],
            "signature": self.signature.hex(),
        }
        return document_text(RECEIPT_FORMAT, RECEIPT_VERSION, fields)


def parse_receipt(data: bytes, where: str = "receipt") -> Receipt:
    """The receipt that a file holds; `InvalidInput` for bytes that are none."""
    fields: dict[str, Any] = {
        "digest": hex_of(wire.DIGEST_BYTES),
        **_BODY,
        "profile": _profile,
        "signers": wire.list_of(read_key, MAX_SIGNERS),
        "signature": hex_of(suite.SIGNATURE_BYTES),
    }
    found = read_document(data, RECEIPT_FORMAT, RECEIPT_VERSION, fields, where)
    body = Body(**{name: found[name] for name in _BODY})
    if found["digest"] != body.digest():
        raise InvalidInput("the digest does not match the content", where=where, expected=body.digest().hex())
    try:
        return Receipt(body=body, signers=tuple(found["signers"]), signature=found["signature"])
    except InvalidInput as error:
        raise InvalidInput(error.what, where=where, expected=error.expected) from error


def save_receipt(path: str | Path, receipt: Receipt) -> None:
    """Writes a receipt file."""
    wire.write_atomic(path, receipt.text())


def load_receipt(path: str | Path) -> Receipt:
    """Reads a receipt file; `InvalidInput` for a file that is none."""
    return parse_receipt(wire.read_bounded(path, RECEIPT_LIMIT, "receipt"), f"receipt {path}")


def body_of(proof_digest: bytes, statement: Statement, time: datetime) -> Body:
    """The body that a signer of a statement's accepted proof signs."""
    return Body(
        proof=proof_digest,
        commitment=statement.commitment.digest(),
        data=statement.dataset.digest(),
        challenge=statement.challenge or b"",
        claim=statement.claim.text,
        samples=statement.samples,
        profile=statement.profile,
        security_bits=math.floor(statement.account.total_bits),
        time=time,
    )


def sign_receipt(body: Body, key: SecretKey) -> Receipt:
    """The receipt of a first signer, who has verified what the body says."""
    signature = key.sign(Domain.RECEIPT, body.digest())
    return Receipt(body=body, signers=(key.public,), signature=signature)


def countersign(
    receipt: Receipt, body: Body, key: SecretKey, *, trusted: Iterable[PublicKey] = (), now: datetime | None = None
) -> Receipt:
    """A receipt with one signer more, who has verified what `body` says.

    Rejected when the receipt's body is another or its signature does not hold: neither is ever signed on top of.
    PolicyNotMet for a receipt from the future, InvalidInput for a key that has signed it already.
    """
    require_body(receipt, body)
    _require_past(receipt, now)
    if find_key(receipt.signers, key.public):
        raise InvalidInput(
            f"the key {key.public.name!r} has signed it already", where="receipt", expected="another auditor's key"
        )
    if len(receipt.signers) >= MAX_SIGNERS:
        raise InvalidInput(f"{MAX_SIGNERS} signers already", where="receipt", expected="fewer")
    verify_signers(receipt, trusted)
    added = key.sign(Domain.RECEIPT, receipt.body.digest())
    signers = sorted((*receipt.signers, key.public), key=lambda signer: signer.key)
    return replace(receipt, signers=tuple(signers), signature=suite.aggregate([receipt.signature, added]))


def verify_receipt(
    receipt: Receipt,
    *,
    proof_digest: bytes,
    statement: Statement,
    trusted: Iterable[PublicKey],
    quorum: int,
    now: datetime | None = None,
) -> tuple[PublicKey, ...]:
    """The trusted signers of a receipt that stands for a proof, by the names of the trust file.

    1. Hold the body against the proof's digest and the statement.
    2. Check the aggregate under all signers; the possession of one that is not trusted is checked from the receipt.
    3. Count the distinct trusted signers; no other counts.

    Rejected for another body, a signature that does not hold or a signer without possession of his key.
    PolicyNotMet for fewer trusted signers than the quorum, or a time that is in the future.
    """
    known = tuple(trusted)
    if quorum < 1:
        raise InvalidInput(f"a quorum of {quorum}", where="receipt", expected="at least 1")
    # 1.
    require_body(receipt, body_of(proof_digest, statement, receipt.time))
    # 2.
    verify_signers(receipt, known)
    _require_past(receipt, now)
    # 3.
    found = tuple(one for signer in receipt.signers if (one := find_key(known, signer)) is not None)
    if len(found) < quorum:
        raise PolicyNotMet(f"{len(found)} of the receipt's {len(receipt.signers)} signers are trusted, {quorum} needed")
    return found


def verify_signers(receipt: Receipt, trusted: Iterable[PublicKey]) -> None:
    """The aggregate holds under all signers, trusted or not; Rejected otherwise."""
    known = tuple(trusted)
    signers = [find_key(known, signer) or signer for signer in receipt.signers]
    verify_aggregate(signers, Domain.RECEIPT, receipt.body.digest(), receipt.signature)


def require_body(receipt: Receipt, body: Body) -> None:
    """The receipt's body is this one, its time left out; Rejected with the first field that differs."""
    found, wanted = receipt.body.document(), body.document()
    for name in _BODY:
        if name != "time" and found[name] != wanted[name]:
            raise Rejected(
                Reason.WRONG_RECEIPT,
                f"the receipt is over another {_WORDS.get(name, name)}",
                expected=str(wanted[name])[:80],
                actual=str(found[name])[:80],
            )


_WORDS = {"data": "held-out set", "security_bits": "number of security bits", "samples": "number of samples"}


def _require_past(receipt: Receipt, now: datetime | None) -> None:
    if receipt.time > (now or present()) + CLOCK_SKEW:
        raise PolicyNotMet(f"the receipt is from the future: {time_text(receipt.time)}")


def _profile(value: object, where: str) -> str:
    if type(value) is str and value in PROFILES:
        return value
    raise InvalidInput("not a profile of this release", where=where, expected=" or ".join(PROFILES))
