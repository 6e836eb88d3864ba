"""The steps of an examination, in an order in which nothing is believed before it is checked."""

from __future__ import annotations

import hashlib
from datetime import datetime

from zkaudit import wire
from zkaudit.claim import Claim, parse_claim
from zkaudit.commitment.formats import COMMITMENT_LIMIT, parse_commitment
from zkaudit.dataset import load_dataset, quantise_inputs
from zkaudit.errors import InvalidInput, PolicyNotMet
from zkaudit.gate.checks import Absent, CheckName, Ledger, Skipped
from zkaudit.gate.demands import Demands
from zkaudit.gate.descriptions import check_descriptions, described
from zkaudit.gate.evidence import Evidence
from zkaudit.gate.signatures import Signatures, TrustedKeys
from zkaudit.proof import Proof, decode
from zkaudit.statement import Statement
from zkaudit.verifier import Policy, Verdict, require_bindings, stated_claim, verify


class Examiner:
    """One examination under way: what the steps have found, and the ledger of their checks."""

    _parts: Proof

    def __init__(
        self,
        evidence: Evidence,
        demands: Demands,
        claim: Claim | None,
        trusted: TrustedKeys,
        full: bool,
        now: datetime,
    ) -> None:
        self._evidence, self._demands, self._asked = evidence, demands, claim
        self._attested = evidence.receipt_named and not full
        self.signatures = Signatures(evidence, demands, trusted, now)
        self.ledger = Ledger()
        self.digests: dict[str, str] = {}
        self.statement: Statement | None = None
        self.content = self.commitment = b""
        self.claim_source = ""
        self.verdict: Verdict | None = None

    def run(self) -> None:
        """All steps; a `ZkauditError` other than `PolicyNotMet` ends them.

        1. Read the files, settle what is claimed, and build the statement.
        2. Hold the proof's bindings and the challenge against the statement.
        3. Verify the proof, unless the signatures of a receipt that the caller named are to stand for that; hold
           the descriptions beside it against the verdict.
        4. Check the signatures.
        5. Hold what is proved against each demand of the caller; all that are not met are recorded.
        """
        check = self.ledger.run
        # 1.
        check(CheckName.FILES, self._read)
        statement = self.statement
        if statement is None:
            raise RuntimeError("the files were read and made no statement")
        # 2.
        check(CheckName.STATEMENT, lambda: self._bindings(statement))
        check(CheckName.CHALLENGE, lambda: self.signatures.answer(statement))
        # 3.
        check(CheckName.PROOF, lambda: self._verify(statement))
        check(CheckName.DESCRIPTIONS, lambda: self._descriptions(statement))
        # 4.
        check(CheckName.CHALLENGE_SIGNATURE, self.signatures.challenge_signature)
        digest = hashlib.sha256(self.content).digest()
        check(CheckName.RECEIPT, lambda: self.signatures.countersignatures(statement, digest))
        check(CheckName.AGE, self.signatures.age)
        # 5.
        check(CheckName.SECURITY_BITS, lambda: self._bits(statement))
        check(CheckName.COMMITMENT_DIGEST, lambda: self._commitment(statement))
        check(CheckName.DATA_DIGEST, lambda: self._data(statement))
        check(CheckName.MINIMUM_CLAIM, lambda: self._minimum_claim(statement))
        check(CheckName.ARCHITECTURE, lambda: self._architecture(statement))

    def _read(self) -> str:
        self.content = wire.read_bounded(self._evidence.proof, self._demands.maximum_proof_bytes, "proof")
        self.digests["proof"] = hashlib.sha256(self.content).hexdigest()
        self._parts = decode(self.content)
        self.signatures.read()
        where = f"commitment {self._evidence.commitment}"
        self.commitment = wire.read_bounded(self._evidence.commitment, COMMITMENT_LIMIT, "commitment")
        commitment = parse_commitment(self.commitment, where)
        self.digests["commitment"] = commitment.digest().hex()
        self.digests["architecture"] = commitment.architecture.digest().hex()
        dataset = quantise_inputs(commitment.architecture, load_dataset(self._evidence.data))
        self.digests["data"] = dataset.digest().hex()
        challenge = self.signatures.challenge
        if challenge is not None:
            self.digests["challenge"] = challenge.digest().hex()
        # The proof may pick among the profiles that the caller accepts; a name beyond them is a mismatch.
        accepted = self._demands.profiles
        self.statement = Statement(
            commitment=commitment,
            dataset=dataset,
            claim=self._claim(),
            profile=self._parts.profile if self._parts.profile in accepted else accepted[0],
            challenge=None if challenge is None else challenge.digest(),
        )
        return "readable, well-formed, of one shape"

    def _claim(self) -> Claim:
        if self._asked is not None:
            self.claim_source = "the caller"
            # What the caller leaves open, the proof states.
            return stated_claim(self._asked, self.content)
        text = self.signatures.claim
        if text is not None:
            self.claim_source = "the challenge"
            return stated_claim(parse_claim(text), self.content)
        if self._demands.claim is None:
            raise InvalidInput(
                "no claim to verify",
                where=str(self._evidence.subject),
                next_step="give a claim, a challenge by name, or a policy with the least claim",
            )
        # A stranger's text: it only becomes the statement, and has to imply what the caller demands.
        self.claim_source = "the proof"
        return parse_claim(self._parts.claim)

    def _bindings(self, statement: Statement) -> str:
        require_bindings(statement, self._parts)
        return f"claim from {self.claim_source}, profile {statement.profile}"

    def _verify(self, statement: Statement) -> str:
        if self._attested:
            raise Skipped("a receipt stands for it")
        limit = self._demands.maximum_proof_bytes
        # Soundness and architecture are checks of their own, so that a valid proof is known as one.
        accepted = Policy(minimum_bits=0, profiles=self._demands.profiles, maximum_proof_bytes=limit)
        self.verdict = verify(statement, self.content, accepted)
        return "verified here"

    def _descriptions(self, statement: Statement) -> str:
        folder = self._evidence.folder
        if folder is None or not described(folder):
            raise Absent("there is none beside the proof")
        if self.verdict is None:
            raise Skipped("nothing was verified here to hold them against")
        trusted = self.signatures.trusted_keys()
        signers = check_descriptions(folder, self._evidence.data, statement, self.verdict, trusted)
        return f"as verified; attestation signed by {', '.join(signers) or 'nobody who is trusted'}"

    def _bits(self, statement: Statement) -> str:
        bits, wanted = statement.account.total_bits, self._demands.minimum_bits
        if bits < wanted:
            raise PolicyNotMet(f"{bits:.1f} bits of soundness, {wanted:g} asked for")
        return f"{bits:.1f}, {wanted:g} asked for"

    def _commitment(self, statement: Statement) -> str:
        wanted = self._demands.commitment
        return _expected(statement.commitment.digest(), None if wanted is None else (wanted,))

    def _data(self, statement: Statement) -> str:
        wanted = self._demands.data
        return _expected(statement.dataset.digest(), None if wanted is None else (wanted,))

    def _minimum_claim(self, statement: Statement) -> str:
        proved, least = statement.claim, self._demands.claim
        if least is None:
            raise Skipped(NOT_ASKED)
        if not proved.implies(least):
            raise PolicyNotMet(f'"{proved.text}" does not imply "{least.text}"')
        return f"implies {least.text}"

    def _architecture(self, statement: Statement) -> str:
        wanted = self._demands.architectures
        if wanted is None and self._demands.commitment is not None:
            # The digest of a commitment covers its architecture.
            return "that of the expected commitment"
        return _expected(statement.commitment.architecture.digest(), wanted)


NOT_ASKED = "the caller names none"
"""Reason of a check for which the caller gave nothing to compare with."""


def _expected(found: bytes, accepted: tuple[bytes, ...] | None) -> str:
    """The reason of a digest that is among those accepted; PolicyNotMet for another, Skipped if none are named."""
    if accepted is None:
        raise Skipped(NOT_ASKED)
    if found not in accepted:
        raise PolicyNotMet(f"expected {' or '.join(digest.hex() for digest in accepted)}, found {found.hex()}")
    return "as expected"
