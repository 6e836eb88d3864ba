"""Makes a proof of a statement, true or false, without any witness.

The steps are those of docs/zero-knowledge.md, "The simulator".
Nothing here imports a prover, a model or a circuit's witness: `tests.test_simulator` looks at the imports.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import numpy as np

from tests.simulator.oracle import RandomOracle, free_challenges, program
from zkaudit.field import arrays
from zkaudit.field.arrays import Array
from zkaudit.field.extension import Element
from zkaudit.field.koalabear import MODULUS, inverse
from zkaudit.masking import Tape, VerifierChannel
from zkaudit.merkle.messages import DIGEST_BYTES, SALT_BYTES, Oracle, leaf_digest, node_digest
from zkaudit.merkle.verifier import missing_siblings
from zkaudit.opening.verifier import MASK_ROWS, CombinedRow, reduce_claims, reduce_opening
from zkaudit.pads.messages import E0, E1, LOW_DEGREE_MASK, MASKS, Q0, Q1, TableauChallenges, TableauResponses
from zkaudit.pads.verifier import combine_rows, draw_challenges, power_table
from zkaudit.proof import OpenedColumns, Proof
from zkaudit.randomness import uniform_elements, uniform_residues
from zkaudit.reduction import reduce_statement
from zkaudit.reed_solomon.domain import Domain, evaluate_polynomial, interpolate
from zkaudit.soundness import OracleParameters
from zkaudit.statement import Statement
from zkaudit.transcript import Label, Transcript, grinding_digest, has_leading_zeros

_P = np.uint64(MODULUS)
_NO_ROOT = bytes(DIGEST_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """A proof file and the oracle under which it is accepted."""

    proof: bytes
    oracle: RandomOracle


@dataclass(frozen=True, slots=True, kw_only=True)
class _Interaction:
    """What is fixed once messages, row and challenges are drawn; nonces and columns are (lookup,) witness, pads."""

    nonces: tuple[int, int, int]
    point: list[Element]
    gamma: Element
    tape: Tape
    challenges: TableauChallenges
    columns: tuple[list[int], list[int]]


def simulate(statement: Statement) -> Simulation:
    """A proof that the verifier accepts under the oracle that comes with it."""
    # 2., 4. What the prover would send under pads or masks is uniform.
    plan, (sizes, pad_sizes) = statement.layout.full_plan, statement.oracles
    messages = uniform_elements(plan.elements)
    row = CombinedRow(cells=uniform_elements(sizes.message), pads=uniform_elements(sizes.pads))
    # 1., 3. The verifier's own interactive part, on challenges that were drawn beforehand.
    with free_challenges() as schedule:
        run = _interact(statement, arrays.to_elements(messages), row)
    # 5. to 7.
    witness_cells = _witness_columns(statement, row, run)
    responses = _responses(statement, run)
    pad_cells = _pad_columns(statement, responses, run)
    # 8.
    witness_root, witness = _commit(Oracle.WITNESS, sizes, run.columns[0], witness_cells, run.nonces[1])
    pad_root, pads = _commit(Oracle.PADS, pad_sizes, run.columns[1], pad_cells, run.nonces[2])
    # 9.
    late = {
        Label.WITNESS_ROOT: witness_root,
        Label.PAD_ROOT: pad_root,
        Label.PAD_RESPONSES: responses.to_bytes(),
    }
    proof = Proof(
        profile=statement.profile,
        commitment=statement.commitment.digest(),
        data=statement.dataset.digest(),
        claim=statement.claim.text,
        challenge=statement.challenge or b"",
        witness_root=witness_root,
        pad_root=pad_root,
        lookup_nonce=run.nonces[0],
        messages=arrays.elements_to_bytes(messages),
        row=row.to_bytes(),
        witness=witness,
        responses=responses.to_bytes(),
        pads=pads,
    )
    return Simulation(proof=proof.encode(), oracle=program(schedule, late))


def _interact(statement: Statement, messages: list[Element], row: CombinedRow) -> _Interaction:
    """Steps 2 to 5 of the verifier, roots and responses apart: no check fails, all are constraints on pads."""
    bits, (sizes, pad_sizes) = statement.parameters.grinding_bits, statement.oracles
    transcript = statement.open_transcript(_NO_ROOT, _NO_ROOT)
    lookup_nonce = _grind(transcript, Label.LOOKUP_GRINDING, bits)
    channel = VerifierChannel(transcript, messages, statement.layout.full_plan)
    claims = reduce_statement(channel, statement.layout, statement.dataset.inputs, statement.commitment.value)
    evaluation = reduce_claims(channel, claims, statement.rows)
    gamma = reduce_opening(channel, statement.rows, evaluation, row)
    channel.finish()
    nonce = _grind(transcript, Label.OPENING_GRINDING, bits)
    columns = transcript.distinct_indices(Label.OPENING_COLUMNS, sizes.pads, sizes.columns)
    challenges = draw_challenges(transcript, statement.tableau, channel.tape)
    transcript.absorb(Label.PAD_RESPONSES, b"")
    pad_nonce = _grind(transcript, Label.PAD_GRINDING, bits)
    pad_columns = transcript.distinct_indices(Label.PAD_COLUMNS, pad_sizes.pads, pad_sizes.columns)
    return _Interaction(
        nonces=(lookup_nonce, nonce, pad_nonce),
        point=evaluation.point,
        gamma=gamma,
        tape=channel.tape,
        challenges=challenges,
        columns=(columns, pad_columns),
    )


def _grind(transcript: Transcript, label: Label, bits: int) -> int:
    """The least nonce for the seed, as the prover finds it."""
    seed, nonce = transcript.grinding_seed(label), 0
    while not has_leading_zeros(grinding_digest(seed, nonce), bits):
        nonce += 1
    transcript.absorb_nonce(label, nonce)
    return nonce


def _witness_columns(statement: Statement, row: CombinedRow, run: _Interaction) -> Array:
    """Uniform cells of all data rows; the mask row's follow from u. (t, rows)."""
    rows, columns = statement.rows, run.columns[0]
    cells = np.zeros((len(columns), rows.rows), np.uint64)
    data = uniform_residues(len(columns) * (rows.rows - MASK_ROWS)).reshape(len(columns), -1).astype(np.uint64)
    domain = Domain(rows.oracle.message, rows.oracle.columns, rows.oracle.pads)
    combined = arrays.matrix_product(data, np.ascontiguousarray(rows.row_weights(run.point).T))
    scaled = arrays.scale(np.ascontiguousarray(combined.T), run.gamma)
    cells[:, :MASK_ROWS] = arrays.subtract(domain.evaluate_row(row.cells, row.pads, columns), scaled).T
    cells[:, MASK_ROWS:] = data
    return cells


