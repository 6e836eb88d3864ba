"""What quantisation cost: accuracy before and after, and noise and saturation of every layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zkaudit.dataset import RawDataset, integer_inputs, quantise_inputs
from zkaudit.errors import InvalidInput
from zkaudit.model.architecture import Requantise
from zkaudit.model.evaluator import Integers, Trace, evaluate
from zkaudit.model.float_functions import Floats
from zkaudit.model.float_graph import FloatGraph
from zkaudit.model.integer_graph import Link
from zkaudit.model.model import Model
from zkaudit.model.noise import LayerNoise, NoiseCount, layer_noises, worst_layers

MAX_LISTED = 1000
"""Performance knob: most differing predictions that a stored report lists."""

CHUNK_VALUES = 1 << 24
"""Performance knob: most values of all tensors, floats and integers each, that are compared at a time."""

_CUT_OFTEN = 0.01
"""A share of saturated values above which a layer's range is to blame for its noise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantisationReport:
    """Float and integer predictions compared on `samples` samples of `evaluated_on`.

    Correct counts are None where there were no labels.
    `differing` are indices of samples, `layers` the noise of every rounded tensor and of the logits, in order.
    """

    evaluated_on: str
    samples: int
    float_correct: int | None
    integer_correct: int | None
    differing: tuple[int, ...]
    layers: tuple[LayerNoise, ...]

    @property
    def saturated(self) -> tuple[int, ...]:
        """Values cut off in each rounded tensor."""
        return tuple(layer.saturated for layer in self.layers if layer.rounded)

    @property
    def cells(self) -> tuple[int, ...]:
        """Values of each rounded tensor."""
        return tuple(layer.cells for layer in self.layers if layer.rounded)

    @property
    def warnings(self) -> tuple[str, ...]:
        """A line if the integer model lost more than one percent of the samples."""
        if self.float_correct is None or self.integer_correct is None:
            return ()
        lost = self.float_correct - self.integer_correct
        if 100 * lost <= self.samples:
            return ()
        worst = worst_layers(self.layers)
        named = ", ".join(f"{layer.name} ({layer.summary})" for layer in worst)
        if any(layer.saturated > _CUT_OFTEN * layer.cells for layer in worst):
            advice = "calibrate on more data that is like this, or with ranges min-max"
        else:
            advice = "calibrate with a percentile below 100, or train with smaller differences between weights"
        where = f"; most is lost at {named}" if named else ""
        return (
            f"the integer model is {100 * lost / self.samples:.1f} points less accurate than the float model"
            f"{where}; {advice}",
        )

    def lines(self) -> list[str]:
        """The report for people."""
        lines = []
        if self.float_correct is not None and self.integer_correct is not None:
            for name, correct in (("float", self.float_correct), ("integer", self.integer_correct)):
                lines.append(f"{name} accuracy   {correct / self.samples:.4f} ({correct} of {self.samples})")
        lines.append(f"predictions that differ   {len(self.differing)} of {self.samples} {self.evaluated_on} samples")
        lines += [f"{layer.name}   {layer.summary}" for layer in self.layers]
        return lines + [f"warning: {line}" for line in self.warnings]

    def canonical(self) -> dict[str, Any]:
        """The report as a map of integers, strings and lists; counts without labels are left out."""
        body: dict[str, Any] = {
            "evaluated_on": self.evaluated_on,
            "samples": self.samples,
            "differing_count": len(self.differing),
            "differing": list(self.differing[:MAX_LISTED]),
            "layers": [layer.canonical() for layer in self.layers],
        }
        if self.float_correct is not None and self.integer_correct is not None:
            body |= {"float_correct": self.float_correct, "integer_correct": self.integer_correct}
        return body


def compare(
    network: FloatGraph,
    model: Model,
    links: Sequence[Link],
    inputs: NDArray[np.generic],
    labels: NDArray[np.integer] | None,
    evaluated_on: str,
) -> QuantisationReport:
    """The report on raw inputs (samples, *input_shape) and labels (samples,) or None.

    `links` tell which float tensors the integer tensors stand for.
    `InvalidInput` for data that the integer model does not take.
    """
    integers = _integers(model, inputs, labels, evaluated_on)
    counts = [NoiseCount(link=link) for link in links]
    floats: list[NDArray[np.int64]] = []
    predictions: list[NDArray[np.int64]] = []
    size = max(sum(map(math.prod, network.shapes)), sum(map(math.prod, model.architecture.shapes)))
    step = max(1, CHUNK_VALUES // size)
    for start in range(0, len(inputs), step):
        chunk = slice(start, start + step)
        tensors = network.evaluate(inputs[chunk])
        trace = evaluate(model.architecture, model.kernels, model.biases, integers[:, chunk])
        for count in counts:
            _count(count, model, trace, tensors)
        floats.append(np.argmax(tensors[-1].reshape(len(tensors[-1]), -1), axis=1))
        predictions.append(trace.predictions)
    before, after = np.concatenate(floats), np.concatenate(predictions)
    return QuantisationReport(
        evaluated_on=evaluated_on,
        samples=len(inputs),
        float_correct=None if labels is None else int((before == labels).sum()),
        integer_correct=None if labels is None else int((after == labels).sum()),
        differing=tuple(int(sample) for sample in np.flatnonzero(before != after)),
        layers=layer_noises(network, counts),
    )


def _integers(
    model: Model, inputs: NDArray[np.generic], labels: NDArray[np.integer] | None, evaluated_on: str
) -> Integers:
    if labels is None:
        return integer_inputs(model.architecture, inputs, evaluated_on)
    if labels.dtype.kind not in "iu":
        raise InvalidInput(f"labels of type {labels.dtype}", where=evaluated_on, expected="integers")
    raw = RawDataset(inputs=inputs, labels=labels.astype(np.int64), source=evaluated_on)
    return quantise_inputs(model.architecture, raw).inputs


def _count(count: NoiseCount, model: Model, trace: Trace, tensors: list[Floats]) -> None:
    link = count.link
    layer = model.architecture.layers[link.number - 1]
    before = trace.tensors[layer.sources[0]] if isinstance(layer, Requantise) else None
    count.add(trace.tensors[link.number], tensors[link.target], before, layer)
