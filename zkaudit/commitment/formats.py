"""The files of a commitment: `commitment.json`, public text, and `opening.zko`, a secret container."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from zkaudit import wire
from zkaudit.commitment.ajtai import RANDOMNESS, SCHEME, VERSION, Commitment, Opening, pack_residues, unpack_residues
from zkaudit.documents import hex_of, read_document
from zkaudit.errors import InvalidInput
from zkaudit.model.architecture import Architecture

COMMITMENT_FORMAT = "zkaudit-commitment"
"""What a commitment file says that it is."""

COMMITMENT_LIMIT = 16 << 20
"""Performance knob: most bytes of a commitment file."""

OPENING_MAGIC = b"zkauditO"
"""First bytes of an opening file."""

OPENING_VERSION = 1
"""Version of the opening file."""

OPENING_LIMIT = 1 << 14
"""Performance knob: most bytes of an opening file; it has about 2,200."""

_LINES = 31
"""Lines of the value, of 64 bytes each: short enough to read and to compare."""

_LINE_BYTES = 64


def commitment_text(commitment: Commitment) -> str:
    """The text of a commitment file: JSON in one layout and one key order."""
    value = pack_residues(commitment.value).hex()
    body = {
        "format": COMMITMENT_FORMAT,
        "version": VERSION,
        "digest": commitment.digest().hex(),
        "scheme": SCHEME,
        "architecture": commitment.architecture.canonical(),
        "value": [
            value[2 * start : 2 * (start + _LINE_BYTES)] for start in range(0, _LINES * _LINE_BYTES, _LINE_BYTES)
        ],
    }
    return json.dumps(body, indent=2) + "\n"


def parse_commitment(data: bytes, where: str = "commitment") -> Commitment:
    """The commitment that a file holds; `InvalidInput` for bytes that are not one.

    White space and the order of keys are free, because the digest is over the canonical binary form.
    """
    fields: dict[str, type | wire.Checker] = {
        "digest": str,
        "scheme": str,
        "architecture": dict,
        "value": wire.list_of(hex_of(_LINE_BYTES), _LINES),
    }
    body = read_document(data, COMMITMENT_FORMAT, VERSION, fields, where, COMMITMENT_LIMIT)
    if body["scheme"] != SCHEME:
        raise InvalidInput("an unknown commitment scheme", where=where, expected=SCHEME)
    value = unpack_residues(b"".join(body["value"]), f"{where}, value")
    commitment = Commitment(architecture=Architecture.from_canonical(body["architecture"]), value=value)
    if body["digest"] != commitment.digest().hex():
        raise InvalidInput("the digest does not match the content", where=where, expected=commitment.digest().hex())
    return commitment


def save_commitment(path: str | Path, commitment: Commitment, *, overwrite: bool = True) -> None:
    """Writes a commitment file."""
    wire.write_atomic(path, commitment_text(commitment).encode(), overwrite=overwrite)


def load_commitment(path: str | Path) -> Commitment:
    """Reads a commitment file; `InvalidInput` for a file that is not one."""
    return parse_commitment(wire.read_bounded(path, COMMITMENT_LIMIT, "commitment"), f"commitment {path}")


def opening_bytes(opening: Opening) -> bytes:
    """The bytes of an opening file: secret."""
    body = {"commitment": opening.commitment_digest, "randomness": opening.randomness.tobytes()}
    return wire.seal(OPENING_MAGIC, OPENING_VERSION, body)


def parse_opening(data: bytes, where: str = "opening") -> Opening:
    """The opening that a file holds; `InvalidInput` for bytes that are not one."""
    _, obj = wire.unseal(OPENING_MAGIC, (OPENING_VERSION,), data, where)
    fields: dict[str, type | wire.Checker] = {
        "commitment": wire.bytes_of(wire.DIGEST_BYTES),
        "randomness": wire.bytes_of(RANDOMNESS),
    }
    body = wire.closed_map(obj, fields, where)
    return Opening(randomness=np.frombuffer(body["randomness"], np.int8), commitment_digest=body["commitment"])


def save_opening(path: str | Path, opening: Opening, *, overwrite: bool = False) -> None:
    """Writes an opening file that only its owner can read.

    `InvalidInput` where a file of that name exists, unless `overwrite`: a lost opening ends all audits.
    """
    wire.write_atomic(path, opening_bytes(opening), mode=0o600, overwrite=overwrite)


def load_opening(path: str | Path) -> Opening:
    """Reads an opening file; `InvalidInput` for a file that is not one."""
    return parse_opening(wire.read_bounded(path, OPENING_LIMIT, "opening"), f"opening {path}")
