"""ONNX operators without arithmetic: reshapes, transposes, joins, borders, slices and what inference leaves alone."""

from __future__ import annotations

import math

import onnx

from zkaudit.model.float_views import Concatenate, Pad, Slice, Transpose
from zkaudit.model.onnx_builder import Builder, sample_axis, stored_axis
from zkaudit.model.onnx_node import Node


def flatten(build: Builder, node: Node) -> None:
    """Flatten behind the samples."""
    tensor = build.input(node)
    axis = node.integer("axis", 1)
    if axis not in (1, -len(tensor.shape)):
        raise node.refuse(f"Flatten at axis {axis!r:.20}", expected="axis 1")
    build.put(node, tensor.number, (math.prod(tensor.shape),))


def reshape(build: Builder, node: Node) -> None:
    """Reshape to a shape that keeps the samples apart: the first axis stays."""
    tensor = build.input(node, fewest=2, most=2)
    target = build.constants.integers(node.inputs[1])
    old = (build.batch, *tensor.shape, *([0] * len(target)))
    literal = node.integer("allowzero", 0) != 0
    shape = [extent if extent or literal else old[axis] for axis, extent in enumerate(target)]
    if shape.count(-1) == 1:
        known = math.prod(extent for extent in shape if extent != -1)
        shape[shape.index(-1)] = build.batch * math.prod(tensor.shape) // known if known > 0 else 0
    rest = tuple(shape[1:])
    if shape[:1] != [build.batch] or min(rest, default=0) < 1 or math.prod(rest) != math.prod(tensor.shape):
        size = math.prod(tensor.shape)
        raise node.refuse(f"Reshape to {target}", expected=f"[-1, {size}] or [0, -1]")
    build.put(node, tensor.number, rest)


def squeeze(build: Builder, node: Node) -> None:
    """Squeeze and Unsqueeze, the axes as an attribute or as an input."""
    tensor = build.input(node, fewest=1, most=2)
    axes = node.attributes.get("axes", [])
    if len(node.inputs) == 2 and node.inputs[1]:
        axes = build.constants.integers(node.inputs[1])
    if not isinstance(axes, list) or not all(type(axis) is int for axis in axes):
        raise node.refuse(f"axes {axes!r:.40}", expected="integers")
    extents = list(tensor.shape)
    if node.operator == "Unsqueeze":
        final = (1,) * (len(extents) + len(axes))
        for place in sorted({sample_axis(node, final, axis) for axis in axes}):
            extents.insert(place, 1)
    else:
        if not axes and build.batch == 1:
            raise node.refuse("Squeeze of all axes, the samples included", next_step="name the axes")
        gone = {sample_axis(node, tensor.shape, axis) for axis in axes}
        if not axes:
            gone = {axis for axis, extent in enumerate(extents) if extent == 1}
        if any(extents[axis] != 1 for axis in gone):
            raise node.refuse(f"Squeeze of axes {axes} of shape {tensor.shape}", expected="axes of one")
        extents = [extent for axis, extent in enumerate(extents) if axis not in gone]
    build.put(node, tensor.number, tuple(extents))


def transpose(build: Builder, node: Node) -> None:
    """Transpose of the axes of a sample."""
    tensor = build.input(node)
    rank = len(tensor.shape)
    axes = node.integers("perm", list(range(rank, -1, -1)))
    if sorted(axes) != list(range(rank + 1)) or axes[0] != 0:
        raise node.refuse(f"Transpose to {axes}", expected="an order of the axes that leaves the samples first")
    places = tuple(axis - 1 for axis in axes[1:])
    if rank == 2:
        places = (2, 1, 0) if places == (1, 0) else (0, 1, 2)
    number = build.add(Transpose(name=node.label, sources=(build.number(node, tensor),), axes=places))
    build.put(node, number, tuple(tensor.shape[axis - 1] for axis in axes[1:]))


def concatenate(build: Builder, node: Node) -> None:
    """Concat of tensors along an axis of a sample."""
    if not node.inputs or not all(name in build.tensors for name in node.inputs):
        raise node.refuse("does not join tensors only")
    tensors = [build.tensors[name] for name in node.inputs]
    shape = tensors[0].shape
    axis = sample_axis(node, shape, node.integer("axis", 1))
    rest = {other.shape[:axis] + other.shape[axis + 1 :] for other in tensors}
    if len(rest) != 1 or {len(other.shape) for other in tensors} != {len(shape)}:
        raise node.refuse(f"shapes {[other.shape for other in tensors]} together")
    place = stored_axis(shape, axis)
    sources = [build.to_front(node, build.number(node, other), place) for other in tensors]
    number = build.add(Concatenate(name=node.label, sources=tuple(sources)))
    total = sum(other.shape[axis] for other in tensors)
    build.put(node, build.from_front(node, number, place), (*shape[:axis], total, *shape[axis + 1 :]))


