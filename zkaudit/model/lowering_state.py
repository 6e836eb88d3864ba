"""What the lowering of a float graph keeps from layer to layer."""

from __future__ import annotations

from dataclasses import dataclass, field

from zkaudit.model import architecture as integer
from zkaudit.model.calibration import Calibration
from zkaudit.model.float_functions import IDENTITY, Floats, Function
from zkaudit.model.float_graph import FloatGraph
from zkaudit.model.float_layers import Activation
from zkaudit.model.integer_graph import IntegerGraph, Integers, Link, Quantised
from zkaudit.model.outputs import Output, plan_output
from zkaudit.model.ranges import RangeRule
from zkaudit.model.scaling import Sharing, activation_after


@dataclass(slots=True, kw_only=True, eq=False)
class Lowering:
    """The walk along a prepared graph: `known` holds what stands for the float tensors that are still to be read.

    `shared` and `importance` have one entry a float tensor, see `scaling`; `graph` has the integer layers so far.
    Methods take the number of a float tensor.
    """

    network: FloatGraph
    calibration: Calibration
    rule: RangeRule
    shared: list[Sharing]
    importance: list[Floats]
    graph: IntegerGraph = field(default_factory=IntegerGraph)
    known: dict[int, Quantised] = field(default_factory=dict)

    def is_last(self, number: int) -> bool:
        """Whether a tensor is the row of logits."""
        return number == len(self.network.layers)

    def follow(self, number: int) -> tuple[int, Function]:
        """The tensor behind the activation that takes all of a tensor, and that function; else itself."""
        after = activation_after(self.network, number)
        layer = self.network.layers[after - 1]
        return after, layer.function if after != number and isinstance(layer, Activation) else IDENTITY

    def plan(self, number: int, function: Function, nonnegative: bool = False, *, apart: bool = False) -> Output:
        """The output for a function of a tensor; see `plan_output`."""
        extremes = self.calibration.lows[number], self.calibration.highs[number]
        values = self.calibration.tensors[number]
        importance = self.importance[activation_after(self.network, number)] if apart else None
        return plan_output(
            function, values, extremes, self.rule, apart=apart, nonnegative=nonnegative, importance=importance
        )

    def round(self, number: int, sums: Integers, step: integer.Requantise, scales: Floats) -> None:
        """Rounds the last tensor, which stands for float tensor `number`, behind its activation."""
        after, _ = self.follow(number)
        name = self.network.layers[number - 1].name
        self.known[after] = self.graph.requantise(sums, step, scales, name, after)

    def logits(self, number: int, scales: Floats) -> None:
        """Links the last tensor, sums that are the network's output."""
        name = self.network.layers[number - 1].name
        self.graph.links.append(Link(name=name, number=self.graph.last, target=number, scale=scales))
