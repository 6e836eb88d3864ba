"""What the files of a publication say about themselves, for `zkaudit inspect`; nothing of it is verified."""

from __future__ import annotations

import hashlib
from typing import Any

from zkaudit.document_facts import DocumentFacts
from zkaudit.publishing.envelope import parse_envelope
from zkaudit.publishing.json_files import parse_map

LISTED = 8
"""Performance knob: subjects, signatures or components of a file that are shown."""

_PREDICATE = {
    "says it was proved": "claim",
    "of model": "modelName",
    "says it was verified": "timeVerified",
    "says it was made": "timeCreated",
}
"""Texts of a predicate that are shown, by their field."""


def facts_of(document: dict[str, Any], data: bytes, where: str) -> DocumentFacts | None:
    """The facts of an attestation, signed or not, or of a CycloneDX document; None for anything else.

    `document` is what `data` holds; InvalidInput for an envelope that is damaged.
    """
    if "payloadType" in document:
        envelope = parse_envelope(data, where)
        signers = {f"says it is by {n}": one.key_id for n, one in enumerate(envelope.signatures[:LISTED], 1)}
        facts = _statement(parse_map(envelope.payload, f"{where}, payload")) | (signers or {"signatures": "none"})
        return DocumentFacts(kind="attestation", digest=_digest(data), facts=facts)
    if "predicateType" in document:
        return DocumentFacts(kind="statement that nobody signed", digest=_digest(data), facts=_statement(document))
    if document.get("bomFormat") == "CycloneDX":
        components = {f"component {n}": one for n, one in enumerate(_texts(document, "components", "name"), 1)}
        facts = {"CycloneDX": _text(document, "specVersion"), "serial number": _text(document, "serialNumber")}
        return DocumentFacts(kind="bill of materials", digest=_digest(data), facts=facts | components)
    return None


def _statement(statement: dict[str, Any]) -> dict[str, str | int]:
    """An in-toto Statement of any predicate."""
    predicate = statement.get("predicate")
    fields = predicate if type(predicate) is dict else {}
    return {
        "predicate": _text(statement, "predicateType"),
        **{f"about {n}": name for n, name in enumerate(_texts(statement, "subject", "name"), 1)},
        **{words: fields[field] for words, field in _PREDICATE.items() if type(fields.get(field)) is str},
    }


def _texts(document: dict[str, Any], field: str, name: str) -> list[str]:
    """One text of each of the first maps in a list."""
    listed = document.get(field)
    return [_text(one, name) for one in listed[:LISTED]] if type(listed) is list else []


def _text(document: object, field: str) -> str:
    """A field's text, or that there is none."""
    value = document.get(field) if isinstance(document, dict) else None
    return value if type(value) is str else "none"


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
