"""The BLS suite as bytes: published vectors, one encoding, and what forges without proofs of possession."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st
from py_ecc.bls.g2_primitives import G1_to_pubkey, G2_to_signature, pubkey_to_G1, signature_to_G2, subgroup_check
from py_ecc.optimized_bls12_381 import Z1, add, curve_order, field_modulus, neg

from tests.imports import ROOT
from tests.signers import signer
from zkaudit.signing import suite

PUBLISHED_SECRET = 0x263DBD792F5B1BE47ED85F8938C0F29586AF0D3AC7B977F21C278FE1462040E3
PUBLISHED_KEY = "a491d1b0ecd9bb917989f0e74f0dea0422eac4a873e5e2644f368dffb9a6e20fd6e10c1b77654d067c0618f6e5a7f79a"
PUBLISHED_SIGNATURE = (
    "882730e5d03f6b42c3abc26d3372625034e1d871b65a8a6b900a56dae22da98abbe1b68f85e49fe7652a55ec3d0591c2"
    "0767677e33e5cbb1207315c41a9ac03be39c2e7668edc043d6cb1d9fd93033caa8a1c5b0e84bedaeb6c64972503a43eb"
)
"""Ethereum's consensus test vectors for this suite: the message is 32 bytes of 0x56."""

COMPRESSED, INFINITE, SIGN = 0x80, 0x40, 0x20
"""The flags in the first byte of a point."""


def test_published_vectors() -> None:
    assert suite.public_key_of(PUBLISHED_SECRET).hex() == PUBLISHED_KEY
    assert suite.sign(PUBLISHED_SECRET, b"\x56" * 32).hex() == PUBLISHED_SIGNATURE
    assert curve_order == suite.GROUP_ORDER


def test_the_library_leaves_the_limit_of_recursion_alone() -> None:
    script = "import sys; before = sys.getrecursionlimit(); from zkaudit.signing import suite; suite.is_key(bytes(48))"
    script += "; assert sys.getrecursionlimit() == before; suite.is_aggregate([], b'', b'')"
    script += "; assert sys.getrecursionlimit() == before"
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)


def test_fresh_secrets_are_in_range_and_differ() -> None:
    secrets = {suite.generate_secret() for _ in range(4)}
    assert len(secrets) == 4
    assert all(0 < secret < suite.GROUP_ORDER for secret in secrets)


def off_subgroup_key() -> bytes:
    """A point of the curve of G1 outside of the group."""
    for x in range(1, 100):
        data = bytes([COMPRESSED]) + x.to_bytes(47, "big")
        try:
            point = pubkey_to_G1(data)
        except ValueError:
            continue
        if not subgroup_check(point):
            return bytes(G1_to_pubkey(point))
    raise AssertionError("no such point")


def off_subgroup_signature() -> bytes:
    """A point of the curve of G2 outside of the group."""
    for x in range(1, 100):
        data = bytes([COMPRESSED]) + bytes(47) + x.to_bytes(48, "big")
        try:
            point = signature_to_G2(data)
        except ValueError:
            continue
        if not subgroup_check(point):
            return bytes(G2_to_signature(point))
    raise AssertionError("no such point")


def bad_points(point: bytes) -> Iterator[bytes]:
    """Other encodings of a point, broken ones, and points that are none."""
    first, rest = point[0], point[1:]
    x = int.from_bytes(bytes([first & 0x1F]) + point[1:48], "big")
    yield from (b"", point[:-1], point + b"\0", bytes(len(point)), b"\xff" * len(point))
    yield bytes([first & ~COMPRESSED]) + rest
    yield bytes([first | INFINITE]) + rest
    # The same coordinate written with the modulus added, where that fits below the flags.
    if x + field_modulus < 1 << 381:
        yield (
            bytes([(first & 0xE0) | ((x + field_modulus) >> 376)])
            + ((x + field_modulus) & ((1 << 376) - 1)).to_bytes(47, "big")
            + point[48:]
        )
    yield bytes([COMPRESSED | INFINITE]) + bytes(len(point) - 1)
    yield bytes([COMPRESSED | INFINITE | SIGN]) + bytes(len(point) - 1)
    yield bytes([COMPRESSED]) + bytes(len(point) - 1)
    yield bytes([COMPRESSED | INFINITE]) + bytes(len(point) - 2) + b"\1"
    if len(point) == suite.SIGNATURE_BYTES:
        second = int.from_bytes(point[48:], "big") + field_modulus
        if second < 1 << 384:
            yield point[:48] + second.to_bytes(48, "big")
        for flag in (COMPRESSED, INFINITE, SIGN):
            yield point[:48] + bytes([point[48] | flag]) + point[49:]


