"""A formula of a claim: direct functionals of the predictions, or inequalities of counts that are committed.

An alternative V_k >= 0 of several is V_k + (1 - s_k) B_k >= 0 with a bit s_k and a public bound B_k >= -V_k.
The bits add up to one, so the alternative of one bit holds as it stands; the others hold for any counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from zkaudit.builder import CircuitBuilder, fits
from zkaudit.relation import Functional, Integers, Kind
from zkaudit_circuits.inequality import Form, Inequalities, Run, clipped_limbs, limb_cell, limb_columns
from zkaudit_circuits.limbs import add_limbs, capacity
from zkaudit_circuits.tally import Constraint, Formula


@dataclass(frozen=True, kw_only=True)
class FormulaGadget:
    """A formula under a name that begins those of its columns and relations."""

    name: str
    formula: Formula

    @cached_property
    def slack(self) -> int:
        """The largest slack of a direct inequality."""
        bounded = [c.bounds(self.formula.tallies)[1] for c in self.formula.every if not c.exact]
        return max(bounded, default=0)

    @cached_property
    def is_direct(self) -> bool:
        """Whether every constraint is one functional of the predictions, whose integers stay below the wrap."""
        if self.formula.committed or self.formula.some:
            return False
        room = capacity(self.slack)
        bounds = [(c, *c.bounds(self.formula.tallies)) for c in self.formula.every]
        return all(fits(high) and fits(low - (0 if c.exact else room)) for c, low, high in bounds)

    @cached_property
    def largest_count(self) -> int:
        """The largest of the committed counts."""
        return max(tally.maximum for tally in self.formula.tallies)

    @cached_property
    def every(self) -> Inequalities:
        """The constraints that all hold, an equation being two inequalities, in committed counts."""
        forms = []
        for constraint in self.formula.every:
            if constraint.exact:
                forms.append(self._form(constraint, f"{constraint.name}, at least"))
                negated = constraint.negated(constraint.name)
                forms.append(self._form(negated, f"{constraint.name}, at most"))
            else:
                forms.append(self._form(constraint, constraint.name))
        return Inequalities(name=self.name, forms=tuple(forms))

    @cached_property
    def some(self) -> Inequalities:
        """The alternatives, each with the bit that makes it hold."""
        forms = []
        for k, constraint in enumerate(self.formula.some):
            form = self._form(constraint, constraint.name)
            bound = self._relief(constraint)
            bit = Run(column=f"{self.name}/choice limb 0", start=k, coefficients=(-bound,), largest=1)
            runs = (*form.runs, bit) if bound else form.runs
            forms.append(Form(name=form.name, runs=runs, constant=form.constant + bound, high=form.high + bound))
        return Inequalities(name=f"{self.name}/or", forms=tuple(forms))

    def lower(self, builder: CircuitBuilder) -> None:
        """Direct functionals with slacks; or counts, each tied to its bits by a functional, and inequalities of them.

        A count lies in the capacity of its limbs, which with the bits that it counts is below p / 2.
        """
        if self.is_direct:
            self._lower_direct(builder)
            return
        name = f"{self.name}/count"
        tallies = self.formula.tallies
        add_limbs(builder, name, "claim", Kind.STATIC, len(tallies), self.largest_count)
        for t, tally in enumerate(tallies):
            static = tuple(limb_cell(name, self.largest_count, t, -1))
            builder.add_functional(
                Functional(name=f"{name} {t}", gadget="claim", batched=(tally.cells(1),), static=static, constant=0)
            )
        if self.formula.every:
            self.every.lower(builder)
        if self.formula.some:
            choice = f"{self.name}/choice"
            add_limbs(builder, choice, "claim", Kind.STATIC, len(self.formula.some), 1)
            ones = (f"{choice} limb 0", 0, (1,) * len(self.formula.some))
            builder.add_functional(
                Functional(name=f"{choice} of one", gadget="claim", batched=(), static=(ones,), constant=-1)
            )
            self.some.lower(builder)

    def _lower_direct(self, builder: CircuitBuilder) -> None:
        bounded = sum(not constraint.exact for constraint in self.formula.every)
        name = f"{self.name}/slack"
        # Without an inequality the largest slack is zero, which takes no limbs.
        add_limbs(builder, name, "claim", Kind.STATIC, bounded, self.slack)
        place = 0
        for constraint in self.formula.every:
            static = () if constraint.exact else tuple(limb_cell(name, self.slack, place, -1))
            place += not constraint.exact
            builder.add_functional(
                Functional(
                    name=f"{self.name}/{constraint.name}",
                    gadget="claim",
                    batched=tuple(self.formula.tallies[t].cells(factor) for t, factor in constraint.terms if factor),
                    static=static,
                    constant=constraint.constant,
                )
            )

    def witness(self, columns: Mapping[str, Integers]) -> dict[str, Integers]:
        """Slacks, counts, bits and carries; of a false claim too, for which a functional of the claim does not hold."""
        counts = [tally.count(columns) for tally in self.formula.tallies]
        if self.is_direct:
            slacks = [max(c.value(counts), 0) for c in self.formula.every if not c.exact]
            return clipped_limbs(f"{self.name}/slack", self.slack, slacks)
        result = clipped_limbs(f"{self.name}/count", self.largest_count, counts)
        if self.formula.every:
            result |= self.every.witness(result)
        if self.formula.some:
            met = [constraint.value(counts) >= 0 for constraint in self.formula.some]
            choice = np.zeros(len(met), np.int64)
            choice[met.index(True) if any(met) else 0] = 1
            result[f"{self.name}/choice limb 0"] = choice
            result |= self.some.witness(result)
        return result

    def _relief(self, constraint: Constraint) -> int:
        """B: what makes the constraint hold for all counts."""
        return max(0, -constraint.bounds(self.formula.tallies)[0])

    def _form(self, constraint: Constraint, name: str) -> Form:
        """A constraint as a form of the limbs of its counts, limb after limb."""
        factors = [0] * len(self.formula.tallies)
        for tally, factor in constraint.terms:
            factors[tally] += factor
        used = [tally for tally, factor in enumerate(factors) if factor]
        runs = []
        for column, weight, largest in limb_columns(f"{self.name}/count", self.largest_count):
            coefficients = tuple(factor * weight for factor in factors[used[0] : used[-1] + 1])
            runs.append(Run(column=column, start=used[0], coefficients=coefficients, largest=largest))
        _, high = constraint.bounds(self.formula.tallies)
        return Form(name=name, runs=tuple(runs), constant=constraint.constant, high=high)
