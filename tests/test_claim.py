"""The claim language, its integer rule and the Clopper-Pearson bound."""

from __future__ import annotations

import time
from fractions import Fraction
from math import comb, floor

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from zkaudit.claim import Claim, clopper_pearson_lower, parse_claim
from zkaudit.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "canonical", "count"),
    [
        ("accuracy >= 0.95", "accuracy >= 0.95", 342),
        ("accuracy>=0.950", "accuracy >= 0.95", 342),
        ("  accuracy  >=  19/20 ", "accuracy >= 0.95", 342),
        ("accuracy >= 2/3", "accuracy >= 2/3", 240),
        ("accuracy >= 4/6", "accuracy >= 2/3", 240),
        ("accuracy >= 0.001", "accuracy >= 0.001", 1),
        ("accuracy >= 1", "accuracy >= 1", 360),
        ("accuracy >= 0", "accuracy >= 0", 0),
        ("accuracy >= 1.000", "accuracy >= 1", 360),
        ("correct >= 342", "correct >= 342", 342),
        ("correct >= 0342", "correct >= 342", 342),
        ("correct == 351", "correct == 351", 351),
        ("correct == 0", "correct == 0", 0),
    ],
)
def test_claims_and_their_one_text(text: str, canonical: str, count: int) -> None:
    claim = parse_claim(text)
    assert claim.text == canonical
    assert parse_claim(canonical) == claim
    assert claim.minimum_count(360) == count
    assert claim.reveals_count == ("==" in text)


@pytest.mark.parametrize(
    "text",
    [
        "", "accuracy", "accuracy > 0.95", "accuracy == 0.95", "accuracy <= 0.5", "accuracy >= 95%", "accuracy >= .95",
        "accuracy >= 1.01", "accuracy >= 3/2", "accuracy >= 1/0", "accuracy >= -0.5", "accuracy >= 1e-1",
        "accuracy >= 0.5/2", "accuracy >= nan", "correct > 3", "correct >= 3.0", "correct >= 6/2", "correct == -1",
        "recall >= 0.5", "Accuracy >= 0.5", "accuracy >= 0.5 and correct >= 3", "accuracy >= ٠.٥", "accuracy >= 0.5\n",
        "accuracy >= 0." + "9" * 19, "correct >= " + "9" * 5000,
    ],
)  # fmt: skip
def test_other_texts_are_refused_with_the_grammar(text: str) -> None:
    with pytest.raises(InvalidInput, match="correct == 351") as caught:
        parse_claim(text)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=40) | st.from_regex(r"(accuracy|correct) (>=|==) [0-9./]{1,12}", fullmatch=True))
def test_any_text_is_a_claim_or_refused(text: str) -> None:
    try:
        claim = parse_claim(text)
    except InvalidInput:
        return
    assert parse_claim(claim.text) == claim


@given(st.fractions(0, 1, max_denominator=10**9), st.integers(1, 10**6))
@example(Fraction(55, 100), 100)
def test_the_threshold_is_an_exact_integer_rule(share: Fraction, samples: int) -> None:
    claim = parse_claim(f"accuracy >= {share.numerator}/{share.denominator}")
    count = claim.minimum_count(samples)
    assert Fraction(count, samples) >= share
    assert count == 0 or Fraction(count - 1, samples) < share
    assert parse_claim(claim.text) == claim
    assert claim.holds(count, samples)
    assert count == 0 or not claim.holds(count - 1, samples)


def test_an_exact_claim_holds_for_one_count() -> None:
    claim = parse_claim("correct == 351")
    assert [count for count in range(361) if claim.holds(count, 360)] == [351]


def test_claims_beyond_the_set_are_refused() -> None:
    for text in ("correct >= 361", "correct == 361"):
        with pytest.raises(InvalidInput, match="up to 360"):
            parse_claim(text).minimum_count(360)
    for samples in (0, -1):
        with pytest.raises(InvalidInput, match="no samples"):
            parse_claim("accuracy >= 0.5").minimum_count(samples)


def test_a_claim_is_checked_at_construction() -> None:
    for quantity, exact, threshold in (
        ("recall", False, Fraction(1, 2)), ("accuracy", True, Fraction(1, 2)), ("accuracy", False, Fraction(3, 2)),
        ("accuracy", False, Fraction(-1, 2)), ("correct", True, Fraction(1, 2)), ("correct", False, Fraction(-1)),
    ):  # fmt: skip
        with pytest.raises(InvalidInput):
            Claim(quantity=quantity, exact=exact, threshold=threshold)


def exact_bound(successes: int, samples: int, doubt: Fraction) -> float:
    """The bound in rational arithmetic."""
    low, high = 0, 10**6
    while high - low > 1:
        middle = (low + high) // 2
        tail = sum(
            comb(samples, i) * middle**i * (10**6 - middle) ** (samples - i) for i in range(successes, samples + 1)
        )
        low, high = (middle, high) if tail <= doubt * 10 ** (6 * samples) else (low, middle)
    return low / 10**6


@given(st.integers(2, 40), st.data())
def test_the_lower_bound_is_exact_for_small_sets(samples: int, draw: st.DataObject) -> None:
    successes = draw.draw(st.integers(1, samples))
    assert clopper_pearson_lower(successes, samples) == exact_bound(successes, samples, Fraction(5, 100))


@given(st.integers(1, 1 << 20), st.fractions(0, 1))
@example(360, Fraction(351, 360))
@example(1 << 20, Fraction(1))
@example(1 << 20, Fraction(1, 2))
@example(1 << 20, Fraction(1, 1 << 20))
def test_the_lower_bound_against_scipy(samples: int, share: Fraction) -> None:
    successes = max(1, floor(share * samples))
    reference = float(stats.beta.ppf(0.05, successes, samples - successes + 1))
    bound = clopper_pearson_lower(successes, samples)
    assert reference - 1.001e-6 <= bound <= reference + 1e-12


def test_the_lower_bound_of_other_confidences() -> None:
    for confidence in (Fraction(1, 2), Fraction(9, 10), Fraction(999, 1000)):
        reference = float(stats.beta.ppf(float(1 - confidence), 338, 23))
        assert clopper_pearson_lower(338, 360, confidence) == pytest.approx(reference, abs=1.001e-6)
    for bad in (Fraction(1, 3), Fraction(1)):
        with pytest.raises(ValueError, match="no bound"):
            clopper_pearson_lower(1, 2, bad)


def test_edges_of_the_lower_bound() -> None:
    assert clopper_pearson_lower(0, 5) == 0.0
    assert clopper_pearson_lower(1, 1) in (0.05, 0.049999)
    assert clopper_pearson_lower(360, 360) == floor(0.05 ** (1 / 360) * 10**6) / 10**6
    for successes, samples in ((-1, 5), (6, 5), (0, 0)):
        with pytest.raises(ValueError, match="no bound"):
            clopper_pearson_lower(successes, samples)


@pytest.mark.parametrize("successes", [1, 1000, 1 << 19, (1 << 20) - 1000, 1 << 20])
def test_the_lower_bound_is_quick(successes: int) -> None:
    begin = time.perf_counter()
    clopper_pearson_lower(successes, 1 << 20)
    assert time.perf_counter() - begin < 0.2
