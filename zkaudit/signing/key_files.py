"""Key files: `.pub.json`, a public document, and `.zkk`, the secret in an age file under a passphrase.

The secret file is an ordinary age file, so its cipher is age's and the `age` tool opens it: this module composes none.
Source: docs/formats.md, "Keys".
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from zkaudit import wire
from zkaudit.documents import document_text, hex_of, read_document
from zkaudit.errors import InvalidInput
from zkaudit.signing.keys import KEY_FIELDS, PublicKey, SecretKey, read_name, secret_key, verify_possession
from zkaudit.signing.suite import SECRET_BYTES

PUBLIC_FORMAT = "zkaudit-public-key"
"""What a public key file says that it is."""

SECRET_FORMAT = "zkaudit-secret-key"
"""What the text inside of a secret key file says that it is."""

KEY_VERSION = 1
"""Version of both files."""

AGE_MAGIC = b"age-encryption.org/v1\n"
"""First line of an age file."""

SECRET_LIMIT = 1 << 14
"""Performance knob: most bytes of a secret key file; it has about 500."""

MAXIMUM_WORK = 21
"""Performance knob: the largest scrypt work factor that is tried, 2^21: 2 GiB of memory and about ten seconds.

A new file takes what one second of the machine gives, 18 to 20; a stranger's file could ask for days.
"""

_STANZA = re.compile(rb"age-encryption\.org/v1\n-> scrypt [A-Za-z0-9+/]{22} ([1-9][0-9]?)\n")


def public_key_bytes(key: PublicKey) -> bytes:
    """The bytes of a public key file."""
    return document_text(PUBLIC_FORMAT, KEY_VERSION, {**key.document(), "fingerprint": key.fingerprint()})


def parse_public_key(data: bytes, where: str = "public key") -> PublicKey:
    """The key that a file holds, its proof of possession not yet checked; `InvalidInput` for other bytes."""
    body = read_document(data, PUBLIC_FORMAT, KEY_VERSION, {**KEY_FIELDS, "fingerprint": hex_of(32)}, where)
    fingerprint = body.pop("fingerprint").hex()
    key = PublicKey(**body)
    if fingerprint != key.fingerprint():
        raise InvalidInput("the fingerprint is not that of the key", where=where, expected=key.fingerprint())
    return key


def save_public_key(path: str | Path, key: PublicKey, *, overwrite: bool = False) -> None:
    """Writes a public key file."""
    wire.write_atomic(path, public_key_bytes(key), overwrite=overwrite)


def load_public_key(path: str | Path) -> PublicKey:
    """Reads a public key file and checks its proof of possession.

    `InvalidInput` for a file that is none, Rejected for a key without a proof that holds.
    """
    return verify_possession(
        parse_public_key(wire.read_bounded(path, SECRET_LIMIT, "public key"), f"public key {path}")
    )


def secret_key_bytes(key: SecretKey, passphrase: bytes) -> bytes:
    """The bytes of a secret key file; `InvalidInput` for an empty passphrase."""
    text = document_text(SECRET_FORMAT, KEY_VERSION, {"name": key.public.name, "secret": key.to_bytes().hex()})
    return bytes(_age().passphrase.encrypt(text, _passphrase(passphrase)))


def parse_secret_key(data: bytes, passphrase: bytes, where: str = "secret key") -> SecretKey:
    """The key that a file holds; `InvalidInput` for other bytes, a wrong passphrase, or one that costs too much."""
    words = _passphrase(passphrase)
    if not data.startswith(AGE_MAGIC):
        raise InvalidInput("not a secret key file", where=where, expected="a .zkk file of `zkaudit key new`")
    stanza = _STANZA.match(data)
    if stanza is None:
        raise InvalidInput("an age file for other recipients", where=where, expected="one under a passphrase")
    if int(stanza[1]) > MAXIMUM_WORK:
        raise InvalidInput(
            f"a passphrase with the work factor 2^{int(stanza[1])}", where=where, expected=f"at most 2^{MAXIMUM_WORK}"
        )
    age = _age()
    try:
        text = bytes(age.passphrase.decrypt(data, words))
    except age.DecryptError:
        # No cause: what the library says of a secret file is not the user's to read.
        raise InvalidInput("wrong passphrase, or a damaged file", where=where, next_step="try again") from None
    return _read_secret(text, where)


def _read_secret(text: bytes, where: str) -> SecretKey:
    """The key in the text of a decrypted file; an error shows nothing of it."""
    try:
        body = read_document(text, SECRET_FORMAT, KEY_VERSION, {"name": read_name, "secret": _secret}, where)
        return secret_key(body["secret"], body["name"])
    except InvalidInput as error:
        if type(error) is not InvalidInput:
            raise
        raise InvalidInput("decrypted, and not a secret key of zkaudit", where=where) from None


def save_secret_key(path: str | Path, key: SecretKey, passphrase: bytes, *, overwrite: bool = False) -> None:
    """Writes a secret key file that only its owner can read; `InvalidInput` where one exists, unless `overwrite`."""
    wire.write_atomic(path, secret_key_bytes(key, passphrase), mode=0o600, overwrite=overwrite)


def load_secret_key(path: str | Path, passphrase: bytes) -> SecretKey:
    """Reads a secret key file; `InvalidInput` for a missing file, a wrong passphrase and every other fault."""
    return parse_secret_key(wire.read_bounded(path, SECRET_LIMIT, "secret key"), passphrase, f"secret key {path}")


def _secret(value: object, where: str) -> int:
    return int.from_bytes(hex_of(SECRET_BYTES)(value, where), "big")


def _passphrase(passphrase: bytes) -> str:
    if not passphrase:
        raise InvalidInput("an empty passphrase", where="passphrase", expected="at least one character")
    try:
        return passphrase.decode()
    except UnicodeDecodeError:
        raise InvalidInput("not text", where="passphrase", expected="UTF-8") from None


def _age() -> Any:
    """pyrage; `InvalidInput` that says how to install it."""
    try:
        import pyrage
    except ModuleNotFoundError:
        raise InvalidInput(
            "secret keys need pyrage, which is not installed",
            where="secret key",
            next_step="pip install 'zkaudit[sign]'",
        ) from None
    return pyrage
