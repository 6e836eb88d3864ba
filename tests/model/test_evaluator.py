"""The reference evaluator against Python integers, sample by sample."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zkaudit.errors import InvalidInput
from zkaudit.model.architecture import Architecture, Dense, Requantise
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
