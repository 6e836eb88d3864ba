"""Float graphs lowered to integer layers, each chosen on the integers that the layers before it give."""

from __future__ import annotations

import numpy as np

from zkaudit.model import float_views as views
from zkaudit.model.calibration import Calibration, InputRule
from zkaudit.model.float_graph import FloatGraph
from zkaudit.model.float_layers import (
    Activation,
    Affine,
    AveragePool,
    Convolution,
    Dense,
    FloatLayer,
    Gate,
    MaxPool,
    Sum,
)
from zkaudit.model.integer_graph import IntegerGraph, Quantised
from zkaudit.model.lowering_linear import lower_affine, lower_linear
from zkaudit.model.lowering_state import Lowering
from zkaudit.model.lowering_sums import lower_activation, lower_average_pool, lower_gate, lower_slopes, lower_sum
from zkaudit.model.lowering_views import lower_max_pool, lower_view
from zkaudit.model.ranges import RangeRule
from zkaudit.model.scaling import importances, sharings


def lower(network: FloatGraph, calibration: Calibration, inputs: InputRule, rule: RangeRule) -> IntegerGraph:
    """The integer layers of a prepared graph; `InvalidInput` names the layer that has none."""
    state = Lowering(
        network=network,
        calibration=calibration,
        rule=rule,
        shared=sharings(network),
        importance=importances(network),
    )
    state.known[0] = Quantised(
        number=0,
        values=calibration.inputs,
        scale=np.full(network.input_shape, inputs.scale),
        low=inputs.low,
        high=inputs.high,
        public=True,
    )
    last_reader = [max(readers, default=0) for readers in network.readers]
    for number, layer in enumerate(network.layers, 1):
        if number not in state.known:
            _lower_layer(state, number, layer)
        for tensor in [tensor for tensor in state.known if last_reader[tensor] <= number]:
            if last_reader[tensor]:
                del state.known[tensor]
    return state.graph


def _lower_layer(state: Lowering, number: int, layer: FloatLayer) -> None:
    """Adds the integer layers of one float layer, and of the activation that only it feeds."""
    sources = [state.known[source] for source in layer.sources]
    match layer:
        case Dense() | Convolution():
            lower_linear(state, number, layer, sources[0])
        case Affine():
            lower_affine(state, number, layer, sources[0])
        case Sum():
            lower_sum(state, number, layer.name, list(layer.multipliers), sources)
        case Activation() if layer.function.per_channel:
            lower_slopes(state, number, layer, sources[0])
        case Activation():
            lower_activation(state, number, layer, sources[0])
        case Gate():
            lower_gate(state, number, layer, sources)
        case AveragePool():
            lower_average_pool(state, number, layer, state.graph.committed(sources[0]))
        case MaxPool():
            lower_max_pool(state, number, layer, state.graph.committed(sources[0]))
        case views.View():
            lower_view(state, number, layer, sources)
        case _:
            raise layer.refuse(f"{layer.kind} has no integer form")
