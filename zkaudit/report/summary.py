"""The report in at most ten lines, for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from zkaudit.report.audit import Check, State
from zkaudit.report.text import count, digest_groups, visible
from zkaudit.verifier import Verdict

MOST_LINES = 10
"""A terminal shows it at a glance."""

LISTED_FINDINGS = 3
"""Findings that share the lines there are; the page has them all."""


def summary_lines(verdict: Verdict, checks: Sequence[Check], digests: Mapping[str, str]) -> tuple[str, ...]:
    """What an accepted proof shows, what was and was not checked, and the digests to compare, in at most ten lines.

    Every line is printable: names inside files come from strangers.
    """
    findings = verdict.findings
    words = [finding.words for finding in findings[:LISTED_FINDINGS]]
    if len(findings) > LISTED_FINDINGS:
        words.append(f"{len(findings) - LISTED_FINDINGS} more in the report")
    rows = [("claim", verdict.claim), ("shown", " ".join(words))]
    if verdict.lower_bound is not None:
        text = f"{verdict.lower_bound:.6f} in the population, one-sided 95%, if the samples are independent"
        rows.append(("lower bound", text))
    speed = f"{verdict.security_bits:.1f} bits of soundness, verified in {verdict.seconds:.2f} s"
    rows.append(("security", f"{speed}, {count(verdict.samples, 'sample', 'samples')}"))
    for state, name in ((State.PASSED, "checked"), (State.NOT_CHECKED, "unchecked")):
        named = [check.name.lower() for check in checks if check.state is state]
        if named:
            rows.append((name, "; ".join(named)))
    left = MOST_LINES - 1 - len(rows)
    rows += [(name, " ".join(digest_groups(value))) for name, value in list(digests.items())[:left]]
    width = max(len(name) for name, _ in rows)
    lines = ("VERIFIED: the committed model meets the claim on this held-out set",)
    return (*lines, *(visible(f"  {name:<{width}}  {value}") for name, value in rows))
