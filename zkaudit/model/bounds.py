"""Worst-case accumulators of an architecture, from the intervals that the relations enforce."""

from __future__ import annotations

from zkaudit.errors import InvalidInput
from zkaudit.field.koalabear import HALF
from zkaudit.model.architecture import Architecture, Dense, Requantise
from zkaudit_circuits.limbs import capacity
from zkaudit_circuits.requantise import half

WEIGHT_BOUND = 128
"""Largest magnitude that the weight table [-128, 127] allows, whatever an honest quantiser uses."""


def bias_capacity(limbs: int) -> int:
    """Largest bias magnitude that `limbs` digits in [-128, 127] represent with either sign."""
    return 127 * ((1 << 8 * limbs) - 1) // 255


def bias_bound(limbs: int) -> int:
    """Largest bias magnitude that `limbs` digits in [-128, 127] can be made to take."""
    return WEIGHT_BOUND * ((1 << 8 * limbs) - 1) // 255


def accumulator_bound(layer: Dense, low: int, high: int) -> int:
    """Largest magnitude of an accumulator for inputs in [low, high] and any committed weights."""
    return layer.inputs * WEIGHT_BOUND * max(-low, high) + bias_bound(layer.bias_limbs)


def accumulator_bounds(architecture: Architecture) -> tuple[int, ...]:
    """The bound of every dense layer, in order."""
    intervals = [(architecture.input_low, architecture.input_high)]
    intervals += [(step.low, step.high) for step in architecture.requantisations]
    return tuple(
        accumulator_bound(layer, low, high)
        for layer, (low, high) in zip(architecture.dense_layers, intervals, strict=True)
    )


def requantisation_reach(bound: int, step: Requantise) -> int:
    """Largest integer in the equations of one requantisation whose accumulators have magnitude at most `bound`.

    It is acc + h = 2^s (c + over - under) + rem, with `over` and `under` as large as their limbs allow.
    The products (high - c) over = 0 and (c - low) under = 0 need no bound of their own: p is prime.
    """
    rounding = half(step.shift)
    over = capacity(max(((bound + rounding) >> step.shift) - step.high, 0))
    under = capacity(max(step.low - ((rounding - bound) >> step.shift), 0))
    quotient = max(step.high + over, under - step.low)
    shifted = (quotient << step.shift) + (1 << step.shift) - 1
    return max(bound + rounding, shifted)


def argmax_reach(bound: int, classes: int) -> int:
    """Largest integer in D[c] + z[c] + sum_{c' > c} P[c'] = max for logits z of magnitude at most `bound`."""
    return capacity(2 * bound + 1) + bound + classes


def check_bounds(architecture: Architecture) -> None:
    """`InvalidInput` naming the first layer whose equations could wrap around the modulus.

    No integer that the enforced intervals allow in an equation may exceed (p-1)/2.
    """
    bounds = accumulator_bounds(architecture)
    steps: list[Requantise | None] = [*architecture.requantisations, None]
    for number, (layer, bound, step) in enumerate(zip(architecture.dense_layers, bounds, steps, strict=True), 1):
        reach = argmax_reach(bound, architecture.classes) if step is None else requantisation_reach(bound, step)
        if reach > HALF:
            raise InvalidInput(
                f"{layer.inputs} inputs: integers can reach {reach} and wrap around the field",
                where=f"dense {number}",
                expected=f"at most {HALF}",
                next_step="use a narrower layer, a smaller input range or a larger shift",
            )
