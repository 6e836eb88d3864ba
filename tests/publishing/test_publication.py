"""Publishing: nothing before the proof is verified, nothing secret, and all files from the bytes that were verified."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.publishing.conftest import Audit, verified
from tests.publishing.test_folder import SECRETS, tree
from zkaudit.dataset import dataset_bytes, load_dataset
from zkaudit.errors import InvalidInput, PolicyNotMet, Reason, Rejected
from zkaudit.publishing import publication
from zkaudit.publishing.envelope import parse_envelope
from zkaudit.publishing.evidence import Sources
from zkaudit.publishing.signers import KeySigner
from zkaudit.verifier import Policy

ALWAYS = ["audit.zkp", "claim.intoto.json", "commitment.json", "cyclonedx.json", "model-index.yml"]


def predicate(folder: Path) -> Any:
    """The predicate of a published attestation."""
    return json.loads(parse_envelope((folder / "claim.intoto.json").read_bytes()).payload)["predicate"]


def test_the_layout(audit: Audit, tmp_path: Path) -> None:
    done = audit.publish(tmp_path)
    assert sorted(os.listdir(done.folder)) == sorted([*ALWAYS, "heldout.npz"])
    assert dict(done.files) == {name: (done.folder / name).stat().st_size for name in os.listdir(done.folder)}
    for name in ("commitment.json", "heldout.npz", "audit.zkp"):
        assert (done.folder / name).read_bytes() == (audit.folder / name).read_bytes()
    assert done.folder == tmp_path / "zkaudit"
    assert done.exposed == ()
    assert predicate(done.folder)["modelName"] == "digits"


def test_withheld_data(audit: Audit, tmp_path: Path) -> None:
    done = audit.publish(tmp_path, withhold_data=True)
    assert sorted(os.listdir(done.folder)) == ALWAYS
    assert "data" not in predicate(done.folder)
    assert b"heldout.npz" not in b"".join(path.read_bytes() for path in done.folder.iterdir())


def test_challenge_receipt_and_key(audit: Audit, tmp_path: Path) -> None:
    done = audit.publish(tmp_path, sources=audit.answer, signers=(KeySigner(key=audit.owner),))
    assert sorted(os.listdir(done.folder)) == sorted([*ALWAYS, "heldout.npz", "challenge.json", "receipt.json"])
    assert done.signers == (audit.owner.public.fingerprint(),)
    shown = verified(done.folder, trusted=[audit.owner.public])
    assert shown.signers == (audit.owner.public,)
    assert predicate(done.folder)["challengeDigest"]["sha256"] == shown.challenge.digest().hex()  # type: ignore[union-attr]
    assert shown.receipt is not None
    assert shown.receipt.signers == (audit.auditor.public,)


def test_the_name_of_the_folder_is_the_models(audit: Audit, tmp_path: Path) -> None:
    (tmp_path / "acme").mkdir()
    assert audit.publish(tmp_path / "acme", name=None).record.name == "acme"


@pytest.mark.parametrize(
    "name",
    [
        "",
        " a",
        "a\n",
        "a\x1b[2J",
        "..",
        "../a",
        "a/../b",
        "/a",
        "a//b",
        "a/",
        ".",
        "a\\b",
        "x" * 97,
        "a\u202eb",
        "\ud800",
    ],
)
def test_hostile_names(audit: Audit, tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInput, match="--name") as caught:
        audit.publish(tmp_path, name=name)
    assert str(caught.value).isprintable()
    assert str(caught.value).isascii()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["digits", "acme/digits-v1.2", 'a": b # c', "été", "..a", "model, 2nd"])
def test_names(audit: Audit, tmp_path: Path, name: str) -> None:
    done = audit.publish(tmp_path, name=name)
    assert verified(done.folder).record.name == name


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("field", ["proof", "commitment", "data", "challenge", "receipt"])
def test_no_secret_is_published(audit: Audit, tmp_path: Path, secret: str, field: str) -> None:
    """Whatever it is called and wherever it is given."""
    disguised = tmp_path / "commitment.json"
    shutil.copy(audit.folder / secret, disguised)
    (tmp_path / "model").mkdir()
    for source in (audit.folder / secret, disguised):
        with pytest.raises(InvalidInput, match="never published"):
            audit.publish(tmp_path / "model", sources=replace(audit.sources, **{field: source}))
    assert os.listdir(tmp_path / "model") == []


def test_a_secret_in_the_models_folder_is_reported(audit: Audit, tmp_path: Path) -> None:
    shutil.copy(audit.folder / "model.zkm", tmp_path / "weights.zkm")
    assert audit.publish(tmp_path).exposed == ("weights.zkm",)


def refused(audit: Audit, destination: Path, reason: Reason, **changes: Any) -> None:
    """Rejected with the reason, and nothing written."""
    sources = changes.pop("sources", audit.sources)
    claim = changes.pop("claim", None)
    with pytest.raises(Rejected) as caught:
        audit.publish(destination, sources=replace(sources, **changes), claim=claim)
    assert caught.value.reason == reason
    assert os.listdir(destination) == []


def test_a_false_proof_is_not_published(audit: Audit, tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    refused(audit, model, Reason.WRONG_CLAIM, claim="accuracy >= 0.99")
    raw = load_dataset(audit.sources.data)
    (tmp_path / "other.npz").write_bytes(dataset_bytes(raw.inputs, np.roll(raw.labels, 1)))
    refused(audit, model, Reason.WRONG_DATA, data=tmp_path / "other.npz")
    # A proof for one challenge, with another challenge or none.
    refused(audit, model, Reason.WRONG_CHALLENGE, proof=audit.answer.proof)
    refused(audit, model, Reason.WRONG_CHALLENGE, challenge=audit.answer.challenge)
    refused(audit, model, Reason.WRONG_RECEIPT, receipt=audit.answer.receipt)
    challenge = json.loads(audit.answer.challenge.read_bytes())  # type: ignore[union-attr]
    signature = challenge["signature"]
    (tmp_path / "forged.json").write_text(json.dumps({**challenge, "signature": "c0" + "00" * 95}))
    assert len(signature) == 192
    refused(audit, model, Reason.BAD_SIGNATURE, sources=audit.answer, challenge=tmp_path / "forged.json")


def test_a_damaged_proof_is_not_published(audit: Audit, tmp_path: Path) -> None:
    from zkaudit import wire
    from zkaudit.proof import MAGIC, VERSION

    _, body = wire.unseal(MAGIC, (VERSION,), audit.sources.proof.read_bytes(), "proof")
    body["messages"] = bytes([body["messages"][0] ^ 1]) + body["messages"][1:]
    (tmp_path / "bad.zkp").write_bytes(wire.seal(MAGIC, VERSION, body))
    (tmp_path / "model").mkdir()
    with pytest.raises(Rejected):
        audit.publish(tmp_path / "model", sources=replace(audit.sources, proof=tmp_path / "bad.zkp"))
    (tmp_path / "short.zkp").write_bytes(b"ZKAPROOF")
    with pytest.raises(InvalidInput):
        audit.publish(tmp_path / "model", sources=replace(audit.sources, proof=tmp_path / "short.zkp"))
    assert os.listdir(tmp_path / "model") == []


def test_a_proof_below_the_policy_is_not_published(audit: Audit, tmp_path: Path) -> None:
    with pytest.raises(PolicyNotMet):
        audit.publish(tmp_path, policy=Policy())
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("field", ["proof", "commitment", "data", "challenge", "receipt"])
def test_a_missing_file(audit: Audit, tmp_path: Path, field: str) -> None:
    with pytest.raises(InvalidInput, match="no such file"):
        audit.publish(tmp_path, sources=replace(audit.sources, **{field: tmp_path / "no"}))
    assert os.listdir(tmp_path) == []


def test_the_same_files_from_the_same_audit(audit: Audit, tmp_path: Path) -> None:
    """All descriptions follow from the proof, the name and the time."""
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
        audit.publish(folder)
    assert tree(folders[0]) == tree(folders[1])


def test_sources_are_read_once(audit: Audit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is published is what was verified, even where a file changes in between."""
    copies = {name: tmp_path / name for name in ("audit.zkp", "commitment.json", "heldout.npz")}
    for name, path in copies.items():
        shutil.copy(audit.folder / name, path)
    from zkaudit.publishing import evidence as module

    original = module.verify

    def swapping(*arguments: Any) -> Any:
        for path in copies.values():
            path.write_bytes(b"swapped")
        return original(*arguments)

    monkeypatch.setattr(module, "verify", swapping)
    sources = Sources(proof=copies["audit.zkp"], commitment=copies["commitment.json"], data=copies["heldout.npz"])
    (tmp_path / "model").mkdir()
    done = audit.publish(tmp_path / "model", sources=sources)
    monkeypatch.undo()
    assert verified(done.folder).unchecked == ()


def test_no_file_that_no_reader_would_accept(audit: Audit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publication, "DOCUMENT_LIMIT", 100)
    with pytest.raises(InvalidInput, match="no reader accepts"):
        audit.publish(tmp_path)
    assert os.listdir(tmp_path) == []
