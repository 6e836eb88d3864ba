"""Sections "Requantisation", "Max pool", "Argmax", "Ranking" and "Claim gadget"."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

from tests.second.builder import Builder, Limbs, limb_widths, scaled_interval
from tests.second.combinations import Combination, Read, View, join, whole
from tests.second.formulas import PREDICTION, Truth, formula_of
from tests.second.inequalities import formula, macro_f1
from tests.second.language import read_claim
from tests.second.layers import Layer
from tests.second.relations import Cells, Functional, Interval, Mapped, Scaled, SuffixSum, Term
from tests.second.shapes import Shape, window_count
from tests.second.wire import sha256


@dataclass(frozen=True)
class Accumulator:
    """A shape, a bound, and the terms for given factors."""

    shape: Shape
    bound: Interval
    terms: Callable[[tuple[int, ...]], Sequence[Term]]


def mapped_terms(view: View, values: Sequence[int]) -> list[Mapped]:
    """Element k times values[k], for each part of a view."""
    return [
        Mapped(column, gather.targets, gather.sources, [values[target] for target in gather.targets])
        for column, gather in view.parts()
    ]


def value(limbs: Limbs, positions: int) -> Combination:
    """What limbs spell."""
    return Combination(positions, tuple(Read(column, weight) for column, weight in limbs))


def requantise(builder: Builder, number: int, layer: Layer, source: Accumulator, interval: Interval) -> View:
    """The relations of requantisation `number`; the view of its output."""
    name, positions, shift = f"requantise {number}", prod(source.shape), layer["shift"]
    low, high = layer.clamp
    half = 2 ** (shift - 1) if shift else 0
    factors = tuple(layer["multipliers"])
    ends = [end for factor in factors or (1,) for end in scaled_interval(source.bound, factor)]
    domain_low = min((min(ends) + half) >> shift, low)
    domain_high = max((max(ends) + half) >> shift, high)
    under, over = low - domain_low, domain_high - high
    rows, cells = domain_high - domain_low + 1, positions << builder.circuit.bits
    committed = 1 + len(limb_widths(over)) + len(limb_widths(under)) + bool(layer["table"])
    output = builder.column(f"{name}/output", "batched", positions, interval)
    remainder = builder.limbs(f"{name}/remainder", name, "batched", positions, 2**shift - 1)
    if rows <= 2**18 and 2 * cells + rows <= cells * committed:
        before = builder.column(f"{name}/pre-clamp", "batched", positions, (domain_low, domain_high))
        table = _clamp_table(builder, layer, domain_low, domain_high)
        builder.lookup(f"{name}/clamp", name, table, (builder.read(before), builder.read(output)))
        quotient = [(before, 1)]
    else:
        clamped = _clamped(builder, name, layer, output, positions)
        quotient = [(clamped, 1)]
        if over:
            limbs = builder.limbs(f"{name}/over", name, "batched", positions, over)
            room = builder.read(clamped, -1, high)
            builder.product(f"{name}/over only at the top", name, room, value(limbs, positions))
            quotient += limbs
        if under:
            limbs = builder.limbs(f"{name}/under", name, "batched", positions, under)
            room = builder.read(clamped, 1, -low)
            builder.product(f"{name}/under only at the bottom", name, room, value(limbs, positions))
            quotient += [(column, -weight) for column, weight in limbs]
    right = [Scaled(column, weight << shift) for column, weight in quotient]
    right += [Scaled(column, weight) for column, weight in remainder]
    builder.linear(f"{name}/shift", name, source.shape, source.terms(factors), right, half)
    return whole(output, positions)


def _clamped(builder: Builder, name: str, layer: Layer, output: str, positions: int) -> str:
    low, high = layer.clamp
    if not layer["table"]:
        values = (builder.read(output, 1, -128 - low),)
        builder.lookup(f"{name}/output in range", name, "signed byte", values)
        return output
    clamped = builder.column(f"{name}/clamped", "batched", positions, (low, high))
    table = _clamp_table(builder, layer, low, high)
    builder.lookup(f"{name}/map", name, table, (builder.read(clamped), builder.read(output)))
    return clamped


def _clamp_table(builder: Builder, layer: Layer, first: int, last: int) -> str:
    low, high = layer.clamp
    name = f"clamp {first}..{last} to {low}..{high}"
    table = layer["table"]
    if table:
        text = ", ".join(map(str, table)) + ("," if len(table) == 1 else "")
        name += f" and map by {sha256(f'({text})'.encode()).hex()}"
    clamps = [(q, min(max(q, low), high)) for q in range(first, last + 1)]
    return builder.table(name, [(q, table[y - low] if table else y) for q, y in clamps])


def max_pool(builder: Builder, name: str, layer: Layer, source: View, shape: Shape, interval: Interval) -> View:
    """The tree of pairs; the view of the outputs."""
    known, levels = source, 0
    channels, sizes = shape[0], [shape[1], shape[2]]
    cells = {
        place: k
        for k, place in enumerate((c, y, x) for c in range(channels) for y in range(sizes[0]) for x in range(sizes[1]))
    }
    for axis in (1, 0):
        kernel, stride, dilation = layer["kernel"][axis], layer["stride"][axis], layer["dilation"][axis]
        before, after = layer["padding"][axis], layer["padding"][axis + 2]
        count = window_count(sizes[axis], kernel, stride, dilation, before, after)
        sizes[axis] = count
        windows: dict[tuple[int, int, int], list[int]] = {}
        for c in range(channels):
            for y in range(sizes[0]):
                for x in range(sizes[1]):
                    place = [y, x]
                    taps = []
                    for i in range(kernel):
                        place[axis] = stride * (y, x)[axis] + dilation * i - before
                        taps.append(cells.get((c, place[0], place[1]), -1))
                    windows[c, y, x] = [tap for tap in taps if tap >= 0] + [tap for tap in taps if tap < 0]
        while len(windows[0, 0, 0]) > 1:
            pairs: list[tuple[int, int]] = []
            for place_, window in windows.items():
                padded = window + [-1] * (len(window) % 2)
                merged = []
                for first, second in zip(padded[::2], padded[1::2], strict=True):
                    merged.append(first if second < 0 else len(known.elements) + len(pairs))
                    if second >= 0:
                        pairs.append((first, second))
                windows[place_] = merged
            if pairs:
                levels += 1
                known = _maxima(builder, f"{name}/maximum {levels}", name, known, pairs, interval)
        cells = {place_: window[0] for place_, window in windows.items()}
    return known.select(list(cells.values()))


def _maxima(
    builder: Builder, column: str, gadget: str, known: View, pairs: list[tuple[int, int]], interval: Interval
) -> View:
    largest = interval[1] - interval[0]
    builder.column(column, "batched", len(pairs), interval)
    rows: list[tuple[int, ...]] = [(d, 0) for d in range(largest + 1)]
    rows += [(0, d) for d in range(1, largest + 1)]
    table = builder.table(f"one of two differences up to {largest} is zero", rows)
    values = tuple(
        Combination(len(pairs), (Read(column), *known.select([pair[side] for pair in pairs]).reads(-1)))
        for side in (0, 1)
    )
    builder.lookup(f"{column} of pair", gadget, table, values)
    return join([known, whole(column, len(pairs))])


def argmax(builder: Builder, shape: Shape, bound: int, logits: Sequence[Term]) -> None:
    """The prediction of logits of magnitude at most `bound`."""
    classes = prod(shape)
    builder.column(PREDICTION, "batched", classes, (0, 1))
    difference = builder.limbs("argmax/difference", "argmax", "batched", classes, 2 * bound + 1)
    builder.column("argmax/maximum", "batched", 1, (-bound, bound))
    chosen = builder.read(PREDICTION)
    builder.product("argmax/bit", "argmax", chosen, builder.read(PREDICTION, 1, -1))
    builder.product("argmax/chosen has no difference", "argmax", chosen, value(difference, classes))
    every, zeros, ones = list(range(classes)), [0] * classes, [1] * classes
    builder.linear("argmax/one chosen", "argmax", (1,), [Mapped(PREDICTION, zeros, every, ones)], [], -1)
    left = [*logits, *(Scaled(column, weight) for column, weight in difference), SuffixSum(PREDICTION)]
    builder.linear("argmax/order", "argmax", shape, left, [Mapped("argmax/maximum", every, zeros, ones)], 0)


def ranking(builder: Builder, classes: int, bound: int, labels: list[int], ks: list[int]) -> None:
    """Section "Ranking"."""
    furthest = 2 * bound + 1
    widths = limb_widths(furthest)
    reach = 1 << sum(widths)
    builder.column("top k/label", "batched", classes, (0, 1))
    builder.column("top k/depth", "batched", 1, (0, reach))
    builder.column("top k/lead", "batched", classes, (-reach, reach + 1))
    builder.column("top k/ahead", "batched", classes, (0, 1))
    distance = builder.limbs("top k/distance", "top k", "batched", classes, furthest)
    builder.column("top k/rank", "batched", 1, (0, classes - 1))
    for column in ("top k/label", "top k/ahead"):
        builder.product(f"{column} is a bit", "top k", builder.read(column), builder.read(column, 1, -1))
    every, zeros, ones = list(range(classes)), [0] * classes, [1] * classes
    builder.linear("top k/one label", "top k", (1,), [Mapped("top k/label", zeros, every, ones)], [], -1)
    shifts = [sum(widths[:i]) for i in range(len(widths))]
    differences = [Scaled(f"argmax/difference limb {i}", 2**shift) for i, shift in enumerate(shifts)]
    left = [Scaled("top k/lead", 1), *differences, SuffixSum(PREDICTION)]
    right = [Mapped("top k/depth", every, zeros, ones), SuffixSum("top k/label")]
    builder.linear("top k/leads", "top k", (classes,), left, right, 0)
    lead = builder.read("top k/lead")
    builder.product("top k/label has no lead", "top k", builder.read("top k/label"), lead)
    rest = Combination(classes, (Read("top k/ahead"), Read("top k/lead", -1)))
    sign = builder.read("top k/ahead", 2, -1)
    builder.product("top k/ahead by its lead", "top k", sign, value(distance, classes), rest)
    total = [Mapped("top k/ahead", zeros, every, ones)]
    builder.linear("top k/ranks", "top k", (1,), total, [Scaled("top k/rank", 1)], 0)
    for k in ks:
        column = builder.column(f"top k/hit {k}", "batched", 1, (0, 1))
        table = builder.table(f"rank below {k} of {classes}", [(rank, int(rank < k)) for rank in every])
        builder.lookup(f"{column} by rank", "top k", table, (builder.read("top k/rank"), builder.read(column)))
    chosen = Cells("top k/label", labels, list(range(len(labels))), [1] * len(labels))
    builder.functional(Functional("top k/labels", "top k", (chosen,), (), -len(labels)))


def claim(builder: Builder, classes: int, bound: int, text: str, labels: list[int], groups: list[int] | None) -> None:
    """Section "Claim gadget"."""
    atoms, truth = read_claim(text), Truth(labels, groups, classes)
    for atom in atoms:
        truth.check(atom)
    ks = sorted({atom.index for atom in atoms if atom.metric == "top_k_accuracy" and atom.index is not None})
    if ks:
        ranking(builder, classes, bound, labels, ks)
    for number, atom in enumerate(atoms, 1):
        prefix = "claim" if number == 1 else f"claim {number}"
        if atom.metric == "macro_f1":
            macro_f1(builder, prefix, truth, atom)
        else:
            formula(builder, prefix, formula_of(truth, atom))
