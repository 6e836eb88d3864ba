"""BLS signatures over BLS12-381 by py_ecc, as bytes to bytes: public keys in G1, signatures in G2.

The suite is BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_ of draft-irtf-cfrg-bls-signature: many signatures over one
message aggregate into one, and a proof of possession for each key keeps out rogue keys, whose owner chose them as the
difference of a key of his own and another's.
Points have one encoding, the compressed one with its flag bits, below the modulus; py_ecc refuses any other.
py_ecc takes half a second to import, so it is imported when a signature is made or checked and not before.
Nothing here runs in constant time: sign on a machine that nobody else measures.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from py_ecc.bls import G2ProofOfPossession

KEY_BYTES = 48
"""Bytes of a public key: a compressed point of G1."""

SIGNATURE_BYTES = 96
"""Bytes of a signature, of an aggregate and of a proof of possession: a compressed point of G2."""

SECRET_BYTES = 32
"""Bytes of a secret key, big-endian."""

GROUP_ORDER = 0x73EDA753299D7D483339D80809A1D80553BDA402FFFE5BFEFFFFFFFF00000001
"""Order of G1 and G2; secret keys are the integers from 1 to one below."""


def _suite() -> type[G2ProofOfPossession]:
    limit = sys.getrecursionlimit()
    from py_ecc.bls import G2ProofOfPossession

    # py_ecc raises the limit to 100,000, where a deep recursion ends the process instead of raising an error.
    sys.setrecursionlimit(limit)
    return G2ProofOfPossession


def generate_secret() -> int:
    """A fresh secret key, uniform up to 2^-128: KeyGen of the draft on 32 bytes of the operating system's generator."""
    return int(_suite().KeyGen(secrets.token_bytes(SECRET_BYTES)))


def public_key_of(secret: int) -> bytes:
    """The public key of a secret key."""
    return bytes(_suite().SkToPk(secret))


def sign(secret: int, message: bytes) -> bytes:
    """The signature of a message; it is deterministic."""
    return bytes(_suite().Sign(secret, message))


def prove_possession(secret: int) -> bytes:
    """The proof of possession: a signature over the public key under a hash of its own."""
    return bytes(_suite().PopProve(secret))


def is_key(key: bytes) -> bool:
    """Whether bytes are a public key: the one encoding of a point of G1 in the right subgroup, not infinity."""
    return len(key) == KEY_BYTES and bool(_suite().KeyValidate(_bytes(key)))


def is_possessed(key: bytes, possession: bytes) -> bool:
    """Whether the proof of possession of a public key holds, and the key is one."""
    return _sized(key, possession) and bool(_suite().PopVerify(_bytes(key), _bytes(possession)))


def is_signature(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature holds: encodings, subgroups and infinity of both points are looked at too."""
    return _sized(key, signature) and bool(_suite().Verify(_bytes(key), message, _bytes(signature)))


def is_aggregate(keys: Iterable[bytes], message: bytes, signature: bytes) -> bool:
    """Whether one signature is the aggregate of every key's signature over one message.

    Sound only for keys whose proofs of possession have been checked, which implies that they are keys.
    So the check of each key's subgroup, which `FastAggregateVerify` makes, is left out: that of their sum stays.
    """
    _suite()
    from py_ecc.bls.g2_primitives import G1_to_pubkey, pubkey_to_G1
    from py_ecc.optimized_bls12_381 import Z1, add

    total = Z1
    try:
        for key in keys:
            total = add(total, pubkey_to_G1(_bytes(key)))
        aggregate = bytes(G1_to_pubkey(total))
    except (ValueError, AssertionError):
        return False
    # A sum of no keys, or one that is zero, is infinity, and infinity is no key.
    return is_signature(aggregate, message, signature)


def aggregate(signatures: Iterable[bytes]) -> bytes:
    """The one signature that stands for all of them; each must have been checked."""
    return bytes(_suite().Aggregate([_bytes(signature) for signature in signatures]))


def _sized(key: bytes, signature: bytes) -> bool:
    return len(key) == KEY_BYTES and len(signature) == SIGNATURE_BYTES


def _bytes(data: bytes) -> Any:
    """The same bytes; py_ecc names types of its own for keys and signatures."""
    return bytes(data)
