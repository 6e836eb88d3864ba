"""The tests that have to notice a fault of each module, beside the proofs that the whole verifier judges."""

from __future__ import annotations

SUITES: dict[str, tuple[str, ...]] = {
    "zkaudit.verifier": (
        "tests/test_guards.py",
        "tests/test_forged_files.py::test_a_policy_is_met_or_named_after_the_proof_is_valid",
    ),
    "zkaudit.reduction": ("tests/test_guards.py",),
    "zkaudit.masking": ("tests/test_masking.py",),
    "zkaudit.transcript": ("tests/test_transcript.py",),
    "zkaudit.proof": (
        "tests/test_proof.py::test_residues_have_one_length_and_one_form",
        "tests/test_proof.py::test_another_version_is_named",
        "tests/test_proof.py::test_a_proof_has_one_encoding",
    ),
    "zkaudit.wire": ("tests/test_wire.py",),
    "zkaudit.merkle.verifier": ("tests/merkle",),
    "zkaudit.merkle.messages": ("tests/merkle",),
    "zkaudit.opening.verifier": ("tests/opening/test_opening_claims.py",),
    "zkaudit.opening.claims": ("tests/opening/test_opening_claims.py",),
    "zkaudit.pads.verifier": ("tests/pads",),
    "zkaudit.sumcheck.verifier": ("tests/sumcheck/test_sumcheck_verifier.py",),
    "zkaudit.sumcheck.equality": ("tests/sumcheck",),
    "zkaudit.lookup.verifier": ("tests/lookup/test_tree.py",),
    "zkaudit.lookup.claims": ("tests/lookup/test_leaf_claims.py",),
    "zkaudit.products.verifier": ("tests/products",),
    "zkaudit.linear.verifier": ("tests/linear",),
    "zkaudit.functionals.verifier": ("tests/functionals",),
    "zkaudit.commitment.link": ("tests/commitment/test_link.py",),
    "zkaudit.commitment.formats": ("tests/commitment/test_formats.py",),
    "zkaudit.soundness": ("tests/test_soundness.py",),
    "zkaudit.parameters": ("tests/test_parameters.py", "tests/test_soundness.py"),
    "zkaudit.layout": ("tests/opening/test_opening_claims.py", "tests/lookup/test_leaf_claims.py"),
    "zkaudit.field.arrays": ("tests/field/test_arrays.py",),
    "zkaudit.field.extension": ("tests/field/test_extension.py",),
}
"""Test files, or single tests where a file takes long, by module."""
