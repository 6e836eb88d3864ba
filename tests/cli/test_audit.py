"""check, prove and verify through the command line: what is accepted, and the exit code of everything else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import zkaudit.statement
from tests.cli.conftest import SAMPLES, Files, Program, make_files
from zkaudit import cli, wire
from zkaudit.commitment import commit, save_commitment
from zkaudit.estimation import estimate
from zkaudit.proof import MAGIC, VERSION

CLAIM = "accuracy >= 0.9"


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The files of an audit with a proof of CLAIM, made once; two of the labels are not the model's."""
    made = make_files(tmp_path_factory.mktemp("audit"))
    labels = made.labels.copy()
    labels[:2] = (labels[:2] + 1) % 3
    made.heldout(labels, "heldout.npz")
    done = subprocess.run(_command("prove", made, "--json"), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (made.folder / "prove.json").write_text(done.stdout)
    return made


def _arguments(command: str, files: Files, *, claim: str = CLAIM, **changed: str) -> list[str]:
    """The arguments of a command on the files of an audit, some of them changed."""
    names = {"model": "model.zkm", "opening": "opening.zko", "commitment": "commitment.json"}
    names |= {"data": "heldout.npz", "proof": "audit.zkp"}
    path = {key: changed.get(key, files.path(name)) for key, name in names.items()}
    public = ["--commitment", path["commitment"], "--data", path["data"], "--claim", claim]
    if command == "prove":
        return [command, path["model"], "--opening", path["opening"], *public, "-o", path["proof"]]
    if command == "check":
        return [command, path["model"], *public[2:]]
    return [command, path["proof"], *public]


def _command(command: str, files: Files, *flags: str) -> list[str]:
    return [sys.executable, "-m", "zkaudit", *_arguments(command, files), *flags]


def test_prove_reports_time_and_memory(audited: Files) -> None:
    shown = json.loads(Path(audited.path("prove.json")).read_text())
    assert shown["proof_bytes"] == os.path.getsize(audited.path("audit.zkp"))
    assert shown["claim"] == CLAIM
    assert sum(shown["phases"].values()) <= shown["seconds"]
    assert shown["peak_rss_bytes"] > 10**7
    assert shown["compile_seconds"] >= 0


def test_estimate_knows_the_size_of_the_proof(audited: Files) -> None:
    predicted = estimate(audited.model.architecture, SAMPLES)
    actual = os.path.getsize(audited.path("audit.zkp"))
    assert abs(predicted.proof_bytes - actual) < 0.02 * actual


def test_verify_accepts(audited: Files, program: Program) -> None:
    code, shown = program(*_arguments("verify", audited))
    assert (code, shown["status"], shown["reason"]) == (0, "verified", None)
    assert (shown["claim"], shown["samples"]) == (CLAIM, SAMPLES)
    assert 0.6 < shown["lower_bound"] < 0.9
    assert shown["security_bits"] >= 128
    assert shown["seconds"] > 0


def test_verdict_for_a_person(audited: Files, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(_arguments("verify", audited)) == 0
    out, err = capsys.readouterr()
    assert out.startswith("VERIFIED")
    assert "Clopper-Pearson" in out
    assert "unknown to the owner before" in out
    assert err == ""


def test_verifier_runs_apart_without_prover_packages(audited: Files, tmp_path: Path) -> None:
    for name in ("audit.zkp", "commitment.json", "heldout.npz"):
        shutil.copy(audited.path(name), tmp_path)
    arguments = ["verify", "audit.zkp", "--commitment", "commitment.json", "--data", "heldout.npz", "--claim", CLAIM]
    program = f"""
import sys
blocked = ("numba", "llvmlite", "galois", "onnx", "sklearn", "scipy", "onnxruntime")
for name in blocked:
    sys.modules[name] = None
from zkaudit.cli import run
code = run({arguments!r})
loaded = [name for name in sys.modules if name.startswith("zkaudit") and name.endswith((".prover", ".kernels", ".jit"))]
assert not loaded, loaded
sys.exit(code)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(os.path.abspath(place) for place in sys.path if place)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_other_public_files_are_rejected_by_name(audited: Files, program: Program) -> None:
    heldout = np.load(audited.path("heldout.npz"))
    labels, inputs = heldout["labels"], heldout["inputs"]
    other_label = labels.copy()
    other_label[7] = (other_label[7] + 1) % 3
    other_input = inputs.copy()
    other_input[3, 2] += 1
    commitment, _ = commit(audited.model.architecture, audited.model.weight_cells())
    save_commitment(audited.path("fresh.json"), commitment)
    cases = [
        ({"data": audited.heldout(other_label, "label.npz")}, CLAIM, "wrong-data"),
        ({"data": audited.heldout(labels, "input.npz", inputs=other_input)}, CLAIM, "wrong-data"),
        ({"data": audited.heldout(labels[:-1], "fewer.npz", inputs=inputs[:-1])}, CLAIM, "wrong-data"),
        ({"commitment": audited.path("fresh.json")}, CLAIM, "wrong-commitment"),
        ({}, "accuracy >= 0.95", "wrong-claim"),
        ({}, f"correct == {SAMPLES - 2}", "wrong-claim"),
    ]
    for changed, claim, reason in cases:
        code, shown = program(*_arguments("verify", audited, claim=claim, **changed))
        assert (code, shown["status"], shown["reason"]) == (1, "invalid", reason)
        assert shown["lower_bound"] is None


def test_relabelled_proofs_are_rejected(audited: Files, program: Program) -> None:
    """A proof whose bindings are rewritten to match still has to pass the arithmetic."""
    content = Path(audited.path("audit.zkp")).read_bytes()
    _, body = wire.unseal(MAGIC, {VERSION}, content, "proof")
    heldout = np.load(audited.path("heldout.npz"))
    labels = heldout["labels"].copy()
    labels[7] = (labels[7] + 1) % 3
    other = audited.heldout(labels, "relabelled.npz")
    from zkaudit.dataset import load_dataset, quantise_inputs

    digest = quantise_inputs(audited.model.architecture, load_dataset(other)).digest()
    forged = audited.folder / "forged.zkp"
    for changed, arguments in (
        ({"data": digest}, {"data": other}),
        ({"claim": "accuracy >= 0.95"}, {"claim": "accuracy >= 0.95"}),
    ):
        forged.write_bytes(wire.seal(MAGIC, VERSION, {**body, **changed}))
        code, shown = program(*_arguments("verify", audited, proof=str(forged), **arguments))
        assert (code, shown["status"]) == (1, "invalid")


def test_changed_and_cut_proofs_never_pass(audited: Files, program: Program) -> None:
    content = Path(audited.path("audit.zkp")).read_bytes()
    rng = np.random.default_rng(3)
    bad = audited.folder / "bad.zkp"
    for _ in range(10):
        changed = bytearray(content)
        changed[rng.integers(len(content))] ^= 1 << rng.integers(8)
        for data in (bytes(changed), content[: rng.integers(len(content))], content + b"\0", b""):
            bad.write_bytes(data)
            code, shown = program(*_arguments("verify", audited, proof=str(bad)))
            assert code in (1, 3)
            assert shown["status"] in ("invalid", "error", "unsupported")


def test_resealed_proofs_with_a_changed_field_are_rejected(audited: Files, program: Program) -> None:
    content = Path(audited.path("audit.zkp")).read_bytes()
    _, body = wire.unseal(MAGIC, {VERSION}, content, "proof")
    bad = audited.folder / "resealed.zkp"
    rng = np.random.default_rng(8)
    for name, value in body.items():
        # A proof for no challenge has empty bytes there, with nothing to flip.
        if isinstance(value, bytes) and value:
            changed = bytearray(value)
            changed[rng.integers(len(value))] ^= 1
            bad.write_bytes(wire.seal(MAGIC, VERSION, {**body, name: bytes(changed)}))
            code, shown = program(*_arguments("verify", audited, proof=str(bad)))
            assert (name, code, shown["status"]) == (name, 1, "invalid")


def test_policy(audited: Files, program: Program) -> None:
    digest = audited.model.architecture.digest().hex()
    verify = _arguments("verify", audited)
    assert program(*verify, "--architecture", digest.upper())[0] == 0
    for flags in (["--architecture", "00" * 32], ["--minimum-bits", "200"]):
        code, shown = program(*verify, *flags)
        assert (code, shown["status"], shown["reason"]) == (4, "policy", "policy-not-met")


@pytest.mark.parametrize("command", ["verify", "prove", "check"])
@pytest.mark.parametrize(
    ("labels", "inputs"),
    [
        (np.zeros(0, np.int64), np.zeros((0, 6), np.uint8)),
        (np.full(4, 3), np.zeros((4, 6), np.uint8)),
        (np.full(4, -1), np.zeros((4, 6), np.uint8)),
        (np.zeros(4, np.int64), np.zeros((4, 5), np.uint8)),
        (np.zeros(4, np.int64), np.zeros((3, 6), np.uint8)),
        (np.zeros(4, np.int64), np.full((4, 6), np.nan)),
        (np.zeros(4, np.int64), np.full((4, 6), 1e9)),
        (np.zeros(4, np.int64), np.zeros((4, 6), complex)),
    ],
)
def test_unusable_data_is_one_line(
    audited: Files, program: Program, command: str, labels: np.ndarray, inputs: np.ndarray
) -> None:
    data = audited.heldout(labels, "unusable.npz", inputs=inputs)
    out = audited.path("never.zkp")
    arguments = _arguments(
        command, audited, data=data, claim="correct >= 0", **({"proof": out} if command == "prove" else {})
    )
    code, shown = program(*arguments)
    assert (code, shown["reason"]) == (3, "invalid-input")
    assert not Path(out).exists()


def test_pickles_are_not_read(audited: Files, program: Program) -> None:
    data = audited.path("pickle.npz")
    np.savez(data, inputs=np.array([[object()]], dtype=object), labels=np.zeros(1, np.int64))
    assert program(*_arguments("verify", audited, data=data))[0] == 3


@pytest.mark.parametrize("claim", ["accuracy > 0.9", "accuracy >= 1.01", "", "f1 >= 0.5"])
def test_claims_that_are_none(audited: Files, program: Program, claim: str) -> None:
    for command in ("check", "verify"):
        code, shown = program(*_arguments(command, audited, claim=claim))
        assert (code, shown["status"]) == (3, "error")


def test_more_right_than_there_are_samples(audited: Files, program: Program) -> None:
    claim = f"correct >= {SAMPLES + 1}"
    assert program(*_arguments("check", audited, claim=claim))[0] == 3
    code, shown = program(*_arguments("verify", audited, claim=claim))
    assert (code, shown["reason"]) == (1, "wrong-claim")


@pytest.mark.parametrize("claim", [f"correct >= {SAMPLES - 1}", f"correct == {SAMPLES}", f"correct == {SAMPLES - 3}"])
def test_false_claims(audited: Files, program: Program, claim: str) -> None:
    code, shown = program(*_arguments("check", audited, claim=claim))
    assert (code, shown["status"]) == (1, "violated")
    violation = shown["violations"][0]
    assert violation["gadget"] == "claim"
    assert violation["values"] == ([] if "==" in claim else ["claim/slack limb 0[0] = 0"])
    out = audited.path("false.zkp")
    code, shown = program(*_arguments("prove", audited, claim=claim, proof=out))
    assert (code, shown["status"], shown["reason"]) == (1, "unprovable", "not-provable")
    assert not Path(out).exists()


def test_check_of_a_true_claim(audited: Files, program: Program) -> None:
    code, shown = program(*_arguments("check", audited))
    assert (code, shown["status"], shown["violations"]) == (0, "satisfied", [])
    assert shown["constraints"] > shown["cells"] > 0
    assert sum(one["cells"] for one in shown["columns"]) == shown["cells"]
    assert not any(one["untouched"] for one in shown["columns"])
    assert {"requantise 1", "argmax", "claim", "weights"} <= {one["gadget"] for one in shown["coverage"]}
    assert sum(one["instances"] for one in shown["coverage"]) == shown["constraints"] - SAMPLES


def test_check_shows_the_constraints_by_gadget(audited: Files, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(_arguments("check", audited))
    assert ended.value.code == 0
    lines = capsys.readouterr().out.splitlines()
    heading = next(i for i, line in enumerate(lines) if line.split() == ["gadget", "constraints", "instances", "cells"])
    counts = {line.rsplit(maxsplit=3)[0].strip(): line.split()[-3:] for line in lines[heading + 1 :]}
    assert set(counts) == {"requantise 1", "argmax", "weights", "lookup", "claim"}
    assert counts["weights"] == ["2", *[f"{2048 + audited.model.architecture.weight_count:,}"] * 2]


def test_check_names_a_cell_that_no_constraint_touches(
    audited: Files, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gadget that forgets a lookup is an error of the circuit, and every witness would pass it."""
    lower = zkaudit.statement.lower

    def forgetful(*arguments: object) -> object:
        circuit = lower(*arguments)  # type: ignore[arg-type]
        return replace(circuit, lookups=tuple(one for one in circuit.lookups if one.name != "randomness in range"))

    monkeypatch.setattr(zkaudit.statement, "lower", forgetful)
    code, shown = program(*_arguments("check", audited))
    assert (code, shown["status"]) == (1, "violated")
    (violation,) = [one for one in shown["violations"] if one["constraint"] == "coverage"]
    assert (violation["gadget"], violation["cell"]) == ("randomness", "(0,)")
    assert violation["detail"].startswith("2048 of 2048 cells")


def test_files_of_another_commitment(audited: Files, program: Program, tmp_path: Path) -> None:
    other = make_files(tmp_path, seed=9)
    for changed in ({"model": other.path("model.zkm")}, {"opening": other.path("opening.zko")}):
        code, shown = program(*_arguments("prove", audited, proof=audited.path("mixed.zkp"), **changed))
        assert (code, shown["reason"]) == (1, "not-provable")
    assert program(*_arguments("verify", audited, commitment=other.path("commitment.json")))[0] == 1


def test_inspect_of_a_proof(audited: Files, program: Program) -> None:
    code, shown = program("inspect", audited.path("audit.zkp"))
    assert (code, shown["kind"], shown["status"]) == (0, "proof", "inspected")
    assert sum(part["bytes"] for part in shown["parts"]) == os.path.getsize(audited.path("audit.zkp"))
    assert shown["facts"]["says it proves"] == CLAIM


def test_prover_packages_that_are_missing_are_named(audited: Files) -> None:
    program = "import sys; sys.modules['numba'] = None; from zkaudit.cli import run; "
    program += f"sys.exit(run({_arguments('prove', audited, proof=audited.path('none.zkp'))!r}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "error: this command needs numba: pip install 'zkaudit[prove]'\n"
