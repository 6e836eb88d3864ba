"""The cells that a relation reads at one of its own cells, to be shown beside a violation."""

from __future__ import annotations

from collections.abc import Iterator

from zkaudit.relation import Broadcast, Combination, Linear, Mapped, Scaled, SuffixSum, Weighted

Cell = tuple[str, tuple[int, ...]]
"""A column, and (position, sample) or (position,)."""


def combination_cells(combination: Combination, cell: tuple[int, ...]) -> Iterator[Cell]:
    """The cells that a combination reads at one of its cells."""
    for read in combination.terms:
        if read.gather is None:
            yield read.column, cell
        else:
            for source in read.gather.sources[read.gather.targets == cell[0]]:
                yield read.column, (int(source), *cell[1:])


def linear_cells(relation: Linear, cell: tuple[int, ...]) -> Iterator[Cell]:
    """The cells that a linear relation reads at one of its cells, committed ones before the windows of weights."""
    position, *rest = cell
    for term in sorted(relation.terms, key=lambda term: isinstance(term, Weighted)):
        if isinstance(term, Scaled):
            yield term.column, cell
        elif isinstance(term, Mapped):
            for source in term.columns[term.rows == position]:
                yield term.column, (int(source), *rest)
        elif isinstance(term, SuffixSum):
            continue
        elif isinstance(term, Broadcast):
            yield term.column, (term.start + position // term.repeat,)
        else:
            yield from _window_cells(term, position, rest)


def _window_cells(term: Weighted, position: int, rest: list[int]) -> Iterator[Cell]:
    """Each weight of a filter and the cell that it multiplies, for one output."""
    window = term.window
    output, place = divmod(position, window.output_height * window.output_width)
    y, x = divmod(place, window.output_width)
    members = window.channels // window.groups
    group = output // (window.filters // window.groups)
    for number in range(window.fan_in):
        channel, tap = divmod(number, window.kernel[0] * window.kernel[1])
        i, j = divmod(tap, window.kernel[1])
        row = window.stride[0] * y + window.dilation[0] * i - window.padding[0]
        column = window.stride[1] * x + window.dilation[1] * j - window.padding[1]
        if 0 <= row < window.height and 0 <= column < window.width:
            element = ((group * members + channel) * window.height + row) * window.width + column
            yield term.weights, (term.start + output * window.fan_in + number,)
            if term.source.owners[element] >= 0:
                yield term.source.columns[term.source.owners[element]], (int(term.source.sources[element]), *rest)
