"""What a start of `zkaudit verify` does not import; its seconds are in `benchmarks/start.py`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.published import CLAIM, Published, publish

SLOW_AT_ONCE = {
    "numpy", "msgpack", "zkaudit.gate", "zkaudit.verifier", "zkaudit.claim", "py_ecc", "asyncio", "email", "http",
    "importlib.metadata", "logging", "ssl", "tomllib", "unittest", "urllib.request", "xml", "zipfile",
}  # fmt: skip
"""Nothing of it is needed to say what the options are, or that one is wrong."""

SLOW_FOR_A_PROOF = {
    "py_ecc", "eth_utils", "eth_typing", "pydantic", "cytoolz", "toolz", "pyrage", "numba", "galois", "onnx",
    "sklearn", "scipy", "xml", "email", "ssl", "unittest", "numpy.testing", "numpy.f2py", "zkaudit.prover",
    "zkaudit.cli.formats.github", "zkaudit.cli.formats.junit",
}  # fmt: skip
"""Nothing of it is needed to verify a proof without signatures and to print ten lines."""

PROGRAM = """
import sys
from zkaudit.cli import run
code = run(sys.argv[2:])
loaded = set(sys.argv[1].split(",")) & set(sys.modules)
assert not loaded, loaded
sys.exit(code)
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Published:
    return publish(tmp_path_factory.mktemp("published"))


def _run(kept_out: set[str], *arguments: object) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(os.path.abspath(place) for place in sys.path if place)}
    command = [sys.executable, "-c", PROGRAM, ",".join(kept_out), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


@pytest.mark.parametrize(("arguments", "code"), [(["verify", "--help"], 0), (["verify"], 2), (["verify", "x"], 2)])
def test_help_and_usage(arguments: list[str], code: int) -> None:
    done = _run(SLOW_AT_ONCE, *arguments)
    assert done.returncode == code, done.stderr


def test_a_verification_without_signatures(made: Published, tmp_path: Path) -> None:
    done = _run(SLOW_FOR_A_PROOF, "verify", made.folder, "--claim", CLAIM)
    assert (done.returncode, done.stderr) == (0, "")
