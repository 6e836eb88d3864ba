"""The sum of the F1 scores of some classes against a rational threshold, exactly, by rounding with enough precision.

Let f_c = 2 t_c / d_c, with t_c right predictions of class c and d_c = predictions + samples of it, at least 1.
With M = 2^(18 S - 1), q_c = ceil(M f_c) is committed: q_c d_c - r_c = 2 M t_c with 0 <= r_c < d_c.
The claim `sum f_c >= T` holds exactly if `sum q_c >= M T`:
if it holds, sum q_c >= M sum f_c >= M T;
if not, both sides have the denominator b prod d_c, b that of T, so sum f_c <= T - 1 / (b prod d_c).
Rounding m classes up adds less than m, so sum q_c < M T - M / (b prod d_c) + m <= M T as soon as M >= m b prod d_c.
The d_c of different classes add up to at most 2 N, so their product is at most (2 N / m)^m.
`sum f_c <= T` is the same with floor, q_c d_c + r_c = 2 M t_c, and every sign turned.

Quotients and denominators are limbs of 6 bits, multiplied limb by limb in a table, which holds them in range as well.
Three limbs make a digit of 18 bits; digit s of q_c d_c, carries included, is one equation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from zkaudit.builder import CircuitBuilder
from zkaudit.relation import Combination, Functional, Gather, Integers, Interval, Kind, Read
from zkaudit_circuits.inequality import Form, Inequalities, Run, Static, clipped_limbs, limb_cell
from zkaudit_circuits.limbs import add_limbs
from zkaudit_circuits.tally import Tally

LIMB = 6
"""Performance knob: bits of a factor in the table of products, 4,096 rows."""

DIGIT = 3 * LIMB
"""Bits of a digit: three limbs, so that the products of a digit and its carry stay below 2^28."""

TABLE = f"products of {LIMB} bits"


@dataclass(frozen=True, kw_only=True, eq=False)
class MacroScore:
    """sum of the F1 scores >= threshold, rounding up, or <= threshold, rounding down; `name` begins all its names.

    `right[c]` and `predicted[c]` are the tallies of a class that has right[c].maximum >= 1 of the samples.
    """

    name: str
    samples: int
    right: tuple[Tally, ...]
    predicted: tuple[Tally, ...]
    threshold: Fraction
    up: bool

    @property
    def classes(self) -> int:
        """m, the classes that have samples."""
        return len(self.right)

    @cached_property
    def digits(self) -> int:
        """S: the least for which M = 2^(18 S - 1) is at least m b (2 N / m)^m."""
        product: int = (2 * self.samples) ** self.classes // self.classes**self.classes
        needed = self.classes * self.threshold.denominator * product
        return -(-((needed - 1).bit_length() + 1) // DIGIT)

    @property
    def scale(self) -> int:
        """M."""
        return 1 << (DIGIT * self.digits - 1)

    @property
    def quotient_limbs(self) -> int:
        """Limbs of a quotient: f_c is at most 1, so it is at most M."""
        return 3 * self.digits

    @cached_property
    def largest_hits(self) -> int:
        """The most samples of a class."""
        return max(tally.maximum for tally in self.right)

    @property
    def largest_denominator(self) -> int:
        """All samples are predicted as the class that has the most."""
        return self.samples + self.largest_hits

    @cached_property
    def denominator_limbs(self) -> int:
        """Limbs of a denominator, at most 4 for 2^20 samples."""
        return -(-self.largest_denominator.bit_length() // LIMB)

    @property
    def products(self) -> int:
        """Products of limbs."""
        return self.classes * self.quotient_limbs * self.denominator_limbs

    @property
    def largest_carry(self) -> int:
        """K, which no carry exceeds: with A the largest digit sum, (A + K) / 2^18 <= K."""
        limb = (1 << LIMB) - 1
        reach = self.denominator_limbs * limb**2 * (1 + (1 << LIMB) + (1 << 2 * LIMB)) + self.largest_denominator
        return -(-reach // ((1 << DIGIT) - 1))

    @cached_property
    def diagonal(self) -> tuple[Integers, Integers]:
        """The limbs (i, j) of quotient and denominator in the order of the products: by i + j, and then by j."""
        pairs = sorted(
            ((i, j) for i in range(self.quotient_limbs) for j in range(self.denominator_limbs)),
            key=lambda pair: (sum(pair), pair[1]),
        )
        i, j = np.array(pairs, np.int64).T
        return i, j

    @cached_property
    def total(self) -> Inequalities:
        """The sum of the quotients against M T."""
        sign = 1 if self.up else -1
        bound = self.scale * self.threshold
        constant = -(-bound.numerator // bound.denominator) if self.up else bound.numerator // bound.denominator
        m = self.classes
        largest = (1 << LIMB) - 1
        runs = tuple(
            Run(column=f"{self.name}/quotient", start=i * m, coefficients=(sign << LIMB * i,) * m, largest=largest)
            for i in range(self.quotient_limbs)
        )
        high = m * self.scale - constant if self.up else constant
        form = Form(name="of scores", runs=runs, constant=-sign * constant, high=high)
        return Inequalities(name=f"{self.name}/sum", forms=(form,))

    def lower(self, builder: CircuitBuilder) -> None:
        """Columns, the lookup of all products, four kinds of functionals for each class, and the sum."""
        m, places = self.classes, self.products // self.classes
        largest = (1 << LIMB) - 1
        limb = Interval(low=0, high=largest)
        quotient = builder.add_column(f"{self.name}/quotient", Kind.STATIC, m * self.quotient_limbs, limb)
        denominator = builder.add_column(f"{self.name}/denominator", Kind.STATIC, m * self.denominator_limbs, limb)
        squares = Interval(low=0, high=largest**2)
        product = builder.add_column(f"{self.name}/product", Kind.STATIC, self.products, squares)
        factors = np.arange(1 << LIMB, dtype=np.int64)
        x, y = np.repeat(factors, 1 << LIMB), np.tile(factors, 1 << LIMB)
        table = builder.add_table(TABLE, np.stack([x, y, x * y], axis=1))
        i, j = self.diagonal
        every = np.arange(self.products)
        chosen = np.repeat(np.arange(m), places)
        left = Gather(targets=every, sources=np.tile(i, m) * m + chosen)
        right = Gather(targets=every, sources=chosen * self.denominator_limbs + np.tile(j, m))
        values = (
            Combination(positions=self.products, terms=(Read(column=quotient, gather=left),)),
            Combination(positions=self.products, terms=(Read(column=denominator, gather=right),)),
            builder.read(product),
        )
        builder.add_lookup(f"{self.name}/products in table", "claim", table, values)
        for name, positions, maximum in self._limbs():
            add_limbs(builder, name, "claim", Kind.STATIC, positions, maximum)
        for c in range(m):
            self._lower_class(builder, c)
        self.total.lower(builder)

    def _limbs(self) -> tuple[tuple[str, int, int], ...]:
        """Name, positions and maximum of the columns in limbs."""
        m, largest = self.classes, self.largest_denominator - 1
        return (
            (f"{self.name}/remainder", m, largest),
            (f"{self.name}/room", m, largest),
            (f"{self.name}/right", m, self.largest_hits),
            (f"{self.name}/carry", m * self.digits, 2 * self.largest_carry),
        )

    def _lower_class(self, builder: CircuitBuilder, c: int) -> None:
        """t and d are what the predictions say, r is below d, and digit after digit q d - r = 2 M t or q d + r = 2 M t.

        The digits 0 to S of an equation meet the remainder at digit 0 and 2 M t = 2^(18 S) t at digit S.
        """
        (remainder, _, largest), (room, _, _), (right, _, hits), (carry, _, carries) = self._limbs()
        width = self.denominator_limbs
        powers = tuple(1 << LIMB * j for j in range(width))
        denominator = (f"{self.name}/denominator", c * width, powers)
        below = (f"{self.name}/denominator", c * width, tuple(-power for power in powers))
        tally, size = self.right[c], self.right[c].maximum
        label = int(tally.positions[0])

        def add(name: str, batched: tuple[Tally, ...], static: list[Static], constant: int) -> None:
            cells = tuple(tally.cells(1) for tally in batched)
            builder.add_functional(
                Functional(
                    name=f"{self.name}/{name} of class {label}",
                    gadget="claim",
                    batched=cells,
                    static=tuple(static),
                    constant=constant,
                )
            )

        add("right", (tally,), [*limb_cell(right, hits, c, -1)], 0)
        add("denominator", (self.predicted[c],), [below], size)
        within = [denominator, *limb_cell(remainder, largest, c, -1), *limb_cell(room, largest, c, -1)]
        add("remainder", (), within, -1)
        i, j = self.diagonal
        first = 0
        for s in range(self.digits + 1):
            inside = ((i + j) // 3 == s).nonzero()[0]
            weights = tuple(1 << LIMB * int(t - 3 * s) for t in (i + j)[inside])
            static: list[Static] = [(f"{self.name}/product", c * len(i) + first, weights)] if weights else []
            first += len(weights)
            constant = 0
            if s == 0:
                static += limb_cell(remainder, largest, c, -1 if self.up else 1)
            else:
                static += limb_cell(carry, carries, c * self.digits + s - 1, 1)
                constant -= self.largest_carry
            if s == self.digits:
                static += limb_cell(right, hits, c, -1)
            else:
                static += limb_cell(carry, carries, c * self.digits + s, -(1 << DIGIT))
                constant += self.largest_carry << DIGIT
            add(f"digit {s}", (), static, constant)

    def witness(self, columns: Mapping[str, Integers]) -> dict[str, Integers]:
        """Quotients, denominators, products and what ties them; for any cells of the predictions, a lie's too."""
        m, width = self.classes, self.denominator_limbs
        quotient = np.zeros((self.quotient_limbs, m), np.int64)
        denominator = np.zeros((m, width), np.int64)
        product = np.zeros((m, self.products // m), np.int64)
        i, j = self.diagonal
        spelled: dict[str, list[int]] = {name: [] for name, _, _ in self._limbs()}
        for c in range(m):
            hits = min(max(self.right[c].count(columns), 0), self.largest_hits)
            size = self.predicted[c].count(columns) + self.right[c].maximum
            size = min(max(size, 1), (1 << LIMB * width) - 1)
            exact = 2 * self.scale * hits
            score = -(-exact // size) if self.up else exact // size
            remainder = abs(exact - score * size)
            score = min(score, (1 << LIMB * self.quotient_limbs) - 1)
            quotient[:, c] = [score >> LIMB * k & ((1 << LIMB) - 1) for k in range(self.quotient_limbs)]
            denominator[c] = [size >> LIMB * k & ((1 << LIMB) - 1) for k in range(width)]
            product[c] = quotient[i, c] * denominator[c, j]
            named = zip(spelled.values(), ([remainder], [size - 1 - remainder], [hits]), strict=False)
            for values, more in named:
                values += more
            spelled[f"{self.name}/carry"] += self._carries(quotient[:, c], denominator[c], remainder)
        result = {
            f"{self.name}/quotient": quotient.reshape(-1),
            f"{self.name}/denominator": denominator.reshape(-1),
            f"{self.name}/product": product.reshape(-1),
        }
        for name, _, maximum in self._limbs():
            result |= clipped_limbs(name, maximum, spelled[name])
        return result | self.total.witness(result)

    def _carries(self, quotient: Integers, denominator: Integers, remainder: int) -> list[int]:
        """The carries into the digits from 1 on, with the offset that makes them non-negative."""
        sums = np.zeros(3 * (self.digits + 1), np.int64)
        convolved = np.convolve(quotient, denominator)
        sums[: len(convolved)] = convolved
        by_digit = sums.reshape(-1, 3) @ (1 << LIMB * np.arange(3))
        carry, carries = -remainder if self.up else remainder, []
        for s in range(self.digits):
            carry = (int(by_digit[s]) + carry) >> DIGIT
            carries.append(carry + self.largest_carry)
        return carries
