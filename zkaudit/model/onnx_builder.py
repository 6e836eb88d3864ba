"""The layers that an ONNX graph becomes, and the tensors that its names stand for."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from zkaudit.model.float_functions import Floats, Function
from zkaudit.model.float_layers import Activation, Affine, FloatLayer, Shape
from zkaudit.model.float_views import Reshape, Transpose
from zkaudit.model.onnx_graph import Graph
from zkaudit.model.onnx_node import Node

BATCH = 1_000_003
"""Stands for a free number of samples where shapes are computed: a prime that no other extent is."""

MAX_VALUES = 1 << 22
"""Performance knob: most values of one sample's tensor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """The tensor of a layer, and the shape of a sample that the file gives it."""

    number: int
    shape: Shape


def stored(shape: Shape) -> Shape:
    """The shape of a layer for a sample's shape in the file: signals (C, L) become (C, 1, L)."""
    return (shape[0], 1, shape[1]) if len(shape) == 2 else shape or (1,)


class Builder:
    """Layers so far, the tensors that names stand for, and the names that hold a classification."""

    def __init__(self, graph: Graph) -> None:
        self.constants = graph.constants
        self.layers: list[FloatLayer] = []
        self.shapes: list[Shape] = [graph.shape]
        self.batch = graph.batch or BATCH
        self.tensors = {graph.input_name: Tensor(number=0, shape=graph.shape)}
        self.ended: set[str] = set()

    def add(self, layer: FloatLayer) -> int:
        """Appends a layer and gives the number of its tensor; `InvalidInput` where it does not fit."""
        shape = layer.shape(*(self.shapes[source] for source in layer.sources))
        if math.prod(shape) > MAX_VALUES:
            raise layer.refuse(f"a tensor of shape {shape}", f"at most {MAX_VALUES} values a sample")
        self.shapes.append(shape)
        self.layers.append(layer)
        return len(self.layers)

    def put(self, node: Node, number: int, shape: Shape) -> None:
        """Makes the node's output the tensor of that number, of that shape in the file."""
        self.tensors[node.outputs[0]] = Tensor(number=self.reshape(node, number, stored(shape)), shape=shape)

    def input(self, node: Node, place: int = 0, fewest: int = 1, most: int = 1) -> Tensor:
        """The tensor that a node reads at `place`, all its other inputs being constants.

        `InvalidInput` where it does not read between `fewest` and `most` inputs.
        """
        self.count(node, fewest, most)
        variables = [name for name in node.inputs if name in self.tensors]
        if len(variables) != 1:
            raise node.refuse("does not combine one tensor with constants")
        if node.inputs[place] != variables[0]:
            raise node.refuse(f"{node.operator} with the constant on the left")
        return self.tensors[variables[0]]

    @staticmethod
    def count(node: Node, fewest: int, most: int) -> None:
        """`InvalidInput` where the node does not read between `fewest` and `most` inputs."""
        if not fewest <= len(node.inputs) <= most or not all(node.inputs[:fewest]):
            raise node.refuse(f"{node.operator} with {len(node.inputs)} inputs")

    def number(self, node: Node, tensor: Tensor) -> int:
        """The tensor in its stored shape, in which arithmetic is done."""
        return self.reshape(node, tensor.number, stored(tensor.shape))

    def reshape(self, node: Node, number: int, shape: Shape) -> int:
        """The tensor in that shape."""
        if self.shapes[number] == shape:
            return number
        return self.add(Reshape(name=node.label, sources=(number,), target=shape))

    def to_front(self, node: Node, number: int, axis: int) -> int:
        """The tensor with that axis moved to the front."""
        if axis == 0:
            return number
        others = [other for other in range(len(self.shapes[number])) if other != axis]
        return self.add(Transpose(name=node.label, sources=(number,), axes=(axis, *others)))

    def from_front(self, node: Node, number: int, axis: int) -> int:
        """The tensor with its first axis moved to that place."""
        if axis == 0:
            return number
        axes = [*range(1, axis + 1), 0, *range(axis + 1, len(self.shapes[number]))]
        return self.add(Transpose(name=node.label, sources=(number,), axes=tuple(axes)))

    def activate(self, node: Node, tensor: Tensor, function: Function) -> None:
        """The output as a function of each value."""
        source = self.number(node, tensor)
        number = self.add(Activation(name=node.label, sources=(source,), function=function))
        self.put(node, number, tensor.shape)

    def affine(self, node: Node, tensor: Tensor, scale: Floats, shift: Floats) -> None:
        """The output as `scale` times the tensor plus `shift`, each of the sample's shape but for axes of one."""
        source = self.number(node, tensor)
        axes = [axis for axis, extent in enumerate(np.broadcast_shapes(scale.shape, shift.shape)) if extent != 1]
        whole = [np.broadcast_to(values, tensor.shape) for values in (scale, shift)]
        if len(axes) > 1:
            # What varies along several axes is a factor for each value.
            number = self.reshape(node, source, (math.prod(tensor.shape),))
            axis, rows = 0, [values.reshape(-1) for values in whole]
        else:
            file_axis = axes[0] if axes else 0
            axis = stored_axis(tensor.shape, file_axis)
            number = self.to_front(node, source, axis)
            rows = [np.moveaxis(v, file_axis, 0).reshape(self.shapes[number][0], -1)[:, 0] for v in whole]
        number = self.add(Affine(name=node.label, sources=(number,), scale=rows[0].copy(), shift=rows[1].copy()))
        self.put(node, self.from_front(node, number, axis), tensor.shape)

    def constant(self, node: Node, name: str, shape: Shape) -> Floats:
        """A constant that meets samples of that shape, with one axis for each of the sample's."""
        values = self.constants.floats(name)
        extents = (1,) * (len(shape) + 1 - values.ndim) + values.shape
        fits = all(extent in (1, full) for extent, full in zip(extents, (1, *shape), strict=False))
        if len(extents) != len(shape) + 1 or not fits:
            raise node.refuse(f"adds shape {values.shape}", expected=f"what repeats to {shape}")
        return values.reshape(extents[1:])


def stored_axis(shape: Shape, axis: int) -> int:
    """The place of an axis of a sample, whose shape in the file is given, in the stored shape."""
    return 2 if len(shape) == 2 and axis == 1 else axis


def sample_axis(node: Node, shape: Shape, axis: int) -> int:
    """An axis of a whole tensor, perhaps negative, as an axis of a sample; that of the samples is refused."""
    place = axis + len(shape) + 1 if axis < 0 else axis
    if not 1 <= place <= len(shape):
        raise node.refuse(f"{node.operator} at axis {axis!r:.20}", expected=f"1 to {len(shape)}")
    return place - 1
