"""Both verifiers say of every whole proof what its files say that they must."""

from __future__ import annotations

import hashlib
import io
import json
from functools import lru_cache
from math import floor
from typing import Any
from unittest import mock

import numpy as np
import pytest

import tests.second.verifier as second
from tests.second.digest import circuit_digest
from tests.second.transcript import Transcript
from tests.second.wire import RefusedError, unpack
from tests.vectors.files import FOLDER
from tests.vectors.proofs import KINDS, verdict_on
from zkaudit.errors import Reason

PROOFS = FOLDER / "proofs"
VALID = sorted(path.parent.name for path in PROOFS.glob("*/expected.json"))
REJECTED = json.loads((PROOFS / "rejected.json").read_text())["cases"]
Case = dict[str, Any]


def files_of(name: str) -> dict[str, bytes]:
    """The files of a valid folder."""
    return {path.name: path.read_bytes() for path in (PROOFS / name).iterdir()}


def expected_of(name: str) -> Case:
    """What a valid folder expects."""
    result: Case = json.loads((PROOFS / name / "expected.json").read_text())
    return result


def second_statement(files: dict[str, bytes], given: Case) -> second.Statement:
    """The statement as the second verifier takes it, from the files alone."""
    labels = tuple(given["labels"]) if "labels" in given else None
    asked = (given["claim"], given["profile"], given["challenge"])
    return _second_statement(files["commitment.json"], files["heldout.npz"], labels, *asked)


@lru_cache(maxsize=64)
def _second_statement(
    commitment: bytes, heldout: bytes, labels: tuple[int, ...] | None, claim: str, profile: str, challenge: str
) -> second.Statement:
    arrays = np.load(io.BytesIO(heldout), allow_pickle=False)
    scale = float.fromhex(json.loads(commitment)["architecture"]["input_scale"])
    raw = arrays["inputs"].reshape(len(arrays["inputs"]), -1).tolist()
    samples = [[floor(value / scale + 0.5) for value in sample] for sample in raw]
    return second.Statement(
        commitment=commitment,
        samples=samples,
        labels=arrays["labels"].tolist() if labels is None else list(labels),
        claim=claim,
        profile=profile,
        challenge=bytes.fromhex(challenge),
        groups=arrays["groups"].tolist() if "groups" in arrays else None,
    )


@pytest.mark.parametrize("name", VALID)
def test_valid_proofs(name: str) -> None:
    files, expected = files_of(name), expected_of(name)
    assert verdict_on(files, expected) == ("accepted", "")
    statement = second_statement(files, expected)
    bits = second.verify(statement, files["audit.zkp"])
    assert bits == pytest.approx(256 - np.log2(float(expected["error"])), abs=1e-9)
    sizes, layout = statement.sizes, statement.layout
    found = {
        "commitment": statement.file["digest"],
        "architecture": statement.architecture.digest().hex(),
        "data": statement.data_digest().hex(),
        "circuit": circuit_digest(layout.circuit).hex(),
        "samples": len(statement.samples),
        "elements": layout.elements,
        "products": layout.products,
        "claims": layout.claims,
        "witness oracle": [sizes.witness.message, sizes.witness.columns, sizes.witness.opened, sizes.witness_rows],
        "pad oracle": [sizes.pads.message, sizes.pads.columns, sizes.pads.opened, sizes.pad_rows],
    }
    assert found == {key: expected[key] for key in found}
    assert expected["sha256"] == {key: hashlib.sha256(files[key]).hexdigest() for key in expected["sha256"]}


def test_every_part_of_a_valid_proof_is_canonical() -> None:
    for name in VALID:
        proof = files_of(name)["audit.zkp"]
        assert unpack(proof[20:-32])["profile"] == expected_of(name)["profile"]


@pytest.mark.parametrize("name", [name for name in VALID if (PROOFS / name / "trace.json").exists()])
def test_traces(name: str) -> None:
    steps: list[Case] = []

    class Recorder(Transcript):
        def absorb(self, label: str, message: bytes) -> None:
            super().absorb(label, message)
            digest = hashlib.sha256(message).hexdigest()
            steps.append({"step": "absorb", "label": label, "length": len(message), "sha256": digest})

        def seed(self, label: str) -> bytes:
            result = super().seed(label)
            steps.append({"step": "seed", "label": label, "seed": result.hex()})
            return result

    files = files_of(name)
    with mock.patch.object(second, "Transcript", Recorder):
        second.verify(second_statement(files, expected_of(name)), files["audit.zkp"])
    listed = json.loads(files["trace.json"])["cases"]
    assert [{"name": str(i), **step} for i, step in enumerate(steps)] == listed


def proof_of(entry: Case) -> bytes:
    """The bytes of a rejected proof."""
    given = entry["input"]
    if "file" in given:
        return (PROOFS / given["file"]).read_bytes()
    honest = (PROOFS / given["folder"] / "audit.zkp").read_bytes()
    parts, at = [], 0
    for splice in given["splices"]:
        parts += [honest[at : splice["offset"]], bytes.fromhex(splice["insert"])]
        at = splice["offset"] + splice["remove"]
    return b"".join([*parts, honest[at:]])


def second_verdict(files: dict[str, bytes], given: Case, proof: bytes) -> tuple[str, str]:
    """What the second verifier says."""
    try:
        statement = second_statement(files, given)
        # A statement is refused before a proof is looked at.
        _ = statement.layout
        second.verify(statement, proof)
    except RefusedError as error:
        named = {"unreadable": "unreadable", "statement": "statement"}.get(error.reason, "rejected")
        return named, error.reason if named == "rejected" else ""
    return "accepted", ""


@pytest.mark.parametrize("entry", REJECTED, ids=[entry["name"] for entry in REJECTED])
def test_oddities(entry: Case) -> None:
    given, expected = entry["input"], entry["expected"]
    files, proof = files_of(given["folder"]), proof_of(entry)
    assert hashlib.sha256(proof).hexdigest() == expected["sha256"]
    assert verdict_on(files, given, proof) == (expected["verdict"], expected["reason"])
    # Whatever is no statement of the second verifier's is told before it sees a proof: a text, a name, a policy.
    if expected["verdict"] == "policy":
        assert second_verdict(files, given, proof) == ("accepted", "")
    elif not entry["name"].startswith("an unknown "):
        reason = expected["reason"] if expected["verdict"] == "rejected" else ""
        assert second_verdict(files, given, proof) == (expected["verdict"], reason)


def test_every_reason_and_every_kind_has_a_vector() -> None:
    reasons = {entry["expected"]["reason"] for entry in REJECTED if entry["expected"]["verdict"] == "rejected"}
    kinds = {entry["expected"]["reason"] for entry in REJECTED if entry["expected"]["verdict"] == "unreadable"}
    for name in ("signatures", "documents"):
        every = json.loads((FOLDER / f"{name}.json").read_text())["cases"]
        reasons |= {entry["expected"].get("refused", "") for entry in every}
    # An attestation is a description in the format of other tools, which have vectors of their own.
    assert reasons >= {reason.value for reason in Reason} - {Reason.WRONG_ATTESTATION}
    assert kinds == set(KINDS)
    assert {entry["expected"]["verdict"] for entry in REJECTED} == {"rejected", "unreadable", "statement", "policy"}
