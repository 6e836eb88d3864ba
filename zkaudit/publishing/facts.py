"""What the files of a publication say about themselves, for `zkaudit inspect`; nothing of it is verified."""

from __future__ import annotations

from typing import Any

from zkaudit.document_facts import DocumentFacts
from zkaudit.documents import DOCUMENT_LIMIT
from zkaudit.errors import InvalidInput
from zkaudit.publishing.envelope import parse_envelope
from zkaudit.publishing.json_files import parse_map, sha256

LISTED = 8
"""Performance knob: subjects, signatures or components of a file that are shown."""

LONGEST = 200
"""Performance knob: characters of a text that are shown."""

_PREDICATE = {
    "says it was proved": "claim",
    "of model": "modelName",
    "says it was verified": "timeVerified",
    "says it was made": "timeCreated",
}
"""Texts of a predicate that are shown, by their field."""


def facts_of(document: dict[str, Any], data: bytes, where: str) -> DocumentFacts | None:
    """The facts of an attestation, signed or not, or of a CycloneDX document; None for anything else.

    `document` is what `data` holds; InvalidInput for an envelope that is damaged, or a file that no publication has.
    """
    is_bill = document.get("bomFormat") == "CycloneDX"
    if not (is_bill or document.keys() & {"payloadType", "predicateType"}):
        return None
    if len(data) > DOCUMENT_LIMIT:
        raise InvalidInput(f"{len(data)} bytes are too many", where=where, expected=f"at most {DOCUMENT_LIMIT} bytes")
    if "payloadType" in document:
        envelope = parse_envelope(data, where)
        signers = {f"says it is by {n}": one.key_id for n, one in enumerate(envelope.signatures[:LISTED], 1)}
        facts = _statement(parse_map(envelope.payload, f"{where}, payload")) | (signers or {"signatures": "none"})
        return DocumentFacts(kind="attestation", digest=sha256(data), facts=facts)
    if "predicateType" in document:
        return DocumentFacts(kind="statement that nobody signed", digest=sha256(data), facts=_statement(document))
    components = {f"component {n}": one for n, one in enumerate(_texts(document, "components", "name"), 1)}
    facts = {"CycloneDX": _text(document, "specVersion"), "serial number": _text(document, "serialNumber")}
    return DocumentFacts(kind="bill of materials", digest=sha256(data), facts=facts | components)


def _statement(statement: dict[str, Any]) -> dict[str, str | int]:
    """An in-toto Statement of any predicate."""
    predicate = statement.get("predicate")
    fields = predicate if type(predicate) is dict else {}
    return {
        "predicate": _text(statement, "predicateType"),
        **{f"about {n}": name for n, name in enumerate(_texts(statement, "subject", "name"), 1)},
        **{words: _text(fields, field) for words, field in _PREDICATE.items() if type(fields.get(field)) is str},
    }


def _texts(document: dict[str, Any], field: str, name: str) -> list[str]:
    """One text of each of the first maps in a list."""
    listed = document.get(field)
    return [_text(one, name) for one in listed[:LISTED]] if type(listed) is list else []


def _text(document: object, field: str) -> str:
    """The beginning of a field's text, or that there is none."""
    value = document.get(field) if isinstance(document, dict) else None
    if type(value) is not str:
        return "none"
    return value if len(value) <= LONGEST else f"{value[:LONGEST]}..."
