"""Elementwise functions of float networks: the named activations, and expressions that are made of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MAX_EXPRESSION = 64
"""Performance knob: most functions in one expression, so that a hostile graph cannot double it without end."""

_ERF_STEP = 1 / 256
"""Spacing of the knots of `erf`: a cubic between them is exact to about 1e-11."""

_ERF_END = 6.0
"""Where erf is one in double precision."""

_ERF_KNOTS = np.array([math.erf(_ERF_STEP * knot) for knot in range(int(_ERF_END / _ERF_STEP) + 2)])


def erf(values: Floats) -> Floats:
    """The error function, any shape: the cubic through exact values and exact slopes at the nearest two knots."""
    size = np.minimum(np.abs(values), _ERF_END)
    knot = (size / _ERF_STEP).astype(np.int64)
    t = size / _ERF_STEP - knot
    start, stop = knot * _ERF_STEP, (knot + 1) * _ERF_STEP
    slope = 2 / math.sqrt(math.pi) * _ERF_STEP
    # Hermite's basis on [0, 1]: values at the ends, then slopes.
    result = (1 + 2 * t) * (1 - t) ** 2 * _ERF_KNOTS[knot] + t**2 * (3 - 2 * t) * _ERF_KNOTS[knot + 1]
    result += slope * (t * (1 - t) ** 2 * np.exp(-(start**2)) - t**2 * (1 - t) * np.exp(-(stop**2)))
    return np.asarray(np.copysign(result, values), np.float64)


def _sigmoid(values: Floats) -> Floats:
    # Of the two forms of the logistic function, each overflows on one side.
    small = np.exp(-np.abs(values))
    return np.where(values >= 0, 1 / (1 + small), small / (1 + small))


def _gelu_tanh(values: Floats) -> Floats:
    inner = math.sqrt(2 / math.pi) * (values + 0.044715 * values**3)
    return np.asarray(0.5 * values * (1 + np.tanh(inner)), np.float64)


def _prelu(values: Floats, slopes: tuple[float, ...]) -> Floats:
    along_channels = np.array(slopes).reshape(-1, *([1] * (values.ndim - 2)))
    return np.where(values < 0, along_channels * values, values)


_UNARY: dict[str, Callable[..., Floats]] = {
    "identity": lambda x: x,
    "affine": lambda x, scale, shift: scale * x + shift,
    "greater": lambda x, limit: np.where(x > limit, 1.0, 0.0),
    "relu": lambda x: np.maximum(x, 0.0),
    "clip": lambda x, low, high: np.clip(x, low, high),
    "leaky_relu": lambda x, slope: np.where(x < 0, slope * x, x),
    "sigmoid": lambda x: _sigmoid(x),
    "tanh": lambda x: np.tanh(x),
    "hard_sigmoid": lambda x, scale, shift: np.clip(scale * x + shift, 0.0, 1.0),
    "hard_swish": lambda x: x * np.clip(x / 6 + 0.5, 0.0, 1.0),
    "silu": lambda x, scale: x * _sigmoid(scale * x),
    "gelu": lambda x: 0.5 * x * (1 + erf(x / math.sqrt(2))),
    "gelu_tanh": _gelu_tanh,
    "elu": lambda x, scale: np.where(x < 0, scale * np.expm1(np.minimum(x, 0.0)), x),
    "softplus": lambda x: np.logaddexp(x, 0.0),
    "erf": erf,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function of one variable, applied to each value of a tensor.

    `name` and `parameters` are one of
    identity; affine (scale, shift); relu; clip (low, high), either end may be infinite; leaky_relu (slope);
    prelu (one slope a channel); sigmoid; tanh; hard_sigmoid (scale, shift): clip(scale x + shift, 0, 1); hard_swish;
    silu (scale): x sigmoid(scale x); gelu (by erf); gelu_tanh; elu (scale); softplus; erf;
    greater (limit): one above the limit, else zero;
    or a combination of `operands`, themselves functions of the same variable: sum (one factor an operand), product.
    A named function with one operand is applied to its value; without operands it is applied to the variable.
    Equal functions compare and hash equal.
    """

    name: str
    parameters: tuple[float, ...] = ()
    operands: tuple[Function, ...] = ()

    def __call__(self, values: Floats) -> Floats:
        """The function of each value, (samples, channels, ...) -> the same shape; only prelu looks at channels."""
        inner = [operand(values) for operand in self.operands] or [values]
        if self.name == "sum":
            return np.asarray(sum(factor * term for factor, term in zip(self.parameters, inner, strict=True)))
        if self.name == "product":
            return np.asarray(math.prod(inner))
        if self.name == "prelu":
            return _prelu(inner[0], self.parameters)
        return np.asarray(_UNARY[self.name](inner[0], *self.parameters), np.float64)

    @property
    def size(self) -> int:
        """Functions in the expression."""
        return 1 + sum(operand.size for operand in self.operands)

    @property
    def per_channel(self) -> bool:
        """Whether channels have functions of their own, so that no single table holds it."""
        return self.name == "prelu" or any(operand.per_channel for operand in self.operands)

    @property
    def affine(self) -> tuple[float, float] | None:
        """Scale and shift of a function that is affine throughout, else None."""
        parts = [operand.affine for operand in self.operands] or [(1.0, 0.0)]
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None
        if self.name == "identity":
            return known[0]
        if self.name == "affine":
            (scale, shift), (inner, offset) = self.parameters, known[0]
            return scale * inner, scale * offset + shift
        if self.name == "sum":
            pairs = list(zip(self.parameters, known, strict=True))
            return sum(m * scale for m, (scale, _) in pairs), sum(m * shift for m, (_, shift) in pairs)
        return None

    def of(self, inner: Function) -> Function:
        """The composition x -> self(inner(x))."""
        if inner.name == "identity":
            return self
        if not self.operands:
            return (
                inner
                if self.name == "identity"
                else Function(name=self.name, parameters=self.parameters, operands=(inner,))
            )
        operands = tuple(operand.of(inner) for operand in self.operands)
        return Function(name=self.name, parameters=self.parameters, operands=operands)

    def __str__(self) -> str:
        inner = [str(operand) for operand in self.operands] or ["x"]
        shown = [f"{value:g}" for value in self.parameters[:4]] + ["..."] * (len(self.parameters) > 4)
        return f"{self.name}({', '.join(inner + shown)})"


