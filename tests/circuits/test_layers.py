"""Small networks, each with one oddity: the second verifier makes the same circuit, and an honest witness meets it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.cases import network_case
from tests.networks import NETWORKS, average, convolution, dense, identity, maximum, relu, squash
from tests.test_second_circuits import compare
from zkaudit.builder import CircuitBuilder
from zkaudit.checking import check_columns
from zkaudit.model.architecture import (
    Architecture,
    Concatenate,
    Gate,
    Layer,
    MaxPool,
    Pad,
    Requantise,
    Reshape,
    Shape,
    Slice,
    Sum,
    SumPool,
    Transpose,
)
from zkaudit.relation import Interval
from zkaudit_circuits.requantise import Requantisation, apply_table, quotients, requantise

BYTES = (0, 255)
SIGNED = (-128, 127)
ABOVE = Requantise(shift=2, activation="table", table=tuple(range(20, 90)), table_low=-30)
BELOW = Requantise(shift=2, activation="table", table=tuple(range(-90, -20)), table_low=-30)
OFF_ZERO = (
    Requantise(shift=3, activation="table", table=tuple(range(40)), table_low=9),
    Requantise(shift=3, activation="table", table=tuple(range(40)), table_low=-46),
)
"""Clamps that end on one side of zero."""
WINDOW = {"kernel": (2, 3), "stride": (2, 1), "padding": (1, 2, 0, 1)}


def pooled(multiplier: int, exclude: bool, source: int = 0) -> SumPool:
    """A sum pool without symmetry."""
    sources = (source,) if source else ()
    return SumPool(**WINDOW, multiplier=multiplier, exclude_padding=exclude, sources=sources)  # type: ignore[arg-type]


ODDITIES: dict[str, tuple[Shape, tuple[Layer, ...], int, tuple[int, int]]] = {
    **{name: (shape, layers, samples, BYTES) for name, (shape, layers, samples) in NETWORKS.items()},
    "narrow": ((2,), (dense(2, 2), relu(8), dense(2, 2)), 300, BYTES),
    "narrow with a table": ((2,), (dense(2, 2), squash(9), dense(2, 2)), 300, SIGNED),
    "just narrow": ((127,), (Sum(multipliers=(5,)), relu(0), dense(127, 2)), 8, (-3, 200)),
    "just wide": ((126,), (Sum(multipliers=(5,)), relu(0), dense(126, 2)), 8, (-3, 200)),
    "a table narrow by one column": ((3,), (Sum(multipliers=(1,)), squash(0), dense(3, 2)), 64, (-128, 127)),
    "nothing to clamp": ((3,), (Sum(multipliers=(1,)), relu(0), dense(3, 2)), 3, BYTES),
    "nothing to clamp, signed": ((3,), (Sum(multipliers=(1,)), identity(0), dense(3, 2)), 3, SIGNED),
    "only above the clamp": ((3,), (Sum(multipliers=(9,)), identity(0), dense(3, 2)), 3, (-14, 255)),
    "only below the clamp": ((3,), (Sum(multipliers=(1,)), relu(0), dense(3, 2)), 3, (-128, 255)),
    "shift of one": ((3,), (Sum(multipliers=(9,)), identity(1), dense(3, 2)), 3, (-57, 255)),
    "activations at the end, up to 255": ((3,), (dense(3, 2), relu(7)), 3, BYTES),
    "activations at the end, from -128": ((3,), (dense(3, 2), identity(7)), 3, BYTES),
    "inputs of zero": ((3,), (dense(3, 2),), 2, (0, 0)),
    "one class": ((3,), (dense(3, 4), relu(7), dense(4, 1)), 3, BYTES),
    "factors of both signs": ((2, 3), (Sum(multipliers=(3,)), identity(3, (-5, 4)), dense(6, 2)), 3, (-3, 200)),
    "factors below zero": ((2, 3), (Sum(multipliers=(3,)), identity(3, (-5, -2)), dense(6, 2)), 3, (-3, 200)),
    "factors with zero": ((2, 3), (Sum(multipliers=(3,)), relu(3, (0, 6)), dense(6, 2)), 3, BYTES),
    "convolution with factors": (
        (2, 4, 5),
        (convolution(2, 4, (2, 3), stride=(1, 2), groups=2), squash(9), dense(24, 4), identity(9, (3, -1, 2, 5))),
        2,
        (-3, 200),
    ),
    "limbs": (
        (3,),
        (
            replace(dense(3, 4), bias_limbs=3, weight_limbs=2),
            relu(14),
            replace(dense(4, 3), bias_limbs=3),
            relu(9),
            replace(dense(3, 2), bias_limbs=3, weight_limbs=2),
        ),
        2,
        BYTES,
    ),
    "residuals and gates that are spread out": (
        (3, 2, 4),
        (
            Sum(multipliers=(1,)),
            identity(0),
            SumPool(kernel=(2, 4), stride=(1, 1), padding=(0, 0, 0, 0), multiplier=1, exclude_padding=False),
            identity(3),
            Gate(sources=(2, 4)),
            identity(6, (2, -3, 1)),
            Sum(multipliers=(-3, 2, 7), sources=(4, 2, 4)),
            identity(3, (1, -2, 3)),
            Sum(multipliers=(1, 1), sources=(6, 8)),
            relu(0),
            dense(24, 2),
        ),
        3,
        SIGNED,
    ),
    "gates of intervals beside zero": (
        (4,),
        (
            Sum(multipliers=(1,)),
            ABOVE,
            Sum(multipliers=(-1,), sources=(0,)),
            BELOW,
            Gate(sources=(2, 4)),
            identity(5),
            Gate(sources=(4, 4)),
            relu(5),
            Gate(sources=(2, 2)),
            relu(5),
            Concatenate(sources=(6, 8, 10)),
            dense(12, 2),
        ),
        3,
        SIGNED,
    ),
    "pools of an interval above zero": (
        (2, 5, 4),
        (
            Sum(multipliers=(1,)),
            ABOVE,
            pooled(7, False),
            identity(4),
            pooled(7, True, 2),
            relu(4, (1, -2)),
            Sum(multipliers=(1, 1), sources=(4, 6)),
            relu(0),
            dense(30, 2),
        ),
        2,
        SIGNED,
    ),
    "pools of an interval below zero": (
        (2, 5, 4),
        (Sum(multipliers=(1,)), BELOW, pooled(7, False), identity(4, (3, 1)), dense(30, 2)),
        2,
        SIGNED,
    ),
    "a clamp above zero": (
        (2, 5, 4),
        (Sum(multipliers=(1,)), ABOVE, pooled(7, False), OFF_ZERO[0], dense(30, 2)),
        2,
        SIGNED,
    ),
    "a clamp below zero": (
        (2, 5, 4),
        (Sum(multipliers=(1,)), BELOW, pooled(7, False), OFF_ZERO[1], dense(30, 2)),
        2,
        SIGNED,
    ),
    "padding of an interval above zero": (
        (1, 1, 1),
        (
            Sum(multipliers=(1,)),
            ABOVE,
            Pad(padding=(1, 1, 0, 1)),
            maximum((2, 2), (1, 1), (0, 0, 0, 0)),
            dense(2, 2),
        ),
        2,
        SIGNED,
    ),
    "padding of an interval below zero": (
        (1, 1, 2),
        (
            Sum(multipliers=(1,)),
            BELOW,
            Pad(padding=(1, 1, 0, 1)),
            maximum((2, 2), (1, 1), (0, 0, 0, 0)),
            dense(3, 2),
        ),
        2,
        SIGNED,
    ),
    "a sum pool as the output": (
        (2, 4, 4),
        (replace(convolution(2, 2), bias_limbs=3), relu(8), average(2)),
        3,
        BYTES,
    ),
    "maxima of many": (
        (2, 6, 7),
        (
            Sum(multipliers=(1,)),
            ABOVE,
            MaxPool(kernel=(3, 5), stride=(2, 1), dilation=(2, 1), padding=(1, 2, 0, 1)),
            MaxPool(kernel=(1, 3), stride=(1, 2), dilation=(1, 2), padding=(0, 1, 0, 2)),
            dense(12, 2),
        ),
        2,
        SIGNED,
    ),
    "maxima of a view, and as the output": (
        (2, 3, 3),
        (
            Sum(multipliers=(1,)),
            identity(0),
            Transpose(axes=(1, 2, 0)),
            Pad(padding=(1, 0, 0, 2)),
            maximum((2, 2), (1, 2), (0, 1, 1, 0)),
            replace(convolution(3, 2, (2, 2)), sources=(5,)),
            identity(8),
            maximum((2, 1), (1, 1), (0, 0, 0, 0)),
        ),
        2,
        SIGNED,
    ),
    "views of the input": (
        (2, 3, 4),
        (
            Pad(padding=(1, 0, 2, 1)),
            Transpose(axes=(2, 0, 1)),
            Slice(start=1, stop=4),
            Concatenate(sources=(3, 3)),
            Reshape(shape=(6, 4, 3)),
            convolution(6, 2, (2, 2)),
            identity(8),
            dense(12, 3),
        ),
        2,
        (-3, 200),
    ),
    "views of several tensors": (
        (2, 2, 3),
        (
            Sum(multipliers=(1,)),
            ABOVE,
            Sum(multipliers=(-1,), sources=(0,)),
            BELOW,
            Concatenate(sources=(2, 4)),
            Pad(padding=(0, 1, 2, 0)),
            Slice(start=1, stop=4),
            Pad(padding=(1, 0, 0, 0), sources=(2,)),
            convolution(3, 3, (2, 2), groups=3, sources=(7,)),
            squash(9),
            convolution(2, 2, (2, 2), sources=(8,)),
            relu(9),
            Reshape(shape=(27,), sources=(10,)),
            Reshape(shape=(8,), sources=(12,)),
            Concatenate(sources=(13, 14)),
            Slice(start=3, stop=34),
        ),
        3,
        SIGNED,
    ),
    "a sum as the output": ((3, 2, 1), (dense(6, 4), relu(8), Sum(multipliers=(2, -3), sources=(2, 2))), 3, BYTES),
    "a gate as the output": ((3, 2, 1), (dense(6, 4), identity(8), Gate(sources=(2, 2))), 3, BYTES),
}
"""Input shape, layers, samples and the interval of the inputs, by name."""


@pytest.mark.parametrize("name", ODDITIES)
def test_one_circuit(name: str) -> None:
    shape, layers, samples, (low, high) = ODDITIES[name]
    architecture = Architecture(
        input_shape=shape, input_low=low, input_high=high, input_scale=(1.0).hex(), layers=layers
    )
    assert compare(architecture, [0] * samples, "correct >= 1")


@pytest.mark.parametrize("name", ODDITIES)
def test_an_honest_witness(name: str) -> None:
    shape, layers, samples, interval = ODDITIES[name]
    case = network_case(shape, layers, samples, input_interval=interval)
    circuit = case.statement.layout.circuit
    if "narrow" in name or "wide" in name:
        assert ("requantise 1/pre-clamp" in circuit.columns) == ("narrow" in name)
    columns = case.columns()
    assert columns.keys() == circuit.columns.keys()
    assert check_columns(circuit, columns).violations == ()


def test_a_clamp_without_a_table_is_as_wide_as_a_byte() -> None:
    clamp = Requantisation(
        name="r", shape=(2,), samples=4, shift=3, low=-100, high=100, accumulator=Interval(low=-9000, high=9000)
    )
    builder = CircuitBuilder(sample_bits=2)
    with pytest.raises(ValueError, match="width of a byte"):
        clamp.lower(builder, ())


@pytest.mark.parametrize(
    ("high", "samples", "outputs", "narrow"),
    [
        # Above the clamp two limbs, below one: two columns of 2^19 cells fewer pay for 2^18 rows, the most of a table.
        (2**18 - 11, 2**19, (), True),
        (2**18 - 10, 2**19, (), False),
        # 1,000 rows beside 1,000 cells that a limb below and a limb above would save.
        (989, 1000, (), True),
        (990, 1000, (), False),
        # A table saves another column.
        (1989, 1000, tuple(range(256)), True),
        (1990, 1000, tuple(range(256)), False),
    ],
)
def test_which_requantisation_is_narrow(high: int, samples: int, outputs: tuple[int, ...], narrow: bool) -> None:
    # Pre-clamp values from -10 to `high`: `high` + 11 rows.
    clamp = Requantisation(
        name="r", shape=(1,), samples=samples, shift=0, low=0, high=255,
        accumulator=Interval(low=-10, high=high), outputs=outputs,
    )  # fmt: skip
    assert clamp.narrow == narrow
    assert (clamp.over, clamp.under) == (high - 255, 10)
    assert clamp.domain == Interval(low=-10, high=high)


def test_references_round_half_up() -> None:
    values = np.array([[-6, -5, -2, -1, 0, 1, 2, 5, 6], [9] * 9])
    assert quotients(values, 2)[0].tolist() == [-1, -1, 0, 0, 0, 0, 1, 1, 2]
    assert quotients(values, 0)[0].tolist() == values[0].tolist()
    assert quotients(values, 2, (-3, 2)).tolist() == [[5, 4, 2, 1, 0, -1, -1, -4, -4], [5] * 9]
    assert requantise(values, 1, -2, 2)[0].tolist() == [-2, -2, -1, 0, 0, 1, 1, 2, 2]
    assert requantise(values, 1, -2, 9, (2, -1)).tolist() == [[-2, -2, -2, -1, 0, 1, 2, 5, 6], [-2] * 9]
    assert apply_table(np.array([-9, -3, -2, -1, 0, 7]), (5, 6, 7), -3).tolist() == [5, 5, 6, 7, 7, 7]
