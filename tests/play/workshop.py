"""What a fraud works with: the published folder of a copied stage, everybody's keys, and descriptions made to fit.

A real fraudster has some of the keys only: each fraud takes the ones that its story gives him.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from tests.play.stage import Stage, passphrase
from zkaudit import wire
from zkaudit.challenge import Challenge, load_challenge, make_challenge
from zkaudit.claim import parse_claim
from zkaudit.commitment import load_commitment, load_opening
from zkaudit.dataset import dataset_bytes, load_dataset, quantise_inputs
from zkaudit.model.model import load_model
from zkaudit.proof import MAGIC, VERSION
from zkaudit.prover import prove
from zkaudit.publishing import folder as names
from zkaudit.publishing.bill_of_materials import bill_of_materials
from zkaudit.publishing.envelope import sealed
from zkaudit.publishing.evidence import digest_of, read_evidence
from zkaudit.publishing.json_files import json_bytes
from zkaudit.publishing.model_card import model_card_text
from zkaudit.publishing.signers import KeySigner
from zkaudit.publishing.statement import Stated, statement_bytes
from zkaudit.publishing.verification import sources_of
from zkaudit.receipt import Body, Receipt, body_of, load_receipt, save_receipt
from zkaudit.signing import Domain, PublicKey, SecretKey, generate_key, load_secret_key, suite
from zkaudit.statement import Statement
from zkaudit.verifier import Policy, verify

STRANGER = "Mallory"

ACCEPT_ALL = Policy(minimum_bits=0)


@lru_cache
def key_of(file: Path, actor: str) -> SecretKey:
    """An actor's secret key, unlocked once: the passphrase costs a second."""
    return load_secret_key(file, passphrase(actor).encode())


def in_order(*keys: PublicKey) -> tuple[PublicKey, ...]:
    """The keys as a receipt lists them."""
    return tuple(sorted(keys, key=lambda one: one.key))


@dataclass(frozen=True)
class Workshop:
    """A copied stage, and the keys of the one that it was copied from."""

    stage: Stage
    origin: Stage

    def file(self, name: str) -> Path:
        """A file of the published folder."""
        return self.stage.published / name

    def key(self, actor: str) -> SecretKey:
        """An actor's key, or a fresh one of a stranger."""
        if actor == STRANGER:
            return generate_key(STRANGER)
        return key_of(self.origin.of(actor, f"{actor}.zkk"), actor)

    @property
    def challenge(self) -> Challenge:
        """The challenge in the published folder."""
        return load_challenge(self.file(names.CHALLENGE))

    @property
    def receipt(self) -> Receipt:
        """The receipt in the published folder."""
        return load_receipt(self.file(names.RECEIPT))

    def put(self, receipt: Receipt) -> None:
        """Lays another receipt into the folder, and describes it."""
        save_receipt(self.file(names.RECEIPT), receipt)
        self.describe()

    def statement(self, claim: str | None = None, challenge: bytes | None = None) -> Statement:
        """The statement of the folder's files; the challenge is the folder's where none is given."""
        commitment = load_commitment(self.file(names.COMMITMENT))
        data = quantise_inputs(commitment.architecture, load_dataset(self.file(names.DATA)))
        answered = self.challenge.digest() if challenge is None else challenge
        asked = parse_claim(claim or self.challenge.claim)
        return Statement(commitment=commitment, dataset=data, claim=asked, challenge=answered or None)

    def prove(self, statement: Statement, opening: str = "opening.zko") -> None:
        """Lays the owner's proof of a statement into the folder."""
        model = load_model(self.stage.of("owner", "model.zkm"))
        made = prove(statement, model, load_opening(self.stage.of("owner", opening)))
        self.file(names.PROOF).write_bytes(made.proof)

    def challenged(
        self,
        by: str = "ada",
        *,
        claim: str | None = None,
        age: timedelta = timedelta(),
        lifetime: timedelta | None = timedelta(days=30),
    ) -> Challenge:
        """Lays a challenge into the folder that somebody wrote some time ago."""
        issued = datetime.now(UTC).replace(microsecond=0) - age
        statement = self.statement(claim)
        made = make_challenge(statement, self.key(by), issued=issued, lifetime=lifetime)
        self.file(names.CHALLENGE).write_bytes(made.text())
        return made

    def confirmed(self, statement: Statement, *signers: str, age: timedelta = timedelta()) -> Receipt:
        """The receipt that somebody signed for the folder's proof some time ago."""
        body = self.body(statement, age)
        keys = [self.key(name) for name in signers]
        signature = suite.aggregate([key.sign(Domain.RECEIPT, body.digest()) for key in keys])
        return Receipt(body=body, signers=in_order(*(key.public for key in keys)), signature=signature)

    def body(self, statement: Statement, age: timedelta = timedelta()) -> Body:
        """What the signers of a receipt for the folder's proof sign."""
        time = datetime.now(UTC).replace(microsecond=0) - age
        return body_of(hashlib.sha256(self.file(names.PROOF).read_bytes()).digest(), statement, time)

    def audited(self, *, by: str = "ada", signers: tuple[str, ...] = ("ada", "ben"), **asked: Any) -> None:
        """A whole audit of the committed model: challenge, answer, receipt and descriptions."""
        self.challenged(by, **asked)
        statement = self.statement()
        self.prove(statement)
        self.put(self.confirmed(statement, *signers, age=asked.get("age", timedelta())))

    def relabel(self, count: int = 3) -> None:
        """Lays a held-out set with other labels into the folder."""
        raw = load_dataset(self.file(names.DATA))
        labels = raw.labels.copy()
        labels[:count] = (labels[:count] + 1) % 10
        self.file(names.DATA).write_bytes(dataset_bytes(raw.inputs, labels))

    def reseal(self, **changes: Any) -> None:
        """Other fields in the proof file, whose digest is made to fit."""
        path = self.file(names.PROOF)
        _, body = wire.unseal(MAGIC, {VERSION}, path.read_bytes(), "proof")
        for name, value in changes.items():
            body[name] = body[name] | value if isinstance(value, dict) else value
        path.write_bytes(wire.seal(MAGIC, VERSION, body))

    def describe(self) -> None:
        """Writes the descriptions again, true to a proof that is valid, and signs them with the owner's key."""
        evidence = read_evidence(sources_of(self.stage.published))
        statement = evidence.statement(None, "standard-128")
        verdict = verify(statement, evidence.proof, ACCEPT_ALL)
        stated = Stated(name="acme/digits", verified=datetime.now(UTC), release="0.1.0")
        record = evidence.record(statement, verdict, stated=stated, with_data=True)
        attestation = sealed(statement_bytes(record), [KeySigner(key=self.key("owner"))]).encode()
        self.file(names.ATTESTATION).write_bytes(attestation)
        self.file(names.MODEL_CARD).write_text(model_card_text(record))
        bill = bill_of_materials(record, digest_of(names.ATTESTATION, attestation))
        self.file(names.BILL_OF_MATERIALS).write_bytes(json_bytes(bill))
