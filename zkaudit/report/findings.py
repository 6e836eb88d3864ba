"""What a verdict says, as a whole and atom by atom."""

from __future__ import annotations

from zkaudit.report.audit import Finding, Share
from zkaudit.report.text import count, percent
from zkaudit.verifier import Verdict


def accuracy_of(verdict: Verdict) -> Share | None:
    """The accuracy that the verdict guarantees, None where its claim bounds none."""
    if verdict.correct is None or verdict.lower_bound is None:
        return None
    return Share(
        subject="accuracy",
        successes=verdict.correct,
        of=verdict.samples,
        exact=verdict.exact,
        lower_bound=verdict.lower_bound,
    )


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
