"""Lies about networks of every layer kind: each breaks one relation, and the verifier rejects it for that reason.

As in `tests.test_lies`, the proofs are the real prover's on false columns, with multiplicities that fit the lie.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.cases import Case
from tests.forgery import Columns, lowered, reason_of, with_cells, with_lie
from tests.networks import NETWORKS, network
from zkaudit.checking import check_columns
from zkaudit.errors import Reason
from zkaudit.field.koalabear import MODULUS
from zkaudit.model.architecture import Gate, MaxPool, Requantise, SumPool
from zkaudit.model.model import Model
from zkaudit.prover import prove_columns
from zkaudit.relation import Integers, Kind, multiplicity
from zkaudit.statement import Statement
from zkaudit_circuits import pooling
from zkaudit_circuits.network import INPUT
from zkaudit_circuits.pooling import view_cells
from zkaudit_circuits.tensors import Accumulator
from zkaudit_circuits.weights import RANDOMNESS, WEIGHTS

VIEWS = "residual, gate, table and views"
POOLS = "depthwise and pools"


def claimless(name: str) -> Case:
    """A network of the table whose claim any predictions meet."""
    return network(name, claim="correct >= 0")


def violated(statement: Statement, columns: Columns) -> set[str]:
    """Names of the broken relations."""
    return {violation.constraint for violation in check_columns(statement.layout.circuit, columns).violations}


def assert_rejected(case: Case, columns: Columns, broken: set[str]) -> None:
    """A lie breaks these relations and no others, and the verifier rejects it.

    A false pair is counted with the row of its key, so beside a broken lookup its table's count may be off.
    """
    found = violated(case.statement, columns)
    counts = {multiplicity(one.table) for one in case.statement.layout.circuit.lookups if one.name in broken}
    assert broken <= found <= broken | counts
    assert reason_of(case.statement, prove_columns(case.statement, columns).proof) is Reason.PAD_LINEAR


@pytest.mark.lies("witness: one false cell of every column")
@pytest.mark.parametrize("name", NETWORKS)
def test_one_false_cell_of_every_batched_column(name: str) -> None:
    case = network(name)
    circuit, honest = case.statement.layout.circuit, case.columns()
    generator = np.random.default_rng(7)
    for number, column in enumerate(circuit.of_kind(Kind.BATCHED)):
        cells = honest[column.name]
        position = int(generator.integers(len(cells)))
        sample = (int(generator.integers(case.statement.samples)), cells.shape[1] - 1)[number % 2]
        step = (1, -1, int(generator.integers(2, MODULUS - 2)))[number % 3]
        place = (position, sample)
        lie = with_cells(case.statement, honest, {(column.name, place): int(cells[place]) + step})
        assert violated(case.statement, lie), f"{column.name}{place} is held by nothing"
        assert reason_of(case.statement, prove_columns(case.statement, lie).proof) is Reason.PAD_LINEAR


@pytest.mark.lies("witness: one false cell of every column")
@pytest.mark.parametrize("name", NETWORKS)
def test_one_false_cell_of_every_static_column(name: str) -> None:
    """Multiplicities of each kind of table, the slack, weights and scalars in range, which the link may hold alone."""
    case = network(name)
    circuit, honest = case.statement.layout.circuit, case.columns()
    generator = np.random.default_rng(11)
    for number, column in enumerate(circuit.of_kind(Kind.STATIC)):
        place = (int(generator.integers(column.positions)),)
        value = int(honest[column.name][place])
        step = -1 if value > 0 or number % 2 else 1
        if column.name.startswith("multiplicity"):
            lie = honest | {column.name: honest[column.name].copy()}
            lie[column.name][place] += step
        else:
            step = (1 if value < 0 else -1) if column.name in (WEIGHTS, RANDOMNESS) else step
            lie = with_cells(case.statement, honest, {(column.name, place): value + step})
        linked = column.name in (WEIGHTS, RANDOMNESS)
        assert linked or violated(case.statement, lie), f"{column.name} is held by nothing"
        assert reason_of(case.statement, prove_columns(case.statement, lie).proof) is Reason.PAD_LINEAR


@pytest.mark.lies("witness: sums of layers")
@pytest.mark.parametrize("name", NETWORKS)
def test_sums_that_are_off_by_one(name: str) -> None:
    """Accumulators of each kind of layer, pooled sums among them: only the relation that reads them can tell."""
    case = claimless(name)
    layers = case.model.architecture.layers
    readers = {layer.sources[0]: layer for layer in layers if isinstance(layer, Requantise)}
    requantisations = [layer for layer in layers if isinstance(layer, Requantise)]
    generator = np.random.default_rng(3)
    tried = 0
    for number, tensor in enumerate(lowered(case).tensors):
        if isinstance(tensor, Accumulator):
            place = (int(generator.integers(np.prod(tensor.shape))), int(generator.integers(case.statement.samples)))
            lie = with_lie(case, accumulators={number: (place, (1, -1)[number % 2])})
            broken = "argmax/order"
            if number in readers:
                broken = f"requantise {requantisations.index(readers[number]) + 1}/shift"
            assert_rejected(case, lie, {broken})
            tried += 1
    assert tried == sum(layer.makes_accumulator for layer in layers)


def requantised(case: Case, kind: type) -> str:
    """The name of the first requantisation that follows a layer of this kind or is of it."""
    layers = case.model.architecture.layers
    names = [index for index, layer in enumerate(layers) if isinstance(layer, Requantise)]
    for count, index in enumerate(names, 1):
        if isinstance(layers[layers[index].sources[0] - 1], kind):
            return f"requantise {count}"
    raise AssertionError(kind)


@pytest.mark.lies("witness: sums of layers")
def test_an_average_that_is_off_by_one() -> None:
    """The output of the division, its excess put into the remainder, which only its range can tell."""
    for name in (POOLS, VIEWS):
        case = claimless(name)
        honest = case.columns()
        gadget = requantised(case, SumPool)
        shift = next(
            layer.shift
            for count, layer in enumerate(case.model.architecture.requantisations, 1)
            if f"requantise {count}" == gadget
        )
        remainder = f"{gadget}/remainder limb 0"
        before = f"{gadget}/pre-clamp" if f"{gadget}/pre-clamp" in honest else f"{gadget}/output"
        cells = honest[f"{gadget}/output"]
        place = tuple(np.argwhere((cells > -128) & (cells < 127) & (honest[before] == cells))[0])
        for step in (1, -1):
            outputs, quotients, rest = cells.copy(), honest[before].copy(), honest[remainder].copy()
            outputs[place] += step
            quotients[place] += step
            rest[place] -= step << shift
            changed = {f"{gadget}/output": outputs, before: quotients if before.endswith("pre-clamp") else outputs}
            assert_rejected(case, with_lie(case, columns=changed), {f"{gadget}/shift"})
            assert_rejected(case, with_lie(case, columns=changed | {remainder: rest}), {f"{remainder} in range"})


def max_pools() -> list[tuple[str, str]]:
    """Each level of each maximum of the networks."""
    result = []
    for name, (_, layers, _) in NETWORKS.items():
        if any(isinstance(layer, MaxPool) for layer in layers):
            circuit = network(name).statement.layout.circuit
            result += [(name, column) for column in circuit.columns if "/maximum " in column]
    return result


CHOICES: dict[str, Callable[[Integers, Integers], Integers]] = {
    "the smaller": np.minimum,
    "one more": lambda left, right: np.maximum(left, right) + 1,
    "one less": lambda left, right: np.maximum(left, right) - 1,
}


@pytest.mark.lies("witness: maxima, gates, tables")
@pytest.mark.parametrize(("name", "column"), max_pools())
def test_a_wrong_maximum(name: str, column: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The maxima of later levels, and all behind the pool, are those of the wrong one."""
    case = claimless(name)

    def witness_with(choose: Callable[[Integers, Integers], Integers]) -> Columns:
        def witness(self: pooling.MaxPool, columns: Columns) -> Columns:
            known, result = dict(columns), {}
            for level in self.levels()[0]:
                left, right = view_cells(level.left, known), view_cells(level.right, known)
                maxima = np.maximum(left, right)
                if level.column == column:
                    place = tuple(np.argwhere((left != right)[:, : case.statement.samples])[-1])
                    maxima[place] = choose(left, right)[place]
                known[level.column] = result[level.column] = maxima
            return result

        with monkeypatch.context() as patch:
            patch.setattr(pooling.MaxPool, "witness", witness)
            return case.columns()

    assert violated(case.statement, witness_with(np.maximum)) == set()
    for choose in CHOICES.values():
        assert_rejected(case, witness_with(choose), {f"{column} of pair"})


