"""The statistics that a verdict is printed with: an exact lower bound on a probability."""

from __future__ import annotations

from fractions import Fraction
from math import exp, lgamma, log, log1p

_STEPS = 10**6
"""The lower bound is a multiple of 10^-6."""


def clopper_pearson_lower(successes: int, samples: int, confidence: Fraction = Fraction(95, 100)) -> float:
    """The exact one-sided lower bound on a success probability, rounded down to six decimals.

    The largest p with P[Binomial(samples, p) >= successes] <= 1 - confidence.
    It assumes independent samples from the population that the bound speaks of.
    Errors of the floats only ever lower it: a bound that is itself a multiple of 10^-6 (1 of 1) loses one step.
    ValueError for counts out of range or a confidence below one half.
    Source: Clopper and Pearson 1934.
    """
    if not 0 <= successes <= samples or samples < 1 or not Fraction(1, 2) <= confidence < 1:
        raise ValueError(f"no bound for {successes} of {samples} at {confidence}")
    doubt = float(1 - confidence)
    low, high = 0, _STEPS
    while high - low > 1:
        middle = (low + high) // 2
        # Where p >= successes / samples the median is at least `successes`, so the tail is at least one half.
        if middle * samples >= successes * _STEPS or _tail_at_most(middle / _STEPS, successes, samples) > doubt:
            high = middle
        else:
            low = middle
    return low / _STEPS


def _tail_at_most(p: float, successes: int, samples: int) -> float:
    """An upper bound, tight to about 10^-7, on P[Binomial(samples, p) >= successes] for p < successes / samples.

    From the first term on each is smaller than the last by a falling ratio, so a geometric series bounds the rest.
    """
    scale = lgamma(samples + 1)
    first = scale - lgamma(successes + 1) - lgamma(samples - successes + 1)
    first += successes * log(p) + (samples - successes) * log1p(-p)
    odds = p / (1 - p)
    term = total = 1.0
    index = successes
    while True:
        ratio = (samples - index) / (index + 1) * odds
        rest = term * ratio / (1 - ratio)
        if rest < total * 2.0**-52:
            break
        term *= ratio
        total += term
        index += 1
    # 2^-46 is 64 units in the last place: of the logarithms, and of the sum by its number of terms.
    slack = 2.0**-46 * (scale + samples - successes * log(p) + index - successes + 1)
    return exp(first + slack) * (total + rest)
