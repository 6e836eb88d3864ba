"""Dense layers and convolutions in integers: weights, biases, multipliers and shifts.

Integers x of a layer's input stand for s_in x, with one scale a channel.
Its kernel is K[o,i] = round(W[o,i] s_in[i] / s[o]) and its bias round(b[o] / s[o]), so accumulators have scale s[o].
The quotient behind it is m[o] acc / 2^shift, one unit of which stands for u[o] = s[o] 2^shift / m[o].
Where the readers absorb scales, m = 1 and every channel has its own u[o], the least for which weights fit int8 and
calibrated values 8 bits: a small shift spends precision of weights, a large one precision of activations.
Where the output has a single u, s[o] = u m[o] / 2^shift, with the least m[o] for which the weights fit, so that a
large shift lets each channel use all of int8; the multipliers take bits of the accumulator, which bound them.
Logits are compared with each other, so the last layer has a single s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from zkaudit.errors import InvalidInput
from zkaudit.field.koalabear import HALF
from zkaudit.model.architecture import MAX_BIAS_LIMBS, Requantise
from zkaudit.model.bounds import bias_bound, bias_capacity, requantisation_reach
from zkaudit.model.float_functions import Floats
from zkaudit.model.model import KERNEL_TYPES
from zkaudit.model.outputs import Output
from zkaudit_circuits.dense import Kernel
from zkaudit_circuits.limbs import limb_widths
from zkaudit_circuits.requantise import apply_table, half, quotients

_LARGEST_SHIFT = 20
"""Largest shift that is tried: with eight bits before it, one of 22 would pass half the modulus."""

_TRIALS = 8
"""Performance knob: most shifts that are tried for one layer."""

_TOLERANCE = 1.1
"""Performance knob: a squared error this much above the least is worth a cheaper proof."""

WIDE_GAIN = 16.0
"""Performance knob: weights of two limbs are worth their cells when they divide the squared error by this, 12 dB."""

_SIGNIFICANCE = 2.0
"""Performance knob: a mean error is corrected if it exceeds this many of its standard errors."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Problem:
    """A linear layer to be made integer, with examples.

    `weight` (filters, depth) is for integer inputs of magnitude at most `magnitude`, `bias` (filters,) in values.
    `patches` (groups, rows, depth) are integer inputs of `samples` samples; the filters are split evenly over groups.
    `target` (rows, filters) are the float layer's values there.
    `importance` (filters,) weighs squared errors.
    """

    name: str
    weight: Floats
    bias: Floats
    magnitude: int
    patches: Floats
    target: Floats
    samples: int
    importance: Floats
    weight_limbs: int = 1

    @property
    def peak(self) -> int:
        """Largest weight."""
        return bias_capacity(self.weight_limbs)

    def least_scales(self) -> Floats:
        """Least accumulator scales at which the kernel and the bias fit their limbs, (filters,)."""
        for_kernel = np.abs(self.weight).max(axis=1) / self.peak
        return np.asarray(np.maximum(for_kernel, np.abs(self.bias) / bias_capacity(MAX_BIAS_LIMBS)), np.float64)

    def bound(self, bias: NDArray[np.int64]) -> int:
        """Largest magnitude that the equations allow an accumulator with this bias."""
        fan_in = int(self.weight.shape[1])
        return fan_in * bias_bound(self.weight_limbs) * self.magnitude + bias_bound(bias_limbs(bias))

    def products(self, kernel: Kernel) -> Floats:
        """Sums without bias on the patches, (rows, filters); exact."""
        groups, rows, depth = self.patches.shape
        matrix = kernel.reshape(groups, -1, depth).astype(np.float64)
        # (groups, rows, depth) @ (groups, depth, filters each) -> (groups, rows, filters each)
        return (self.patches @ matrix.swapaxes(1, 2)).transpose(1, 0, 2).reshape(rows, -1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fit:
    """A linear layer in integers: `scales` (filters,) is what one unit of an accumulator stands for.

    `units` (filters,) or (1,) is what one unit of the quotient behind it stands for.
    `error` is the weighted squared error on the examples.
    """

    kernel: Kernel
    bias: NDArray[np.int64]
    scales: Floats
    units: Floats
    step: Requantise | None
    error: float

    @property
    def weight_limbs(self) -> int:
        """Limbs of a weight."""
        return self.kernel.dtype.itemsize


def bias_limbs(bias: NDArray[np.int64]) -> int:
    """The fewest limbs that hold a bias (filters,)."""
    largest = int(np.abs(bias).max())
    return next(limbs for limbs in range(1, MAX_BIAS_LIMBS + 1) if largest <= bias_capacity(limbs))


def fit_hidden(problem: Problem, output: Output, *, apart: bool) -> Fit:
    """The layer under the shift with the least error, or a cheaper one that is almost as good.

    With `apart` channels have units of their own.
    `InvalidInput` where no shift keeps the equations from wrapping.
    """
    attempt = _free_trial if apart else _common_trial
    shifts = _balanced_shifts(problem, output) if apart else _roomy_shifts(problem, output)
    others = sorted(set(range(_LARGEST_SHIFT + 1)).difference(shifts), key=lambda s: abs(s - shifts.start))
    trials: list[tuple[float, int, Fit]] = []
    with np.errstate(all="ignore"):
        for shift in (*shifts, *others):
            if trials and shift not in shifts:
                break
            fit, error = _complete(problem, output, *attempt(problem, output, shift))
            bound = problem.bound(fit.bias)
            if fit.step is not None and requantisation_reach(bound, fit.step) <= HALF:
                trials.append((error if np.isfinite(error) else np.inf, _cells(bound, fit.step), fit))
    if not trials:
        raise InvalidInput(
            f"{problem.weight.shape[1]} inputs: sums wrap around the field under any shift",
            where=problem.name,
            next_step="use a narrower layer",
        )
    least = min(error for error, _, _ in trials)
    close = [trial for trial in trials if trial[0] <= _TOLERANCE * least or trial[0] == least]
    return min(close, key=lambda trial: (trial[1], trial[0]))[2]


def fit_with_wide_weights(problem: Problem, fit: Callable[[Problem], Fit]) -> Fit:
    """A fit with weights of two limbs where that is far better and the bounds allow it, else with int8 weights."""
    narrow = fit(problem)
    try:
        wide = fit(replace(problem, weight_limbs=2))
    except InvalidInput:
        return narrow
    return wide if wide.error * WIDE_GAIN < narrow.error else narrow


def fit_logits(problem: Problem) -> Fit:
    """The layer with a single accumulator scale, the least possible."""
    widest = problem.least_scales().max()
    scales = np.full(len(problem.weight), widest if widest > 0 else 1.0)
    with np.errstate(all="ignore"):
        return _complete(problem, None, scales, scales[:1], None)[0]


Trial = tuple[Floats, Floats, Requantise]
"""Scales of accumulators, units of quotients and the requantisation."""


def _balanced_shifts(problem: Problem, output: Output) -> range:
    """Shifts around those at which weights and activations of a channel both use all of their bits."""
    least, wanted = problem.least_scales(), np.broadcast_to(output.units, len(problem.weight))
    used = (least > 0) & (wanted > 0)
    if not used.any():
        return range(1)
    ideal = np.log2(wanted[used]) - np.log2(least[used])
    first = max(int(np.floor(ideal.min())), round(float(np.median(ideal))) - _TRIALS // 2)
    last = min(int(np.ceil(ideal.max())), first + _TRIALS - 1)
    return range(min(max(first, 0), _LARGEST_SHIFT), min(max(last, 0), _LARGEST_SHIFT) + 1)


def _free_trial(problem: Problem, output: Output, shift: int) -> Trial:
    """No multipliers: accumulators as coarse as the shift allows for the wanted units, coarser where weights ask it."""
    scales = np.maximum(problem.least_scales(), output.units / 2.0**shift)
    scales = np.where(scales > 0, scales, 1.0)
    units = scales * 2.0**shift
    return scales, units, output.step(units, shift)


def _largest_multiplier(problem: Problem) -> int:
    """About the largest multiplier that the bounds allow, at least 1."""
    least = problem.least_scales()
    # The scales are at least `least`, so this is the largest bias, with room for its correction.
    bias = np.where(least > 0, 2 * np.rint(np.abs(problem.bias) / np.where(least > 0, least, 1.0)), 0.0)
    bound = problem.bound(np.minimum(bias, bias_capacity(MAX_BIAS_LIMBS)).astype(np.int64))
    # The limbs of an excess can reach twice as far as the excess.
    return HALF // (2 * bound) or 1


def _roomy_shifts(problem: Problem, output: Output) -> range:
    """Shifts up to the one at which the multipliers reach what the bounds allow."""
    widest = float(problem.least_scales().max())
    ideal = np.log2(_largest_multiplier(problem) * output.units[0] / widest) if widest * output.units[0] > 0 else 0.0
    last = int(min(max(np.floor(ideal), 0), _LARGEST_SHIFT))
    return range(max(0, last - _TRIALS + 1), last + 1)


def _common_trial(problem: Problem, output: Output, shift: int) -> Trial:
    """One unit for all channels, and the least multipliers for which their weights fit."""
    least, most = problem.least_scales(), _largest_multiplier(problem)
    # Weights that are too large for the multipliers make the output coarser.
    unit = max(float(output.units[0]), float(least.max()) * 2.0**shift / most) or 1.0
    # A quotient that should be whole may come out a little above.
    multipliers = np.clip(np.ceil(least * (2.0**shift / unit) * (1 - 1e-12)), 1, most)
    factors = tuple(map(int, multipliers)) if (multipliers > 1).any() else ()
    units = np.array([unit])
    return unit * multipliers / 2.0**shift, units, output.step(units, shift, factors)


def _complete(
    problem: Problem, output: Output | None, scales: Floats, units: Floats, step: Requantise | None
) -> tuple[Fit, float]:
    """The layer at some accumulator scales, its bias corrected where that helps, and its weighted squared error."""
    capacity = bias_capacity(MAX_BIAS_LIMBS)
    kernel = np.clip(np.rint(problem.weight / scales[:, None]), -problem.peak, problem.peak)
    kernel = kernel.astype(KERNEL_TYPES[problem.weight_limbs])
    products = problem.products(kernel)
    plain = problem.bias / scales
    missing = problem.target / scales - products - np.rint(plain)
    biases = [np.clip(np.rint(bias), -capacity, capacity) for bias in (plain, plain + _mean(problem, output, missing))]
    errors = np.stack([_errors(problem, output, products + bias, scales, units, step) for bias in biases])
    corrected = errors[1] < errors[0]
    bias = np.where(corrected, biases[1], biases[0]).astype(np.int64)
    error = float((problem.importance * errors.min(axis=0)).sum())
    return Fit(kernel=kernel, bias=bias, scales=scales, units=units, step=step, error=error), error


def _mean(problem: Problem, output: Output | None, missing: Floats) -> Floats:
    """The mean error of each channel where it is significant, else zero, (filters,), in units of accumulators."""
    # What ReLU cuts off does not matter.
    kept = problem.target > 0 if output is not None and output.activation == "relu" else np.ones(missing.shape, bool)
    count = np.maximum(kept.sum(axis=0), 1)
    mean = np.where(kept, missing, 0.0).sum(axis=0) / count
    variance = np.where(kept, (missing - mean) ** 2, 0.0).sum(axis=0) / count
    # Places of one sample are alike, so only samples count as independent.
    independent = count * min(1.0, problem.samples / len(missing))
    significant = (independent > 2) & (np.abs(mean) > _SIGNIFICANCE * np.sqrt(variance / np.maximum(independent, 1)))
    return np.where(significant, mean, 0.0)


def _errors(
    problem: Problem,
    output: Output | None,
    sums: Floats,
    scales: Floats,
    units: Floats,
    step: Requantise | None,
) -> Floats:
    """Mean squared errors behind the activation, (filters,), of accumulators (rows, filters)."""
    if output is None or step is None:
        return np.asarray(((sums * scales - problem.target) ** 2).mean(axis=0))
    integers = quotients(sums.T.astype(np.int64), step.shift, step.multipliers)
    if step.table:
        integers = apply_table(integers, step.table, step.table_low)
    else:
        integers = np.clip(integers, step.low, step.high)
    # What the chosen range leaves out is no reason to prefer a shift.
    low, high = output.limits(step)
    difference = np.clip(integers.T * output.scales(units), low, high)
    difference -= np.clip(output.reference(problem.target), low, high)
    return np.asarray((difference**2).mean(axis=0))


def _cells(bound: int, step: Requantise) -> int:
    """Limbs that the requantisation commits for each of its outputs."""
    scaled = bound * max((abs(factor) for factor in step.multipliers), default=1)
    low, high = step.clamp
    over = max(((scaled + half(step.shift)) >> step.shift) - high, 0)
    under = max(low + ((scaled + half(step.shift)) >> step.shift), 0)
    return sum(len(limb_widths(most)) for most in ((1 << step.shift) - 1, over, under))
