"""Layers that commit no column: sums and sum pools, which a requantisation reads, and views."""

from __future__ import annotations

import numpy as np

from zkaudit.model import architecture as kinds
from zkaudit.relation import Integers, Interval, LinearTerm, join
from zkaudit_circuits import views
from zkaudit_circuits.add import scaled_terms
from zkaudit_circuits.pooling import sum_pool, sum_terms, view_cells, window_cells, window_multipliers
from zkaudit_circuits.tensors import Accumulator, Activation, Columns, Shape, broadcast, spread


def sum_accumulator(layer: kinds.Sum, sources: list[Activation], shape: Shape) -> Accumulator:
    """The sum of activations of `shape`, or (C, 1, 1) for (C, H, W), each times its factor."""
    read = [broadcast(source, shape) for source in sources]
    bound = Interval(low=0, high=0)
    for factor, source in zip(layer.multipliers, sources, strict=True):
        bound = bound + source.interval.scaled(factor)

    def terms(factors: tuple[int, ...]) -> tuple[LinearTerm, ...]:
        each = spread(factors, shape)
        pairs = zip(layer.multipliers, read, strict=True)
        return tuple(term for factor, view in pairs for term in scaled_terms(view, factor * each))

    def values(columns: Columns) -> Integers:
        pairs = zip(layer.multipliers, read, strict=True)
        return np.asarray(sum(factor * view_cells(view, columns) for factor, view in pairs), np.int64)

    return Accumulator(shape=shape, bound=bound, terms=terms, values=values)


def sum_pool_accumulator(layer: kinds.SumPool, source: Activation, shape: Shape) -> Accumulator:
    """The sum of the cells of each window of (C, H, W), times the window's factor: `shape` is (C, Ho, Wo)."""
    geometry = {"kernel": layer.kernel, "stride": layer.stride, "padding": layer.padding}
    multipliers = window_multipliers(
        source.shape[1:],
        multiplier=layer.multiplier,
        exclude_padding=layer.exclude_padding,
        **geometry,  # type: ignore[arg-type]
    )
    counts = window_cells(source.shape[1:], **geometry)  # type: ignore[arg-type]
    largest = int((multipliers * counts).max())
    low, high = min(0, source.interval.low), max(0, source.interval.high)

    def terms(factors: tuple[int, ...]) -> tuple[LinearTerm, ...]:
        each = spread(factors, shape).reshape(shape) * multipliers
        return sum_terms(source.view, source.shape, each, **geometry)  # type: ignore[arg-type]

    def values(columns: Columns) -> Integers:
        cells = view_cells(source.view, columns).reshape(*source.shape, -1)
        sums = sum_pool(
            cells,
            multiplier=layer.multiplier,
            exclude_padding=layer.exclude_padding,
            **geometry,  # type: ignore[arg-type]
        )
        return sums.reshape(-1, cells.shape[-1])

    bound = Interval(low=low * largest, high=high * largest)
    return Accumulator(shape=shape, bound=bound, terms=terms, values=values)


def view_activation(layer: kinds.Layer, sources: list[Activation], shape: Shape) -> Activation:
    """The sources in another order or shape; TypeError for a layer that is no view.

    Elements numbered over all sources take the way of the layer's own reference; -1 is a zero.
    """
    low = min(source.interval.low for source in sources)
    high = max(source.interval.high for source in sources)
    view = join([source.view for source in sources])
    numbered: list[Integers] = []
    for source in sources:
        first = sum(part.size for part in numbered)
        numbered.append(np.arange(first, first + source.view.size).reshape(*source.shape, 1))
    if isinstance(layer, kinds.Transpose):
        elements = views.transpose(numbered[0], layer.axes)
    elif isinstance(layer, kinds.Concatenate):
        elements = views.concatenate(numbered)
    elif isinstance(layer, kinds.Pad):
        elements = views.pad(numbered[0], layer.padding, fill=-1)
        low, high = min(0, low), max(0, high)
    elif isinstance(layer, kinds.Slice):
        elements = views.cut(numbered[0], layer.start, layer.stop)
    elif isinstance(layer, kinds.Reshape):
        elements = numbered[0]
    else:
        raise TypeError(type(layer))
    return Activation(view=view.select(elements.reshape(-1)), shape=shape, interval=Interval(low=low, high=high))
