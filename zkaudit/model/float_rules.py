"""Rules that simplify float graphs.

Each looks at one layer and what it reads, keeps the network's function, and tells whether it changed anything:
normalisations go into the weights beside them, functions spelt out in several layers become one, and views that do
nothing disappear.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np

from zkaudit.model.float_draft import Draft
from zkaudit.model.float_functions import IDENTITY, MAX_EXPRESSION, Function, recognise
from zkaudit.model.float_layers import Activation, Affine, AveragePool, Convolution, Dense, FloatLayer, Gate, Sum
from zkaudit.model.float_views import Concatenate, Pad, Reshape, Transpose

_POSITIVELY_HOMOGENEOUS = ("relu", "leaky_relu", "prelu")
"""Functions f with f(a x) = a f(x) for positive a."""


def drop_views(draft: Draft, number: int, layer: FloatLayer) -> bool:
    """Views that change nothing, pairs of them, and reshapes in front of what flattens anyway."""
    source = layer.sources[0]
    before = draft.layer(source)
    same = draft.shapes[number] == draft.shapes[source]
    if (
        (isinstance(layer, Reshape) and same)
        or (isinstance(layer, Transpose) and layer.axes == tuple(range(len(layer.axes))))
        or (isinstance(layer, Concatenate) and len(layer.sources) == 1)
        or (isinstance(layer, Activation) and layer.function == IDENTITY)
    ):
        draft.redirect(number, source)
        return True
    if isinstance(layer, (Dense, Reshape)) and isinstance(before, Reshape):
        draft.replace(number, dataclasses.replace(layer, sources=before.sources))
        return True
    if isinstance(layer, Transpose) and isinstance(before, Transpose):
        axes = tuple(before.axes[axis] for axis in layer.axes)
        draft.replace(number, dataclasses.replace(layer, sources=before.sources, axes=axes))
        return True
    return False


def join_expressions(draft: Draft, number: int, layer: FloatLayer) -> bool:
    """Sums and products of functions of one tensor, which are one function of it."""
    if not isinstance(layer, (Sum, Gate)) or not 2 <= len(layer.sources) <= 3:
        return False
    chains = [ancestors(draft, source) for source in layer.sources]
    for base in chains[0]:
        if all(base in chain for chain in chains) and draft.shapes[base] == draft.shapes[number]:
            operands = tuple(chain[base] for chain in chains)
            name, factors = ("sum", layer.multipliers) if isinstance(layer, Sum) else ("product", ())
            function = Function(name=name, parameters=factors, operands=operands)
            if function.size > MAX_EXPRESSION:
                return False
            draft.replace(number, _applied(draft, layer.name, base, function))
            return True
    return False


def ancestors(draft: Draft, number: int) -> dict[int, Function]:
    """The tensors that a tensor is a function of, the nearest first, and those functions."""
    found = {number: IDENTITY}
    function = IDENTITY
    while function.size <= MAX_EXPRESSION:
        layer = draft.layer(number)
        if isinstance(layer, Activation) and not layer.function.per_channel:
            function = function.of(layer.function)
        elif isinstance(layer, Affine) and layer.uniform:
            function = function.of(Function(name="affine", parameters=layer.uniform))
        else:
            break
        number = layer.sources[0]
        found[number] = function
    return found


def _applied(draft: Draft, name: str, source: int, function: Function) -> FloatLayer:
    """A function of one tensor as a layer."""
    if function.affine is not None:
        channels = draft.shapes[source][0]
        scale, shift = (np.full(channels, value) for value in function.affine)
        return Affine(name=name, sources=(source,), scale=scale, shift=shift)
    return Activation(name=name, sources=(source,), function=recognise(function))


def fold_affine(draft: Draft, number: int, layer: FloatLayer) -> bool:
    """Normalisations go into what computes their source, if nothing else reads it."""
    if not isinstance(layer, Affine):
        return False
    source = layer.sources[0]
    before = draft.layer(source)
    if (layer.scale == 1).all() and not layer.shift.any():
        draft.redirect(number, source)
        return True
    if not draft.is_sole(number):
        return False
    if isinstance(before, (Dense, Convolution)):
        along = (-1, *[1] * (before.weight.ndim - 1))
        weight, bias = before.weight * layer.scale.reshape(along), before.bias * layer.scale + layer.shift
        draft.replace(number, dataclasses.replace(before, weight=weight, bias=bias))
        return True
    if isinstance(before, Affine):
        scale, shift = before.scale * layer.scale, before.shift * layer.scale + layer.shift
        draft.replace(number, dataclasses.replace(before, scale=scale, shift=shift))
        return True
    if isinstance(before, Sum) and layer.uniform and not layer.shift.any():
        factors = tuple(factor * layer.uniform[0] for factor in before.multipliers)
        draft.replace(number, dataclasses.replace(before, multipliers=factors))
        return True
    if isinstance(before, Activation):
        return _fold_into_activation(draft, number, layer, before)
    return False


def _fold_into_activation(draft: Draft, number: int, layer: Affine, before: Activation) -> bool:
    """A positive factor goes in front of a ReLU or clip, where weights may take it; others into the function."""
    function = before.function
    bare = not function.operands and (layer.scale > 0).all()
    if bare and function.name in _POSITIVELY_HOMOGENEOUS and not layer.shift.any():
        draft.replace(layer.sources[0], dataclasses.replace(layer, sources=before.sources))
        draft.replace(number, dataclasses.replace(before, sources=layer.sources))
    elif bare and function.name == "clip" and layer.uniform:
        scale, shift = layer.uniform
        ends = tuple(scale * end + shift for end in function.parameters)
        draft.replace(layer.sources[0], dataclasses.replace(layer, sources=before.sources))
        clip = recognise(Function(name="clip", parameters=ends))
        draft.replace(number, dataclasses.replace(before, sources=layer.sources, function=clip))
    elif layer.uniform and function.size < MAX_EXPRESSION:
        joined = Function(name="affine", parameters=layer.uniform).of(function)
        draft.replace(number, dataclasses.replace(before, function=recognise(joined)))
    else:
        return False
    return True


def take_affine(draft: Draft, number: int, layer: FloatLayer) -> bool:
    """Weighted layers take a normalisation of their input, if nothing else reads it."""
    if not isinstance(layer, (Dense, Convolution)) or not draft.is_sole(number):
        return False
    before = draft.layer(layer.sources[0])
    if not isinstance(before, Affine):
        return False
    shape = draft.shapes[layer.sources[0]]
    if isinstance(layer, Dense):
        each = math.prod(shape[1:])
        weight = layer.weight * np.repeat(before.scale, each)
        bias = layer.bias + layer.weight @ np.repeat(before.shift, each)
    else:
        # Padding is zero behind the normalisation and not in front of it, so only a factor passes.
        if any(layer.padding) and before.shift.any():
            return False
        outputs = layer.weight.shape[0] // layer.groups
        scale, shift = (
            np.repeat(values.reshape(layer.groups, -1), outputs, axis=0)[:, :, None, None]
            for values in (before.scale, before.shift)
        )
        weight, bias = layer.weight * scale, layer.bias + (layer.weight * shift).sum(axis=(1, 2, 3))
    draft.replace(number, dataclasses.replace(layer, sources=before.sources, weight=weight, bias=bias))
    return True


def join_functions(draft: Draft, number: int, layer: FloatLayer) -> bool:
    """A function of a function, or of a normalisation that is the same for all channels, is one function."""
    if not isinstance(layer, Activation) or not draft.is_sole(number):
        return False
    before = draft.layer(layer.sources[0])
    if isinstance(before, Activation):
        inner = before.function
    elif isinstance(before, Affine) and before.uniform:
        # Weights are the better place for it.
        if fold_affine(draft, layer.sources[0], before):
            return True
        inner = Function(name="affine", parameters=before.uniform)
    else:
        return False
    function = layer.function.of(inner)
    if inner.per_channel or layer.function.per_channel or function.size > MAX_EXPRESSION:
        return False
    draft.replace(number, dataclasses.replace(layer, sources=before.sources, function=recognise(function)))
    return True


def lower_views(draft: Draft, number: int, layer: FloatLayer) -> bool:
    """Functions go in front of a view that nothing else reads, so that they are next to the weights."""
    source = layer.sources[0]
    view = draft.layer(source)
    if not isinstance(view, (Reshape, Transpose)) or not draft.is_sole(number) or view.sources == (0,):
        return False
    if isinstance(layer, Activation) and not layer.function.per_channel:
        moved: FloatLayer = dataclasses.replace(layer, sources=view.sources)
    elif isinstance(layer, Affine) and layer.uniform:
        function = Function(name="affine", parameters=layer.uniform)
        moved = _applied(draft, layer.name, view.sources[0], function)
    else:
        return False
    draft.replace(source, moved)
    draft.replace(number, dataclasses.replace(view, sources=(source,)))
    return True


def take_border(draft: Draft, number: int, layer: FloatLayer) -> bool:
    """Convolutions and averages take zeros around their input as padding."""
    before = draft.layer(layer.sources[0])
    if not isinstance(layer, (Convolution, AveragePool)) or not isinstance(before, Pad):
        return False
    if isinstance(layer, AveragePool) and layer.exclude_padding:
        return False
    top, left, bottom, right = (own + more for own, more in zip(layer.padding, before.padding, strict=True))
    draft.replace(number, dataclasses.replace(layer, sources=before.sources, padding=(top, left, bottom, right)))
    return True


RULES: tuple[Callable[[Draft, int, FloatLayer], bool], ...] = (
    drop_views,
    join_expressions,
    fold_affine,
    take_affine,
    join_functions,
    lower_views,
    take_border,
)
