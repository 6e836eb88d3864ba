"""The circuit of a claim on free logits: an argmax, the claim's gadget, and nothing of a network."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from zkaudit.atom import Atom
from zkaudit.builder import CircuitBuilder
from zkaudit.claim import parse_claim
from zkaudit.constraints import claim_gadget
from zkaudit.dataset import HeldOutSet
from zkaudit.metrics import Predictions, Value, measure
from zkaudit.relation import Circuit, Integers, Interval, Kind, Scaled, multiplicity
from zkaudit_circuits.argmax import Argmax
from zkaudit_circuits.claim import ClaimGadget
from zkaudit_circuits.multiplicities import count_lookups
from zkaudit_circuits.network import sample_bits
from zkaudit_circuits.top_k import ranks

LOGITS = "logits"

SUBJECTS = (
    "accuracy", "correct", "accuracy[group=0]", "correct[group=-1]", "predicted[1]", "predicted[2, group=0]",
    "balanced_accuracy", "recall[1]", "precision[1]", "f1[2]", "macro_f1", "top_k_accuracy[1]", "top_k_accuracy[2]",
    "demographic_parity_difference[1]", "equalized_odds_difference[1]", "min_group_accuracy",
)  # fmt: skip
"""Every metric but the matrix."""


@dataclass(frozen=True, kw_only=True)
class ClaimCase:
    """Logits (classes, samples) of a held-out set with groups."""

    dataset: HeldOutSet
    logits: Integers

    @property
    def predictions(self) -> Predictions:
        """What the argmax makes of the logits."""
        return Predictions(
            predicted=np.argmax(self.logits, axis=0),
            dataset=self.dataset,
            classes=len(self.logits),
            ranks=ranks(self.logits, self.dataset.labels),
        )

    def value(self, subject: str) -> Value:
        """A metric's value."""
        return measure(parse_claim(f"{subject} == ?").atoms[0], self.predictions)

    def lower(self, claim: str) -> tuple[Circuit, ClaimGadget, Argmax]:
        """The circuit of a claim; InvalidInput for one that has none."""
        classes, samples = self.logits.shape
        bound = max(1, int(np.abs(self.logits).max()))
        builder = CircuitBuilder(sample_bits=sample_bits(samples))
        builder.add_column(LOGITS, Kind.BATCHED, classes, Interval(low=-bound, high=bound))
        argmax = Argmax(classes=classes, bound=bound)
        argmax.lower(builder, (Scaled(column=LOGITS, coefficient=1),), (classes,))
        gadget = claim_gadget(parse_claim(claim), self.dataset, classes)
        gadget.lower(builder, argmax)
        return builder.build(), gadget, argmax

    def witness(self, claim: str) -> tuple[Circuit, dict[str, Integers]]:
        """The circuit and its honest columns."""
        circuit, gadget, argmax = self.lower(claim)
        logits = np.zeros((len(self.logits), circuit.samples), np.int64)
        logits[:, : self.dataset.samples] = self.logits
        columns = {LOGITS: logits} | argmax.witness(logits)
        columns |= gadget.witness(argmax, columns)
        counts = count_lookups(circuit, columns)
        return circuit, columns | {multiplicity(table): cells for table, cells in counts.items()}


def random_claim_case(seed: int, samples: int = 23, classes: int = 4, groups: int = 3, skill: int = 2) -> ClaimCase:
    """Small logits with many ties; every group has samples of every class, and the last class is never a label."""
    generator = np.random.default_rng(seed)
    labels = np.arange(samples) % (classes - 1)
    dataset = HeldOutSet(
        inputs=np.zeros((1, samples), np.int64), labels=labels, groups=np.arange(samples) // (classes - 1) % groups - 1
    )
    logits = generator.integers(-2, 3, (classes, samples))
    logits[labels, np.arange(samples)] += generator.integers(0, skill + 1, samples)
    return ClaimCase(dataset=dataset, logits=logits)


def thresholds(subject: str, value: Fraction) -> list[str]:
    """Claims with the value, and with the nearest values above and below that can be written with nine digits."""
    atom: Atom = parse_claim(f"{subject} == ?").atoms[0]
    step = 1 if atom.metric.is_count else 10**9
    near = [Fraction(value.numerator * step // value.denominator + d, step) for d in (-1, 0, 1)]
    values = sorted({value, *(v for v in near if v >= 0 and (atom.metric.is_count or v <= 1))})
    return [f"{subject} {relation} {v}" for v in values for relation in (">=", "<=", "==")]


def revealed_matrix(case: ClaimCase) -> str:
    """The claim of the whole confusion matrix."""
    matrix = case.value("confusion_matrix")
    assert isinstance(matrix, tuple)
    rows = ",".join(f"[{','.join(map(str, row))}]" for row in matrix)
    return f"confusion_matrix == [{rows}]"
