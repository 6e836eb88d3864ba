"""Claims beyond accuracy through the command line: check, estimate, security, prove, and open claims."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import SAMPLES, Files, Program, make_files
from zkaudit import cli
from zkaudit.claim import parse_claim
from zkaudit.commitment import load_commitment
from zkaudit.dataset import dataset_bytes, load_dataset, quantise_inputs
from zkaudit.statement import Statement
from zkaudit.verifier import verify
from zkaudit.wire import read_bounded

TRUE = (
    "correct[group=7] >= 0 and predicted[1, group=-7] <= 21 and balanced_accuracy >= 0",
    "recall[0] == ? and f1[2] >= 0 and top_k_accuracy[2] >= 0",
    "macro_f1 >= 0.000000000000000001",
    "confusion_matrix",
    "demographic_parity_difference <= 1 and equalized_odds_difference[0] <= 1 and min_group_accuracy == ?",
)


@pytest.fixture(scope="module")
def grouped(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Files whose held-out set has labels of every class in each of two groups; the model gets some of them right."""
    made = make_files(tmp_path_factory.mktemp("claims"))
    labels = np.arange(SAMPLES) % 3
    groups = np.where(np.arange(SAMPLES) < 10, 7, -7)
    (made.folder / "heldout.npz").write_bytes(dataset_bytes(made.inputs, labels, groups))
    return made


def arguments(command: str, files: Files, claim: str) -> list[str]:
    if command == "check":
        return [command, files.path("model.zkm"), "--data", files.path("heldout.npz"), "--claim", claim]
    return [
        "prove", files.path("model.zkm"), "--opening", files.path("opening.zko"), "--commitment",
        files.path("commitment.json"), "--data", files.path("heldout.npz"), "--claim", claim, "-o",
        files.path("audit.zkp"),
    ]  # fmt: skip


@pytest.mark.parametrize("claim", TRUE)
def test_check_estimate_and_security_know_every_kind(grouped: Files, program: Program, claim: str) -> None:
    code, shown = program(*arguments("check", grouped, claim))
    assert (code, shown["status"]) == (0, "satisfied")
    assert "?" not in shown["claim"]
    assert shown["reveals"] == list(parse_claim(shown["claim"]).reveals())
    size = ("--samples", str(SAMPLES), "--claim", claim)
    code, predicted = program("estimate", grouped.path("model.zkm"), *size)
    assert code == 0
    code, account = program("security", "--model", grouped.path("model.zkm"), *size)
    assert (code, account["total_bits"]) == (0, predicted["security_bits"])
    assert predicted["security_bits"] >= 128


def test_a_false_claim_names_its_relation(grouped: Files, program: Program) -> None:
    code, shown = program(*arguments("check", grouped, "accuracy >= 0 and macro_f1 >= 1"))
    assert (code, shown["reason"]) == (1, "constraint-violated")
    assert {one["constraint"] for one in shown["violations"]} == {"claim 2/at least/sum/of scores"}
    code, shown = program(*arguments("prove", grouped, "macro_f1 >= 1"))
    assert (code, shown["status"]) == (1, "unprovable")
    assert "macro_f1 >= 1 is false: macro_f1 is 0." in shown["error"]


@pytest.mark.parametrize(
    ("claim", "fault"),
    [
        ("recall[3] >= 0.5", "class 3 of 3"),
        ("accuracy[group=1] >= 0.5", "no sample is of group 1"),
        ("accuracy[group=1] > 0.5", "not a claim"),
        ("correct == 22", "no predictions on this held-out set"),
    ],
)
def test_a_claim_without_a_meaning_is_one_line(grouped: Files, program: Program, claim: str, fault: str) -> None:
    for command in ("check", "prove"):
        code, shown = program(*arguments(command, grouped, claim))
        assert (code, shown["reason"]) == (3, "invalid-input")
        assert fault in shown["error"]
        assert "\n" not in shown["error"]


def test_an_open_claim_is_closed_by_the_proof(
    grouped: Files, program: Program, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(arguments("prove", grouped, "confusion_matrix")) == 0
    out, err = capsys.readouterr()
    assert "reveals, and nothing else of the predictions" in err
    assert "confusion_matrix: the number of predictions of each class" in err
    closed = next(line for line in out.splitlines() if "confusion_matrix" in line).split(maxsplit=1)[1]
    claim = parse_claim(closed)
    assert claim.is_closing_of(parse_claim("confusion_matrix"))
    published = load_commitment(Path(grouped.path("commitment.json")))
    dataset = quantise_inputs(published.architecture, load_dataset(grouped.path("heldout.npz")))
    content = read_bounded(Path(grouped.path("audit.zkp")), 1 << 28, "proof")
    verdict = verify(Statement(commitment=published, dataset=dataset, claim=claim), content)
    assert verdict.findings[0].table == claim.atoms[0].table
    public = ("--commitment", grouped.path("commitment.json"), "--data", grouped.path("heldout.npz"))
    code, shown = program("security", grouped.path("audit.zkp"), *public, "--claim", "confusion_matrix")
    assert (code, shown["claim"]) == (0, closed)
    code, shown = program("security", grouped.path("audit.zkp"), *public, "--claim", "correct == ?")
    assert (code, shown["reason"]) == (1, "wrong-claim")
    capsys.readouterr()
    assert cli.run(["verify", grouped.path("audit.zkp"), *public, "--claim", "confusion_matrix"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"VERIFIED: confusion_matrix on {dataset.samples} held-out samples"
    table = claim.atoms[0].table
    assert table is not None
    rows = [tuple(map(int, line.split("|")[1].split())) for line in lines[-len(table) :]]
    assert tuple(rows) == table
