"""What a proof will cost: time and memory from a linear model, bytes and security from the statement itself."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from zkaudit.claim import Claim, parse_claim
from zkaudit.constraints import claim_gadget
from zkaudit.dataset import MAX_SAMPLES, HeldOutSet
from zkaudit.errors import InvalidInput
from zkaudit.layout import Layout, shape_of
from zkaudit.merkle.messages import DIGEST_BYTES, SALT_BYTES
from zkaudit.metrics import close_on_labels
from zkaudit.model.architecture import Architecture
from zkaudit.opening.verifier import RowLayout
from zkaudit.pads.messages import TableauLayout
from zkaudit.parameters import STANDARD, Profile
from zkaudit.soundness import OracleParameters, account, choose_parameters
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
    seconds_per_functional: float
    """Performance knob: what an equation of the claim costs, in the prover and in its replay."""
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
    seconds_per_functional=0.0004,
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


def estimate(
    architecture: Architecture, samples: int, profile: Profile = STANDARD, claim: Claim | None = None
) -> Estimate:
    """The cost of proving a claim, a threshold for the accuracy if none is given, on `samples` samples.

    `InvalidInput` for a sample count out of bounds, a claim that no such set can meet, or a model whose integers could
    wrap.
    """
    if not 1 <= samples <= MAX_SAMPLES:
        raise InvalidInput(f"{samples} samples", where="estimate", expected=f"1 to {MAX_SAMPLES}")
    # The threshold changes only the width of one slack.
    asked, dataset = stand_in(architecture, samples, claim or parse_claim("accuracy >= 0.5"))
    layout = Layout(lower(architecture, claim_gadget(asked, dataset, architecture.classes)))
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
    seconds += COST.seconds_per_functional * len(layout.circuit.functionals)
    return Estimate(
        samples=samples,
        padded_samples=layout.circuit.samples,
        weights=architecture.weight_count,
        cells=cells,
        lookups=shape.lookups,
        seconds=seconds + nanoseconds / 1e9,
        peak_bytes=COST.start_bytes + round(memory),
        proof_bytes=proof_bytes(layout, witness, pads) + len(asked.text),
        security_bits=account(profile, shape, witness, pads).total_bits,
    )


def stand_in(architecture: Architecture, samples: int, claim: Claim) -> tuple[Claim, HeldOutSet]:
    """A set of the sizes that a statement would have, and the claim with values where it is open.

    InvalidInput for a matrix of other sizes, and for an open value that such a set leaves undefined.
    Labels take turns, and so do the groups, two if none is named; a stated matrix has labels of its own.
    Neither inputs nor predictions change a size.
    """
    classes = architecture.classes
    labels = np.arange(samples, dtype=np.int64) % classes
    for atom in claim.atoms:
        if atom.table is not None:
            sizes = [sum(row) for row in atom.table]
            if sum(sizes) != samples or len(sizes) != classes:
                raise InvalidInput(
                    f"a matrix of {len(sizes)} classes and {sum(sizes)} samples",
                    where="claim confusion_matrix",
                    expected=f"{classes} and {samples}",
                )
            labels = np.repeat(np.arange(classes, dtype=np.int64), sizes)
    groups = None
    if claim.needs_groups:
        named = sorted({atom.group for atom in claim.atoms if atom.group is not None})
        values = np.array(named if len(named) > 1 else [*named, 1 if 0 in named else 0, 2][:2], np.int64)
        groups = values[np.arange(samples) // classes % len(values)]
    zeros = np.broadcast_to(np.int64(0), (architecture.features, samples))
    dataset = HeldOutSet(inputs=zeros, labels=labels, groups=groups)
    return close_on_labels(claim, dataset, classes), dataset


def multiplications(architecture: Architecture) -> int:
    """Products of a weight and an activation that one sample takes."""
    outputs = {
        id(layer): prod(shape) for layer, shape in zip(architecture.layers, architecture.shapes[1:], strict=True)
    }
    return sum(layer.fan_in * outputs[id(layer)] for layer in architecture.weighted_layers)


def require_memory(architecture: Architecture, samples: int, limit: int, claim: Claim | None = None) -> None:
    """`InvalidInput` when a proof is predicted to take more than `limit` bytes."""
    predicted = estimate(architecture, samples, claim=claim).peak_bytes
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
