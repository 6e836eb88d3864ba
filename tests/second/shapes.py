"""Section "Rules of the graph": the shape that a layer makes of its sources' shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

Shape = tuple[int, ...]
MOST_CELLS = 2**22


def window_count(extent: int, kernel: int, stride: int, dilation: int, before: int, after: int) -> int:
    """Windows along one axis."""
    return (extent + before + after - dilation * (kernel - 1) - 1) // stride + 1


def output_shape(kind: str, fields: Mapping[str, Any], shapes: Sequence[Shape]) -> Shape | None:
    """The shape of a layer's tensor, None for sources that do not fit."""
    if kind in ("sum", "gate", "concatenate"):
        return _of_several(kind, fields, shapes)
    if len(shapes) != 1:
        return None
    shape = shapes[0]
    if kind == "dense":
        return (fields["outputs"],) if fields["inputs"] == prod(shape) else None
    if kind == "requantise":
        return shape if len(fields["multipliers"]) in (0, shape[0]) else None
    if kind == "reshape":
        return tuple(fields["shape"]) if prod(fields["shape"]) == prod(shape) else None
    if kind == "transpose":
        axes = fields["axes"]
        return tuple(shape[axis] for axis in axes) if sorted(axes) == list(range(len(shape))) else None
    if kind == "slice":
        start, stop = fields["start"], fields["stop"]
        return (stop - start, *shape[1:]) if start < stop <= shape[0] else None
    return _of_windows(kind, fields, shape)


def work_of(kind: str, fields: Mapping[str, Any], sources: Sequence[Shape], shape: Shape) -> int:
    """The work of a layer, of which section "Bounds" allows so much."""
    work = prod(shape) + sum(map(prod, sources))
    if kind == "sum pool":
        work += prod(shape) * prod(fields["kernel"])
    elif kind in ("max pool", "convolution"):
        (kh, kw), (channels, height, width) = fields["kernel"], sources[0]
        if kind == "max pool":
            work += channels * shape[2] * (height * kw + shape[1] * kh)
        else:
            work += 5 * (height * kh + width * kw)
    return work


def _of_several(kind: str, fields: Mapping[str, Any], shapes: Sequence[Shape]) -> Shape | None:
    if kind == "concatenate":
        rest = {shape[1:] for shape in shapes}
        return (sum(shape[0] for shape in shapes), *shapes[0][1:]) if len(rest) == 1 else None
    if len(shapes) != (2 if kind == "gate" else len(fields["multipliers"])):
        return None
    full = shapes[0] if kind == "gate" else max(shapes, key=prod)
    spread = (full[0], 1, 1) if len(full) == 3 else full
    return full if all(shape in (full, spread) for shape in shapes) and shapes[0] in (full, spread) else None


def _of_windows(kind: str, fields: Mapping[str, Any], shape: Shape) -> Shape | None:
    if len(shape) != 3:
        return None
    channels, height, width = shape
    top, left, bottom, right = fields["padding"]
    if channels * (height + top + bottom) * (width + left + right) > MOST_CELLS:
        return None
    if kind == "pad":
        return channels, height + top + bottom, width + left + right
    dilations = fields.get("dilation", (1, 1))
    sizes = []
    for axis, (before, after) in enumerate(((top, bottom), (left, right))):
        extent, kernel, stride = shape[1 + axis], fields["kernel"][axis], fields["stride"][axis]
        count = window_count(extent, kernel, stride, dilations[axis], before, after)
        if count < 1:
            return None
        if kind != "convolution":
            first = [stride * window - before for window in range(count)]
            if not all(any(0 <= f + dilations[axis] * i < extent for i in range(kernel)) for f in first):
                return None
        sizes.append(count)
    if kind == "convolution":
        groups = fields["groups"]
        if channels != fields["channels"] or channels % groups or fields["filters"] % groups:
            return None
        channels = fields["filters"]
    return channels, sizes[0], sizes[1]
