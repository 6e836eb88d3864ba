"""Keyrings: the public keys that their owner trusts, each proof of possession checked when it was added.

A keyring is the owner's own file: who can write it can make him trust anybody.
Source: docs/formats.md, "Keys".
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from zkaudit import wire
from zkaudit.documents import DOCUMENT_LIMIT, document_text, parse_json, read_document
from zkaudit.errors import InvalidInput
from zkaudit.signing.key_files import parse_public_key
from zkaudit.signing.keys import PublicKey, read_key, verify_possession

KEYRING_FORMAT = "zkaudit-keyring"
"""What a keyring says that it is."""

KEYRING_VERSION = 1
"""Version of the file."""

MAX_KEYS = 1024
"""Performance knob: most keys of a keyring."""


def keyring_bytes(keys: Iterable[PublicKey]) -> bytes:
    """The bytes of a keyring, keys in ascending order; ValueError for one whose possession was never checked."""
    ordered = sorted(keys, key=lambda key: key.key)
    if not all(key.proven for key in ordered):
        raise ValueError("a key whose proof of possession has not been checked")
    return document_text(KEYRING_FORMAT, KEYRING_VERSION, {"keys": [key.document() for key in ordered]})


def parse_keyring(data: bytes, where: str = "keyring") -> tuple[PublicKey, ...]:
    """The keys of a keyring, taken as proven; `InvalidInput` for bytes that are none."""
    body = read_document(data, KEYRING_FORMAT, KEYRING_VERSION, {"keys": wire.list_of(read_key, MAX_KEYS)}, where)
    keys = [replace(key, proven=True) for key in body["keys"]]
    if any(first.key >= second.key for first, second in itertools.pairwise(keys)):
        raise InvalidInput("keys out of order or twice", where=where, expected="each key once, in ascending order")
    return tuple(keys)


def load_keyring(path: str | Path) -> tuple[PublicKey, ...]:
    """Reads a keyring; `InvalidInput` for a file that is none."""
    return parse_keyring(wire.read_bounded(path, DOCUMENT_LIMIT, "keyring"), f"keyring {path}")


def save_keyring(path: str | Path, keys: Iterable[PublicKey]) -> None:
    """Writes a keyring."""
    wire.write_atomic(path, keyring_bytes(keys))


def load_trusted_keys(paths: Iterable[str | Path]) -> tuple[PublicKey, ...]:
    """The keys of public key files and keyrings, each once, every proof of possession checked.

    That of a key in a keyring was checked when it was added; that of a single file is checked here.
    `InvalidInput` for a file that is neither, Rejected for a key without a proof that holds.
    """
    found: dict[bytes, PublicKey] = {}
    for path in paths:
        for key in _keys_of(path):
            # A key that several files hold is checked once.
            known = found.get(key.key)
            if known is None:
                found[key.key] = verify_possession(key)
    return tuple(found.values())


def _keys_of(path: str | Path) -> tuple[PublicKey, ...]:
    """The keys of one file of either kind."""
    data = wire.read_bounded(path, DOCUMENT_LIMIT, "trusted key")
    where = f"trusted key {path}"
    return parse_keyring(data, where) if is_keyring(data, where) else (parse_public_key(data, where),)


def is_keyring(data: bytes, where: str = "key") -> bool:
    """Whether a JSON text says that it is a keyring; `InvalidInput` for what is no JSON."""
    obj = parse_json(data, where)
    return type(obj) is dict and obj.get("format") == KEYRING_FORMAT


def find_key(keys: Iterable[PublicKey], wanted: PublicKey) -> PublicKey | None:
    """The same key among those that are trusted, with the name that it has there; names are not compared."""
    return next((key for key in keys if key.key == wanted.key), None)
