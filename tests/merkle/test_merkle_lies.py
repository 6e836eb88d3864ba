"""Every way to open a tree wrongly: its root is another one or its shape is refused, whichever digest it is."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pytest

from tests import lies
from tests.lies import rejected
from zkaudit.errors import Reason
from zkaudit.merkle.messages import Oracle, leaf_digest, node_digest
from zkaudit.merkle.prover import MerkleTree
from zkaudit.merkle.verifier import missing_siblings, root_from_opening

pytestmark = pytest.mark.lies("merkle: openings of a tree")

SIZE = 16
CELLS = [bytes([column]) * 12 for column in range(SIZE)]
SALTS = [bytes([255 - column]) * 32 for column in range(SIZE)]
LEAVES = [leaf_digest(Oracle.WITNESS, i, salt, cells) for i, (salt, cells) in enumerate(zip(SALTS, CELLS, strict=True))]
TREE = MerkleTree(Oracle.WITNESS, np.frombuffer(b"".join(LEAVES), np.uint8).reshape(SIZE, 32))
OPENINGS = [(3,), (0, 1), (2, 3), (5, 9), (0, 7, 15), (1, 2, 4, 8), tuple(range(SIZE))]


def require_other_root(indices: Sequence[int], leaves: Sequence[bytes], path: Sequence[bytes]) -> None:
    """The opening has the right shape and leads elsewhere."""
    assert root_from_opening(Oracle.WITNESS, SIZE, list(indices), list(leaves), list(path)) != TREE.root
    lies.refused()


@pytest.mark.parametrize("indices", OPENINGS, ids=str)
def test_honest_openings_lead_to_the_root(indices: tuple[int, ...]) -> None:
    leaves = [LEAVES[i] for i in indices]
    assert root_from_opening(Oracle.WITNESS, SIZE, list(indices), leaves, TREE.open(list(indices))) == TREE.root


@pytest.mark.parametrize("indices", OPENINGS, ids=str)
def test_a_leaf_of_another_column_salt_cell_or_oracle(indices: tuple[int, ...]) -> None:
    path = TREE.open(list(indices))
    for place, index in enumerate(indices):
        others = [LEAVES[i] for i in range(SIZE) if i != index]
        others += [leaf_digest(Oracle.WITNESS, i, SALTS[index], CELLS[index]) for i in range(SIZE) if i != index]
        others.append(leaf_digest(Oracle.PADS, index, SALTS[index], CELLS[index]))
        others.append(leaf_digest(Oracle.WITNESS, index, SALTS[index - 1], CELLS[index]))
        others.append(leaf_digest(Oracle.WITNESS, index, SALTS[index], CELLS[index] + bytes(4)))
        others.append(leaf_digest(Oracle.WITNESS, index, SALTS[index], CELLS[index][:-4]))
        for other in others:
            leaves = [LEAVES[i] for i in indices]
            leaves[place] = other
            require_other_root(indices, leaves, path)


@pytest.mark.parametrize("indices", OPENINGS, ids=str)
def test_a_leaf_opened_at_another_position(indices: tuple[int, ...]) -> None:
    """All sets of positions of the same number that have a path of the same length."""
    leaves, path = [LEAVES[i] for i in indices], TREE.open(list(indices))
    for others in itertools.islice(itertools.combinations(range(SIZE), len(indices)), 200):
        if others != indices and len(missing_siblings(SIZE, others)) == len(path):
            require_other_root(others, leaves, path)


@pytest.mark.parametrize("indices", OPENINGS[:-1], ids=str)
def test_a_path_with_digests_altered_exchanged_or_from_elsewhere(indices: tuple[int, ...]) -> None:
    leaves, path = [LEAVES[i] for i in indices], TREE.open(list(indices))
    for place in range(len(path)):
        for bit in range(0, 256, 37):
            altered = bytearray(path[place])
            altered[bit // 8] ^= 1 << bit % 8
            require_other_root(indices, leaves, [*path[:place], bytes(altered), *path[place + 1 :]])
        for other in range(place):
            exchanged = path.copy()
            exchanged[place], exchanged[other] = exchanged[other], exchanged[place]
            require_other_root(indices, leaves, exchanged)


@pytest.mark.parametrize("indices", OPENINGS, ids=str)
def test_digests_missing_left_over_or_of_another_length(indices: tuple[int, ...]) -> None:
    leaves, path = [LEAVES[i] for i in indices], TREE.open(list(indices))
    for extra in (path[-1:] or [bytes(32)], [TREE.root], [bytes(32)] * 2):
        with rejected(Reason.MERKLE_PATH, "path"):
            root_from_opening(Oracle.WITNESS, SIZE, list(indices), leaves, path + extra)
    for place in range(len(path)):
        with rejected(Reason.MERKLE_PATH, "path"):
            root_from_opening(Oracle.WITNESS, SIZE, list(indices), leaves, path[:place] + path[place + 1 :])
        for other in (path[place][:-1], path[place] + b"\0", b""):
            with rejected(Reason.MERKLE_PATH, "digests"):
                root_from_opening(
                    Oracle.WITNESS, SIZE, list(indices), leaves, [*path[:place], other, *path[place + 1 :]]
                )
    for other_leaves in (leaves[:-1], [*leaves, leaves[0]]):
        with rejected(Reason.MERKLE_PATH, "opened leaves"):
            root_from_opening(Oracle.WITNESS, SIZE, list(indices), other_leaves, path)


@pytest.mark.parametrize("indices", OPENINGS, ids=str)
def test_indices_repeated_unsorted_or_outside(indices: tuple[int, ...]) -> None:
    path = TREE.open(list(indices))
    wrong = [[*indices, indices[-1]], [indices[0], *indices], [-1, *indices], [*indices, SIZE], [*indices, 1 << 40]]
    wrong += [list(reversed(indices))] if len(indices) > 1 else []
    wrong += [[index - SIZE for index in indices], [index + SIZE for index in indices], []]
    for others in wrong:
        with rejected(Reason.MERKLE_PATH, "opened columns"):
            root_from_opening(Oracle.WITNESS, SIZE, others, [LEAVES[i % SIZE] for i in others], path)


@pytest.mark.parametrize("size", [0, -1, 3, 12, 15, 17])
def test_a_tree_that_is_no_power_of_two(size: int) -> None:
    with rejected(Reason.MERKLE_PATH, "number of columns"):
        root_from_opening(Oracle.WITNESS, size, [0], LEAVES[:1], [])


def test_a_node_taken_for_a_leaf_and_a_leaf_for_a_node() -> None:
    """A tree of another height over the same digests: levels are hashed, so it has another root."""
    for index in range(SIZE // 2):
        node = node_digest(Oracle.WITNESS, 1, index, LEAVES[2 * index], LEAVES[2 * index + 1])
        places = missing_siblings(SIZE // 2, [index])
        path = [TREE.open([2 * index])[1:][i] for i in range(len(places))]
        assert root_from_opening(Oracle.WITNESS, SIZE // 2, [index], [node], path) != TREE.root
        # The node as a leaf of the tree itself, with the path of either child.
        for child in (2 * index, 2 * index + 1):
            require_other_root([child], [node], TREE.open([child]))
        lies.refused()
    # A leaf whose bytes are those of a node message is hashed under the label of leaves.
    message = LEAVES[0] + LEAVES[1]
    forged = leaf_digest(Oracle.WITNESS, 0, message[:32], message[32:])
    assert forged != node_digest(Oracle.WITNESS, 1, 0, LEAVES[0], LEAVES[1])
    lies.refused()


def test_the_same_leaves_under_another_oracle() -> None:
    for indices in OPENINGS:
        leaves, path = [LEAVES[i] for i in indices], TREE.open(list(indices))
        assert root_from_opening(Oracle.PADS, SIZE, list(indices), leaves, path) != TREE.root
        lies.refused()
