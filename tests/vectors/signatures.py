"""Known answers of keys, signatures, aggregates and the documents around a proof."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
from py_ecc.bls.g2_primitives import G1_to_pubkey, pubkey_to_G1
from py_ecc.optimized_bls12_381 import add, neg

from tests.vectors.files import Case, Stream, case
from tests.vectors.statements import valid
from zkaudit.challenge import parse_challenge, require_answer, require_signature
from zkaudit.dataset import RawDataset
from zkaudit.dataset_commitment import DatasetCommitment, parse_dataset_commitment, salted_hash
from zkaudit.errors import InvalidInput, PolicyNotMet, Rejected, UnsupportedVersion
from zkaudit.receipt import Receipt, body_of, parse_receipt, sign_receipt, verify_receipt
from zkaudit.signing import suite
from zkaudit.signing.key_files import parse_public_key, public_key_bytes
from zkaudit.signing.keyring import keyring_bytes, parse_keyring
from zkaudit.signing.keys import (
    Domain,
    PublicKey,
    SecretKey,
    framed,
    secret_key,
    verify_aggregate,
    verify_possession,
    verify_signature,
)
from zkaudit.signing.signature import parse_signature, sign_digest, signature_bytes

PUBLISHED = 0x263DBD792F5B1BE47ED85F8938C0F29586AF0D3AC7B977F21C278FE1462040E3
"""The secret key of a published vector of the suite, whose message is 32 bytes of 0x56."""

INFINITY = {48: b"\xc0" + bytes(47), 96: b"\xc0" + bytes(95)}
NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


@cache
def signer(number: int) -> SecretKey:
    """One of a few keys."""
    secret = int.from_bytes(Stream(f"signer {number}").bytes(40), "big") % (suite.GROUP_ORDER - 1) + 1
    return secret_key(secret, ("Ada", "Björn", "Chidi")[number])


def _answer(call: Callable[[], object]) -> dict[str, Any]:
    """Accepted, or the reason."""
    try:
        call()
    except Rejected as error:
        return {"refused": error.reason.value}
    except PolicyNotMet:
        return {"refused": "policy"}
    return {"accepted": True}


def signature_cases() -> list[Case]:
    """`signatures.json`."""
    return [*_keys(), *_signed(), *_verified(), *_possessed(), *_aggregates()]


def _keys() -> Iterator[Case]:
    message = b"\x56" * 32
    given = {"operation": "suite", "secret": PUBLISHED.to_bytes(32, "big"), "message": message}
    expected = {"key": suite.public_key_of(PUBLISHED), "signature": suite.sign(PUBLISHED, message)}
    yield case("published", "A published vector of the suite; the message is not framed.", given, expected)
    for number in range(3):
        key = signer(number)
        given = {"operation": "key", "secret": key.to_bytes()}
        expected = {"key": key.public.key, "possession": key.public.possession, "fingerprint": key.public.fingerprint()}
        yield case(f"key {number}", "The public key, its proof of possession and its fingerprint.", given, expected)


def _signed() -> Iterator[Case]:
    key, message = signer(0), bytes(range(32))
    for domain in Domain:
        given = {"operation": "sign", "secret": key.to_bytes(), "domain": domain.value, "message": message}
        expected = {"signed": framed(domain, message), "signature": key.sign(domain, message)}
        yield case(f"signature of a {domain.value}", "A domain and a message, framed and signed.", given, expected)


def _verified() -> Iterator[Case]:
    key, message = signer(0), bytes(range(32))
    good = key.sign(Domain.RECEIPT, message)
    other = signer(1).public
    for name, comment, public, domain, text, signature in (
        ("a signature", "It holds.", key.public, Domain.RECEIPT, message, good),
        ("another domain", "A domain is signed.", key.public, Domain.CHALLENGE, message, good),
        ("another message", "A message is signed.", key.public, Domain.RECEIPT, message[::-1], good),
        ("another key", "A key signs for itself.", other, Domain.RECEIPT, message, good),
        ("the other root", "The sign of y counts.", key.public, Domain.RECEIPT, message, _turned(good)),
        ("infinity as a signature", "Infinity is none.", key.public, Domain.RECEIPT, message, INFINITY[96]),
        ("zeros as a signature", "There are flags.", key.public, Domain.RECEIPT, message, bytes(96)),
        ("a signature too short", "It has 96 bytes.", key.public, Domain.RECEIPT, message, good[:-1]),
    ):
        given = {"operation": "verify", "key": public.key, "domain": domain.value, "message": text}

        def verify(
            public: PublicKey = public, domain: Domain = domain, text: bytes = text, signature: bytes = signature
        ) -> None:
            verify_signature(public, domain, text, signature)

        yield case(name, comment, given | {"signature": signature}, _answer(verify))


def _turned(point: bytes) -> bytes:
    """The other point with this x."""
    return bytes([point[0] ^ 0x20]) + point[1:]


def _possessed() -> Iterator[Case]:
    key = signer(0)
    public, other = key.public, signer(1).public
    for name, comment, data, possession in (
        ("a possession", "It holds.", public.key, public.possession),
        ("another's possession", "A proof is for one key.", public.key, other.possession),
        ("a signature as a possession", "It has a hash of its own.", public.key, suite.sign(key.secret, public.key)),
        ("infinity as a key", "Infinity is no key.", INFINITY[48], INFINITY[96]),
        ("the other root of a key", "The sign of y counts.", _turned(public.key), public.possession),
    ):
        claimed = PublicKey(key=data, possession=possession, name="key")
        given = {"operation": "possession", "key": data, "possession": possession}
        yield case(name, comment, given, _answer(lambda claimed=claimed: verify_possession(claimed)))


def _aggregates() -> Iterator[Case]:
    message = bytes(range(32))
    keys = [signer(number) for number in range(3)]
    parts = [key.sign(Domain.RECEIPT, message) for key in keys]
    # Their possession was checked above; it costs more than all the rest.
    all_keys = [key.public for key in keys]
    three, two = suite.aggregate(parts), suite.aggregate(parts[:2])
    target, own = keys[0].public, keys[1]
    rogue = bytes(G1_to_pubkey(add(pubkey_to_G1(own.public.key), neg(pubkey_to_G1(target.key)))))
    false = PublicKey(key=rogue, possession=own.public.possession, name="rogue")
    for name, comment, signers, signature in (
        ("three signers", "One signature for three.", all_keys, three),
        ("one signer", "An aggregate of one is that signature.", all_keys[:1], parts[0]),
        ("a signer too few", "Every signer counts.", all_keys[:2], three),
        ("a signer too many", "Nobody signs who has not.", all_keys, two),
        ("a signer twice", "Each signer counts once.", [*all_keys[:2], all_keys[1]], two),
        ("a rogue key", "One's own key less another's signs for both.", [target, false], parts[1]),
    ):
        given = {
            "operation": "aggregate",
            "keys": [{"key": key.key, "possession": key.possession} for key in signers],
            "domain": "receipt",
            "message": message,
            "signature": signature,
        }

        def verify(signers: list[PublicKey] = signers, signature: bytes = signature) -> None:
            verify_aggregate(signers, Domain.RECEIPT, message, signature)

        yield case(name, comment, given, _answer(verify))


def document_cases() -> list[Case]:
    """`documents.json`."""
    return [*_files(), *_datasets(), *_answers(), *_receipts()]


def _read(kind: str, data: bytes) -> bytes:
    """The digest of a document, or nothing where its kind has none."""
    if kind == "challenge":
        return parse_challenge(data).digest()
    if kind == "receipt":
        return parse_receipt(data).body.digest()
    if kind == "dataset commitment":
        return parse_dataset_commitment(data).digest()
    {"public key": parse_public_key, "keyring": parse_keyring, "signature": parse_signature}[kind](data)
    return b""


def _texts() -> dict[str, bytes]:
    """A document of each kind."""
    key = signer(0)
    statement = valid("answered-challenge").statement
    commitment = DatasetCommitment(value=bytes(range(32)))
    return {
        "challenge": valid("answered-challenge").files["challenge.json"],
        "receipt": _receipt().text(),
        "dataset commitment": commitment.text(),
        "public key": public_key_bytes(key.public),
        "keyring": keyring_bytes([key.public, signer(1).public]),
        "signature": signature_bytes(sign_digest(key, Domain.COMMITMENT, statement.commitment.digest())),
    }


def _files() -> Iterator[Case]:
    for kind, data in _texts().items():
        text = data.decode()
        given = {"operation": "document", "kind": kind, "file": text}
        digest = _read(kind, data)
        expected = {"digest": digest} if digest else {"accepted": True}
        yield case(f"a {kind}", "A document and, where its kind has one, its digest.", given, expected)
        body = json.loads(text)
        turned = json.dumps(dict(reversed(body.items())), ensure_ascii=False)
        given = {"operation": "document", "kind": kind, "file": turned}
        yield case(f"a {kind} in another order", "White space and the order of keys are free.", given, expected)
        for name, comment, changed in _faults(kind, body, text):
            given = {"operation": "document", "kind": kind, "file": changed}
            yield case(f"a {kind}, {name}", comment, given, {"refused": _refusal(kind, changed)})


def _faults(kind: str, body: dict[str, Any], text: str) -> Iterator[tuple[str, str, str]]:
    """Texts that are no document of the kind."""
    yield "another version", "There is no such version.", json.dumps(body | {"version": 2})
    yield "another format", "The format names the kind.", json.dumps(body | {"format": "zkaudit"})
    yield "a spare key", "Maps are closed.", json.dumps(body | {"spare": 0})
    last = list(body)[-1]
    yield "a missing key", "Maps are closed.", json.dumps({key: body[key] for key in body if key != last})
    yield "a key twice", "No key occurs twice.", text.rstrip()[:-1] + ', "version": 1}'
    if kind == "challenge":
        for field, value in (
            ("nonce", "00" * 32),
            ("issued", "2026-03-01T09:30:00+00:00"),
            ("expires", "2026-03-01T09:29:59Z"),
            ("claim", body["claim"].replace(" ", "  ")),
            ("signature", body["signature"].upper()),
        ):
            yield f"another {field}", "It is digested, or in no other form.", json.dumps(body | {field: value})
    if kind == "receipt":
        yield "no signers", "Somebody signs.", json.dumps(body | {"signers": []})
        yield "a signer twice", "Each key occurs once.", json.dumps(body | {"signers": 2 * body["signers"]})
        yield "another count", "The body is digested.", json.dumps(body | {"samples": body["samples"] + 1})
    if kind == "keyring":
        yield "out of order", "Keys ascend.", json.dumps(body | {"keys": body["keys"][::-1]})
    if kind == "public key":
        yield "another name's spaces", "A name has none at its ends.", json.dumps(body | {"name": " Ada"})
        yield "another fingerprint", "It is the key's.", json.dumps(body | {"fingerprint": "00" * 32})
    if kind == "signature":
        yield "another domain", "Not every domain has such files.", json.dumps(body | {"domain": "receipt"})


def _refusal(kind: str, text: str) -> str:
    try:
        _read(kind, text.encode())
    except UnsupportedVersion:
        return "unknown version"
    except InvalidInput:
        return "unreadable"
    raise ValueError(f"a false {kind} is read: {text}")


def _datasets() -> Iterator[Case]:
    salt = Stream("salt").bytes(32)
    inputs, labels = np.array([[1.5, -2.0], [0.25, 3.0]]), np.array([1, 0])
    for name, array, groups in (
        ("doubles", inputs, None),
        ("floats of 32 bits", inputs.astype(np.float32), None),
        ("bytes", np.array([[1, 2], [0, 255]], np.uint8), None),
        ("three axes", np.array([[[1], [2]], [[0], [255]]], np.uint8), None),
        ("groups", inputs, np.array([5, -6])),
    ):
        given: dict[str, Any] = {
            "operation": "dataset commitment",
            "salt": salt,
            "type": array.dtype.name,
            "shape": array.shape,
            "inputs": [float(value).hex() for value in array.reshape(-1)],
            "labels": labels,
            "groups": "none" if groups is None else groups,
        }
        value = salted_hash(salt, RawDataset(inputs=array, labels=labels, groups=groups))
        comment = "The value of a salted commitment to the arrays, inputs in C order."
        yield case(f"commitment to {name}", comment, given, {"value": value})


def _answers() -> Iterator[Case]:
    found = valid("answered-challenge")
    text = found.files["challenge.json"].decode()
    challenge = parse_challenge(text.encode())
    key = signer(0)
    changes: dict[str, dict[str, Any]] = {
        "a challenge that is answered": {},
        "a challenge for another commitment": {"commitment": bytes(32)},
        "a challenge for another set": {"data": bytes(32)},
        "a challenge for another claim": {"claim": "correct >= 0"},
        "a challenge with another nonce": {"nonce": bytes(32)},
    }
    for name, fields in changes.items():
        other = replace(challenge, **fields)
        other = replace(other, signature=key.sign(Domain.CHALLENGE, other.digest()))
        yield _held(name, "Signed by the auditor that it names; held against the folder's proof.", other.text())
    unsigned = replace(challenge, auditor=signer(1).public)
    yield _held("a challenge that another signed", "The signature is the auditor's own.", unsigned.text())


def _held(name: str, comment: str, text: bytes) -> Case:
    challenge = parse_challenge(text)
    statement = valid("answered-challenge").statement

    def verify() -> None:
        require_signature(challenge)
        require_answer(challenge, statement)

    given = {"operation": "challenge", "file": text.decode(), "folder": "answered-challenge"}
    return case(name, comment, given, _answer(verify))


@cache
def _receipt() -> Receipt:
    """A receipt of three signers for a valid proof."""
    found = valid("answered-challenge")
    body = body_of(hashlib.sha256(found.files["audit.zkp"]).digest(), found.statement, NOW)
    parts = [sign_receipt(body, signer(number)) for number in range(3)]
    signers = sorted((part.signers[0] for part in parts), key=lambda key: key.key)
    return Receipt(body=body, signers=tuple(signers), signature=suite.aggregate(part.signature for part in parts))


def _receipts() -> Iterator[Case]:
    receipt = _receipt()
    keys = [signer(number).public for number in range(3)]
    fewer = replace(receipt, signers=receipt.signers[:2])
    rogue = replace(receipt.signers[0], possession=receipt.signers[1].possession)
    other = sign_receipt(replace(receipt.body, samples=receipt.body.samples + 1), signer(0))
    for name, comment, text, trusted, quorum in (
        ("a quorum of all", "Three of three are trusted.", receipt, keys, 3),
        ("a quorum of two", "Two of three are trusted, the third does no harm.", receipt, keys[:2], 2),
        ("no quorum", "Two of three are trusted and three are asked for.", receipt, keys[:2], 3),
        ("a signer taken out", "The aggregate is under all signers.", fewer, keys, 1),
        ("a signer without possession", "An unknown key proves its possession.", _with_signer(receipt, rogue), [], 1),
        ("another body", "The receipt is over other facts.", other, keys, 1),
    ):
        yield _counted(name, comment, text, trusted, quorum)


def _with_signer(receipt: Receipt, key: PublicKey) -> Receipt:
    return replace(receipt, signers=(key, *receipt.signers[1:]))


def _counted(name: str, comment: str, receipt: Receipt, trusted: list[PublicKey], quorum: int) -> Case:
    """The verdict on a receipt a day after it was written."""
    found = valid("answered-challenge")
    read = parse_receipt(receipt.text())
    proof = _receipt().body.proof

    def verify() -> None:
        later = NOW + timedelta(days=1)
        statement = found.statement
        verify_receipt(read, proof_digest=proof, statement=statement, trusted=trusted, quorum=quorum, now=later)

    given = {
        "operation": "receipt",
        "file": receipt.text().decode(),
        "folder": "answered-challenge",
        "trusted": [key.key for key in trusted],
        "quorum": quorum,
    }
    return case(name, comment, given, _answer(verify))
