"""Section "Architecture": the canonical form, its bounds and the rules of the graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, prod
from typing import Any

from tests.second.layers import Interval, Layer, check, check_integers, read_layer, weight_cells
from tests.second.shapes import MOST_CELLS, Shape, output_shape, work_of
from tests.second.wire import RefusedError, closed, pack, sha256

VIEWS = ("reshape", "transpose", "concatenate", "pad", "slice")
READS_INPUT = ("dense", "convolution", "sum", *VIEWS)
ACCUMULATES = ("dense", "convolution", "sum", "gate", "sum pool")


@dataclass(frozen=True)
class Architecture:
    """The layers, and the shape of each tensor and its interval, none for accumulators."""

    form: Mapping[str, Any]
    layers: list[Layer]
    shapes: list[Shape]
    intervals: list[Interval | None]

    @property
    def features(self) -> int:
        """Elements of the input."""
        return prod(self.shapes[0])

    @property
    def classes(self) -> int:
        """Logits."""
        return prod(self.shapes[-1])

    @property
    def weight_count(self) -> int:
        """Weight cells."""
        return sum(weight_cells(layer) for layer in self.layers)

    def digest(self) -> bytes:
        """H of the canonical encoding."""
        return sha256(pack(self.form))


def read_architecture(form: object) -> Architecture:
    """The architecture of a canonical form."""
    keys = {"semantics": str, "input_shape": list, "input_low": int, "input_high": int, "input_scale": str}
    body = closed(form, {**keys, "layers": list})
    check(body["semantics"] == "zkaudit-int8/v1", "semantics")
    shape = check_integers(body["input_shape"], (1, 8, 1, 2**20), "input_shape")
    check(prod(shape) <= 2**20, "features")
    low, high = body["input_low"], body["input_high"]
    check(-128 <= low <= 0 <= high <= 255, "input interval")
    _check_scale(body["input_scale"])
    check(1 <= len(body["layers"]) <= 4096, "layers")
    layers = [read_layer(entry, before) for before, entry in enumerate(body["layers"])]
    result = Architecture(body, layers, [tuple(shape)], [(low, high)])
    _walk(result)
    check(1 <= result.weight_count <= 2**26, "weight cells")
    steps = [layer for layer in layers if layer.kind == "requantise"]
    check(sum(len(step["multipliers"]) + len(step["table"]) for step in steps) <= 2**17, "listed integers")
    return result


def _walk(network: Architecture) -> None:
    """Appends the shape and the interval of each tensor."""
    shapes, intervals = network.shapes, network.intervals
    public, readers, work = [True], [0], 0
    for layer in network.layers:
        check(all(source < len(shapes) for source in layer.sources), "a later source")
        reads = [intervals[source] is None for source in layer.sources]
        check(all(reads) if layer.kind == "requantise" else not any(reads), "accumulator and activation")
        check(not any(readers[s] and intervals[s] is None for s in layer.sources), "two readers of an accumulator")
        inputs = [public[source] for source in layer.sources]
        check(layer.kind in READS_INPUT or not any(inputs), "who reads the input")
        check(layer.kind not in VIEWS or len(set(inputs)) == 1, "input and activations")
        shape = output_shape(layer.kind, layer.fields, [shapes[source] for source in layer.sources])
        if shape is None or prod(shape) > MOST_CELLS:
            raise RefusedError("unreadable", f"architecture: {layer.kind} does not fit")
        work += work_of(layer.kind, layer.fields, [shapes[source] for source in layer.sources], shape)
        check(work <= 2**25, "work")
        for source in layer.sources:
            readers[source] += 1
        shapes.append(shape)
        intervals.append(_interval(layer, [intervals[source] for source in layer.sources]))
        public.append(layer.kind in VIEWS and any(inputs))
        readers.append(0)
    check(all(readers[1:-1]) and not public[-1], "a tensor without a reader")


def _interval(layer: Layer, sources: list[Interval | None]) -> Interval | None:
    if layer.kind in ACCUMULATES:
        return None
    if layer.kind == "requantise":
        return (min(layer["table"]), max(layer["table"])) if layer["table"] else layer.clamp
    read = [interval for interval in sources if interval is not None] + [(0, 0)] * (layer.kind == "pad")
    return min(low for low, _ in read), max(high for _, high in read)


def _check_scale(text: str) -> None:
    try:
        scale = float.fromhex(text)
    except (ValueError, OverflowError) as error:
        raise RefusedError("unreadable", "architecture: scale") from error
    check(0 < scale < inf and scale.hex() == text, "scale")