def pad(build: Builder, node: Node) -> None:
    """Pad with zeros."""
    tensor = build.input(node, fewest=2, most=4)
    rank = len(tensor.shape) + 1
    amounts = build.constants.integers(node.inputs[1])
    if len(node.inputs) > 2 and node.inputs[2] and build.constants.array(node.inputs[2]).any():
        raise node.refuse("Pad with other values than zero")
    axes = list(range(rank))
    if len(node.inputs) > 3 and node.inputs[3]:
        axes = [axis + rank if axis < 0 else axis for axis in build.constants.integers(node.inputs[3])]
    if len(amounts) != 2 * len(axes) or min(amounts, default=0) < 0 or max(amounts, default=0) >= 1 << 20:
        raise node.refuse(f"Pad by {amounts}", expected="two amounts an axis, none negative")
    number, shape = build.number(node, tensor), tensor.shape
    for axis, before, after in zip(axes, amounts[: len(axes)], amounts[len(axes) :], strict=True):
        if before or after:
            place = sample_axis(node, shape, axis)
            number = _border(build, node, number, stored_axis(shape, place), before, after)
            shape = (*shape[:place], shape[place] + before + after, *shape[place + 1 :])
    build.put(node, number, shape)


def _border(build: Builder, node: Node, number: int, axis: int, before: int, after: int) -> int:
    """The tensor with zeros around one axis."""
    shape = build.shapes[number]
    if len(shape) == 3 and axis > 0:
        amounts = (before, 0, after, 0) if axis == 1 else (0, before, 0, after)
        return build.add(Pad(name=node.label, sources=(number,), padding=amounts))
    front = build.to_front(node, number, axis)
    flat = build.reshape(node, front, (1, shape[axis], math.prod(shape) // shape[axis]))
    padded = build.add(Pad(name=node.label, sources=(flat,), padding=(before, 0, after, 0)))
    rest = build.shapes[front][1:]
    return build.from_front(node, build.reshape(node, padded, (shape[axis] + before + after, *rest)), axis)


def cut(build: Builder, node: Node) -> None:
    """Slice forwards along axes of a sample."""
    tensor = build.input(node, fewest=3, most=5)
    lists = [build.constants.integers(name) if name else None for name in (*node.inputs[1:], "", "")[:4]]
    starts, stops = lists[0] or [], lists[1] or []
    axes = lists[2] or list(range(len(starts)))
    steps = lists[3] or [1] * len(starts)
    if not len(starts) == len(stops) == len(axes) == len(steps):
        raise node.refuse("Slice with lists of different lengths")
    number, shape = build.number(node, tensor), tensor.shape
    for axis, start, stop, step in zip(axes, starts, stops, steps, strict=True):
        if axis == 0 and start == 0 and stop >= build.batch and step == 1:
            continue
        place = sample_axis(node, shape, axis)
        if step < 1:
            raise node.refuse(f"Slice with step {step}", expected="a positive one")
        kept = range(shape[place])[start:stop:step]
        if not kept:
            raise node.refuse("Slice that leaves nothing")
        number = _slice(build, node, number, stored_axis(shape, place), kept)
        shape = (*shape[:place], len(kept), *shape[place + 1 :])
    build.put(node, number, shape)


def _slice(build: Builder, node: Node, number: int, axis: int, kept: range) -> int:
    """The tensor with only the entries `kept` along one axis."""
    shape = build.shapes[number]
    if kept == range(shape[axis]):
        return number
    number = build.to_front(node, number, axis)
    rest = build.shapes[number][1:]
    stop = kept.start + len(kept) * kept.step
    if stop > shape[axis]:
        number = _border(build, node, number, 0, 0, stop - shape[axis])
    number = build.add(Slice(name=node.label, sources=(number,), start=kept.start, stop=stop))
    if kept.step > 1:
        # Rows of `step` entries each, of which the first is kept.
        number = build.reshape(node, number, (len(kept), kept.step, math.prod(rest)))
        number = build.add(Transpose(name=node.label, sources=(number,), axes=(1, 0, 2)))
        number = build.add(Slice(name=node.label, sources=(number,), start=0, stop=1))
        number = build.reshape(node, number, (len(kept), *rest))
    return build.from_front(node, number, axis)


def keep(build: Builder, node: Node) -> None:
    """Identity, Cast between floats, and Dropout, which does nothing in inference."""
    tensor = build.input(node, fewest=1, most=3 if node.operator == "Dropout" else 1)
    training = node.inputs[2] if len(node.inputs) == 3 else ""
    if training and build.constants.is_true(training):
        raise node.refuse("Dropout in training mode", next_step="export the model for inference")
    floats = (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE, onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16)
    if node.operator == "Cast" and node.integer("to", 0) not in floats:
        raise node.refuse("Cast to a type that is not a float")
    build.put(node, tensor.number, tensor.shape)


def end(build: Builder, node: Node) -> None:
    """What follows the logits and keeps their argmax: the output stands for the logits."""
    names = [name for name in node.inputs if name in build.tensors]
    if not names:
        raise node.refuse("does not read the network")
    tensor = build.tensors[names[0]]
    if build.ended.isdisjoint(names) and "ZipMap" not in node.operator:
        axis = sample_axis(node, tensor.shape, node.integer("axis", 0 if node.operator == "ArgMax" else 1))
        if math.prod(tensor.shape) != tensor.shape[axis]:
            raise node.refuse(f"{node.operator} of shape {tensor.shape}", expected="one row of logits a sample")
    build.tensors.update(dict.fromkeys(filter(None, node.outputs), tensor))
    build.ended.update(node.outputs)
