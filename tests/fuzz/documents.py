"""Signed and public documents: true ones, their changes, and what each reader has to make of any bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from typing import Any

from tests.fuzz import seeds
from tests.fuzz.choices import Choices, altered_bytes, altered_tree
from tests.signers import signer
from zkaudit.challenge import make_challenge, parse_challenge
from zkaudit.dataset import parse_dataset
from zkaudit.dataset_commitment import commit_dataset, parse_dataset_commitment, parse_dataset_opening
from zkaudit.errors import InvalidInput
from zkaudit.receipt import body_of, parse_receipt, sign_receipt
from zkaudit.signing.key_files import parse_public_key, parse_secret_key, public_key_bytes
from zkaudit.signing.keyring import keyring_bytes, parse_keyring
from zkaudit.signing.keys import Domain
from zkaudit.signing.signature import parse_signature, sign_digest, signature_bytes

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)

READERS: Mapping[str, Callable[[bytes], object]] = {
    "challenge": parse_challenge,
    "receipt": parse_receipt,
    "public key": parse_public_key,
    "keyring": parse_keyring,
    "signature": parse_signature,
    "dataset commitment": parse_dataset_commitment,
    "dataset opening": parse_dataset_opening,
    "secret key": lambda data: parse_secret_key(data, b"passphrase"),
}
"""What reads each kind."""


@cache
def true_documents() -> tuple[bytes, ...]:
    """One document of each public kind."""
    statement, key = seeds.case().statement, signer(0)
    receipt = sign_receipt(body_of(bytes(32), statement, NOW), key)
    commitment, opening = commit_dataset(parse_dataset(seeds.dataset()))
    return (
        make_challenge(statement, key, issued=NOW).text(),
        receipt.text(),
        public_key_bytes(key.public),
        keyring_bytes([key.public]),
        signature_bytes(sign_digest(key, Domain.COMMITMENT, bytes(32))),
        commitment.text(),
        opening.to_bytes(),
    )


def document(data: bytes) -> bytes:
    """A true document changed as a value or as bytes, often with the digest that belongs to it."""
    choices = Choices(data)
    content = choices.one_of(true_documents())
    if not content.startswith(b"{") or not choices.number(4):
        return altered_bytes(content, choices)
    tree = altered_tree(json.loads(content), choices)
    if isinstance(tree, dict) and choices.number(4):
        for name in tree.keys() & {"digest", "fingerprint"}:
            tree = {**tree, name: _right(tree, name)}
    return _text(tree)


def _right(tree: dict[str, Any], name: str) -> str:
    """The digest that the refusal of a wrong one names, or none where another fault comes first."""
    wrong = _text({**tree, name: "00" * 32})
    for read in READERS.values():
        with suppress(InvalidInput):
            try:
                read(wrong)
            except InvalidInput as error:
                if "does not match" in error.what or "is not that" in error.what:
                    return error.expected
    return str(tree[name])


def _text(tree: Any) -> bytes:
    return json.dumps(tree, default=repr).encode()
