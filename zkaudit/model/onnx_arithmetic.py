"""ONNX operators that compute: weighted layers, sums, products and choices of tensors, and normalisations."""

from __future__ import annotations

import numpy as np

from zkaudit.model.float_functions import Floats
from zkaudit.model.float_layers import Affine, Convolution, Dense, Gate, Shape, Sum
from zkaudit.model.float_views import Concatenate
from zkaudit.model.onnx_builder import Builder, Tensor, stored, stored_axis
from zkaudit.model.onnx_node import Node


def gemm(build: Builder, node: Node) -> None:
    """Gemm: alpha x W + beta b."""
    tensor = build.input(node, fewest=2, most=3)
    matrix = build.constants.floats(node.inputs[1])
    if node.integer("transB", 0):
        matrix = matrix.T
    matrix = node.number("alpha", 1.0) * matrix
    bias = np.zeros(1)
    if len(node.inputs) == 3 and node.inputs[2]:
        bias = node.number("beta", 1.0) * build.constants.floats(node.inputs[2])
    _dense(build, node, tensor, matrix, bias)


def matmul(build: Builder, node: Node) -> None:
    """MatMul with a constant on the right, along the last axis."""
    tensor = build.input(node, fewest=2, most=2)
    matrix = build.constants.floats(node.inputs[1])
    if len(tensor.shape) in (2, 3):
        _pointwise(build, node, tensor, matrix)
    else:
        _dense(build, node, tensor, matrix, np.zeros(1))


def _dense(build: Builder, node: Node, tensor: Tensor, matrix: Floats, bias: Floats) -> None:
    if len(tensor.shape) != 1:
        raise node.refuse(f"reads samples of shape {tensor.shape}", next_step="flatten them before")
    _check_matrix(node, tensor, matrix)
    outputs = matrix.shape[1]
    if bias.size not in (1, outputs) or bias.shape[-1:] not in ((), (1,), (outputs,)):
        raise node.refuse(f"adds shape {bias.shape}", expected=f"({outputs},)")
    weight = np.ascontiguousarray(matrix.T)
    row = np.broadcast_to(bias.reshape(-1), (outputs,)).copy()
    number = build.add(Dense(name=node.label, sources=(tensor.number,), weight=weight, bias=row))
    build.put(node, number, (outputs,))


def _pointwise(build: Builder, node: Node, tensor: Tensor, matrix: Floats) -> None:
    """The product along the last of several axes, which is a convolution with a window of one."""
    _check_matrix(node, tensor, matrix)
    last = 2
    source = build.to_front(node, build.number(node, tensor), last)
    weight = np.ascontiguousarray(matrix.T)[:, :, None, None]
    bias = np.zeros(len(weight))
    number = build.add(Convolution(name=node.label, sources=(source,), kernel=(1, 1), weight=weight, bias=bias))
    build.put(node, build.from_front(node, number, last), (*tensor.shape[:-1], len(weight)))


def _check_matrix(node: Node, tensor: Tensor, matrix: Floats) -> None:
    width = tensor.shape[-1] if tensor.shape else 0
    if matrix.ndim != 2 or matrix.shape[0] != width or not matrix.shape[1]:
        raise node.refuse(f"weights of shape {matrix.shape}", expected=f"({width}, outputs)")


def combine(build: Builder, node: Node) -> None:
    """Add, Sub, Mul and Div, of two tensors or of a tensor and a constant."""
    build.count(node, 2, 2)
    tensors = [build.tensors.get(name) for name in node.inputs]
    first, second = tensors
    if first and second:
        _combine_tensors(build, node, first, second)
        return
    tensor = first or second
    if tensor is None:
        raise node.refuse("does not combine one tensor with constants")
    values = build.constant(node, node.inputs[1 if first else 0], tensor.shape)
    one, zero = np.ones((1,) * len(tensor.shape)), np.zeros((1,) * len(tensor.shape))
    if node.operator == "Add":
        scale, shift = one, values
    elif node.operator == "Sub":
        scale, shift = (one, -values) if first else (-one, values)
    elif node.operator == "Mul":
        scale, shift = values, zero
    elif first and values.all():
        scale, shift = 1 / values, zero
    else:
        raise node.refuse("Div by zero" if first else "Div by a tensor")
    build.affine(node, tensor, scale, shift)


