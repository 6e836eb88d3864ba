"""Which way imports run, and that a verifier needs numpy, msgpack and the standard library only."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import zkaudit
from tests.cases import random_case
from tests.imports import ROOT, VERIFIER, chain, closure, imports_of, modules
from zkaudit.commitment import save_commitment
from zkaudit.dataset import dataset_bytes
from zkaudit.prover import prove

ALLOWED = {"numpy", "msgpack"}
OWN = {"zkaudit", "zkaudit_circuits"}
PROTOCOLS = {"merkle", "reed_solomon", "sumcheck", "lookup", "products", "linear", "functionals", "opening", "pads"}


def names(pattern: str) -> list[str]:
    """The modules whose last name is `pattern`."""
    return [module for module in modules() if module.rpartition(".")[2] == pattern]


def is_provers(module: str) -> bool:
    """Whether a module is of the prover: its protocols and its compiled kernels."""
    return module.rpartition(".")[2] in ("prover", "kernels", "jit", "checking", "randomness")


def test_the_walk_sees_the_graph() -> None:
    assert len(modules()) > 60
    assert {"zkaudit.masking", "dataclasses", "zkaudit"} <= imports_of("zkaudit.verifier")
    assert {"numba", "zkaudit.lookup.kernels"} <= closure("zkaudit.prover")
    assert "galois" in closure("zkaudit.checking")
    assert chain("zkaudit.prover", "numba")[0] == "zkaudit.prover"


@pytest.mark.parametrize("root", VERIFIER)
def test_the_closure_of_the_verifier(root: str) -> None:
    assert_only(root, ALLOWED)


SIGNATURES = {"py_ecc", "pyrage"}
"""Imported by functions of the signatures alone, when a signature or a secret key is looked at."""

SIGNED = ("zkaudit.signing", "zkaudit.challenge", "zkaudit.receipt", "zkaudit.dataset_commitment", "zkaudit.documents")


def test_the_closure_of_the_verify_command() -> None:
    """What the command imports beside the command line itself; signatures and keys only where there are any."""
    for module in imports_of("zkaudit.cli.verify"):
        if not module.startswith("zkaudit.cli"):
            assert_only(module, ALLOWED | SIGNATURES | {"click"})


@pytest.mark.parametrize("root", SIGNED)
def test_the_closure_of_the_signatures(root: str) -> None:
    assert_only(root, ALLOWED | SIGNATURES)


def test_only_the_signatures_know_their_libraries() -> None:
    assert [m for m in modules() if "py_ecc" in imports_of(m)] == ["zkaudit.signing.suite"]
    assert [m for m in modules() if "pyrage" in imports_of(m)] == ["zkaudit.signing.key_files"]


def assert_only(root: str, allowed: set[str]) -> None:
    """A module reaches these packages, the standard library, and nothing of the prover."""
    reached = closure(root)
    for module in sorted(reached):
        if module not in modules():
            assert module in allowed | OWN | sys.stdlib_module_names, " -> ".join(chain(root, module))
        assert not is_provers(module), " -> ".join(chain(root, module))
    assert not {"numba", "galois", "onnx", "sklearn"} & reached


@pytest.mark.parametrize("module", [*names("verifier"), *names("messages"), *names("claims")])
def test_no_verifier_reaches_a_prover(module: str) -> None:
    for reached in sorted(closure(module)):
        assert not is_provers(reached), " -> ".join(chain(module, reached))


def test_a_protocols_prover_imports_no_whole_prover() -> None:
    """Parts do not know the whole: it is `zkaudit.prover` that puts them in order."""
    whole = {"zkaudit.prover", "zkaudit.verifier", "zkaudit.checking", "zkaudit.reduction"}
    for module in modules():
        room = module.split(".")[1] if module.count(".") == 2 else ""
        if room in PROTOCOLS:
            assert not whole & imports_of(module), module
            assert not [m for m in imports_of(module) if m.startswith("zkaudit.cli")], module


def test_circuits_know_the_relation_language_only() -> None:
    """And its builder; the walk along the layers knows the architecture besides, which knows no circuit's lowering."""
    language = {"zkaudit.relation", "zkaudit.builder"}
    architecture = {"zkaudit.model", "zkaudit.model.architecture"}
    walk = {"zkaudit_circuits.network", "zkaudit_circuits.uncommitted"}
    for module in modules():
        if module.startswith("zkaudit_circuits"):
            ours = {m for m in imports_of(module) if m.startswith("zkaudit.")}
            assert ours <= (language | architecture if module in walk else language), module
    for module in (*language, *architecture):
        for lowering in walk:
            assert lowering not in closure(module), " -> ".join(chain(module, lowering))


