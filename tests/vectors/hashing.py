"""Known answers of the hashes, the trees and the transcript."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from tests.vectors.files import Case, Stream, case
from zkaudit.errors import Rejected
from zkaudit.field.koalabear import MODULUS
from zkaudit.merkle.grinding import find_nonce
from zkaudit.merkle.messages import Oracle, leaf_digest, node_digest
from zkaudit.merkle.prover import MerkleTree
from zkaudit.merkle.verifier import root_from_opening
from zkaudit.transcript import Label, Transcript, grinding_digest, has_leading_zeros

PROTOCOL = "zkaudit/v1"


def hash_cases() -> list[Case]:
    """`hashes.json`."""
    return [*_leaves(), *_nodes(), *_proofs_of_work()]


def _words(values: Sequence[int]) -> bytes:
    return b"".join(value.to_bytes(4, "big") for value in values)


def _leaves() -> Iterator[Case]:
    seven, eight = bytes([7]) * 32, bytes([8]) * 32
    places = {
        "leaf": (Oracle.WITNESS, 5, seven, [1, MODULUS - 1]),
        "leaf of the other oracle": (Oracle.PADS, 5, seven, [1, MODULUS - 1]),
        "leaf of another column": (Oracle.WITNESS, 6, seven, [1, MODULUS - 1]),
        "leaf of another salt": (Oracle.WITNESS, 5, eight, [1, MODULUS - 1]),
        "leaf of cells in another order": (Oracle.WITNESS, 5, seven, [MODULUS - 1, 1]),
        "leaf without cells": (Oracle.WITNESS, 0, seven, []),
        "leaf of the largest column": (Oracle.PADS, 2**24 - 1, seven, list(range(17))),
    }
    for name, (oracle, index, salt, cells) in places.items():
        given = {"operation": "leaf", "oracle": oracle.value, "column": index, "salt": salt, "cells": cells}
        digest = leaf_digest(oracle, index, salt, _words(cells))
        yield case(name, "Oracle, column, salt and cells all enter a leaf.", given, {"digest": digest})


def _nodes() -> Iterator[Case]:
    one, two = bytes([1]) * 32, bytes([2]) * 32
    places = {
        "node": (Oracle.PADS, 1, 2, one, two),
        "node of the other oracle": (Oracle.WITNESS, 1, 2, one, two),
        "node of another level": (Oracle.PADS, 2, 2, one, two),
        "node of another index": (Oracle.PADS, 1, 1, one, two),
        "level and index exchanged": (Oracle.PADS, 2, 1, one, two),
        "children exchanged": (Oracle.PADS, 1, 2, two, one),
    }
    for name, (oracle, level, index, left, right) in places.items():
        given = {"operation": "node", "oracle": oracle.value, "level": level, "index": index}
        digest = node_digest(oracle, level, index, left, right)
        comment = "Oracle, level, index and the order of the children all enter a node."
        yield case(name, comment, given | {"left": left, "right": right}, {"digest": digest})


def _proofs_of_work() -> Iterator[Case]:
    for name, seed, bits in (("zeros", bytes(32), 4), ("a seed", Stream("grinding").bytes(32), 16)):
        nonce = find_nonce(seed, bits)
        for which, tried in (("least nonce", nonce), ("a nonce that fails", nonce - 1)):
            digest = grinding_digest(seed, tried)
            given = {"operation": "grinding", "seed": seed, "bits": bits, "nonce": str(tried)}
            expected = {"digest": digest, "reaches": has_leading_zeros(digest, bits)}
            yield case(
                f"{which} of {name}", "The digest of a nonce and whether it starts with the zeros.", given, expected
            )
    for name, nonce in (("nonce 9 of zeros", 9), ("largest nonce", 2**64 - 1)):
        given = {"operation": "grinding", "seed": bytes(32), "bits": 0, "nonce": str(nonce)}
        expected = {"digest": grinding_digest(bytes(32), nonce), "reaches": True}
        yield case(name, "Eight bytes of nonce; no zero bits are asked for.", given, expected)


def merkle_cases() -> list[Case]:
    """`merkle.json`."""
    return [*_openings(), *_refusals()]


class _Tree:
    """A tree of columns with two cells each."""

    def __init__(self, oracle: Oracle, size: int) -> None:
        stream = Stream(f"merkle {oracle} {size}")
        self.oracle, self.size = oracle, size
        self.salts = [stream.bytes(32) for _ in range(size)]
        self.cells = [stream.integers(0, MODULUS - 1, 2).tolist() for _ in range(size)]
        self.leaves = [leaf_digest(oracle, i, self.salts[i], _words(self.cells[i])) for i in range(size)]
        self.tree = MerkleTree(oracle, np.frombuffer(b"".join(self.leaves), np.uint8).reshape(size, 32))

    def given(self, indices: Sequence[int], path: Sequence[bytes]) -> dict[str, object]:
        """An opening."""
        return {
            "oracle": self.oracle.value,
            "size": self.size,
            "columns": list(indices),
            "salts": [self.salts[i % self.size] for i in indices],
            "cells": [self.cells[i % self.size] for i in indices],
            "path": list(path),
            "root": self.tree.root,
        }


def _openings() -> Iterator[Case]:
    for oracle, size, indices in (
        (Oracle.WITNESS, 1, [0]),
        (Oracle.WITNESS, 2, [1]),
        (Oracle.WITNESS, 8, [0]),
        (Oracle.PADS, 8, [2, 3]),
        (Oracle.PADS, 8, [1, 2, 6]),
        (Oracle.PADS, 8, [0, 1, 2, 3, 4, 5, 6, 7]),
        (Oracle.WITNESS, 64, [0, 7, 8, 31, 32, 63]),
    ):
        tree = _Tree(oracle, size)
        path = tree.tree.open(indices)
        root = root_from_opening(oracle, size, indices, [tree.leaves[i] for i in indices], path)
        shown = ", ".join(map(str, indices))
        comment = "One path for all columns: level by level, left to right, each missing sibling once."
        given = tree.given(indices, path)
        yield case(f"columns {shown} of {size}", comment, given, {"accepted": root == tree.tree.root})


def _refusals() -> Iterator[Case]:
    tree = _Tree(Oracle.PADS, 8)
    indices = [1, 2, 6]
    path = tree.tree.open(indices)
    honest = tree.given(indices, path)
    digest = tree.leaves[0]
    node = node_digest(Oracle.PADS, 1, 0, tree.leaves[0], tree.leaves[1])
    cells, salts = list(honest["cells"]), list(honest["salts"])
    lies = {
        "a repeated column": ("A column counts once.", tree.given([1, 1, 2, 6], path)),
        "columns that fall": ("Columns ascend.", tree.given([2, 1, 6], path)),
        "a column out of range": ("Columns lie below the size.", tree.given([1, 2, 8], path)),
        "a negative column": ("Columns are not negative.", tree.given([-1, 2, 6], path)),
        "no columns": ("Something is opened.", tree.given([], [])),
        "a digest too many": ("Every digest of a path is used.", tree.given(indices, [*path, digest])),
        "a digest too few": ("Every missing sibling is on the path.", tree.given(indices, path[:-1])),
        "an altered digest": ("The path leads elsewhere.", tree.given(indices, [bytes(32), *path[1:]])),
        "digests exchanged": ("The order of a path is fixed.", tree.given(indices, [path[1], path[0], *path[2:]])),
        "a wrong position": (
            "A column in another place has another leaf.",
            tree.given(indices, path) | {"columns": [0, 2, 6]},
        ),
        "an altered cell": ("Cells enter the leaf.", honest | {"cells": [[cells[0][0] ^ 1, cells[0][1]], *cells[1:]]}),
        "an altered salt": ("Salts enter the leaf.", honest | {"salts": [bytes(32), *salts[1:]]}),
        "cells exchanged": ("Cells belong to their column.", honest | {"cells": [cells[1], cells[0], *cells[2:]]}),
        "the other oracle": ("Oracles do not share digests.", honest | {"oracle": "W"}),
        "another root": ("The root is the statement's.", honest | {"root": node}),
        "a size that is no power of two": ("Sizes are powers of two.", honest | {"size": 7}),
    }
    for name, (comment, given) in lies.items():
        yield case(name, comment, given, {"refused": _reason(given)})
    yield _leaf_as_node(tree)


def _leaf_as_node(tree: _Tree) -> Case:
    """A tree of four whose leaves are the nodes above the leaves of the tree of eight."""
    nodes = [node_digest(Oracle.PADS, 1, i, tree.leaves[2 * i], tree.leaves[2 * i + 1]) for i in range(4)]
    given = {"oracle": "P", "size": 4, "columns": [0], "leaf digests": [nodes[0]], "root": tree.tree.root}
    inner = node_digest(Oracle.PADS, 2, 1, nodes[2], nodes[3])
    given["path"] = [nodes[1], inner]
    root = root_from_opening(Oracle.PADS, 4, [0], [nodes[0]], [nodes[1], inner])
    if root == tree.tree.root:
        raise ValueError("a node passed for a leaf")
    comment = "A node of a larger tree given as the leaf of a smaller one: levels count from the leaves."
    return case("a node as a leaf", comment, given, {"refused": "merkle-path"})


def _reason(given: dict[str, object]) -> str:
    columns: list[int] = given["columns"]  # type: ignore[assignment]
    parts = zip(columns, given["salts"], given["cells"], strict=True)  # type: ignore[call-overload]
    oracle = Oracle(given["oracle"])
    leaves = [leaf_digest(oracle, index % 2**32, salt, _words(cells)) for index, salt, cells in parts]
    try:
        root = root_from_opening(oracle, given["size"], columns, leaves, given["path"])  # type: ignore[arg-type]
    except Rejected as error:
        return error.reason.value
    if root == given["root"]:
        raise ValueError("a false opening leads to the root")
    return "merkle-path"


def transcript_cases() -> list[Case]:
    """`transcript.json`: each case is a list of steps from an empty state."""
    result = []
    for name, comment, steps in _histories():
        transcript, answers = _Recorder(), []
        for step in steps:
            answers.append(transcript.take(step))
        result.append(case(name, comment, {"steps": steps}, {"answers": answers}))
    return result


class _Recorder:
    """Runs steps on the transcript; the protocol's name is the first of them."""

    def __init__(self) -> None:
        self._transcript: Transcript | None = None

    def take(self, step: dict[str, object]) -> object:
        """What a step gives."""
        kind, label = step["step"], Label(step["label"])
        if self._transcript is None:
            if kind != "absorb" or label is not Label.PROTOCOL:
                raise ValueError("a transcript begins with the protocol")
            self._transcript = Transcript(bytes.fromhex(str(step["message"])).decode())
            return "none"
        transcript = self._transcript
        if kind == "absorb":
            transcript.absorb(label, bytes.fromhex(str(step["message"])))
            return "none"
        if kind == "seed":
            return transcript.challenge_bytes(label)
        if kind == "elements":
            return transcript.challenges(label, step["count"])  # type: ignore[arg-type]
        if kind == "indices":
            return transcript.distinct_indices(label, step["count"], step["below"])  # type: ignore[arg-type]
        if kind == "grinding":
            seed = transcript.grinding_seed(label)
            nonce = find_nonce(seed, step["bits"])  # type: ignore[arg-type]
            transcript.absorb_nonce(label, nonce)
            return {"seed": seed, "least nonce": str(nonce)}
        transcript.harden(step["steps"])  # type: ignore[arg-type]
        return "none"


