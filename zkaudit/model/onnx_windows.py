"""ONNX operators with windows: convolutions, pools and means over space, of one and of two dimensions."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from zkaudit.model.float_layers import AveragePool, Convolution, MaxPool, Shape
from zkaudit.model.float_views import Transpose
from zkaudit.model.onnx_builder import Builder, Tensor, sample_axis, stored, stored_axis
from zkaudit.model.onnx_node import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """Windows over the two axes of space; `beyond` tells that some reach past the declared padding."""

    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    padding: tuple[int, int, int, int]
    beyond: bool


def convolve(build: Builder, node: Node) -> None:
    """Conv."""
    tensor = _spatial(build, node, fewest=2, most=3)
    weight = build.constants.floats(node.inputs[1])
    axes = len(tensor.shape) - 1
    if weight.ndim != axes + 2 or not weight.size:
        raise node.refuse(f"weights of shape {weight.shape}", expected=f"{axes + 2} axes")
    kernel = list(weight.shape[2:])
    if node.integers("kernel_shape", kernel) != kernel:
        raise node.refuse(f"weights of shape {weight.shape}", expected="those of kernel_shape")
    geometry = _geometry(node, tensor.shape, kernel)
    bias = np.zeros(len(weight))
    if len(node.inputs) == 3 and node.inputs[2]:
        bias = build.constants.floats(node.inputs[2])
    layer = Convolution(
        name=node.label,
        sources=(build.number(node, tensor),),
        kernel=geometry.kernel,
        stride=geometry.stride,
        dilation=geometry.dilation,
        padding=geometry.padding,
        weight=weight.reshape(*weight.shape[:2], *geometry.kernel),
        bias=bias,
        groups=node.integer("group", 1),
    )
    _put(build, node, build.add(layer), axes)


def max_pool(build: Builder, node: Node) -> None:
    """MaxPool without indices, and GlobalMaxPool."""
    tensor = _spatial(build, node)
    geometry = _pool(node, tensor.shape)
    if any(node.outputs[1:]):
        raise node.refuse("MaxPool with indices")
    layer = MaxPool(
        name=node.label,
        sources=(build.number(node, tensor),),
        kernel=geometry.kernel,
        stride=geometry.stride,
        dilation=geometry.dilation,
        padding=geometry.padding,
    )
    _put(build, node, build.add(layer), len(tensor.shape) - 1)


def average_pool(build: Builder, node: Node) -> None:
    """AveragePool and GlobalAveragePool."""
    tensor = _spatial(build, node)
    geometry = _pool(node, tensor.shape)
    included = node.integer("count_include_pad", 0) != 0
    if geometry.dilation != (1, 1):
        raise node.refuse("AveragePool with dilations")
    declared = node.integers("pads", [0] * (2 * len(tensor.shape) - 2)) if "pads" in node.attributes else []
    if included and geometry.beyond:
        if any(declared):
            raise node.refuse("AveragePool that counts padding, with ceil_mode", expected="one of the two")
        included = False
    layer = AveragePool(
        name=node.label,
        sources=(build.number(node, tensor),),
        kernel=geometry.kernel,
        stride=geometry.stride,
        padding=geometry.padding,
        exclude_padding=not included and any(geometry.padding),
    )
    _put(build, node, build.add(layer), len(tensor.shape) - 1)


def mean(build: Builder, node: Node) -> None:
    """ReduceMean over axes of a sample, given as an attribute or as an input."""
    tensor = build.input(node, fewest=1, most=2)
    axes = node.attributes.get("axes", [])
    if len(node.inputs) == 2 and node.inputs[1]:
        axes = build.constants.integers(node.inputs[1])
    if not isinstance(axes, list) or not axes or not all(type(axis) is int for axis in axes):
        raise node.refuse("ReduceMean over all axes", expected="axes of space")
    gone = sorted({sample_axis(node, tensor.shape, axis) for axis in axes})
    number = build.number(node, tensor)
    places = {stored_axis(tensor.shape, axis) for axis in gone}
    if len(build.shapes[number]) == 3 and 0 not in places:
        _, height, width = build.shapes[number]
        kernel = (height if 1 in places else 1, width if 2 in places else 1)
    else:
        # The reduced axes go behind the others and become one row.
        order = sorted(range(len(build.shapes[number])), key=lambda axis: (axis in places, axis))
        if len(order) > 1:
            number = build.add(Transpose(name=node.label, sources=(number,), axes=tuple(order)))
        kernel = (1, math.prod(tensor.shape[axis] for axis in gone))
        number = build.reshape(node, number, (math.prod(tensor.shape) // kernel[1], *kernel))
    number = build.add(AveragePool(name=node.label, sources=(number,), kernel=kernel))
    keep = node.integer("keepdims", 1) != 0
    shape = tuple(1 if axis in gone else full for axis, full in enumerate(tensor.shape) if keep or axis not in gone)
    build.put(node, number, shape)


def _spatial(build: Builder, node: Node, fewest: int = 1, most: int = 1) -> Tensor:
    tensor = build.input(node, fewest=fewest, most=most)
    if len(tensor.shape) not in (2, 3):
        raise node.refuse(f"reads samples of shape {tensor.shape}", expected="channels and one or two axes of space")
    return tensor


def _put(build: Builder, node: Node, number: int, axes: int) -> None:
    """Makes the tensor (C, H, W) the node's output, with as many axes of space as its input has."""
    shape = build.shapes[number]
    build.put(node, number, shape if axes == 2 else (shape[0], shape[2]))


