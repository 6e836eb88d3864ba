"""The Ajtai commitment com = sum_i a_i w_i + sum_j b_j s_j in R = K[X]/(X^512 + 1).

w_i are the weight cells, 512 to a ring element, in [-128, 127]; s_j are 2048 scalars, uniform in [-127, 127].
Binding rests on Ring-SIS, hiding on the leftover hash lemma, at distance 2^-254 whatever the adversary computes.
Source: docs/protocol.md, "Commitment"; Ajtai 1996.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zkaudit import wire
from zkaudit.commitment import ring
from zkaudit.errors import InvalidInput
from zkaudit.field.koalabear import MODULUS
from zkaudit.model.architecture import Architecture

SCHEME = "ajtai-koalabear-512-2048"
"""Name of the construction, its ring and its randomness."""

VERSION = 1
"""Version of the commitment's canonical form."""

RANDOMNESS = 2048
"""Security-derived: scalars s_j; 2,017 would reach a hiding distance of 2^-128."""

RANDOMNESS_BOUND = 127
"""Security-derived: greatest magnitude of a scalar; both bounds of binding and hiding are for it."""

WEIGHT_KIND = b"a"
"""Kind of the ring elements that multiply weight cells."""

RANDOMNESS_KIND = b"b"
"""Kind of the ring elements that multiply randomness."""


_BLOCKS = 16
"""Performance knob: blocks of 64 ring elements in one matrix product, 8 MB of factors."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Commitment:
    """A public architecture and a hiding commitment to its weights."""

    architecture: Architecture
    value: NDArray[np.uint32]
    """The ring element, (512,) canonical residues."""

    def __post_init__(self) -> None:
        value = self.value.copy()
        if value.dtype != np.uint32 or value.shape != (ring.DEGREE,) or np.any(value >= MODULUS):
            raise InvalidInput(
                "not a ring element", where="commitment, value", expected=f"{ring.DEGREE} canonical residues"
            )
        value.setflags(write=False)
        object.__setattr__(self, "value", value)

    def canonical(self) -> dict[str, Any]:
        """The commitment as maps, lists, integers, strings and bytes; residues as in the bytes of the value."""
        return {
            "architecture": self.architecture.canonical(),
            "scheme": SCHEME,
            "seed": ring.SEED,
            "value": pack_residues(self.value),
            "version": VERSION,
        }

    def digest(self) -> bytes:
        """SHA-256 of the canonical msgpack of `canonical()`."""
        return hashlib.sha256(wire.pack(self.canonical())).digest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Commitment) and self.canonical() == other.canonical()

    def __hash__(self) -> int:
        return hash(self.digest())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Opening:
    """The secret scalars of one commitment; without them no audit of it is possible."""

    randomness: NDArray[np.int8] = field(repr=False)
    """The scalars s_j, (2048,) in [-127, 127]."""

    commitment_digest: bytes
    """Digest of the commitment that they belong to."""

    def __post_init__(self) -> None:
        randomness = self.randomness.copy()
        fits = randomness.dtype == np.int8 and randomness.shape == (RANDOMNESS,)
        if not fits or np.any(randomness < -RANDOMNESS_BOUND):
            raise InvalidInput(
                "not the randomness of a commitment",
                where="opening",
                expected=f"{RANDOMNESS} numbers in [-{RANDOMNESS_BOUND}, {RANDOMNESS_BOUND}]",
            )
        randomness.setflags(write=False)
        object.__setattr__(self, "randomness", randomness)


def commit(architecture: Architecture, weight_cells: NDArray[np.int8]) -> tuple[Commitment, Opening]:
    """A commitment to weight cells (weight_count,) with fresh randomness, and its secret opening."""
    randomness = draw_randomness()
    value = commitment_value(_checked_cells(architecture, weight_cells), randomness)
    commitment = Commitment(architecture=architecture, value=value)
    return commitment, Opening(randomness=randomness, commitment_digest=commitment.digest())


def verify_opening(commitment: Commitment, weight_cells: NDArray[np.int8], opening: Opening) -> bool:
    """Whether weight cells and randomness open the commitment."""
    cells = _checked_cells(commitment.architecture, weight_cells)
    if opening.commitment_digest != commitment.digest():
        return False
    return bool(np.array_equal(commitment_value(cells, opening.randomness), commitment.value))


def draw_randomness() -> NDArray[np.int8]:
    """Fresh scalars (2048,), exactly uniform in [-127, 127], from the operating system's generator."""
    scalars = np.zeros(0, np.int8)
    while len(scalars) < RANDOMNESS:
        drawn = np.frombuffer(secrets.token_bytes(RANDOMNESS + 64), np.uint8)
        accepted = drawn[drawn <= 2 * RANDOMNESS_BOUND].astype(np.int16) - RANDOMNESS_BOUND
        scalars = np.concatenate([scalars, accepted.astype(np.int8)])
    return scalars[:RANDOMNESS]


