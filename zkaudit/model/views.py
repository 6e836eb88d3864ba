"""Views of activations: the same cells in another order or shape; they cost nothing to prove."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from zkaudit.errors import InvalidInput
from zkaudit.model.layers import Layer, Padding, Shape, one_source
from zkaudit.model.limits import MAX_AXES, MAX_CELLS, check_integer, check_integers
from zkaudit.model.windows import padded_shape


@dataclass(frozen=True, slots=True, kw_only=True)
class View(Layer):
    """A layer without arithmetic; of the input, it counts as the input."""

    makes_accumulator: ClassVar[bool] = False
    reads_input: ClassVar[bool] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Reshape(View):
    """Another shape for the same cells in row-major order."""

    kind: ClassVar[str] = "reshape"
    shape: Shape

    def validate(self, where: str) -> None:
        check_integers(self.shape, (1, MAX_AXES), 1, MAX_CELLS, f"{where}, shape")

    def output_shape(self, shapes: tuple[Shape, ...], where: str) -> Shape:
        (shape,) = one_source(shapes, where)
        if prod(self.shape) != prod(shape):
            raise InvalidInput(f"{prod(shape)} cells to shape {self.shape}", where=where, expected="as many cells")
        return self.shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Transpose(View):
    """Axis k of the result is axis `axes[k]` of the source."""

    kind: ClassVar[str] = "transpose"
    axes: tuple[int, ...]

    def validate(self, where: str) -> None:
        check_integers(self.axes, (1, MAX_AXES), 0, MAX_AXES - 1, f"{where}, axes")

    def output_shape(self, shapes: tuple[Shape, ...], where: str) -> Shape:
        (shape,) = one_source(shapes, where)
        if sorted(self.axes) != list(range(len(shape))):
            raise InvalidInput(f"axes {self.axes} of shape {shape}", where=where, expected="each axis once")
        return tuple(shape[axis] for axis in self.axes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Concatenate(View):
    """The sources one after the other along the first axis."""

    kind: ClassVar[str] = "concatenate"

    def validate(self, where: str) -> None:
        """Nothing to check: the shapes say all."""

    def output_shape(self, shapes: tuple[Shape, ...], where: str) -> Shape:
        if len({shape[1:] for shape in shapes}) != 1:
            listed = ", ".join(map(str, shapes[:4]))
            raise InvalidInput(f"sources of shapes {listed}", where=where, expected="one shape but for the first axis")
        return sum(shape[0] for shape in shapes), *shapes[0][1:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pad(View):
    """Zeros around height and width."""

    kind: ClassVar[str] = "pad"
    padding: Padding

    def validate(self, where: str) -> None:
        check_integers(self.padding, (4, 4), 0, MAX_CELLS, f"{where}, padding")

    def output_shape(self, shapes: tuple[Shape, ...], where: str) -> Shape:
        (shape,) = one_source(shapes, where)
        return padded_shape(shape, self.padding, where)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice(View):
    """The entries from `start` up to and without `stop` of the first axis."""

    kind: ClassVar[str] = "slice"
    start: int
    stop: int

    def validate(self, where: str) -> None:
        check_integer(self.stop, 1, MAX_CELLS, f"{where}, stop")
        check_integer(self.start, 0, self.stop - 1, f"{where}, start")

    def output_shape(self, shapes: tuple[Shape, ...], where: str) -> Shape:
        (shape,) = one_source(shapes, where)
        if self.stop > shape[0]:
            raise InvalidInput(f"stops at {self.stop}", where=where, expected=f"at most {shape[0]}")
        return self.stop - self.start, *shape[1:]
