"""A published folder with a real proof under the standard profile, as an owner hands it over."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.cli.conftest import SAMPLES, make_files
from zkaudit.challenge import make_challenge, save_challenge
from zkaudit.claim import parse_claim
from zkaudit.commitment import load_commitment, load_opening
from zkaudit.dataset import load_dataset, quantise_inputs
from zkaudit.prover import prove
from zkaudit.receipt import body_of, countersign, save_receipt, sign_receipt
from zkaudit.signing import SecretKey, generate_key, save_public_key
from zkaudit.statement import Statement

CLAIM = "accuracy >= 0.9"
WRONG = 2
"""Labels that are not the model's own predictions, of the 21."""

ISSUED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SEEN = ISSUED + timedelta(days=2)
"""When the auditors signed the receipt."""


@dataclass(frozen=True)
class Published:
    """`folder` holds `zkaudit/`; secrets and keys lie beside it, in `folder.parent`."""

    folder: Path
    statement: Statement

    @property
    def audit(self) -> Path:
        """The published folder itself."""
        return self.folder / "zkaudit"

    def file(self, name: str) -> Path:
        """A published file."""
        return self.audit / name

    def policy(self, text: str = "", name: str = "policy.toml") -> Path:
        """A policy file with the right digests and these lines besides."""
        path = self.folder.parent / name
        pins = f'commitment = "{self.statement.commitment.digest().hex()}"\n'
        pins += f'data = "{self.statement.dataset.digest().hex()}"\n'
        path.write_text(pins + text)
        return path


def publish(folder: Path, auditor: SecretKey | None = None, claim: str = CLAIM, asked: str | None = None) -> Published:
    """A model 6-5-3, 21 samples, and a proof in `folder/model/zkaudit`; with an auditor, for his challenge.

    `asked` is the claim of the challenge where it leaves open what the proof states.
    """
    made = make_files(folder)
    labels = made.labels.copy()
    labels[:WRONG] = (labels[:WRONG] + 1) % 3
    audit = folder / "model" / "zkaudit"
    audit.mkdir(parents=True)
    (folder / "commitment.json").rename(audit / "commitment.json")
    Path(made.heldout(labels, "heldout.npz")).rename(audit / "heldout.npz")
    commitment = load_commitment(audit / "commitment.json")
    dataset = quantise_inputs(commitment.architecture, load_dataset(audit / "heldout.npz"))
    statement = Statement(commitment=commitment, dataset=dataset, claim=parse_claim(claim))
    if auditor is not None:
        challenge = make_challenge(
            statement,
            auditor,
            issued=ISSUED,
            lifetime=timedelta(days=30),
            asked=None if asked is None else parse_claim(asked),
        )
        save_challenge(audit / "challenge.json", challenge)
        statement = Statement(
            commitment=commitment, dataset=dataset, claim=statement.claim, challenge=challenge.digest()
        )
    proof = prove(statement, made.model, load_opening(folder / "opening.zko")).proof
    (audit / "audit.zkp").write_bytes(proof)
    assert dataset.samples == SAMPLES
    return Published(folder / "model", statement)


def attest(published: Published, first: SecretKey, *others: SecretKey) -> None:
    """A receipt in the published folder that these auditors signed."""
    body = body_of(hashlib.sha256(published.file("audit.zkp").read_bytes()).digest(), published.statement, SEEN)
    receipt = sign_receipt(body, first)
    for key in others:
        receipt = countersign(receipt, body, key, trusted=(first.public,), now=SEEN)
    save_receipt(published.file("receipt.json"), receipt)


def make_keys(folder: Path, *names: str) -> list[SecretKey]:
    """Fresh keys whose public files lie in `folder`."""
    keys = [generate_key(name) for name in names]
    for key in keys:
        save_public_key(folder / f"{key.public.name}.pub.json", key.public)
    return keys
