"""Sections "Canonical encoding", "Field" on the wire, and the reasons of section "Verification"."""

from __future__ import annotations

import hashlib
import struct
from typing import Any

import msgpack

from tests.second.field import Element, P

MOST_VALUES = 2**18
DEEPEST = 16


class RefusedError(Exception):
    """The statement or the proof is refused.

    `reason` is one of section "Verification", "unreadable", or "statement" for what is no statement.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason


def require(condition: bool, reason: str, detail: str) -> None:
    """RefusedError unless the condition holds."""
    if not condition:
        raise RefusedError(reason, detail)


def sha256(data: bytes) -> bytes:
    """H."""
    return hashlib.sha256(data).digest()


def big_endian(size: int, integer: int) -> bytes:
    """be(size, integer)."""
    return integer.to_bytes(size, "big", signed=integer < 0)


def pack(value: object) -> bytes:
    """The canonical encoding."""
    return bytes(msgpack.packb(_sorted(value), use_bin_type=True))


def _sorted(value: object) -> object:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, (list, tuple)):
        return [_sorted(entry) for entry in value]
    return value


def unpack(data: bytes) -> Any:
    """The value of a canonical encoding."""
    try:
        value = msgpack.unpackb(data, raw=False, strict_map_key=True)
        require(_count(value, 0) <= MOST_VALUES and pack(value) == data, "unreadable", "not canonical")
    except RefusedError:
        raise
    except Exception as error:
        raise RefusedError("unreadable", str(error)) from error
    return value


def _count(value: object, depth: int) -> int:
    """How many values there are; only those that section "Canonical encoding" allows."""
    require(depth <= DEEPEST, "unreadable", "nested too deep")
    if isinstance(value, dict):
        require(all(isinstance(key, str) for key in value), "unreadable", "a key is no text")
        return 1 + len(value) + sum(_count(entry, depth + 1) for entry in value.values())
    if isinstance(value, list):
        return 1 + sum(_count(entry, depth + 1) for entry in value)
    require(isinstance(value, (bool, int, str, bytes)), "unreadable", "a value of no kind")
    return 1


def unseal(magic: bytes, version: int, data: bytes) -> Any:
    """The body of a container."""
    require(len(data) >= 52 and data[:12] == magic + big_endian(4, version), "unreadable", "another kind of file")
    require(int.from_bytes(data[12:20], "big") == len(data) - 52, "unreadable", "truncated")
    require(sha256(data[:-32]) == data[-32:], "unreadable", "wrong digest")
    return unpack(data[20:-32])


def closed(value: object, keys: dict[str, type]) -> dict[str, Any]:
    """A map with exactly these keys, whose values are of these types."""
    if not isinstance(value, dict) or set(value) != set(keys):
        raise RefusedError("unreadable", f"not a map of {', '.join(keys)}")
    for key, kind in keys.items():
        require(type(value[key]) is kind, "unreadable", f"{key} is of another type")
    return value


def residues(data: bytes, count: int, where: str) -> list[int]:
    """So many residues."""
    require(len(data) == 4 * count, "wrong-length", where)
    values = [value for (value,) in struct.iter_unpack(">I", data)]
    require(all(value < P for value in values), "non-canonical", where)
    return values


def elements(data: bytes, count: int, where: str) -> list[Element]:
    """So many elements of F."""
    return grouped(residues(data, 5 * count, where))


def grouped(values: list[int]) -> list[Element]:
    """Residues as elements of F, five for each."""
    return [(values[i], values[i + 1], values[i + 2], values[i + 3], values[i + 4]) for i in range(0, len(values), 5)]
