"""The quantiser on graphs: convolutions, residual sums, gates, pools and tables stay close to the floats."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zkaudit.errors import InvalidInput
from zkaudit.model.architecture import Convolution as IntegerConvolution
from zkaudit.model.bounds import accumulator_bounds
from zkaudit.model.evaluator import evaluate
from zkaudit.model.float_functions import RELU, Function
from zkaudit.model.float_graph import FloatGraph
from zkaudit.model.float_layers import (
    Activation,
    Affine,
    AveragePool,
    Convolution,
    Dense,
    FloatLayer,
    Gate,
    MaxPool,
    Sum,
)
from zkaudit.model.float_views import Concatenate, Pad, Reshape, Slice, Transpose
from zkaudit.model.model import Model, model_bytes, parse_model
from zkaudit.model.quantiser import quantize, quantize_arrays
from zkaudit.model.report import QuantisationReport


class Net:
    """A graph that grows; every method adds a layer and gives its tensor number, by default on the last tensor."""

    def __init__(self, shape: tuple[int, ...], seed: int = 0) -> None:
        self.shapes = [shape]
        self.layers: list[FloatLayer] = []
        self.random = np.random.default_rng(seed)

    @property
    def last(self) -> int:
        return len(self.layers)

    def add(self, kind: type[FloatLayer], sources: Sequence[int] | None = None, **fields: Any) -> int:
        chosen = (self.last,) if sources is None else tuple(sources)
        layer = kind(name=f"{kind.__name__.lower()} {self.last + 1}", sources=chosen, **fields)
        self.shapes.append(layer.shape(*(self.shapes[source] for source in chosen)))
        self.layers.append(layer)
        return self.last

    def conv(self, filters: int, kernel: int = 3, *, source: int | None = None, groups: int = 1, **fields: Any) -> int:
        chosen = self.last if source is None else source
        depth = self.shapes[chosen][0] // groups
        shape = (filters, depth, kernel, kernel)
        spread = fields.pop("spread", 0.5)
        weight = self.random.normal(size=shape) * math.sqrt(2 / math.prod(shape[1:]))
        weight *= np.exp(spread * self.random.normal(size=(filters, 1, 1, 1)))
        side = kernel // 2
        fields = {"padding": (side, side, side, side), **fields}
        bias = 0.1 * self.random.normal(size=filters)
        return self.add(
            Convolution, (chosen,), kernel=(kernel, kernel), weight=weight, bias=bias, groups=groups, **fields
        )

    def dense(self, outputs: int) -> int:
        inputs = math.prod(self.shapes[-1])
        weight = self.random.normal(size=(outputs, inputs)) * math.sqrt(2 / inputs)
        return self.add(Dense, weight=weight, bias=0.1 * self.random.normal(size=outputs))

    def function(self, name: str, *parameters: float, source: int | None = None) -> int:
        sources = None if source is None else (source,)
        return self.add(Activation, sources, function=Function(name=name, parameters=parameters))

    def pool(self, kind: type[FloatLayer], size: int, **fields: Any) -> int:
        return self.add(kind, kernel=(size, size), stride=(size, size), **fields)

    def graph(self) -> FloatGraph:
        return FloatGraph(input_shape=self.shapes[0], layers=tuple(self.layers))


def _images(shape: tuple[int, ...], samples: int, seed: int = 9) -> Any:
    """Smooth images: a sum of a few waves, in [-1, 1]."""
    random = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(*(np.linspace(0, 1, extent) for extent in shape[1:]), indexing="ij"))
    waves = random.normal(size=(samples, shape[0], 4, grid.shape[0])) * 6
    phases = random.uniform(0, 6, (samples, shape[0], 4, *[1] * grid.shape[0]))
    values = np.sin(np.tensordot(waves, grid, axes=1) + phases).sum(axis=2)
    return values / np.abs(values).max()


def _quantised(net: Net, decibels: int, samples: int = 100) -> tuple[Model, QuantisationReport]:
    """The model of a net, whose logits must have that signal over noise on fresh images."""
    graph = net.graph()
    images = _images(graph.input_shape, samples + 60)
    labels = np.zeros(60, np.int64)
    model, report = quantize(graph, images[:samples], validation=(images[samples:], labels), input_range=(-1, 1))
    assert report.layers[-1].decibels >= decibels, report.lines()
    return model, report


def _kinds(model: Model) -> list[str]:
    return [layer.kind for layer in model.architecture.layers]


def test_convolutions_and_pools() -> None:
    net = Net((3, 12, 12))
    net.conv(8, spread=1.0)
    net.function("relu")
    net.pool(MaxPool, 2)
    net.conv(12, stride=(2, 2))
    net.function("clip", 0.0, 6.0)
    net.add(Reshape, target=(12 * 9,))
    net.dense(16)
    net.function("relu")
    net.dense(5)
    model, report = _quantised(net, 30)
    assert _kinds(model) == [
        "convolution",
        "requantise",
        "max pool",
        "convolution",
        "requantise",
        "dense",
        "requantise",
        "dense",
    ]
    first, second, third = model.architecture.requantisations
    # The readers of ReLU absorb a scale for each channel; a ceiling needs one scale, and so multipliers.
    assert (first.multipliers, third.multipliers) == ((), ())
    assert (second.activation, len(second.multipliers)) == ("relu", 12)
    assert parse_model(model_bytes(model)).report == report.canonical()


def test_relu_moves_ahead_of_pools_and_views() -> None:
    net = Net((2, 8, 8))
    net.conv(4)
    net.pool(MaxPool, 2)
    net.add(Transpose, axes=(0, 2, 1))
    net.function("relu")
    net.conv(3)
    net.function("sigmoid")
    model, _ = _quantised(net, 36)
    assert _kinds(model) == ["convolution", "requantise", "max pool", "transpose", "convolution"]


def test_residual_blocks() -> None:
    net = Net((3, 8, 8), seed=3)
    trunk = net.conv(8)
    trunk = net.function("relu")
    for _ in range(3):
        net.conv(8, source=trunk)
        net.function("relu")
        branch = net.conv(8, spread=1.0)
        net.add(Sum, (branch, trunk), multipliers=(1.0, 1.0))
        trunk = net.function("relu")
    net.pool(AveragePool, 8)
    net.dense(6)
    model, report = _quantised(net, 20)
    assert _kinds(model).count("sum") == 3
    # Branches share one scale with several sizes of channels: that is what multipliers are for.
    assert any(step.multipliers for step in model.architecture.requantisations)
    assert [layer.name for layer in report.layers if layer.saturated > 0.02 * layer.cells] == []


def test_gates_and_smooth_activations() -> None:
    """An inverted residual with squeeze and excitation, as in MobileNetV3."""
    net = Net((3, 8, 8), seed=4)
    net.conv(8)
    trunk = net.function("hard_swish")
    net.conv(16, 1)
    net.function("hard_swish")
    net.conv(16, groups=16)
    wide = net.function("hard_swish")
    net.pool(AveragePool, 8)
    net.conv(4, 1)
    net.function("relu")
    net.conv(16, 1)
    factor = net.function("hard_sigmoid", 1 / 6, 0.5)
    net.add(Gate, (wide, factor))
    branch = net.conv(8, 1)
    net.add(Sum, (trunk, branch), multipliers=(1.0, 1.0))
    net.pool(AveragePool, 8)
    net.dense(10)
    net.function("silu", 1.0)
    net.dense(5)
    model, _ = _quantised(net, 22)
    assert "gate" in _kinds(model)
    assert sum(bool(step.table) for step in model.architecture.requantisations) >= 5


@pytest.mark.parametrize(
    "function",
    [
        ("sigmoid",),
        ("tanh",),
        ("gelu",),
        ("gelu_tanh",),
        ("silu", 1.0),
        ("elu", 1.0),
        ("softplus",),
        ("erf",),
        ("leaky_relu", 0.1),
        ("clip", -0.5, 0.7),
        ("affine", -2.0, 0.5),
    ],
)
def test_tables(function: tuple[Any, ...]) -> None:
    net = Net((2, 6, 6), seed=5)
    net.conv(6)
    net.function(*function)
    net.conv(6)
    net.function(*function)
    net.dense(4)
    _quantised(net, 26)


@pytest.mark.parametrize("slopes", [(0.1, 0.3, 0.0, 1.0), (0.1, 2.0, -1.0, 0.5)])
def test_slopes_of_channels(slopes: tuple[float, ...]) -> None:
    net = Net((2, 6, 6), seed=6)
    net.conv(4)
    net.function("prelu", *slopes)
    net.conv(4)
    net.dense(4)
    _quantised(net, 28)


def test_views_sums_and_functions_of_the_input() -> None:
    net = Net((6, 6, 2), seed=7)
    chw = net.add(Transpose, axes=(2, 0, 1))
    doubled = net.add(Sum, (chw, chw), multipliers=(1.0, 0.5))
    pooled = net.add(MaxPool, (chw,), kernel=(3, 3), stride=(1, 1), padding=(1, 1, 1, 1))
    average = net.add(AveragePool, (chw,), kernel=(3, 3), padding=(1, 1, 1, 1), exclude_padding=True)
    square = net.add(Gate, (chw, chw))
    bent = net.function("tanh", source=chw)
    net.add(Concatenate, (chw, doubled, pooled, average, square, bent))
    net.add(Pad, padding=(1, 0, 0, 1))
    net.add(Slice, start=1, stop=12)
    net.conv(5)
    net.add(AveragePool, kernel=(3, 3), padding=(1, 1, 1, 1), stride=(2, 2), exclude_padding=True)
    net.dense(4)
    _quantised(net, 30)


def test_concatenation_with_one_scale() -> None:
    net = Net((2, 6, 6), seed=8)
    first = net.conv(3)
    second = net.conv(3, source=0)
    joined = net.add(Concatenate, (first, second))
    net.conv(6)
    net.add(Sum, (joined, net.last), multipliers=(1.0, -0.5))
    net.dense(4)
    _quantised(net, 23)


def test_normalisations_that_fold_nowhere() -> None:
    net = Net((2, 6, 6), seed=10)
    net.add(Affine, scale=np.array([2.0, 0.5]), shift=np.array([-0.5, 0.1]))
    net.conv(4)
    net.function("relu")
    net.add(Affine, scale=np.array([1.0, -1.0, 0.3, 2.0]), shift=np.array([0.1, 0.2, 0.0, 1.0]))
    net.add(Affine, scale=np.full(4, 3.0), shift=np.zeros(4))
    net.add(Reshape, target=(144,))
    net.add(Affine, scale=np.linspace(0.5, 1.5, 144), shift=np.zeros(144))
    net.dense(4)
    _quantised(net, 25)


@pytest.mark.parametrize("end", ["sum", "gate", "average pool", "max pool", "relu", "slice"])
def test_ends(end: str) -> None:
    net = Net((2, 6, 6), seed=11)
    first = net.conv(3)
    second = net.conv(3, source=0)
    match end:
        case "sum":
            net.add(Sum, (first, second), multipliers=(1.0, 0.3))
        case "gate":
            net.add(Gate, (first, second))
        case "average pool":
            net.add(AveragePool, kernel=(5, 5), padding=(1, 1, 1, 1), exclude_padding=True)
        case "max pool":
            net.pool(MaxPool, 6)
        case "relu":
            net.function("relu")
        case _:
            net.add(Slice, start=1, stop=3)
    graph = net.graph()
    images = _images(graph.input_shape, 60)
    model, _ = quantize(graph, images, input_range=(-1, 1))
    integers = np.floor(images * 127 + 0.5).astype(np.int64).reshape(60, -1).T
    logits = evaluate(model.architecture, model.kernels, model.biases, integers).logits
    floats = graph.logits(images).T
    assert logits.shape == floats.shape
    scale = (logits * floats).sum() / (logits.astype(np.float64) ** 2).sum()
    assert ((scale * logits - floats) ** 2).sum() < 3e-3 * (floats**2).sum()


def test_channels_that_are_zero_dead_or_huge() -> None:
    net = Net((2, 6, 6), seed=12)
    net.conv(8)
    first = net.layers[-1]
    assert isinstance(first, Convolution)
    first.weight[0] = 0.0
    first.bias[0] = 0.0
    first.weight[1] = 0.0
    first.bias[2] = -100.0
    first.weight[3] *= 1e4
    first.bias[3] *= 1e4
    first.weight[4] *= 1e-4
    first.bias[4] *= 1e-4
    net.function("relu")
    net.conv(4)
    second = net.layers[-1]
    assert isinstance(second, Convolution)
    second.weight[:, 3] *= 1e-4
    second.weight[:, 4] *= 1e4
    net.dense(3)
    _quantised(net, 31)


def test_deterministic_and_one_sample() -> None:
    net = Net((2, 6, 6), seed=13)
    first = net.conv(4)
    net.function("relu")
    net.add(Sum, (net.conv(4), first), multipliers=(1.0, 1.0))
    net.dense(3)
    images = _images((2, 6, 6), 20)
    for samples in (1, 20):
        models = [quantize(net.graph(), images[:samples])[0] for _ in range(2)]
        assert model_bytes(models[0]) == model_bytes(models[1])


@pytest.mark.parametrize("ranges", ["automatic", "min-max", "percentile", "mean-squared-error"])
def test_ranges(ranges: str) -> None:
    net = Net((2, 6, 6), seed=14)
    net.conv(4)
    net.function("relu")
    net.dense(3)
    images = _images((2, 6, 6), 50)
    percentile = 99.0 if ranges == "percentile" else 100.0
    _, report = quantize(net.graph(), images, ranges=ranges, percentile=percentile)
    assert report.layers[-1].decibels >= 25
    assert (report.saturated[0] > 0) or ranges != "percentile"


def test_unknown_ranges() -> None:
    net = Net((4,))
    net.dense(2)
    with pytest.raises(InvalidInput, match="ranges 'best'"):
        quantize(net.graph(), np.ones((3, 4)), ranges="best")


def test_a_function_for_each_channel_needs_slopes() -> None:
    net = Net((2, 4, 4))
    net.conv(2)
    inner = Function(name="prelu", parameters=(0.1, 0.2))
    net.add(Activation, function=Function(name="sum", parameters=(1.0, 1.0), operands=(inner, RELU)))
    net.dense(2)
    with pytest.raises(InvalidInput, match=r"activation 2: .*table"):
        quantize(net.graph(), _images((2, 4, 4), 5))


def test_overflow_names_the_layer() -> None:
    net = Net((2,))
    net.add(Dense, weight=np.full((2, 2), 1e200), bias=np.zeros(2))
    net.function("relu")
    net.add(Dense, weight=np.full((2, 2), 1e200), bias=np.zeros(2))
    with pytest.raises(InvalidInput, match="dense 3: values overflow"):
        quantize(net.graph(), np.ones((3, 2)))


def test_a_warning_names_the_worst_layer() -> None:
    """One cell that dwarfs all others leaves a shared scale no room for them."""
    net = Net((2, 6, 6), seed=15)
    net.conv(4)
    first = net.layers[-1]
    assert isinstance(first, Convolution)
    first.bias[0] = 1e4
    net.add(Sum, (1, 1), multipliers=(1.0, -0.5))
    dense = net.dense(3)
    last = net.layers[dense - 1]
    assert isinstance(last, Dense)
    last.weight[:, :36] = 0.0
    images = _images((2, 6, 6), 80)
    labels = net.graph().predictions(images)
    _, report = quantize(net.graph(), images, labels)
    assert "points less accurate" in report.warnings[0]
    assert "convolution 1" in report.warnings[0]


def test_wide_windows_keep_their_bounds() -> None:
    net = Net((1, 64, 64), seed=16)
    net.conv(2, 3)
    net.function("relu")
    net.pool(AveragePool, 64)
    net.dense(2)
    model, _ = _quantised(net, 29, samples=20)
    assert isinstance(model.architecture.layers[0], IntegerConvolution)


_STEPS: dict[str, Any] = {
    "convolution": lambda net: net.conv(3),
    "relu": lambda net: net.function("relu"),
    "ceiling": lambda net: net.function("clip", 0.0, 2.0),
    "tanh": lambda net: net.function("tanh"),
    "elu": lambda net: net.function("elu", 1.0),
    "slopes": lambda net: net.function("prelu", 0.1, 2.0, -1.0),
    "sum": lambda net: net.add(Sum, (net.last, 1), multipliers=(1.0, -3.0)),
    "gate": lambda net: net.add(Gate, (net.last, 1)),
    "average": lambda net: net.add(AveragePool, kernel=(3, 3), padding=(1, 1, 1, 1), exclude_padding=True),
    "maximum": lambda net: net.add(MaxPool, kernel=(3, 3), padding=(1, 1, 1, 1)),
    "affine": lambda net: net.add(Affine, scale=net.random.normal(size=3), shift=net.random.normal(size=3)),
    "concatenation": lambda net: net.conv(3, source=net.add(Concatenate, (net.last, 1))),
}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_graph_gives_a_valid_model(data: st.DataObject) -> None:
    """Weights and inputs of any size, down to zero, leave integers within their bounds."""
    net = Net((2, 5, 5), seed=data.draw(st.integers(0, 2**32)))
    sizes = st.sampled_from([0.0, 1e-30, 1e-3, 1.0, 1.0, 1e4, 1e20])
    net.conv(3)
    for step in data.draw(st.lists(st.sampled_from(sorted(_STEPS)), min_size=1, max_size=6)):
        _STEPS[step](net)
    net.dense(3)
    for layer in net.layers:
        if isinstance(layer, (Convolution, Dense)):
            layer.weight[...] *= data.draw(sizes)
            layer.bias[...] *= data.draw(sizes)
    images = _images((2, 5, 5), data.draw(st.integers(1, 10))) * data.draw(sizes)
    model, _ = quantize(net.graph(), images)
    low, high = model.architecture.input_low, model.architecture.input_high
    trace = evaluate(model.architecture, model.kernels, model.biases, net.random.integers(low, high + 1, (50, 20)))
    for values, bound in zip(trace.accumulators, accumulator_bounds(model.architecture), strict=True):
        assert np.abs(values).max() <= bound


def test_a_layer_that_needs_it_takes_weights_of_two_limbs() -> None:
    """Exact inputs and no rounding behind: only the weights err, and a second limb divides that error by far."""
    generator = np.random.default_rng(5)
    weight, images = generator.normal(size=(3, 20)), generator.integers(0, 256, (200, 20))
    model, _ = quantize_arrays([weight], [None], images)
    (layer,) = model.architecture.weighted_layers
    assert layer.weight_limbs == 2
    logits = evaluate(model.architecture, model.kernels, model.biases, images.T).logits
    scale = np.abs(weight).max() / np.abs(model.kernels[0]).max()
    assert np.abs(logits.T * scale - images @ weight.T).max() < 0.2


def test_a_layer_too_wide_for_two_limbs_keeps_one() -> None:
    generator = np.random.default_rng(5)
    model, _ = quantize_arrays([generator.normal(size=(3, 200))], [None], generator.integers(0, 256, (50, 200)))
    assert model.architecture.weighted_layers[0].weight_limbs == 1
