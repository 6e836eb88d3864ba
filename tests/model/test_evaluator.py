"""The reference evaluator against Python integers, sample by sample."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zkaudit.errors import InvalidInput
from zkaudit.model.architecture import (
    Architecture,
    Concatenate,
    Convolution,
    Dense,
    Gate,
    Layer,
    MaxPool,
    Pad,
    Requantise,
    Reshape,
    Slice,
    Sum,
    SumPool,
    Transpose,
)
from zkaudit.model.evaluator import evaluate


def _network(widths: list[int], steps: list[Requantise]) -> Architecture:
    layers: list[Dense | Requantise] = []
    for number, (inputs, outputs) in enumerate(pairwise(widths)):
        layers += [Dense(inputs=inputs, outputs=outputs, bias_limbs=3), *steps[number : number + 1]]
    return Architecture(
        input_shape=(widths[0],), input_low=-128, input_high=255, input_scale=(1.0).hex(), layers=tuple(layers)
    )


def _by_hand(steps: list[Requantise], kernels: list[list[list[int]]], biases: list[list[int]], x: list[int]) -> int:
    for number, (kernel, bias) in enumerate(zip(kernels, biases, strict=True)):
        x = [sum(w * v for w, v in zip(row, x, strict=True)) + b for row, b in zip(kernel, bias, strict=True)]
        if number < len(steps):
            step = steps[number]
            rounding = 2 ** (step.shift - 1) if step.shift else 0
            x = [min(max((a + rounding) // 2**step.shift, step.low), step.high) for a in x]
    return x.index(max(x))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_against_python_integers(data: st.DataObject) -> None:
    widths = data.draw(st.lists(st.integers(1, 5), min_size=2, max_size=4))
    step = st.builds(Requantise, shift=st.integers(0, 12), activation=st.sampled_from(["relu", "identity"]))
    steps = [data.draw(step) for _ in widths[2:]]
    random = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    kernels = [random.integers(-128, 128, (o, i)).astype(np.int8) for i, o in pairwise(widths)]
    biases = [random.integers(-(10**6), 10**6, o) for o in widths[1:]]
    inputs = random.integers(-128, 256, (widths[0], data.draw(st.integers(1, 4))))
    trace = evaluate(_network(widths, steps), kernels, biases, inputs)
    expected = [
        _by_hand(steps, [k.tolist() for k in kernels], [b.tolist() for b in biases], inputs[:, n].tolist())
        for n in range(inputs.shape[1])
    ]
    assert trace.predictions.tolist() == expected


def test_saturation_rounding_and_ties() -> None:
    architecture = _network([1, 2, 3], [Requantise(shift=1, activation="relu")])
    kernels = [np.array([[1], [-1]], np.int8), np.array([[1, 0], [1, 0], [0, 1]], np.int8)]
    biases = [np.array([400, 0]), np.array([0, 0, 0])]
    trace = evaluate(architecture, kernels, biases, np.array([[200, 5, -128]]))
    # 600 / 2 saturates at 255; 405 / 2 = 202.5 rounds up; -200 is cut to zero by ReLU.
    assert trace.outputs[0].tolist() == [[255, 203, 136], [0, 0, 64]]
    # Classes 0 and 1 always tie, and the lower index wins.
    assert trace.predictions.tolist() == [0, 0, 0]
    assert [values.shape for values in trace.accumulators] == [(2, 3), (3, 3)]
    assert trace.logits is trace.accumulators[-1]


def test_one_class_and_one_sample() -> None:
    trace = evaluate(_network([2, 1], []), [np.array([[1, 1]], np.int8)], [np.array([-9])], np.array([[3], [4]]))
    assert trace.predictions.tolist() == [0]
    assert trace.logits.tolist() == [[-2]]


def test_wrong_shape() -> None:
    with pytest.raises(InvalidInput, match="shape"):
        evaluate(_network([2, 1], []), [np.ones((1, 2), np.int8)], [np.zeros(1, np.int64)], np.zeros((3, 1), np.int64))


Cells = dict[tuple[int, ...], int]
"""One sample's tensor by place."""

