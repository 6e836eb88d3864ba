"""What the descriptions need at run time, and that the documentation has every field."""

from __future__ import annotations

import sys

import pytest

from tests.imports import ROOT, chain, closure, modules
from tests.publishing.records import MANY
from tests.publishing.test_statement import names
from zkaudit.publishing.folder import NAMES
from zkaudit.publishing.statement import PREDICATE_TYPE, claim_statement

BASE = {"numpy", "msgpack", "zkaudit", "zkaudit_circuits"}


@pytest.mark.parametrize(
    ("root", "more"),
    [
        ("zkaudit.publishing.verification_result", set()),
        # Secret keys are read by the extra `sign`, which a publication without --key does without.
        ("zkaudit.publishing.publication", {"py_ecc", "pyrage"}),
        ("zkaudit.publishing.verification", {"py_ecc", "pyrage"}),
    ],
)
def test_the_base_install_is_enough(root: str, more: set[str]) -> None:
    for reached in sorted(closure(root)):
        if reached not in modules():
            assert reached in BASE | more | sys.stdlib_module_names, " -> ".join(chain(root, reached))
        assert not reached.endswith((".prover", ".kernels"))


def test_the_verifier_does_not_know_of_publications() -> None:
    assert not [module for module in closure("zkaudit.verifier") if module.startswith("zkaudit.publishing")]


def test_every_field_is_documented() -> None:
    text = (ROOT / "docs" / "publishing.md").read_text(encoding="utf-8")
    for name in names(claim_statement(MANY)["predicate"]):
        assert f"`{name}`" in text or f'"{name}"' in text, name
    assert PREDICATE_TYPE in text
    assert all(f"`{name}`" in text for name in NAMES)
