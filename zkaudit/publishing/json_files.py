"""The small JSON files of a publication: one way to write them, a strict way to read them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from zkaudit.documents import DOCUMENT_LIMIT, parse_json
from zkaudit.errors import InvalidInput


def json_bytes(document: object) -> bytes:
    """The text of a document: two spaces a level, pure ASCII so that no reader can be misled by its characters."""
    return (json.dumps(document, indent=2, allow_nan=False) + "\n").encode()


def parse_map(data: bytes, where: str, *, limit: int = DOCUMENT_LIMIT) -> dict[str, Any]:
    """The map of a JSON text without repeated keys, of at most `limit` bytes; `InvalidInput` for any other bytes.

    Fractions are allowed, unlike in documents that are hashed: other tools compare these numbers.
    """
    if len(data) > limit:
        raise InvalidInput(f"{len(data)} bytes are too many", where=where, expected=f"at most {limit} bytes")
    document = parse_json(data, where, fractions=True)
    if type(document) is not dict:
        raise InvalidInput("not a map", where=where, expected="a JSON object")
    return document


def sha256(data: bytes) -> str:
    """SHA-256 of a file's bytes in lowercase hex."""
    return hashlib.sha256(data).hexdigest()
