"""What a verdict says of the accuracy as a whole."""

from __future__ import annotations

from zkaudit.report.audit import Share
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