def _combine_tensors(build: Builder, node: Node, first: Tensor, second: Tensor) -> None:
    if node.operator == "Div":
        raise node.refuse("Div by a tensor", expected="a constant")
    try:
        shape: Shape = np.broadcast_shapes(first.shape, second.shape)
    except ValueError as error:
        raise node.refuse(f"shapes {first.shape} and {second.shape} together") from error
    if len(first.shape) != len(second.shape):
        # One more axis would line the samples of the one up with the features of the other.
        raise node.refuse(f"shapes {first.shape} and {second.shape} together", expected="as many axes")
    sources = [_repeat(build, node, tensor, shape) for tensor in (first, second)]
    if node.operator == "Mul":
        if build.shapes[sources[0]] != stored(shape):
            sources.reverse()
        number = build.add(Gate(name=node.label, sources=tuple(sources)))
    else:
        multipliers = (1.0, 1.0 if node.operator == "Add" else -1.0)
        number = build.add(Sum(name=node.label, sources=tuple(sources), multipliers=multipliers))
    build.put(node, number, shape)


def _repeat(build: Builder, node: Node, tensor: Tensor, shape: Shape) -> int:
    """The tensor's number, with axes of one repeated where a layer would not do that itself."""
    number = build.number(node, tensor)
    single = len(shape) in (2, 3) and tensor.shape == (shape[0], *[1] * (len(shape) - 1))
    if tensor.shape == shape or single:
        return number
    axes = [axis for axis, (extent, full) in enumerate(zip(tensor.shape, shape, strict=True)) if extent != full]
    for axis in axes:
        place = stored_axis(shape, axis)
        front = build.to_front(node, number, place)
        joined = build.add(Concatenate(name=node.label, sources=(front,) * shape[axis]))
        number = build.from_front(node, joined, place)
    return number


def normalise(build: Builder, node: Node) -> None:
    """BatchNormalization with fixed statistics: scale (x - mean) / sqrt(variance + epsilon) + bias."""
    tensor = build.input(node, fewest=5, most=5)
    if node.integer("training_mode", 0) or any(node.outputs[1:]):
        raise node.refuse("BatchNormalization in training mode", next_step="export the model for inference")
    scale, bias, mean, variance = (build.constants.floats(name) for name in node.inputs[1:])
    shapes = {values.shape for values in (scale, bias, mean, variance)}
    if not tensor.shape or shapes != {tensor.shape[:1]}:
        raise node.refuse(f"statistics of shapes {sorted(shapes)}", expected=f"{tensor.shape[:1]}")
    if not (variance + node.number("epsilon", 1e-5) > 0).all():
        raise node.refuse("a variance that is not positive")
    factor = scale / np.sqrt(variance + node.number("epsilon", 1e-5))
    along = (-1, *[1] * (len(tensor.shape) - 1))
    build.affine(node, tensor, factor.reshape(along), (bias - mean * factor).reshape(along))


def scale_features(build: Builder, node: Node) -> None:
    """scikit-learn's Scaler: (x - offset) scale, along the last axis."""
    tensor = build.input(node)
    rows = [np.array(node.attributes.get(name, [0.0]), dtype=object) for name in ("offset", "scale")]
    if not all(isinstance(value, float) and np.isfinite(value) for row in rows for value in row.reshape(-1)):
        raise node.refuse("an offset or scale that is not finite")
    offset, scale = (row.astype(np.float64).reshape(*[1] * (len(tensor.shape) - 1), -1) for row in rows)
    if not {offset.size, scale.size} <= {1, tensor.shape[-1] if tensor.shape else 1}:
        raise node.refuse(f"{offset.size} offsets and {scale.size} scales", expected=f"one or {tensor.shape[-1:]}")
    build.affine(node, tensor, scale, -offset * scale)


def choose(build: Builder, node: Node) -> None:
    """Where of three tensors of one shape: c a + (1 - c) b."""
    build.count(node, 3, 3)
    tensors = [build.tensors.get(name) for name in node.inputs]
    condition, first, second = tensors
    if condition is None or first is None or second is None or len({t.shape for t in tensors if t}) != 1:
        raise node.refuse("does not choose between tensors of one shape")
    c, a, b = (build.number(node, tensor) for tensor in (condition, first, second))
    channels = build.shapes[c][0]
    not_c = build.add(Affine(name=node.label, sources=(c,), scale=-np.ones(channels), shift=np.ones(channels)))
    gates = tuple(build.add(Gate(name=node.label, sources=pair)) for pair in ((c, a), (not_c, b)))
    number = build.add(Sum(name=node.label, sources=gates, multipliers=(1.0, 1.0)))
    build.put(node, number, condition.shape)
