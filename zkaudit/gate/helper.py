"""The gate as one call, for a test in an owner's own suite."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from zkaudit.claim import parse_claim
from zkaudit.gate.demands import Demands, load_demands
from zkaudit.gate.evidence import find_evidence
from zkaudit.gate.examination import examine
from zkaudit.verifier import Verdict


def verify_claim(
    proof: str | Path,
    *,
    commitment: str | Path | None = None,
    data: str | Path | None = None,
    claim: str | None = None,
    challenge: str | Path | None = None,
    receipt: str | Path | None = None,
    policy: str | Path | Demands | None = None,
    trusted_keys: Sequence[str | Path] = (),
    strict: bool = False,
) -> Verdict:
    """The verdict on a proof that was verified here and meets every demand; raises otherwise.

    `proof` is a proof file or a published folder, and what is not given is found in the folder.
    `policy` is a policy file or `Demands`, `trusted_keys` take the place of its keys.
    Rejected for a false proof, PolicyNotMet for a valid one that is not admitted, InvalidInput for unusable files.
    """
    demands = policy if isinstance(policy, Demands) else Demands() if policy is None else load_demands(policy)
    demands = demands.overridden(trusted_keys=trusted_keys)
    evidence = find_evidence(proof, commitment=commitment, data=data, challenge=challenge, receipt=receipt)
    asked = None if claim is None else parse_claim(claim)
    # A receipt adds its signatures here, and stands for nothing.
    examination = examine(evidence, demands, claim=asked, full=True, strict=strict)
    examination.require()
    if examination.verdict is None:
        raise RuntimeError("an examination without an error has no verdict")
    return examination.verdict
