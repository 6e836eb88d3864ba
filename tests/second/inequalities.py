"""Sections "Formulas", "Inequalities" and "Macro F1"."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from tests.second.builder import Builder, Limbs, limb_widths
from tests.second.combinations import Combination, Gather, Read
from tests.second.field import HALF, clog
from tests.second.formulas import Constraint, Formula, Tally, Truth
from tests.second.language import Atom
from tests.second.relations import Cells, Functional
from tests.second.wire import require

Static = tuple[str, int, tuple[int, ...]]


@dataclass(frozen=True)
class Run:
    """Coefficients of consecutive static cells, each at most `largest`."""

    column: str
    start: int
    coefficients: list[int]
    largest: int


@dataclass(frozen=True)
class Form:
    """Runs and a constant; honest values are at most `high`."""

    name: str
    runs: list[Run]
    constant: int
    high: int


def capacity(maximum: int) -> int:
    """The largest integer of limbs for a maximum."""
    return int(2 ** maximum.bit_length() - 1)


def spelled(limbs: Limbs, position: int, factor: int) -> list[Static]:
    """factor times what limbs spell at a position."""
    return [(column, position, (factor * weight,)) for column, weight in limbs]


def digit(value: int, width: int, j: int) -> int:
    """A digit of the magnitude, with the sign of the value."""
    part = (abs(value) // 2 ** (width * j)) % 2**width
    return part if value >= 0 else -part


def parts(run: Run, coefficients: list[int]) -> list[Static]:
    """Stretches without a zero."""
    result: list[Static] = []
    open_at: int | None = None
    for place, coefficient in enumerate([*coefficients, 0]):
        if coefficient and open_at is None:
            open_at = place
        elif not coefficient and open_at is not None:
            result.append((run.column, run.start + open_at, tuple(coefficients[open_at:place])))
            open_at = None
    return result


def add_static(builder: Builder, name: str, static: list[Static], constant: int) -> None:
    """A functional of static cells."""
    builder.functional(Functional(name, "claim", (), tuple(static), constant))


def inequalities(builder: Builder, prefix: str, forms: list[Form]) -> None:
    """Each form is at least zero."""
    most = max(form.high for form in forms)
    room = capacity(most)
    carry = 2 + max(sum(run.largest * sum(c != 0 for c in run.coefficients) for run in form.runs) for form in forms)
    if all(_whole(form, room) for form in forms):
        slack = builder.limbs(f"{prefix}/slack", "claim", "static", len(forms), most)
        for i, form in enumerate(forms):
            static = [part for run in form.runs for part in parts(run, run.coefficients)]
            add_static(builder, f"{prefix}/{form.name}", static + spelled(slack, i, -1), form.constant)
        return
    beyond = capacity(2 * carry) - carry
    widths = [w for w in range(8, 1, -1) if (2**w - 1) * carry + (2**w + 1) * beyond <= HALF]
    width = widths[0] if widths else 1
    numbers = [most, *(abs(form.constant) for form in forms)]
    numbers += [abs(c) for form in forms for run in form.runs for c in run.coefficients]
    digits = -(-max(numbers).bit_length() // width)
    slack = builder.limbs(f"{prefix}/slack digit", "claim", "static", len(forms) * digits, 2**width - 1)
    carries: Limbs = []
    if digits > 1:
        carries = builder.limbs(f"{prefix}/carry", "claim", "static", len(forms) * (digits - 1), 2 * carry)
    for i, form in enumerate(forms):
        for j in range(digits):
            static = [p for run in form.runs for p in parts(run, [digit(c, width, j) for c in run.coefficients])]
            static += spelled(slack, i * digits + j, -1)
            constant = digit(form.constant, width, j)
            if j:
                static += spelled(carries, i * (digits - 1) + j - 1, 1)
                constant -= carry
            if j + 1 < digits:
                static += spelled(carries, i * (digits - 1) + j, -(2**width))
                constant += 2**width * carry
            add_static(builder, f"{prefix}/{form.name}, digit {j}", static, constant)


def _whole(form: Form, room: int) -> bool:
    ends = [c * run.largest for run in form.runs for c in run.coefficients]
    low = form.constant + sum(end for end in ends if end < 0) - room
    high = form.constant + sum(end for end in ends if end > 0)
    return -HALF <= low <= HALF and -HALF <= high <= HALF


def cells(tally: Tally, weight: int) -> Cells:
    """The cells of a tally with one weight."""
    return Cells(tally.column, tally.positions, tally.samples, [weight] * tally.maximum)


def formula(builder: Builder, prefix: str, given: Formula) -> None:
    """Section "Formulas"."""
    tallies = given.tallies
    bounded = [c for c in given.every if not c.exact]
    most = max((c.bounds(tallies)[1] for c in bounded), default=0)
    if not given.committed and all(_direct(c, given, capacity(most)) for c in given.every):
        slack = builder.limbs(f"{prefix}/slack", "claim", "static", len(bounded), most) if bounded else []
        place = 0
        for constraint in given.every:
            batched = tuple(cells(tallies[t], factor) for t, factor in constraint.terms if factor)
            static = () if constraint.exact else tuple(spelled(slack, place, -1))
            place += not constraint.exact
            name = f"{prefix}/{constraint.name}"
            builder.functional(Functional(name, "claim", batched, static, constraint.constant))
        return
    most = max(tally.maximum for tally in tallies)
    counts = builder.limbs(f"{prefix}/count", "claim", "static", len(tallies), most)
    for t, tally in enumerate(tallies):
        static = tuple(spelled(counts, t, -1))
        builder.functional(Functional(f"{prefix}/count {t}", "claim", (cells(tally, 1),), static, 0))
    forms = []
    for constraint in given.every:
        if constraint.exact:
            forms.append(_form(replace(constraint, name=f"{constraint.name}, at least"), tallies, counts))
            terms = [(t, -factor) for t, factor in constraint.terms]
            negated = Constraint(f"{constraint.name}, at most", terms, -constraint.constant)
            forms.append(_form(negated, tallies, counts))
        else:
            forms.append(_form(constraint, tallies, counts))
    if forms:
        inequalities(builder, prefix, forms)
    if given.some:
        choice = builder.limbs(f"{prefix}/choice", "claim", "static", len(given.some), 1)[0][0]
        add_static(builder, f"{prefix}/choice of one", [(choice, 0, (1,) * len(given.some))], -1)
        forms = []
        for k, constraint in enumerate(given.some):
            form, bound = _form(constraint, tallies, counts), max(0, -constraint.bounds(tallies)[0])
            runs = [*form.runs, Run(choice, k, [-bound], 1)] if bound else form.runs
            forms.append(Form(form.name, runs, form.constant + bound, form.high + bound))
        inequalities(builder, f"{prefix}/or", forms)


def _direct(constraint: Constraint, given: Formula, room: int) -> bool:
    low, high = constraint.bounds(given.tallies)
    return abs(high) <= HALF and abs(low - (0 if constraint.exact else room)) <= HALF


def _form(constraint: Constraint, tallies: list[Tally], counts: Limbs) -> Form:
    factors = [0] * len(tallies)
    for t, factor in constraint.terms:
        factors[t] += factor
    used = [t for t, factor in enumerate(factors) if factor]
    first, last = used[0], used[-1] + 1
    widths = limb_widths(max(tally.maximum for tally in tallies))
    runs = [
        Run(column, first, [factor * weight for factor in factors[first:last]], 2**width - 1)
        for (column, weight), width in zip(counts, widths, strict=True)
    ]
    return Form(constraint.name, runs, constraint.constant, constraint.bounds(tallies)[1])


def macro_f1(builder: Builder, prefix: str, truth: Truth, atom: Atom) -> None:
    """Section "Macro F1"."""
    threshold = atom.value * truth.classes
    present = [c for c in range(truth.classes) if truth.chosen(c)]
    require(atom.relation == "<=" or threshold <= len(present), "statement", "no predictions meet the claim")
    for up, words in ((True, "at least"), (False, "at most")):
        if atom.relation in ("==", ">=" if up else "<="):
            _macro(builder, f"{prefix}/{words}", truth, present, threshold, up)


def _macro(builder: Builder, prefix: str, truth: Truth, present: list[int], threshold: Fraction, up: bool) -> None:
    m, samples, sizes = len(present), len(truth.labels), [len(truth.chosen(c)) for c in present]
    needed = m * threshold.denominator * ((2 * samples) ** m // m**m)
    digits = -(-(clog(needed) + 1) // 18)
    scale, width, largest = 2 ** (18 * digits - 1), 3 * digits, samples + max(sizes)
    tall = -(-largest.bit_length() // 6)
    order = sorted(((i, j) for i in range(width) for j in range(tall)), key=lambda ij: (ij[0] + ij[1], ij[1]))
    products = m * len(order)
    require(products <= 2**18, "statement", "too many products")
    quotient = builder.column(f"{prefix}/quotient", "static", m * width, (0, 63))
    denominator = builder.column(f"{prefix}/denominator", "static", m * tall, (0, 63))
    product = builder.column(f"{prefix}/product", "static", products, (0, 63 * 63))
    table = builder.table("products of 6 bits", [(x, y, x * y) for x in range(64) for y in range(64)])
    every = list(range(products))
    left = Gather(every, [i * m + c for c in range(m) for i, _ in order])
    right = Gather(every, [c * tall + j for c in range(m) for _, j in order])
    factors = (Combination(products, (Read(quotient, 1, left),)), Combination(products, (Read(denominator, 1, right),)))
    builder.lookup(f"{prefix}/products in table", "claim", table, (*factors, builder.read(product)))
    carry = -(-(tall * 63 * 63 * (1 + 64 + 64 * 64) + largest) // (2**18 - 1))
    remainder = builder.limbs(f"{prefix}/remainder", "claim", "static", m, largest - 1)
    room = builder.limbs(f"{prefix}/room", "claim", "static", m, largest - 1)
    hits = builder.limbs(f"{prefix}/right", "claim", "static", m, max(sizes))
    carries = builder.limbs(f"{prefix}/carry", "claim", "static", m * digits, 2 * carry)
    for c, label in enumerate(present):
        powers = [64**j for j in range(tall)]
        tally, guesses = truth.right(truth.chosen(label)), truth.predicted(label, truth.chosen())
        add = f"{prefix}/{{}} of class {label}".format
        batched = (cells(tally, 1),)
        builder.functional(Functional(add("right"), "claim", batched, tuple(spelled(hits, c, -1)), 0))
        below = (denominator, c * tall, tuple(-power for power in powers))
        builder.functional(Functional(add("denominator"), "claim", (cells(guesses, 1),), (below,), sizes[c]))
        rest = [*spelled(remainder, c, -1), *spelled(room, c, -1)]
        add_static(builder, add("remainder"), [(denominator, c * tall, tuple(powers)), *rest], -1)
        for s in range(digits + 1):
            inside = [k for k, (i, j) in enumerate(order) if (i + j) // 3 == s]
            static: list[Static] = []
            if inside:
                weights = tuple(64 ** (sum(order[k]) % 3) for k in inside)
                static.append((product, c * len(order) + inside[0], weights))
            constant = 0
            if s == 0:
                static += spelled(remainder, c, -1 if up else 1)
            else:
                static += spelled(carries, c * digits + s - 1, 1)
                constant -= carry
            if s == digits:
                static += spelled(hits, c, -1)
            else:
                static += spelled(carries, c * digits + s, -(2**18))
                constant += 2**18 * carry
            add_static(builder, add(f"digit {s}"), static, constant)
    bound = scale * threshold
    least = -(-bound.numerator // bound.denominator) if up else bound.numerator // bound.denominator
    sign = 1 if up else -1
    runs = [Run(quotient, i * m, [sign * 64**i] * m, 63) for i in range(width)]
    high = m * scale - least if up else least
    inequalities(builder, f"{prefix}/sum", [Form("of scores", runs, -sign * least, high)])
