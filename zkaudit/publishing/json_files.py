"""The small JSON files of a publication: one way to write them, a strict way to read them."""

from __future__ import annotations

import hashlib
import json
from typing import Any, NoReturn

from zkaudit.documents import DOCUMENT_LIMIT
from zkaudit.errors import InvalidInput


def json_bytes(document: object) -> bytes:
    """The text of a document: two spaces a level, pure ASCII so that no reader can be misled by its characters."""
    return (json.dumps(document, indent=2, allow_nan=False) + "\n").encode()


def parse_json(data: bytes, where: str) -> dict[str, Any]:
    """The map of a JSON text without repeated keys; `InvalidInput` for any other bytes.

    Fractions are allowed here, unlike in documents that are hashed: other tools compare these numbers.
    """
    if len(data) > DOCUMENT_LIMIT:
        raise InvalidInput(f"{len(data)} bytes are too many", where=where, expected=f"at most {DOCUMENT_LIMIT} bytes")

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) != len(pairs):
            raise ValueError("a key occurs twice")
        return result

    def refuse(text: str) -> NoReturn:
        raise ValueError(f"{text} is not a number")

    try:
        document = json.loads(data.decode(), object_pairs_hook=unique, parse_constant=refuse)
    except (ValueError, RecursionError, MemoryError) as error:
        reason = " ".join(str(error).split())[:80] or type(error).__name__
        raise InvalidInput(f"unreadable: {reason}", where=where, expected="JSON text") from error
    if type(document) is not dict:
        raise InvalidInput("not a map", where=where, expected="a JSON object")
    return document


def sha256(data: bytes) -> str:
    """SHA-256 of a file's bytes in lowercase hex."""
    return hashlib.sha256(data).hexdigest()
