"""Graphs of layers: shapes, intervals, names and canonical form, and every rule with the layer that breaks it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from zkaudit import wire
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
from zkaudit.model.kinds import KINDS
from zkaudit.model.limits import MAX_CELLS, MAX_LISTED

RELU = Requantise(shift=8, activation="relu")
CONVOLUTION = Convolution(
    channels=2,
    filters=4,
    kernel=(3, 3),
    stride=(2, 2),
    dilation=(1, 1),
    padding=(1, 1, 1, 1),
    groups=2,
    bias_limbs=2,
)
POOL = MaxPool(kernel=(2, 2), stride=(1, 1), dilation=(1, 1), padding=(0, 1, 0, 0))
AVERAGE = SumPool(kernel=(3, 3), stride=(1, 1), padding=(0, 0, 0, 0), multiplier=7, exclude_padding=False)

LAYERS: tuple[Layer, ...] = (
    Convolution(
        channels=1,
        filters=2,
        kernel=(3, 2),
        stride=(1, 1),
        dilation=(1, 1),
        padding=(1, 0, 1, 1),
        groups=1,
        bias_limbs=1,
    ),
    Requantise(shift=6, activation="identity", multipliers=(3, -2)),
    CONVOLUTION,
    RELU,
    AVERAGE,
    Requantise(shift=4, activation="table", table=(-5, 7, 9), table_low=-1),
    Gate(sources=(4, 6)),
    RELU,
    Sum(multipliers=(3, -2, 5), sources=(8, 4, 6)),
    RELU,
    POOL,
    Pad(padding=(0, 0, 1, 0)),
    Concatenate(sources=(12, 10)),
    Slice(start=1, stop=7),
    Transpose(axes=(1, 2, 0)),
    Reshape(shape=(18, 3)),
    Dense(inputs=54, outputs=5, bias_limbs=3),
)

WHOLE = Architecture(input_shape=(1, 6, 5), input_low=-9, input_high=100, input_scale=(1.0).hex(), layers=LAYERS)


def _network(*layers: Layer, shape: tuple[int, ...] = (2, 8, 8)) -> Architecture:
    return Architecture(input_shape=shape, input_low=0, input_high=255, input_scale=(1.0).hex(), layers=tuple(layers))


def test_every_kind_is_used() -> None:
    assert {layer.kind for layer in LAYERS} == set(KINDS)


def test_shapes_and_intervals() -> None:
    assert WHOLE.shapes == (
        (1, 6, 5),
        *[(2, 6, 5)] * 2,
        *[(4, 3, 3)] * 2,
        *[(4, 1, 1)] * 2,
        *[(4, 3, 3)] * 4,
        (4, 2, 3),
        (4, 3, 3),
        (8, 3, 3),
        (6, 3, 3),
        (3, 3, 6),
        (18, 3),
        (5,),
    )
    assert WHOLE.intervals == (
        (-9, 100),
        *(None, (-128, 127)),
        *(None, (0, 255)),
        *(None, (-5, 9)),
        *(None, (0, 255)),
        *(None, (0, 255)),
        *[(0, 255)] * 6,
        None,
    )
    assert [number for number in range(18) if WHOLE.is_accumulator(number)] == [1, 3, 5, 7, 9, 17]
    assert WHOLE.classes == 5
    assert [layer.kernel_shape for layer in WHOLE.weighted_layers] == [(2, 1, 3, 2), (4, 1, 3, 3), (5, 54)]
    assert WHOLE.weight_count == (12 + 2) + (36 + 8) + (270 + 15)
    assert WHOLE.weighted_names == ("convolution 1", "convolution 2", "dense 1")
    assert WHOLE.names[9] == "requantise 5"


def test_interval_of_padding_and_concatenation() -> None:
    narrow = Requantise(shift=0, activation="table", table=(3, 8))
    network = _network(
        Sum(multipliers=(1,)),
        narrow,
        Pad(padding=(0, 0, 1, 1)),
        Slice(start=0, stop=1, sources=(2,)),
        Pad(padding=(0, 0, 1, 1)),
        Concatenate(sources=(3, 5)),
        Dense(inputs=3 * 81, outputs=1, bias_limbs=1),
    )
    assert network.intervals[2:7] == ((3, 8), (0, 8), (3, 8), (0, 8), (0, 8))


def test_canonical_form_survives_the_wire() -> None:
    obj = wire.unpack(wire.pack(WHOLE.canonical()), what="architecture")
    again = Architecture.from_canonical(obj)
    assert again == WHOLE
    assert again.digest() == WHOLE.digest()
    assert again.layers[2].sources == (2,)


def test_only_what_is_not_default_is_written() -> None:
    written = WHOLE.canonical()["layers"]
    assert [sorted(layer) for layer in written[3:9]] == [
        ["activation", "kind", "shift"],
        ["exclude_padding", "kernel", "kind", "multiplier", "padding", "stride"],
        ["activation", "kind", "shift", "table", "table_low"],
        ["kind", "sources"],
        ["activation", "kind", "shift"],
        ["kind", "multipliers", "sources"],
    ]
    spelt = replace(WHOLE, layers=tuple(replace(layer) for layer in WHOLE.layers))
    assert spelt.digest() == WHOLE.digest()


def test_digest_binds_sources() -> None:
    layers = list(LAYERS)
    layers[8] = Sum(multipliers=(3, -2, 5), sources=(8, 6, 4))
    assert replace(WHOLE, layers=tuple(layers)).digest() != WHOLE.digest()


def _changed(layer: int, **fields: Any) -> dict[str, Any]:
    obj: dict[str, Any] = wire.unpack(wire.pack(WHOLE.canonical()), what="architecture")
    obj["layers"][layer] = {k: v for k, v in (obj["layers"][layer] | fields).items() if v is not None}
    return obj


@pytest.mark.parametrize(
    ("obj", "named"),
    [
        (_changed(0, kind="deconvolution"), r"layers\[0\]: unknown kind"),
        (_changed(2, groups=None), "convolution 2: missing field 'groups'"),
        (_changed(2, rank=1), "convolution 2: unknown field 'rank'"),
        (_changed(2, kernel=[3]), "convolution 2, kernel: a wrong number"),
        (_changed(2, kernel=[3, 3, 3]), "convolution 2, kernel: not an accepted list"),
        (_changed(2, kernel=[3, True]), r"convolution 2, kernel\[1\]"),
        (_changed(2, kernel=9), "convolution 2, kernel"),
        (_changed(2, padding=[0, 0, -1, 0]), "convolution 2, padding: -1"),
        (_changed(2, stride=[0, 1]), "convolution 2, stride: 0"),
        (_changed(2, sources=[2]), "convolution 2: field 'sources' at its default"),
        (_changed(2, sources=[]), "convolution 2: field 'sources' at its default"),
        (_changed(3, multipliers=[]), "requantise 2: field 'multipliers' at its default"),
        (_changed(3, table=[]), "requantise 2: field 'table' at its default"),
        (_changed(3, table_low=0), "requantise 2: field 'table_low' at its default"),
        (_changed(4, exclude_padding=1), "sum pool 1, exclude_padding"),
        (_changed(5, table=[0] * 4097), "requantise 3, table: not an accepted list"),
        (_changed(8, sources=[8, 4, "6"]), r"sum 1, sources\[2\]"),
        (_changed(8, sources=list(range(65))), "sum 1, sources: not an accepted list"),
        (_changed(13, start=True), "slice 1, start"),
    ],
)
def test_reading_is_strict(obj: object, named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        Architecture.from_canonical(obj)


START = (CONVOLUTION, RELU)
"""(2, 8, 8) -> (4, 4, 4)."""
END = Dense(inputs=64, outputs=3, bias_limbs=1)
TABLE = Requantise(shift=0, activation="table", table=(1, 2))


@pytest.mark.parametrize(
    ("layers", "named"),
    [
        ((replace(CONVOLUTION, channels=3, groups=1), RELU, END), "convolution 1: takes 3 channels"),
        ((replace(CONVOLUTION, groups=3), RELU, END), "convolution 1: 3 groups"),
        ((replace(CONVOLUTION, filters=3), RELU, END), "convolution 1: 2 groups"),
        ((replace(CONVOLUTION, bias_limbs=4), RELU, END), "convolution 1, bias_limbs"),
        ((replace(CONVOLUTION, kernel=(11, 3)), RELU, END), "convolution 1: a window larger than 10x10"),
        ((replace(CONVOLUTION, dilation=(1, 5)), RELU, END), "convolution 1: a window larger"),
        ((replace(CONVOLUTION, padding=(1 << 20, 0, 0, 0)), RELU, END), "convolution 1: .* cells with padding"),
        ((replace(CONVOLUTION, kernel=[3, 3]), RELU, END), "convolution 1, kernel"),  # type: ignore[arg-type]
        ((*START, Reshape(shape=(16, 4)), replace(CONVOLUTION, channels=16)), "convolution 2: reads shape"),
        ((*START, replace(POOL, padding=(0, 2, 0, 0)), END), "max pool 1: a window lies on padding"),
        ((*START, replace(POOL, padding=(0, 0, 0, 3)), END), "max pool 1: a window lies on padding"),
        ((*START, replace(AVERAGE, padding=(3, 0, 0, 0)), RELU, END), "sum pool 1: a window lies on padding"),
        ((*START, replace(AVERAGE, multiplier=0), RELU, END), "sum pool 1, multiplier"),
        ((*START, replace(AVERAGE, exclude_padding=cast(bool, 1)), RELU, END), "sum pool 1, exclude_padding"),
        ((*START, replace(AVERAGE, sources=(1,)), RELU, END), "sum pool 1: reads tensor 1, an accumulator"),
        ((*START, Reshape(shape=(63,)), END), "reshape 1: 64 cells"),
        ((*START, Transpose(axes=(0, 1)), END), "transpose 1: axes"),
        ((*START, Transpose(axes=(0, 1, 1)), END), "transpose 1: axes"),
        ((*START, Slice(start=2, stop=5), END), "slice 1: stops at 5"),
        ((*START, Slice(start=2, stop=2), END), "slice 1, start"),
        ((*START, Reshape(shape=(64,)), Pad(padding=(1, 0, 0, 0)), END), "pad 1: reads shape"),
        ((*START, Reshape(shape=(64,)), Concatenate(sources=(2, 3)), END), "concatenate 1: sources of shapes"),
        ((*START, Slice(start=0, stop=2), Concatenate(sources=(0, 3)), END), "concatenate 1: joins the input"),
        ((*START, Gate(), RELU, END), "gate 1: 1 sources"),
        ((*START, Slice(start=0, stop=2), Gate(sources=(2, 3)), RELU, END), "gate 1: a source of shape"),
        ((*START, Sum(multipliers=(1, 1)), RELU, END), "sum 1: 1 sources"),
        ((*START, Sum(multipliers=()), RELU, END), "sum 1, multipliers"),
        ((*START, Sum(multipliers=(1 << 25,)), RELU, END), "sum 1, multipliers"),
        ((*START, Sum(multipliers=(1, 1), sources=(0, 2)), RELU, END), "sum 1: a source of shape"),
        ((*START, Sum(multipliers=(1,) * 65, sources=(2,) * 65), RELU, END), "sum 1: not an accepted list"),
        ((*START, replace(END, sources=(3,))), "dense 1: reads tensor 3"),
        ((*START, replace(END, sources=(-1,))), "dense 1: reads tensor -1"),
        ((*START, replace(END, sources=(True,))), "dense 1: reads tensor True"),
        ((*START, replace(END, sources=(2, 2))), "dense 1: 2 sources"),
        ((*START, replace(END, sources=[2])), "dense 1: not an accepted list"),  # type: ignore[arg-type]
        ((CONVOLUTION, END), "dense 1: reads tensor 1, an accumulator"),
        ((*START, RELU, END), "requantise 2: reads tensor 2, an activation"),
        ((*START, replace(RELU, sources=(1,)), END), "requantise 2: .* has a reader already"),
        ((Gate(sources=(0, 0)), RELU, END), "gate 1: reads the input"),
        ((Slice(start=0, stop=1), POOL, END), "max pool 1: reads the input"),
        ((replace(AVERAGE), RELU, END), "sum pool 1: reads the input"),
        ((*START, CONVOLUTION, replace(END, sources=(2,))), "convolution 2: takes 2"),
        ((*START, replace(CONVOLUTION, channels=4), replace(END, sources=(2,))), "convolution 2: nothing reads"),
        ((*START, POOL, replace(END, sources=(2,))), "max pool 1: nothing reads"),
        ((*START, replace(RELU, sources=(0,))), "requantise 2: reads tensor 0, an activation"),
        ((Reshape(shape=(128,)),), "reshape 1: the output of the network is its input"),
        ((Sum(multipliers=(1,)),), "0 weights"),
        ((CONVOLUTION, replace(RELU, multipliers=(1, 2, 3)), END), "requantise 1: 3 multipliers"),
        ((CONVOLUTION, replace(TABLE, table=()), END), "requantise 1, table: a wrong number"),
        ((CONVOLUTION, replace(TABLE, table=(0,) * 4097), END), "requantise 1, table: a wrong number"),
        ((CONVOLUTION, replace(TABLE, table=(0, 256)), END), "requantise 1, table: 256"),
        ((CONVOLUTION, replace(TABLE, table_low=1 << 25), END), "requantise 1, table_low"),
        ((CONVOLUTION, replace(RELU, table=(1,)), END), "requantise 1, table: a wrong number"),
        ((CONVOLUTION, replace(RELU, table_low=1), END), "requantise 1, table_low"),
        (("dense",), "layer 1: unknown kind"),
        ((*START, Layer()), "layer 3: unknown kind"),
    ],
)
def test_faults_are_named(layers: tuple[Layer, ...], named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        _network(*layers)


def test_too_many_cells() -> None:
    wide = Dense(inputs=1, outputs=MAX_CELLS, bias_limbs=1)
    assert _network(wide, shape=(1,)).classes == MAX_CELLS
    outer = Convolution(
        channels=1,
        filters=1 << 13,
        kernel=(1, 1),
        stride=(1, 1),
        dilation=(1, 1),
        padding=(0, 0, 0, 0),
        groups=1,
        bias_limbs=1,
    )
    with pytest.raises(InvalidInput, match="convolution 1: 8388608 cells"):
        _network(outer, shape=(1, 32, 32))
    with pytest.raises(InvalidInput, match=r"concatenate 1: .* cells"):
        _network(Concatenate(sources=(0,) * 64), END, shape=(1 << 17,))


def test_too_many_entries() -> None:
    step = Requantise(shift=0, activation="table", table=(0,) * 4096)
    pair = (Dense(inputs=1, outputs=1, bias_limbs=1), step)
    assert len(_network(*pair * (MAX_LISTED // 4096), shape=(1,)).layers) == 64
    with pytest.raises(InvalidInput, match="table entries"):
        _network(*pair * (MAX_LISTED // 4096 + 1), shape=(1,))


def test_last_tensor_may_be_an_activation() -> None:
    network = _network(*START)
    assert network.classes == 64
    assert not network.is_accumulator(2)