def test_the_field_knows_nothing_above_it() -> None:
    for module in modules():
        if module.startswith("zkaudit.field"):
            ours = {m for m in imports_of(module) if m.startswith("zkaudit.")}
            assert all(m.startswith("zkaudit.field") or m == "zkaudit.errors" for m in ours), module


def test_nothing_below_imports_the_command_line() -> None:
    for module in modules():
        if not module.startswith(("zkaudit.cli", "zkaudit.__main__")):
            above = {m for m in imports_of(module) if m == "click" or m.startswith("zkaudit.cli")}
            assert not above, module


VERIFY = """
import json, sys
from pathlib import Path
from zkaudit import Policy, Statement, load_commitment, load_dataset, parse_claim, quantise_inputs, verify

folder = Path(sys.argv[1])
commitment = load_commitment(folder / "commitment.json")
statement = Statement(
    commitment=commitment,
    dataset=quantise_inputs(commitment.architecture, load_dataset(folder / "heldout.npz")),
    claim=parse_claim(sys.argv[2]),
    profile="test-insecure",
)
verdict = verify(statement, (folder / "audit.zkp").read_bytes(), Policy(minimum_bits=0, profiles=("test-insecure",)))
print(json.dumps({"claim": verdict.claim, "modules": sorted(sys.modules)}))
"""

BLOCKED = """
import sys

class OnlyWhatAVerifierNeeds:
    ALLOWED = {"numpy", "msgpack", "zkaudit", "zkaudit_circuits"} | set(sys.stdlib_module_names)

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in self.ALLOWED:
            raise ImportError(f"{name} is not installed here")
        if name.startswith("zkaudit") and name.rpartition(".")[2] in ("prover", "kernels"):
            raise ImportError(f"{name} is the prover's")
        return None

sys.meta_path.insert(0, OnlyWhatAVerifierNeeds())
"""


@pytest.fixture(scope="module")
def public_files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder with what a verifier is given, and the claim."""
    folder = tmp_path_factory.mktemp("public")
    case = random_case((3, 3, 3), samples=5)
    save_commitment(folder / "commitment.json", case.statement.commitment)
    data = case.statement.dataset
    (folder / "heldout.npz").write_bytes(dataset_bytes(data.inputs.T, data.labels))
    (folder / "audit.zkp").write_bytes(prove(case.statement, case.model, case.opening).proof)
    return folder, case.statement.claim.text


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A script in a process of its own, from the source tree."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "circuits")])
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_verification_loads_nothing_of_the_prover(public_files: tuple[Path, str]) -> None:
    folder, claim = public_files
    done = run(VERIFY, str(folder), claim)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["claim"] == claim
    loaded = result["modules"]
    assert "zkaudit.verifier" in loaded
    assert not [m for m in loaded if m.startswith("zkaudit") and is_provers(m)]
    tops = {m.partition(".")[0] for m in loaded}
    assert not {"numba", "llvmlite", "galois", "onnx", "onnxruntime", "sklearn", "scipy", "click", *SIGNATURES} & tops


def test_a_verification_with_nothing_else_installed(public_files: tuple[Path, str]) -> None:
    folder, claim = public_files
    done = run(BLOCKED + VERIFY, str(folder), claim)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["claim"] == claim


def test_public_names_are_imported_on_first_use() -> None:
    early = {"InvalidInput", "PolicyNotMet", "ProvingFailed", "Reason", "Rejected"}
    assert set(zkaudit.__all__) & vars(zkaudit).keys() == early


def test_every_public_name_has_a_home() -> None:
    for name in zkaudit.__all__:
        assert getattr(zkaudit, name) is not None
    assert set(zkaudit._HOMES.values()) <= modules().keys()
    with pytest.raises(AttributeError):
        zkaudit.__getattr__("not a name")


@pytest.mark.parametrize(
    "module",
    [
        "zkaudit.checking",
        "zkaudit.commitment",
        "zkaudit.gate",
        "zkaudit.model.architecture",
        "zkaudit.model.float_graph",
        "zkaudit.signing",
    ],
)
def test_exported_names_exist(module: str) -> None:
    loaded = import_module(module)
    assert set(loaded.__all__) <= set(dir(loaded))


def test_the_block_blocks() -> None:
    for name in ("numba", "click", "zkaudit.prover", "zkaudit.lookup.kernels"):
        done = run(BLOCKED + f"import {name}")
        assert done.returncode == 1
        assert "ImportError" in done.stderr
