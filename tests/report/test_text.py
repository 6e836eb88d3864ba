"""How numbers and foreign words are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zkaudit.report.text import count, digest_groups, percent, power, shortened, size, visible


@pytest.mark.parametrize(
    ("share", "places", "text"),
    [(0.926754, 2, "92.67%"), (0.29, 2, "29.00%"), (0.999999, 2, "99.99%"), (1.0, 1, "100.0%"), (0.0, 2, "0.00%")],
)
def test_a_share_is_never_overstated(share: float, places: int, text: str) -> None:
    assert percent(share, places) == text


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_percent_is_the_floor(successes: int, of: int) -> None:
    successes = min(successes, of)
    assert percent(successes / of) == f"{successes * 10**4 // of / 100:.2f}%"


@given(st.text())
def test_visible_text_is_printable(text: str) -> None:
    assert visible(text).isprintable()


def test_words_for_numbers() -> None:
    assert (count(1, "sample", "samples"), count(1200, "sample", "samples")) == ("1 sample", "1,200 samples")
    assert [size(number) for number in (7, 1000, 2_500_000, 3 * 10**9)] == ["7 bytes", "1.0 kB", "2.5 MB", "3.0 GB"]
    assert power(128.97) == "2⁻¹²⁸"
    assert shortened("a == [[1,2],[3, 4]] and b[1] >= 1") == "a == [[…]] and b[1] >= 1"
    assert (shortened("abc", 3), shortened("abcd", 3)) == ("abc", "ab…")


def test_digest_groups_make_the_digest() -> None:
    digest = "0123456789abcdef" * 4
    assert "".join(digest_groups(digest)) == digest
    assert {len(group) for group in digest_groups(digest)} == {4}
