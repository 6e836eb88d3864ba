"""ONNX files as validated graphs: one input, one output, live nodes in order, and no operator that is not supported."""

from __future__ import annotations

import math
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from zkaudit.errors import InvalidInput
from zkaudit.model.architecture import MAX_FEATURES
from zkaudit.model.onnx_constants import Constants
from zkaudit.model.onnx_node import ENDINGS, FOLDED, OPERATORS, Node, fault_of, node_of, shown

MAX_FILE_BYTES = 1 << 31
"""Performance knob: protobuf itself ends at two gibibytes."""

MAX_NODES = 1 << 13
"""Performance knob: most nodes of a graph."""

MIN_OPSET = 11
"""Oldest operator set whose attributes are understood."""

_FLOAT_TYPES = (
    onnx.TensorProto.FLOAT,
    onnx.TensorProto.DOUBLE,
    onnx.TensorProto.FLOAT16,
    onnx.TensorProto.BFLOAT16,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Graph:
    """A validated graph; `shape` is that of one sample, `batch` the fixed number of samples or None.

    `nodes` are those that the output needs, every one behind those that it reads.
    `folded` are the first outputs of those that read only constants and shapes.
    """

    input_name: str
    output_name: str
    batch: int | None
    shape: tuple[int, ...]
    nodes: tuple[Node, ...]
    folded: frozenset[str]
    constants: Constants


def read_graph(content: bytes, folder: str) -> Graph:
    """The graph of the bytes of an ONNX file, whose external data lies in `folder`.

    `InvalidInput` in one line: all unsupported operators together, or the first other fault.
    """
    model = onnx.ModelProto()
    try:
        model.ParseFromString(content)
    except (DecodeError, ValueError) as error:
        raise InvalidInput("not an ONNX file", next_step="export the model again") from error
    opset = _opset(model)
    if model.graph.sparse_initializer:
        raise InvalidInput("sparse weights", expected="dense weights")
    if len(model.graph.node) > MAX_NODES:
        raise InvalidInput(f"{len(model.graph.node)} nodes", expected=f"at most {MAX_NODES}")
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in tensors]
    outputs = _outputs(model.graph)
    if len(inputs) != 1 or len(outputs) != 1:
        found = f"{len(inputs)} inputs and {len(outputs)} outputs"
        raise InvalidInput(found, expected="one of each")
    nodes = [node_of(node, number) for number, node in enumerate(model.graph.node, 1)]
    nodes = _ordered(_live(nodes, tensors.keys() | {inputs[0].name}, outputs[0].name))
    folded = _folded(nodes, set(tensors))
    _check_operators(nodes, folded)
    batch, shape = _input_shape(inputs[0])
    return Graph(
        input_name=inputs[0].name,
        output_name=outputs[0].name,
        batch=batch,
        shape=shape,
        nodes=tuple(nodes),
        folded=frozenset(folded),
        constants=Constants(tensors, folder, opset),
    )


def _opset(model: onnx.ModelProto) -> int:
    versions = [entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")]
    if not versions or min(versions) < MIN_OPSET:
        found = f"opset {min(versions)}" if versions else "no opset"
        raise InvalidInput(found, expected=f"opset {MIN_OPSET} or later", next_step="export the model again")
    return int(min(versions))


def _outputs(graph: onnx.GraphProto) -> list[onnx.ValueInfoProto]:
    """The outputs but for class labels, which classifiers from scikit-learn have beside their scores."""
    scores = [value for value in graph.output if value.type.tensor_type.elem_type in (0, *_FLOAT_TYPES)]
    return scores or list(graph.output)


def _live(nodes: list[Node], sources: set[str], output: str) -> list[Node]:
    """The nodes that the output needs, in the file's order; names are checked on the way."""
    makers: dict[str, int] = {}
    for number, node in enumerate(nodes):
        for name in filter(None, node.outputs):
            if name in makers or name in sources:
                raise node.refuse(f"tensor {shown(name)!r} has two sources")
            makers[name] = number
    if output not in makers:
        raise InvalidInput(f"nothing computes the output {shown(output)!r}", where="graph")
    live, waiting = set(), [makers[output]]
    while waiting:
        number = waiting.pop()
        if number in live:
            continue
        live.add(number)
        for name in nodes[number].inputs:
            if name in makers:
                waiting.append(makers[name])
            elif name and name not in sources:
                raise nodes[number].refuse(f"reads a tensor that nothing computes, {shown(name)!r}")
    return [nodes[number] for number in sorted(live)]


def _folded(nodes: list[Node], known: set[str]) -> set[str]:
    """First outputs of the nodes that read only constants and shapes; `known` names the stored constants."""
    folded: set[str] = set()
    for node in nodes:
        # Of these, only the shape or only the type of what may be a tensor of the network matters.
        read = {"Shape": (), "CastLike": node.inputs[:1]}.get(node.operator, node.inputs)
        fixed = all(name in known for name in read if name)
        if node.operator in FOLDED and fixed:
            folded.add(node.outputs[0])
            known.update(node.outputs)
    return folded


def _check_operators(nodes: list[Node], folded: set[str]) -> None:
    """`InvalidInput` that lists every operator that is not supported, with its node."""
    faults = [f"{node.label} ({fault})" for node in nodes if (fault := fault_of(node, node.outputs[0] in folded))]
    if faults:
        raise InvalidInput(f"unsupported operators: {', '.join(faults)}", expected=", ".join((*OPERATORS, *ENDINGS)))


def _ordered(nodes: list[Node]) -> list[Node]:
    """The nodes, each behind those that it reads: the file's order where that will do."""
    makers = {name: number for number, node in enumerate(nodes) for name in node.outputs if name}
    sources = {number: [makers[name] for name in node.inputs if name in makers] for number, node in enumerate(nodes)}
    if all(source < number for number, found in sources.items() for source in found):
        return nodes
    try:
        return [nodes[number] for number in TopologicalSorter(sources).static_order()]
    except CycleError as error:
        raise nodes[error.args[1][0]].refuse("the graph has a cycle", next_step="export the model again") from error


def _input_shape(value: onnx.ValueInfoProto) -> tuple[int | None, tuple[int, ...]]:
    """The fixed number of samples, or None, and the shape of a sample."""
    where = f"input {shown(value.name)}"
    tensor = value.type.tensor_type
    if tensor.elem_type not in _FLOAT_TYPES:
        raise InvalidInput("an input that is not a float tensor", where=where, expected="a float tensor")
    extents = [dim.dim_value if dim.HasField("dim_value") else None for dim in tensor.shape.dim]
    if len(extents) < 2:
        raise InvalidInput(f"an input of {len(extents)} axes", where=where, expected="samples, then features")
    shape = tuple(extent for extent in extents[1:] if extent is not None and extent > 0)
    if len(shape) != len(extents) - 1:
        raise InvalidInput(
            "a feature axis of unknown size",
            where=where,
            expected="only the number of samples may vary",
            next_step="export the model with fixed sizes",
        )
    if math.prod(shape) > MAX_FEATURES:
        raise InvalidInput(f"samples of shape {shape}", where=where, expected=f"at most {MAX_FEATURES} features")
    return (extents[0] or None), shape
