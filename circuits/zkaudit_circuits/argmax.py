"""The prediction: argmax of the logits, ties to the lowest index, as a one-hot matrix.

With one-hot P, differences D >= 0 and a free row `maximum`:
sum_c P[c] = 1, P^2 = P, P D = 0, D[c] + z[c] + sum_{c' > c} P[c'] = maximum.
At the class with P = 1 the last two give maximum = z, so every D[c] is the difference of two logits,
less one for the classes before it, and D >= 0 says that no class is larger and none before it is equal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zkaudit.builder import CircuitBuilder
from zkaudit.relation import (
    Combination,
    Integers,
    Interval,
    Kind,
    LinearTerm,
    Mapped,
    Read,
    Scaled,
    SuffixSum,
)
from zkaudit_circuits.limbs import add_limbs, limb_witness

PREDICTION = "argmax/prediction"
MAXIMUM = "argmax/maximum"
DIFFERENCE = "argmax/difference"


def argmax(logits: NDArray[np.int64]) -> NDArray[np.int64]:
    """Integer reference: index of the first maximum of each column, (classes, samples) -> (samples,)."""
    return np.asarray(np.argmax(logits, axis=0), np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Argmax:
    """The argmax of `classes` logits of magnitude at most `bound`."""

    classes: int
    bound: int

    @property
    def largest_difference(self) -> int:
        """2 bound + 1: a difference of two logits, and the tie."""
        return 2 * self.bound + 1

    def lower(self, builder: CircuitBuilder, logits: tuple[LinearTerm, ...], shape: tuple[int, ...]) -> str:
        """The relations above for the terms of logits of a shape; the name of the one-hot column (classes, samples)."""
        bit = Interval(low=0, high=1)
        prediction = builder.add_column(PREDICTION, Kind.BATCHED, self.classes, bit)
        # The capacity stays below p / 2, so a negative difference has no limbs.
        difference = add_limbs(
            builder, DIFFERENCE, "argmax", Kind.BATCHED, self.classes, self.largest_difference
        )  # fmt: skip
        pinned = Interval(low=-self.bound, high=self.bound)
        maximum = builder.add_column(MAXIMUM, Kind.BATCHED, 1, pinned)
        nothing = Combination(positions=self.classes, terms=())
        less_one = Combination(positions=self.classes, terms=(Read(column=prediction),), constant=-1)
        builder.add_product("argmax/bit", "argmax", builder.read(prediction), less_one, nothing)
        builder.add_product("argmax/chosen has no difference", "argmax", builder.read(prediction), difference, nothing)
        every = np.arange(self.classes)
        chosen = Mapped(column=prediction, rows=every * 0, columns=every, values=every * 0 + 1)
        builder.add_linear("argmax/one chosen", "argmax", (1,), (chosen,), (), constant=-1)
        ties = SuffixSum(column=prediction)
        largest = Mapped(column=maximum, rows=every, columns=every * 0, values=every * 0 + 1)
        differences = (Scaled(column=t.column, coefficient=t.coefficient) for t in difference.terms)
        # A convolution's terms are laid out along the axes of its output.
        builder.add_linear("argmax/order", "argmax", shape, (*logits, *differences, ties), (largest,))
        return prediction

    def witness(self, logits: Integers) -> dict[str, Integers]:
        """The columns of logits (classes, samples)."""
        chosen = argmax(logits)
        prediction = (np.arange(self.classes)[:, None] == chosen[None, :]).astype(np.int64)
        maximum = logits.max(axis=0, keepdims=True)
        before = (np.arange(self.classes)[:, None] < chosen[None, :]).astype(np.int64)
        columns = {PREDICTION: prediction, MAXIMUM: maximum}
        return columns | limb_witness(DIFFERENCE, self.largest_difference, maximum - logits - before)