GRAPH: tuple[Layer, ...] = (
    Convolution(
        channels=2,
        filters=4,
        kernel=(3, 2),
        stride=(2, 1),
        dilation=(1, 2),
        padding=(1, 0, 2, 1),
        groups=2,
        bias_limbs=1,
    ),
    Requantise(shift=8, activation="relu"),
    MaxPool(kernel=(2, 2), stride=(1, 2), dilation=(1, 1), padding=(0, 1, 1, 0)),
    SumPool(kernel=(2, 2), stride=(1, 2), padding=(0, 1, 1, 0), multiplier=5, exclude_padding=True, sources=(2,)),
    Requantise(shift=3, activation="identity", multipliers=(1, -2, 3, 1)),
    SumPool(kernel=(3, 3), stride=(1, 1), padding=(0, 0, 0, 0), multiplier=21, exclude_padding=False),
    Requantise(shift=6, activation="table", table=tuple(range(-100, 100, 7)), table_low=-9),
    Gate(sources=(3, 7)),
    Requantise(shift=5, activation="identity"),
    Sum(multipliers=(3, -7, 2), sources=(9, 5, 7)),
    Requantise(shift=2, activation="identity"),
    Concatenate(sources=(11, 3)),
    Slice(start=2, stop=7),
    Pad(padding=(1, 0, 0, 2)),
    Transpose(axes=(2, 0, 1)),
    Reshape(shape=(25, 4)),
    Dense(inputs=100, outputs=4, bias_limbs=1),
)


