"""Counts the lies that the tests tell and the verifier refuses, by kind; the test run prints the totals.

A lie counts when it has been refused. One that is accepted, or that raises anything else, fails its test.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from zkaudit.errors import Reason, Rejected

OTHER = "other"
"""The kind of lies in tests that name none."""

COUNTS: Counter[str] = Counter()
_kinds: list[str] = [OTHER]


@contextmanager
def about(kind: str) -> Iterator[None]:
    """Within it, lies are of this kind."""
    _kinds.append(kind)
    try:
        yield
    finally:
        _kinds.pop()


def refused(count: int = 1) -> None:
    """So many lies were told and refused."""
    COUNTS[_kinds[-1]] += count


@contextmanager
def rejected(reason: Reason, where: str | None = None) -> Iterator[None]:
    """What runs within is rejected for this reason, at a place that matches; it counts as a lie."""
    with pytest.raises(Rejected, match=where) as caught:
        yield
    assert caught.value.reason is reason
    refused()


def summary(*, failed: bool) -> list[str]:
    """The lines at the end of a test run; none for a run without lies."""
    if not COUNTS:
        return []
    outcome = "see the failures" if failed else "all rejected"
    width = max(map(len, COUNTS))
    counts = sorted(COUNTS.items())
    return [f"lies tried: {sum(COUNTS.values()):,}, {outcome}", *(f"  {k:<{width}}  {n:>6,}" for k, n in counts)]
