"""The root that opened leaves and their shared path lead to."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from zkaudit.errors import Reason, Rejected
from zkaudit.merkle.messages import DIGEST_BYTES, Oracle, node_digest


def missing_siblings(size: int, indices: Sequence[int]) -> list[tuple[int, int]]:
    """The path of an opening as (level, index) places: level by level from the leaves, left to right.

    A place is on the path when its sibling is known and it is not itself computable from the opened leaves.
    Rejected, unless the size is a power of two and the indices are ascending, distinct and below it.
    """
    if size < 1 or size & (size - 1):
        raise Rejected(Reason.MERKLE_PATH, "number of columns", expected="a power of two", actual=str(size))
    if not indices:
        raise Rejected(Reason.MERKLE_PATH, "opened columns", expected="at least one")
    if any(second <= first for first, second in pairwise(indices)):
        raise Rejected(Reason.MERKLE_PATH, "opened columns", expected="ascending distinct indices")
    if indices[0] < 0 or indices[-1] >= size:
        raise Rejected(Reason.MERKLE_PATH, "opened columns", expected=f"indices below {size}")
    places: list[tuple[int, int]] = []
    known = list(indices)
    for level in range(size.bit_length() - 1):
        present = set(known)
        places.extend((level, index ^ 1) for index in known if index ^ 1 not in present)
        known = sorted({index >> 1 for index in known})
    return places


def path_length(size: int, indices: Sequence[int]) -> int:
    """Digests on the path of an opening of these leaves in a tree of `size` leaves; Rejected as above."""
    return len(missing_siblings(size, indices))


def root_from_opening(
    oracle: Oracle, size: int, indices: Sequence[int], leaves: Sequence[bytes], path: Sequence[bytes]
) -> bytes:
    """The root computed from opened leaves; the caller compares it with the committed one.

    1. Check the indices: ascending, distinct, below the number of leaves.
    2. Check that there is one digest to an index and that the path has exactly the missing siblings.
    3. Hash upwards level by level.

    Rejected with Reason.MERKLE_PATH for a wrong shape; a wrong digest shows as another root.
    Source: docs/protocol.md, Merkle trees.
    """
    # 1. Indices.
    places = missing_siblings(size, indices)
    # 2. Shapes: every digest is used, so an opening has one encoding.
    if len(leaves) != len(indices):
        raise Rejected(Reason.MERKLE_PATH, "opened leaves", expected=f"{len(indices)} digests", actual=str(len(leaves)))
    if len(path) != len(places):
        raise Rejected(Reason.MERKLE_PATH, "path", expected=f"{len(places)} digests", actual=str(len(path)))
    if any(len(digest) != DIGEST_BYTES for digest in (*leaves, *path)):
        raise Rejected(Reason.MERKLE_PATH, "digests", expected=f"{DIGEST_BYTES} bytes each")
    # 3. Upwards.
    siblings = dict(zip(places, path, strict=True))
    known = dict(zip(indices, leaves, strict=True))
    for level in range(size.bit_length() - 1):
        parents: dict[int, bytes] = {}
        for index, digest in known.items():
            parent = index >> 1
            if parent in parents:
                continue
            other = known[index ^ 1] if index ^ 1 in known else siblings[level, index ^ 1]
            left, right = (other, digest) if index & 1 else (digest, other)
            parents[parent] = node_digest(oracle, level + 1, parent, left, right)
        known = parents
    return known[0]
