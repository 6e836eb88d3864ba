"""Public documents: JSON that a person can read and diff, with a digest over one canonical binary form.

The text may have any white space and order of keys; what it says has one form, and only that is hashed or signed.
Source: docs/formats.md, "Documents".
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from zkaudit import wire
from zkaudit.errors import InvalidInput, UnsupportedVersion

DOCUMENT_LIMIT = 1 << 20
"""Performance knob: most bytes of a document other than a commitment; a receipt of 64 signers has about 30,000."""

NOTHING = "none"
"""What a document writes where an optional digest is absent; its canonical form is the empty byte string."""

CLOCK_SKEW = timedelta(minutes=5)
"""How far the clocks of honest parties may differ: a time this far in the future is still taken as the present."""

_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[{]|[\]}]', re.DOTALL)
"""A JSON string, so that brackets in it do not count, or a bracket."""

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", re.ASCII)


def parse_json(data: bytes, where: str, *, fractions: bool = False) -> Any:
    """The value of a JSON text without repeated keys, and without fractions unless they are allowed.

    `InvalidInput` for any other bytes.

    Nesting is bounded here, because the parser recurses in C: beyond its stack it ends the process.
    """

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) != len(pairs):
            raise ValueError("a key occurs twice")
        return result

    def refuse(_: str) -> NoReturn:
        raise ValueError("numbers are integers here")

    try:
        if _too_deep(data):
            raise ValueError(f"nesting deeper than {wire.MAX_DEPTH}")
        floats = float if fractions else refuse
        return json.loads(data.decode(), object_pairs_hook=unique, parse_float=floats, parse_constant=refuse)
    except (ValueError, RecursionError, MemoryError) as error:
        reason = " ".join(str(error).split())[:80] or type(error).__name__
        raise InvalidInput(f"unreadable: {reason}", where=where, expected="JSON text") from error


def _too_deep(data: bytes) -> bool:
    """Whether brackets are ever open in more than the depth of the formats; what is no JSON may say either."""
    depth = 0
    for token in _TOKEN.finditer(data):
        first = token[0][:1]
        depth += (first in b"[{") - (first in b"]}")
        if depth > wire.MAX_DEPTH:
            return True
    return False


def read_document(
    data: bytes,
    kind: str,
    version: int,
    fields: Mapping[str, type | wire.Checker],
    where: str,
    limit: int = DOCUMENT_LIMIT,
) -> dict[str, Any]:
    """The checked fields of a document of one kind and at most `limit` bytes, `format` and `version` left out.

    `UnsupportedVersion` for another version of the kind, `InvalidInput` for every other fault.
    """
    if len(data) > limit:
        raise InvalidInput(f"{len(data)} bytes are too many", where=where, expected=f"at most {limit} bytes")
    obj = parse_json(data, where)
    if type(obj) is not dict or obj.get("format") != kind:
        raise InvalidInput("another kind of file", where=where, expected=f"a document of the format {kind!r}")
    found = obj.get("version")
    if type(found) is int and found != version:
        raise UnsupportedVersion(
            "a format version that this release does not read",
            where=where,
            expected=f"version {version}",
            next_step="use the release of zkaudit that wrote it",
        )
    body = wire.closed_map(obj, {"format": str, "version": int, **fields}, where)
    return {name: body[name] for name in fields}


def document_text(kind: str, version: int, fields: Mapping[str, object]) -> bytes:
    """The bytes of a document: JSON in one layout and one order of keys."""
    return (json.dumps({"format": kind, "version": version, **fields}, indent=2, ensure_ascii=False) + "\n").encode()


def document_digest(kind: str, version: int, fields: Mapping[str, object]) -> bytes:
    """SHA-256 of the canonical encoding of a document's fields; the kind in it separates it from all others."""
    return hashlib.sha256(wire.pack({"format": kind, "version": version, **fields})).digest()


def hex_of(length: int) -> wire.Checker:
    """A checker of so many bytes in lower-case hexadecimal digits, which become bytes."""

    def check(value: object, where: str) -> bytes:
        if type(value) is str and len(value) == 2 * length and not set(value) - set("0123456789abcdef"):
            return bytes.fromhex(value)
        raise InvalidInput("not a value in hex", where=where, expected=f"{2 * length} lower-case hex digits")

    return check


def hex_or_nothing(length: int) -> wire.Checker:
    """A checker like `hex_of` that takes "none" for no bytes."""
    whole = hex_of(length)

    def check(value: object, where: str) -> bytes:
        return b"" if value == NOTHING else bytes(whole(value, where))

    return check


def hex_text(value: bytes) -> str:
    """The text that `hex_or_nothing` reads."""
    return value.hex() or NOTHING


def read_time(value: object, where: str) -> datetime:
    """A checker of times such as 2026-03-01T09:30:00Z: RFC 3339, UTC, whole seconds; an aware datetime."""
    if type(value) is str and _TIME.fullmatch(value):
        try:
            return datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except ValueError:
            pass
    raise InvalidInput("not a time", where=where, expected="RFC 3339 in UTC and whole seconds, 2026-03-01T09:30:00Z")


def time_text(time: datetime) -> str:
    """The text that `read_time` reads."""
    # Not strftime, whose %Y drops leading zeros on some systems.
    return time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def present() -> datetime:
    """The time now, in UTC and whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)
