"""Sections "Weights", "Layers", "Gates" and "Sum pool terms": an architecture lowered to a circuit."""

from __future__ import annotations

from itertools import product as places
from math import prod

from tests.second.architecture import VIEWS, Architecture
from tests.second.builder import Builder, magnitude, scaled_interval, summed
from tests.second.combinations import Combination, Read, View, join, whole
from tests.second.field import clog
from tests.second.gadgets import Accumulator, argmax, claim, mapped_terms, max_pool, requantise
from tests.second.layers import Interval, Layer, weight_cells
from tests.second.relations import Broadcast, Circuit, Mapped, Term, Weighted, Window, limb_limit
from tests.second.shapes import Shape


def lower(architecture: Architecture, labels: list[int], text: str, groups: list[int] | None = None) -> Circuit:
    """The circuit of a statement."""
    builder = Builder(clog(len(labels)))
    table = builder.table("signed byte", [(value,) for value in range(-128, 128)])
    for column, cells in (("weights", architecture.weight_count), ("randomness", 2048)):
        builder.column(column, "static", cells, (-128, 127))
        builder.lookup(f"{column} in range", "weights", table, (builder.read(column),))
    bound = _Walk(builder, architecture).run()
    claim(builder, architecture.classes, bound, text, labels, groups)
    return builder.finish()


class _Walk:
    """The tensors so far, the next weight cell and the number of requantisations."""

    def __init__(self, builder: Builder, architecture: Architecture) -> None:
        self.builder = builder
        self.architecture = architecture
        self.tensors: list[View | Accumulator] = []
        self.start = 0
        self.requantisations = 0

    def run(self) -> int:
        """All layers and the argmax; the bound of the logits."""
        network = self.architecture
        assert network.intervals[0] is not None
        self.builder.column("input", "public", network.features, network.intervals[0])
        self.tensors.append(whole("input", network.features))
        for number, layer in enumerate(network.layers, 1):
            self.tensors.append(self._layer(number, layer))
        last, shape = self.tensors[-1], network.shapes[-1]
        if isinstance(last, Accumulator):
            bound, terms = magnitude(last.bound), last.terms(())
        else:
            bound, terms = magnitude(self._interval(len(self.tensors) - 1)), mapped_terms(last, [1] * prod(shape))
        argmax(self.builder, shape, bound, terms)
        return bound

    def _layer(self, number: int, layer: Layer) -> View | Accumulator:
        shape = self.architecture.shapes[number]
        first = layer.sources[0]
        if layer.kind == "requantise":
            source = self.tensors[first]
            assert isinstance(source, Accumulator)
            self.requantisations += 1
            return requantise(self.builder, self.requantisations, layer, source, self._interval(number))
        views = [self._view(source) for source in layer.sources]
        if layer.kind in ("dense", "convolution"):
            return self._weighted(layer, views[0], self.architecture.shapes[first], self._interval(first), shape)
        if layer.kind == "sum":
            return self._sum(layer, shape)
        if layer.kind == "gate":
            return self._gate(f"gate {number}", layer, shape)
        if layer.kind == "sum pool":
            return _sum_pool(layer, views[0], self.architecture.shapes[first], self._interval(first), shape)
        if layer.kind == "max pool":
            source_shape = self.architecture.shapes[first]
            return max_pool(self.builder, f"max pool {number}", layer, views[0], source_shape, self._interval(number))
        assert layer.kind in VIEWS
        return join(views).select(_moved(layer, [self.architecture.shapes[source] for source in layer.sources], shape))

    def _interval(self, tensor: int) -> Interval:
        interval = self.architecture.intervals[tensor]
        assert interval is not None
        return interval

    def _view(self, tensor: int) -> View:
        view = self.tensors[tensor]
        assert isinstance(view, View)
        return view

    def _spread(self, tensor: int, shape: Shape) -> View:
        """A source at every element of a shape."""
        view, own = self._view(tensor), self.architecture.shapes[tensor]
        if own == shape:
            return view
        return view.select([c for c in range(shape[0]) for _ in range(prod(shape[1:]))])

    def _weighted(self, layer: Layer, view: View, source: Shape, interval: Interval, shape: Shape) -> Accumulator:
        if layer.kind == "dense":
            window = Window(layer["inputs"], 1, 1, layer["outputs"])
        else:
            kernel, stride, dilation = (tuple(layer[name]) for name in ("kernel", "stride", "dilation"))
            channels, height, width = source
            geometry = (kernel, stride, dilation, tuple(layer["padding"]), layer["groups"])
            window = Window(channels, height, width, layer["filters"], *geometry)
        start, limbs, filters = self.start, layer["bias_limbs"], window.filters
        self.start += weight_cells(layer)
        biases = start + layer["weight_limbs"] * filters * window.fan_in
        bound = window.fan_in * limb_limit(layer["weight_limbs"]) * magnitude(interval) + limb_limit(limbs)

        def terms(factors: tuple[int, ...]) -> list[Term]:
            repeat = window.places
            broadcasts = [
                Broadcast(biases + limb * filters, 256**limb, filters, repeat, factors) for limb in range(limbs)
            ]
            return [Weighted(start, view, window, factors, layer["weight_limbs"]), *broadcasts]

        return Accumulator(shape, (-bound, bound), terms)

    def _sum(self, layer: Layer, shape: Shape) -> Accumulator:
        pairs = list(zip(layer["multipliers"], layer.sources, strict=True))
        bound = summed([scaled_interval(self._interval(source), factor) for factor, source in pairs])

        def terms(factors: tuple[int, ...]) -> list[Term]:
            each = _each(factors, shape)
            views = [(factor, self._spread(source, shape)) for factor, source in pairs]
            return [term for factor, view in views for term in mapped_terms(view, [factor * m for m in each])]

        return Accumulator(shape, bound, terms)

    def _gate(self, name: str, layer: Layer, shape: Shape) -> Accumulator:
        left, right = (self._interval(source) for source in layer.sources)
        ends = [a * b for a in left for b in right]
        size = prod(shape)
        column = self.builder.column(f"{name}/product", "batched", size, (min(ends), max(ends)))
        sides = [Combination(size, self._spread(source, shape).reads()) for source in layer.sources]
        rest = Combination(size, (Read(column, -1),))
        self.builder.product(f"{name}/multiply", name, sides[0], sides[1], rest)
        view = whole(column, size)
        return Accumulator(shape, (min(ends), max(ends)), lambda factors: mapped_terms(view, _each(factors, shape)))


