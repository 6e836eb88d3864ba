"""ONNX perceptrons as float networks."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from zkaudit.errors import InvalidInput
from zkaudit.model.float_network import FloatDense, FloatNetwork, Floats
from zkaudit.model.onnx_graph import ENDINGS, Graph, Node, read_graph


def import_onnx(path: str | Path) -> FloatNetwork:
    """The network of an ONNX file that is one chain of dense layers and ReLUs.

    Gemm, or MatMul and Add with a constant on either side, make a layer; an Add before a layer goes into its bias.
    A trailing Softmax, LogSoftmax or ArgMax is dropped.
    `InvalidInput` in one line names the node that does not fit.
    """
    graph = read_graph(path)
    chain = _Chain(graph)
    # What overflows is refused by name at the end, so numpy need not warn of it.
    with np.errstate(over="ignore", invalid="ignore"):
        for node in graph.nodes:
            chain.append(node)
    return chain.finish()


class _Chain:
    """The layers so far, and the name and sample shape of the tensor that the next node has to read."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.current = graph.input_name
        self.shape = graph.shape
        self.ended = False
        self.weights: list[Floats] = []
        self.biases: list[Floats] = []
        self.relus: list[bool] = []
        self.offset: Floats | None = None
        """A constant added since the last activation, which the next layer takes into its bias."""

    def append(self, node: Node) -> None:
        """Takes the node that reads the chain's end."""
        where = f"{self.graph.where}, {node.label}"
        self._check_place(node, where)
        if node.operator in ENDINGS:
            self.ended = True
        elif node.operator in ("Gemm", "MatMul"):
            self._dense(node, where)
        elif node.operator == "Add":
            self._add(node, where)
        elif node.operator == "Relu":
            self._relu(where)
        elif node.operator == "Flatten":
            self._flatten(node, where)
        elif node.operator == "Reshape":
            self._reshape(node, where)
        elif node.operator == "Dropout":
            self._check_inference(node, where)
        self.current = node.outputs[0]

    def finish(self) -> FloatNetwork:
        """The network, once every node is in."""
        graph = self.graph
        if graph.output_name != self.current:
            raise InvalidInput(f"nothing computes the output {graph.output_name!r} at the end", where=graph.where)
        if not self.weights or len(self.shape) != 1:
            raise InvalidInput("the output is not one row of logits a sample", where=graph.where)
        layers = zip(self.weights, self.biases, self.relus, strict=True)
        return FloatNetwork(
            input_shape=graph.shape,
            layers=tuple(FloatDense(weight=weight, bias=bias, relu=relu) for weight, bias, relu in layers),
        )

    def _check_place(self, node: Node, where: str) -> None:
        """`InvalidInput` unless the node reads the end of the chain once and constants otherwise."""
        variables = [name for name in node.inputs if name and name not in self.graph.constants]
        for name in variables:
            if name != self.current:
                known = name == self.graph.input_name or any(name in other.outputs for other in self.graph.nodes)
                fault = "reads a tensor out of the chain" if known else "reads a tensor that nothing computes"
                raise InvalidInput(f"{fault}, {name!r}", where=where, expected="one chain of operators")
        if len(variables) != 1:
            raise InvalidInput("does not combine one tensor with constants", where=where)
        fewest = 2 if node.operator in ("Gemm", "MatMul", "Add", "Reshape") else 1
        most = 3 if node.operator in ("Gemm", "Dropout") else fewest
        if not fewest <= len(node.inputs) <= most or not all(node.inputs[:fewest]):
            raise InvalidInput(f"{node.operator} with {len(node.inputs)} inputs", where=where)
        if node.operator != "Add" and node.inputs[0] != self.current:
            raise InvalidInput(f"{node.operator} with the constant on the left", where=where)
        if self.ended and node.operator not in (*ENDINGS, "Identity"):
            raise InvalidInput(f"{node.operator} after the classification", where=where)

    def _dense(self, node: Node, where: str) -> None:
        matrix = self.graph.floats(node.inputs[1])
        bias = np.zeros(1)
        if node.operator == "Gemm":
            if node.attributes.get("transB", 0):
                matrix = matrix.T
            matrix = float(node.attributes.get("alpha", 1.0)) * matrix
            if len(node.inputs) == 3 and node.inputs[2]:
                bias = float(node.attributes.get("beta", 1.0)) * self.graph.floats(node.inputs[2])
        if len(self.shape) != 1:
            raise InvalidInput(f"reads samples of shape {self.shape}", where=where, next_step="flatten them before")
        if matrix.ndim != 2 or matrix.shape[0] != self.shape[0] or not matrix.shape[1]:
            raise InvalidInput(f"weights of shape {matrix.shape}", where=where, expected=f"({self.shape[0]}, outputs)")
        self.shape = (matrix.shape[1],)
        total = self._row(bias, where)
        if self.offset is not None:
            total = total + self.offset @ matrix
            self.offset = None
        self.weights.append(np.ascontiguousarray(matrix.T))
        self.biases.append(total)
        self.relus.append(False)

    def _row(self, values: Floats, where: str) -> Floats:
        """A constant that is added to every sample alike, as one row of the current width."""
        try:
            return np.broadcast_to(values, (1, *self.shape)).reshape(self.shape)
        except ValueError as error:
            raise InvalidInput(f"adds shape {values.shape}", where=where, expected=f"({self.shape[0]},)") from error

    def _add(self, node: Node, where: str) -> None:
        if len(self.shape) != 1:
            raise InvalidInput(f"reads samples of shape {self.shape}", where=where, next_step="flatten them before")
        constant = node.inputs[1] if node.inputs[0] == self.current else node.inputs[0]
        row = self._row(self.graph.floats(constant), where)
        if self.weights and not self.relus[-1]:
            self.biases[-1] = self.biases[-1] + row
        else:
            self.offset = row if self.offset is None else self.offset + row

    def _relu(self, where: str) -> None:
        if not self.weights or self.offset is not None:
            raise InvalidInput("Relu does not follow a dense layer", where=where)
        self.relus[-1] = True

    def _flatten(self, node: Node, where: str) -> None:
        axis = node.attributes.get("axis", 1)
        if axis not in (1, -len(self.shape)):
            raise InvalidInput(f"Flatten at axis {axis!r:.20}", where=where, expected="axis 1")
        self.shape = (math.prod(self.shape),)

    def _reshape(self, node: Node, where: str) -> None:
        """Accepts a shape that keeps the samples apart: the first axis stays, the rest has as many values."""
        target = self.graph.integers(node.inputs[1])
        size = math.prod(self.shape)
        old = (*self.shape, *([0] * len(target)))
        rest = [extent or old[axis] for axis, extent in enumerate(target[1:])]
        if rest.count(-1) == 1 and target[0] != -1:
            known = math.prod(extent for extent in rest if extent != -1)
            rest[rest.index(-1)] = size // known if known > 0 else 0
        keeps_samples = bool(target) and target[0] in (0, -1, self.graph.batch)
        if not keeps_samples or not rest or min(rest) < 1 or math.prod(rest) != size:
            raise InvalidInput(f"Reshape to {target}", where=where, expected=f"[-1, {size}] or [0, -1]")
        self.shape = tuple(rest)

    def _check_inference(self, node: Node, where: str) -> None:
        """`InvalidInput` for a Dropout that is told to train."""
        if len(node.inputs) == 3 and node.inputs[2] and self.graph.is_true(node.inputs[2]):
            raise InvalidInput("Dropout in training mode", where=where, next_step="export the model for inference")
