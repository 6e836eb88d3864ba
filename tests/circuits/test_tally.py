"""Formulas as the integer reference of a claim, and the cells that a functional of theirs names."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from zkaudit.builder import CircuitBuilder
from zkaudit.field.koalabear import HALF
from zkaudit.relation import Interval, Kind
from zkaudit_circuits.formula import FormulaGadget
from zkaudit_circuits.inequality import Run
from zkaudit_circuits.tally import Constraint, Formula, Tally


def tally(size: int) -> Tally:
    return Tally(column="bits", positions=np.zeros(size, np.int64), samples=np.arange(size))


def constraint(*terms: tuple[int, int], constant: int = 0, exact: bool = False) -> Constraint:
    return Constraint(name="constraint", terms=terms, constant=constant, exact=exact)


def test_all_of_every_and_one_of_some() -> None:
    tallies = (tally(3), tally(5))
    equal = constraint((0, 2), (1, -1), exact=True)
    least = constraint((0, 1), constant=-1)
    few, many = constraint((1, -1), constant=2), constraint((1, 1), constant=-4)
    both = Formula(tallies=tallies, every=(equal, least), some=(few, many))
    holding = [(a, b) for a in range(4) for b in range(6) if both.holds((a, b))]
    assert holding == [(1, 2), (2, 4)]
    every = Formula(tallies=tallies, every=(equal, least))
    assert [(a, b) for a in range(4) for b in range(6) if every.holds((a, b))] == [(1, 2), (2, 4)]
    some = Formula(tallies=tallies, every=(), some=(few, many))
    assert [b for b in range(6) if some.holds((0, b))] == [0, 1, 2, 4, 5]


def test_a_tally_is_named_once_if_it_is_committed_and_else_by_each_constraint() -> None:
    tallies = (tally(3), tally(5))
    thrice = (constraint((0, 1)), constraint((0, 1), (1, 1)), constraint((1, 1), exact=True))
    assert Formula(tallies=tallies, every=thrice).cells == 3 + (3 + 5) + 5
    assert Formula(tallies=tallies, every=thrice, committed=True).cells == 8
    # A formula of alternatives alone commits its counts, and names each cell once.
    assert Formula(tallies=tallies, every=(), some=thrice).cells == 8


def test_alternatives_are_never_functionals_of_the_predictions() -> None:
    tallies = (tally(3),)
    held = constraint((0, 1), constant=-1)
    assert FormulaGadget(name="claim", formula=Formula(tallies=tallies, every=(held,))).is_direct
    for formula in (
        Formula(tallies=tallies, every=(held,), committed=True),
        Formula(tallies=tallies, every=(held,), some=(held,)),
        Formula(tallies=tallies, every=(), some=(held,)),
    ):
        assert not FormulaGadget(name="claim", formula=formula).is_direct


def test_functionals_are_direct_up_to_the_last_integer_of_the_field() -> None:
    tallies = (tally(3),)
    for held, direct in (
        (constraint((0, 1), constant=-HALF, exact=True), True),
        (constraint((0, 1), constant=-HALF - 1, exact=True), False),
        (constraint((0, 1), constant=HALF - 3, exact=True), True),
        (constraint((0, 1), constant=HALF - 2, exact=True), False),
        # The slack lies in [0, 3].
        (constraint((0, -(HALF // 3)), constant=3), True),
        (constraint((0, -(HALF // 3) - 1), constant=3), False),
    ):
        assert FormulaGadget(name="claim", formula=Formula(tallies=tallies, every=(held,))).is_direct == direct


def test_an_equation_has_no_slack_beside_an_inequality_that_has_one() -> None:
    equation = constraint((0, 1), constant=-HALF, exact=True)
    formula = Formula(tallies=(tally(3),), every=(equation, constraint((0, 1))))
    assert FormulaGadget(name="claim", formula=formula).is_direct


def test_a_direct_functional_has_the_cells_with_a_factor() -> None:
    builder = CircuitBuilder(sample_bits=3)
    bits = Interval(low=0, high=1)
    builder.add_column("bits", Kind.BATCHED, 1, bits)
    formula = Formula(tallies=(tally(3), tally(5)), every=(constraint((0, 2), (1, 0), exact=True),))
    FormulaGadget(name="claim", formula=formula).lower(builder)
    ((cells,),) = (functional.batched for functional in builder.functionals)
    assert (cells.samples.tolist(), cells.weights.tolist()) == ([0, 1, 2], [2, 2, 2])


def test_a_form_runs_from_its_first_count_to_its_last() -> None:
    tallies = (tally(3), tally(3), tally(3), tally(3))
    inner = constraint((2, 5), (1, -1))
    formula = Formula(tallies=tallies, every=(inner,), committed=True)
    (form,) = FormulaGadget(name="claim", formula=formula).every.forms
    assert form.runs == (Run(column="claim/count limb 0", start=1, coefficients=(-1, 5), largest=3),)


def test_a_false_claim_of_one_alternative_has_a_witness() -> None:
    formula = Formula(tallies=(tally(3),), every=(), some=(constraint((0, 1), constant=-2),))
    columns = FormulaGadget(name="claim", formula=formula).witness({"bits": np.array([[0, 1, 0]])})
    assert columns["claim/choice limb 0"].tolist() == [1]


def test_an_alternative_has_a_bit_where_it_may_not_hold() -> None:
    held, may_fail = constraint((0, 1)), constraint((0, 2), constant=-4)
    gadget = FormulaGadget(name="claim", formula=Formula(tallies=(tally(3),), every=(), some=(held, may_fail)))
    counts = Run(column="claim/count limb 0", start=0, coefficients=(1,), largest=3)
    first, second = gadget.some.forms
    assert (first.runs, first.constant, first.high) == ((counts,), 0, 3)
    choice = Run(column="claim/choice limb 0", start=1, coefficients=(-4,), largest=1)
    assert second.runs == (replace(counts, coefficients=(2,)), choice)
    assert (second.constant, second.high) == (0, 6)
