"""The public files that an audit consists of: read once, held together, verified in full."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from zkaudit import wire
from zkaudit.archive import MAX_ARRAY_BYTES
from zkaudit.challenge import CHALLENGE_LIMIT, Challenge, parse_challenge, require_answer, require_signature
from zkaudit.claim import parse_claim
from zkaudit.commitment.formats import COMMITMENT_LIMIT, parse_commitment
from zkaudit.dataset import parse_dataset, quantise_inputs
from zkaudit.proof import decode
from zkaudit.publishing import folder
from zkaudit.publishing.json_files import sha256
from zkaudit.publishing.record import FileDigest, Record, record_of
from zkaudit.publishing.statement import Stated
from zkaudit.receipt import RECEIPT_LIMIT, Receipt, body_of, parse_receipt, require_body, verify_signers
from zkaudit.signing.keys import PublicKey
from zkaudit.statement import Statement
from zkaudit.verifier import Policy, Verdict, stated_claim, verify


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """The public files that an audit consists of; none is trusted, and a secret one is refused."""

    proof: Path
    commitment: Path
    data: Path
    challenge: Path | None = None
    receipt: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The bytes of those files, read once, so that what is verified is what is published."""

    sources: Sources
    proof: bytes
    commitment: bytes
    data: bytes
    challenge: bytes | None
    receipt: bytes | None

    def parsed_challenge(self) -> Challenge | None:
        """The challenge, not authenticated."""
        if self.challenge is None:
            return None
        return parse_challenge(self.challenge, f"challenge {self.sources.challenge}")

    def parsed_receipt(self) -> Receipt | None:
        """The receipt, not authenticated."""
        return None if self.receipt is None else parse_receipt(self.receipt, f"receipt {self.sources.receipt}")

    def statement(self, claim: str | None, profile: str) -> Statement:
        """The statement of these files; without a claim, the one that the proof says it is for."""
        asked = stated_claim(parse_claim(claim if claim is not None else decode(self.proof).claim), self.proof)
        commitment = parse_commitment(self.commitment, f"commitment {self.sources.commitment}")
        raw = parse_dataset(self.data, f"data {self.sources.data}")
        dataset = quantise_inputs(commitment.architecture, raw)
        challenge = self.parsed_challenge()
        return Statement(
            commitment=commitment,
            dataset=dataset,
            claim=asked,
            profile=profile,
            challenge=None if challenge is None else challenge.digest(),
        )

    def verify(self, statement: Statement, policy: Policy | None, trusted: Iterable[PublicKey] = ()) -> Verdict:
        """The verdict on a proof, and that the challenge and the receipt beside it belong to it.

        1. The challenge is for this statement and signed by the key that it names.
        2. The proof is accepted.
        3. The receipt is over this proof and signed by the keys that it names.

        Whether any of these keys is trusted, and whether the challenge has expired, is for the caller to judge.
        `InvalidInput` for files that cannot be used, Rejected for a false one, PolicyNotMet as the verifier.
        """
        # 1.
        challenge = self.parsed_challenge()
        if challenge is not None:
            require_answer(challenge, statement)
            require_signature(challenge)
        # 2.
        receipt = self.parsed_receipt()
        verdict = verify(statement, self.proof, policy)
        # 3.
        if receipt is not None:
            require_body(receipt, body_of(hashlib.sha256(self.proof).digest(), statement, receipt.time))
            verify_signers(receipt, trusted)
        return verdict

    def record(
        self,
        statement: Statement,
        verdict: Verdict,
        *,
        stated: Stated,
        with_data: bool,
    ) -> Record:
        """The record of a verdict on these files, under the names of the folder."""
        return record_of(
            statement,
            verdict,
            name=stated.name,
            verified=stated.verified,
            release=stated.release,
            commitment_file=digest_of(folder.COMMITMENT, self.commitment),
            proof_file=digest_of(folder.PROOF, self.proof),
            data_file=digest_of(folder.DATA, self.data) if with_data else None,
            challenge_file=None if self.challenge is None else digest_of(folder.CHALLENGE, self.challenge),
            receipt_file=None if self.receipt is None else digest_of(folder.RECEIPT, self.receipt),
        )


def read_evidence(sources: Sources) -> Evidence:
    """The bytes of the files; `InvalidInput` for one that cannot be read, is too large, or holds a secret."""
    limits = {
        "proof": (sources.proof, Policy().maximum_proof_bytes),
        "commitment": (sources.commitment, COMMITMENT_LIMIT),
        "data": (sources.data, MAX_ARRAY_BYTES),
        "challenge": (sources.challenge, CHALLENGE_LIMIT),
        "receipt": (sources.receipt, RECEIPT_LIMIT),
    }
    found = {what: _read(path, limit, what) for what, (path, limit) in limits.items() if path is not None}
    return Evidence(
        sources=sources,
        proof=found["proof"],
        commitment=found["commitment"],
        data=found["data"],
        challenge=found.get("challenge"),
        receipt=found.get("receipt"),
    )


def _read(path: Path, limit: int, what: str) -> bytes:
    data = wire.read_bounded(path, limit, what)
    folder.require_no_secret(data, path)
    return data


def digest_of(name: str, data: bytes) -> FileDigest:
    """A file as descriptions name it."""
    return FileDigest(name=name, sha256=sha256(data), size=len(data))
