"""The walk along the layers of an architecture: who reads what, and the shape and interval of every tensor."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import prod

from zkaudit.errors import InvalidInput
from zkaudit.model.kinds import KINDS
from zkaudit.model.layers import Convolution, Layer, Shape
from zkaudit.model.limits import MAX_CELLS, MAX_SOURCES, MAX_WORK
from zkaudit.model.pools import MaxPool, SumPool
from zkaudit.model.requantisation import Requantise
from zkaudit.model.views import Pad, View

Interval = tuple[int, int]
"""Least and greatest integer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """What the walk finds: `names` and `layers` with their sources one a layer, the rest one a tensor.

    `intervals` has None for accumulators.
    """

    names: tuple[str, ...]
    layers: tuple[Layer, ...]
    shapes: tuple[Shape, ...]
    intervals: tuple[Interval | None, ...]


def walk(layers: tuple[Layer, ...], input_shape: Shape, input_interval: Interval) -> Graph:
    """The graph of layers in topological order; `InvalidInput` names the first layer that does not fit."""
    state = _Walk(
        shapes=[input_shape], intervals=[input_interval], public=[True], read=[False], counts=dict.fromkeys(KINDS, 0)
    )
    for layer in layers:
        state.add(layer)
    state.finish()
    return Graph(
        names=tuple(state.names),
        layers=tuple(state.layers),
        shapes=tuple(state.shapes),
        intervals=tuple(state.intervals),
    )


def work_of(layer: Layer, read: list[Shape], shape: Shape) -> int:
    """Cells that a layer reads and makes, and those that lowering it lays out for its windows."""
    cells = prod(shape) + sum(map(prod, read))
    if isinstance(layer, SumPool):
        return cells + prod(shape) * prod(layer.kernel)
    if isinstance(layer, MaxPool):
        channels, height, _ = read[0]
        return cells + channels * shape[2] * (height * layer.kernel[1] + shape[1] * layer.kernel[0])
    if isinstance(layer, Convolution):
        # Five words for each place of an axis and each place of the kernel on it.
        return cells + 5 * (read[0][1] * layer.kernel[0] + read[0][2] * layer.kernel[1])
    return cells


@dataclass(slots=True, kw_only=True)
class _Walk:
    """Lists that grow by one tensor a layer.

    `public` marks the input and its views, `read` what a layer has read.
    """

    shapes: list[Shape]
    intervals: list[Interval | None]
    public: list[bool]
    read: list[bool]
    counts: dict[str, int]
    work: int = 0
    names: list[str] = field(default_factory=list)
    layers: list[Layer] = field(default_factory=list)

    def add(self, layer: Layer) -> None:
        """Checks the next layer and appends its tensor."""
        number = len(self.shapes)
        if type(layer) not in KINDS.values():
            raise InvalidInput("unknown kind of layer", where=f"layer {number}", expected=" or ".join(KINDS))
        self.counts[layer.kind] += 1
        where = f"{layer.kind} {self.counts[layer.kind]}"
        sources = layer.sources or (number - 1,)
        self._check_sources(layer, sources, where)
        layer.validate(where)
        shape = layer.output_shape(tuple(self.shapes[source] for source in sources), where)
        if prod(shape) > MAX_CELLS:
            raise InvalidInput(f"{prod(shape)} cells in its output", where=where, expected=f"at most {MAX_CELLS}")
        self.work += work_of(layer, [self.shapes[source] for source in sources], shape)
        if self.work > MAX_WORK:
            raise InvalidInput(
                f"{self.work} cells are read and made up to here",
                where=where,
                expected=f"at most {MAX_WORK}",
                next_step="use smaller inputs or fewer layers",
            )
        for source in sources:
            self.read[source] = True
        self.names.append(where)
        self.layers.append(replace(layer, sources=sources))
        self.shapes.append(shape)
        self.intervals.append(None if layer.makes_accumulator else self._interval(layer, sources))
        self.public.append(isinstance(layer, View) and any(self.public[source] for source in sources))
        self.read.append(False)

    def _check_sources(self, layer: Layer, sources: tuple[int, ...], where: str) -> None:
        """The rules of who may read what."""
        if type(sources) is not tuple or len(sources) > MAX_SOURCES:
            raise InvalidInput("not an accepted list of sources", where=where, expected=f"1 to {MAX_SOURCES}")
        for source in sources:
            if type(source) is not int or not 0 <= source < len(self.shapes):
                raise InvalidInput(f"reads tensor {source!r:.20}", where=where, expected="an earlier one")
            accumulator = self.intervals[source] is None
            if accumulator and not layer.reads_accumulator:
                raise InvalidInput(
                    f"reads tensor {source}, an accumulator",
                    where=where,
                    expected="an activation",
                    next_step="put a requantisation between",
                )
            if layer.reads_accumulator and not accumulator:
                raise InvalidInput(f"reads tensor {source}, an activation", where=where, expected="an accumulator")
            if accumulator and self.read[source]:
                raise InvalidInput(f"reads tensor {source}, an accumulator that has a reader already", where=where)
            if self.public[source] and not layer.reads_input:
                raise InvalidInput(
                    "reads the input",
                    where=where,
                    expected="an activation",
                    next_step="put a sum and requantise between",
                )

        if len({self.public[source] for source in sources}) > 1 and isinstance(layer, View):
            raise InvalidInput(
                "joins the input and activations",
                where=where,
                expected="one or the other",
                next_step="put a sum and requantise behind the input",
            )

    def _interval(self, layer: Layer, sources: tuple[int, ...]) -> Interval:
        """The interval of an activation: its own for a requantisation, else the hull of what is read."""
        if isinstance(layer, Requantise):
            return layer.low, layer.high
        read = [interval for source in sources if (interval := self.intervals[source]) is not None]
        if isinstance(layer, Pad):
            read.append((0, 0))
        return min(low for low, _ in read), max(high for _, high in read)

    def finish(self) -> None:
        """The rules of the last tensor, and that every other one is read."""
        for where, read in zip(self.names[:-1], self.read[1:-1], strict=True):
            if not read:
                raise InvalidInput("nothing reads its output", where=where)
        if self.public[-1]:
            raise InvalidInput("the output of the network is its input", where=self.names[-1])
