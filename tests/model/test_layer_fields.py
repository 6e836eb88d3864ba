"""The last value that each field of a layer takes, and the first that it refuses; sizes that only just fit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

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
    Shape,
    Slice,
    Sum,
    SumPool,
    Transpose,
)
from zkaudit.model.graph import work_of
from zkaudit.model.kinds import layer_canonical, layer_from_canonical, layers_from_canonical

DENSE = Dense(inputs=6, outputs=4, bias_limbs=2)
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
WIDEST = replace(CONVOLUTION, channels=2**22, filters=2**22, groups=1)
SUM_POOL = SumPool(kernel=(2, 2), stride=(1, 1), padding=(0, 0, 0, 0), multiplier=7, exclude_padding=False)
MAX_POOL = MaxPool(kernel=(2, 2), stride=(1, 1), dilation=(1, 1), padding=(0, 0, 0, 0))
RELU = Requantise(shift=8, activation="relu")
TABLE = Requantise(shift=0, activation="table", table=(1, 2))

CELLS, FACTOR = 2**22, 2**24

NUMBERS: tuple[tuple[Layer, str, int, int], ...] = (
    (DENSE, "inputs", 1, CELLS),
    (DENSE, "outputs", 1, CELLS),
    (DENSE, "bias_limbs", 1, 3),
    (DENSE, "weight_limbs", 1, 2),
    (replace(CONVOLUTION, groups=1), "channels", 1, CELLS),
    (replace(CONVOLUTION, groups=1), "filters", 1, CELLS),
    (WIDEST, "groups", 1, CELLS),
    (CONVOLUTION, "bias_limbs", 1, 3),
    (CONVOLUTION, "weight_limbs", 1, 2),
    (SUM_POOL, "multiplier", 1, FACTOR),
    (RELU, "shift", 0, 24),
    (RELU, "table_low", 0, 0),
    (TABLE, "table_low", -FACTOR, FACTOR),
    (Slice(start=0, stop=2), "stop", 1, CELLS),
    (Slice(start=0, stop=7), "start", 0, 6),
)
"""A layer, one of its fields, and the least and the greatest value of it."""

GEOMETRY = (("kernel", 2, 2, 1, CELLS), ("stride", 2, 2, 1, CELLS), ("padding", 4, 4, 0, CELLS))
LISTS: tuple[tuple[Layer, str, int, int, int, int], ...] = (
    *((layer, *row) for layer in (CONVOLUTION, SUM_POOL, MAX_POOL) for row in GEOMETRY),
    (CONVOLUTION, "dilation", 2, 2, 1, CELLS),
    (MAX_POOL, "dilation", 2, 2, 1, CELLS),
    (Sum(multipliers=(1,)), "multipliers", 1, 64, -FACTOR, FACTOR),
    (RELU, "multipliers", 0, CELLS, -FACTOR, FACTOR),
    (RELU, "table", 0, 0, -128, 255),
    (TABLE, "table", 1, 4096, -128, 255),
    (Reshape(shape=(1,)), "shape", 1, 8, 1, CELLS),
    (Transpose(axes=(0,)), "axes", 1, 8, 0, 7),
    (Pad(padding=(0, 0, 0, 0)), "padding", 4, 4, 0, CELLS),
)
"""A layer, one of its fields, the least and the greatest number of its integers, and their least and greatest."""


def _with(layer: Layer, field: str, value: Any) -> Layer:
    changed: dict[str, Any] = {field: value}
    return replace(layer, **changed)


def _refused(layer: Layer, field: str, value: Any, what: str) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        _with(layer, field, value).validate("layer 1")
    assert caught.value.where == f"layer 1, {field}"
    assert what in caught.value.what
    return caught.value


@pytest.mark.parametrize(("layer", "field", "low", "high"), NUMBERS)
def test_numbers(layer: Layer, field: str, low: int, high: int) -> None:
    for value in (low, high):
        _with(layer, field, value).validate("layer 1")
    for wrong in (low - 1, high + 1, True, float(high), str(high), None):
        expected = _refused(layer, field, wrong, "not an accepted number").expected
        assert field == "start" or expected == f"{low} to {high}"


@pytest.mark.parametrize(("layer", "field", "least", "most", "low", "high"), LISTS)
def test_lists(layer: Layer, field: str, least: int, most: int, low: int, high: int) -> None:
    least_or_one = max(least, 1)
    if most:
        for value in (low, high):
            _with(layer, field, (value,) * least_or_one).validate("layer 1")
        for wrong in (low - 1, high + 1, bool(high), float(high)):
            _refused(layer, field, (high,) * (least_or_one - 1) + (wrong,), "not an accepted number")
    wanted = str(least) if least == most else f"{least} to {most}"
    short = [] if least == 0 else [(high,) * (least - 1)]
    for other in (*short, [high] * least, None, high):
        assert _refused(layer, field, other, "a wrong number of integers").expected == wanted
    if most < CELLS:
        _with(layer, field, (high,) * most).validate("layer 1")
        _refused(layer, field, (high,) * (most + 1), "a wrong number of integers")


def test_groups_divide_channels_and_filters() -> None:
    replace(CONVOLUTION, channels=6, filters=4).validate("layer 1")
    for channels, filters in ((3, 4), (4, 3)):
        with pytest.raises(InvalidInput, match="2 groups"):
            replace(CONVOLUTION, channels=channels, filters=filters).validate("layer 1")


@pytest.mark.parametrize("name", ["gelu", "", "relu ", 1, None, ["relu"], np.str_("relu")])
def test_activations_have_names(name: Any) -> None:
    with pytest.raises(InvalidInput, match=r"^layer 1: unknown activation \(expected relu or identity or table\)$"):
        replace(RELU, activation=name).validate("layer 1")


@pytest.mark.parametrize(
    ("layer", "shapes", "made"),
    [
        (Gate(), ((6,), (6,)), (6,)),
        (Gate(), ((6,), (6, 1, 1)), None),
        (Gate(), ((6, 1, 1), (6,)), None),
        (Gate(), ((2, 3, 4), (2, 1, 1)), (2, 3, 4)),
        (Gate(), ((2, 3, 4), (3, 1, 1)), None),
        (Gate(), ((2, 3, 4), (2, 3, 1)), None),
        (Gate(), ((2, 1, 1), (2, 3, 4)), None),
        (Gate(), ((2, 3, 4, 5), (2, 1, 1)), None),
        (Sum(multipliers=(1, 2, 3)), ((2, 1, 1), (2, 3, 4), (2, 1, 1)), (2, 3, 4)),
        (Sum(multipliers=(1, 2)), ((4,), (4, 1, 1)), None),
        (Concatenate(), ((2, 3), (4, 3)), (6, 3)),
        (Concatenate(), ((2, 3),), (2, 3)),
        (Concatenate(), ((2, 3), (2, 4)), None),
        (Concatenate(), ((2, 3, 4), (2, 3, 5)), None),
        (Concatenate(), ((2,), (3,), (4,)), (9,)),
        (Slice(start=1, stop=3), ((3, 5),), (2, 5)),
        (Slice(start=1, stop=4), ((3, 5),), None),
        (Transpose(axes=(0, 2, 1)), ((3, 5, 7),), (3, 7, 5)),
        (Transpose(axes=(7, 0, 1, 2, 3, 4, 5, 6)), ((2, 3, 4, 1, 1, 1, 1, 5),), (5, 2, 3, 4, 1, 1, 1, 1)),
        (
            replace(CONVOLUTION, kernel=(3, 2), stride=(2, 3), dilation=(1, 4), padding=(1, 0, 2, 3)),
            ((2, 8, 9),),
            (4, (8 + 1 + 2 - 3) // 2 + 1, (9 + 3 - 5) // 3 + 1),
        ),
        (replace(CONVOLUTION, kernel=(3, 1), dilation=(5, 1)), ((2, 8, 9),), None),
        (replace(CONVOLUTION, kernel=(3, 1), dilation=(4, 9)), ((2, 8, 9),), (4, 1, 6)),
        (replace(CONVOLUTION, kernel=(1, 3), dilation=(9, 5)), ((2, 8, 9),), (4, 5, 1)),
        (replace(CONVOLUTION, kernel=(1, 3), dilation=(1, 6)), ((2, 8, 9),), None),
        (CONVOLUTION, ((1, 8, 9),), None),
        (CONVOLUTION, ((2, 8),), None),
        (CONVOLUTION, ((2, 8, 9), (2, 8, 9)), None),
        (replace(SUM_POOL, padding=(1, 0, 0, 0)), ((1, 2, 2),), (1, 2, 1)),
        (replace(SUM_POOL, kernel=(2, 1), padding=(2, 0, 0, 0)), ((1, 2, 2),), None),
        (replace(SUM_POOL, kernel=(1, 2), padding=(0, 2, 0, 0)), ((1, 2, 2),), None),
        (replace(MAX_POOL, kernel=(1, 2), dilation=(1, 2), padding=(0, 2, 0, 0)), ((1, 2, 2),), (1, 2, 2)),
        (Pad(padding=(0, 0, 0, 2**20 - 1)), ((2, 2, 1),), (2, 2, 2**20)),
        (Pad(padding=(0, 0, 0, 2**20)), ((2, 2, 1),), None),
        (Pad(padding=(2**20 - 2, 0, 1, 0)), ((2, 1, 2),), (2, 2**20, 2)),
        (Pad(padding=(2**20 - 1, 0, 1, 0)), ((2, 1, 2),), None),
        (Pad(padding=(1, 2, 4, 8)), ((2, 3, 5),), (2, 8, 15)),
    ],
)
def test_shapes(layer: Layer, shapes: tuple[Shape, ...], made: Shape | None) -> None:
    layer.validate("layer 1")
    if made is not None:
        assert layer.output_shape(shapes, "layer 1") == made
    else:
        with pytest.raises(InvalidInput, match=r"^layer 1: "):
            layer.output_shape(shapes, "layer 1")


def test_a_message_lists_four_shapes() -> None:
    with pytest.raises(InvalidInput) as caught:
        Concatenate().output_shape(((1, 1), (1, 2), (1, 3), (1, 4), (1, 5)), "layer 1")
    assert caught.value.what == "sources of shapes (1, 1), (1, 2), (1, 3), (1, 4)"


@pytest.mark.parametrize(
    ("layer", "read", "made", "work"),
    [
        (DENSE, [(6,)], (4,), 6 + 4),
        (Sum(multipliers=(1, 1)), [(2, 3, 4), (2, 1, 1)], (2, 3, 4), 24 + 2 + 24),
        # 60 cells are made of windows of 2 by 3.
        (replace(SUM_POOL, kernel=(2, 3)), [(2, 6, 8)], (2, 5, 6), 96 + 60 + 60 * 6),
        # Along the width 7 windows of 5 on 10 lines, then along the height 8 windows of 3 on 7 columns, 2 channels.
        (replace(MAX_POOL, kernel=(3, 5)), [(2, 10, 11)], (2, 8, 7), 220 + 112 + 2 * (7 * 5 * 10 + 8 * 3 * 7)),
        # 10 lines for each of 3 places of the kernel, 11 columns for each of 5, and 5 words for each.
        (replace(CONVOLUTION, kernel=(3, 5)), [(2, 10, 11)], (4, 8, 7), 220 + 224 + 5 * (10 * 3 + 11 * 5)),
    ],
)
def test_work(layer: Layer, read: list[Shape], made: Shape, work: int) -> None:
    assert work_of(layer, read, made) == work


def _network(*layers: Layer, shape: Any = (6,), **fields: Any) -> Architecture:
    chosen: dict[str, Any] = {"input_low": 0, "input_high": 255, "input_scale": (1.0).hex()} | fields
    return Architecture(input_shape=shape, layers=tuple(layers), **chosen)


def test_a_form_that_is_no_map() -> None:
    with pytest.raises(InvalidInput) as caught:
        Architecture.from_canonical([])
    assert caught.value.where == "architecture"


def test_a_table_clamps_to_its_ends() -> None:
    assert replace(TABLE, table=(5, 4, 9), table_low=-3).clamp == (-3, -1)
    assert replace(TABLE, table=(5,), table_low=7).clamp == (7, 7)


def test_as_much_work_as_is_accepted() -> None:
    def network(cells: int) -> Architecture:
        # 1 + cells by the dense layer, twice the cells by each of fifteen others.
        views = (Reshape(shape=(cells,)),) * 14
        return _network(Dense(inputs=1, outputs=cells, bias_limbs=1), RELU, *views, shape=(1,))

    assert 31 * 1_082_401 + 1 == 2**25
    assert network(1_082_401).classes == 1_082_401
    with pytest.raises(InvalidInput, match=r"^reshape 14: 33554463 cells are read and made up to here"):
        network(1_082_402)


def test_as_many_layers_weights_axes_and_sources_as_are_accepted() -> None:
    assert len(_network(*(Reshape(shape=(6,)),) * 4095, DENSE).layers) == 4096
    widest = Dense(inputs=2**13 - 1, outputs=2**13, bias_limbs=1)
    assert _network(widest, shape=(2**13 - 1,)).weight_count == 2**26
    with pytest.raises(InvalidInput, match=r"^architecture: 67117056 weights"):
        _network(replace(widest, inputs=2**13), shape=(2**13,))
    assert _network(DENSE, shape=(1, 1, 1, 1, 1, 1, 1, 6)).features == 6
    sixty_four = Sum(multipliers=(1,) * 64, sources=(0,) * 64)
    assert len(_network(sixty_four, RELU, DENSE).layers[0].sources) == 64
    assert _network(Dense(inputs=1, outputs=1, bias_limbs=1), shape=(1,)).weight_count == 2


def test_multipliers_are_listed_integers() -> None:
    def network(listed: int) -> Architecture:
        wide = Dense(inputs=1, outputs=listed, bias_limbs=1)
        return _network(wide, replace(RELU, multipliers=(1,) * listed), shape=(1,))

    assert network(2**17).classes == 2**17
    with pytest.raises(InvalidInput, match=r"^architecture: 131073 table entries and multipliers"):
        network(2**17 + 1)


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"shape": [6]}, "architecture"),
        ({"shape": 6}, "architecture"),
        ({"shape": (1, 1, 1, 1, 1, 1, 1, 1, 6)}, "architecture"),
        ({"shape": (0, 6)}, "architecture, input_shape"),
        ({"shape": (2**10, 2**11)}, "architecture, features of a sample"),
        ({"input_low": 1}, "architecture, input_low"),
        ({"input_low": -129}, "architecture, input_low"),
        ({"input_high": -1}, "architecture, input_high"),
        ({"input_high": 256}, "architecture, input_high"),
        ({"input_scale": 1}, "architecture, input_scale"),
    ],
)
def test_places_of_faults_in_an_input(fields: dict[str, Any], where: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        _network(DENSE, **fields)
    assert caught.value.where == where


def test_intervals_of_the_input() -> None:
    for low, high in ((-128, 255), (-128, 0), (0, 0), (0, 255)):
        assert _network(DENSE, input_low=low, input_high=high).intervals[0] == (low, high)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("0x1." + "0" * 25 + "p+0", "not a canonical positive float"),
        ("0x1." + "0" * 26 + "p+0", "not a scale"),
        ("x" * 32, "not a hexadecimal float"),
        ("x" * 33, "not a scale"),
        (b"0x1.0000000000000p+0", "not a scale"),
        (1.0, "not a scale"),
    ],
)
def test_longer_scales_are_not_parsed(text: Any, what: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        _network(DENSE, input_scale=text)
    assert caught.value.what == what
    assert _network(DENSE, input_scale="0x1.0000000000001p-1022").scale == 2**-1022 * (1 + 2**-52)


def test_sources_are_integers_and_tuples() -> None:
    flat = Reshape(shape=(6,))
    wrong: tuple[Any, ...] = (True, 1.0, "1", None)
    for source in wrong:
        with pytest.raises(InvalidInput, match=r"^dense 1: reads tensor .* \(expected an earlier one\)$"):
            _network(flat, replace(DENSE, sources=(source,)))
    with pytest.raises(InvalidInput, match=r"^dense 1: not an accepted list of sources"):
        _network(flat, replace(DENSE, sources=[1]))  # type: ignore[arg-type]


def test_views_of_the_input_may_be_read_but_are_no_output() -> None:
    flat = Reshape(shape=(6,))
    assert _network(flat, flat, DENSE, shape=(2, 3)).classes == 4
    with pytest.raises(InvalidInput, match=r"^reshape 2: the output of the network is its input"):
        _network(flat, flat)


def test_padding_widens_an_interval_to_zero() -> None:
    below = replace(TABLE, table=(-8, -3))
    network = _network(
        Sum(multipliers=(1,)), below, Pad(padding=(0, 0, 1, 1)), Dense(inputs=12, outputs=1, bias_limbs=1),
        shape=(1, 2, 3),
    )  # fmt: skip
    assert network.intervals[2:4] == ((-8, -3), (-8, 0))


@pytest.mark.parametrize(
    ("field", "most"),
    [("kernel", 2), ("stride", 2), ("dilation", 2), ("padding", 4), ("sources", 64)],
)
def test_lists_of_the_canonical_form(field: str, most: int) -> None:
    form = {
        "kind": "convolution", "channels": 2, "filters": 4, "groups": 2, "bias_limbs": 2,
        "kernel": [3, 3], "stride": [2, 2], "dilation": [1, 1], "padding": [1, 1, 1, 1],
    }  # fmt: skip
    assert layer_from_canonical(form, 0, "layer 1") == CONVOLUTION
    assert getattr(layer_from_canonical(form | {field: [1] * most}, 0, "layer 1"), field) == (1,) * most
    with pytest.raises(InvalidInput, match=rf"^layer 1, {field}: not an accepted list"):
        layer_from_canonical(form | {field: [1] * (most + 1)}, 0, "layer 1")


def test_defaults_of_the_canonical_form() -> None:
    (layer,) = layers_from_canonical([{"kind": "dense", "inputs": 6, "outputs": 4, "bias_limbs": 2}], "layers")
    assert layer == Dense(inputs=6, outputs=4, bias_limbs=2, weight_limbs=1, sources=())
    (step,) = layers_from_canonical([{"kind": "requantise", "shift": 8, "activation": "relu"}], "layers")
    assert step == Requantise(shift=8, activation="relu", multipliers=(), table=(), table_low=0, sources=())


def test_weights_of_two_limbs_are_written() -> None:
    form = {"kind": "dense", "inputs": 6, "outputs": 4, "bias_limbs": 2, "weight_limbs": 2}
    (layer,) = layers_from_canonical([form], "layers")
    assert layer == replace(DENSE, weight_limbs=2)
    assert layer_canonical(layer, 0) == form


def test_clamps_of_the_named_activations() -> None:
    assert RELU.clamp == (RELU.low, RELU.high) == (0, 255)
    signed = Requantise(shift=8, activation="identity")
    assert signed.clamp == (signed.low, signed.high) == (-128, 127)


def test_names_on_the_wire() -> None:
    """A change of one of these is a change of format: commitments made before would no longer open."""
    layers = (
        replace(CONVOLUTION, weight_limbs=2),
        DENSE,
        replace(RELU, multipliers=(1, 2)),
        replace(TABLE, table_low=-1),
        replace(SUM_POOL, exclude_padding=True),
        MAX_POOL,
        Sum(multipliers=(1,)),
        Gate(sources=(0, 1)),
        Reshape(shape=(1,)),
        Transpose(axes=(1, 0)),
        Concatenate(sources=(0, 1)),
        Pad(padding=(1, 1, 1, 1)),
        Slice(start=0, stop=1),
    )
    names = {
        canonical.pop("kind"): set(canonical) for canonical in (layer_canonical(layer, 99) for layer in layers[3:])
    }
    convolution, dense, relu = (layer_canonical(layer, 99) for layer in layers[:3])
    window = {"kernel", "stride", "padding"}
    assert set(convolution) == window | {
        "kind", "channels", "filters", "dilation", "groups", "bias_limbs", "weight_limbs",
    }  # fmt: skip
    assert set(dense) == {"kind", "inputs", "outputs", "bias_limbs"}
    assert set(relu) == {"kind", "shift", "activation", "multipliers"}
    assert (convolution["kind"], dense["kind"], relu["kind"]) == ("convolution", "dense", "requantise")
    assert names == {
        "requantise": {"shift", "activation", "table", "table_low"},
        "sum pool": window | {"multiplier", "exclude_padding"},
        "max pool": window | {"dilation"},
        "sum": {"multipliers"},
        "gate": {"sources"},
        "reshape": {"shape"},
        "transpose": {"axes"},
        "concatenate": {"sources"},
        "pad": {"padding"},
        "slice": {"start", "stop"},
    }


def test_every_layer_is_read_as_it_was_written() -> None:
    for layer in (replace(TABLE, table_low=-1), Reshape(shape=(1,)), Transpose(axes=(1, 0)), Slice(start=0, stop=1)):
        assert layer_from_canonical(layer_canonical(layer, 99), 99, "layer 100") == layer
