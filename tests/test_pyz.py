"""The single-file verifier, built from the tree and run where nothing is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.published import CLAIM, Published, publish

ROOT = Path(__file__).resolve().parent.parent


def _registry_answers(folder: Path) -> bool:
    """Whether pip gets one small package: where it does not, a build cannot either."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--retries", "1", "--target", str(folder)]
    return subprocess.run([*pip, "click"], capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pyz")
    output = folder / "zkaudit-verify.pyz"
    command = [sys.executable, str(ROOT / "packaging" / "pyz.py"), str(output)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode and "CI" not in os.environ and not _registry_answers(folder / "probe"):
        pytest.skip("no package registry can be reached")
    assert done.returncode == 0, done.stderr
    return output


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Published:
    return publish(tmp_path_factory.mktemp("published"))


def run(built: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """The file in a Python without site packages, user packages or variables, the tree out of its sight."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(built.parent), "SHIV_ROOT": str(built.parent / "unpacked")}
    command = [sys.executable, "-S", "-s", "-E", built.name, *map(str, arguments)]
    return subprocess.run(command, cwd=built.parent, env=environment, capture_output=True, text=True, check=False)


def test_it_verifies_and_refuses(built: Path, made: Published, tmp_path: Path) -> None:
    done = run(built, made.folder, "--claim", CLAIM)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("VERIFIED")
    other = tmp_path / "model"
    shutil.copytree(made.folder, other)
    proof = other / "zkaudit" / "audit.zkp"
    proof.write_bytes(proof.read_bytes()[:-1] + b"\0")
    for code, arguments in (
        (1, (made.folder, "--claim", "accuracy >= 0.99")),
        (2, ()),
        (3, (other, "--claim", CLAIM)),
        (4, (made.folder, "--claim", CLAIM, "--strict")),
    ):
        assert run(built, *arguments).returncode == code


def test_it_says_nothing_of_where_it_was_built(built: Path) -> None:
    """What would keep two builds of one tree apart, and no test or script of a package."""
    with zipfile.ZipFile(built) as archive:
        names = archive.namelist()
        for name in names:
            assert not name.endswith(("direct_url.json", ".pyc"))
            assert "/tests/" not in name
            assert not name.startswith("site-packages/bin/")
        assert {info.date_time[0] for info in archive.infolist()} == {2020}
        for name in names:
            if name.startswith("site-packages/zkaudit"):
                assert str(ROOT).encode() not in archive.read(name)
    assert any(name.startswith("site-packages/py_ecc/") for name in names)
