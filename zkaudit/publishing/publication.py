"""Publishing an audit: the proof is verified in full, then all files of the folder are made from what that showed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from zkaudit.documents import DOCUMENT_LIMIT
from zkaudit.errors import InvalidInput
from zkaudit.publishing import folder
from zkaudit.publishing.bill_of_materials import bill_of_materials
from zkaudit.publishing.envelope import Signer, sealed
from zkaudit.publishing.evidence import Evidence, Sources, digest_of, read_evidence
from zkaudit.publishing.json_files import json_bytes
from zkaudit.publishing.model_card import model_card_text
from zkaudit.publishing.record import Record, checked_name, installed_release
from zkaudit.publishing.statement import Stated, statement_bytes
from zkaudit.verifier import Policy, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A folder that was published: what it records, its files and sizes, who signed, and what else to look at."""

    folder: Path
    record: Record
    verdict: Verdict
    files: tuple[tuple[str, int], ...]
    signers: tuple[str, ...]
    exposed: tuple[str, ...]
    """Secret files that lie in the model's folder and would be published with it."""


def publish(
    sources: Sources,
    destination: Path,
    *,
    claim: str | None = None,
    name: str | None = None,
    withhold_data: bool = False,
    force: bool = False,
    signers: Sequence[Signer] = (),
    now: datetime | None = None,
    profile: str = "standard-128",
    policy: Policy | None = None,
) -> Publication:
    """The folder of an audit beside a model.

    1. Refuse a bad name or place, and secrets among the files, before any work.
    2. Verify the proof in full; write nothing unless it is accepted.
    3. Make every description from the verdict and from the very bytes that were verified.
    4. Put the folder in place, whole.

    `InvalidInput` for files that cannot be used or published, Rejected for a false proof, PolicyNotMet for one that
    the policy does not admit.
    """
    # 1.
    shown_name = checked_name(name if name is not None else destination.resolve().name)
    folder.guard_destination(destination, force=force)
    evidence = read_evidence(sources)
    # 2.
    statement = evidence.statement(claim, profile)
    verdict = evidence.verify(statement, policy)
    # 3.
    stated = Stated(name=shown_name, verified=now or datetime.now(UTC), release=installed_release())
    record = evidence.record(statement, verdict, stated=stated, with_data=not withhold_data)
    contents = _contents(evidence, record, signers)
    # 4.
    placed = folder.place(contents, destination, force=force)
    return Publication(
        folder=placed,
        record=record,
        verdict=verdict,
        files=tuple((file, len(data)) for file, data in contents.items()),
        signers=tuple(signer.key_id for signer in signers),
        exposed=folder.secrets_within(destination),
    )


def _contents(evidence: Evidence, record: Record, signers: Sequence[Signer]) -> dict[str, bytes]:
    """The files of the folder by name, in the order of a reader."""
    attestation = sealed(statement_bytes(record), signers).encode()
    described = {
        folder.COMMITMENT: evidence.commitment,
        folder.CHALLENGE: evidence.challenge,
        folder.PROOF: evidence.proof,
        folder.DATA: evidence.data if record.data_file else None,
        folder.RECEIPT: evidence.receipt,
        folder.ATTESTATION: attestation,
        folder.MODEL_CARD: model_card_text(record).encode(),
        folder.BILL_OF_MATERIALS: json_bytes(bill_of_materials(record, digest_of(folder.ATTESTATION, attestation))),
    }
    for name in (folder.ATTESTATION, folder.MODEL_CARD, folder.BILL_OF_MATERIALS):
        if len(described[name] or b"") > DOCUMENT_LIMIT:
            raise InvalidInput(
                f"{name} would have more than {DOCUMENT_LIMIT} bytes, which no reader accepts",
                where="claim",
                expected="a claim that reveals less",
            )
    return {name: data for name, data in described.items() if data is not None}
