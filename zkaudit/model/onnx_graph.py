"""ONNX files as validated graphs: one input, one output, constants by name, and no operator that is not supported.

Operators are those of the ONNX specification, sections Gemm, MatMul, Add, Relu, Flatten, Reshape, Identity, Dropout,
Softmax, LogSoftmax, ArgMax and Constant of its operator reference, from opset 11 on.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from numpy.typing import NDArray
from onnx import numpy_helper

from zkaudit import wire
from zkaudit.errors import InvalidInput
from zkaudit.model.architecture import MAX_FEATURES, MAX_WEIGHTS

MAX_FILE_BYTES = 1 << 31
"""Performance knob: protobuf itself ends at two gibibytes."""

MIN_OPSET = 11
"""Oldest operator set whose attributes are understood."""

OPERATORS = ("Gemm", "MatMul", "Add", "Relu", "Flatten", "Reshape", "Identity", "Dropout", "Constant")
"""Operators of a network's body."""

ENDINGS = ("Softmax", "LogSoftmax", "ArgMax")
"""Operators that may end a network, and are dropped because they keep its argmax."""

_FLOAT_TYPES = (
    onnx.TensorProto.FLOAT,
    onnx.TensorProto.DOUBLE,
    onnx.TensorProto.FLOAT16,
    onnx.TensorProto.BFLOAT16,
)

_CONSTANT_VALUES = {"value_float": "f4", "value_floats": "f4", "value_int": "i8", "value_ints": "i8"}
"""Attributes of a Constant node other than a tensor, and the types of the arrays that they stand for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One operator: its label for messages, its operator, the names that it reads and writes, its attributes."""

    label: str
    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Graph:
    """A validated graph; `shape` is that of one sample, `batch` the fixed number of samples or None."""

    where: str
    input_name: str
    output_name: str
    batch: int | None
    shape: tuple[int, ...]
    nodes: tuple[Node, ...]
    constants: dict[str, onnx.TensorProto]
    folder: str

    def floats(self, name: str) -> NDArray[np.float64]:
        """A constant of a float type; `InvalidInput` where it is of another type, not finite or unreadable."""
        tensor = self.constants[name]
        if tensor.data_type not in _FLOAT_TYPES:
            raise InvalidInput("a constant that is not of a float type", where=f"{self.where}, {_shown(name)}")
        values = self._array(name).astype(np.float64)
        if not np.isfinite(values).all():
            raise InvalidInput(
                "NaN or infinite weights", where=f"{self.where}, {_shown(name)}", expected="finite numbers"
            )
        return values

    def integers(self, name: str) -> list[int]:
        """A short constant of 64-bit integers, such as a shape."""
        if self.constants[name].data_type != onnx.TensorProto.INT64 or math.prod(self.constants[name].dims) > 64:
            raise InvalidInput("a constant that is not a shape", where=f"{self.where}, {_shown(name)}")
        return [int(value) for value in self._array(name).reshape(-1)]

    def is_true(self, name: str) -> bool:
        """Whether a boolean constant has a true entry."""
        if self.constants[name].data_type != onnx.TensorProto.BOOL:
            raise InvalidInput("a constant that is not boolean", where=f"{self.where}, {_shown(name)}")
        return bool(self._array(name).any())

    def _array(self, name: str) -> NDArray[np.generic]:
        tensor = self.constants[name]
        where = f"{self.where}, {_shown(name)}"
        if any(extent < 0 for extent in tensor.dims) or math.prod(tensor.dims) > MAX_WEIGHTS:
            raise InvalidInput(f"shape {list(tensor.dims)}", where=where, expected=f"at most {MAX_WEIGHTS} values")
        try:
            return np.asarray(numpy_helper.to_array(tensor, base_dir=self.folder))
        # Damaged tensors and missing or misplaced external files raise errors of many undocumented types.
        except Exception as error:
            external = tensor.data_location == onnx.TensorProto.EXTERNAL
            fault = "external data that cannot be read" if external else "damaged values"
            step = "keep the data file in the model's folder" if external else "export the model again"
            raise InvalidInput(fault, where=where, next_step=step) from error


def read_graph(path: str | Path) -> Graph:
    """The graph of an ONNX file.

    `InvalidInput` in one line: all unsupported operators together, or the first other fault.
    """
    where = f"model {os.fspath(path)}"
    model = onnx.ModelProto()
    try:
        model.ParseFromString(wire.read_bounded(path, MAX_FILE_BYTES, "model"))
    except (DecodeError, ValueError) as error:
        raise InvalidInput("not an ONNX file", where=where, next_step="export the model again") from error
    _check_opset(model, where)
    if model.graph.sparse_initializer:
        raise InvalidInput("sparse weights", where=where, expected="dense weights")
    nodes = tuple(_node(node, number, where) for number, node in enumerate(model.graph.node, 1))
    _check_operators(nodes, where)
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    sources = set(constants) | {value.name for value in model.graph.input}
    for node in nodes:
        if not sources.isdisjoint(node.outputs):
            raise InvalidInput(f"tensor {node.outputs[0]!r} has two sources", where=f"{where}, {node.label}")
        sources.update(node.outputs)
        _add_constants(node, constants, where)
    inputs = [value for value in model.graph.input if value.name not in constants]
    if len(inputs) != 1 or len(model.graph.output) != 1:
        found = f"{len(inputs)} inputs and {len(model.graph.output)} outputs"
        raise InvalidInput(found, where=where, expected="one of each")
    batch, shape = _input_shape(inputs[0], where)
    return Graph(
        where=where,
        input_name=inputs[0].name,
        output_name=model.graph.output[0].name,
        batch=batch,
        shape=shape,
        nodes=tuple(node for node in nodes if not set(node.outputs) <= constants.keys()),
        constants=constants,
        folder=os.fspath(Path(path).parent),
    )


