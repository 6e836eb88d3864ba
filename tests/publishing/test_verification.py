"""A published folder against its own proof: every edited file is found, with one clear line."""

from __future__ import annotations

import base64
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.publishing.conftest import NOW, Audit, verified
from tests.publishing.test_statement import edited
from zkaudit.dataset import load_dataset
from zkaudit.errors import InvalidInput, Reason, Rejected
from zkaudit.publishing.envelope import parse_envelope, sealed
from zkaudit.publishing.signers import KeySigner
from zkaudit.signing import generate_key


def test_a_true_folder(audit: Audit, published: Path) -> None:
    shown = verified(published)
    assert shown.record.name == "digits"
    assert shown.record.verified == NOW.replace(microsecond=0)
    assert shown.verdict.claim == shown.record.claim
    assert (shown.signers, shown.unchecked, shown.challenge, shown.receipt) == ((), (), None, None)


def test_the_claim_is_the_callers(audit: Audit, published: Path) -> None:
    assert verified(published, claim=verified(published).verdict.claim).record.name == "digits"
    with pytest.raises(Rejected) as caught:
        verified(published, claim="accuracy >= 0.999")
    assert caught.value.reason == Reason.WRONG_CLAIM


def test_withheld_data_comes_from_elsewhere(audit: Audit, tmp_path: Path) -> None:
    folder = audit.publish(tmp_path, withhold_data=True).folder
    with pytest.raises(InvalidInput, match="--data"):
        verified(folder)
    assert verified(folder, data=audit.sources.data).record.data_file is None


def test_the_callers_data_is_the_published_one(audit: Audit, published: Path, tmp_path: Path) -> None:
    raw = load_dataset(audit.sources.data)
    own = tmp_path / "own.npz"
    np.savez(own, inputs=raw.inputs, labels=raw.labels)
    # The same values in another file.
    assert own.read_bytes() != audit.sources.data.read_bytes()
    assert verified(published, data=own).record.data_file is not None
    np.savez(own, inputs=raw.inputs, labels=np.roll(raw.labels, 1))
    with pytest.raises(Rejected) as caught:
        verified(published, data=own)
    assert caught.value.reason == Reason.WRONG_DATA


def test_files_that_no_check_covers_are_named(published: Path) -> None:
    (published / "notes.txt").write_text("accuracy 1.0")
    assert verified(published).unchecked == ("notes.txt",)


METRIC = ("components", 0, "modelCard", "quantitativeAnalysis", "performanceMetrics", 0, "value")
EDITS = [
    ("claim.intoto.json", ("predicate", "claim"), "accuracy >= 0.999"),
    ("claim.intoto.json", ("predicate", "claimInWords"), "Perfect."),
    ("claim.intoto.json", ("predicate", "securityBits"), 256.0),
    ("claim.intoto.json", ("subject", 0, "digest", "sha256"), "00" * 32),
    ("cyclonedx.json", METRIC, "1.0"),
    ("cyclonedx.json", ("components", 0, "name"), "another"),
    ("cyclonedx.json", ("metadata", "component"), {"type": "file", "name": "x"}),
    ("cyclonedx.json", ("metadata", "timestamp"), "2030-01-01T00:00:00Z"),
]


@pytest.mark.parametrize(("name", "place", "value"), EDITS)
def test_an_edited_description(published: Path, name: str, place: tuple[Any, ...], value: object) -> None:
    path = published / name
    document = json.loads(path.read_bytes())
    if name == "claim.intoto.json":
        statement = json.loads(base64.b64decode(document["payload"]))
        document["payload"] = base64.b64encode(edited(statement, place, value)).decode()
        path.write_text(json.dumps(document))
    else:
        path.write_bytes(edited(document, place, value))
    with pytest.raises(Rejected) as caught:
        verified(published)
    assert caught.value.reason == Reason.WRONG_ATTESTATION
    assert f"{name} says something else than the proof at {place[0]}" in str(caught.value)
    assert str(place[-1]) in str(caught.value)


def test_an_edited_model_card(published: Path) -> None:
    card = published / "model-index.yml"
    lines = card.read_text().splitlines(keepends=True)
    number = next(index for index, line in enumerate(lines) if line.strip().startswith("value:"))
    card.write_text("".join([*lines[:number], lines[number].split(":")[0] + ": 0.999\n", *lines[number + 1 :]]))
    with pytest.raises(Rejected, match=rf"model-index\.yml says something else than the proof in line {number + 1}"):
        verified(published)


@pytest.mark.parametrize("name", ["commitment.json", "claim.intoto.json", "model-index.yml", "cyclonedx.json"])
def test_a_missing_file(published: Path, name: str) -> None:
    (published / name).unlink()
    with pytest.raises(InvalidInput, match="no such file"):
        verified(published)


def test_what_is_no_folder(published: Path, tmp_path: Path) -> None:
    (published / "audit.zkp").unlink()
    for path in (published, tmp_path, tmp_path / "no"):
        with pytest.raises(InvalidInput, match="not a published folder"):
            verified(path)


def test_another_proof_in_the_folder(audit: Audit, published: Path) -> None:
    """Of the same claim, so that only the descriptions tell the two apart."""
    shutil.copy(audit.answer.proof, published / "audit.zkp")
    shutil.copy(audit.answer.challenge, published / "challenge.json")  # type: ignore[arg-type]
    with pytest.raises(Rejected, match=r"claim\.intoto\.json"):
        verified(published)


def test_a_file_that_was_taken_away_or_added(audit: Audit, tmp_path: Path) -> None:
    folder = audit.publish(tmp_path, sources=audit.answer).folder
    (folder / "receipt.json").unlink()
    with pytest.raises(Rejected, match=r"predicate\.receipt"):
        verified(folder)
    folder = audit.publish(tmp_path, sources=replace(audit.answer, receipt=None)).folder
    shutil.copy(audit.answer.receipt, folder / "receipt.json")  # type: ignore[arg-type]
    with pytest.raises(Rejected, match=r"predicate\.receipt"):
        verified(folder)


def test_a_signature_by_a_trusted_key(audit: Audit, tmp_path: Path) -> None:
    folder = audit.publish(tmp_path, signers=(KeySigner(key=audit.owner),)).folder
    stranger = generate_key("stranger").public
    assert verified(folder, trusted=[stranger]).signers == ()
    assert verified(folder, trusted=[stranger, audit.owner.public]).signers == (audit.owner.public,)


def test_a_forged_signature(audit: Audit, tmp_path: Path) -> None:
    folder = audit.publish(tmp_path, signers=(KeySigner(key=audit.owner),)).folder
    path = folder / "claim.intoto.json"
    envelope = parse_envelope(path.read_bytes())
    # The stranger's signature under the owner's name; the owner's over another payload is the same to a verifier.
    forged = KeySigner(key=generate_key("stranger")).sign(envelope.message())
    path.write_bytes(replace(envelope, signatures=(replace(envelope.signatures[0], value=forged),)).encode())
    with pytest.raises(Rejected) as caught:
        verified(folder, trusted=[audit.owner.public])
    assert caught.value.reason == Reason.BAD_SIGNATURE


def test_a_signature_taken_away(audit: Audit, tmp_path: Path) -> None:
    """The bill of materials names the envelope by its digest."""
    folder = audit.publish(tmp_path, signers=(KeySigner(key=audit.owner),)).folder
    path = folder / "claim.intoto.json"
    path.write_bytes(sealed(parse_envelope(path.read_bytes()).payload).encode())
    with pytest.raises(Rejected, match=r"cyclonedx\.json"):
        verified(folder, trusted=[audit.owner.public])
