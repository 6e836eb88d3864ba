"""What an examination makes of its checks, and what it needs to be imported."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.imports import ROOT
from zkaudit.errors import PolicyNotMet, Reason, Rejected
from zkaudit.report.audit import Standing, State, Step
from zkaudit.report.examination import _run, _standing


def passing() -> str:
    """A check that holds."""
    return "held"


def unmet() -> str:
    """A condition that is not met."""
    raise PolicyNotMet("too little")


def false() -> str:
    """A check that is false."""
    raise Rejected(Reason.MERKLE_PATH, "somewhere")


ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "circuits")))}

P, F, N = State.PASSED, State.FAILED, State.NOT_REACHED


@pytest.mark.parametrize(
    ("runs", "states", "standing"),
    [
        ((passing, passing), (P, P), Standing.VERIFIED),
        ((passing, unmet, passing), (P, F, P), Standing.POLICY),
        ((passing, false, passing), (P, F, N), Standing.REJECTED),
        ((unmet, false, passing), (F, F, N), Standing.REJECTED),
        ((false, unmet, passing), (F, N, N), Standing.REJECTED),
        ((unmet, unmet), (F, F), Standing.POLICY),
    ],
)
def test_the_worst_end_counts(
    runs: tuple[Callable[[], str], ...], states: tuple[State, ...], standing: Standing
) -> None:
    checks, error = _run(tuple(Step(name=run.__name__, run=run) for run in runs))
    assert tuple(check.state for check in checks) == states
    assert _standing(error) is standing
    for check in checks:
        # What a check would have shown is said of those alone that have passed.
        assert (check.detail == "held") is (check.state is State.PASSED)


@pytest.mark.parametrize("module", ["page", "examination", "summary"])
def test_a_report_starts_with_what_a_verifier_needs(module: str) -> None:
    """Signatures are loaded for a challenge or a receipt, and nothing of the prover ever."""
    script = f"import sys, zkaudit.report.{module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=ENVIRONMENT)
    names = set(loaded.stdout.split())
    assert not names & {"py_ecc", "pyrage", "numba", "galois", "onnx", "sklearn", "click", "zkaudit.prover"}
    assert f"zkaudit.report.{module}" in names
