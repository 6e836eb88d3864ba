"""The summary: ten printable lines that say what the page says."""

from __future__ import annotations

import pytest

from tests.report.audits import HOSTILE, make_audit, share_finding
from zkaudit.report.summary import summary_lines
from zkaudit.soundness import Account
from zkaudit.verifier import Verdict


def verdict(claim: str = "accuracy >= 0.95") -> Verdict:
    """An accepted proof."""
    return Verdict(
        claim=claim,
        samples=360,
        correct=342,
        exact=False,
        lower_bound=0.926754,
        findings=(share_finding(claim, 342, 360),),
        security_bits=128.07,
        seconds=0.5,
        account=Account(terms=()),
    )


def test_ten_lines_say_it_all() -> None:
    audit = make_audit()
    lines = summary_lines(verdict(), (*audit.checked, *audit.unchecked), audit.digests)
    assert len(lines) <= 10
    assert lines[0].startswith("VERIFIED")
    said = "\n".join(lines)
    for part in ("accuracy >= 0.95", "342 of 360", "0.926754", "128.1 bits", "proof; policy", "unknown to the owner"):
        assert part in said, part
    assert "0123 4567 89ab cdef" in said


@pytest.mark.parametrize("number", [0, 1, 30])
def test_never_more_lines_and_never_a_control(number: int) -> None:
    audit = make_audit(text=HOSTILE)
    digests = {f"{HOSTILE} {index}": HOSTILE for index in range(number)}
    lines = summary_lines(verdict(HOSTILE), (*audit.checked, *audit.unchecked) * 3, digests)
    assert len(lines) <= 10
    assert all(line.isprintable() for line in lines)
