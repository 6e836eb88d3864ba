"""Random claims on irregular sets: honest cells satisfy exactly the true ones, and no cells at all a false one."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from tests.claim_circuits import ClaimCase, random_claim_case, revealed_matrix
from zkaudit import builder, constraints, formulas
from zkaudit.atom import Atom, Metric
from zkaudit.builder import CircuitBuilder
from zkaudit.checking import check_columns
from zkaudit.claim import parse_claim
from zkaudit.constraints import claim_gadget, require_defined
from zkaudit.dataset import HeldOutSet
from zkaudit.errors import InvalidInput
from zkaudit.field.koalabear import MODULUS
from zkaudit.formulas import formula_of
from zkaudit.metrics import holds, measure
from zkaudit.relation import Circuit, Functional, Integers, Kind
from zkaudit.truth import Truth
from zkaudit_circuits.macro import MacroScore
from zkaudit_circuits.tally import Tally

SHARES = ("accuracy", "balanced_accuracy", "macro_f1", "macro_f1", "min_group_accuracy")
OF_CLASS = (
    "recall", "precision", "f1", "predicted", "demographic_parity_difference", "equalized_odds_difference",
)  # fmt: skip


def irregular(draw: np.random.Generator) -> ClaimCase:
    """Any labels, one class and one group among them, classes without samples, classes that are always predicted."""
    classes, samples = int(draw.integers(1, 6)), int(draw.integers(1, 25))
    labels = draw.integers(0, classes, samples)
    if draw.random() < 0.3:
        labels = np.minimum(labels, draw.integers(0, classes))
    groups = draw.integers(-1, int(draw.integers(0, 4)), samples) if draw.random() < 0.8 else None
    reach = int(draw.choice([1, 2, 10**6]))
    logits = draw.integers(-reach, reach + 1, (classes, samples))
    if draw.random() < 0.2:
        logits[int(draw.integers(0, classes))] = reach
    dataset = HeldOutSet(inputs=np.zeros((1, samples), np.int64), labels=labels, groups=groups)
    return ClaimCase(dataset=dataset, logits=logits)


def near_the_value(draw: np.random.Generator, case: ClaimCase) -> str | None:
    """A claim at the value of a metric or next to it; None for one that is undefined."""
    classes = len(case.logits)
    index, group = int(draw.integers(0, classes)), int(draw.integers(-1, 3))
    subject = draw.choice(
        [*SHARES, *(f"{name}[{index}]" for name in OF_CLASS), f"top_k_accuracy[{index + 1}]", f"correct[group={group}]"]
    )
    asked = parse_claim(f"{subject} == ?")
    try:
        require_defined(asked, case.dataset, classes)
    except InvalidInput:
        return None
    value = measure(asked.atoms[0], case.predictions)
    if value is None:
        value = Fraction(1, 2)
    assert isinstance(value, Fraction)
    is_count = asked.atoms[0].metric.is_count
    step = Fraction(1) if is_count else Fraction(1, int(draw.choice([3, 40, 10**5, 10**17])))
    bound = value + int(draw.integers(-1, 2)) * step
    if draw.random() < 0.5:
        bound = round(bound / step) * step
    bound = max(bound, Fraction(0)) if is_count else min(max(bound, Fraction(0)), Fraction(1))
    return f"{subject} {draw.choice(['>=', '<=', '=='])} {bound}"


@cache
def drawn(seed: int, count: int) -> list[tuple[ClaimCase, str, bool]]:
    """Claims that have a circuit, and whether they are true; one that has none is false."""
    draw = np.random.default_rng(seed)
    result: list[tuple[ClaimCase, str, bool]] = []
    while len(result) < count:
        case = irregular(draw)
        for text in (near_the_value(draw, case) for _ in range(4)):
            if text is None:
                continue
            try:
                atom = parse_claim(text).atoms[0]
            except InvalidInput:
                continue
            true = holds(atom, measure(atom, case.predictions))
            try:
                case.lower(text)
            except InvalidInput:
                assert not true, text
                continue
            result.append((case, text, true))
    return result


@pytest.mark.parametrize("seed", range(2))
def test_honest_cells_satisfy_exactly_the_true_claims(seed: int) -> None:
    cases = drawn(seed, 60)
    assert {true for *_, true in cases} == {False, True}
    for case, text, true in cases:
        circuit, columns = case.witness(text)
        assert (not check_columns(circuit, columns).violations) == true, text
    for case, _, _ in cases[::6]:
        circuit, columns = case.witness(revealed_matrix(case))
        assert not check_columns(circuit, columns).violations


class Adversary:
    """Looks for static cells of a claim, in the ranges of their tables, that meet its functionals modulo p.

    An integer program: the predictions are the model's, the digits of the denominators follow from them,
    and every equation may be off by multiples of p, as many as the ranges allow.
    """

    def __init__(self, circuit: Circuit, columns: dict[str, Integers]) -> None:
        self.columns = columns
        self.ranges: dict[str, tuple[int, int]] = {}
        self.products: dict[str, tuple[str, Integers, Integers]] = {}
        self.known: set[str] = set()
        for lookup in circuit.lookups:
            if circuit.lookup_kind(lookup) is not Kind.STATIC:
                continue
            entries = circuit.tables[lookup.table].entries
            reads = [value.terms[0] for value in lookup.values]
            for read, values in zip(reads, entries.T, strict=True):
                self.ranges[read.column] = (int(values.min()), int(values.max()))
            if len(reads) == 3:
                first, second, product = reads
                assert first.gather is not None
                assert second.gather is not None
                self.known.add(second.column)
                factors = columns[second.column][second.gather.sources]
                self.products[product.column] = (first.column, first.gather.sources, factors)
        self.numbers: dict[tuple[str, int], int] = {}
        self.rows = [self._row(functional) for functional in circuit.functionals]

    def _row(self, functional: Functional) -> tuple[dict[int, int], int]:
        constant = functional.constant
        for chosen in functional.batched:
            cells = self.columns[chosen.column][chosen.positions, chosen.samples]
            constant += int((cells * chosen.weights).sum())
        row: dict[int, int] = {}
        for column, start, coefficients in functional.static:
            for place, factor in enumerate(coefficients, start):
                if column in self.known:
                    constant += factor * int(self.columns[column][place])
                    continue
                cell, scale = (column, place), factor
                if column in self.products:
                    quotient, sources, factors = self.products[column]
                    cell, scale = (quotient, int(sources[place])), factor * int(factors[place])
                number = self.numbers.setdefault(cell, len(self.numbers))
                row[number] = row.get(number, 0) + scale
        return row, constant

    def finds_cells(self) -> bool:
        """Whether some cells meet every equation, checked in integers."""
        low = [self.ranges[column][0] for column, _ in self.numbers]
        high = [self.ranges[column][1] for column, _ in self.numbers]
        cells, size = len(low), len(low) + len(self.rows)
        matrix, right = np.zeros((len(self.rows), size)), np.zeros(len(self.rows))
        for r, (row, constant) in enumerate(self.rows):
            least = constant + sum(min(f * low[c], f * high[c]) for c, f in row.items())
            most = constant + sum(max(f * low[c], f * high[c]) for c, f in row.items())
            wraps = (-(most // MODULUS), -least // MODULUS)
            # The no-wrap rule: zero is the only multiple of p in reach, if there is one.
            assert wraps == (0, 0) or wraps[0] > wraps[1]
            if wraps[0] > wraps[1]:
                return False
            for c, factor in row.items():
                matrix[r, c] = factor
            matrix[r, cells + r] = MODULUS
            right[r] = -constant
        bounds = Bounds(low + [0] * len(self.rows), high + [0] * len(self.rows))  # type: ignore[arg-type]
        equations = LinearConstraint(matrix, right, right)  # type: ignore[arg-type]
        found = milp(np.zeros(size), constraints=equations, integrality=np.ones(size), bounds=bounds).x
        if found is None:
            return False
        whole = [round(float(cell)) for cell in found]
        return all(constant + sum(f * whole[c] for c, f in row.items()) == 0 for row, constant in self.rows)


def without(circuit: Circuit, name: str) -> Circuit:
    """The circuit less the functionals with a word in their names."""
    kept = tuple(functional for functional in circuit.functionals if name not in functional.name)
    return Circuit(**{n: getattr(circuit, n) for n in circuit.__dataclass_fields__} | {"functionals": kept})


def test_no_cells_satisfy_a_false_claim() -> None:
    tried = 0
    for case, text, true in drawn(9, 150):
        if true or "top_k" in text:
            continue
        assert not Adversary(*case.witness(text)).finds_cells(), text
        tried += 1
    assert tried > 40


def test_the_adversary_finds_cells_where_an_equation_is_missing() -> None:
    case = random_claim_case(0)
    lowest = case.value("min_group_accuracy")
    assert isinstance(lowest, Fraction)
    circuit, columns = case.witness(f"min_group_accuracy <= {lowest - Fraction(1, 1000)}")
    assert not Adversary(circuit, columns).finds_cells()
    assert Adversary(without(circuit, "/choice of one"), columns).finds_cells()
    found = {"/digit 1 of": 0, "predicted at all": 0}
    subjects = dict(zip(found, ("macro_f1", "precision"), strict=True))
    for case, text, true in drawn(9, 150):
        for missing, subject in subjects.items():
            if text.startswith(subject) and not true:
                circuit, columns = case.witness(text)
                found[missing] += Adversary(without(circuit, missing), columns).finds_cells()
    assert all(found.values()), found


def test_a_claim_that_would_exhaust_a_verifier_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    samples, classes = 4096, 256
    labels = np.arange(samples) % classes
    dataset = HeldOutSet(inputs=np.zeros((1, 1), np.int64), labels=labels, groups=np.arange(samples) // 16 % 64)
    made: list[Atom] = []
    monkeypatch.setattr(constraints, "formula_of", lambda truth, atom: (made.append(atom), formula_of(truth, atom))[1])
    parity = " and ".join(f"demographic_parity_difference[{c}] <= 0.123456789012345678" for c in range(classes))
    with pytest.raises(InvalidInput, match="inequalities"):
        claim_gadget(parse_claim(parity), dataset, classes)
    # 64 groups are 4032 inequalities an atom: the ninth is one too many.
    assert len(made) == 9
    monkeypatch.setattr(constraints, "MAX_CELLS", 100 * samples)
    counted = " and ".join(f"predicted[{c}] >= 0" for c in range(classes))
    with pytest.raises(InvalidInput, match="samples to count"):
        claim_gadget(parse_claim(counted), dataset, classes)
    assert len(made) == 9 + 101


def test_a_circuit_has_as_many_functionals_as_the_limit_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder, "MAX_FUNCTIONALS", 10)
    circuit = CircuitBuilder(sample_bits=0)
    empty = Functional(name="one", gadget="claim", batched=(), static=(), constant=0)
    for _ in range(10):
        circuit.add_functional(empty)
    with pytest.raises(InvalidInput, match="too many equations"):
        circuit.add_functional(empty)


@pytest.mark.parametrize(
    ("limit", "most", "words"),
    [
        # Two differences that all hold and two of which one does, and two bounds of one inequality each.
        ("MAX_CONSTRAINTS", 6, "inequalities"),
        # Committed counts of all samples, those of a recall, of an accuracy, and for three classes of a macro F1.
        ("MAX_CELLS", 7 + 3 + 7 + (7 + 3 * 7), "samples to count"),
    ],
)
def test_a_claim_may_take_what_the_limit_says(
    monkeypatch: pytest.MonkeyPatch, limit: str, most: int, words: str
) -> None:
    claim = parse_claim(
        "demographic_parity_difference[1] == 1/2 and recall[0] >= 1/2 and accuracy >= 1/2 and macro_f1 <= 1/2"
    )
    dataset = HeldOutSet(
        inputs=np.zeros((1, 7), np.int64), labels=np.array([0, 1, 2, 0, 1, 2, 0]), groups=np.arange(7) % 2
    )
    monkeypatch.setattr(constraints, limit, most)
    assert len(claim_gadget(claim, dataset, 4).parts) == 4
    monkeypatch.setattr(constraints, limit, most - 1)
    with pytest.raises(InvalidInput) as caught:
        claim_gadget(claim, dataset, 4)
    assert (caught.value.what, caught.value.expected) == (f"{most} {words}", f"at most {most - 1}")


def test_a_macro_f1_may_take_as_many_products_as_the_limit_says(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = HeldOutSet(inputs=np.zeros((1, 7), np.int64), labels=np.array([0, 1, 2, 0, 1, 2, 0]))
    claim = parse_claim("macro_f1 >= 1/2")
    (part,) = claim_gadget(claim, dataset, 3).parts
    assert isinstance(part, MacroScore)
    monkeypatch.setattr(formulas, "MAX_PRODUCTS", part.products)
    claim_gadget(claim, dataset, 3)
    monkeypatch.setattr(formulas, "MAX_PRODUCTS", part.products - 1)
    with pytest.raises(InvalidInput, match=f"^claim macro_f1: {part.products} products of limbs for 3 classes"):
        claim_gadget(claim, dataset, 3)


def test_a_claim_ranks_for_each_k_that_it_names() -> None:
    dataset = HeldOutSet(inputs=np.zeros((1, 3), np.int64), labels=np.array([0, 1, 2]))
    ranked = claim_gadget(parse_claim("top_k_accuracy[3] >= 0.9 and top_k_accuracy[1] >= 0.5"), dataset, 3)
    assert ranked.ranking is not None
    assert ranked.ranking.ks == (1, 3)
    assert claim_gadget(parse_claim("recall[2] >= 0.9"), dataset, 3).ranking is None
    logits = np.array([[2, 1, 0], [1, 2, 1], [0, 0, 2]])
    circuit, columns = ClaimCase(dataset=dataset, logits=logits).witness("top_k_accuracy[2] >= 1")
    assert any(name.startswith("top k") for name in circuit.columns)
    assert circuit.columns.keys() == columns.keys()


def test_no_equation_is_above_zero_for_all_counts() -> None:
    """The specification has no rule for one: with every count at zero, the left side is at most zero."""
    draw = np.random.default_rng(4)
    metrics: set[Metric] = set()
    for _ in range(300):
        case = irregular(draw)
        truth = Truth(labels=case.dataset.labels, groups=case.dataset.groups, classes=len(case.logits))
        for text in (near_the_value(draw, case), revealed_matrix(case)):
            with suppress(InvalidInput):
                atom = parse_claim(text or "").atoms[0]
                formula = formula_of(truth, atom) if atom.metric is not Metric.MACRO_F1 else None
                for constraint in formula.every if formula else ():
                    if constraint.exact:
                        metrics.add(atom.metric)
                        assert constraint.bounds(formula.tallies)[0] <= 0, text
    assert len(metrics) == 9


def test_a_bound_that_always_holds_has_a_slack_from_zero() -> None:
    dataset = HeldOutSet(inputs=np.zeros((1, 3), np.int64), labels=np.array([0, 1, 2]))
    truth = Truth(labels=dataset.labels, groups=None, classes=3)
    for text, constant in (("correct <= 300", 3), ("correct <= 3", 3), ("correct <= 2", 2), ("correct >= 0", 0)):
        (constraint,) = formula_of(truth, parse_claim(text).atoms[0]).every
        assert constraint.constant == constant, text


def test_rates_of_each_family_are_compared_with_one_another() -> None:
    truth = Truth(labels=np.array([0, 1, 0, 1, 1]), groups=np.array([0, 0, 1, 1, 1]), classes=2)
    formula = formula_of(truth, parse_claim("equalized_odds_difference[1] <= 1/2").atoms[0])
    pairs = [tuple(tally for tally, _ in constraint.terms) for constraint in formula.every]
    assert pairs == [(0, 1), (1, 0), (2, 3), (3, 2)]
    assert [tally.maximum for tally in formula.tallies] == [1, 2, 1, 1]


@pytest.mark.parametrize(
    ("claim", "fault"),
    [
        (
            "correct == 4",
            "claim: no predictions on this held-out set make correct == 4 true (expected a number up to 3)",
        ),
        (
            "balanced_accuracy == 0.49",
            "claim: no predictions on this held-out set make balanced_accuracy == 0.49 true "
            "(expected a value that predictions can have)",
        ),
        (
            "equalized_odds_difference[0] <= 1",
            "claim equalized_odds_difference[0]: group 0 has no sample without the label 0 "
            "(expected both in every group)",
        ),
        (
            "equalized_odds_difference[2] <= 1",
            "claim equalized_odds_difference[2]: group 0 has no sample with the label 2 (expected both in every group)",
        ),
    ],
)
def test_a_refusal_says_what_is_missing(claim: str, fault: str) -> None:
    dataset = HeldOutSet(inputs=np.zeros((1, 3), np.int64), labels=np.array([0, 1, 2]), groups=np.array([0, 1, 1]))
    with pytest.raises(InvalidInput) as caught:
        claim_gadget(parse_claim(claim), dataset, 3)
    assert str(caught.value) == fault


def test_tallies_of_all_samples_share_their_places() -> None:
    dataset = HeldOutSet(inputs=np.zeros((1, 1), np.int64), labels=np.arange(90) % 30)
    gadget = claim_gadget(parse_claim("macro_f1 >= 0.5 and f1[1] >= 0.5 and predicted[2] >= 1"), dataset, 30)
    tallies: list[Tally] = [*gadget.parts[-1].predicted, *gadget.parts[0].formula.tallies[:1]]  # type: ignore[union-attr]
    assert len({id(tally.samples) for tally in tallies}) == 1
