"""Known answers of the canonical encoding and of containers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from tests.vectors.files import LARGEST, Case, case
from zkaudit import wire
from zkaudit.errors import InvalidInput, UnsupportedVersion

MAGIC, VERSION = b"ZKVECTOR", 1


def encoding_cases() -> list[Case]:
    """`encoding.json`."""
    return [*_values(), *_refused(), *_containers()]


def _tagged(value: object) -> list[object]:
    """A value as a pair of its type and its content, because JSON has no bytes and no large integers."""
    if isinstance(value, bool):
        return ["boolean", value]
    if isinstance(value, int):
        return ["integer", str(value)]
    if isinstance(value, str):
        return ["text", value]
    if isinstance(value, bytes):
        return ["bytes", value.hex()]
    if isinstance(value, list):
        return ["list", [_tagged(entry) for entry in value]]
    assert isinstance(value, dict)
    return ["map", [[key, _tagged(entry)] for key, entry in value.items()]]


def _values() -> Iterator[Case]:
    integers = [0, 1, 127, 128, 255, 256, 65535, 65536, 2**32 - 1, 2**32, LARGEST, 2**64 - 1]
    integers += [-1, -32, -33, -128, -129, -32768, -32769, -(2**31), -(2**31) - 1, -(2**63)]
    samples: dict[str, Any] = {f"integer {value}": value for value in integers}
    samples |= {"true": True, "false": False, "an empty text": "", "a text beyond ASCII": "é€😀"}
    samples |= {f"a text of {length} bytes": "a" * length for length in (31, 32, 255, 256)}
    samples |= {f"{length} bytes": bytes(length) for length in (0, 1, 255, 256)}
    samples |= {f"a list of {length}": [0] * length for length in (0, 15, 16)}
    samples |= {
        "an empty map": {},
        "a map in order": {"B": 1, "a": 2, "aa": 3, "b": 4, "é": 5},
        "nested": {"list": [[], {"map": {}}, [True, b"\xff", "x", -1]]},
        "a map of 16": {f"{number:02}": number for number in range(16)},
    }
    for name, value in samples.items():
        encoded = wire.pack(value)
        if wire.unpack(encoded, what="vector") != value:
            raise ValueError(f"{name} does not decode to itself")
        given = {"operation": "encode", "value": _tagged(value)}
        yield case(name, "A value has one encoding, and decoding gives it back.", given, {"bytes": encoded})


def _refused() -> Iterator[Case]:
    deep = b"\x91" * 16 + b"\x00"
    wire.unpack(deep[1:], what="vector")
    texts = {
        "no bytes": b"",
        "two values": b"\x01\x02",
        "a byte that starts nothing": b"\xc1",
        "nil": b"\xc0",
        "a float of 32 bits": bytes.fromhex("ca3f800000"),
        "a float of 64 bits": bytes.fromhex("cb3ff0000000000000"),
        "an extension": bytes.fromhex("d40100"),
        "a timestamp": bytes.fromhex("d6ff00000000"),
        "a long form of a small integer": bytes.fromhex("cc01"),
        "a wide form of an integer": bytes.fromhex("cd00ff"),
        "a signed form of a positive integer": bytes.fromhex("d07f"),
        "a long form of a negative integer": bytes.fromhex("d0ff"),
        "a long form of a text": bytes.fromhex("d90161"),
        "a long form of a list": bytes.fromhex("dc0000"),
        "a long form of a map": bytes.fromhex("de0000"),
        "a long form of bytes": bytes.fromhex("c5000100"),
        "a text that is not UTF-8": bytes.fromhex("a1ff"),
        "half a surrogate pair": bytes.fromhex("a3eda080"),
        "a truncated text": bytes.fromhex("a26a"),
        "a truncated list": bytes.fromhex("9201"),
        "a map without its last value": bytes.fromhex("81a161"),
        "an integer as a key": bytes.fromhex("810102"),
        "bytes as a key": bytes.fromhex("81c4016101"),
        "keys that fall": bytes.fromhex("82a16201a16102"),
        "a key twice": bytes.fromhex("82a16101a16101"),
        "a list that claims four thousand million entries": bytes.fromhex("ddffffffff"),
        "bytes that claim four thousand million": bytes.fromhex("c6ffffffff"),
        "seventeen lists in each other": b"\x91" * 17 + b"\x00",
    }
    for name, data in texts.items():
        given = {"operation": "decode", "bytes": data}
        yield case(name, "Not the canonical encoding of a value.", given, {"refused": _kind(wire.unpack, data)})


def _kind(read: Any, data: bytes) -> str:
    try:
        read(data, what="vector")
    except InvalidInput:
        return "unreadable"
    raise ValueError(f"{data.hex()} is accepted")


def _containers() -> Iterator[Case]:
    body = {"content": b"\x01\x02"}
    good = wire.seal(MAGIC, VERSION, body)
    given = {"operation": "container", "magic": MAGIC.decode(), "version": VERSION, "bytes": good}
    yield case("a container", "Magic, version, length, body and digest.", given, {"value": _tagged(body)})

    def sealed(head: bytes) -> bytes:
        return head + hashlib.sha256(head).digest()

    def again(body: bytes, *, magic: bytes = MAGIC, version: int = VERSION, length: int | None = None) -> bytes:
        size = len(body) if length is None else length
        return sealed(magic + version.to_bytes(4, "big") + size.to_bytes(8, "big") + body)

    packed = wire.pack(body)
    faults = {
        "an empty file": b"",
        "a header alone": good[:20],
        "another magic": again(packed, magic=b"ZKVECTOS"),
        "a later version": again(packed, version=2),
        "version zero": again(packed, version=0),
        "a last byte too few": good[:-1],
        "a byte behind the digest": good + b"\0",
        "a length too small": again(packed, length=len(packed) - 1),
        "a length too large": again(packed, length=len(packed) + 1),
        "a length beyond any file": again(packed, length=2**64 - 1),
        "an altered digest": good[:-1] + bytes([good[-1] ^ 1]),
        "an altered body": good[:-33] + bytes([good[-33] ^ 1]) + good[-32:],
        "a body that is not canonical": again(bytes.fromhex("82a16201a16102")),
        "a byte behind the value of the body": again(packed + b"\0"),
    }
    for name, data in faults.items():
        given = {"operation": "container", "magic": MAGIC.decode(), "version": VERSION, "bytes": data}
        try:
            wire.unseal(MAGIC, {VERSION}, data, "vector")
        except UnsupportedVersion:
            reason = "unknown version"
        except InvalidInput:
            reason = "unreadable"
        else:
            raise ValueError(f"{name} is accepted")
        yield case(name, "Not a container of this kind and version.", given, {"refused": reason})
