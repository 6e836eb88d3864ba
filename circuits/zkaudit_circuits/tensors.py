"""Tensors on the way through a network: activations, which are columns, and accumulators, which nobody commits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from zkaudit.relation import Integers, Interval, LinearTerm, View

Shape = tuple[int, ...]
Columns = dict[str, Integers]


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """A tensor of committed or public integers: a view, its shape and the interval of its elements."""

    view: View
    shape: Shape
    interval: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Accumulator:
    """A tensor that is not committed.

    `terms` spells it with one factor for each element of the first axis, none for ones.
    `bound` is its interval before any factor; `values` computes it, (positions, samples), from the columns.
    """

    shape: Shape
    bound: Interval
    terms: Callable[[tuple[int, ...]], tuple[LinearTerm, ...]]
    values: Callable[[Columns], Integers]


Tensor = Activation | Accumulator


def spread(factors: tuple[int, ...], shape: Shape) -> Integers:
    """One factor for each element of a shape, given one for each of its first axis, or none for ones."""
    size = int(np.prod(shape))
    if not factors:
        return np.ones(size, np.int64)
    return np.repeat(np.array(factors, np.int64), size // shape[0])


def broadcast(source: Activation, shape: Shape) -> View:
    """The source's view at every element of a shape: of the same shape, or (C, 1, 1) for (C, H, W)."""
    if source.shape == shape:
        return source.view
    return source.view.select(np.repeat(np.arange(shape[0]), int(np.prod(shape[1:]))))


def accumulator_of(tensor: Tensor) -> Accumulator:
    """What a requantisation reads; ValueError for an activation."""
    if not isinstance(tensor, Accumulator):
        raise ValueError("a requantisation reads an accumulator")
    return tensor


def activation_of(tensor: Tensor) -> Activation:
    """What all other layers read; ValueError for an accumulator."""
    if not isinstance(tensor, Activation):
        raise ValueError("only a requantisation reads an accumulator")
    return tensor
