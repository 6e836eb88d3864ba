"""Max pools and views of float graphs in integers: layers that keep the integers of what they read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from zkaudit.model import architecture as integer
from zkaudit.model import float_views as views
from zkaudit.model.float_functions import IDENTITY
from zkaudit.model.float_layers import Dense, FloatLayer, MaxPool
from zkaudit.model.integer_graph import Quantised
from zkaudit.model.integer_sums import fit_sum
from zkaudit.model.layers import Layer
from zkaudit.model.lowering_state import Lowering
from zkaudit.model.outputs import Output
from zkaudit.model.scaling import Sharing


def lower_max_pool(state: Lowering, number: int, layer: MaxPool, source: Quantised) -> None:
    """The same maxima of integers, channel by channel in the scale of the source."""
    made = integer.MaxPool(
        kernel=layer.kernel,
        stride=layer.stride,
        dilation=layer.dilation,
        padding=layer.padding,
        sources=(source.number,),
    )
    values = state.graph.append(made, [source.values])
    scale = np.broadcast_to(source.scale[:, :1, :1], values.shape[:-1])
    state.known[number] = replace(source, number=state.graph.last, values=values, scale=scale)


def lower_view(state: Lowering, number: int, layer: FloatLayer, sources: list[Quantised]) -> None:
    """A view of integers as they are, but for tensors that have to be brought to one scale to be joined."""
    readers = [state.network.layers[reader - 1] for reader in state.network.readers[number]]
    if isinstance(layer, views.Reshape) and all(isinstance(reader, Dense) for reader in readers) and readers:
        # A dense layer flattens what it reads.
        state.known[number] = sources[0]
        return
    if len({source.public for source in sources}) > 1:
        sources = [state.graph.committed(source) for source in sources]
    if isinstance(layer, views.Concatenate) and state.shared[number] == Sharing.TENSOR:
        sources = _alike(state, sources)
    numbers = tuple(source.number for source in sources)
    match layer:
        case views.Reshape():
            made: Layer = integer.Reshape(shape=layer.target, sources=numbers)
        case views.Transpose():
            made = integer.Transpose(axes=layer.axes, sources=numbers)
        case views.Concatenate():
            made = integer.Concatenate(sources=numbers)
        case views.Pad():
            made = integer.Pad(padding=layer.padding, sources=numbers)
        case views.Slice():
            made = integer.Slice(start=layer.start, stop=layer.stop, sources=numbers)
        case _:
            raise layer.refuse(f"{layer.kind} has no integer form")
    state.known[number] = state.graph.view(made, sources)


def _alike(state: Lowering, sources: list[Quantised]) -> list[Quantised]:
    """The sources with the coarsest of their scales."""
    unit = max(source.unit for source in sources)
    output = Output(function=IDENTITY, activation="identity", units=np.array([unit]))
    result = []
    for source in sources:
        if source.unit != unit:
            # Sources too small for a factor vanish beside a factor of 1 as well.
            (factor,), shift, _ = fit_sum([source.unit], [source.magnitude], output)
            source = replace(state.graph.copy(source, max(factor, 1), shift), scale=np.full(source.shape, unit))
        result.append(source)
    return result