def test_a_key_has_one_encoding() -> None:
    key = signer().public.key
    assert suite.is_key(key)
    assert bytes(G1_to_pubkey(pubkey_to_G1(key))) == key
    for bad in (*bad_points(key), off_subgroup_key()):
        assert not suite.is_key(bad), bad.hex()
        assert not suite.is_possessed(bad, signer().public.possession)
        assert not suite.is_signature(bad, b"m", signer().public.possession)
    # The same coordinate with the other sign is another key, and no signature of this one.
    assert suite.is_key(bytes([key[0] ^ SIGN]) + key[1:])


def test_a_signature_has_one_encoding() -> None:
    key, secret = signer().public.key, signer().secret
    signature = suite.sign(secret, b"m")
    assert suite.is_signature(key, b"m", signature)
    assert bytes(G2_to_signature(signature_to_G2(signature))) == signature
    for bad in (*bad_points(signature), off_subgroup_signature()):
        assert not suite.is_signature(key, b"m", bad), bad.hex()
    assert not suite.is_signature(key, b"m", bytes([signature[0] ^ SIGN]) + signature[1:])
    assert not suite.is_signature(key, b"n", signature)


@settings(max_examples=30)
@given(st.binary(max_size=100), st.binary(max_size=100))
def test_any_bytes_are_true_or_false(key: bytes, signature: bytes) -> None:
    assert not suite.is_signature(key, b"m", signature)
    assert not suite.is_aggregate([key], b"m", signature)


def test_infinity_signs_nothing() -> None:
    """Nor do keys that add up to infinity, for which every message would have infinity as its signature."""
    key = signer().public.key
    opposite = bytes(G1_to_pubkey(neg(pubkey_to_G1(key))))
    nothing = bytes([COMPRESSED | INFINITE]) + bytes(95)
    assert not suite.is_signature(key, b"m", nothing)
    assert not suite.is_aggregate([key, opposite], b"m", nothing)
    assert not suite.is_aggregate([], b"m", nothing)
    assert suite.is_key(opposite)
    assert not suite.is_possessed(opposite, signer().public.possession)


def test_an_aggregate_stands_for_all_and_for_nobody_else() -> None:
    secrets = [3, 5, 11]
    keys = [suite.public_key_of(secret) for secret in secrets]
    aggregate = suite.aggregate(suite.sign(secret, b"m") for secret in secrets)
    assert len(aggregate) == suite.SIGNATURE_BYTES
    assert suite.is_aggregate(keys, b"m", aggregate)
    assert suite.is_aggregate(keys[::-1], b"m", aggregate)
    assert not suite.is_aggregate(keys[:2], b"m", aggregate)
    assert not suite.is_aggregate([*keys, keys[0]], b"m", aggregate)
    assert not suite.is_aggregate(keys, b"n", aggregate)


def rogue(victims: list[bytes], secret: int) -> bytes:
    """The key which, added to the victims', gives one whose secret the attacker knows."""
    total = Z1
    for victim in victims:
        total = add(total, pubkey_to_G1(victim))
    return bytes(G1_to_pubkey(add(pubkey_to_G1(suite.public_key_of(secret)), neg(total))))


def test_a_rogue_key_forges_an_aggregate_and_has_no_proof_of_possession() -> None:
    """The attack works on the bare aggregate: it is the proof of possession that stops it."""
    victims, evil = [signer(0).public.key, signer(1).public.key], 77
    key = rogue(victims, evil)
    forged = suite.sign(evil, b"m")
    assert suite.is_key(key)
    assert suite.is_aggregate([*victims, key], b"m", forged)
    assert not suite.is_possessed(key, suite.prove_possession(evil))
    assert not suite.is_possessed(key, suite.sign(evil, key))
    assert suite.is_possessed(victims[0], signer(0).public.possession)
