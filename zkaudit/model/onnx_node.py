"""Nodes of ONNX graphs, and which operators are understood where.

The operators are those of the ONNX specification from opset 11 on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import onnx

from zkaudit.errors import InvalidInput

ACTIVATIONS = (
    *("Relu", "Clip", "LeakyRelu", "PRelu", "Sigmoid", "Tanh", "HardSigmoid", "HardSwish", "Swish", "Silu"),
    *("Gelu", "Elu", "Softplus", "Erf"),
)
"""Operators that apply a function to each value."""

OPERATORS = (
    *("Conv", "Gemm", "MatMul", "Add", "Sub", "Mul", "Div", "Pow", "BatchNormalization", "ai.onnx.ml.Scaler"),
    *ACTIVATIONS,
    *("MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "ReduceMean"),
    *("Concat", "Pad", "Slice", "Flatten", "Reshape", "Squeeze", "Unsqueeze", "Transpose"),
    *("Dropout", "Identity", "Cast", "Greater", "Where"),
)
"""Operators of a network's body."""

ENDINGS = ("Softmax", "LogSoftmax", "ArgMax", "ai.onnx.ml.ZipMap")
"""Operators that may end a network, and are dropped because they keep its argmax."""

FOLDED = {
    **dict.fromkeys(("Constant", "Shape", "Size", "ConstantOfShape", "Expand", "Range", "Gather", "Slice"), "shapes"),
    **dict.fromkeys(("Concat", "Squeeze", "Unsqueeze", "Reshape", "Flatten", "Transpose", "ReduceProd"), "shapes"),
    **dict.fromkeys(("Identity", "Cast", "CastLike", "Add", "Sub", "Mul", "Div", "Neg", "Abs", "Sqrt"), "elementwise"),
    **dict.fromkeys(("Reciprocal", "Floor", "Ceil", "Min", "Max", "Equal", "Where"), "elementwise"),
}
"""Operators that are computed at once where they read nothing but constants and shapes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One operator: its label for messages, its operator, the names that it reads and writes, its attributes."""

    label: str
    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]

    def refuse(self, what: str, *, expected: str = "", next_step: str = "") -> InvalidInput:
        """The error that names this node."""
        return InvalidInput(what, where=self.label, expected=expected, next_step=next_step)

    def integer(self, name: str, default: int) -> int:
        """An integer attribute."""
        value = self.attributes.get(name, default)
        if type(value) is not int:
            raise self.refuse(f"{name} {value!r:.40}", expected="an integer")
        return value

    def integers(self, name: str, default: list[int]) -> list[int]:
        """An attribute that is a list of as many integers as the default; negative and huge ones are refused."""
        values = self.attributes.get(name, default)
        if not isinstance(values, list) or not all(type(value) is int and 0 <= value < 1 << 20 for value in values):
            raise self.refuse(f"{name} {values!r:.40}", expected="small integers")
        if len(values) != len(default):
            raise self.refuse(f"{name} {values!r:.40}", expected=f"{len(default)} integers")
        return values

    def number(self, name: str, default: float) -> float:
        """A finite numeric attribute."""
        value = self.attributes.get(name, default)
        if type(value) not in (int, float) or not math.isfinite(value):
            raise self.refuse(f"{name} {value!r:.40}", expected="a finite number")
        return float(value)

    def text(self, name: str, default: str) -> str:
        """A text attribute."""
        value = self.attributes.get(name, default.encode())
        return value.decode("ascii", "replace")[:40] if isinstance(value, bytes) else repr(value)[:40]


def node_of(proto: onnx.NodeProto, number: int) -> Node:
    """The node of a file's record, the `number`-th; `InvalidInput` where it is damaged."""
    operator = shown(proto.op_type if proto.domain in ("", "ai.onnx") else f"{proto.domain}.{proto.op_type}")
    label = shown(proto.name or f"node {number}")
    try:
        attributes = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in proto.attribute}
    except (ValueError, TypeError) as error:
        raise InvalidInput("a damaged attribute", where=label) from error
    if not proto.output or not proto.output[0]:
        raise InvalidInput("an operator without outputs", where=label)
    return Node(
        label=label, operator=operator, inputs=tuple(proto.input), outputs=tuple(proto.output), attributes=attributes
    )


def fault_of(node: Node, folded: bool) -> str:
    """What is not supported about an operator, or nothing; `folded` tells that it reads only constants and shapes."""
    attributes = node.attributes
    if node.operator == "Constant" and not attributes.keys() & {
        "value", "value_float", "value_floats", "value_int", "value_ints"
    }:  # fmt: skip
        return "Constant of another kind"
    if folded:
        return ""
    if node.operator not in OPERATORS + ENDINGS:
        return node.operator or "no operator"
    if node.operator == "Gemm" and attributes.get("transA", 0) != 0:
        return "Gemm with transA"
    if node.operator in ENDINGS and "ZipMap" not in node.operator:
        default = 0 if node.operator == "ArgMax" else 1
        if attributes.get("axis", default) not in (1, -1):
            return f"{node.operator} over another axis than the classes"
        if attributes.get("select_last_index", 0) != 0:
            return "ArgMax with ties to the last index"
    if node.operator == "Pad" and attributes.get("mode", b"constant") != b"constant":
        return "Pad with other values than zero"
    return ""


def shown(name: str | bytes) -> str:
    """A name out of the file, fit for one line of a message; protobuf gives bytes for text that is not UTF-8."""
    text = str(name[:80])
    return text if text.isprintable() else ascii(text)