def _pool(node: Node, shape: Shape) -> Geometry:
    if node.operator.startswith("Global"):
        _, height, width = stored(shape)
        one, none = (1, 1), (0, 0, 0, 0)
        return Geometry(kernel=(height, width), stride=one, dilation=one, padding=none, beyond=False)
    if "kernel_shape" not in node.attributes:
        raise node.refuse("no kernel_shape")
    return _geometry(node, shape, node.integers("kernel_shape", [1] * (len(shape) - 1)))


def _geometry(node: Node, shape: Shape, kernel: list[int]) -> Geometry:
    """The attributes of a window, for samples of that shape in the file."""
    axes = len(shape) - 1
    strides = node.integers("strides", [1] * axes)
    dilations = node.integers("dilations", [1] * axes)
    if min(kernel + strides + dilations) < 1:
        raise node.refuse("a window of an empty size")
    declared = node.integers("pads", [0] * 2 * axes)
    kind = node.text("auto_pad", "NOTSET")
    if kind not in ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"):
        raise node.refuse(f"auto_pad {kind!r}", expected="NOTSET, VALID, SAME_UPPER or SAME_LOWER")
    before, after, beyond = [], [], False
    for axis in range(axes):
        extent, stride, span = shape[axis + 1], strides[axis], dilations[axis] * (kernel[axis] - 1) + 1
        start, stop = declared[axis], declared[axis + axes]
        if kind == "VALID":
            start = stop = 0
        elif kind != "NOTSET":
            total = max(0, (-(-extent // stride) - 1) * stride + span - extent)
            start = total // 2 if kind == "SAME_UPPER" else total - total // 2
            stop = total - start
        if node.integer("ceil_mode", 0):
            count = -(-(extent + start + stop - span) // stride) + 1
            # The last window has to begin in the input or in the padding before it.
            count -= (count - 1) * stride >= extent + start
            needed = (count - 1) * stride + span - extent - start
            beyond |= needed > stop
            stop = max(stop, needed)
        before.append(start)
        after.append(stop)
    flat = axes == 1
    return Geometry(
        kernel=(1, kernel[0]) if flat else (kernel[0], kernel[1]),
        stride=(1, strides[0]) if flat else (strides[0], strides[1]),
        dilation=(1, dilations[0]) if flat else (dilations[0], dilations[1]),
        padding=(0, before[0], 0, after[0]) if flat else (before[0], before[1], after[0], after[1]),
        beyond=beyond,
    )
