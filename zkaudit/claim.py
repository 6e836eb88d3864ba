"""The claim language, its integer rule, and the statistics that a verdict is printed with.

Grammar: `accuracy >= D` or `accuracy >= A/B` with a value in [0, 1], `correct >= K`, `correct == K`.
A threshold is a rational from the first character on: floats err (`ceil(0.55 * 100)` is 56).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from math import exp, lgamma, log, log1p

from zkaudit.errors import InvalidInput

GRAMMAR = "'accuracy >= 0.95', 'accuracy >= 19/20', 'correct >= 342' or 'correct == 351'"
"""The forms of a claim, as error messages show them."""

MAX_DIGITS = 18
"""Performance knob: most digits of a number in a claim."""

_DIGITS = f"([0-9]{{1,{MAX_DIGITS}}})"
_CLAIM = re.compile(rf"(accuracy|correct) *(>=|==) *{_DIGITS}(?:\.{_DIGITS}|/{_DIGITS})?")

_STEPS = 10**6
"""The lower bound is a multiple of 10^-6."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A bound on the number of right predictions, or that number itself."""

    quantity: str
    """`accuracy`, a share of the samples, or `correct`, a number of them."""

    exact: bool
    """Whether the claim is an equality, which reveals the number."""

    threshold: Fraction
    """The share or the number."""

    def __post_init__(self) -> None:
        share = self.quantity == "accuracy" and not self.exact and 0 <= self.threshold <= 1
        number = self.quantity == "correct" and self.threshold >= 0 and self.threshold.denominator == 1
        if not share and not number:
            raise InvalidInput("not a claim", where="claim", expected=GRAMMAR)

    @property
    def text(self) -> str:
        """The one way to write the claim: the shortest decimal of at most 18 places, or a fraction in lowest terms."""
        return f"{self.quantity} {'==' if self.exact else '>='} {_shortest(self.threshold)}"

    @property
    def reveals_count(self) -> bool:
        """Whether a proof of the claim tells the number of right predictions."""
        return self.exact

    def implies(self, other: Claim) -> bool:
        """Whether the other claim holds for any predictions for which this one does, on any number of samples."""
        if self.quantity != other.quantity or (other.exact and not self.exact):
            return False
        return self.threshold == other.threshold if other.exact else self.threshold >= other.threshold

    def minimum_count(self, samples: int) -> int:
        """The least number of right predictions for which the claim holds; `InvalidInput` if it is beyond `samples`."""
        if samples < 1:
            raise InvalidInput("no samples", where="held-out set", expected="at least one sample")
        needed = self.threshold * samples if self.quantity == "accuracy" else self.threshold
        count = -(-needed.numerator // needed.denominator)
        if count > samples:
            raise InvalidInput(
                f"{count} right predictions of {samples} samples", where="claim", expected=f"a number up to {samples}"
            )
        return count

    def holds(self, count: int, samples: int) -> bool:
        """Whether `count` right predictions of `samples` satisfy the claim."""
        needed = self.minimum_count(samples)
        return count == needed if self.exact else count >= needed


def parse_claim(text: str) -> Claim:
    """The claim that a text states; `InvalidInput` with the grammar for any other text."""
    match = _CLAIM.fullmatch(text.strip(" "))
    if match is None:
        raise InvalidInput(f"not a claim: {text[:60]!r}", where="claim", expected=GRAMMAR)
    quantity, relation, whole, places, denominator = match.groups()
    if denominator is not None and int(denominator) == 0:
        raise InvalidInput(f"division by zero: {text[:60]!r}", where="claim", expected=GRAMMAR)
    if quantity == "correct" and (places or denominator):
        raise InvalidInput(f"not a number of samples: {text[:60]!r}", where="claim", expected=GRAMMAR)
    if quantity == "accuracy" and relation == "==":
        raise InvalidInput("an exact accuracy is stated as a count", where="claim", expected=GRAMMAR)
    threshold = Fraction(int(whole), int(denominator or 1))
    if places:
        threshold += Fraction(int(places), 10 ** len(places))
    if quantity == "accuracy" and threshold > 1:
        raise InvalidInput(f"an accuracy above 1: {text[:60]!r}", where="claim", expected=GRAMMAR)
    return Claim(quantity=quantity, exact=relation == "==", threshold=threshold)


def _shortest(value: Fraction) -> str:
    for places in range(MAX_DIGITS + 1):
        scaled = value * 10**places
        if scaled.denominator == 1:
            digits = str(scaled.numerator).rjust(places + 1, "0")
            return f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return f"{value.numerator}/{value.denominator}"


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
    if successes == 0:
        return 0.0
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
    return exp(min(first + slack, 0.0)) * (total + rest) if first + slack < 0 else 1.0