def _rounded(value: int, step: Requantise) -> int:
    quotient = (value + (1 << step.shift) // 2) // (1 << step.shift)
    if step.activation != "table":
        return min(max(quotient, step.low), step.high)
    return step.table[min(max(quotient - step.table_low, 0), len(step.table) - 1)]


def _windows(shape: tuple[int, ...], layer: Convolution | MaxPool | SumPool, values: Cells) -> dict[Any, Cells]:
    """The real cells of each window, (channel, y, x) -> tap -> value, for outputs of a shape."""
    dilation = layer.dilation if not isinstance(layer, SumPool) else (1, 1)
    found: dict[Any, Cells] = {}
    for c, y, x in product({place[0] for place in values}, range(shape[1]), range(shape[2])):
        window = found.setdefault((c, y, x), {})
        for i, j in product(range(layer.kernel[0]), range(layer.kernel[1])):
            row = layer.stride[0] * y + dilation[0] * i - layer.padding[0]
            column = layer.stride[1] * x + dilation[1] * j - layer.padding[1]
            if (c, row, column) in values:
                window[i, j] = values[c, row, column]
    return found


def _layer_by_hand(
    layer: Layer, read: list[Cells], shape: tuple[int, ...], weights: Iterator[tuple[Any, Any]]
) -> Cells:
    """One layer on one sample, by its definition in Python integers."""
    first = read[0]
    places = list(product(*map(range, shape)))
    flat = [first[place] for place in sorted(first)]

    def at(values: Cells, place: tuple[int, ...]) -> int:
        return values[place] if place in values else values[place[0], 0, 0]

    match layer:
        case Dense():
            kernel, bias = next(weights)
            return {
                (o,): sum(int(k) * v for k, v in zip(kernel[o], flat, strict=True)) + int(bias[o]) for (o,) in places
            }
        case Convolution():
            kernel, bias = next(weights)
            windows = _windows(shape, layer, first)
            members, filters = kernel.shape[1], layer.filters // layer.groups
            return {
                (o, y, x): int(bias[o])
                + sum(
                    int(kernel[o, c][tap]) * value
                    for c in range(members)
                    for tap, value in windows[o // filters * members + c, y, x].items()
                )
                for o, y, x in places
            }
        case Requantise():
            factors = layer.multipliers or (1,) * shape[0]
            return {place: _rounded(factors[place[0]] * first[place], layer) for place in places}
        case Sum():
            return {
                place: sum(m * at(values, place) for m, values in zip(layer.multipliers, read, strict=True))
                for place in places
            }
        case Gate():
            return {place: first[place] * at(read[1], place) for place in places}
        case MaxPool():
            windows = _windows(shape, layer, first)
            return {place: max(windows[place].values()) for place in places}
        case SumPool():
            windows, area = _windows(shape, layer, first), layer.kernel[0] * layer.kernel[1]
            result = {}
            for place in places:
                cells = windows[place].values()
                count = len(cells) if layer.exclude_padding else area
                result[place] = (layer.multiplier * area + count // 2) // count * sum(cells)
            return result
        case Reshape():
            return dict(zip(places, flat, strict=True))
        case Transpose():
            return {
                place: first[tuple(place[layer.axes.index(axis)] for axis in range(len(shape)))] for place in places
            }
        case Concatenate():
            length = 1 + max(place[0] for place in first)
            return first | {(place[0] + length, *place[1:]): value for place, value in read[1].items()}
        case Pad():
            return {(c, y, x): first.get((c, y - layer.padding[0], x - layer.padding[1]), 0) for c, y, x in places}
        case Slice():
            return {place: first[place[0] + layer.start, *place[1:]] for place in places}
    raise AssertionError(layer.kind)


@pytest.mark.parametrize("seed", range(3))
def test_every_kind_against_python_integers(seed: int) -> None:
    architecture = Architecture(
        input_shape=(2, 5, 6), input_low=-128, input_high=255, input_scale=(1.0).hex(), layers=GRAPH
    )
    random = np.random.default_rng(seed)
    kernels = [random.integers(-128, 128, layer.kernel_shape).astype(np.int8) for layer in architecture.weighted_layers]
    biases = [random.integers(-100, 100, layer.kernel_shape[0]) for layer in architecture.weighted_layers]
    inputs = random.integers(-128, 256, (60, 2))
    trace = evaluate(architecture, kernels, biases, inputs)
    assert [values.shape for values in trace.tensors] == [(*shape, 2) for shape in architecture.shapes]
    for sample in range(2):
        places = product(range(2), range(5), range(6))
        tensors: list[Cells] = [dict(zip(places, map(int, inputs[:, sample]), strict=True))]
        weights = zip(kernels, biases, strict=True)
        for number, layer in enumerate(architecture.layers, 1):
            read = [tensors[source] for source in layer.sources]
            tensors.append(_layer_by_hand(layer, read, architecture.shapes[number], weights))
            assert {p: int(trace.tensors[number][(*p, sample)]) for p in tensors[-1]} == tensors[-1], layer.kind
        logits = [tensors[-1][place] for place in sorted(tensors[-1])]
        assert trace.predictions[sample] == logits.index(max(logits))
    for number, interval in enumerate(architecture.intervals):
        if interval is not None:
            assert interval[0] <= trace.tensors[number].min() <= trace.tensors[number].max() <= interval[1]


def test_activation_as_the_output() -> None:
    layers = (Sum(multipliers=(2,)), Requantise(shift=1, activation="relu"), _identity(), Requantise(**_RELU))
    architecture = Architecture(
        input_shape=(2, 1, 2), input_low=-9, input_high=9, input_scale=(1.0).hex(), layers=layers
    )
    kernel = np.eye(2, dtype=np.int8).reshape(2, 2, 1, 1)
    trace = evaluate(architecture, [kernel], [np.zeros(2, np.int64)], np.array([[-3], [1], [7], [7]]))
    # The last tensor has shape (2, 1, 2): its cells are the classes in row-major order.
    assert trace.logits.tolist() == [[0], [1], [7], [7]]
    assert trace.predictions.tolist() == [2]
    assert len(trace.accumulators) == len(trace.outputs) == 2


_RELU: Any = {"shift": 0, "activation": "relu"}


def _identity() -> Convolution:
    return Convolution(
        channels=2,
        filters=2,
        kernel=(1, 1),
        stride=(1, 1),
        dilation=(1, 1),
        padding=(0, 0, 0, 0),
        groups=1,
        bias_limbs=1,
    )
