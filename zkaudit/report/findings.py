"""What a verdict says, atom by atom."""

from __future__ import annotations

from zkaudit.report.audit import Finding
from zkaudit.report.text import count, percent
from zkaudit.verifier import Verdict


def findings_of(verdict: Verdict) -> tuple[Finding, ...]:
    """What an accepted proof says, atom by atom."""
    shown = f"{verdict.correct:,} of {count(verdict.samples, 'sample', 'samples')}"
    words = f"{'Exactly' if verdict.exact else 'At least'} {shown} classified correctly"
    finding = Finding(
        atom=verdict.claim,
        words=f"{words}: {percent(verdict.correct / verdict.samples)}.",
        at_least=verdict.correct,
        exactly=verdict.correct if verdict.exact else None,
        of=verdict.samples,
        lower_bound=verdict.lower_bound,
    )
    return (finding,)
