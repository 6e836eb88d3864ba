"""The lower bound on a probability, held against exact fractions."""

from fractions import Fraction
from math import comb, lgamma, log

import pytest

from zkaudit.confidence import _tail_at_most, clopper_pearson_lower


def exact_tail(p: Fraction, successes: int, samples: int) -> Fraction:
    """P[Binomial(samples, p) >= successes]."""
    return sum(
        (comb(samples, k) * p**k * (1 - p) ** (samples - k) for k in range(successes, samples + 1)), start=Fraction(0)
    )


@pytest.mark.parametrize(
    ("p", "successes", "samples"), [(0.5, 2, 2), (0.25, 1, 2), (0.125, 1, 3), (0.125, 5, 10), (0.5, 80, 90)]
)
def test_the_tail_exceeds_the_exact_one_by_its_slack_and_no_more(p: float, successes: int, samples: int) -> None:
    excess = Fraction(_tail_at_most(p, successes, samples)) / exact_tail(Fraction(p), successes, samples) - 1
    # 64 units in the last place for each unit that the logarithms add up to, and for each term of the sum.
    least = lgamma(samples + 1) + samples - successes * log(p) + 1
    assert least * 2.0**-46 * 0.97 < excess
    if successes == samples:
        assert excess < least * 2.0**-46 * 1.03
    else:
        assert excess < (least + samples) * 2.0**-46 * 1.5


@pytest.mark.parametrize(("successes", "samples"), [(1, 1), (1, 2), (3, 10), (9, 10), (40, 41), (0, 7)])
def test_the_bound_is_the_last_step_whose_tail_is_rare(successes: int, samples: int) -> None:
    steps = round(clopper_pearson_lower(successes, samples) * 10**6)
    doubt = Fraction(5, 100)
    assert exact_tail(Fraction(steps, 10**6), successes, samples) <= doubt or steps == 0
    # A bound that is itself a step may lose one.
    assert exact_tail(Fraction(steps + 2, 10**6), successes, samples) > doubt


def test_a_step_whose_tail_is_just_the_doubt_is_reached() -> None:
    for step, successes, samples in ((400_000, 6, 10), (123_456, 3, 7)):
        tail = Fraction(_tail_at_most(step / 10**6, successes, samples))
        assert clopper_pearson_lower(successes, samples, 1 - tail) == step / 10**6
