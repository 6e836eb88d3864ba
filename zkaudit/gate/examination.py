"""One examination of a proof: the statement from the caller's files, the proof itself, then the caller's demands."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from zkaudit import wire
from zkaudit.claim import Claim, parse_claim
from zkaudit.commitment import load_commitment
from zkaudit.dataset import load_dataset, quantise_inputs
from zkaudit.errors import InvalidInput, PolicyNotMet, ZkauditError
from zkaudit.gate.checks import Check, CheckName, Ledger
from zkaudit.gate.demands import Demands
from zkaudit.gate.evidence import Evidence
from zkaudit.proof import Proof, decode
from zkaudit.statement import Statement
from zkaudit.verifier import Policy, Verdict, verify


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What an examination found; `error` is None exactly for a proof that passed every check it was put to.

    `verdict` is there once the proof was verified here, and does not say that the caller's demands are met.
    `digests` are in hex, by name: proof, commitment, data, architecture, challenge, as far as they are known.
    """

    evidence: Evidence
    checks: tuple[Check, ...]
    error: ZkauditError | None
    verdict: Verdict | None
    claim: str | None
    claim_source: str
    samples: int | None
    profile: str | None
    security_bits: float | None
    proof_bytes: int | None
    digests: Mapping[str, str]
    attested_by: tuple[str, ...]
    seconds: float

    def require(self) -> None:
        """Raises the error that the examination ended in, if any."""
        if self.error is not None:
            raise self.error


def examine(
    evidence: Evidence,
    demands: Demands | None = None,
    *,
    claim: Claim | None = None,
    full: bool = False,
    strict: bool = False,
    now: datetime | None = None,
) -> Examination:
    """The end of every check on one proof; errors of the files and the proof are in the result, not raised.

    1. Read the files, and settle what is claimed: the caller's text, the challenge's, or the proof's own if a
       least claim is demanded of it.
    2. Hold statement and challenge against each other.
    3. Verify the proof. With a receipt that the caller named, and not `full`, auditors' signatures stand for that.
    4. Hold the accepted proof against each demand of the caller; all that are not met are recorded.
    """
    examiner = _Examiner(evidence, demands or Demands(), claim, full, now or datetime.now(UTC))
    started = time.perf_counter()
    # The ledger has the error that ended the steps.
    with suppress(ZkauditError):
        examiner.run()
    return examiner.result(strict, time.perf_counter() - started)


