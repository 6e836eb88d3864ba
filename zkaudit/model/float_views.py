"""Views of float networks: layers that only rename, reorder, join or cut the values of tensors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from zkaudit.model.float_functions import Floats
from zkaudit.model.float_layers import FloatLayer, Shape


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class View(FloatLayer):
    """A layer without arithmetic: every value of the output is a value of a source, or zero."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reshape(View):
    """The row-major values of one tensor in another shape."""

    kind: ClassVar[str] = "reshape"
    target: Shape

    def shape(self, *shapes: Shape) -> Shape:
        if min(self.target, default=0) < 1 or math.prod(self.target) != math.prod(shapes[0]):
            raise self.refuse(f"shape {self.target}", f"{math.prod(shapes[0])} values")
        return self.target

    def apply(self, *values: Floats) -> Floats:
        return values[0].reshape(-1, *self.target)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Transpose(View):
    """Axis k of the output is axis `axes[k]` of the source; samples are not an axis."""

    kind: ClassVar[str] = "transpose"
    axes: tuple[int, ...]

    def shape(self, *shapes: Shape) -> Shape:
        if sorted(self.axes) != list(range(len(shapes[0]))):
            raise self.refuse(f"axes {self.axes}", f"an order of {len(shapes[0])} axes")
        return tuple(shapes[0][axis] for axis in self.axes)

    def apply(self, *values: Floats) -> Floats:
        return np.ascontiguousarray(values[0].transpose(0, *(axis + 1 for axis in self.axes)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Concatenate(View):
    """The sources one after the other along the first axis."""

    kind: ClassVar[str] = "concatenate"

    def shape(self, *shapes: Shape) -> Shape:
        if not shapes or len({shape[1:] for shape in shapes}) != 1:
            raise self.refuse(f"shapes {shapes} together", "equal ones behind the first axis")
        return sum(shape[0] for shape in shapes), *shapes[0][1:]

    def apply(self, *values: Floats) -> Floats:
        return np.concatenate(values, axis=1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pad(View):
    """Zeros around height and width of (C, H, W); `padding` is (top, left, bottom, right)."""

    kind: ClassVar[str] = "pad"
    padding: tuple[int, int, int, int]

    def shape(self, *shapes: Shape) -> Shape:
        if len(shapes[0]) != 3 or min(self.padding) < 0:
            raise self.refuse(f"padding {self.padding} of shape {shapes[0]}")
        top, left, bottom, right = self.padding
        return shapes[0][0], shapes[0][1] + top + bottom, shapes[0][2] + left + right

    def apply(self, *values: Floats) -> Floats:
        top, left, bottom, right = self.padding
        return np.pad(values[0], ((0, 0), (0, 0), (top, bottom), (left, right)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Slice(View):
    """Entries `start` to `stop - 1` along the first axis."""

    kind: ClassVar[str] = "slice"
    start: int
    stop: int

    def shape(self, *shapes: Shape) -> Shape:
        if not 0 <= self.start < self.stop <= shapes[0][0]:
            raise self.refuse(f"entries {self.start} to {self.stop}", f"a part of {shapes[0][0]}")
        return self.stop - self.start, *shapes[0][1:]

    def apply(self, *values: Floats) -> Floats:
        return values[0][:, self.start : self.stop]
