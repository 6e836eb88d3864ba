"""Section "Linear layers"."""

from __future__ import annotations

from itertools import accumulate, product

from tests.second.claims import Claim
from tests.second.combinations import View
from tests.second.field import (
    ONE,
    ZERO,
    Element,
    Point,
    add,
    clog,
    dot,
    equality_table,
    multiply,
    negate,
    scale,
    total,
)
from tests.second.layout import Layout
from tests.second.padded import MINUS_ONE, Channel, Expression, combine
from tests.second.relations import Broadcast, Linear, Mapped, Scaled, SuffixSum, Term, Weighted, Window

Matrix = list[list[Element]]


def linear_relation(channel: Channel, layout: Layout, relation: Linear, inputs: list[Element]) -> list[Claim]:
    """The claims of a relation; `inputs` is the public input at the sample point."""
    point = channel.challenges("linear output point", layout.output_variables(relation))
    axes = axis_tables(point, relation.shape)
    outputs = outer(axes)
    factor = layout.factor(relation)
    left, constant = Claim(layout), scale(total(outputs), relation.constant)
    for term in relation.terms:
        if term is not factor:
            constant = add(constant, _term(left, term, axes, outputs, inputs))
    if factor is None:
        left.value = Expression(negate(constant))
        return [left]
    window = factor.window
    sizes = (window.channels, window.height, window.width)
    (sent,) = channel.receive("linear left side", 1)
    q, value = channel.sumcheck(sent, sum(map(clog, sizes)), 2)
    column, weights = channel.receive("linear claims", 2)
    channel.require_zero([(ONE, channel.product(column, weights)), (MINUS_ONE, value)])
    left.value = combine([(MINUS_ONE, sent)], negate(constant))
    at_channels, at_height, at_width = axis_tables(q, sizes)
    source, kernel = Claim(layout), Claim(layout)
    source.value, kernel.value = column, weights
    for weight, (owner, place) in zip(outer([at_channels, at_height, at_width]), factor.view.elements, strict=True):
        if owner >= 0:
            source.cell(0, factor.view.columns[owner], place, weight)
    filters, spread_height, spread_width = spread(window, axes)
    a_h = [dot(at_height, taps) for taps in zip(*spread_height, strict=True)]
    a_w = [dot(at_width, taps) for taps in zip(*spread_width, strict=True)]
    taps = [multiply(a, b) for a in a_h for b in a_w]
    _kernel_weights(kernel, factor, filters, [[multiply(e, tap) for tap in taps] for e in at_channels])
    return [left, source, kernel]


def _term(claim: Claim, term: Term, axes: Matrix, outputs: list[Element], inputs: list[Element]) -> Element:
    """Puts a term's weights into the claim; what is public is given back."""
    constant = ZERO
    if isinstance(term, Scaled):
        for o, weight in enumerate(outputs):
            claim.cell(0, term.column, o, scale(weight, term.coefficient))
    elif isinstance(term, Mapped):
        for row, column, value in zip(term.rows, term.columns, term.values, strict=True):
            weight = scale(outputs[row], value)
            if term.column == "input":
                constant = add(constant, multiply(weight, inputs[column]))
            else:
                claim.cell(0, term.column, column, weight)
    elif isinstance(term, SuffixSum):
        for i, weight in enumerate(accumulate(outputs[:-1], add, initial=ZERO)):
            claim.cell(0, term.column, i, scale(weight, term.coefficient))
    elif isinstance(term, Broadcast):
        for k in range(term.cells):
            weight = total(outputs[k * term.repeat : (k + 1) * term.repeat])
            coefficient = term.coefficient * (term.factors[k] if term.factors else 1)
            claim.static_cell("weights", term.start + k, scale(weight, coefficient))
    else:
        filters, spread_height, spread_width = spread(term.window, axes)
        claim_taps = _public_taps(term.window, spread_height, spread_width, view_values(term.view, inputs))
        _kernel_weights(claim, term, filters, claim_taps)
    return constant


def _kernel_weights(claim: Claim, term: Weighted, filters: list[Element], taps: Matrix) -> None:
    """Weight 256^l factor_o f_o taps[c][i, j] on the kernel's cell (l, o, c', i, j)."""
    window = term.window
    cell = term.start
    for limb in range(term.limbs):
        for o, weight in enumerate(filters):
            scaled = scale(weight, 256**limb * (term.factors[o] if term.factors else 1))
            first = o * window.groups // window.filters * window.members
            for channel in taps[first : first + window.members]:
                for tap in channel:
                    claim.static_cell("weights", cell, multiply(scaled, tap))
                    cell += 1


def _public_taps(window: Window, spread_height: Matrix, spread_width: Matrix, values: list[Element]) -> Matrix:
    """sum over h, w of S_h[h,i] S_w[w,j] in[c,h,w], for each c as a list over (i, j)."""
    result = []
    for c in range(window.channels):
        rows = [values[(c * window.height + h) * window.width :][: window.width] for h in range(window.height)]
        folded = [[dot(row, taps) for taps in zip(*spread_width, strict=True)] for row in rows]
        pairs = product(zip(*spread_height, strict=True), zip(*folded, strict=True))
        result.append([dot(vertical, column) for vertical, column in pairs])
    return result


def view_values(view: View, inputs: list[Element]) -> list[Element]:
    """The elements of a view of the input."""
    return [inputs[place] if owner >= 0 else ZERO for owner, place in view.elements]


def axis_tables(point: Point, shape: tuple[int, ...]) -> Matrix:
    """eq of each axis, the last axis taking the lowest coordinates."""
    tables: Matrix = []
    for extent in reversed(shape):
        variables = clog(extent)
        tables.insert(0, equality_table(point[:variables])[:extent])
        point = point[variables:]
    return tables


def outer(axes: Matrix) -> list[Element]:
    """The products of the axes' entries, in C order."""
    result = [ONE]
    for axis in axes:
        result = [multiply(a, b) for a in result for b in axis]
    return result


def spread(window: Window, axes: Matrix) -> tuple[list[Element], Matrix, Matrix]:
    """f_o, S_h[h,i] and S_w[w,j]."""
    filters, *spatial = axes
    tables = spatial or [[ONE], [ONE]]
    result: list[Matrix] = []
    for axis, extent in enumerate((window.height, window.width)):
        matrix = [[ZERO] * window.kernel[axis] for _ in range(extent)]
        for output, weight in enumerate(tables[axis]):
            for i in range(window.kernel[axis]):
                place = window.stride[axis] * output + window.dilation[axis] * i - window.padding[axis]
                if 0 <= place < extent:
                    matrix[place][i] = weight
        result.append(matrix)
    return filters, result[0], result[1]