def _each(factors: tuple[int, ...], shape: Shape) -> list[int]:
    """The factor of each element, given one for each entry of the first axis or none."""
    return [factor for factor in factors or (1,) * shape[0] for _ in range(prod(shape[1:]))]


def _sum_pool(layer: Layer, view: View, source: Shape, interval: Interval, shape: Shape) -> Accumulator:
    (kh, kw), (sh, sw), (top, left, *_) = layer["kernel"], layer["stride"], layer["padding"]
    _, height, width = source
    outputs = list(places(*map(range, shape)))

    def cell(i: int, j: int, y: int, x: int) -> tuple[int, int] | None:
        row, column = sh * y + i - top, sw * x + j - left
        return (row, column) if 0 <= row < height and 0 <= column < width else None

    def real(y: int, x: int) -> int:
        return sum(cell(i, j, y, x) is not None for i in range(kh) for j in range(kw))

    counts, each = [real(y, x) for _, y, x in outputs], [int(layer["multiplier"])] * len(outputs)
    if layer["exclude_padding"]:
        each = [(multiplier * kh * kw + count // 2) // count for multiplier, count in zip(each, counts, strict=True)]
    largest = max(multiplier * count for multiplier, count in zip(each, counts, strict=True))
    bound = (largest * min(0, interval[0]), largest * max(0, interval[1]))

    def terms(factors: tuple[int, ...]) -> list[Term]:
        pairs = []
        for i, j in places(range(kh), range(kw)):
            for number, (c, y, x) in enumerate(outputs):
                if (found := cell(i, j, y, x)) is not None:
                    pairs.append((number, (c * height + found[0]) * width + found[1]))
        values = [m * factor for m, factor in zip(each, _each(factors, shape), strict=True)]
        rows = [number for number, _ in pairs]
        mapped = mapped_terms(view.select([element for _, element in pairs]), [values[number] for number in rows])
        return [Mapped(t.column, [rows[k] for k in t.rows], t.columns, t.values) for t in mapped]

    return Accumulator(shape, bound, terms)


def _moved(layer: Layer, sources: list[Shape], shape: Shape) -> list[int]:
    """The element of the joined sources that each element of a view is, -1 for a zero."""
    if layer.kind in ("reshape", "concatenate"):
        return list(range(prod(shape)))
    source = sources[0]
    if layer.kind == "slice":
        row = prod(source[1:])
        return list(range(layer["start"] * row, layer["stop"] * row))
    numbers = {place: number for number, place in enumerate(places(*map(range, source)))}
    if layer.kind == "transpose":
        axes = layer["axes"]
        return [numbers[tuple(place[axes.index(k)] for k in range(len(axes)))] for place in places(*map(range, shape))]
    top, left = layer["padding"][:2]
    return [numbers.get((c, y - top, x - left), -1) for c, y, x in places(*map(range, shape))]