class _Examiner:
    """The steps of one examination and what they leave for the next."""

    statement: Statement
    parts: Proof
    content: bytes

    def __init__(self, evidence: Evidence, demands: Demands, claim: Claim | None, full: bool, now: datetime) -> None:
        self.evidence, self.demands, self.asked, self.now = evidence, demands, claim, now
        self.attested = evidence.receipt_named and not full
        self.ledger = Ledger()
        self.digests: dict[str, str] = {}
        self.claim: Claim | None = None
        self.claim_source = ""
        self.samples: int | None = None
        self.profile: str | None = None
        self.proof_bytes: int | None = None
        self.verdict: Verdict | None = None
        self.bits: float | None = None
        self.signers: tuple[str, ...] = ()

    def run(self) -> None:
        """All steps; a `ZkauditError` other than `PolicyNotMet` ends them."""
        check = self.ledger.run
        # 1.
        check(CheckName.FILES, self._read)
        # 3.
        check(CheckName.PROOF, self._verify)
        # 4.
        check(CheckName.SECURITY_BITS, self._bits)
        self._demand(CheckName.COMMITMENT_DIGEST, self.demands.commitment, self._commitment)
        self._demand(CheckName.DATA_DIGEST, self.demands.data, self._data)
        self._demand(CheckName.MINIMUM_CLAIM, self.demands.claim, self._minimum_claim)
        # A commitment's digest covers its architecture.
        self._demand(CheckName.ARCHITECTURE, self.demands.architectures or self.demands.commitment, self._architecture)

    def _demand(self, name: CheckName, wanted: object, body: Callable[[], str]) -> None:
        if wanted is None:
            self.ledger.skip(name, "the caller names none")
        else:
            self.ledger.run(name, body)

    def _read(self) -> str:
        self.content = wire.read_bounded(self.evidence.proof, self.demands.maximum_proof_bytes, "proof")
        self.proof_bytes = len(self.content)
        self.digests["proof"] = hashlib.sha256(self.content).hexdigest()
        self.parts = decode(self.content)
        commitment = load_commitment(self.evidence.commitment)
        self.digests["commitment"] = commitment.digest().hex()
        self.digests["architecture"] = commitment.architecture.digest().hex()
        dataset = quantise_inputs(commitment.architecture, load_dataset(self.evidence.data))
        self.digests["data"] = dataset.digest().hex()
        self.samples = dataset.samples
        self.claim = self._choose_claim()
        # The proof may pick among the profiles that the caller accepts; a name beyond them is a mismatch.
        accepted = self.demands.profiles
        self.profile = self.parts.profile if self.parts.profile in accepted else accepted[0]
        self.statement = Statement(commitment=commitment, dataset=dataset, claim=self.claim, profile=self.profile)
        return "readable, well-formed, of one shape"

    def _choose_claim(self) -> Claim:
        if self.asked is not None:
            self.claim_source = "the caller"
            return self.asked
        if self.demands.claim is None:
            raise InvalidInput(
                "no claim to verify",
                where=str(self.evidence.subject),
                next_step="give --claim, a challenge, or a policy with a minimum claim",
            )
        # A stranger's text: it only becomes the statement, and has to imply what the caller demands.
        self.claim_source = "the proof"
        return parse_claim(self.parts.claim)

    def _verify(self) -> str:
        accepted = Policy(
            minimum_bits=0, profiles=self.demands.profiles, maximum_proof_bytes=self.demands.maximum_proof_bytes
        )
        self.verdict = verify(self.statement, self.content, accepted)
        self.bits = self.verdict.security_bits
        return f"verified here under {self.profile}"

    def _bits(self) -> str:
        bits, wanted = self.bits or 0.0, self.demands.minimum_bits
        if bits < wanted:
            raise PolicyNotMet(f"{bits:.1f} bits of soundness, {wanted:g} asked for")
        return f"{bits:.1f}, {wanted:g} asked for"

    def _commitment(self) -> str:
        return _expected("commitment", self.statement.commitment.digest(), (self.demands.commitment,))

    def _data(self) -> str:
        return _expected("held-out set", self.statement.dataset.digest(), (self.demands.data,))

    def _minimum_claim(self) -> str:
        proved, least = self.statement.claim, self.demands.claim
        if least is not None and not proved.implies(least):
            raise PolicyNotMet(f'the claim "{proved.text}" does not imply "{least.text}"')
        return f"implies {least.text if least else ''}"

    def _architecture(self) -> str:
        if self.demands.architectures is None:
            return "fixed by the expected commitment"
        return _expected("architecture", self.statement.commitment.architecture.digest(), self.demands.architectures)

    def result(self, strict: bool, seconds: float) -> Examination:
        """What is known at the end."""
        checks, error = self.ledger.close(strict=strict)
        return Examination(
            evidence=self.evidence,
            checks=checks,
            error=error,
            verdict=self.verdict,
            claim=None if self.claim is None else self.claim.text,
            claim_source=self.claim_source,
            samples=self.samples,
            profile=self.profile,
            security_bits=self.bits,
            proof_bytes=self.proof_bytes,
            digests=self.digests,
            attested_by=self.signers,
            seconds=seconds,
        )


def _expected(what: str, found: bytes, accepted: tuple[bytes | None, ...]) -> str:
    """The reason of a digest that is among those accepted; PolicyNotMet for another."""
    if found not in accepted:
        shown = ", ".join(digest.hex() for digest in accepted if digest)
        raise PolicyNotMet(f"the {what} is {found.hex()}, not {shown}")
    return "as expected"
