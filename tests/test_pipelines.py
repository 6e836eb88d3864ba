"""The action, the hook, the GitLab job and the example: parsed, and their scripts run on a real proof."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from junitparser import JUnitXml

from tests.published import CLAIM, Published, publish
from zkaudit.cli.outcome import ExitCode
from zkaudit.dataset import dataset_bytes
from zkaudit.gate import CheckName, demands

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "docs" / "example"
WORKFLOW = Path(".github/workflows/audit.yml")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Published:
    return publish(tmp_path_factory.mktemp("published"))


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def action() -> dict[str, Any]:
    found = load(ROOT / "action.yml")
    assert isinstance(found, dict)
    return found


def swap_labels(folder: Path) -> None:
    """Other labels in a published folder: what an owner would do who knows the answers."""
    path = folder / "zkaudit" / "heldout.npz"
    data = np.load(path)
    path.write_bytes(dataset_bytes(data["inputs"], (data["labels"] + 1) % 3))


def python_shim(path: Path) -> None:
    """A program at `path` that is this interpreter, packages included, wherever it lies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    path.chmod(0o755)


class Runner:
    """The verify step of the action in a process, with the variables that GitHub would set."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        python_shim(folder / "temp" / "zkaudit-verifier" / "bin" / "python")

    def __call__(self, cwd: Path, **inputs: str) -> tuple[int, str, dict[str, str]]:
        described = action()
        step = described["runs"]["steps"][1]
        values = {name: str(spec.get("default", "")) for name, spec in described["inputs"].items()} | inputs
        environment = {"PATH": os.environ["PATH"], "RUNNER_TEMP": str(self.folder / "temp")}
        environment |= {"GITHUB_OUTPUT": str(self.folder / "output"), "GITHUB_STEP_SUMMARY": str(self.folder / "sum")}
        for variable, expression in step["env"].items():
            name = re.fullmatch(r"\$\{\{ (inputs\.([a-z-]+)|github\.action_path) \}\}", expression)
            assert name is not None, expression
            environment[variable] = str(ROOT) if name[2] is None else values[name[2]]
        (self.folder / "output").write_text("")
        done = subprocess.run(
            ["bash", "-c", step["run"]], cwd=cwd, env=environment, capture_output=True, text=True, check=False
        )
        lines = (self.folder / "output").read_text().splitlines()
        return done.returncode, done.stdout + done.stderr, dict(line.split("=", 1) for line in lines)


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path / "runner")


def test_the_documentation_names_what_there_is() -> None:
    text = (ROOT / "docs" / "pipelines.md").read_text(encoding="utf-8")
    missing = [key for key in demands._READERS if f"| `{key}` |" not in text]
    missing += [check for check in CheckName if f"`{check}`" not in text]
    missing += [
        option for option in ("--full", "--strict", "--svr", "--receipt", "--trusted-key") if option not in text
    ]
    missing += [str(int(code)) for code in ExitCode if f"| {int(code)} |" not in text]
    missing += [name for name in (*action()["inputs"], *action()["outputs"]) if f"`{name}`" not in text]
    assert not missing


def scripts(found: Any) -> list[str]:
    """Every value of a key `run` in a document."""
    if isinstance(found, dict):
        return [value for key, value in found.items() if key == "run"] + [
            script for value in found.values() for script in scripts(value)
        ]
    return [script for value in found for script in scripts(value)] if isinstance(found, list) else []


def test_no_script_has_an_expression() -> None:
    for path, count in ((ROOT / "action.yml", 2), (EXAMPLE / WORKFLOW, 1)):
        found = scripts(load(path))
        assert len(found) == count
        assert not [script for script in found if "${{" in script], path


def test_everything_of_others_is_pinned() -> None:
    for step in load(EXAMPLE / WORKFLOW)["jobs"]["claim"]["steps"]:
        if "uses" in step:
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", step["uses"]), step["uses"]
    assert not [step for step in action()["runs"]["steps"] if "uses" in step]
    install = action()["runs"]["steps"][0]["run"]
    assert "--require-hashes" in install
    pins = (ROOT / "packaging" / "verifier.txt").read_text()
    requirements = [line for line in pins.splitlines() if line and not line.startswith((" ", "#"))]
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9.a-z]+ \\", line) for line in requirements)
    named = {re.split("[><=]", line)[0].replace("_", "-") for line in _base_dependencies()}
    assert named <= {line.partition("==")[0] for line in requirements}


def _base_dependencies() -> list[str]:
    import tomllib

    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert isinstance(dependencies, list)
    return dependencies


def test_every_input_and_output_is_used() -> None:
    described = action()
    step = described["runs"]["steps"][1]
    used = {value[11:-3] for value in step["env"].values() if "inputs." in value}
    assert used == set(described["inputs"])
    assert all(f"${name}" in step["run"] for name in step["env"])
    for name, output in described["outputs"].items():
        assert output["value"] == f"${{{{ steps.{step['id']}.outputs.{name} }}}}"


def test_the_action_accepts_and_tells(made: Published, runner: Runner) -> None:
    policy = made.policy('claim = "accuracy >= 0.9"')
    proofs = f"\n  {made.folder}  \n\n{made.folder}\n"
    code, out, outputs = runner(made.folder, proofs=proofs, policy=str(policy))
    assert code == 0, out
    assert out.count("::notice ") == 2
    assert outputs["verdict"] == "verified"
    assert outputs["claim"] == f"{CLAIM}; {CLAIM}"
    assert "accuracy" in (runner.folder / "sum").read_text()


def test_the_action_stops(made: Published, runner: Runner) -> None:
    folder = str(made.folder)
    for code, inputs in (
        (4, {"proofs": folder, "claim": CLAIM, "strict": "true"}),
        (2, {"proofs": folder, "claim": CLAIM, "strict": "yes"}),
        (2, {"proofs": "\n", "claim": CLAIM}),
        (1, {"proofs": folder, "claim": "accuracy >= 0.99"}),
        (3, {"proofs": folder, "claim": "accuracy"}),
        (2, {"proofs": folder, "claim": CLAIM, "quorum": "none"}),
        (2, {"proofs": folder, "claim": CLAIM, "receipt": "r.json"}),
        (3, {"proofs": folder, "claim": CLAIM, "policy": "none.toml"}),
    ):
        found, out, outputs = runner(made.folder, **inputs)
        assert found == code, out
        assert not outputs.get("claim")


@pytest.mark.parametrize("text", ["$(touch owned)", "`touch owned`", "; touch owned", '"; touch owned; "', "--help"])
def test_an_input_is_a_value_and_nothing_else(made: Published, runner: Runner, tmp_path: Path, text: str) -> None:
    names = [name for name in action()["inputs"] if name != "proofs"]
    for inputs in ({name: text for name in names}, {"proofs": text, "claim": CLAIM}):
        code, _, _ = runner(tmp_path, **({"proofs": str(made.folder)} | inputs))
        assert code in (2, 3)
        assert not (tmp_path / "owned").exists()


def test_the_judged_folder_lends_no_module(made: Published, runner: Runner, tmp_path: Path) -> None:
    for name in ("click.py", "numpy.py", "zkaudit/__init__.py", "sitecustomize.py"):
        path = tmp_path / "hostile" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("import os; os._exit(0)")
    code, out, _ = runner(tmp_path / "hostile", proofs=str(made.folder), claim="accuracy >= 0.99")
    assert code == 1, out


def test_the_hook(made: Published, tmp_path: Path) -> None:
    (hook,) = load(ROOT / ".pre-commit-hooks.yaml")
    used = load(EXAMPLE / ".pre-commit-config.yaml")["repos"][0]["hooks"][0]
    assert used["id"] == hook["id"]
    assert hook["language"] == "python"
    for name in ("audit.zkp", "heldout.npz", "commitment.json"):
        assert re.search(hook["files"], f"model/zkaudit/{name}")
    assert not re.search(hook["files"], "src/zkaudit.py")
    for labels, code in ((False, 0), (True, 1)):
        folder = fill(tmp_path / str(code), made)
        if labels:
            swap_labels(folder / "model")
        assert _zkaudit([*hook["entry"].split()[1:], *used["args"]], folder).returncode == code


def test_the_gitlab_job(made: Published, tmp_path: Path) -> None:
    job = load(ROOT / "docs" / "pipelines" / "gitlab.yml")["zkaudit"]
    folder = fill(tmp_path / "repository", made)
    tools = tmp_path / "tools"
    python_shim(tools / "python")
    for name, line in (("zkaudit", f'exec "{sys.executable}" -P -m zkaudit "$@"'),):
        (tools / name).write_text(f"#!/bin/sh\n{line}\n")
        (tools / name).chmod(0o755)
    install, verify = job["script"]
    assert install.startswith("python -m pip install")
    environment = {**_environment(), **job["variables"], "PATH": f"{tools}:{os.environ['PATH']}"}
    for code in (0, 1):
        done = subprocess.run(
            ["bash", "-e", "-c", verify], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stderr
        report = JUnitXml.fromstring((folder / job["artifacts"]["reports"]["junit"]).read_bytes())
        assert report.failures == code
        swap_labels(folder / "model")
    assert job["artifacts"]["when"] == "always"


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "circuits")])}


def _zkaudit(arguments: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "zkaudit", *arguments]
    return subprocess.run(command, cwd=cwd, env=_environment(), capture_output=True, text=True, check=False)


def fill(folder: Path, made: Published) -> Path:
    """A copy of the example with a published folder in it, and a policy that pins its digests."""
    shutil.copytree(EXAMPLE, folder)
    shutil.copytree(made.audit, folder / "model" / "zkaudit")
    path = folder / "policy.toml"
    text = path.read_text()
    for key, digest in (
        ("commitment", made.statement.commitment.digest()),
        ("data", made.statement.dataset.digest()),
    ):
        text, count = re.subn(rf'^{key} = "0{{64}}"$', f'{key} = "{digest.hex()}"', text, flags=re.MULTILINE)
        assert count == 1
    path.write_text(text)
    return folder


def _gates(folder: Path, runner: Runner) -> tuple[int, int, bool]:
    """What the command, the workflow's step and the test of the example say."""
    command = _zkaudit(["verify", "model", "--policy", "policy.toml"], folder).returncode
    (step,) = [
        one for one in load(folder / WORKFLOW)["jobs"]["claim"]["steps"] if "OWNER/zkaudit" in one.get("uses", "")
    ]
    assert step["with"].keys() <= action()["inputs"].keys()
    checkouts = folder.parent / f"{folder.name}-checkouts"
    for name in ("change", "trusted"):
        shutil.copytree(folder, checkouts / name, dirs_exist_ok=True)
    code, _, _ = runner(checkouts, **step["with"])
    test = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    passed = subprocess.run(test, cwd=folder, env=_environment(), capture_output=True, check=False).returncode == 0
    return command, code, passed


def test_the_example_gates(made: Published, runner: Runner, tmp_path: Path) -> None:
    assert _gates(fill(tmp_path / "good", made), runner) == (0, 0, True)


def test_the_example_stops_other_data(made: Published, runner: Runner, tmp_path: Path) -> None:
    folder = fill(tmp_path / "data", made)
    swap_labels(folder / "model")
    assert _gates(folder, runner) == (1, 1, False)


def test_the_example_stops_a_damaged_proof(made: Published, tmp_path: Path) -> None:
    folder = fill(tmp_path / "proof", made)
    path = folder / "model" / "zkaudit" / "audit.zkp"
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    assert _zkaudit(["verify", "model", "--policy", "policy.toml"], folder).returncode == 3


def test_the_example_stops_an_audit_that_nobody_agreed_on(made: Published, tmp_path: Path) -> None:
    folder = fill(tmp_path / "other", made)
    (tmp_path / "another").mkdir()
    other = publish(tmp_path / "another")
    shutil.rmtree(folder / "model" / "zkaudit")
    shutil.copytree(other.audit, folder / "model" / "zkaudit")
    done = _zkaudit(["verify", "model", "--policy", "policy.toml"], folder)
    assert done.returncode == 4
    assert "commitment digest" in done.stderr
