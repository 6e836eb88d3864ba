"""An evaluator of the integer semantics in plain Python, sample by sample and cell by cell."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import pytest

FILE = Path(__file__).parents[2] / "vectors" / "evaluation.json"

Layer = dict[str, Any]
Shape = tuple[int, ...]
Tensor = tuple[Shape, list[int]]
CLAMPS = {"relu": (0, 255), "identity": (-128, 127)}


def cases() -> list[Any]:
    """The cases as parameters of a test."""
    every = json.loads(FILE.read_text(encoding="utf-8"))["cases"]
    return [pytest.param(entry["input"], entry["expected"], id=entry["name"]) for entry in every]


@pytest.mark.parametrize(("given", "expected"), cases())
def test_logits_and_predictions(given: dict[str, Any], expected: dict[str, Any]) -> None:
    architecture = given["architecture"]
    for sample, logits, prediction in zip(given["samples"], expected["logits"], expected["predictions"], strict=True):
        found = logits_of(architecture, given["weight cells"], sample)
        assert found == logits
        assert found.index(max(found)) == prediction


def logits_of(architecture: dict[str, Any], cells: list[int], sample: list[int]) -> list[int]:
    """The last tensor of a network."""
    rest = iter(cells)
    tensors: list[Tensor] = [(tuple(architecture["input_shape"]), sample)]
    for layer in architecture["layers"]:
        read = [tensors[source] for source in layer.get("sources", [len(tensors) - 1])]
        tensors.append(apply(layer, read, rest))
    assert next(rest, None) is None
    return tensors[-1][1]


def apply(layer: Layer, read: list[Tensor], cells: Iterator[int]) -> Tensor:
    """One layer."""
    kind, (shape, values) = layer["kind"], read[0]
    if kind in ("dense", "convolution"):
        return weighted(layer, shape, values, cells)
    if kind in ("sum", "gate"):
        return elementwise(layer, read)
    if kind in ("sum pool", "max pool"):
        return pooled(layer, shape, values)
    if kind == "requantise":
        return shape, requantised(layer, shape, values)
    return viewed(layer, read)


def integers(cells: Iterator[int], limbs: int, size: int) -> list[int]:
    """Integers whose limbs lie one array after the other."""
    parts = [[next(cells) for _ in range(size)] for _ in range(limbs)]
    return [sum(256**limb * part[i] for limb, part in enumerate(parts)) for i in range(size)]


def weighted(layer: Layer, shape: Shape, values: list[int], cells: Iterator[int]) -> Tensor:
    """A dense layer or a convolution."""
    limbs = layer.get("weight_limbs", 1)
    if layer["kind"] == "dense":
        rows, width = layer["outputs"], layer["inputs"]
        kernel, bias = integers(cells, limbs, rows * width), integers(cells, layer["bias_limbs"], rows)
        sums = [sum(kernel[o * width + i] * x for i, x in enumerate(values)) + bias[o] for o in range(rows)]
        return (rows,), sums
    filters, members = layer["filters"], layer["channels"] // layer["groups"]
    kh, kw = layer["kernel"]
    kernel = integers(cells, limbs, filters * members * kh * kw)
    bias = integers(cells, layer["bias_limbs"], filters)
    height, width = (windows(layer, shape, axis) for axis in (0, 1))
    result = []
    for o, y, x in product(range(filters), height, width):
        total = bias[o]
        for c, (i, row), (j, column) in product(range(members), enumerate(y), enumerate(x)):
            if 0 <= row < shape[1] and 0 <= column < shape[2]:
                channel = o * layer["groups"] // filters * members + c
                cell = values[(channel * shape[1] + row) * shape[2] + column]
                total += kernel[((o * members + c) * kh + i) * kw + j] * cell
        result.append(total)
    return (filters, len(height), len(width)), result


def windows(layer: Layer, shape: Shape, axis: int) -> list[list[int]]:
    """For each output along an axis the places of its taps, some outside."""
    kernel, stride = layer["kernel"][axis], layer["stride"][axis]
    dilation = layer.get("dilation", [1, 1])[axis]
    before, after = layer["padding"][axis], layer["padding"][axis + 2]
    outputs = (shape[1 + axis] + before + after - dilation * (kernel - 1) - 1) // stride + 1
    return [[stride * y + dilation * i - before for i in range(kernel)] for y in range(outputs)]


def elementwise(layer: Layer, read: list[Tensor]) -> Tensor:
    """A sum or a gate, a source of one element a channel being spread."""
    full = read[0][0] if layer["kind"] == "gate" else max((shape for shape, _ in read), key=prod)
    inner = prod(full[1:])
    spread = [values if shape == full else [value for value in values for _ in range(inner)] for shape, values in read]
    columns = list(zip(*spread, strict=True))
    if layer["kind"] == "gate":
        return full, [a * b for a, b in columns]
    return full, [sum(m * x for m, x in zip(layer["multipliers"], cells, strict=True)) for cells in columns]


def pooled(layer: Layer, shape: Shape, values: list[int]) -> Tensor:
    """A sum pool or a max pool."""
    height, width = (windows(layer, shape, axis) for axis in (0, 1))
    result = []
    for c, rows, columns in product(range(shape[0]), height, width):
        inside = [
            values[(c * shape[1] + row) * shape[2] + column]
            for row, column in product(rows, columns)
            if 0 <= row < shape[1] and 0 <= column < shape[2]
        ]
        if layer["kind"] == "max pool":
            result.append(max(inside))
            continue
        multiplier, count = layer["multiplier"], len(inside)
        if layer["exclude_padding"]:
            multiplier = (multiplier * prod(layer["kernel"]) + count // 2) // count
        result.append(multiplier * sum(inside))
    return (shape[0], len(height), len(width)), result


def requantised(layer: Layer, shape: Shape, values: list[int]) -> list[int]:
    """Rounded half up, saturated, and looked up."""
    shift, inner = layer["shift"], prod(shape[1:])
    half = 2 ** (shift - 1) if shift else 0
    factors = layer.get("multipliers") or [1] * shape[0]
    quotients = [(factors[i // inner] * value + half) // 2**shift for i, value in enumerate(values)]
    if layer["activation"] == "table":
        table, low = layer["table"], layer.get("table_low", 0)
        return [table[min(max(q, low), low + len(table) - 1) - low] for q in quotients]
    low, high = CLAMPS[layer["activation"]]
    return [min(max(q, low), high) for q in quotients]


def viewed(layer: Layer, read: list[Tensor]) -> Tensor:
    """A view."""
    kind, (shape, values) = layer["kind"], read[0]
    if kind == "reshape":
        return tuple(layer["shape"]), values
    if kind == "concatenate":
        joined = [value for _, part in read for value in part]
        return (sum(own[0] for own, _ in read), *shape[1:]), joined
    if kind == "slice":
        inner = prod(shape[1:])
        return (layer["stop"] - layer["start"], *shape[1:]), values[layer["start"] * inner : layer["stop"] * inner]
    cells = dict(zip(product(*map(range, shape)), values, strict=True))
    if kind == "transpose":
        axes = layer["axes"]
        result = tuple(shape[axis] for axis in axes)
        places = product(*map(range, result))
        return result, [cells[tuple(place[axes.index(k)] for k in range(len(axes)))] for place in places]
    assert kind == "pad"
    top, left, bottom, right = layer["padding"]
    result = (shape[0], shape[1] + top + bottom, shape[2] + left + right)
    return result, [cells.get((c, y - top, x - left), 0) for c, y, x in product(*map(range, result))]
