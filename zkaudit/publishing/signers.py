"""The project's keys as signers of envelopes: what they are called there, and what exactly they sign."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from zkaudit.publishing.envelope import Check
from zkaudit.signing.keys import Domain, PublicKey, SecretKey, verify_signature


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySigner:
    """A secret key, named in an envelope by the fingerprint of its public half."""

    key: SecretKey

    @property
    def key_id(self) -> str:
        """SHA-256 of the public key, in hex."""
        return self.key.public.fingerprint()

    def sign(self, message: bytes) -> bytes:
        """The signature over an envelope's message, in the domain of attestations."""
        return self.key.sign(Domain.ATTESTATION, message)


def checks_of(keys: Iterable[PublicKey]) -> dict[str, Check]:
    """What checks a signature, for each of the keys that a caller trusts."""
    return {key.fingerprint(): _check_of(key) for key in keys}


def _check_of(key: PublicKey) -> Check:
    def check(message: bytes, signature: bytes) -> None:
        verify_signature(key, Domain.ATTESTATION, message, signature)

    return check
