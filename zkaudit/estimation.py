"""What a proof will cost: time and memory from a linear model, bytes and security from the statement itself."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from zkaudit.dataset import MAX_SAMPLES
from zkaudit.errors import InvalidInput
from zkaudit.layout import Layout, shape_of
from zkaudit.merkle.messages import DIGEST_BYTES, SALT_BYTES
from zkaudit.model.architecture import Architecture
from zkaudit.opening.verifier import RowLayout
from zkaudit.pads.messages import TableauLayout
from zkaudit.parameters import STANDARD, Profile
from zkaudit.soundness import OracleParameters, account, choose_parameters
from zkaudit_circuits.claim import CorrectCount
from zkaudit_circuits.network import lower

ELEMENT_BYTES = 20
"""Bytes of an element of F on the wire."""

CELL_BYTES = 4
"""Bytes of an element of K on the wire."""

FRAME_BYTES = 500
"""Performance knob: about what header, bindings, roots, nonces and names of the fields of a proof file take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostModel:
    """Seconds from process start to exit and peak bytes, linear in the counts of a statement, warm, on two cores."""

    start_seconds: float
    """Performance knob: interpreter, imports, compiled kernels from the cache, grinding, pad oracle."""
    seconds_per_relation: float
    """Performance knob: what a linear relation costs whatever its size, in the prover and in its replay."""
    nanoseconds_per_lookup: float
    """Performance knob: the fraction tree, its sumchecks and their buffers."""
    nanoseconds_per_cell: float
    """Performance knob: witness, encoding and hashing at the profile's rate, batching, combined row."""
    nanoseconds_per_weight: float
    """Performance knob: coefficients of the commitment link."""
    nanoseconds_per_product: float
    """Performance knob: one multiplication of the integer network, a pass over each weight and sample."""
    start_bytes: int
    """Performance knob: interpreter, numpy, numba and compiled kernels."""
    bytes_per_lookup: float
    """Performance knob: levels of the fraction tree that are kept, and the buffers of its rounds."""
    bytes_per_cell: float
    """Performance knob: the integer column, the witness vector and the pads of its rows."""
    bytes_per_weight: float
    """Performance knob: coefficients of the commitment link while they are computed."""


COST = CostModel(
    start_seconds=1.1,
    seconds_per_relation=0.015,
    nanoseconds_per_lookup=45,
    nanoseconds_per_cell=45,
    nanoseconds_per_weight=150,
    nanoseconds_per_product=0.75,
    start_bytes=200_000_000,
    bytes_per_lookup=25,
    bytes_per_cell=16,
    bytes_per_weight=54,
)
"""The one table of cost constants; `make bench` prints it beside what it measures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The predicted cost of one proof.

    `seconds` and `peak_bytes` come from the cost model, `proof_bytes` is within one percent of the truth,
    `cells`, `lookups` and `security_bits` are exact.
    """

    samples: int
    padded_samples: int
    weights: int
    cells: int
    lookups: int
    seconds: float
    peak_bytes: int
    proof_bytes: int
    security_bits: float


def estimate(architecture: Architecture, samples: int, profile: Profile = STANDARD) -> Estimate:
    """The cost of proving a threshold claim on `samples` samples.

    `InvalidInput` for a sample count out of bounds, or a model whose integers could wrap.
    """
    if not 1 <= samples <= MAX_SAMPLES:
        raise InvalidInput(f"{samples} samples", where="estimate", expected=f"1 to {MAX_SAMPLES}")
    # Labels do not change any size, and the threshold only the width of one slack.
    labels = np.zeros(samples, np.int64)
    count = CorrectCount(labels=labels, classes=architecture.classes, count=samples // 2, exact=False)
    layout = Layout(lower(architecture, count))
    shape = shape_of(layout)
    witness, pads = choose_parameters(profile, shape)
    cells = shape.batched_cells + shape.static_cells
    memory = (
        COST.bytes_per_lookup * shape.lookups
        + COST.bytes_per_cell * cells
        + COST.bytes_per_weight * architecture.weight_count
    )
    nanoseconds = (
        COST.nanoseconds_per_lookup * shape.lookups
        + COST.nanoseconds_per_cell * cells
        + COST.nanoseconds_per_weight * architecture.weight_count
        + COST.nanoseconds_per_product * multiplications(architecture) * layout.circuit.samples
    )
    seconds = COST.start_seconds + COST.seconds_per_relation * len(layout.circuit.linear)
    return Estimate(
        samples=samples,
        padded_samples=layout.circuit.samples,
        weights=architecture.weight_count,
        cells=cells,
        lookups=shape.lookups,
        seconds=seconds + nanoseconds / 1e9,
        peak_bytes=COST.start_bytes + round(memory),
        proof_bytes=proof_bytes(layout, witness, pads),
        security_bits=account(profile, shape, witness, pads).total_bits,
    )


def multiplications(architecture: Architecture) -> int:
    """Products of a weight and an activation that one sample takes."""
    outputs = {
        id(layer): prod(shape) for layer, shape in zip(architecture.layers, architecture.shapes[1:], strict=True)
    }
    return sum(layer.fan_in * outputs[id(layer)] for layer in architecture.weighted_layers)


def require_memory(architecture: Architecture, samples: int, limit: int) -> None:
    """`InvalidInput` when a proof is predicted to take more than `limit` bytes."""
    predicted = estimate(architecture, samples).peak_bytes
    if predicted > limit:
        raise InvalidInput(
            f"the proof is predicted to take {predicted / 1e9:.1f} GB",
            where="--max-memory",
            expected=f"at most {limit / 1e9:.1f} GB",
            next_step="use fewer samples or allow more memory",
        )


def proof_bytes(layout: Layout, witness: OracleParameters, pads: OracleParameters) -> int:
    """Bytes of a proof: frame, padded messages, combined row, responses and opened columns of both oracles."""
    tableau = TableauLayout(layout.full_plan, pads)
    responses = tableau.degree + tableau.linear_length + tableau.quadratic_length
    elements = layout.full_plan.elements + witness.dimension + responses
    opened = opened_bytes(witness, RowLayout(layout, witness).rows) + opened_bytes(pads, 5 * tableau.rows)
    return FRAME_BYTES + ELEMENT_BYTES * elements + opened


def opened_bytes(oracle: OracleParameters, rows: int) -> int:
    """Bytes of t opened columns: cells, salts, and the expected number of siblings on their shared paths.

    Of the m nodes of a level, m ((1 - 1/m)^t - (1 - 2/m)^t) are expected to be empty beside one that is not.
    """
    columns = oracle.pads
    nodes = oracle.columns
    siblings = 0.0
    while nodes >= 2:
        siblings += nodes * ((1 - 1 / nodes) ** columns - (1 - 2 / nodes) ** columns)
        nodes //= 2
    return columns * (CELL_BYTES * rows + SALT_BYTES) + DIGEST_BYTES * round(siblings)
