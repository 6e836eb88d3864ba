"""Sections "Lookups", "Products" and "Functionals"."""

from __future__ import annotations

from tests.second.claims import Claim
from tests.second.combinations import Combination
from tests.second.field import (
    ONE,
    ZERO,
    Element,
    Point,
    add,
    embed,
    equality,
    equality_table,
    multiply,
    negate,
    scale,
    subtract,
    total,
)
from tests.second.layout import Layout
from tests.second.padded import MINUS_ONE, Channel, Expression, combine


def lookups(channel: Channel, layout: Layout) -> tuple[Point, list[Claim]]:
    """The sample point, and the claims on numerators and denominators."""
    alpha = channel.challenge("lookup alpha")
    betas = channel.challenges("lookup beta", layout.arity)
    point, p, q = _fraction_tree(channel, layout.depth)
    leaves, rows = equality_table(point), equality_table(point[layout.bits :])
    numerators, denominators = Claim(layout), Claim(layout)
    used = layout.lookup_count + layout.table_rows
    known = subtract(ONE, total(leaves[:used]))
    for name, start in layout.table_start.items():
        for j, row in enumerate(layout.circuit.tables[name]):
            weight = leaves[start + j]
            numerators.static_cell(f"multiplicity of {name}", j, negate(weight))
            parts = (scale(beta, x) for beta, x in zip(betas, row, strict=False))
            fingerprint = add(embed(layout.tag[name]), total(parts))
            known = add(known, multiply(weight, subtract(alpha, fingerprint)))
    for entry in layout.lookups:
        weights = leaves[entry.start : entry.start + entry.length]
        if entry.batched:
            weights = rows[entry.start >> layout.bits : (entry.start + entry.length) >> layout.bits]
        offset = subtract(alpha, embed(layout.tag[entry.lookup.table]))
        for beta, combination in zip(betas, entry.lookup.values, strict=False):
            offset = subtract(offset, scale(beta, combination.constant))
            scaled = [negate(multiply(beta, weight)) for weight in weights]
            for read in combination.reads:
                denominators.read(0 if entry.batched else None, read, scaled)
        known = add(known, multiply(offset, total(weights)))
    numerators.value = combine([(ONE, p)], negate(total(leaves[: layout.lookup_count])))
    denominators.value = combine([(ONE, q)], negate(known))
    return point[: layout.bits], [numerators, denominators]


def _fraction_tree(channel: Channel, depth: int) -> tuple[Point, Expression, Expression]:
    """Section "LogUp-GKR"."""
    p0, p1, q0, q1 = channel.receive("fraction tree root", 4)
    channel.require_zero([(ONE, channel.product(p0, q1)), (ONE, channel.product(p1, q0))])
    mu = channel.challenge("fraction tree point")
    point, p, q = [mu], _between(p0, p1, mu), _between(q0, q1, mu)
    for layer in range(1, depth):
        factor = channel.challenge("fraction tree combination")
        s, value = channel.sumcheck(combine([(ONE, p), (factor, q)]), layer, 3)
        p0, p1, q0, q1 = channel.receive("fraction tree layer", 4)
        weight = equality(point, s)
        first, second, third = channel.product(p0, q1), channel.product(p1, q0), channel.product(q0, q1)
        terms = [(weight, first), (weight, second), (multiply(weight, factor), third), (MINUS_ONE, value)]
        channel.require_zero(terms)
        mu = channel.challenge("fraction tree point")
        point, p, q = [*s, mu], _between(p0, p1, mu), _between(q0, q1, mu)
    return point, p, q


def _between(low: Expression, high: Expression, mu: Element) -> Expression:
    return combine([(subtract(ONE, mu), low), (mu, high)])


def products(channel: Channel, layout: Layout) -> tuple[Point, list[Claim]]:
    """Sample point 1, and the claims on left, right and rest."""
    rho = channel.challenges("product point", layout.product_variables)
    z, value = channel.sumcheck(Expression(ZERO), layout.product_variables, 3)
    sent = channel.receive("product claims", layout.product_claims)
    weight = equality(rho, z)
    terms = [(weight, channel.product(sent[0], sent[1])), *((weight, rest) for rest in sent[2:]), (MINUS_ONE, value)]
    channel.require_zero(terms)
    stacked = equality_table(z[layout.bits :])
    relations = layout.circuit.products
    sides = ([o.left for o in relations], [o.right for o in relations], [o.rest for o in relations])
    claims = [_stacked(layout, side, stacked, claimed) for side, claimed in zip(sides, sent, strict=False)]
    return z[: layout.bits], claims


def _stacked(layout: Layout, side: list[Combination], stacked: list[Element], claimed: Expression) -> Claim:
    claim, constant = Claim(layout), ZERO
    for start, combination in zip(layout.product_start, side, strict=True):
        weights = stacked[start : start + combination.positions]
        constant = add(constant, scale(total(weights), combination.constant))
        for read in combination.reads:
            claim.read(1, read, weights)
    claim.value = combine([(ONE, claimed)], negate(constant))
    return claim


def functionals(channel: Channel, layout: Layout) -> tuple[Point, list[Claim]]:
    """Sample point 2, and the claims on static parts and on the stacked cells."""
    claims: list[Claim] = []
    sums: list[Expression] = []
    for functional in layout.circuit.functionals:
        value = Expression(embed(-functional.constant))
        if functional.static:
            value = channel.receive("functional sum", 1)[0] if functional.batched else Expression(ZERO)
            claim = Claim(layout)
            for column, start, coefficients in functional.static:
                for j, coefficient in enumerate(coefficients):
                    claim.static_cell(column, start + j, embed(coefficient))
            claim.value = combine([(MINUS_ONE, value)], embed(-functional.constant))
            claims.append(claim)
        sums.append(value)
    kappas = channel.challenges("functional combination", len(sums))
    combined = combine(zip(kappas, sums, strict=True))
    z, value = channel.sumcheck(combined, layout.functional_variables, 2)
    (sent,) = channel.receive("functional claim", 1)
    samples, stacked = equality_table(z[: layout.bits]), equality_table(z[layout.bits :])
    weight = ZERO
    for kappa, functional in zip(kappas, layout.circuit.functionals, strict=True):
        for cells in functional.batched:
            first = layout.functional_start[cells.column]
            places = zip(cells.positions, cells.samples, cells.weights, strict=True)
            part = total(scale(multiply(stacked[first + i], samples[n]), w) for i, n, w in places)
            weight = add(weight, multiply(kappa, part))
    channel.require_zero([(weight, sent), (MINUS_ONE, value)])
    claim = Claim(layout)
    for column, start in layout.functional_start.items():
        for i in range(layout.circuit.columns[column].positions):
            claim.cell(2, column, i, stacked[start + i])
    claim.value = sent
    return z[: layout.bits], [*claims, claim]
