"""How many classes outrank the label, and whether it is among the first k.

A class outranks the label if its logit is larger, or equal and of a lower index.
Let F[c] = maximum - z[c], which is the argmax's `difference` and tie, and Y the label as one-hot bits:
lead[c] = depth - F[c] + sum_{c' > c} Y[c'], with depth such that Y lead = 0.
At the label the sum is zero, so depth = F[label], and lead[c] = z[c] - z[label] + [c < label]:
a class outranks the label exactly if its lead is at least one.
With a bit `ahead` and `distance` >= 0, (2 ahead - 1) distance + ahead = lead: a set bit says lead = distance + 1 >= 1,
a clear one lead = -distance <= 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from zkaudit.builder import CircuitBuilder
from zkaudit.relation import (
    Cells,
    Combination,
    Functional,
    Integers,
    Interval,
    Kind,
    LinearTerm,
    Mapped,
    Read,
    Scaled,
    SuffixSum,
)
from zkaudit_circuits.argmax import DIFFERENCE, PREDICTION, Argmax
from zkaudit_circuits.inequality import limb_columns
from zkaudit_circuits.limbs import add_limbs, capacity, limb_witness

LABEL = "top k/label"
DEPTH = "top k/depth"
LEAD = "top k/lead"
AHEAD = "top k/ahead"
DISTANCE = "top k/distance"
RANK = "top k/rank"
GADGET = "top k"


def hit(k: int) -> str:
    """The column of bits that say whether the label is among the first k."""
    return f"top k/hit {k}"


def ranks(logits: Integers, labels: Integers) -> Integers:
    """Integer reference: how many classes outrank each label, (classes, samples), (samples,) -> (samples,)."""
    chosen = logits[labels, np.arange(len(labels))]
    before = np.arange(len(logits))[:, None] < labels[None, :]
    return np.asarray(((logits > chosen) | ((logits == chosen) & before)).sum(axis=0), np.int64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ranking:
    """The ranks of the labels (samples,), and the hits for each k of some, ascending."""

    labels: Integers
    ks: tuple[int, ...]

    def lower(self, builder: CircuitBuilder, argmax: Argmax) -> None:
        """The columns and relations; labels of padding samples are any one-hot bits.

        `lead` equals integers within one of the capacity of `difference`, so its residue is that integer.
        """
        classes, furthest = argmax.classes, argmax.largest_difference
        reach = capacity(furthest) + 1
        bit = Interval(low=0, high=1)
        label = builder.add_column(LABEL, Kind.BATCHED, classes, bit)
        depth = builder.add_column(DEPTH, Kind.BATCHED, 1, Interval(low=0, high=reach))
        lead = builder.add_column(LEAD, Kind.BATCHED, classes, Interval(low=-reach, high=reach + 1))
        ahead = builder.add_column(AHEAD, Kind.BATCHED, classes, bit)
        distance = add_limbs(builder, DISTANCE, GADGET, Kind.BATCHED, classes, furthest)
        rank = builder.add_column(RANK, Kind.BATCHED, 1, Interval(low=0, high=classes - 1))
        nothing = Combination(positions=classes, terms=())
        every = np.arange(classes)
        for column in (label, ahead):
            less_one = Combination(positions=classes, terms=(Read(column=column),), constant=-1)
            builder.add_product(f"{column} is a bit", GADGET, builder.read(column), less_one, nothing)
        chosen = Mapped(column=label, rows=every * 0, columns=every, values=every * 0 + 1)
        builder.add_linear("top k/one label", GADGET, (1,), (chosen,), (), constant=-1)
        differences: Iterator[LinearTerm] = (
            Scaled(column=c, coefficient=w) for c, w, _ in limb_columns(DIFFERENCE, furthest)
        )
        left = (Scaled(column=lead, coefficient=1), *differences, SuffixSum(column=PREDICTION))
        deep = Mapped(column=depth, rows=every, columns=every * 0, values=every * 0 + 1)
        builder.add_linear("top k/leads", GADGET, (classes,), left, (deep, SuffixSum(column=label)))
        builder.add_product("top k/label has no lead", GADGET, builder.read(label), builder.read(lead), nothing)
        sign = Combination(positions=classes, terms=(Read(column=ahead, coefficient=2),), constant=-1)
        rest = Combination(positions=classes, terms=(Read(column=ahead), Read(column=lead, coefficient=-1)))
        builder.add_product("top k/ahead by its lead", GADGET, sign, distance, rest)
        total = Mapped(column=ahead, rows=every * 0, columns=every, values=every * 0 + 1)
        builder.add_linear("top k/ranks", GADGET, (1,), (total,), (Scaled(column=rank, coefficient=1),))
        for k in self.ks:
            column = builder.add_column(hit(k), Kind.BATCHED, 1, bit)
            rows = np.stack([every, (every < k).astype(np.int64)], axis=1)
            table = builder.add_table(f"rank below {k} of {classes}", rows)
            builder.add_lookup(f"{column} by rank", GADGET, table, (builder.read(rank), builder.read(column)))
        samples = np.arange(len(self.labels))
        cells = Cells(column=label, positions=self.labels, samples=samples, weights=np.ones(len(samples), np.int64))
        builder.add_functional(
            Functional(name="top k/labels", gadget=GADGET, batched=(cells,), static=(), constant=-len(samples))
        )

    def witness(self, argmax: Argmax, columns: Mapping[str, Integers]) -> dict[str, Integers]:
        """The columns for those of the argmax; the label of a padding sample is class 0."""
        prediction = columns[PREDICTION]
        classes, samples = prediction.shape
        labels = np.zeros(samples, np.int64)
        labels[: len(self.labels)] = self.labels
        label = (np.arange(classes)[:, None] == labels[None, :]).astype(np.int64)
        furthest = argmax.largest_difference
        behind = _later(prediction)
        for column, weight, _ in limb_columns(DIFFERENCE, furthest):
            behind = behind + weight * columns[column]
        depth = behind[labels, np.arange(samples)][None, :]
        lead = depth - behind + _later(label)
        ahead = (lead >= 1).astype(np.int64)
        distance = np.clip(np.where(ahead == 1, lead - 1, -lead), 0, capacity(furthest))
        rank = ahead.sum(axis=0, keepdims=True)
        result = {LABEL: label, DEPTH: depth, LEAD: lead, AHEAD: ahead, RANK: rank}
        result |= {hit(k): (rank < k).astype(np.int64) for k in self.ks}
        return result | limb_witness(DISTANCE, furthest, distance)


def _later(cells: Integers) -> Integers:
    """At each position the sum of the later ones."""
    return np.asarray(np.cumsum(cells[::-1], axis=0)[::-1] - cells, np.int64)
