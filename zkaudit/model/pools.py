"""The pools: sizes, what each accepts, and the shape of what it makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from zkaudit.errors import InvalidInput
from zkaudit.model.layers import Layer, Padding, Pair, Shape, one_source
from zkaudit.model.limits import MAX_FACTOR, check_integer
from zkaudit.model.windows import check_geometry, check_real_cells, window_shape


@dataclass(frozen=True, slots=True, kw_only=True)
class SumPool(Layer):
    """The sum of each window times `multiplier`; the shift of the requantisation behind it makes it an average.

    With `exclude_padding` a window with `count` real cells takes (multiplier area + count // 2) // count instead.
    """

    kind: ClassVar[str] = "sum pool"
    kernel: Pair
    stride: Pair
    padding: Padding
    multiplier: int
    exclude_padding: bool

    def validate(self, where: str) -> None:
        check_geometry(self.kernel, self.stride, (1, 1), self.padding, where)
        check_integer(self.multiplier, 1, MAX_FACTOR, f"{where}, multiplier")
        if type(self.exclude_padding) is not bool:
            raise InvalidInput("not a boolean", where=f"{where}, exclude_padding")

    def output_shape(self, shapes: tuple[Shape, ...], where: str) -> Shape:
        (shape,) = one_source(shapes, where)
        outputs = window_shape(shape, self.kernel, self.stride, (1, 1), self.padding, where)
        check_real_cells(shape, outputs, self.kernel, self.stride, (1, 1), self.padding, where)
        return shape[0], *outputs


@dataclass(frozen=True, slots=True, kw_only=True)
class MaxPool(Layer):
    """The largest real cell of each window: padding takes no part."""

    kind: ClassVar[str] = "max pool"
    makes_accumulator: ClassVar[bool] = False
    kernel: Pair
    stride: Pair
    dilation: Pair
    padding: Padding

    def validate(self, where: str) -> None:
        check_geometry(self.kernel, self.stride, self.dilation, self.padding, where)

    def output_shape(self, shapes: tuple[Shape, ...], where: str) -> Shape:
        (shape,) = one_source(shapes, where)
        outputs = window_shape(shape, self.kernel, self.stride, self.dilation, self.padding, where)
        check_real_cells(shape, outputs, self.kernel, self.stride, self.dilation, self.padding, where)
        return shape[0], *outputs
