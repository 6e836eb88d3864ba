"""A prover that lies about anything is rejected by the verifier, for the reason that the lie has.

The lies about columns are proved by the real prover on false columns, with multiplicities that fit the lie.
`zkaudit.checking` says which relations each lie breaks, so that no lie is a truth and none breaks more than it must.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from tests.cases import Case, random_case
from tests.forgery import (
    POLICY,
    Columns,
    forged_randomness,
    lowered,
    reason_of,
    recounted,
    with_cells,
    with_lie,
)
from zkaudit.checking import check_columns
from zkaudit.claim import parse_claim
from zkaudit.commitment import commit
from zkaudit.errors import InvalidInput, Reason
from zkaudit.field.koalabear import MODULUS, inverse
from zkaudit.model.model import Model
from zkaudit.prover import prove_columns
from zkaudit.relation import Kind, multiplicity
from zkaudit.statement import Statement
from zkaudit.verifier import verify
from zkaudit_circuits.argmax import MAXIMUM, PREDICTION
from zkaudit_circuits.dense import dense
from zkaudit_circuits.limbs import limb_widths
from zkaudit_circuits.network import INPUT
from zkaudit_circuits.tensors import Accumulator
from zkaudit_circuits.weights import RANDOMNESS, WEIGHTS

WIDE = {"widths": (3, 3, 3), "samples": 5, "seed": 3, "claim": "correct >= 0"}
NARROW = {"widths": (2, 2, 3), "samples": 300, "shift": 8, "claim": "correct >= 0"}
CASES = {
    "wide requantisation": WIDE,
    "narrow requantisation": NARROW,
    "identity": {"widths": (3, 2, 3), "samples": 2, "activation": "identity", "input_interval": (-128, 127)},
    "no shift": {"widths": (2, 2, 2), "samples": 3, "shift": 0},
    "two hidden layers": {"widths": (2, 3, 2, 2), "samples": 3},
}
SLACK = "claim/slack"
OUTPUT = "requantise 1/output"
REMAINDER = "requantise 1/remainder limb 0"
BEFORE = "requantise 1/pre-clamp"
OVER = "requantise 1/over limb 0"
UNDER = "requantise 1/under limb 0"
DIFFERENCE = "argmax/difference limb 0"

Lie = tuple[set[str], Columns]
"""The relations that false columns break, and these columns."""


def violated(statement: Statement, columns: Columns) -> set[str]:
    """Names of the broken relations."""
    return {violation.constraint for violation in check_columns(statement.layout.circuit, columns).violations}


def assert_rejected(statement: Statement, columns: Columns) -> None:
    """The verifier rejects the proof of false columns: a relation does not hold."""
    assert reason_of(statement, prove_columns(statement, columns).proof) is Reason.PAD_LINEAR


@pytest.mark.lies("witness: one false cell of every column")
@pytest.mark.parametrize("name", CASES)
def test_one_false_cell_of_any_column(name: str) -> None:
    case = random_case(**CASES[name])  # type: ignore[arg-type]
    circuit, honest = case.statement.layout.circuit, case.columns()
    generator = np.random.default_rng(7)
    tried = 0
    for column in circuit.of_kind(Kind.BATCHED):
        cells = honest[column.name]
        real = (int(generator.integers(len(cells))), int(generator.integers(case.statement.samples)))
        last = (len(cells) - 1, cells.shape[1] - 1)  # the padding sample, where there is one
        for place, step in ((real, 1), (real, int(generator.integers(2, MODULUS - 2))), (last, -1)):
            lie = with_cells(case.statement, honest, {(column.name, place): int(cells[place]) + step})
            assert violated(case.statement, lie), f"{column.name}{place} is held by nothing"
            assert_rejected(case.statement, lie)
            tried += 1
    assert tried == 3 * len(circuit.of_kind(Kind.BATCHED)) >= 15


def wide_lies(case: Case, honest: Columns) -> Iterator[Lie]:
    """Outputs that are wrong by one, the excess moved to where one relation alone sees it."""
    high, step = 255, 1 << case.model.architecture.requantisations[0].shift
    inside = np.argwhere((honest[OUTPUT] > 0) & (honest[OUTPUT] < high) & (honest[REMAINDER] > 0))[:3]
    assert len(inside) == 3
    for cell in map(tuple, inside):
        for delta, excess, relation in ((-1, OVER, "over only at the top"), (1, UNDER, "under only at the bottom")):
            outputs = honest[OUTPUT].copy()
            outputs[cell] += delta
            moved = with_lie(case, columns={OUTPUT: outputs})
            yield {f"requantise 1/{relation}"}, with_cells(case.statement, moved, {(excess, cell): 1})
            borrowed = {(REMAINDER, cell): int(honest[REMAINDER][cell]) - delta * step}
            yield {f"{REMAINDER} in range"}, with_cells(case.statement, moved, borrowed)
    # 2^shift (q + k / 2^shift) + (rem - k) = 2^shift q + rem in the field alone: the value before the clamp is far off.
    for cell, multiple in zip(map(tuple, inside), (1, 2, 3), strict=True):
        if honest[REMAINDER][cell] >= multiple:
            far = {
                (OVER, cell): (int(honest[OVER][cell]) + multiple * inverse(step)) % MODULUS,
                (REMAINDER, cell): int(honest[REMAINDER][cell]) - multiple,
            }
            yield {f"{OVER} in range"}, with_cells(case.statement, honest, far)
    # All the way up, with an excess below zero that only its range holds: q = 255 + over.
    for cell in map(tuple, inside):
        outputs = honest[OUTPUT].copy()
        outputs[cell] = high
        moved = with_lie(case, columns={OUTPUT: outputs})
        wrapped = int(honest[OUTPUT][cell]) - high + MODULUS
        lie = with_cells(case.statement, moved, {(OVER, cell): wrapped})
        yield {f"{OVER} in range"}, lie


def narrow_lies(case: Case, honest: Columns) -> Iterator[Lie]:
    """Outputs that the table has under another key, and keys that only the field wraps to."""
    shift = case.model.architecture.requantisations[0].shift
    inside = np.argwhere((honest[BEFORE] > 0) & (honest[BEFORE] < 255) & (honest[REMAINDER] > 0))[:3]
    assert len(inside) == 3
    for cell in map(tuple, inside):
        outputs = honest[OUTPUT].copy()
        outputs[cell] += 1
        moved = with_lie(case, columns={OUTPUT: outputs})
        yield {"requantise 1/clamp"}, moved
        shifted = {(BEFORE, cell): int(outputs[cell])}
        yield {"requantise 1/shift"}, with_cells(case.statement, moved, shifted)
        borrowed = shifted | {(REMAINDER, cell): int(honest[REMAINDER][cell]) - (1 << shift)}
        yield {f"{REMAINDER} in range"}, with_cells(case.statement, moved, borrowed)
        # 2^shift q' + (rem - k) = 2^shift q + rem has a solution q' in the field.
        for multiple in range(1, 1 + min(3, int(honest[REMAINDER][cell]))):
            wrapped = (int(honest[BEFORE][cell]) + multiple * inverse(1 << shift)) % MODULUS
            far = {(BEFORE, cell): wrapped, (REMAINDER, cell): int(honest[REMAINDER][cell]) - multiple}
            yield {"requantise 1/clamp"}, with_cells(case.statement, moved, far)


def with_slack(case: Case, columns: Columns) -> Columns:
    """Columns whose slack fits the count of their predictions, for a claim of at least none."""
    count = columns[PREDICTION][case.statement.dataset.labels, np.arange(case.statement.samples)].sum()
    return with_cells(case.statement, columns, {(f"{SLACK} limb 0", (0,)): int(count)})


def prediction_lies(case: Case, honest: Columns) -> Iterator[Lie]:
    """The second-best class and its like, with differences that fit as well as they can."""
    last = lowered(case).tensors[-1]
    assert isinstance(last, Accumulator)
    logits = dense(case.model.kernels[-1], case.model.biases[-1], honest[OUTPUT])
    low_bits = limb_widths(2 * last.bound.magnitude + 1)[0]
    classes = range(len(logits))
    outside = {f"{DIFFERENCE} in range"}
    for sample in range(case.statement.samples):
        order = np.argsort(-logits[:, sample], kind="stable")
        best, second = int(order[0]), int(order[1])

        def lie(chosen: int, maximum: int, *, sample: int = sample, one_hot: dict[int, int] | None = None) -> Columns:
            prediction = one_hot or {chosen: 1}
            later = np.array([sum(v for c, v in prediction.items() if c > k) for k in classes])
            difference = maximum - logits[:, sample] - later
            high = np.maximum(difference, 0) >> low_bits
            changes: dict[tuple[str, tuple[int, ...]], int] = {(MAXIMUM, (0, sample)): maximum}
            for k in classes:
                changes[PREDICTION, (k, sample)] = prediction.get(k, 0)
                changes["argmax/difference limb 1", (k, sample)] = int(high[k])
                changes[DIFFERENCE, (k, sample)] = int(difference[k] - (high[k] << low_bits))
            return with_slack(case, with_cells(case.statement, honest, changes))

        # The chosen class has no difference, so the best one's is negative.
        yield outside, lie(second, int(logits[second, sample]))
        if second < best:
            # The maximum is right, so the chosen class has a difference.
            yield {"argmax/chosen has no difference"}, lie(second, int(logits[best, sample]))
        # No bits that add up to one, two classes, none.
        top = int(logits[best, sample])
        yield {"argmax/bit"}, lie(best, top, one_hot={best: 2, second: -1})
        yield {"argmax/one chosen"}, lie(best, top, one_hot={best: 1, second: 1})
        yield {"argmax/one chosen"}, lie(best, top + 1, one_hot={len(logits): 0})


@pytest.mark.lies("witness: activations, remainders, predictions")
@pytest.mark.parametrize(
    ("parameters", "lies", "least"),
    [(WIDE, wide_lies, 15), (NARROW, narrow_lies, 9), (WIDE, prediction_lies, 10)],
    ids=["activation, wide", "activation, narrow", "prediction"],
)
def test_consistent_lies_that_one_relation_sees(
    parameters: dict[str, object], lies: Callable[[Case, Columns], Iterator[Lie]], least: int
) -> None:
    case = random_case(**parameters)  # type: ignore[arg-type]
    alone = 0
    for broken, columns in lies(case, case.columns()):
        found = violated(case.statement, columns)
        assert broken <= found
        assert_rejected(case.statement, columns)
        alone += len(found) == 1
    assert alone >= least


@pytest.mark.lies("witness: activations, remainders, predictions")
def test_a_tie_goes_to_the_lowest_index() -> None:
    case = random_case((2, 3), samples=2, claim="correct >= 0")
    cells = np.zeros(case.model.architecture.weight_count, np.int8)
    case = recommitted(case, Model.from_cells(case.model.architecture, cells))
    honest = case.columns()
    assert honest[PREDICTION][0].all()
    for chosen in (1, 2):
        changes: dict[tuple[str, tuple[int, ...]], int] = {(PREDICTION, (0, 0)): 0, (PREDICTION, (chosen, 0)): 1}
        for k in range(3):
            changes[DIFFERENCE, (k, 0)] = -int(k < chosen)
        lie = with_slack(case, with_cells(case.statement, honest, changes))
        assert violated(case.statement, lie) == {f"{DIFFERENCE} in range"}
        assert_rejected(case.statement, lie)


def recommitted(case: Case, model: Model) -> Case:
    """The same data and claim for another model, committed to."""
    commitment, opening = commit(model.architecture, model.weight_cells())
    return replace(case, statement=replace(case.statement, commitment=commitment), model=model, opening=opening)


def weight_lies(case: Case, honest: Columns) -> Iterator[Lie]:
    """Other weights than the committed ones; the network and all multiplicities follow them."""
    cells = case.model.weight_cells()
    generator = np.random.default_rng(5)
    for place in generator.choice(len(cells), 6, replace=False):
        other = cells.copy()
        other[place] += 1 if cells[place] < 127 else -1
        yield set(), replace(case, model=Model.from_cells(case.model.architecture, other)).columns()
    for place in (0, 7, 2047):
        scalar = int(honest[RANDOMNESS][place])
        yield set(), with_cells(case.statement, honest, {(RANDOMNESS, (place,)): scalar + (1 if scalar < 0 else -1)})
    # A weight of the other sign of the modulus, of 128 and of a byte without sign; the trace no longer follows.
    for value in (128, -129, 255, MODULUS - 129):
        columns = with_cells(case.statement, honest, {(WEIGHTS, (0,)): value})
        yield {f"{WEIGHTS} in range"}, columns
    stranger = random_case(**WIDE | {"seed": 8})  # type: ignore[arg-type]
    assert stranger.model.architecture == case.model.architecture
    other_model = replace(case, model=stranger.model)
    yield set(), other_model.columns()
    yield set(), replace(other_model, opening=stranger.opening).columns()
    yield set(), replace(case, opening=stranger.opening).columns()
    _, again = commit(case.model.architecture, cells)
    yield set(), replace(case, opening=again).columns()


@pytest.mark.lies("witness: weights and commitment openings")
def test_other_weights_and_other_randomness() -> None:
    case = random_case(**WIDE)  # type: ignore[arg-type]
    tried = 0
    for broken, columns in weight_lies(case, case.columns()):
        # Those in range satisfy every relation of the circuit: only the link to the commitment is left.
        found = violated(case.statement, columns)
        assert broken <= found
        assert found == set() or broken
        assert_rejected(case.statement, columns)
        tried += 1
    assert tried >= 17


@pytest.mark.lies("witness: weights and commitment openings")
def test_randomness_that_opens_the_commitment_to_another_model_is_out_of_range() -> None:
    case = random_case(**WIDE)  # type: ignore[arg-type]
    stranger = random_case(**WIDE | {"seed": 8})  # type: ignore[arg-type]
    columns = replace(case, model=stranger.model).columns()
    columns[RANDOMNESS] = forged_randomness(case, stranger.model.weight_cells())
    columns = recounted(case.statement, columns)
    assert violated(case.statement, columns) == {f"{RANDOMNESS} in range"}
    assert_rejected(case.statement, columns)


@pytest.mark.lies("claim: count, threshold, labels, data")
def test_false_counts() -> None:
    case = random_case((3, 2), samples=9)
    samples, correct = case.statement.samples, case.correct
    assert 0 < correct < samples - 1
    tried = 0
    for claim, count in ((">=", correct + 1), (">=", samples), ("==", correct + 1), ("==", correct - 1), ("==", 0)):
        statement = replace(case.statement, claim=parse_claim(f"correct {claim} {count}"))
        honest = replace(case, statement=statement).columns()
        assert violated(statement, honest) == {"claim/correct count"}
        assert_rejected(statement, honest)
        tried += 1
        slack = f"{SLACK} limb 0"
        if slack in honest:
            # The slack that the equation asks for is negative, in whichever way it is written.
            for value in (correct - count, correct - count + MODULUS):
                lie = with_cells(statement, honest, {(slack, (0,)): value})
                assert violated(statement, lie) == {f"{slack} in range"}
                assert_rejected(statement, lie)
                tried += 1
    assert tried == 7


@pytest.mark.lies("claim: count, threshold, labels, data")
def test_a_prediction_made_right_for_the_count() -> None:
    case = random_case((3, 2), samples=9, claim="correct == 9")
    columns = case.columns()
    labels = case.statement.dataset.labels
    wrong = np.flatnonzero(columns[PREDICTION][labels, np.arange(9)] == 0)
    flipped = columns[PREDICTION].copy()
    flipped[:, wrong] = 1 - flipped[:, wrong]
    lie = columns | {PREDICTION: flipped}
    assert "claim/correct count" not in violated(case.statement, lie)
    assert_rejected(case.statement, lie)


def multiplicity_lies(case: Case, honest: Columns) -> Iterator[Columns]:
    """Multiplicities that are wrong, by amounts whose sum is zero in the integers or modulo p."""
    tables = [multiplicity(name) for name in case.statement.layout.circuit.tables]
    generator = np.random.default_rng(2)
    for table in tables:
        first, second = (int(i) for i in generator.choice(len(honest[table]), 2, replace=False))
        far = int(generator.integers(1, MODULUS))
        for changes in ({first: 1}, {first: 1, second: -1}, {first: far, second: MODULUS - far}, {first: -far}):
            columns = honest | {table: honest[table].copy()}
            for place, step in changes.items():
                columns[table][place] += step
            yield columns
    # What one table lists twice, another lists once less: tags keep them apart.
    for first_table, second_table in pairwise(tables):
        columns = honest | {name: honest[name].copy() for name in (first_table, second_table)}
        columns[first_table][0] += 1
        columns[second_table][0] -= 1
        yield columns
    # A cell outside its table, its count given to one row or another.
    outside = with_cells(case.statement, honest, {(DIFFERENCE, (0, 0)): -1})
    lookups = {lookup.name: lookup.table for lookup in case.statement.layout.circuit.lookups}
    name = multiplicity(lookups[f"{DIFFERENCE} in range"])
    for place in (0, 1, len(outside[name]) - 1):
        columns = outside | {name: outside[name].copy()}
        columns[name][place] += 1
        yield columns


@pytest.mark.lies("witness: multiplicities")
def test_multiplicities_that_cancel() -> None:
    case = random_case(**WIDE)  # type: ignore[arg-type]
    tried = 0
    for columns in multiplicity_lies(case, case.columns()):
        assert violated(case.statement, columns)
        assert_rejected(case.statement, columns)
        tried += 1
    assert tried >= 20


@pytest.mark.lies("claim: count, threshold, labels, data")
def test_other_inputs_than_the_public_ones() -> None:
    case = random_case(**WIDE)  # type: ignore[arg-type]
    inputs = case.statement.dataset.inputs.copy()
    inputs[0, 0] = 255 - inputs[0, 0]
    other = replace(case.statement, dataset=replace(case.statement.dataset, inputs=inputs))
    columns = replace(case, statement=other).columns()
    assert violated(case.statement, columns) == set()  # the columns hold together, for these inputs
    assert_rejected(case.statement, columns)
    assert_rejected(case.statement, columns | {INPUT: case.columns()[INPUT]})


@pytest.mark.parametrize("what", ["input", "label above", "label below"])
def test_integers_outside_what_the_bounds_rest_on(what: str) -> None:
    """An input that is one modulus lower is the same residue and another integer: the network on it is another."""
    case = random_case((3, 3), samples=5)
    data = case.statement.dataset
    inputs, labels = data.inputs.copy(), data.labels.copy()
    if what == "input":
        inputs[0] -= MODULUS
    else:
        labels[0] = 3 if what == "label above" else -1

    def audit() -> None:
        statement = replace(case.statement, dataset=replace(data, inputs=inputs, labels=labels))
        verify(statement, prove_columns(statement, case.columns()).proof, POLICY)

    with pytest.raises(InvalidInput):
        audit()
