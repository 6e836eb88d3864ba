"""Simplification of float graphs: what can be folded into a weighted layer or a single function, is.

The rules keep the network's function; what is dropped at its end keeps the argmax.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from zkaudit.errors import InvalidInput
from zkaudit.model.float_draft import Draft
from zkaudit.model.float_functions import Function
from zkaudit.model.float_graph import FloatGraph
from zkaudit.model.float_layers import Activation, Dense, FloatLayer, Shape
from zkaudit.model.float_rules import RULES, ancestors
from zkaudit.model.float_views import Concatenate, Reshape

INCREASING = ("sigmoid", "tanh", "softplus", "erf", "identity")
"""Functions that keep the order of logits."""


def fold(input_shape: Shape, layers: list[FloatLayer], output: int) -> FloatGraph:
    """The graph of the layers that tensor `output` needs, folded until no rule applies."""
    draft = Draft(input_shape, layers, output)
    changed = True
    while changed:
        changed = False
        for number in range(1, len(layers) + 1):
            while _simplify(draft, number):
                changed = True
    _end(draft)
    if not draft.output:
        raise InvalidInput("no dense layer and no convolution", where="network", expected="at least one")
    return draft.graph()


def _simplify(draft: Draft, number: int) -> bool:
    """Applies the first rule that fits the layer, and tells whether there was one."""
    layer = draft.layer(number)
    return layer is not None and any(rule(draft, number, layer) for rule in RULES)


def _end(draft: Draft) -> None:
    """Drops what keeps the argmax of the logits, and makes a probability and its complement two logits."""
    layer = draft.layer(draft.output)
    if isinstance(layer, Concatenate) and len(layer.sources) == 2:
        chains = [ancestors(draft, source) for source in layer.sources]
        sigmoid = Function(name="sigmoid")
        for base in chains[1]:
            if base in chains[0] and chains[1][base] == sigmoid and draft.shapes[base] == (1,):
                complement = Function(name="affine", parameters=(-1.0, 1.0)).of(sigmoid)
                if chains[0][base] == complement:
                    _mirror(draft, base)
                    return
    while isinstance(layer := draft.layer(draft.output), (Activation, Reshape)):
        if isinstance(layer, Activation):
            if layer.function.operands or layer.function.name not in INCREASING:
                return
            if layer.function.name == "sigmoid" and draft.shapes[draft.output] == (1,):
                _mirror(draft, layer.sources[0])
                return
        draft.output = layer.sources[0]


def _mirror(draft: Draft, number: int) -> None:
    """Makes one logit the two logits (-z, z), whose argmax tells its sign."""
    layer = draft.layer(number)
    if not isinstance(layer, Dense):
        raise InvalidInput("one probability that no dense layer computes", where=layer.name if layer else "network")
    signs = np.array([-1.0, 1.0])
    mirrored = dataclasses.replace(layer, weight=signs[:, None] * layer.weight, bias=signs * layer.bias)
    draft.replace(number, mirrored)
    draft.output = number
