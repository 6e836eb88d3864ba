"""A small committed model and a held-out set in files, as a user has them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zkaudit import cli
from zkaudit.commitment import commit, save_commitment, save_opening
from zkaudit.dataset import RawDataset, dataset_bytes, quantise_inputs
from zkaudit.model.evaluator import evaluate
from zkaudit.model.model import Model, save_model
from zkaudit.model.quantiser import quantize_arrays

SAMPLES = 21


@dataclass(frozen=True)
class Files:
    """The files of one audit; every sample's label is the model's own prediction."""

    folder: Path
    model: Model
    labels: np.ndarray

    def path(self, name: str) -> str:
        """The path of a file of the folder."""
        return str(self.folder / name)

    def heldout(self, labels: np.ndarray, name: str = "other.npz", **changes: Any) -> str:
        """A held-out set with other labels or inputs."""
        inputs = changes.get("inputs", self.inputs)
        (self.folder / name).write_bytes(dataset_bytes(inputs, labels))
        return self.path(name)

    @property
    def inputs(self) -> np.ndarray:
        """The raw inputs, (samples, 6)."""
        return np.random.default_rng(5).integers(0, 200, (SAMPLES, 6)).astype(np.uint8)


def make_files(folder: Path, seed: int = 4) -> Files:
    """A model 6-5-3, its commitment and opening, and 21 samples."""
    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=(5, 6)), rng.normal(size=(3, 5))]
    biases = [rng.normal(size=5), rng.normal(size=3)]
    calibration = rng.integers(0, 256, (64, 6)).astype(np.uint8)
    model, _ = quantize_arrays(weights, biases, calibration)
    made = Files(folder, model, np.zeros(SAMPLES, np.int64))
    raw = RawDataset(inputs=made.inputs, labels=made.labels)
    trace = evaluate(model.architecture, model.kernels, model.biases, quantise_inputs(model.architecture, raw).inputs)
    made = Files(folder, model, trace.predictions)
    save_model(model, folder / "model.zkm")
    commitment, opening = commit(model.architecture, model.weight_cells())
    save_commitment(folder / "commitment.json", commitment)
    save_opening(folder / "opening.zko", opening)
    made.heldout(trace.predictions, "heldout.npz")
    return made


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Files of its own for each test."""
    return make_files(tmp_path)


Program = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def program(capsys: pytest.CaptureFixture[str]) -> Program:
    """Runs a command with --json: its exit code and its one object."""

    def run(*arguments: str) -> tuple[int, dict[str, Any]]:
        capsys.readouterr()
        code = cli.run([*arguments, "--json"])
        out, _ = capsys.readouterr()
        shown = json.loads(out)
        assert shown["exit_code"] == code
        return code, shown

    return run
