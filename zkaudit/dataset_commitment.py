"""A salted commitment to a held-out set, which an auditor publishes before the owner commits to a model.

It is opened when the set is revealed.
It binds the values of the arrays, not the bytes of the file. Binding rests on the collision resistance of SHA-256;
it hides as SHA-256 with 32 unknown uniform bytes in front is a random oracle.
Source: docs/formats.md, "Commitment to a held-out set".
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from zkaudit import wire
from zkaudit.dataset import RawDataset
from zkaudit.documents import document_digest, document_text, hex_of, read_document
from zkaudit.errors import InvalidInput, Reason, Rejected

DATASET_FORMAT = "zkaudit-dataset-commitment"
"""What a commitment to a held-out set says that it is."""

DATASET_VERSION = 1
"""Version of both files and of the hash."""

DATASET_LIMIT = 1 << 14
"""Performance knob: most bytes of either file."""

DATASET_LABEL = b"zkaudit dataset commitment v1\0"
"""Separates this hash from every other use of SHA-256."""

SALT_BYTES = 32
"""Security-derived: bytes of the salt; guessing a data set from its commitment means guessing the salt too."""

SALT_MAGIC = b"zkauditS"
"""First bytes of an opening file."""

_BLOCK = 1 << 20
"""Performance knob: values that are made bytes at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetCommitment:
    """The public half: a salted hash, 32 bytes."""

    value: bytes

    def digest(self) -> bytes:
        """SHA-256 of the canonical form, 32 bytes: what a challenge names and a key signs."""
        return document_digest(DATASET_FORMAT, DATASET_VERSION, {"value": self.value})

    def text(self) -> bytes:
        """The bytes of the public file."""
        fields = {"digest": self.digest().hex(), "value": self.value.hex()}
        return document_text(DATASET_FORMAT, DATASET_VERSION, fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetOpening:
    """The salt, secret until the set is revealed, and the value that it opens."""

    value: bytes
    salt: bytes = field(repr=False)

    def to_bytes(self) -> bytes:
        """The bytes of the opening file."""
        return wire.seal(SALT_MAGIC, DATASET_VERSION, {"value": self.value, "salt": self.salt})


def commit_dataset(raw: RawDataset) -> tuple[DatasetCommitment, DatasetOpening]:
    """A commitment to the arrays of a set under a fresh salt, and its opening."""
    salt = secrets.token_bytes(SALT_BYTES)
    value = salted_hash(salt, raw)
    return DatasetCommitment(value=value), DatasetOpening(value=value, salt=salt)


def salted_hash(salt: bytes, raw: RawDataset) -> bytes:
    """H(label || salt || arrays), each array as name, type, shape and big-endian values in C order.

    Every part has a fixed or a stated length, so no two sets of arrays have the same bytes.
    """
    state = hashlib.sha256(DATASET_LABEL + salt)
    for name, array in (("inputs", raw.inputs), ("labels", raw.labels), ("groups", raw.groups)):
        if array is None:
            state.update(_header(name, "", ()))
            continue
        state.update(_header(name, array.dtype.name, array.shape))
        flat = np.ascontiguousarray(array).reshape(-1)
        for start in range(0, flat.size, _BLOCK):
            block = flat[start : start + _BLOCK]
            state.update(block.astype(block.dtype.newbyteorder(">")).tobytes())
    return state.digest()


def _header(name: str, kind: str, shape: tuple[int, ...]) -> bytes:
    packed = wire.pack({"array": name, "type": kind, "shape": list(shape)})
    return len(packed).to_bytes(8, "big") + packed


def verify_dataset(commitment: DatasetCommitment, opening: DatasetOpening, raw: RawDataset) -> None:
    """The set is the one that was committed to; Rejected otherwise."""
    if opening.value != commitment.value:
        raise Rejected(
            Reason.WRONG_DATA,
            "the opening is of another commitment to data",
            expected=commitment.value.hex(),
            actual=opening.value.hex(),
        )
    value = salted_hash(opening.salt, raw)
    if value != commitment.value:
        raise Rejected(
            Reason.WRONG_DATA,
            "the held-out set is not the one that was committed to",
            expected=commitment.value.hex(),
            actual=value.hex(),
        )


def parse_dataset_commitment(data: bytes, where: str = "dataset commitment") -> DatasetCommitment:
    """The commitment that a file holds; `InvalidInput` for bytes that are none."""
    fields = {"digest": hex_of(wire.DIGEST_BYTES), "value": hex_of(wire.DIGEST_BYTES)}
    body = read_document(data, DATASET_FORMAT, DATASET_VERSION, fields, where)
    commitment = DatasetCommitment(value=body["value"])
    if body["digest"] != commitment.digest():
        raise InvalidInput("the digest does not match the content", where=where, expected=commitment.digest().hex())
    return commitment


def parse_dataset_opening(data: bytes, where: str = "dataset opening") -> DatasetOpening:
    """The opening that a file holds; `InvalidInput` for bytes that are none."""
    _, body = wire.unseal(SALT_MAGIC, (DATASET_VERSION,), data, where)
    fields = {"value": wire.bytes_of(wire.DIGEST_BYTES), "salt": wire.bytes_of(SALT_BYTES)}
    return DatasetOpening(**wire.closed_map(body, fields, where))


def load_dataset_commitment(path: str | Path) -> DatasetCommitment:
    """Reads the public file; `InvalidInput` for a file that is none."""
    data = wire.read_bounded(path, DATASET_LIMIT, "dataset commitment")
    return parse_dataset_commitment(data, f"dataset commitment {path}")


def load_dataset_opening(path: str | Path) -> DatasetOpening:
    """Reads the opening file; `InvalidInput` for a file that is none."""
    data = wire.read_bounded(path, DATASET_LIMIT, "dataset opening")
    return parse_dataset_opening(data, f"dataset opening {path}")