IDENTITY = Function(name="identity")

RELU = Function(name="relu")

_RECOGNISED = (
    RELU,
    Function(name="clip", parameters=(0.0, 6.0)),
    Function(name="sigmoid"),
    Function(name="tanh"),
    Function(name="hard_sigmoid", parameters=(1 / 6, 0.5)),
    Function(name="hard_sigmoid", parameters=(0.2, 0.5)),
    Function(name="hard_swish"),
    Function(name="silu", parameters=(1.0,)),
    Function(name="silu", parameters=(1.702,)),
    Function(name="gelu"),
    Function(name="gelu_tanh"),
    Function(name="softplus"),
)

_PROBES = np.concatenate([np.linspace(-12, 12, 769), [-1e4, -100.0, 100.0, 1e4]])
"""Values at which expressions are compared with named functions."""


def recognise(function: Function) -> Function:
    """The named function that an expression spells out, if there is one, else the expression."""
    if not function.operands:
        ends = function.parameters
        return RELU if function.name == "clip" and ends == (0.0, math.inf) else function
    with np.errstate(over="ignore", invalid="ignore"):
        values = function(_PROBES)
    for named in _RECOGNISED:
        # Constants in files are rounded to single precision.
        if np.allclose(values, named(_PROBES), rtol=1e-6, atol=1e-6):
            return named
    return function