@pytest.mark.lies("witness: maxima, gates, tables")
def test_a_wrong_product_of_a_gate() -> None:
    case = claimless(VIEWS)
    number = 1 + next(i for i, layer in enumerate(case.model.architecture.layers) if isinstance(layer, Gate))
    column = f"gate {number}/product"
    honest = case.columns()
    assert honest[column].any()
    for place, step in (((0, 0), 1), ((63, 5), -1), ((17, 2), 128)):
        products = honest[column].copy()
        products[place] += step
        assert_rejected(case, with_lie(case, columns={column: products}), {f"gate {number}/multiply"})


@pytest.mark.lies("witness: maxima, gates, tables")
@pytest.mark.parametrize("name", [VIEWS, "signal"])
def test_a_wrong_output_of_a_table(name: str) -> None:
    """Another entry of the table, and none of them; the whole network follows."""
    case = claimless(name)
    honest = case.columns()
    gadget, layer = next(
        (f"requantise {count}", layer)
        for count, layer in enumerate(case.model.architecture.requantisations, 1)
        if layer.table
    )
    output = f"{gadget}/output"
    map_name = f"{gadget}/clamp" if f"{gadget}/pre-clamp" in honest else f"{gadget}/map"
    absent = next(value for value in range(-128, 256) if value not in layer.table)
    for place in ((0, 0), (1, 1)):
        current = int(honest[output][place])
        for value in (next(entry for entry in layer.table if entry != current), -current or 1, absent):
            outputs = honest[output].copy()
            outputs[place] = value
            assert_rejected(case, with_lie(case, columns={output: outputs}), {map_name})


