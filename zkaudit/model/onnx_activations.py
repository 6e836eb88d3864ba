"""ONNX operators that apply a function to each value."""

from __future__ import annotations

import numpy as np

from zkaudit.model.float_functions import IDENTITY, RELU, Function
from zkaudit.model.onnx_builder import Builder, Tensor
from zkaudit.model.onnx_node import Node

_FLOAT32_LIMIT = float(np.finfo(np.float32).max)
"""Ends of a Clip from here on are no ends."""


def activate(build: Builder, node: Node) -> None:
    """Every operator of `onnx_node.ACTIVATIONS`."""
    most = {"Clip": 3, "PRelu": 2}.get(node.operator, 1)
    tensor = build.input(node, fewest=2 if node.operator == "PRelu" else 1, most=most)
    build.activate(node, tensor, _function(build, node, tensor))


def _function(build: Builder, node: Node, tensor: Tensor) -> Function:
    plain = {"Sigmoid": "sigmoid", "Tanh": "tanh", "Softplus": "softplus", "Erf": "erf", "HardSwish": "hard_swish"}
    if node.operator in plain:
        return Function(name=plain[node.operator])
    if node.operator == "Clip":
        return _clip(build, node)
    if node.operator == "PRelu":
        return _prelu(build, node, tensor)
    if node.operator == "LeakyRelu":
        return Function(name="leaky_relu", parameters=(node.number("alpha", 0.01),))
    if node.operator == "HardSigmoid":
        return Function(name="hard_sigmoid", parameters=(node.number("alpha", 0.2), node.number("beta", 0.5)))
    if node.operator == "Elu":
        return Function(name="elu", parameters=(node.number("alpha", 1.0),))
    if node.operator in ("Swish", "Silu"):
        return Function(name="silu", parameters=(node.number("alpha", 1.0),))
    if node.operator == "Gelu":
        kind = node.text("approximate", "none")
        if kind not in ("none", "tanh"):
            raise node.refuse(f"approximate {kind!r}", expected="none or tanh")
        return Function(name="gelu" if kind == "none" else "gelu_tanh")
    return RELU


def _clip(build: Builder, node: Node) -> Function:
    ends = [-np.inf, np.inf]
    for place, name in enumerate(node.inputs[1:3]):
        if name:
            values = build.constants.numbers(name)
            if values.size != 1 or np.isnan(values).any():
                raise node.refuse(f"an end of shape {values.shape}", expected="one number")
            end = float(values.reshape(-1)[0])
            ends[place] = end if abs(end) < _FLOAT32_LIMIT else float(np.copysign(np.inf, end))
    low, high = ends
    if not low <= high or high == -np.inf or low == np.inf:
        raise node.refuse(f"Clip to [{low:g}, {high:g}]")
    return RELU if (low, high) == (0.0, np.inf) else Function(name="clip", parameters=(low, high))


def _prelu(build: Builder, node: Node, tensor: Tensor) -> Function:
    slopes = build.constant(node, node.inputs[1], tensor.shape)
    if slopes.size == 1:
        return Function(name="leaky_relu", parameters=(float(slopes.reshape(-1)[0]),))
    if slopes.shape != (tensor.shape[0], *[1] * (len(tensor.shape) - 1)):
        raise node.refuse(f"slopes of shape {slopes.shape}", expected="one, or one a channel")
    return Function(name="prelu", parameters=tuple(map(float, slopes.reshape(-1))))


def power(build: Builder, node: Node) -> None:
    """Pow with the constant exponent 2 or 3, which exporters write for GELU."""
    tensor = build.input(node, fewest=2, most=2)
    exponent = build.constants.array(node.inputs[1])
    if exponent.size != 1 or float(exponent.reshape(-1)[0]) not in (2.0, 3.0):
        raise node.refuse("Pow with another exponent", expected="2 or 3")
    count = int(exponent.reshape(-1)[0])
    build.activate(node, tensor, Function(name="product", operands=(IDENTITY,) * count))


def compare(build: Builder, node: Node) -> None:
    """Greater than a constant, as a function with values 0 and 1: exporters write Softplus in two parts."""
    tensor = build.input(node, fewest=2, most=2)
    limit = build.constants.floats(node.inputs[1])
    if limit.size != 1:
        raise node.refuse(f"a limit of shape {limit.shape}", expected="one number")
    build.activate(node, tensor, Function(name="greater", parameters=(float(limit.reshape(-1)[0]),)))
