"""Trees and openings against a recursive SHA-256 tree that shares no code with the package."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zkaudit.errors import Reason, Rejected
from zkaudit.merkle.messages import Oracle, leaf_digest, leaf_label, node_digest, node_label
from zkaudit.merkle.prover import MerkleTree
from zkaudit.merkle.verifier import path_length, root_from_opening


def plain_root(letter: bytes, leaves: list[bytes], level: int = 0, index: int = 0) -> bytes:
    """The root by the documented bytes, top down."""
    if len(leaves) == 1:
        return leaves[0]
    depth = len(leaves).bit_length() - 1
    half = len(leaves) // 2
    left = plain_root(letter, leaves[:half], level + 1, 2 * index)
    right = plain_root(letter, leaves[half:], level + 1, 2 * index + 1)
    place = depth.to_bytes(4, "big") + index.to_bytes(4, "big")
    return hashlib.sha256(b"zkaudit merkle node v1 " + letter + place + left + right).digest()


def random_leaves(size: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (size, 32)).astype(np.uint8)


def opening(size: int, indices: list[int]) -> tuple[bytes, list[bytes], list[bytes]]:
    leaves = random_leaves(size)
    tree = MerkleTree(Oracle.WITNESS, leaves)
    return tree.root, [leaves[i].tobytes() for i in indices], tree.open(indices)


def test_leaf_bytes() -> None:
    salt, cells = bytes(range(32)), b"\x00\x00\x00\x07" * 5
    expected = hashlib.sha256(b"zkaudit column leaf v1 P\0\0\0\0" + b"\0\0\x01\x02" + salt + cells).digest()
    assert leaf_digest(Oracle.PADS, 258, salt, cells) == expected
    assert leaf_digest(Oracle.WITNESS, 258, salt, cells) != expected
    with pytest.raises(ValueError, match="32 bytes"):
        leaf_digest(Oracle.PADS, 258, salt[:31], cells)


def test_node_bytes_depend_on_everything() -> None:
    left, right = bytes(32), bytes([1] * 32)
    digests = {
        node_digest(Oracle.WITNESS, 1, 0, left, right),
        node_digest(Oracle.PADS, 1, 0, left, right),
        node_digest(Oracle.WITNESS, 2, 0, left, right),
        node_digest(Oracle.WITNESS, 1, 1, left, right),
        node_digest(Oracle.WITNESS, 1, 0, right, left),
    }
    assert len(digests) == 5


@pytest.mark.parametrize("size", [1, 2, 4, 16, 32, 64, 1024, 8192])
@pytest.mark.parametrize("oracle", list(Oracle))
def test_root(size: int, oracle: Oracle) -> None:
    leaves = random_leaves(size)
    expected = plain_root(oracle.value.encode(), [leaf.tobytes() for leaf in leaves])
    assert MerkleTree(oracle, leaves).root == expected


@pytest.mark.parametrize("shape", [(3, 32), (0, 32), (4, 31), (128,)])
def test_tree_refuses_other_shapes(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="leaf digests"):
        MerkleTree(Oracle.WITNESS, np.zeros(shape, np.uint8))


@given(st.integers(0, 9), st.data())
@settings(max_examples=60, deadline=None)
def test_openings_lead_to_the_root(bits: int, data: st.DataObject) -> None:
    size = 1 << bits
    indices = sorted(data.draw(st.sets(st.integers(0, size - 1), min_size=1, max_size=24)))
    root, leaves, path = opening(size, indices)
    assert len(path) == path_length(size, indices)
    assert root_from_opening(Oracle.WITNESS, size, indices, leaves, path) == root
    assert root_from_opening(Oracle.PADS, size, indices, leaves, path) != root or bits == 0


def test_every_changed_digest_changes_the_root() -> None:
    indices = [1, 2, 3, 40, 63]
    root, leaves, path = opening(64, indices)
    for group in (leaves, path):
        for place, digest in enumerate(group):
            group[place] = bytes([digest[0] ^ 1]) + digest[1:]
            assert root_from_opening(Oracle.WITNESS, 64, indices, leaves, path) != root
            group[place] = digest
    for first, second in zip(range(len(path)), range(1, len(path)), strict=False):
        swapped = list(path)
        swapped[first], swapped[second] = path[second], path[first]
        assert root_from_opening(Oracle.WITNESS, 64, indices, leaves, swapped) != root
    moved = [1, 2, 3, 41, 63]
    assert root_from_opening(Oracle.WITNESS, 64, moved, leaves, path) != root


@pytest.mark.parametrize(
    ("size", "indices"),
    [(8, [1, 1]), (8, [2, 1]), (8, [1, 8]), (8, [-1, 2]), (8, []), (6, [1]), (0, [0]), (-4, [0])],
)
def test_impossible_indices_are_rejected(size: int, indices: list[int]) -> None:
    for attempt in (
        lambda: path_length(size, indices),
        lambda: root_from_opening(Oracle.WITNESS, size, indices, [bytes(32)] * len(indices), []),
    ):
        with pytest.raises(Rejected) as caught:
            attempt()
        assert caught.value.reason is Reason.MERKLE_PATH


def test_wrong_shapes_are_rejected() -> None:
    indices = [0, 5]
    _, leaves, path = opening(16, indices)
    for bad_leaves, bad_path in (
        (leaves[:1], path),
        ([*leaves, leaves[0]], path),
        (leaves, path[:-1]),
        (leaves, [*path, path[0]]),
        (leaves, [path[0][:31], *path[1:]]),
        ([leaves[0] + b"\0", leaves[1]], path),
    ):
        with pytest.raises(Rejected) as caught:
            root_from_opening(Oracle.WITNESS, 16, indices, bad_leaves, bad_path)
        assert caught.value.reason is Reason.MERKLE_PATH


def test_labels_tell_the_oracles_and_the_levels_apart() -> None:
    """Fixed by the specification, byte for byte."""
    assert leaf_label(Oracle.WITNESS) == b"zkaudit column leaf v1 W\0\0\0\0"
    assert leaf_label(Oracle.PADS) == b"zkaudit column leaf v1 P\0\0\0\0"
    assert (node_label(Oracle.WITNESS), node_label(Oracle.PADS)) == (
        b"zkaudit merkle node v1 W",
        b"zkaudit merkle node v1 P",
    )
