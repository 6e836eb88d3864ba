"""The demo from end to end, and that its steps can be repeated by hand."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Program
from zkaudit.cli.demo import CLAIM, PUBLIC_FILES, SECRET_FILES


def _zkaudit(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "zkaudit", *arguments], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that a demo has left, with what it printed."""
    folder = tmp_path_factory.mktemp("demo")
    done = _zkaudit("demo", "--dir", str(folder), "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "printed.json").write_text(done.stdout)
    return folder


def test_demo_reports_every_step_and_file(folder: Path) -> None:
    shown = json.loads((folder / "printed.json").read_text())
    assert shown["status"] == shown["verify"]["status"] == "verified"
    assert list(shown["steps"]) == ["train", "quantize", "commit", "check", "prove", "verify"]
    assert shown["files"] == {name: os.path.getsize(folder / name) for name in (*SECRET_FILES, *PUBLIC_FILES)}
    assert shown["samples"] == shown["verify"]["samples"] == 360
    assert shown["files"]["audit.zkp"] <= 300_000
    assert shown["verify"]["security_bits"] >= 128
    assert all(stat.S_IMODE(os.stat(folder / name).st_mode) == 0o600 for name in SECRET_FILES)


def test_steps_by_hand(folder: Path, program: Program, capsys: pytest.CaptureFixture[str]) -> None:
    public = ["--commitment", str(folder / "commitment.json"), "--data", str(folder / "heldout.npz"), "--claim", CLAIM]
    secret = [str(folder / "model.zkm"), "--opening", str(folder / "opening.zko")]
    again = folder / "again.zkp"
    assert program("prove", *secret, *public, "-o", str(again))[0] == 0
    assert again.read_bytes() != (folder / "audit.zkp").read_bytes()
    for proof in (again, folder / "audit.zkp"):
        assert program("verify", str(proof), *public)[0] == 0


def test_demo_destroys_no_files(folder: Path, program: Program) -> None:
    before = (folder / "opening.zko").read_bytes()
    assert program("demo", "--dir", str(folder))[0] == 3
    assert program("demo", "--dir", str(folder / "opening.zko"))[0] == 3
    assert (folder / "opening.zko").read_bytes() == before
