"""Records of imagined verdicts, for descriptions of claims of every kind."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from zkaudit.publishing.record import CountFinding, FileDigest, Record


def finding(atom: str, **fields: Any) -> CountFinding:
    """A finding; without numbers where none are given."""
    known: dict[str, Any] = {"words": f"It is shown that {atom}.", "at_least": None, "exactly": None, "of": None}
    return CountFinding(atom=atom, **{**known, "lower_bound": None, **fields})


def record(*findings: CountFinding, **changes: Any) -> Record:
    """A record with the given findings, or a bound on the accuracy."""
    stated = findings or (finding("accuracy >= 0.95", at_least=342, of=360, lower_bound=0.926123),)
    made = Record(
        name="digits",
        claim=" and ".join(one.atom for one in stated),
        findings=stated,
        samples=360,
        profile="standard-128",
        security_bits=128.7,
        lower_bound=stated[0].lower_bound,
        commitment="c0" * 32,
        architecture="a0" * 32,
        data="d0" * 32,
        challenge=None,
        commitment_file=FileDigest(name="commitment.json", sha256="c1" * 32, size=5000),
        proof_file=FileDigest(name="audit.zkp", sha256="91" * 32, size=400_000),
        data_file=None,
        challenge_file=None,
        receipt_file=None,
        verified=datetime(2026, 3, 1, 9, 30, 15, tzinfo=UTC),
        release="0.1.0",
    )
    return replace(made, **changes)


MANY = record(
    finding("recall[3] >= 0.9", at_least=27, of=30, lower_bound=0.761),
    finding("demographic_parity_difference <= 1/3"),
    finding("correct == 351", at_least=351, exactly=351, of=360, lower_bound=0.000001),
    finding("confusion_matrix == [[5,1],[0,6]]", table=((5, 1), (0, 6))),
    challenge="e0" * 32,
    challenge_file=FileDigest(name="challenge.json", sha256="e1" * 32, size=1500),
    data_file=FileDigest(name="heldout.npz", sha256="d1" * 32, size=9000),
    receipt_file=FileDigest(name="receipt.json", sha256="f1" * 32, size=2000),
)
"""A conjunction with a bound from below, one from above, an exact number and a revealed table; every file."""