@pytest.mark.lies("witness: weights and commitment openings")
@pytest.mark.parametrize("name", ["convolutions", POOLS])
def test_other_weights_of_a_convolution(name: str) -> None:
    """Every relation holds, so only the link to the commitment tells."""
    case = claimless(name)
    cells = case.model.weight_cells()
    first = case.model.architecture.weighted_layers[0]
    kernel = int(np.prod(first.kernel_shape))
    for place in (0, kernel - 1, kernel, len(cells) - 1):
        other = cells.copy()
        other[place] += 1 if cells[place] < 127 else -1
        lie = replace(case, model=Model.from_cells(case.model.architecture, other)).columns()
        assert_rejected(case, lie, set())


@pytest.mark.lies("claim: count, threshold, labels, data")
@pytest.mark.parametrize("name", ["convolutions", "input committed, one sample", "signal"])
def test_other_inputs_than_the_public_ones(name: str) -> None:
    """The columns hold together, for inputs of the prover's own."""
    case = claimless(name)
    inputs = case.statement.dataset.inputs.copy()
    inputs[-1, 0] = 255 - inputs[-1, 0]
    other = replace(case.statement, dataset=replace(case.statement.dataset, inputs=inputs))
    columns = replace(case, statement=other).columns()
    assert_rejected(case, columns, set())
    with_public = columns | {INPUT: case.columns()[INPUT]}
    assert reason_of(case.statement, prove_columns(case.statement, with_public).proof) is Reason.PAD_LINEAR
