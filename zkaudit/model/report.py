"""What quantisation cost: accuracy before and after, predictions that differ, and saturation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zkaudit.dataset import RawDataset, integer_inputs, quantise_inputs
from zkaudit.errors import InvalidInput
from zkaudit.model.evaluator import Trace, evaluate
from zkaudit.model.float_network import FloatNetwork
from zkaudit.model.model import Model

MAX_LISTED = 1000
"""Performance knob: most differing predictions that a stored report lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantisationReport:
    """Float and integer predictions compared on `samples` samples of `evaluated_on`.

    Correct counts are None where there were no labels.
    `differing` are indices of samples, `saturated` and `cells` counts for each requantisation.
    """

    evaluated_on: str
    samples: int
    float_correct: int | None
    integer_correct: int | None
    differing: tuple[int, ...]
    saturated: tuple[int, ...]
    cells: tuple[int, ...]

    @property
    def warnings(self) -> tuple[str, ...]:
        """A line if the integer model lost more than one percent of the samples."""
        if self.float_correct is None or self.integer_correct is None:
            return ()
        lost = self.float_correct - self.integer_correct
        if 100 * lost <= self.samples:
            return ()
        percent = 100 * lost / self.samples
        return (
            f"the integer model is {percent:.1f} points less accurate than the float model; "
            "calibrate on more data or with a lower percentile",
        )

    def lines(self) -> list[str]:
        """The report for people."""
        lines = []
        if self.float_correct is not None and self.integer_correct is not None:
            for name, correct in (("float", self.float_correct), ("integer", self.integer_correct)):
                lines.append(f"{name} accuracy   {correct / self.samples:.4f} ({correct} of {self.samples})")
        lines.append(f"predictions that differ   {len(self.differing)} of {self.samples} {self.evaluated_on} samples")
        for number, (count, cells) in enumerate(zip(self.saturated, self.cells, strict=True), 1):
            lines.append(f"requantise {number} saturates   {count} of {cells} values")
        return lines + [f"warning: {line}" for line in self.warnings]

    def canonical(self) -> dict[str, Any]:
        """The report as a map of integers, strings and lists; counts without labels are left out."""
        body: dict[str, Any] = {
            "evaluated_on": self.evaluated_on,
            "samples": self.samples,
            "differing_count": len(self.differing),
            "differing": list(self.differing[:MAX_LISTED]),
            "saturated": list(self.saturated),
            "cells": list(self.cells),
        }
        if self.float_correct is not None and self.integer_correct is not None:
            body |= {"float_correct": self.float_correct, "integer_correct": self.integer_correct}
        return body


def compare(
    network: FloatNetwork,
    model: Model,
    inputs: NDArray[np.generic],
    labels: NDArray[np.integer] | None,
    evaluated_on: str,
) -> QuantisationReport:
    """The report on raw inputs (samples, *input_shape) and labels (samples,) or None.

    `InvalidInput` for data that the integer model does not take.
    """
    if labels is None:
        integers = integer_inputs(model.architecture, inputs, evaluated_on)
    elif labels.dtype.kind not in "iu":
        raise InvalidInput(f"labels of type {labels.dtype}", where=evaluated_on, expected="integers")
    else:
        raw = RawDataset(inputs=inputs, labels=labels.astype(np.int64), source=evaluated_on)
        integers = quantise_inputs(model.architecture, raw).inputs
    trace = evaluate(model.architecture, model.kernels, model.biases, integers)
    floats = network.predictions(inputs)
    return QuantisationReport(
        evaluated_on=evaluated_on,
        samples=len(inputs),
        float_correct=None if labels is None else int((floats == labels).sum()),
        integer_correct=None if labels is None else int((trace.predictions == labels).sum()),
        differing=tuple(int(sample) for sample in np.flatnonzero(floats != trace.predictions)),
        saturated=_saturated(model, trace),
        cells=tuple(values.size for values in trace.outputs),
    )


def _saturated(model: Model, trace: Trace) -> tuple[int, ...]:
    """Values cut off at the ends of their interval; the zero of ReLU is meant and does not count."""
    counts = []
    for step, before in zip(model.architecture.requantisations, trace.accumulators[:-1], strict=True):
        rounded = (before + (1 << step.shift >> 1)) >> step.shift
        cut = rounded > step.high
        if step.low < 0:
            cut |= rounded < step.low
        counts.append(int(cut.sum()))
    return tuple(counts)
