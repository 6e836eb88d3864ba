"""The in-toto Statement of a verified claim: subject, predicate, and the check that it says what a proof shows.

The subject is the commitment file and never the weights: a digest of the weights would confirm a guess of them.
Source: docs/publishing.md, "The statement".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from zkaudit.documents import read_time, time_text
from zkaudit.errors import InvalidInput, Reason, Rejected
from zkaudit.publishing.json_files import json_bytes, parse_map
from zkaudit.publishing.record import FileDigest, Finding, Record, checked_name

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
"""What an in-toto Statement says that it is."""

PREDICATE_TYPE = "https://zkaudit.alt/attestation/model-claim/v1"
"""Names the meaning of the predicate's fields, the words of a finding among them; nothing is fetched from it.

Names under `alt` are outside the domain name system, so nobody can register this one: RFC 9476.
"""

CONFIDENCE = 0.95
"""Confidence of every lower bound."""

RELEASE_LENGTH = 64
"""Performance knob: longest version of a verifier."""

METHOD = "one-sided Clopper-Pearson"
"""How every lower bound is computed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What only a Statement says and no proof shows: the model's name, and when which release verified.

    Not authenticated, but by a signature of the envelope.
    """

    name: str
    verified: datetime
    release: str


def claim_statement(record: Record) -> dict[str, Any]:
    """The Statement of a verified proof; fields that have no value are absent."""
    return {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": record.commitment_file.name, "digest": {"sha256": record.commitment_file.sha256}}],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "modelName": record.name,
            "claim": record.claim,
            "claimInWords": record.words,
            "findings": [_finding(finding) for finding in record.findings],
            "samples": record.samples,
            **_bound(record.lower_bound),
            "commitmentDigest": {"sha256": record.commitment},
            "architectureDigest": {"sha256": record.architecture},
            "dataDigest": {"sha256": record.data},
            **({"challengeDigest": {"sha256": record.challenge}} if record.challenge else {}),
            "proof": _descriptor(record.proof_file),
            "proofBytes": record.proof_file.size,
            **_optional("data", record.data_file),
            **_optional("challenge", record.challenge_file),
            **_optional("receipt", record.receipt_file),
            "protocol": record.protocol,
            "profile": record.profile,
            "securityBits": record.security_bits,
            "verifier": {"name": "zkaudit", "version": record.release},
            "timeVerified": time_text(record.verified),
        },
    }


def statement_bytes(record: Record) -> bytes:
    """The payload of an envelope: the Statement as JSON text."""
    return json_bytes(claim_statement(record))


def parse_stated(payload: bytes, where: str = "attestation") -> Stated:
    """What differs between two true Statements; `InvalidInput` for bytes that are none of this type."""
    document = parse_map(payload, where)
    for field, expected in (("_type", STATEMENT_TYPE), ("predicateType", PREDICATE_TYPE)):
        if document.get(field) != expected:
            raise InvalidInput(f"another kind of statement in {field}", where=where, expected=expected)
    predicate = document.get("predicate")
    fields = predicate if type(predicate) is dict else {}
    verifier = fields.get("verifier")
    release = verifier.get("version") if type(verifier) is dict else None
    name = fields.get("modelName")
    if type(release) is not str or len(release) > RELEASE_LENGTH or type(name) is not str:
        raise InvalidInput("not a predicate", where=where, expected="texts in modelName and verifier.version")
    verified = read_time(fields.get("timeVerified"), f"{where}, timeVerified")
    return Stated(name=checked_name(name), verified=verified, release=release)


def require_statement(payload: bytes, record: Record, where: str = "attestation") -> None:
    """A Statement says of a proof what its verification shows, in every field and with no field more.

    `InvalidInput` for bytes that are no Statement, Rejected with the first field that says something else.
    """
    require_same(claim_statement(record), parse_map(payload, where), where)


def require_same(shown: object, stated: object, where: str) -> None:
    """Rejected with the first place at which a description differs from what the verification shows."""
    difference = _difference(shown, stated, "")
    if difference is not None:
        place, expected, actual = difference
        raise Rejected(
            Reason.WRONG_ATTESTATION,
            f"{where} says something else than the proof at {place}",
            **_ends(expected, actual),
        )


def _difference(shown: object, stated: object, place: str) -> tuple[str, object, object] | None:
    """Where two documents differ first; a boolean is not an integer, and an integer is not a fraction."""
    if type(shown) is not type(stated):
        return place or "its top", shown, stated
    if isinstance(shown, dict) and isinstance(stated, dict):
        for key in [*shown, *(key for key in stated if key not in shown)]:
            inner = f"{place}.{ascii(key)[1:-1]}" if place else ascii(key)[1:-1]
            if key not in shown or key not in stated:
                return inner, shown.get(key, "nothing"), stated.get(key, "nothing")
            if found := _difference(shown[key], stated[key], inner):
                return found
    elif isinstance(shown, list) and isinstance(stated, list):
        if len(shown) != len(stated):
            return place, f"{len(shown)} entries", f"{len(stated)} entries"
        for index, (ours, theirs) in enumerate(zip(shown, stated, strict=True)):
            if found := _difference(ours, theirs, f"{place}[{index}]"):
                return found
    elif shown != stated:
        return place, shown, stated
    return None


def _ends(expected: object, actual: object) -> dict[str, str]:
    return {"expected": ascii(expected)[:80], "actual": ascii(actual)[:80]}


def _finding(finding: Finding) -> dict[str, Any]:
    """One part of the claim; fields without a value are absent."""
    fields = {
        "claim": finding.atom,
        "words": finding.words,
        "atLeast": finding.at_least,
        "exactly": finding.exactly,
        "of": finding.of,
        "table": None if finding.table is None else [list(row) for row in finding.table],
    }
    return {**{name: value for name, value in fields.items() if value is not None}, **_bound(finding.lower_bound)}


def _bound(value: float | None) -> dict[str, Any]:
    if value is None:
        return {}
    return {"lowerBound": {"value": value, "confidence": CONFIDENCE, "method": METHOD}}


def _descriptor(file: FileDigest) -> dict[str, Any]:
    """An in-toto ResourceDescriptor of a file."""
    return {"name": file.name, "digest": {"sha256": file.sha256}}


def _optional(field: str, file: FileDigest | None) -> dict[str, Any]:
    return {} if file is None else {field: _descriptor(file)}
