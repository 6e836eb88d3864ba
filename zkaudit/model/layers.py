"""What all layers have, and the layers that multiply and add; see docs/protocol.md, "Integer semantics"."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

from zkaudit.errors import InvalidInput
from zkaudit.model.limits import (
    MAX_BIAS_LIMBS,
    MAX_CELLS,
    MAX_FACTOR,
    MAX_SOURCES,
    MAX_WEIGHT_LIMBS,
    check_integer,
    check_integers,
)
from zkaudit.model.windows import check_geometry, window_shape

Shape = tuple[int, ...]
"""Extents of one sample's tensor: (C, H, W), (F,), or whatever a view makes."""

Pair = tuple[int, int]
"""(along height, along width)."""

Padding = tuple[int, int, int, int]
"""(top, left, bottom, right)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """What all layers have: the tensors that they read, by number; tensor 0 is the input, tensor i leaves layer i.

    In an architecture `sources` is never empty: there the default stands for the tensor before.
    """

    kind: ClassVar[str] = ""
    reads_accumulator: ClassVar[bool] = False
    makes_accumulator: ClassVar[bool] = True
    reads_input: ClassVar[bool] = False
    """Whether the public input, or a view of it, may be a source."""

    sources: tuple[int, ...] = ()

    def validate(self, where: str) -> None:
        """`InvalidInput` for a field out of bounds."""
        raise NotImplementedError

    def output_shape(self, shapes: tuple[Shape, ...], where: str) -> Shape:
        """The shape that sources of these shapes give; `InvalidInput` for sources that do not fit."""
        raise NotImplementedError

    @property
    def summary(self) -> str:
        """A few words for people."""
        return self.kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Dense(Layer):
    """An exact matrix product plus bias, `inputs` -> `outputs`, in `weight_limbs` and `bias_limbs` base-256 digits."""

    kind: ClassVar[str] = "dense"
    reads_input: ClassVar[bool] = True
    inputs: int
    outputs: int
    bias_limbs: int
    weight_limbs: int = 1

    @property
    def kernel_shape(self) -> Shape:
        """(outputs, inputs)."""
        return self.outputs, self.inputs

    @property
    def fan_in(self) -> int:
        """Products in one accumulator."""
        return self.inputs

    @property
    def weight_count(self) -> int:
        """Cells of the kernel and of the bias limbs."""
        return self.outputs * (self.inputs * self.weight_limbs + self.bias_limbs)

    @property
    def summary(self) -> str:
        return f"dense {self.inputs} -> {self.outputs}"

    def validate(self, where: str) -> None:
        check_integer(self.inputs, 1, MAX_CELLS, f"{where}, inputs")
        check_integer(self.outputs, 1, MAX_CELLS, f"{where}, outputs")
        check_integer(self.bias_limbs, 1, MAX_BIAS_LIMBS, f"{where}, bias_limbs")
        check_integer(self.weight_limbs, 1, MAX_WEIGHT_LIMBS, f"{where}, weight_limbs")

    def output_shape(self, shapes: tuple[Shape, ...], where: str) -> Shape:
        (shape,) = one_source(shapes, where)
        if self.inputs != prod(shape):
            raise InvalidInput(f"takes {self.inputs} inputs", where=where, expected=str(prod(shape)))
        return (self.outputs,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Convolution(Layer):
    """An exact convolution plus bias, (channels, H, W) -> (filters, Ho, Wo); a signal has height 1.

    acc[o,y,x] = b[o] + sum_{c',i,j} K[o,c',i,j] in[(g,c'), sh y + dh i - top, sw x + dw j - left], zero outside.
    """

    kind: ClassVar[str] = "convolution"
    reads_input: ClassVar[bool] = True
    channels: int
    filters: int
    kernel: Pair
    stride: Pair
    dilation: Pair
    padding: Padding
    groups: int
    bias_limbs: int
    weight_limbs: int = 1

    @property
    def kernel_shape(self) -> Shape:
        """(filters, channels / groups, kh, kw)."""
        return self.filters, self.channels // self.groups, *self.kernel

    @property
    def fan_in(self) -> int:
        """Products in one accumulator."""
        return prod(self.kernel_shape[1:])

    @property
    def weight_count(self) -> int:
        """Cells of the kernel and of the bias limbs."""
        return self.filters * (self.fan_in * self.weight_limbs + self.bias_limbs)

    @property
    def summary(self) -> str:
        return f"convolution {self.channels} -> {self.filters} by {self.kernel[0]}x{self.kernel[1]}"

    def validate(self, where: str) -> None:
        check_integer(self.channels, 1, MAX_CELLS, f"{where}, channels")
        check_integer(self.filters, 1, MAX_CELLS, f"{where}, filters")
        check_geometry(self.kernel, self.stride, self.dilation, self.padding, where)
        check_integer(self.groups, 1, MAX_CELLS, f"{where}, groups")
        check_integer(self.bias_limbs, 1, MAX_BIAS_LIMBS, f"{where}, bias_limbs")
        check_integer(self.weight_limbs, 1, MAX_WEIGHT_LIMBS, f"{where}, weight_limbs")
        if self.channels % self.groups or self.filters % self.groups:
            raise InvalidInput(
                f"{self.groups} groups of {self.channels} channels and {self.filters} filters",
                where=where,
                expected="a divisor of both",
            )

    def output_shape(self, shapes: tuple[Shape, ...], where: str) -> Shape:
        (shape,) = one_source(shapes, where)
        rows, columns = window_shape(shape, self.kernel, self.stride, self.dilation, self.padding, where)
        if shape[0] != self.channels:
            raise InvalidInput(f"takes {self.channels} channels", where=where, expected=str(shape[0]))
        return self.filters, rows, columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum(Layer):
    """sum_i m_i x_i over sources of one shape (C, H, W) or (F,); a source (C, 1, 1) counts at every place."""

    kind: ClassVar[str] = "sum"
    reads_input: ClassVar[bool] = True
    multipliers: tuple[int, ...]

    def validate(self, where: str) -> None:
        check_integers(self.multipliers, (1, MAX_SOURCES), -MAX_FACTOR, MAX_FACTOR, f"{where}, multipliers")

    def output_shape(self, shapes: tuple[Shape, ...], where: str) -> Shape:
        if len(shapes) != len(self.multipliers):
            raise InvalidInput(f"{len(shapes)} sources", where=where, expected=f"{len(self.multipliers)}")
        largest = max(shapes, key=prod)
        for shape in shapes:
            check_broadcast(shape, largest, where)
        return largest


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate(Layer):
    """The product of two activations, cell by cell; the second may be (C, 1, 1) beside (C, H, W)."""

    kind: ClassVar[str] = "gate"

    def validate(self, where: str) -> None:
        """Nothing to check: the shapes say all."""

    def output_shape(self, shapes: tuple[Shape, ...], where: str) -> Shape:
        if len(shapes) != 2:
            raise InvalidInput(f"{len(shapes)} sources", where=where, expected="2")
        check_broadcast(shapes[1], shapes[0], where)
        return shapes[0]


def one_source(shapes: tuple[Shape, ...], where: str) -> tuple[Shape]:
    """The shape of the only source."""
    if len(shapes) != 1:
        raise InvalidInput(f"{len(shapes)} sources", where=where, expected="1")
    return (shapes[0],)


def check_broadcast(shape: Shape, full: Shape, where: str) -> None:
    """`InvalidInput` unless the shapes are equal, or (C, 1, 1) beside (C, H, W)."""
    if shape != full and not (len(full) == 3 and shape == (full[0], 1, 1)):
        raise InvalidInput(f"a source of shape {shape} beside one of {full}", where=where, expected="one shape")