def _check_opset(model: onnx.ModelProto, where: str) -> None:
    versions = [entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
    if not versions or min(versions) < MIN_OPSET:
        found = f"opset {min(versions)}" if versions else "no opset"
        raise InvalidInput(
            found, where=where, expected=f"opset {MIN_OPSET} or later", next_step="export the model again"
        )


def _node(node: onnx.NodeProto, number: int, where: str) -> Node:
    operator = _shown(node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}")
    label = _shown(node.name or f"node {number}")
    try:
        attributes = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
    except (ValueError, TypeError) as error:
        raise InvalidInput("a damaged attribute", where=f"{where}, {label}") from error
    outputs = tuple(name for name in node.output if name)
    if not outputs:
        raise InvalidInput("an operator without outputs", where=f"{where}, {label}")
    return Node(
        label=label,
        operator=operator,
        inputs=tuple(node.input),
        outputs=outputs,
        attributes=attributes,
    )


def _shown(name: str | bytes) -> str:
    """A name out of the file, fit for one line of a message; protobuf gives bytes for text that is not UTF-8."""
    text = str(name[:80])
    return text if text.isprintable() else ascii(text)


def _check_operators(nodes: tuple[Node, ...], where: str) -> None:
    """`InvalidInput` that lists every operator that is not supported, with its node."""
    faults = [f"{node.label} ({fault})" for node in nodes if (fault := _operator_fault(node))]
    if faults:
        raise InvalidInput(
            f"unsupported operators: {', '.join(faults)}", where=where, expected=", ".join((*OPERATORS, *ENDINGS))
        )


def _operator_fault(node: Node) -> str:
    """What is not supported about an operator, or nothing."""
    attributes = node.attributes
    if node.operator not in OPERATORS + ENDINGS:
        return node.operator
    if node.operator == "Gemm":
        if attributes.get("transA", 0) != 0:
            return "Gemm with transA"
        if not all(isinstance(attributes.get(name, 1.0), (int, float)) for name in ("alpha", "beta", "transB")):
            return "Gemm with other attributes"
    if node.operator in ENDINGS:
        default = 0 if node.operator == "ArgMax" else 1
        if attributes.get("axis", default) not in (1, -1):
            return f"{node.operator} over another axis than the classes"
        if attributes.get("select_last_index", 0) != 0:
            return "ArgMax with ties to the last index"
    if node.operator == "Reshape" and attributes.get("allowzero", 0) != 0:
        return "Reshape with allowzero"
    if node.operator == "Constant" and not {"value", *_CONSTANT_VALUES} & attributes.keys():
        return "Constant of another kind"
    return ""


def _add_constants(node: Node, constants: dict[str, onnx.TensorProto], where: str) -> None:
    """Enters what a Constant node holds, or an Identity node renames, into the constants."""
    if node.operator == "Identity" and len(node.inputs) == 1 and node.inputs[0] in constants:
        constants.update(dict.fromkeys(node.outputs, constants[node.inputs[0]]))
    if node.operator != "Constant":
        return
    kind, value = next(item for item in node.attributes.items() if item[0] in {"value", *_CONSTANT_VALUES})
    try:
        tensor = value if kind == "value" else numpy_helper.from_array(np.array(value, _CONSTANT_VALUES[kind]))
    except (ValueError, TypeError, OverflowError) as error:
        raise InvalidInput("a damaged constant", where=f"{where}, {node.label}") from error
    if not isinstance(tensor, onnx.TensorProto):
        raise InvalidInput("a damaged constant", where=f"{where}, {node.label}")
    constants.update(dict.fromkeys(node.outputs, tensor))


def _input_shape(value: onnx.ValueInfoProto, where: str) -> tuple[int | None, tuple[int, ...]]:
    """The fixed number of samples, or None, and the shape of a sample."""
    where = f"{where}, input {_shown(value.name)}"
    tensor = value.type.tensor_type
    if tensor.elem_type not in _FLOAT_TYPES:
        raise InvalidInput("an input that is not a float tensor", where=where, expected="a float tensor")
    extents = [dim.dim_value if dim.HasField("dim_value") else None for dim in tensor.shape.dim]
    if len(extents) < 2:
        raise InvalidInput(f"an input of {len(extents)} axes", where=where, expected="samples, then features")
    shape = tuple(extent for extent in extents[1:] if extent is not None and extent > 0)
    if len(shape) != len(extents) - 1:
        raise InvalidInput(
            "a feature axis of unknown size", where=where, expected="only the number of samples may vary"
        )
    if math.prod(shape) > MAX_FEATURES:
        raise InvalidInput(f"samples of shape {shape}", where=where, expected=f"at most {MAX_FEATURES} features")
    return (extents[0] or None), shape
