"""A published folder held against its own proof: every description in it says what the verification shows."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from zkaudit import wire
from zkaudit.challenge import Challenge
from zkaudit.dataset import load_dataset, quantise_inputs
from zkaudit.documents import DOCUMENT_LIMIT
from zkaudit.errors import InvalidInput, Reason, Rejected
from zkaudit.publishing import folder
from zkaudit.publishing.bill_of_materials import check_bill_of_materials
from zkaudit.publishing.envelope import parse_envelope, verified_signers
from zkaudit.publishing.evidence import Evidence, Sources, digest_of, read_evidence
from zkaudit.publishing.model_card import check_model_card
from zkaudit.publishing.record import Record
from zkaudit.publishing.signers import checks_of
from zkaudit.publishing.statement import parse_stated, require_statement
from zkaudit.receipt import Receipt
from zkaudit.signing.keys import PublicKey
from zkaudit.statement import Statement
from zkaudit.verifier import Policy, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedFolder:
    """A folder whose proof is accepted and whose descriptions agree with it.

    `signers` are those of the caller's keys that signed the attestation; `unchecked` are files that no check covers.
    `challenge` and `receipt` belong to the proof and their signatures hold, under keys that nobody has judged yet.
    """

    statement: Statement
    verdict: Verdict
    record: Record
    challenge: Challenge | None
    receipt: Receipt | None
    signers: tuple[PublicKey, ...]
    unchecked: tuple[str, ...]


def sources_of(published: Path, data: Path | None = None) -> Sources:
    """The files of a published folder; the held-out set from elsewhere only where it was withheld.

    `InvalidInput` for a path that is no such folder, or a held-out set that is neither there nor given.
    """
    if not (published / folder.PROOF).is_file():
        raise InvalidInput("not a published folder", where=os.fspath(published), expected=f"a file {folder.PROOF}")
    held = published / folder.DATA
    if data is None and not held.is_file():
        step = "give the set that the auditor sent you with --data"
        raise InvalidInput("the held-out set is not published", where=os.fspath(published), next_step=step)
    challenge, receipt = published / folder.CHALLENGE, published / folder.RECEIPT
    return Sources(
        proof=published / folder.PROOF,
        commitment=published / folder.COMMITMENT,
        data=held if held.is_file() or data is None else data,
        challenge=challenge if challenge.exists() else None,
        receipt=receipt if receipt.exists() else None,
    )


def verify_folder(
    published: Path,
    *,
    claim: str | None = None,
    data: Path | None = None,
    trusted: Iterable[PublicKey] = (),
    profile: str = "standard-128",
    policy: Policy | None = None,
) -> VerifiedFolder:
    """The verdict on a published folder.

    1. Verify the proof from the folder's public files, under the given claim or the one that the proof is for,
       and that challenge and receipt belong to it. Where the caller has the held-out set too, it is the same.
    2. Hold the attestation against the verdict, field by field, and check the signatures of the caller's keys.
    3. Hold the model card and the bill of materials against it.

    Whether the keys behind challenge and receipt are trusted, and enough, is for the caller to judge.
    `InvalidInput` for files that cannot be used, Rejected for a false proof or description, PolicyNotMet as `verify`.
    """
    # 1.
    sources = sources_of(published, data)
    evidence = read_evidence(sources)
    statement = evidence.statement(claim, profile)
    known = {key.fingerprint(): key for key in trusted}
    verdict = evidence.verify(statement, policy, known.values())
    if data is not None and data != sources.data:
        _require_same_data(data, statement)
    # 2. and 3.
    record, signers = require_descriptions(published, evidence, statement, verdict, known.values())
    unchecked = tuple(sorted(entry.name for entry in os.scandir(published) if entry.name not in folder.NAMES))
    return VerifiedFolder(
        statement=statement,
        verdict=verdict,
        record=record,
        challenge=evidence.parsed_challenge(),
        receipt=evidence.parsed_receipt(),
        signers=signers,
        unchecked=unchecked,
    )


def require_descriptions(
    published: Path, evidence: Evidence, statement: Statement, verdict: Verdict, trusted: Iterable[PublicKey] = ()
) -> tuple[Record, tuple[PublicKey, ...]]:
    """Attestation, model card and bill of materials say what a verdict on the same folder shows.

    The record of it, and those of the trusted keys that signed the attestation.
    `InvalidInput` for a file that is missing or malformed, Rejected for one that says something else.
    """
    known = {key.fingerprint(): key for key in trusted}
    content = _read(published, folder.ATTESTATION)
    envelope = parse_envelope(content, folder.ATTESTATION)
    record = evidence.record(
        statement,
        verdict,
        stated=parse_stated(envelope.payload, folder.ATTESTATION),
        with_data=(published / folder.DATA).exists(),
    )
    require_statement(envelope.payload, record, folder.ATTESTATION)
    signers = verified_signers(envelope, checks_of(known.values()))
    check_model_card(_read(published, folder.MODEL_CARD), record, folder.MODEL_CARD)
    bill = _read(published, folder.BILL_OF_MATERIALS)
    check_bill_of_materials(bill, record, digest_of(folder.ATTESTATION, content), folder.BILL_OF_MATERIALS)
    return record, tuple(known[name] for name in signers)


def _require_same_data(data: Path, statement: Statement) -> None:
    """Rejected where the caller's own held-out set has other values than the published one."""
    own = quantise_inputs(statement.commitment.architecture, load_dataset(data)).digest().hex()
    shown = statement.dataset.digest().hex()
    if own != shown:
        raise Rejected(Reason.WRONG_DATA, "another held-out set is published", expected=own, actual=shown)


def _read(published: Path, name: str) -> bytes:
    return wire.read_bounded(published / name, DOCUMENT_LIMIT, "published")
