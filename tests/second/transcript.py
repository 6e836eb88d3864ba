"""Section "Transcript" with "Grinding"."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator

from tests.second.field import Element, P
from tests.second.wire import big_endian, grouped, require, sha256


class Transcript:
    """One SHA-256 state."""

    def __init__(self) -> None:
        self._state = hashlib.sha256()

    def _frame(self, kind: bytes, label: str, length: int) -> None:
        self._state.update(kind + big_endian(2, len(label)) + label.encode() + big_endian(8, length))

    def absorb(self, label: str, message: bytes) -> None:
        """A message."""
        self._frame(b"M", label, len(message))
        self._state.update(message)

    def seed(self, label: str) -> bytes:
        """The seed of a challenge."""
        self._frame(b"C", label, 0)
        seed = self._state.digest()
        self._state.update(seed)
        return seed

    def elements(self, label: str, count: int) -> list[Element]:
        """Uniform elements of F."""
        words = _words(self.seed(label))
        residues: list[int] = []
        while len(residues) < 5 * count:
            residue = next(words) % 2**31
            if residue < P:
                residues.append(residue)
        return grouped(residues)

    def indices(self, label: str, count: int, columns: int) -> list[int]:
        """Distinct indices in ascending order."""
        words = _words(self.seed(label))
        chosen: set[int] = set()
        while len(chosen) < count:
            chosen.add(next(words) % columns)
        return sorted(chosen)

    def grind(self, label: str, nonce: int, bits: int) -> None:
        """Checks a proof of work and absorbs its nonce."""
        digest = sha256(self.seed(label) + bytes(24) + big_endian(8, nonce))
        require(int.from_bytes(digest, "big") < 2 ** (256 - bits), "grinding", label)
        self.absorb(label, big_endian(8, nonce))

    def chain(self, label: str, steps: int) -> None:
        """The sequential hash chain."""
        digest = self.seed(label)
        for _ in range(steps):
            digest = sha256(digest)
        self.absorb(label, digest)


def _words(seed: bytes) -> Iterator[int]:
    counter = 0
    while True:
        yield from struct.unpack(">8I", sha256(seed + big_endian(8, counter)))
        counter += 1
