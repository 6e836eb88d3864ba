"""ONNX networks as float graphs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from zkaudit import wire
from zkaudit.errors import InvalidInput
from zkaudit.model import onnx_activations, onnx_arithmetic, onnx_views, onnx_windows
from zkaudit.model.float_folding import fold
from zkaudit.model.float_graph import FloatGraph
from zkaudit.model.onnx_builder import Builder
from zkaudit.model.onnx_graph import MAX_FILE_BYTES, read_graph
from zkaudit.model.onnx_node import ACTIVATIONS, ENDINGS, Node

HANDLERS: dict[str, Callable[[Builder, Node], None]] = {
    **dict.fromkeys(ACTIVATIONS, onnx_activations.activate),
    **dict.fromkeys(("Add", "Sub", "Mul", "Div"), onnx_arithmetic.combine),
    **dict.fromkeys(("Identity", "Cast", "Dropout"), onnx_views.keep),
    **dict.fromkeys(("Squeeze", "Unsqueeze"), onnx_views.squeeze),
    **dict.fromkeys(("MaxPool", "GlobalMaxPool"), onnx_windows.max_pool),
    **dict.fromkeys(("AveragePool", "GlobalAveragePool"), onnx_windows.average_pool),
    "Conv": onnx_windows.convolve,
    "Gemm": onnx_arithmetic.gemm,
    "MatMul": onnx_arithmetic.matmul,
    "Pow": onnx_activations.power,
    "Greater": onnx_activations.compare,
    "Where": onnx_arithmetic.choose,
    "BatchNormalization": onnx_arithmetic.normalise,
    "ai.onnx.ml.Scaler": onnx_arithmetic.scale_features,
    "ReduceMean": onnx_windows.mean,
    "Concat": onnx_views.concatenate,
    "Pad": onnx_views.pad,
    "Slice": onnx_views.cut,
    "Flatten": onnx_views.flatten,
    "Reshape": onnx_views.reshape,
    "Transpose": onnx_views.transpose,
}
"""What builds the layers of each operator."""

AFTER_THE_END = (*ENDINGS, "Identity", "Cast", "Reshape", "Flatten", "Squeeze", "Dropout")
"""Operators that may follow a dropped one, and are dropped with it."""


def import_onnx(path: str | Path) -> FloatGraph:
    """The network of an ONNX file, folded.

    A trailing Softmax, LogSoftmax or ArgMax is dropped, and so are scikit-learn's class labels beside its scores.
    `InvalidInput` in one line names the file and the nodes that do not fit, all unsupported ones together.
    """
    where = f"model {os.fspath(path)}"
    content = wire.read_bounded(path, MAX_FILE_BYTES, "model")
    try:
        # What overflows is refused by name at the end, so numpy need not warn of it.
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return _network(content, os.fspath(Path(path).parent))
    except InvalidInput as error:
        inside = f"{where}, {error.where}" if error.where else where
        raise InvalidInput(error.what, where=inside, expected=error.expected, next_step=error.next_step) from error


def _network(content: bytes, folder: str) -> FloatGraph:
    graph = read_graph(content, folder)
    build = Builder(graph)
    for node in graph.nodes:
        if node.outputs[0] in graph.folded:
            _fold_constant(build, node)
            continue
        ended = not build.ended.isdisjoint(node.inputs)
        if ended and node.operator not in AFTER_THE_END:
            raise node.refuse(f"{node.operator} after the classification")
        if ended or node.operator in ENDINGS:
            onnx_views.end(build, node)
        else:
            HANDLERS[node.operator](build, node)
    output = build.tensors.get(graph.output_name)
    if output is None:
        raise InvalidInput("the output does not depend on the input", expected="at least one layer")
    if sum(extent > 1 for extent in output.shape) > 1:
        raise InvalidInput(f"outputs of shape {output.shape}", expected="one row of logits a sample")
    return fold(graph.shape, build.layers, output.number)


def _fold_constant(build: Builder, node: Node) -> None:
    """Computes a node that reads only constants and shapes."""
    if node.operator == "Shape" and node.inputs and node.inputs[0] in build.tensors:
        shape = (build.batch, *build.tensors[node.inputs[0]].shape)
        start, stop = node.integer("start", 0), node.integer("end", len(shape))
        build.constants.set(node.outputs[0], np.array(shape[start:stop], np.int64))
    elif node.operator == "CastLike" and node.inputs and node.inputs[-1] in build.tensors:
        values = build.constants.array(node.inputs[0])
        if values.dtype.kind not in "iufb":
            raise node.refuse("CastLike of what is not a number")
        # Every tensor of the network holds floats.
        build.constants.set(node.outputs[0], values.astype(np.float32))
    else:
        build.constants.fold(node)
