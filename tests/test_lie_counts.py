"""The count of lies: what counts, under which kind, and what a run prints."""

from __future__ import annotations

from collections import Counter

import pytest

from tests import lies
from tests.cases import random_case
from tests.forgery import refusal
from zkaudit.errors import Reason, Rejected
from zkaudit.prover import prove_columns


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    own: Counter[str] = Counter()
    monkeypatch.setattr(lies, "COUNTS", own)
    return own


def test_a_lie_counts_when_it_is_refused(counts: Counter[str]) -> None:
    with lies.about("paths"), lies.rejected(Reason.MERKLE_PATH, "no path"):
        raise Rejected(Reason.MERKLE_PATH, "no path")
    assert counts == {"paths": 1}
    case = random_case((3, 2), 2)
    with lies.about("bytes"):
        refusal(case.statement, b"no proof")
    assert counts == {"paths": 1, "bytes": 1}


def test_what_is_accepted_or_refused_for_another_reason_does_not_count(counts: Counter[str]) -> None:
    case = random_case((3, 2), 2)
    proof = prove_columns(case.statement, case.columns()).proof
    with pytest.raises(AssertionError, match="accepted"):
        refusal(case.statement, proof)
    with pytest.raises(AssertionError), lies.rejected(Reason.GRINDING):
        raise Rejected(Reason.MERKLE_PATH, "no path")
    with pytest.raises(ValueError, match="bug"), lies.rejected(Reason.GRINDING):
        raise ValueError("bug")
    assert not counts


def test_a_run_prints_the_total_and_a_line_for_each_kind(counts: Counter[str]) -> None:
    assert lies.summary(failed=False) == []
    counts.update({"second": 1200, "first": 34})
    assert lies.summary(failed=False) == [
        "lies tried: 1,234, all rejected",
        "  first       34",
        "  second   1,200",
    ]
    assert lies.summary(failed=True)[0] == "lies tried: 1,234, see the failures"
