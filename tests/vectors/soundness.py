"""Known answers of the soundness account: the terms of statements, as integers in units of 2^-256."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.vectors.files import Case, case
from tests.vectors.models import SHAPES, model_of
from zkaudit.claim import parse_claim
from zkaudit.commitment.ajtai import Commitment
from zkaudit.dataset import HeldOutSet
from zkaudit.layout import shape_of
from zkaudit.parameters import PROFILES
from zkaudit.statement import Statement

STATEMENTS = (("dense", 1), ("dense", 360), ("convolutions", 64), ("residual, gate, table and views", 5), ("signal", 2))


def soundness_cases() -> list[Case]:
    """`soundness.json`."""
    result = []
    for name, samples in STATEMENTS:
        shape, layers, interval = SHAPES[name]
        architecture = model_of(name, shape, layers, interval).architecture
        labels = np.arange(samples) % architecture.classes
        dataset = HeldOutSet(inputs=np.zeros((architecture.features, samples), np.int64), labels=labels)
        commitment = Commitment(architecture=architecture, value=np.zeros(512, np.uint32))
        text = f"correct >= {samples // 2}"
        for profile in sorted(PROFILES):
            # The account depends on the shape of a statement, never on inputs or weights.
            statement = Statement(commitment=commitment, dataset=dataset, claim=parse_claim(text), profile=profile)
            given = {"architecture": architecture.canonical(), "labels": labels, "claim": text, "profile": profile}
            comment = "Circuit digest, sizes of the oracles, and every term of the account in units of 2^-256."
            result.append(case(f"{name}, {samples} samples, {profile}", comment, given, _expected(statement)))
    return result


def _expected(statement: Statement) -> dict[str, Any]:
    layout, terms = statement.layout, statement.account
    shape = shape_of(layout)
    witness, pads = statement.oracles
    plan = layout.full_plan
    return {
        "circuit": layout.circuit.digest(),
        "batched cells": shape.batched_cells,
        "static cells": shape.static_cells,
        "lookups": shape.lookups,
        "table rows": shape.table_rows,
        "elements": plan.elements,
        "products": len(plan.products),
        "claims": shape.claims,
        "witness oracle": [witness.message, witness.columns, witness.pads],
        "pad oracle": [pads.message, pads.columns, pads.pads],
        "terms": {term.name: str(term.error) for term in terms.terms},
        "total": str(terms.error),
    }