def _absorb(label: Label, message: bytes) -> dict[str, object]:
    return {"step": "absorb", "label": label.value, "message": message.hex()}


def _draw(label: Label, count: int) -> dict[str, object]:
    return {"step": "elements", "label": label.value, "count": count}


def _histories() -> Iterator[tuple[str, str, list[dict[str, object]]]]:
    start = [_absorb(Label.PROTOCOL, PROTOCOL.encode()), _absorb(Label.WITNESS_ROOT, bytes(range(32)))]
    seed = {"step": "seed", "label": Label.LOOKUP_ALPHA.value}
    columns = {"step": "indices", "label": Label.OPENING_COLUMNS.value}
    yield (
        "documented",
        "The transcript of the section of known answers.",
        [*start, _draw(Label.LOOKUP_ALPHA, 1), columns | {"count": 4, "below": 4096}],
    )
    yield "seed", "The thirty-two bytes behind a challenge.", [*start, seed, seed]
    yield "another label", "The label of a challenge enters its seed.", [*start, seed | {"label": "lookup beta"}]
    moved = [start[0], _absorb(Label.PAD_ROOT, bytes(range(32))), seed]
    yield "another label of a message", "The label of a message enters the state.", moved
    yield "empty message", "An empty message is framed.", [*start, _absorb(Label.STATEMENT, b""), seed]
    split = [start[0], _absorb(Label.WITNESS_ROOT, bytes(range(16))), _absorb(Label.WITNESS_ROOT, bytes(range(16, 32)))]
    yield "a message in two parts", "Messages are prefixed by their length, so two are not one.", [*split, seed]
    yield "no elements", "A request for no elements takes a seed.", [*start, _draw(Label.LOOKUP_BETA, 0), seed]
    yield (
        "several elements",
        "Several elements under one label take one seed; a word that is not below p is skipped.",
        [*start, _draw(Label.LOOKUP_BETA, 60), _draw(Label.LOOKUP_ALPHA, 1)],
    )
    yield (
        "elements one by one",
        "Elements that are asked for one by one are not those asked for together.",
        [*start, *[_draw(Label.LOOKUP_BETA, 1)] * 3],
    )
    yield (
        "indices that repeat",
        "A repeated index is skipped: all of a small range are drawn, and then two more sets.",
        [
            *start,
            columns | {"count": 16, "below": 16},
            columns | {"count": 20, "below": 32},
            columns | {"count": 1, "below": 1},
        ],
    )
    yield (
        "pad columns of standard-128",
        "As many columns as the standard profile opens in the pad oracle.",
        [*start, {"step": "indices", "label": Label.PAD_COLUMNS.value, "count": 135, "below": 4096}],
    )
    grinding = {"step": "grinding", "label": Label.LOOKUP_GRINDING.value}
    yield (
        "grinding",
        "The seed of a proof of work, its least nonce, and what follows; a nonce of zero bits is the first.",
        [*start, grinding | {"bits": 0}, grinding | {"bits": 12}, seed],
    )
    chain = {"step": "chain", "label": Label.CHAIN.value}
    yield (
        "hash chain",
        "Chains of no step, of one and of many, each absorbed under its label.",
        [*start, chain | {"steps": 0}, seed, chain | {"steps": 1}, seed, chain | {"steps": 1000}, seed],
    )
    every = [_absorb(label, label.value.encode()) for label in Label if label is not Label.PROTOCOL]
    yield "every label", "One message under each label of the protocol, then a challenge.", [start[0], *every, seed]