def commitment_value(weight_cells: NDArray[np.int8], randomness: NDArray[np.int8]) -> NDArray[np.uint32]:
    """com for weight cells (n,) and scalars (2048,), canonical residues (512,)."""
    total = ring.sum_of_products(_weight_products(weight_cells))
    for start, elements in ring_blocks(RANDOMNESS_KIND, RANDOMNESS):
        # 2048 * 2^7 * 2^30 stays far below 2^63.
        total += randomness[start : start + len(elements)].astype(np.int64) @ elements.astype(np.int64)
    return (total % MODULUS).astype(np.uint32)


def _weight_products(weight_cells: NDArray[np.int8]) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int8]]]:
    """Ring elements and the cells that they multiply, many at a time, the last element's filled up with zeros."""
    blocks = ring_blocks(WEIGHT_KIND, -(-len(weight_cells) // ring.DEGREE))
    while group := list(islice(blocks, _BLOCKS)):
        elements = np.concatenate([block for _, block in group])
        first = ring.DEGREE * group[0][0]
        part = weight_cells[first : first + elements.size]
        cells = np.zeros(elements.shape, np.int8)
        cells.reshape(-1)[: len(part)] = part
        yield elements, cells


def ring_blocks(kind: bytes, count: int) -> Iterator[tuple[int, NDArray[np.int32]]]:
    """The first `count` ring elements of a kind, as (index of the first, elements (at most 64, 512))."""
    for start in range(0, count, ring.BLOCK):
        yield start, ring.uniform_block(kind, start // ring.BLOCK)[: count - start]


def pack_residues(values: NDArray[np.uint32]) -> bytes:
    """512 residues as 1984 bytes: 31 bits each, most significant bit first, nothing between them."""
    bits = np.unpackbits(values.astype(">u4").view(np.uint8)).reshape(-1, 32)
    return np.packbits(bits[:, 1:]).tobytes()


def unpack_residues(data: bytes, where: str) -> NDArray[np.uint32]:
    """The residues that `pack_residues` wrote; `InvalidInput` for another length or a value not below p."""
    if len(data) != 31 * ring.DEGREE // 8:
        raise InvalidInput("wrong length", where=where, expected=f"{31 * ring.DEGREE // 8} bytes")
    bits = np.zeros((ring.DEGREE, 32), np.uint8)
    bits[:, 1:] = np.unpackbits(np.frombuffer(data, np.uint8)).reshape(ring.DEGREE, 31)
    values = np.packbits(bits).view(">u4").astype(np.uint32)
    if np.any(values >= MODULUS):
        raise InvalidInput("a field element is not canonical", where=where, expected=f"integers below {MODULUS}")
    return values


def _checked_cells(architecture: Architecture, weight_cells: NDArray[np.int8]) -> NDArray[np.int8]:
    if weight_cells.dtype != np.int8 or weight_cells.shape != (architecture.weight_count,):
        raise InvalidInput(
            f"{weight_cells.size} weight cells of type {weight_cells.dtype.name}",
            where="commitment",
            expected=f"{architecture.weight_count} of int8",
        )
    return weight_cells
