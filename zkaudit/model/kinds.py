"""All kinds of layer, and the map that stands for a layer in the canonical form.

A field at its default is left out, so that one layer has one form; `sources` counts as default where a layer reads
the tensor before it.
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

from zkaudit import wire
from zkaudit.errors import InvalidInput
from zkaudit.model.layers import Convolution, Dense, Gate, Layer, Sum
from zkaudit.model.limits import MAX_AXES, MAX_LISTED, MAX_SOURCES, MAX_TABLE
from zkaudit.model.pools import MaxPool, SumPool
from zkaudit.model.requantisation import Requantise
from zkaudit.model.views import Concatenate, Pad, Reshape, Slice, Transpose

KINDS: dict[str, type[Layer]] = {
    layer.kind: layer
    for layer in (
        Dense,
        Convolution,
        Sum,
        Gate,
        SumPool,
        Requantise,
        MaxPool,
        Reshape,
        Transpose,
        Concatenate,
        Pad,
        Slice,
    )
}
"""The kinds by the name that the canonical form has for them."""

_TYPES: dict[str, type | wire.Checker] = {
    "inputs": int,
    "outputs": int,
    "channels": int,
    "filters": int,
    "groups": int,
    "bias_limbs": int,
    "weight_limbs": int,
    "kernel": wire.list_of(int, 2),
    "stride": wire.list_of(int, 2),
    "dilation": wire.list_of(int, 2),
    "padding": wire.list_of(int, 4),
    "multiplier": int,
    "exclude_padding": bool,
    "shift": int,
    "activation": str,
    "multipliers": wire.list_of(int, MAX_LISTED),
    "table": wire.list_of(int, MAX_TABLE),
    "table_low": int,
    "shape": wire.list_of(int, MAX_AXES),
    "axes": wire.list_of(int, MAX_AXES),
    "start": int,
    "stop": int,
    "sources": wire.list_of(int, MAX_SOURCES),
}
"""The form of each field, whatever layer has it; how many integers a list needs is for the layer to say."""


def layer_canonical(layer: Layer, before: int) -> dict[str, Any]:
    """The map of a layer behind tensor `before`."""
    body: dict[str, Any] = {"kind": layer.kind}
    for field in fields(layer):
        value = getattr(layer, field.name)
        if field.name != "sources" and value != field.default:
            body[field.name] = list(value) if type(value) is tuple else value
    if layer.sources not in ((), (before,)):
        body["sources"] = list(layer.sources)
    return body


def layer_from_canonical(obj: dict[str, Any], before: int, where: str) -> Layer:
    """The layer that `layer_canonical` wrote; `InvalidInput` for anything else."""
    kind = KINDS[obj["kind"]]
    known = {
        field.name: _TYPES[field.name]
        for field in fields(kind)
        if field.default is MISSING or field.name in obj
    }  # fmt: skip
    body = wire.closed_map(obj, {"kind": str, **known}, where)
    del body["kind"]
    layer = kind(**{name: tuple(value) if type(value) is list else value for name, value in body.items()})
    spoken = layer_canonical(layer, before)
    redundant = [name for name in body if name not in spoken]
    if redundant:
        raise InvalidInput(f"field {redundant[0]!r} at its default", where=where, expected="to be left out")
    return layer


def layers_from_canonical(obj: list[dict[str, Any]], where: str) -> tuple[Layer, ...]:
    """The layers in order, each named by its kind and its number among them where it does not fit."""
    layers = []
    counts: dict[str, int] = {}
    for index, body in enumerate(obj):
        kind = body.get("kind")
        if type(kind) is not str or kind not in KINDS:
            raise InvalidInput("unknown kind of layer", where=f"{where}[{index}]", expected=" or ".join(KINDS))
        counts[kind] = counts.get(kind, 0) + 1
        layers.append(layer_from_canonical(body, index, f"{kind} {counts[kind]}"))
    return tuple(layers)
