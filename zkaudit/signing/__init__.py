"""Signatures: keys and their files, the keyring of those that are trusted, and signed documents."""

from zkaudit.signing.key_files import load_public_key, load_secret_key, save_public_key, save_secret_key
from zkaudit.signing.keyring import load_keyring, load_trusted_keys, save_keyring
from zkaudit.signing.keys import (
    Domain,
    PublicKey,
    SecretKey,
    generate_key,
    verify_aggregate,
    verify_possession,
    verify_signature,
)
from zkaudit.signing.signature import Signature, load_signature, save_signature, sign_digest, verify_signed

__all__ = [
    "Domain",
    "PublicKey",
    "SecretKey",
    "Signature",
    "generate_key",
    "load_keyring",
    "load_public_key",
    "load_secret_key",
    "load_signature",
    "load_trusted_keys",
    "save_keyring",
    "save_public_key",
    "save_secret_key",
    "save_signature",
    "sign_digest",
    "verify_aggregate",
    "verify_possession",
    "verify_signature",
    "verify_signed",
]
