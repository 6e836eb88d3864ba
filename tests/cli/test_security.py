"""The security account on the command line: of a proof's statement, of a model, and what it refuses."""

from __future__ import annotations

import dataclasses
import re
from math import log2

import pytest

from tests.cli.conftest import SAMPLES, Files, Program, make_files
from tests.imports import ROOT
from zkaudit import cli
from zkaudit.claim import parse_claim
from zkaudit.commitment import load_commitment
from zkaudit.dataset import load_dataset, quantise_inputs
from zkaudit.estimation import estimate
from zkaudit.proof import OpenedColumns, Proof, decode
from zkaudit.soundness import Account
from zkaudit.statement import Statement

CLAIM = f"correct >= {SAMPLES // 2}"


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Files with a proof that names their statement and is none otherwise: an account does not verify."""
    made = make_files(tmp_path_factory.mktemp("security"))
    statement = _statement(made)
    nothing = OpenedColumns(nonce=0, cells=b"", salts=b"", path=b"")
    proof = Proof(
        profile=statement.profile,
        commitment=statement.commitment.digest(),
        data=statement.dataset.digest(),
        claim=statement.claim.text,
        challenge=b"",
        witness_root=bytes(32),
        pad_root=bytes(32),
        lookup_nonce=0,
        messages=b"",
        row=b"",
        witness=nothing,
        responses=b"",
        pads=nothing,
    )
    (made.folder / "audit.zkp").write_bytes(proof.encode())
    return made


def _statement(files: Files) -> Statement:
    commitment = load_commitment(files.path("commitment.json"))
    dataset = quantise_inputs(commitment.architecture, load_dataset(files.path("heldout.npz")))
    return Statement(commitment=commitment, dataset=dataset, claim=parse_claim(CLAIM))


def _arguments(files: Files, **changed: str) -> list[str]:
    given = {"commitment": files.path("commitment.json"), "data": files.path("heldout.npz"), "claim": CLAIM} | changed
    options = [text for name, value in given.items() for text in (f"--{name}", value)]
    return ["security", files.path("audit.zkp"), *options]


def _sum_of(terms: list[dict[str, float]]) -> float:
    return -log2(sum(2.0 ** -term["bits"] for term in terms))


def _account(files: Files) -> Account:
    return _statement(files).account


def test_account_of_a_proofs_statement(audited: Files, program: Program) -> None:
    code, shown = program(*_arguments(audited))
    assert (code, shown["status"], shown["verified"], shown["claim"]) == (0, "accounted", False, CLAIM)
    account = _account(audited)
    assert [(term["name"], term["bits"]) for term in shown["terms"]] == [(t.name, t.bits) for t in account.terms]
    assert all(term["formula"] and term["source"] for term in shown["terms"])
    assert shown["total_bits"] == account.total_bits >= shown["target_bits"] == 128
    assert shown["total_bits"] == pytest.approx(_sum_of(shown["terms"]))
    assert shown["oracles"]["pad"]["pads"] == 135
    assert (shown["commitment"]["norm"], shown["commitment"]["block_size"]) == (255, 1013)
    assert shown["commitment"]["hiding_bits"] > 254


def test_account_of_a_model_is_that_of_its_proofs(audited: Files, program: Program) -> None:
    model = ["security", "--model", audited.path("model.zkm"), "--samples", str(SAMPLES)]
    code, of_model = program(*model, "--claim", CLAIM)
    assert code == 0
    assert of_model == program(*_arguments(audited))[1]
    code, assumed = program(*model)
    assert (code, assumed["claim"]) == (0, "accuracy >= 0.5")
    assert assumed["total_bits"] == pytest.approx(of_model["total_bits"], abs=0.5)


def test_oracles_are_those_that_an_estimate_counts(audited: Files, program: Program) -> None:
    _, shown = program("security", "--model", audited.path("model.zkm"), "--samples", "5000")
    assert shown["total_bits"] == pytest.approx(estimate(audited.model.architecture, 5000).security_bits, abs=0.01)
    _, small = program("security", "--model", audited.path("model.zkm"), "--samples", "5")
    assert shown["oracles"]["witness"]["message"] > small["oracles"]["witness"]["message"]


def test_every_term_is_printed_for_a_person(audited: Files, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(_arguments(audited)) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "nothing verified" in out.splitlines()[0]
    account = _account(audited)
    for term in account.terms:
        line = next(line for line in out.splitlines() if line.startswith(f"  {term.name} "))
        assert f"{term.bits:.2f}" in line
        assert term.formula in line
        assert term.source in line
    assert f"{account.total_bits:.2f}  sum of the errors" in out
    for words in ("standard-128", "witness oracle", "pad oracle", "Ring-SIS", "2^-254", "random oracle"):
        assert words in out


def test_every_term_and_source_is_argued_in_the_documentation(audited: Files) -> None:
    text = (ROOT / "docs" / "soundness.md").read_text(encoding="utf-8")
    for term in _account(audited).terms:
        assert f"**`{term.name}`**" in text, term.name
        for key in re.findall(r"\[\w+\]", term.source):
            assert f"\n| {key} |" in text, key


def test_a_proof_of_another_statement_is_named(audited: Files, program: Program) -> None:
    code, shown = program(*_arguments(audited, claim=f"correct >= {SAMPLES}"))
    assert (code, shown["status"], shown["reason"]) == (1, "invalid", "wrong-claim")
    assert "total_bits" not in shown
    code, shown = program(*_arguments(audited, data=audited.heldout(audited.labels[::-1].copy())))
    assert (code, shown["reason"]) == (1, "wrong-data")


def test_the_insecure_profile_has_no_account(audited: Files, program: Program) -> None:
    path = audited.folder / "audit.zkp"
    content = path.read_bytes()
    path.write_bytes(dataclasses.replace(decode(content), profile="test-insecure").encode())
    try:
        code, shown = program(*_arguments(audited))
        assert (code, shown["reason"]) == (1, "wrong-profile")
    finally:
        path.write_bytes(content)


def test_incomplete_command_lines_are_usage_errors(audited: Files, program: Program) -> None:
    proof, model = audited.path("audit.zkp"), audited.path("model.zkm")
    for arguments in (
        [],
        [proof],
        _arguments(audited)[1:-2],
        [*_arguments(audited)[1:], "--samples", "5"],
        [*_arguments(audited)[1:], "--model", model],
        ["--model", model],
        ["--samples", "5"],
        ["--model", model, "--samples", "0"],
        ["--model", model, "--samples", "5", "--data", audited.path("heldout.npz")],
    ):
        code, shown = program("security", *arguments)
        assert (code, shown["reason"]) == (2, "usage")


def test_unusable_files_are_one_line(audited: Files, program: Program) -> None:
    missing = audited.path("missing")
    for arguments in (
        ["security", missing, *_arguments(audited)[2:]],
        ["security", audited.path("heldout.npz"), *_arguments(audited)[2:]],
        ["security", "--model", missing, "--samples", "5"],
        ["security", "--model", audited.path("model.zkm"), "--samples", str(1 << 21)],
        ["security", "--model", audited.path("model.zkm"), "--samples", "5", "--claim", "correct >= 6"],
    ):
        code, shown = program(*arguments)
        assert (code, shown["reason"]) == (3, "invalid-input")
