"""Many proofs of small statements, and what statistics are taken of them.

`Bundle` holds the fields of many proofs position by position: rows are proofs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.cases import Case, random_case
from zkaudit import prover
from zkaudit.commitment import commit
from zkaudit.field.koalabear import MODULUS
from zkaudit.model.model import Model
from zkaudit.pads.prover import PadTableau
from zkaudit.proof import Proof, decode

RESIDUES = ("messages", "row", "witness cells", "responses", "pad cells")
"""Fields that are residues."""

DIGESTS = ("witness root", "pad root", "witness salts", "pad salts")
"""Fields that are uniform bytes; paths are as well, but their lengths follow from the drawn columns."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Bundle:
    """Residues (proofs, n) as floats in [0, 1), bytes (proofs, n), path bytes in one, nonces (proofs, 3)."""

    residues: dict[str, NDArray[np.float64]]
    digests: dict[str, NDArray[np.uint8]]
    paths: dict[str, NDArray[np.uint8]]
    nonces: NDArray[np.int64]

    @property
    def size(self) -> int:
        """Number of proofs."""
        return len(self.nonces)


def bundle(proofs: list[bytes]) -> Bundle:
    """The fields of many proofs of statements of one shape."""
    parts = [decode(proof) for proof in proofs]

    def stack(field: Callable[[Proof], bytes], kind: str) -> NDArray[Any]:
        return np.stack([np.frombuffer(field(part), kind) for part in parts])

    residues = {
        "messages": stack(lambda part: part.messages, ">u4"),
        "row": stack(lambda part: part.row, ">u4"),
        "witness cells": stack(lambda part: part.witness.cells, ">u4"),
        "responses": stack(lambda part: part.responses, ">u4"),
        "pad cells": stack(lambda part: part.pads.cells, ">u4"),
    }
    digests = {
        "witness root": stack(lambda part: part.witness_root, "u1"),
        "pad root": stack(lambda part: part.pad_root, "u1"),
        "witness salts": stack(lambda part: part.witness.salts, "u1"),
        "pad salts": stack(lambda part: part.pads.salts, "u1"),
    }
    paths = {
        "witness path": np.frombuffer(b"".join(part.witness.path for part in parts), np.uint8),
        "pad path": np.frombuffer(b"".join(part.pads.path for part in parts), np.uint8),
    }
    nonces = np.array([[part.lookup_nonce, part.witness.nonce, part.pads.nonce] for part in parts])
    return Bundle(
        residues={name: values / MODULUS for name, values in residues.items()},
        digests=digests,
        paths=paths,
        nonces=nonces,
    )


def features(one: Bundle) -> NDArray[np.float64]:
    """What a classifier sees of each proof.

    Every residue, moments and a histogram of each field, the bytes of roots and the first salts, and the nonces.
    """
    columns: list[NDArray[np.float64]] = [*one.residues.values()]
    for values in one.residues.values():
        centred = values - 0.5
        moments = [(centred**power).mean(axis=1) for power in (1, 2, 3, 4)]
        columns.append(np.stack([*moments, values.min(axis=1), values.max(axis=1)], axis=1) * np.sqrt(values.shape[1]))
        bins = np.stack([np.histogram(row, 16, (0, 1))[0] for row in values])
        columns.append(bins / np.sqrt(values.shape[1]))
        repeats = [len(row) - len(np.unique(row)) for row in values]
        columns.append(np.array(repeats, np.float64)[:, None])
    columns += [values[:, :64] / 255 for values in one.digests.values()]
    columns.append(np.log1p(one.nonces))
    return np.concatenate(columns, axis=1)


def permuted(case: Case) -> Case:
    """Another model with the same prediction for every input, committed to, and the same data and claim.

    The hidden units trade places, so every weight, every activation and every sum is another cell's.
    """
    architecture = case.model.architecture
    kernels, biases = (list(values) for values in (case.model.kernels, case.model.biases))
    order = np.roll(np.arange(len(kernels[0])), 1)
    kernels[0], biases[0], kernels[1] = kernels[0][order], biases[0][order], kernels[1][:, order]
    model = Model(architecture=architecture, kernels=tuple(kernels), biases=tuple(biases), report={})
    commitment, opening = commit(architecture, model.weight_cells())
    statement = dataclasses.replace(case.statement, commitment=commitment)
    return dataclasses.replace(case, statement=statement, model=model, opening=opening)


def two_models() -> tuple[Case, Case]:
    """Two small models of one architecture that predict alike on every input."""
    first = random_case((2, 3, 2), 2)
    return first, permuted(first)


def proofs_of(case: Case, count: int) -> list[bytes]:
    """So many proofs of one witness."""
    columns = case.columns()
    return [prover.prove_columns(case.statement, columns).proof for _ in range(count)]


@contextmanager
def masks_switched_off() -> Iterator[None]:
    """A broken prover: no pads in the rows, no mask of the opening, no pads of the messages, no salts."""
    construct = PadTableau.__init__

    def bare(tableau: PadTableau, layout: Any) -> None:
        construct(tableau, layout)
        tableau.cells[:], tableau.paddings[:] = 0, 0
        tableau.pads = [(0, 0, 0, 0, 0)] * len(tableau.pads)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prover, "uniform_residues", lambda count: np.zeros(count, np.uint32))
        patch.setattr(prover, "uniform_elements", lambda count: np.zeros((5, count), np.uint64))
        patch.setattr(prover, "uniform_bytes", bytes)
        patch.setattr(PadTableau, "__init__", bare)
        yield
