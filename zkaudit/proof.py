"""The proof file: a sealed container whose parts have the lengths that the statement fixes.

Source: docs/protocol.md, "Proof file".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from zkaudit import wire
from zkaudit.errors import InvalidInput, Reason, Rejected
from zkaudit.field import arrays
from zkaudit.field.arrays import Array
from zkaudit.field.extension import Element
from zkaudit.field.koalabear import MODULUS
from zkaudit.merkle.messages import DIGEST_BYTES, SALT_BYTES

MAGIC = b"ZKAPROOF"
VERSION = 1
"""Changes with any byte of the format or the transcript."""

LARGEST_NONCE = (1 << 64) - 1
LARGEST_PROOF = 1 << 28
"""Performance knob: no proof of this release's profiles is larger than 256 MiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedColumns:
    """Opened columns of an oracle in bytes: cells in row order, one salt a column, and the shared path."""

    nonce: int
    cells: bytes
    salts: bytes
    path: bytes

    def columns(self, count: int, rows: int, where: str) -> Array:
        """The cells as residues, (columns, rows)."""
        return residues(self.cells, count * rows, f"{where} cells").reshape(count, rows)

    def column_salts(self, count: int, where: str) -> list[bytes]:
        """One salt a column."""
        return _pieces(self.salts, count, SALT_BYTES, f"{where} salts")

    def path_digests(self, count: int, where: str) -> list[bytes]:
        """The digests of the shared path."""
        return _pieces(self.path, count, DIGEST_BYTES, f"{where} path")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """All parts of a proof as bytes; shapes against a statement are checked where each part is read.

    `profile`, `commitment`, `data`, `claim` and `challenge` (empty for none) say what the proof was made for.
    They give a mismatch its name; the verifier takes none of them as the statement.
    """

    profile: str
    commitment: bytes
    data: bytes
    claim: str
    challenge: bytes
    witness_root: bytes
    pad_root: bytes
    lookup_nonce: int
    messages: bytes
    row: bytes
    witness: OpenedColumns
    responses: bytes
    pads: OpenedColumns

    def encode(self) -> bytes:
        """The file."""
        body = {name: getattr(self, name) for name in _FIELDS}
        for name in ("witness", "pads"):
            opened: OpenedColumns = getattr(self, name)
            body[name] = {field: getattr(opened, field) for field in _COLUMN_FIELDS}
        return wire.seal(MAGIC, VERSION, body)


def _challenge(value: object, where: str) -> bytes:
    """A checker of the digest of a challenge, or of none."""
    if type(value) is not bytes or len(value) not in (0, DIGEST_BYTES):
        raise InvalidInput("not the digest of a challenge", where=where, expected=f"0 or {DIGEST_BYTES} bytes")
    return value


_NONCE = wire.integer_in(0, LARGEST_NONCE)
_COLUMN_FIELDS: dict[str, Any] = {"nonce": _NONCE, "cells": bytes, "salts": bytes, "path": bytes}
_FIELDS: dict[str, Any] = {
    "profile": str,
    "commitment": wire.bytes_of(DIGEST_BYTES),
    "data": wire.bytes_of(DIGEST_BYTES),
    "claim": str,
    "challenge": _challenge,
    "witness_root": wire.bytes_of(DIGEST_BYTES),
    "pad_root": wire.bytes_of(DIGEST_BYTES),
    "lookup_nonce": _NONCE,
    "messages": bytes,
    "row": bytes,
    "witness": dict,
    "responses": bytes,
    "pads": dict,
}


def decode(data: bytes) -> Proof:
    """A proof from untrusted bytes; InvalidInput when they are not a proof file of a known version."""
    _, body = wire.unseal(MAGIC, {VERSION}, data, "proof")
    fields = wire.closed_map(body, _FIELDS, "proof")
    for name in ("witness", "pads"):
        fields[name] = OpenedColumns(**wire.closed_map(fields[name], _COLUMN_FIELDS, f"proof {name}"))
    return Proof(**fields)


def residues(data: bytes, count: int, where: str) -> Array:
    """`count` canonical residues, four big-endian bytes each; Rejected for another length or a residue not below p."""
    if len(data) != 4 * count:
        raise Rejected(Reason.WRONG_LENGTH, where, expected=f"{4 * count} bytes", actual=f"{len(data)}")
    values = np.frombuffer(data, ">u4").astype(np.uint64)
    if values.size and int(values.max()) >= MODULUS:
        place = int(np.flatnonzero(values >= MODULUS)[0])
        raise Rejected(Reason.NON_CANONICAL, f"{where}, residue {place}", expected=f"below {MODULUS}")
    return values


def extension_vector(data: bytes, count: int, where: str) -> Array:
    """`count` elements of F as (5, count); Rejected as for `residues`."""
    return np.ascontiguousarray(residues(data, 5 * count, where).reshape(count, 5).T)


def elements(data: bytes, count: int, where: str) -> list[Element]:
    """`count` elements of F; Rejected as for `residues`."""
    return arrays.to_elements(extension_vector(data, count, where))


def _pieces(data: bytes, count: int, size: int, where: str) -> list[bytes]:
    if len(data) != count * size:
        raise Rejected(Reason.WRONG_LENGTH, where, expected=f"{count * size} bytes", actual=f"{len(data)}")
    return [data[i * size : (i + 1) * size] for i in range(count)]
