"""Constants of ONNX graphs: stored tensors, and what nodes make of constants and of shapes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from zkaudit.errors import InvalidInput
from zkaudit.model.architecture import MAX_WEIGHTS
from zkaudit.model.onnx_node import FOLDED, Node, shown

MAX_LIST = 64
"""Performance knob: most entries of a shape, a list of axes and the like."""

MAX_FOLDED = 1 << 22
"""Performance knob: most values that nodes make of constants, beyond those that stored ones allow."""

FOLDED_PER_STORED = 16
"""Performance knob: values that nodes may make for each stored one that is read: a weight passes several nodes."""

MAX_STORED = 2 * MAX_WEIGHTS
"""Performance knob: most stored values that are read, since many tensors can name one external file."""

_CONSTANT_VALUES = {"value_float": "f4", "value_floats": "f4", "value_int": "i8", "value_ints": "i8"}
"""Attributes of a Constant node other than a tensor, and the types of the arrays that they stand for."""


class Constants:
    """Constants by name, read from the file when they are asked for."""

    def __init__(self, tensors: dict[str, onnx.TensorProto], folder: str, opset: int) -> None:
        self._values: dict[str, onnx.TensorProto | NDArray[Any]] = dict(tensors)
        self._folder = folder
        self._opset = opset
        self._stored = 0
        # A file of a few bytes can ask for as many constants as it has nodes.
        self._left = MAX_FOLDED

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def set(self, name: str, values: NDArray[Any]) -> None:
        """Enters a computed constant."""
        self._values[name] = values

    def array(self, name: str) -> NDArray[Any]:
        """A constant as it is; `InvalidInput` where it is too large, damaged or in an external file that is absent."""
        where = shown(name)
        tensor = self._values.get(name)
        if tensor is None:
            raise InvalidInput("not a constant", where=where, next_step="export the model with constant parameters")
        if isinstance(tensor, np.ndarray):
            return tensor
        if any(extent < 0 for extent in tensor.dims) or math.prod(tensor.dims) > MAX_WEIGHTS:
            raise InvalidInput(f"shape {list(tensor.dims)}", where=where, expected=f"at most {MAX_WEIGHTS} values")
        self._stored += math.prod(tensor.dims)
        if self._stored > MAX_STORED:
            raise InvalidInput("too many constants", where=where, expected=f"at most {MAX_STORED} values in all")
        try:
            values = np.asarray(numpy_helper.to_array(tensor, base_dir=self._folder))
        # Damaged tensors and missing or misplaced external files raise errors of many undocumented types.
        except Exception as error:
            external = tensor.data_location == onnx.TensorProto.EXTERNAL
            fault = "external data that cannot be read" if external else "damaged values"
            step = "keep the data file in the model's folder" if external else "export the model again"
            raise InvalidInput(fault, where=where, next_step=step) from error
        self._values[name] = values
        self._left += FOLDED_PER_STORED * values.size
        return values

    def numbers(self, name: str) -> NDArray[np.float64]:
        """A constant of a float type, NaN and infinity included."""
        values = self.array(name)
        # Types that numpy lacks, such as bfloat16, have the kind "V".
        if values.dtype.kind != "f" and values.dtype.name != "bfloat16":
            raise InvalidInput("a constant that is not of a float type", where=shown(name))
        return values.astype(np.float64)

    def floats(self, name: str) -> NDArray[np.float64]:
        """A constant of finite floats."""
        values = self.numbers(name)
        if not np.isfinite(values).all():
            where = shown(name)
            raise InvalidInput("NaN or infinite weights", where=where, expected="finite numbers")
        return values

    def integers(self, name: str) -> list[int]:
        """A short constant of integers, such as a shape."""
        values = self.array(name)
        if values.dtype.kind != "i" or values.size > MAX_LIST or values.ndim > 1:
            raise InvalidInput("a constant that is not a shape", where=shown(name))
        return [int(value) for value in values.reshape(-1)]

    def is_true(self, name: str) -> bool:
        """Whether a boolean constant has a true entry."""
        values = self.array(name)
        if values.dtype.kind != "b":
            raise InvalidInput("a constant that is not boolean", where=shown(name))
        return bool(values.any())

    def fold(self, node: Node) -> None:
        """Enters the output of a node whose inputs are constants, as onnx itself computes it."""
        where = node.label
        inputs = {name: self.array(name) for name in node.inputs if name}
        size = _size(node, list(inputs.values()))
        if size > min(MAX_WEIGHTS, self._left):
            expected = f"at most {min(MAX_WEIGHTS, self._left)} values"
            raise InvalidInput("a constant that is too large", where=where, expected=expected)
        self._left -= size
        if node.operator == "Constant":
            self._values.update(dict.fromkeys(node.outputs, _constant(node, where)))
            return
        from onnx.reference import ReferenceEvaluator

        try:
            proto = onnx.helper.make_node(node.operator, node.inputs, node.outputs, **node.attributes)
            reads, writes = ([onnx.ValueInfoProto(name=name) for name in side] for side in (inputs, node.outputs))
            graph = onnx.helper.make_graph([proto], "constant", reads, writes)
            model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", self._opset)])
            with np.errstate(all="ignore"):
                results = ReferenceEvaluator(model).run(None, inputs)
        # onnx's evaluator raises errors of many types for inputs that do not fit the operator.
        except Exception as error:
            raise InvalidInput(f"{node.operator} of constants that do not fit", where=where) from error
        self._values.update(zip(node.outputs, map(np.asarray, results), strict=False))


def _constant(node: Node, where: str) -> onnx.TensorProto | NDArray[Any]:
    """What a Constant node holds."""
    if isinstance(node.attributes.get("value"), onnx.TensorProto):
        tensor: onnx.TensorProto = node.attributes["value"]
        return tensor
    try:
        kind, value = next(item for item in node.attributes.items() if item[0] in _CONSTANT_VALUES)
        return np.array(value, _CONSTANT_VALUES[kind])
    except (StopIteration, ValueError, TypeError, OverflowError) as error:
        raise InvalidInput("a damaged constant", where=where) from error


def _size(node: Node, inputs: list[NDArray[Any]]) -> int:
    """A bound on the values of the output, before it is computed."""
    if node.operator in ("ConstantOfShape", "Expand", "Range"):
        if not all(values.dtype.kind in "iufb" and np.isfinite(values).all() for values in inputs):
            return MAX_WEIGHTS + 1
        if node.operator == "Range":
            return int(max((abs(float(values.max(initial=0))) for values in inputs), default=0)) + 1
        return math.prod(max(1, abs(int(extent))) for extent in inputs[-1].reshape(-1)) * inputs[0].size
    if node.operator == "Gather":
        return math.prod(max(1, values.size) for values in inputs)
    if FOLDED.get(node.operator) == "elementwise":
        rank = max((values.ndim for values in inputs), default=0)
        shapes = [(1,) * (rank - values.ndim) + values.shape for values in inputs]
        return math.prod(map(max, zip(*shapes, strict=True))) if rank else 1
    return sum(values.size for values in inputs)
