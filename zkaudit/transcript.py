"""The Fiat-Shamir transcript: typed, labelled, length-prefixed messages into SHA-256."""

from __future__ import annotations

import hashlib
from enum import StrEnum

from zkaudit.field.extension import DEGREE, Element
from zkaudit.field.koalabear import MODULUS


class Label(StrEnum):
    """Every message and challenge of the protocol, in the order of its rounds."""

    PROTOCOL = "protocol"
    WITNESS_ROOT = "witness root"
    PAD_ROOT = "pad root"
    STATEMENT = "statement"
    CIRCUIT_PADDING = "circuit padding"
    CHAIN = "hash chain"
    LOOKUP_GRINDING = "lookup grinding"
    LOOKUP_ALPHA = "lookup alpha"
    LOOKUP_BETA = "lookup beta"
    TREE_ROOT = "fraction tree root"
    TREE_COMBINATION = "fraction tree combination"
    TREE_LAYER = "fraction tree layer"
    TREE_POINT = "fraction tree point"
    ROUND = "round polynomial"
    ROUND_POINT = "round challenge"
    PRODUCT_POINT = "product point"
    PRODUCT_CLAIMS = "product claims"
    LINEAR_POINT = "linear output point"
    LINEAR_LEFT = "linear left side"
    LINEAR_CLAIMS = "linear claims"
    LINK_POINT = "commitment link point"
    FUNCTIONAL_SUM = "functional sum"
    FUNCTIONAL_COMBINATION = "functional combination"
    FUNCTIONAL_CLAIM = "functional claim"
    BATCH_COMBINATION = "claim batching"
    OPENING_VALUE = "opening value and mask value"
    OPENING_GAMMA = "opening gamma"
    OPENING_ROW = "opening combined row"
    OPENING_GRINDING = "opening grinding"
    OPENING_COLUMNS = "opening columns"
    PAD_LOW_DEGREE = "pad low-degree coefficients"
    PAD_LINEAR = "pad linear coefficients"
    PAD_QUADRATIC = "pad quadratic coefficients"
    PAD_RESPONSES = "pad test responses"
    PAD_GRINDING = "pad grinding"
    PAD_COLUMNS = "pad columns"


_MASK = 2**31 - 1


class Transcript:
    """A hash state that absorbs messages and gives challenges.

    Every input is framed by its kind, its label and its length, so no two histories have one encoding.
    A challenge is itself absorbed, so it depends on everything before it, earlier challenges included.
    """

    def __init__(self, protocol: str) -> None:
        self._state = hashlib.sha256()
        self.absorb(Label.PROTOCOL, protocol.encode())

    def copy(self) -> Transcript:
        """An independent transcript with the same history."""
        twin = object.__new__(Transcript)
        twin._state = self._state.copy()
        return twin

    def absorb(self, label: Label, message: bytes) -> None:
        """A message of the statement or of the prover."""
        self._frame(b"M", label, len(message))
        self._state.update(message)

    def challenge_bytes(self, label: Label) -> bytes:
        """Thirty-two bytes that depend on the whole history; the seed of one challenge."""
        self._frame(b"C", label, 0)
        seed = self._state.digest()
        self._state.update(seed)
        return seed

    def challenges(self, label: Label, count: int) -> list[Element]:
        """Uniform elements of F: 31-bit words of SHA-256(seed, counter), those not below p left out."""
        seed = self.challenge_bytes(label)
        residues: list[int] = []
        counter = 0
        while len(residues) < DEGREE * count:
            block = hashlib.sha256(seed + counter.to_bytes(8, "big")).digest()
            counter += 1
            for start in range(0, 32, 4):
                word = int.from_bytes(block[start : start + 4], "big") & _MASK
                if word < MODULUS:
                    residues.append(word)
        five = range(0, DEGREE * count, DEGREE)
        return [(residues[i], residues[i + 1], residues[i + 2], residues[i + 3], residues[i + 4]) for i in five]

    def challenge(self, label: Label) -> Element:
        """One uniform element of F."""
        return self.challenges(label, 1)[0]

    def distinct_indices(self, label: Label, count: int, size: int) -> list[int]:
        """`count` distinct indices below the power of two `size`, uniform without replacement, ascending."""
        if size & (size - 1) or count > size:
            raise ValueError(f"no {count} distinct indices below {size}")
        seed = self.challenge_bytes(label)
        chosen: set[int] = set()
        counter = 0
        while len(chosen) < count:
            block = hashlib.sha256(seed + counter.to_bytes(8, "big")).digest()
            counter += 1
            for start in range(0, 32, 4):
                if len(chosen) < count:
                    chosen.add(int.from_bytes(block[start : start + 4], "big") & (size - 1))
        return sorted(chosen)

    def harden(self, steps: int) -> None:
        """A sequential SHA-256 chain: a circuit that predicts its own challenges has to contain it.

        Source: Khovratovich, Rothblum, Soukhanov 2025.
        """
        link = self.challenge_bytes(Label.CHAIN)
        sha256 = hashlib.sha256
        for _ in range(steps):
            link = sha256(link).digest()
        self.absorb(Label.CHAIN, link)

    def grinding_seed(self, label: Label) -> bytes:
        """The thirty-two bytes that a proof-of-work nonce is hashed with."""
        return self.challenge_bytes(label)

    def absorb_nonce(self, label: Label, nonce: int) -> None:
        """The nonce that `grinding_seed` of the same label asked for."""
        self.absorb(label, nonce.to_bytes(8, "big"))

    def _frame(self, kind: bytes, label: Label, length: int) -> None:
        name = label.value.encode()
        self._state.update(kind + len(name).to_bytes(2, "big") + name + length.to_bytes(8, "big"))


def grinding_digest(seed: bytes, nonce: int) -> bytes:
    """SHA-256 of the seed, 24 zero bytes and the nonce as eight big-endian bytes: one block of 64 bytes."""
    return hashlib.sha256(seed + bytes(24) + nonce.to_bytes(8, "big")).digest()


def has_leading_zeros(digest: bytes, bits: int) -> bool:
    """Whether the first `bits` bits of a digest are zero."""
    return int.from_bytes(digest, "big") >> (8 * len(digest) - bits) == 0
