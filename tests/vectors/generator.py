"""All files of `vectors/` but its README, from nothing."""

from __future__ import annotations

from collections.abc import Callable

from tests.vectors.circuits import circuit_cases
from tests.vectors.encoding import encoding_cases
from tests.vectors.field import field_cases, reed_solomon_cases, transform_cases
from tests.vectors.files import Case, render
from tests.vectors.hashing import hash_cases, merkle_cases, transcript_cases
from tests.vectors.models import (
    architecture_cases,
    claim_cases,
    commitment_cases,
    evaluation_cases,
    heldout_cases,
    input_cases,
)
from tests.vectors.openings import opening_cases, pad_cases
from tests.vectors.proofs import proof_files
from tests.vectors.protocols import (
    batching_cases,
    functional_cases,
    linear_cases,
    lookup_cases,
    product_cases,
    sumcheck_cases,
)
from tests.vectors.signatures import document_cases, signature_cases
from tests.vectors.soundness import soundness_cases

LAYERS: dict[str, tuple[str, str, Callable[[], list[Case]]]] = {
    "field": ("Field", "Arithmetic, wire form and points of K and F.", field_cases),
    "ntt": ("Reed-Solomon rows", "Message cells and the coefficients of their polynomial.", transform_cases),
    "reed_solomon": ("Reed-Solomon rows", "Rows over K at columns.", reed_solomon_cases),
    "hashes": ("Merkle trees", "Leaves, nodes and proofs of work.", hash_cases),
    "merkle": ("Merkle trees", "Openings of several columns, true and false.", merkle_cases),
    "transcript": ("Transcript", "Histories of a transcript and what is drawn from them.", transcript_cases),
    "encoding": ("Canonical encoding", "Values, containers and refused bytes.", encoding_cases),
    "architectures": ("Architecture", "Canonical forms, their digests, and refused forms.", architecture_cases),
    "evaluation": ("Integer semantics", "Networks on samples: logits and predictions.", evaluation_cases),
    "inputs": ("Held-out set", "Raw values and their integers.", input_cases),
    "heldout": ("Held-out set", "Digests of held-out sets.", heldout_cases),
    "claims": ("Claim", "Texts of claims, and the bound of a verdict.", claim_cases),
    "commitment": ("Commitment", "Public ring elements, values, files.", commitment_cases),
    "circuits": ("Relations", "A circuit, its digest and its layout.", circuit_cases),
    "sumcheck": ("Sumcheck", "Rounds of sumchecks.", sumcheck_cases),
    "lookups": ("Lookups", "Fraction trees and the claims on their leaves.", lookup_cases),
    "products": ("Products", "The zero-check of all products.", product_cases),
    "linear": ("Linear layers", "Every term, at a sample point.", linear_cases),
    "functionals": ("Functionals", "Functionals with a static part and without.", functional_cases),
    "batching": ("Batching", "Linear claims to one address.", batching_cases),
    "opening": ("Opening", "The combined row at opened columns.", opening_cases),
    "pads": ("Pad tableau", "The three tests.", pad_cases),
    "signatures": ("Signatures", "Keys, signatures, aggregates and proofs of possession.", signature_cases),
    "documents": ("Documents", "Challenges, receipts and the other files around a proof.", document_cases),
    "soundness": ("Soundness", "Sizes and error terms of statements.", soundness_cases),
}
"""Section of docs/protocol.md or docs/formats.md, comment and cases of each file."""


def layer_file(name: str) -> bytes:
    """The text of one file of a layer."""
    section, comment, cases = LAYERS[name]
    return render(section, comment, cases())


def all_files() -> dict[str, bytes]:
    """Every file by its path in the folder."""
    layers = {f"{name}.json": layer_file(name) for name in LAYERS}
    return layers | {f"proofs/{name}": data for name, data in proof_files().items()}
