"""Known answers of the soundness account: the terms of statements, as integers in units of 2^-256."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.vectors.files import Case, case
from tests.vectors.models import SHAPES, model_of
from zkaudit.layout import Layout, shape_of
from zkaudit.parameters import PROFILES
from zkaudit.soundness import account, choose_parameters
from zkaudit_circuits.claim import CorrectCount
from zkaudit_circuits.network import lower

STATEMENTS = (("dense", 1), ("dense", 360), ("convolutions", 64), ("residual, gate, table and views", 5), ("signal", 2))


def soundness_cases() -> list[Case]:
    """`soundness.json`."""
    result = []
    for name, samples in STATEMENTS:
        shape, layers, interval = SHAPES[name]
        architecture = model_of(name, shape, layers, interval).architecture
        labels = np.arange(samples) % architecture.classes
        count = samples // 2
        claim = CorrectCount(labels=labels, classes=architecture.classes, count=count, exact=False)
        layout = Layout(lower(architecture, claim))
        for profile in sorted(PROFILES):
            given = {
                "architecture": architecture.canonical(),
                "labels": labels,
                "claim": f"correct >= {count}",
                "profile": profile,
            }
            comment = "Circuit digest, sizes of the oracles, and every term of the account in units of 2^-256."
            expected = _expected(layout, profile)
            result.append(case(f"{name}, {samples} samples, {profile}", comment, given, expected))
    return result


def _expected(layout: Layout, profile: str) -> dict[str, Any]:
    numbers, shape = PROFILES[profile], shape_of(layout)
    witness, pads = choose_parameters(numbers, shape)
    terms = account(numbers, shape, witness, pads)
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
