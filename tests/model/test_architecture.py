"""The architecture: canonical form, strict reading, and faults named by layer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.networks import dense, relu, squash
from zkaudit import wire
from zkaudit.errors import InvalidInput
from zkaudit.model import architecture
from zkaudit.model.architecture import MAX_LAYERS, Architecture, Dense, Requantise, Sum

SMALL = Architecture(
    input_shape=(2, 3),
    input_low=0,
    input_high=255,
    input_scale=(1.0).hex(),
    layers=(
        Dense(inputs=6, outputs=4, bias_limbs=2),
        Requantise(shift=5, activation="relu"),
        Dense(inputs=4, outputs=3, bias_limbs=1),
    ),
)


def test_derived_sizes() -> None:
    assert SMALL.features == 6
    assert SMALL.classes == 3
    assert SMALL.weight_count == 4 * 6 + 2 * 4 + 3 * 4 + 3
    assert SMALL.scale == 1.0
    assert (SMALL.requantisations[0].low, SMALL.requantisations[0].high) == (0, 255)
    identity = Requantise(shift=0, activation="identity")
    assert (identity.low, identity.high) == (-128, 127)


def test_canonical_form_survives_the_wire() -> None:
    obj = wire.unpack(wire.pack(SMALL.canonical()), what="architecture")
    assert Architecture.from_canonical(obj) == SMALL
    assert Architecture.from_canonical(obj).digest() == SMALL.digest()


def test_digest_is_fixed() -> None:
    # A change of this digest is a change of format: commitments made before would no longer open.
    assert SMALL.digest().hex() == "f93785b3f83e949ce6a9654d19681fd688ecdaba814b95d011faa46526a37216"


@pytest.mark.parametrize(
    "change",
    [
        {"input_shape": (6,)},
        {"input_low": -1},
        {"input_high": 254},
        {"input_scale": (0.5).hex()},
        {"layers": (*SMALL.layers[:1], Requantise(shift=6, activation="relu"), *SMALL.layers[2:])},
        {"layers": (*SMALL.layers[:1], Requantise(shift=5, activation="identity"), *SMALL.layers[2:])},
        {"layers": (*SMALL.layers[:2], Dense(inputs=4, outputs=3, bias_limbs=2))},
    ],
)
def test_digest_binds_every_field(change: dict[str, Any]) -> None:
    assert replace(SMALL, **change).digest() != SMALL.digest()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"semantics": "zkaudit-int8/v2"}, "semantics"),
        ({"input_shape": ()}, "axes"),
        ({"input_shape": (1,) * 9}, "axes"),
        ({"input_shape": (0, 6)}, "input_shape"),
        ({"input_shape": (1 << 20, 2)}, "features"),
        ({"input_shape": (True, 6)}, "input_shape"),
        ({"input_low": 1}, "input_low"),
        ({"input_low": -129}, "input_low"),
        ({"input_high": 256}, "input_high"),
        ({"input_scale": "1.0"}, "scale"),
        ({"input_scale": "0x0.0p+0"}, "scale"),
        ({"input_scale": "inf"}, "scale"),
        ({"input_scale": "nan"}, "scale"),
        ({"input_scale": "-0x1.0000000000000p+0"}, "scale"),
        ({"input_scale": "0x1p+99999"}, "scale"),
        ({"input_scale": "0x" + "1" * 99}, "scale"),
        ({"layers": ()}, "layers"),
        ({"layers": SMALL.layers[1:]}, "requantise 1: reads tensor 1"),
        ({"layers": (SMALL.layers[0], SMALL.layers[2])}, "dense 2: reads tensor 2"),
        ({"layers": (*SMALL.layers[:2], Dense(inputs=5, outputs=3, bias_limbs=1))}, "dense 2"),
        ({"layers": (*SMALL.layers[:2], Dense(inputs=4, outputs=0, bias_limbs=1))}, "dense 2, outputs"),
        ({"layers": (*SMALL.layers[:2], Dense(inputs=4, outputs=3, bias_limbs=4))}, "dense 2, bias_limbs"),
        (
            {"layers": (SMALL.layers[0], Requantise(shift=25, activation="relu"), SMALL.layers[2])},
            "requantise 1, shift",
        ),
        ({"layers": (SMALL.layers[0], Requantise(shift=1, activation="gelu"), SMALL.layers[2])}, "requantise 1"),
        ({"layers": (Dense(inputs=6, outputs=1 << 20, bias_limbs=1), SMALL.layers[1], SMALL.layers[2])}, "dense 2"),
        ({"layers": SMALL.layers * MAX_LAYERS}, "layers"),
    ],
)
def test_faults_are_named(change: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        replace(SMALL, **change)


def test_too_many_weights() -> None:
    wide = Dense(inputs=1 << 14, outputs=1 << 13, bias_limbs=1)
    with pytest.raises(InvalidInput, match="weights"):
        replace(SMALL, input_shape=(1 << 14,), layers=(wide,))


def _changed(path: list[Any], value: Any) -> dict[str, Any]:
    obj = wire.unpack(wire.pack(SMALL.canonical()), what="architecture")
    place = obj
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return dict(obj)


@pytest.mark.parametrize(
    "obj",
    [
        None,
        [],
        {},
        _changed(["extra"], 1),
        _changed(["layers"], "dense"),
        _changed(["layers"], [1]),
        _changed(["layers", 0, "kind"], "convolution"),
        _changed(["layers", 0, "kind"], "deconvolution"),
        _changed(["layers", 0, "kind"], []),
        _changed(["layers", 0, "shift"], 1),
        _changed(["layers", 1, "activation"], 1),
        _changed(["layers", 0, "inputs"], True),
        _changed(["layers", 0, "inputs"], -6),
        _changed(["input_shape"], [[6]]),
        _changed(["input_shape"], [2**63, 2**63]),
        _changed(["input_low"], "0"),
        _changed(["input_scale"], 1),
    ],
)
def test_reading_is_strict(obj: object) -> None:
    with pytest.raises(InvalidInput):
        Architecture.from_canonical(obj)


def test_inputs_have_up_to_eight_axes() -> None:
    for axes, fits in ((8, True), (9, False)):
        shape = (*[1] * (axes - 1), 6)
        if fits:
            assert replace(SMALL, input_shape=shape).features == 6
        else:
            with pytest.raises(InvalidInput, match="wrong number of axes"):
                replace(SMALL, input_shape=shape)


def test_tables_and_multipliers_count_together(monkeypatch: pytest.MonkeyPatch) -> None:
    layers = (Sum(multipliers=(1,)), squash(0), Sum(multipliers=(1,)), relu(3, (1, 2)), dense(6, 2))
    both = len(layers[1].table) + 2  # type: ignore[union-attr]
    monkeypatch.setattr(architecture, "MAX_LISTED", both)
    replace(SMALL, layers=layers)
    monkeypatch.setattr(architecture, "MAX_LISTED", both - 1)
    with pytest.raises(InvalidInput, match=f"{both} table entries and multipliers"):
        replace(SMALL, layers=layers)
