"""The claim: the count of predictions that agree with the labels, exactly or from below."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zkaudit.builder import CircuitBuilder
from zkaudit.relation import Functional, Integers, Kind
from zkaudit_circuits.argmax import PREDICTION
from zkaudit_circuits.limbs import add_limbs, limb_witness

SLACK = "claim/slack"


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectCount:
    """sum_n P[y_n, n] = count, or >= count with the slack proved non-negative by limbs."""

    labels: NDArray[np.int64]
    classes: int
    count: int
    exact: bool

    @property
    def largest_slack(self) -> int:
        """All samples right."""
        return len(self.labels) - self.count

    def lower(self, builder: CircuitBuilder) -> None:
        """One functional; padding samples weigh nothing.

        The count lies in [0, N] because P is one-hot, and the capacity of the slack plus N is below p / 2,
        so a count below the threshold has no slack.
        """
        static: tuple[tuple[str, int, tuple[int, ...]], ...] = ()
        if not self.exact:
            slack = add_limbs(builder, SLACK, "claim", Kind.STATIC, 1, self.largest_slack)
            static = tuple((term.column, 0, (-term.coefficient,)) for term in slack.terms)
        functional = Functional(
            name="claim/correct count",
            gadget="claim",
            batched=((PREDICTION, self.labels),),
            static=static,
            constant=-self.count,
        )
        builder.add_functional(functional)

    def witness(self, correct: int) -> dict[str, Integers]:
        """The slack of a count of correct predictions; zero, which no relation admits, when the claim is false."""
        if self.exact:
            return {}
        return limb_witness(SLACK, self.largest_slack, np.array([max(correct - self.count, 0)], np.int64))
