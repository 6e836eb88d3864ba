"""One examination of a proof: the statement from the caller's files, the proof itself, then the caller's demands."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from zkaudit.claim import Claim
from zkaudit.errors import ZkauditError
from zkaudit.findings import Finding, findings_of
from zkaudit.gate.checks import Check
from zkaudit.gate.demands import Demands
from zkaudit.gate.evidence import Evidence
from zkaudit.gate.examiner import Examiner
from zkaudit.gate.signatures import TrustedKeys
from zkaudit.statement import Statement
from zkaudit.verifier import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What an examination found; `error` is None exactly for a proof that passed every check it was put to.

    `verdict` is there once the proof was verified here, and does not say that the caller's demands are met.
    `digests` are in hex, by name: proof, commitment, data, architecture, challenge, as far as they are known.
    `statement`, and the bytes of the proof as `content` and of the commitment file, are there once they were read.
    """

    evidence: Evidence
    checks: tuple[Check, ...]
    error: ZkauditError | None
    verdict: Verdict | None
    statement: Statement | None
    content: bytes
    commitment: bytes
    claim_source: str
    digests: Mapping[str, str]
    attested_by: tuple[str, ...]
    seconds: float

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the proof says, atom by atom, where it was verified here or its auditors are believed."""
        if self.verdict is not None:
            return self.verdict.findings
        if self.statement is None or not self.attested_by or self.error is not None:
            return ()
        return findings_of(self.statement.claim, self.statement.dataset)

    def require(self) -> None:
        """Raises the error that the examination ended in, if any."""
        if self.error is not None:
            raise self.error


def examine(
    evidence: Evidence,
    demands: Demands | None = None,
    *,
    claim: Claim | None = None,
    trusted: TrustedKeys | None = None,
    full: bool = False,
    strict: bool = False,
    now: datetime | None = None,
) -> Examination:
    """The end of every check on one proof; errors of the files and the proof are in the result, not raised.

    `claim` is the caller's; without one it is the challenge's, or the proof's own if a least claim is demanded of it.
    `trusted` shares keys that are read already between examinations.
    A receipt that the caller named stands for verifying the proof here, unless `full`.
    `strict` fails what was skipped.
    """
    demands = demands or Demands()
    trusted = trusted or TrustedKeys(demands.trusted_keys)
    examiner = Examiner(evidence, demands, claim, trusted, full, now or datetime.now(UTC))
    started = time.perf_counter()
    # The ledger has the error that ended the steps.
    with suppress(ZkauditError):
        examiner.run()
    checks, error = examiner.ledger.close(strict=strict)
    return Examination(
        evidence=evidence,
        checks=checks,
        error=error,
        verdict=examiner.verdict,
        statement=examiner.statement,
        content=examiner.content,
        commitment=examiner.commitment,
        claim_source=examiner.claim_source,
        digests=examiner.digests,
        attested_by=examiner.signatures.signers,
        seconds=time.perf_counter() - started,
    )
