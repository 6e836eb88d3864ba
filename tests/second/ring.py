"""Sections "Commitment" and "Commitment link"."""

from __future__ import annotations

import hashlib
import struct
from functools import lru_cache
from operator import mul

from tests.second.claims import Claim
from tests.second.field import Element, P, equality_table, negate
from tests.second.layout import Layout
from tests.second.padded import Channel, Expression
from tests.second.wire import big_endian, require, sha256

SCHEME = "ajtai-koalabear-512-2048"
SEED = sha256(b"zkaudit commitment: Ajtai over KoalaBear, X^512 + 1, version 1")
DEGREE = 512
SLOT = 96
"""Bits between the coordinates of an element of F in one integer: sums of 512 products of residues fit."""


@lru_cache(maxsize=64)
def ring_elements(kind: bytes, block: int) -> list[list[int]]:
    """The elements 64 block .. 64 block + 63 of a kind."""
    label = b"zkaudit ring expansion".ljust(32, b"\0")
    first = 64 * block
    stream = hashlib.shake_128(label + SEED + kind + big_endian(8, first) + big_endian(8, first + 64))
    words = struct.unpack(">36000I", stream.digest(4 * 36000))
    residues = [word % 2**31 for word in words if word % 2**31 < P]
    assert len(residues) >= 64 * DEGREE
    return [residues[DEGREE * i : DEGREE * (i + 1)] for i in range(64)]


def unpack_value(value: bytes) -> list[int]:
    """The 512 residues of 31 bits each."""
    bits = int.from_bytes(value, "big")
    residues = [bits >> (31 * (DEGREE - 1 - i)) & (2**31 - 1) for i in range(DEGREE)]
    require(all(residue < P for residue in residues), "unreadable", "commitment value")
    return residues


def link(channel: Channel, layout: Layout, value: list[int]) -> Claim:
    """The claim that weights and randomness open the commitment."""
    table = equality_table(channel.challenges("commitment link point", 9))
    turned = [_joined(entry) for entry in [*table, *map(negate, table)]]
    claim = Claim(layout)
    for cell in range(layout.circuit.columns["weights"].positions):
        element, power = divmod(cell, DEGREE)
        coefficients = ring_elements(b"a", element // 64)[element % 64]
        claim.static_cell("weights", cell, _inner(coefficients, turned[power : power + DEGREE]))
    for j in range(2048):
        coefficients = ring_elements(b"b", j // 64)[j % 64]
        claim.static_cell("randomness", j, _inner(coefficients, turned[:DEGREE]))
    claim.value = Expression(_inner(value, turned[:DEGREE]))
    return claim


def _joined(element: Element) -> int:
    """The coordinates in one integer, so that one product scales all of them."""
    return sum(coordinate << (SLOT * i) for i, coordinate in enumerate(element))


def _inner(residues: list[int], joined: list[int]) -> Element:
    """The sum of residues times elements."""
    whole = sum(map(mul, residues, joined))
    c0, c1, c2, c3, c4 = ((whole >> (SLOT * i)) % 2**SLOT % P for i in range(5))
    return c0, c1, c2, c3, c4