def _responses(statement: Statement, run: _Interaction) -> TableauResponses:
    """Uniform, the linear one among those with the target as their sum over the message subgroup."""
    layout = statement.tableau
    width = layout.oracle.message
    _, target = layout.combine_constraints(run.tape, run.challenges.linear)
    linear = uniform_elements(layout.linear_length)
    wanted = arrays.scale_base(np.array(target, np.uint64)[:, None], np.full(1, inverse(width), np.uint64))
    rest = linear[:, width::width].sum(axis=1) % _P
    linear[:, 0] = (wanted[:, 0] + (_P - rest)) % _P
    return TableauResponses(
        low_degree=uniform_elements(layout.degree),
        linear=linear,
        quadratic=uniform_elements(layout.quadratic_length),
    )


def _pad_columns(statement: Statement, responses: TableauResponses, run: _Interaction) -> Array:
    """Uniform cells but for the low-degree mask, E0 and Q0, which follow from the three checks. (t, 5 rows)."""
    layout, columns = statement.tableau, run.columns[1]
    width, pads = layout.oracle.message, layout.oracle.pads
    points = Domain(width, layout.oracle.columns, pads).column_points(columns)
    powers = power_table(points, layout.linear_length)
    rows = uniform_elements(layout.rows * len(columns)).reshape(5, layout.rows, -1)
    weights, _ = layout.combine_constraints(run.tape, run.challenges.linear)

    polynomials = interpolate(weights).reshape(-1, width)
    values = evaluate_polynomial(polynomials, points).reshape(5, layout.rows - MASKS, -1)
    linear = arrays.multiply(values, rows[:, MASKS:]).sum(axis=1, dtype=np.uint64) % _P
    linear = arrays.add(linear, arrays.scale_base(rows[:, E1], powers[width]))
    rows[:, E0] = arrays.subtract(evaluate_polynomial(responses.linear, points), linear)

    x, y, z = (rows[:, first : first + layout.product_rows] for first in (layout.x_row, layout.y_row, layout.z_row))
    differences = combine_rows(arrays.subtract(arrays.multiply(x, y), z), run.challenges.quadratic)
    vanishing = (powers[width] + (_P - np.uint64(1))) % _P
    inverses = np.array([inverse(int(v)) for v in vanishing], np.uint64)
    quotient = arrays.scale_base(differences, inverses)
    quadratic = arrays.subtract(evaluate_polynomial(responses.quadratic, points), quotient)
    rows[:, Q0] = arrays.subtract(quadratic, arrays.scale_base(rows[:, Q1], powers[pads]))

    # The mask of the low-degree test is combined with E0 and Q0, so it comes last.
    combined = combine_rows(rows[:, 1:], run.challenges.low_degree)
    rows[:, LOW_DEGREE_MASK] = arrays.subtract(evaluate_polynomial(responses.low_degree, points), combined)
    return np.ascontiguousarray(rows.transpose(1, 0, 2).reshape(5 * layout.rows, -1).T)


def _commit(
    oracle: Oracle, sizes: OracleParameters, columns: list[int], cells: Array, nonce: int
) -> tuple[bytes, OpenedColumns]:
    """The opened columns as leaves under fresh salts, uniform digests for all others, and their root."""
    salts = [secrets.token_bytes(SALT_BYTES) for _ in columns]
    level = [secrets.token_bytes(DIGEST_BYTES) for _ in range(sizes.columns)]
    for index, salt, column in zip(columns, salts, cells, strict=True):
        level[index] = leaf_digest(oracle, index, salt, arrays.to_bytes(column))
    levels = [level]
    while len(level) > 1:
        height = len(levels)
        level = [node_digest(oracle, height, i, level[2 * i], level[2 * i + 1]) for i in range(len(level) // 2)]
        levels.append(level)
    path = b"".join(levels[height][index] for height, index in missing_siblings(sizes.columns, columns))
    return level[0], OpenedColumns(nonce=nonce, cells=arrays.to_bytes(cells), salts=b"".join(salts), path=path)
