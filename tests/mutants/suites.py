"""The tests that have to notice a fault of each module, beside the proofs that the whole verifier judges."""

from __future__ import annotations

CLAIMS = (
    "tests/test_second_circuits.py::test_claims_have_one_circuit",
    "tests/test_constraints.py",
    "tests/test_metrics.py::test_circuits_decide_at_the_threshold",
    "tests/test_metrics.py::test_the_circuit_of_a_matrix",
    "tests/test_metrics.py::test_precision_without_predictions_is_false_in_every_relation",
    "tests/test_metrics.py::test_what_the_labels_leave_undefined_is_refused",
    "tests/test_metrics.py::test_claims_of_groups_need_groups",
    "tests/test_metrics.py::test_a_macro_f1_beyond_the_limit_is_refused",
)
"""The second verifier's circuits of claims first: it has written them down from the specification alone."""

SUITES: dict[str, tuple[str, ...]] = {
    "zkaudit.verifier": (
        "tests/test_verifier.py",
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
    "zkaudit.opening.verifier": ("tests/opening/test_opening_claims.py", "tests/test_guards.py"),
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
    "zkaudit.atom": ("tests/test_claim.py", "tests/test_claims.py::test_what_a_claim_implies"),
    "zkaudit.claim": ("tests/test_claim.py", "tests/test_claims.py::test_what_a_claim_implies"),
    "zkaudit.confidence": ("tests/test_claim.py",),
    "zkaudit.constraints": CLAIMS,
    "zkaudit_circuits.claim": CLAIMS,
    "zkaudit_circuits.formula": ("tests/circuits/test_tally.py", *CLAIMS),
    "zkaudit_circuits.inequality": (*CLAIMS, "tests/circuits/test_inequality.py"),
    "zkaudit_circuits.macro": CLAIMS,
    "zkaudit_circuits.tally": ("tests/circuits/test_tally.py", *CLAIMS),
    "zkaudit_circuits.top_k": CLAIMS,
}
"""Test files, or single tests where a file takes long, by module."""
