"""Signatures and documents by the library of the suite alone and by plain Python, without zkaudit."""

from __future__ import annotations

import hashlib
import json
import struct
from typing import Any

import pytest
from py_ecc.bls import G2ProofOfPossession

from tests.second.wire import pack
from tests.vectors.files import FOLDER

Case = dict[str, Any]
suite = G2ProofOfPossession
REFUSALS = {"unreadable", "unknown version"}


def cases(name: str, *operations: str) -> list[Any]:
    """The cases of some operations as parameters of a test."""
    every = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))["cases"]
    chosen = [entry for entry in every if entry["input"]["operation"] in operations]
    assert chosen
    return [pytest.param(entry["input"], entry["expected"], id=entry["name"]) for entry in chosen]


def framed(domain: str, message: str) -> bytes:
    """What is signed."""
    return b"zkaudit signature v1\0" + domain.encode() + b"\0" + bytes.fromhex(message)


@pytest.mark.parametrize(("given", "expected"), cases("signatures", "suite", "key", "sign"))
def test_secret_keys(given: Case, expected: Case) -> None:
    secret = int(given["secret"], 16)
    key = suite.SkToPk(secret)
    if given["operation"] == "key":
        found = {"key": key.hex(), "possession": suite.PopProve(secret).hex()}
        assert expected == found | {"fingerprint": hashlib.sha256(key).hexdigest()}
    elif given["operation"] == "suite":
        assert expected == {"key": key.hex(), "signature": suite.Sign(secret, bytes.fromhex(given["message"])).hex()}
    else:
        signed = framed(given["domain"], given["message"])
        assert expected == {"signed": signed.hex(), "signature": suite.Sign(secret, signed).hex()}


@pytest.mark.parametrize(("given", "expected"), cases("signatures", "verify", "possession", "aggregate"))
def test_public_keys(given: Case, expected: Case) -> None:
    if given["operation"] == "possession":
        holds = suite.PopVerify(bytes.fromhex(given["key"]), bytes.fromhex(given["possession"]))
        assert expected == ({"accepted": True} if holds else {"refused": "bad-key"})
        return
    signed, signature = framed(given["domain"], given["message"]), bytes.fromhex(given["signature"])
    if given["operation"] == "verify":
        holds = len(signature) == 96 and suite.Verify(bytes.fromhex(given["key"]), signed, signature)
    elif expected == {"refused": "bad-key"}:
        last = given["keys"][-1]
        assert not suite.PopVerify(bytes.fromhex(last["key"]), bytes.fromhex(last["possession"]))
        # Without proofs of possession the forgery would pass.
        assert suite.FastAggregateVerify([bytes.fromhex(key["key"]) for key in given["keys"]], signed, signature)
        return
    else:
        holds = suite.FastAggregateVerify([bytes.fromhex(key["key"]) for key in given["keys"]], signed, signature)
    assert expected == ({"accepted": True} if holds else {"refused": "bad-signature"})


FIELDS = {
    "challenge": ("commitment", "data", "dataset_commitment", "nonce", "claim", "issued", "expires", "auditor"),
    "receipt": (
        "proof", "commitment", "data", "challenge", "claim", "samples", "profile", "security_bits", "time",
    ),
    "dataset commitment": ("value",),
}  # fmt: skip
"""What the digest of each kind is over."""

TEXTS = {"claim", "issued", "expires", "time", "profile", "name"}


def canonical(name: str, value: Any) -> Any:
    """A field in canonical form."""
    if isinstance(value, dict):
        return {key: canonical(key, part) for key, part in value.items()}
    if isinstance(value, int) or name in TEXTS:
        return value
    return b"" if value == "none" else bytes.fromhex(value)


def digest(kind: str, body: Case) -> str:
    """The digest of a document."""
    form = {"format": body["format"], "version": body["version"]}
    form |= {name: canonical(name, body[name]) for name in FIELDS[kind]}
    return hashlib.sha256(pack(form)).hexdigest()


@pytest.mark.parametrize(("given", "expected"), cases("documents", "document"))
def test_documents(given: Case, expected: Case) -> None:
    if "refused" in expected:
        assert expected["refused"] in REFUSALS
    elif given["kind"] in FIELDS:
        body = json.loads(given["file"])
        assert expected["digest"] == body["digest"] == digest(given["kind"], body)
    else:
        assert expected == {"accepted": True}


@pytest.mark.parametrize(("given", "expected"), cases("documents", "dataset commitment"))
def test_commitments_to_data(given: Case, expected: Case) -> None:
    def part(name: str, kind: str, shape: list[int], values: bytes) -> bytes:
        header = pack({"array": name, "type": kind, "shape": shape})
        return len(header).to_bytes(8, "big") + header + values

    letter = {"float64": "d", "float32": "f", "uint8": "B"}[given["type"]]
    values = [float.fromhex(value) for value in given["inputs"]]
    inputs = struct.pack(f">{len(values)}{letter}", *(values if letter in "df" else map(int, values)))
    text = part("inputs", given["type"], given["shape"], inputs)
    for name in ("labels", "groups"):
        array = given[name]
        if array == "none":
            text += part(name, "", [], b"")
        else:
            text += part(name, "int64", [len(array)], struct.pack(f">{len(array)}q", *array))
    salted = b"zkaudit dataset commitment v1\0" + bytes.fromhex(given["salt"]) + text
    assert expected["value"] == hashlib.sha256(salted).hexdigest()


@pytest.mark.parametrize(("given", "expected"), cases("documents", "challenge", "receipt"))
def test_what_documents_are_held_against(given: Case, expected: Case) -> None:
    body = json.loads(given["file"])
    folder = json.loads((FOLDER / "proofs" / given["folder"] / "expected.json").read_text())
    if given["operation"] == "challenge":
        bound = [
            ("wrong-commitment", body["commitment"], folder["commitment"]),
            ("wrong-data", body["data"], folder["data"]),
            ("wrong-claim", body["claim"], folder["claim"]),
            ("wrong-challenge", body["digest"], folder["challenge"]),
        ]
        reasons = [reason for reason, found, wanted in bound if found != wanted]
        key, signature = bytes.fromhex(body["auditor"]["key"]), bytes.fromhex(body["signature"])
        if not suite.Verify(key, framed("challenge", body["digest"]), signature):
            reasons.insert(0, "bad-signature")
        assert expected == ({"refused": reasons[0]} if reasons else {"accepted": True})
        return
    same = all(body[name] == folder[name] for name in ("commitment", "data", "claim", "samples", "profile"))
    if not same or body["proof"] != folder["sha256"]["audit.zkp"]:
        assert expected == {"refused": "wrong-receipt"}
        return
    unknown = [signer for signer in body["signers"] if signer["key"] not in given["trusted"]]
    keys = [bytes.fromhex(signer["key"]) for signer in body["signers"]]
    if not all(suite.PopVerify(bytes.fromhex(s["key"]), bytes.fromhex(s["possession"])) for s in unknown):
        assert expected == {"refused": "bad-key"}
    elif not suite.FastAggregateVerify(keys, framed("receipt", body["digest"]), bytes.fromhex(body["signature"])):
        assert expected == {"refused": "bad-signature"}
    elif sum(signer["key"] in given["trusted"] for signer in body["signers"]) < given["quorum"]:
        assert expected == {"refused": "policy"}
    else:
        assert expected == {"accepted": True}
