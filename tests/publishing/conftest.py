"""One small audit under the profile of the tests, and its publication."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cases import random_case
from zkaudit.challenge import make_challenge
from zkaudit.commitment import save_commitment
from zkaudit.commitment.formats import opening_bytes
from zkaudit.dataset import dataset_bytes, load_dataset
from zkaudit.dataset_commitment import commit_dataset
from zkaudit.model.model import save_model
from zkaudit.prover import prove
from zkaudit.publishing.evidence import Sources
from zkaudit.publishing.publication import Publication, publish
from zkaudit.publishing.verification import VerifiedFolder, verify_folder
from zkaudit.receipt import body_of, save_receipt, sign_receipt
from zkaudit.signing import SecretKey, generate_key, save_secret_key
from zkaudit.verifier import Policy

NOW = datetime(2026, 3, 1, 9, 30, 15, 999, tzinfo=UTC)
PROFILE: dict[str, Any] = {
    "profile": "test-insecure",
    "policy": Policy(minimum_bits=0, profiles=("test-insecure",)),
}


@dataclass(frozen=True, kw_only=True)
class Audit:
    """The files of an audit, public and secret, in one folder; those of `answer` have a challenge and a receipt."""

    folder: Path
    sources: Sources
    answer: Sources
    owner: SecretKey
    auditor: SecretKey

    def publish(self, destination: Path, **changes: Any) -> Publication:
        """Publishes at a fixed time."""
        sources = changes.pop("sources", self.sources)
        return publish(sources, destination, **{"name": "digits", "now": NOW, **PROFILE, **changes})


def verified(folder: Path, **changes: Any) -> VerifiedFolder:
    """Verifies a published folder."""
    return verify_folder(folder, **{**PROFILE, **changes})


@pytest.fixture(scope="session")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """A true claim with its proof; the same claim with a challenge, its answer and a receipt; every kind of secret."""
    folder = tmp_path_factory.mktemp("audit")
    case = random_case((3, 3, 3), samples=7)
    owner, auditor = generate_key("owner"), generate_key("auditor")
    save_commitment(folder / "commitment.json", case.statement.commitment)
    data = case.statement.dataset
    (folder / "heldout.npz").write_bytes(dataset_bytes(data.inputs.T, data.labels))
    (folder / "audit.zkp").write_bytes(prove(case.statement, case.model, case.opening).proof)
    challenge = make_challenge(case.statement, auditor, issued=NOW.replace(microsecond=0), lifetime=timedelta(days=1))
    (folder / "challenge.json").write_bytes(challenge.text())
    asked = replace(case.statement, challenge=challenge.digest())
    proof = prove(asked, case.model, case.opening).proof
    (folder / "answer.zkp").write_bytes(proof)
    body = body_of(hashlib.sha256(proof).digest(), asked, NOW.replace(microsecond=0))
    save_receipt(folder / "receipt.json", sign_receipt(body, auditor))
    _, salt = commit_dataset(load_dataset(folder / "heldout.npz"))
    (folder / "opening.zks").write_bytes(salt.to_bytes())
    (folder / "opening.zko").write_bytes(opening_bytes(case.opening))
    save_model(case.model, folder / "model.zkm")
    save_secret_key(folder / "owner.zkk", owner, b"a passphrase")
    sources = Sources(proof=folder / "audit.zkp", commitment=folder / "commitment.json", data=folder / "heldout.npz")
    answer = replace(
        sources,
        proof=folder / "answer.zkp",
        challenge=folder / "challenge.json",
        receipt=folder / "receipt.json",
    )
    return Audit(folder=folder, sources=sources, answer=answer, owner=owner, auditor=auditor)


@pytest.fixture
def published(audit: Audit, tmp_path: Path) -> Path:
    """A published folder of its own for each test."""
    return audit.publish(tmp_path).folder
