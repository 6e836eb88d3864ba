"""What is hashed into a column tree: leaves, nodes and their labels.

A leaf is SHA-256 of a header block and the cells of one column:

    label (24 bytes, 4 zero bytes) || column index (4) || salt (32) || cells (4 each, in row order)

A node is SHA-256 of 96 bytes:

    label (24 bytes) || level (4) || index in the level (4) || left digest (32) || right digest (32)

Integers are big-endian; level 1 is just above the leaves.
The last byte of a label names the oracle, so leaves and nodes of two oracles never coincide.
The root of a tree of n leaves is its node at level log2 n; that of one leaf is the leaf.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum

DIGEST_BYTES = 32
"""SHA-256."""

SALT_BYTES = 32
"""Security-derived: a column of low entropy stays hidden, at 256 bits, when only its digest is seen."""

HEADER_BYTES = 64
"""One block of SHA-256, so that the cells of a column start at a block and sixteen rows fill one."""


class Oracle(StrEnum):
    """The committed code words of a proof; the value is the last byte of its hash labels."""

    WITNESS = "W"
    """The rows of the witness, with the mask row of the opening."""
    PADS = "P"
    """The one-time pads of the prover's messages."""


def leaf_label(oracle: Oracle) -> bytes:
    """The first 28 bytes of a leaf header."""
    return b"zkaudit column leaf v1 " + oracle.value.encode() + bytes(4)


def node_label(oracle: Oracle) -> bytes:
    """The first 24 bytes of a node message."""
    return b"zkaudit merkle node v1 " + oracle.value.encode()


def leaf_digest(oracle: Oracle, index: int, salt: bytes, cells: bytes) -> bytes:
    """Digest of column `index`: its 32-byte salt and its cells, four big-endian bytes each in row order."""
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes, not {len(salt)}")
    return hashlib.sha256(leaf_label(oracle) + index.to_bytes(4, "big") + salt + cells).digest()


def node_digest(oracle: Oracle, level: int, index: int, left: bytes, right: bytes) -> bytes:
    """Digest of two children; the level counts from 1 above the leaves, the index within the level."""
    place = level.to_bytes(4, "big") + index.to_bytes(4, "big")
    return hashlib.sha256(node_label(oracle) + place + left + right).digest()
