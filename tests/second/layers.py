"""Section "Architecture": the map of one layer, and the bounds of its fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from tests.second.shapes import MOST_CELLS
from tests.second.wire import require

FACTOR = 2**24
INTEGERS = {
    **dict.fromkeys(("inputs", "outputs", "channels", "filters", "groups", "stop"), (1, MOST_CELLS)),
    "bias_limbs": (1, 3),
    "weight_limbs": (1, 2),
    "multiplier": (1, FACTOR),
    "shift": (0, 24),
    "table_low": (-FACTOR, FACTOR),
    "start": (0, MOST_CELLS),
}
"""Least and greatest integer of each field."""

LISTS = {
    **dict.fromkeys(("kernel", "stride", "dilation"), (2, 2, 1, MOST_CELLS)),
    "padding": (4, 4, 0, MOST_CELLS),
    "multipliers": (1, 2**17, -FACTOR, FACTOR),
    "table": (1, 4096, -128, 255),
    "shape": (1, 8, 1, MOST_CELLS),
    "axes": (1, 8, 0, 7),
    "sources": (1, 64, 0, 2**12),
}
"""Fewest and most entries of each field, and least and greatest entry."""

KINDS: dict[str, tuple[str, ...]] = {
    "dense": ("inputs", "outputs", "bias_limbs"),
    "convolution": ("channels", "filters", "kernel", "stride", "dilation", "padding", "groups", "bias_limbs"),
    "sum": ("multipliers",),
    "gate": (),
    "sum pool": ("kernel", "stride", "padding", "multiplier", "exclude_padding"),
    "requantise": ("shift", "activation"),
    "max pool": ("kernel", "stride", "dilation", "padding"),
    "reshape": ("shape",),
    "transpose": ("axes",),
    "concatenate": (),
    "pad": ("padding",),
    "slice": ("start", "stop"),
}
DEFAULTS: dict[str, dict[str, Any]] = {
    "dense": {"weight_limbs": 1},
    "convolution": {"weight_limbs": 1},
    "requantise": {"multipliers": [], "table": [], "table_low": 0},
}

Interval = tuple[int, int]
CLAMPS: dict[str, Interval] = {"relu": (0, 255), "identity": (-128, 127)}


@dataclass(frozen=True)
class Layer:
    """A layer with its defaults filled in."""

    kind: str
    fields: Mapping[str, Any]
    sources: tuple[int, ...]

    def __getitem__(self, name: str) -> Any:
        return self.fields[name]

    @property
    def clamp(self) -> Interval:
        """[lo, hi] of a requantisation."""
        if self["activation"] == "table":
            return self["table_low"], self["table_low"] + len(self["table"]) - 1
        return CLAMPS[self["activation"]]


def weight_cells(layer: Layer) -> int:
    """Weight cells of one layer."""
    if layer.kind == "dense":
        return int(layer["outputs"] * (layer["inputs"] * layer["weight_limbs"] + layer["bias_limbs"]))
    if layer.kind == "convolution":
        fan_in = layer["channels"] // layer["groups"] * prod(layer["kernel"])
        return int(layer["filters"] * (fan_in * layer["weight_limbs"] + layer["bias_limbs"]))
    return 0


def read_layer(form: object, before: int) -> Layer:
    """The layer of a map behind tensor `before`."""
    check(isinstance(form, dict) and form.get("kind") in list(KINDS), f"layer {before + 1}")
    assert isinstance(form, dict)
    kind = form["kind"]
    defaults = DEFAULTS.get(kind, {})
    keys = {"kind", *KINDS[kind]}
    check(keys <= set(form) <= keys | {"sources", *defaults}, f"fields of layer {before + 1}")
    for name, value in form.items():
        _check_field(name, value)
        check(name not in defaults or value != defaults[name], f"{name} at its default")
    check(form.get("sources") != [before], "sources at their default")
    fields = defaults | form
    if kind == "requantise":
        check((fields["activation"] == "table") == bool(fields["table"]), "table")
        check(bool(fields["table"]) or fields["table_low"] == 0, "table_low")
    return Layer(kind, fields, tuple(form.get("sources", [before])))


def _check_field(name: str, value: object) -> None:
    if name in INTEGERS:
        low, high = INTEGERS[name]
        check(type(value) is int and low <= value <= high, name)
    elif name in LISTS:
        check_integers(value, LISTS[name], name)
    elif name == "exclude_padding":
        check(type(value) is bool, name)
    elif name == "activation":
        check(value in ("relu", "identity", "table"), name)


def check_integers(value: object, bounds: tuple[int, int, int, int], where: str) -> list[int]:
    """A list of (fewest, most) integers in [low, high], the last two bounds."""
    fewest, most, low, high = bounds
    check(isinstance(value, list) and fewest <= len(value) <= most, where)
    assert isinstance(value, list)
    check(all(type(entry) is int and low <= entry <= high for entry in value), where)
    return value


def check(condition: bool, where: str) -> None:
    """RefusedError unless the condition holds."""
    require(condition, "unreadable", f"architecture: {where}")
