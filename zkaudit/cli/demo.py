"""`zkaudit demo`: the whole path on a real model and real data, each step timed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from zkaudit.cli.measurement import peak_rss_bytes
from zkaudit.cli.options import FILE, force_option, json_option
from zkaudit.cli.outcome import ExitCode, Outcome, amount, table
from zkaudit.cli.progress import ProgressBar, say
from zkaudit.errors import InvalidInput

CLAIM = "accuracy >= 0.95"
"""What the demo proves."""

SECRET_FILES = ("model.zkm", "opening.zko")
"""What the owner keeps."""

PUBLIC_FILES = ("commitment.json", "heldout.npz", "audit.zkp")
"""What the verifier gets, and nothing else."""

MEANING = {
    "model.zkm": "secret",
    "opening.zko": "secret",
    "commitment.json": "published before the data is known",
    "heldout.npz": "public",
    "audit.zkp": "public, the proof",
}


@click.command()
@click.option("--dir", "directory", type=FILE, metavar="FOLDER", help="Where the files go; else a new folder.")
@force_option
@json_option
@click.pass_obj
def demo(known: dict[str, object], directory: Path | None, force: bool) -> Outcome:
    """Run the whole path on a real model and real data."""
    from zkaudit.checking import check
    from zkaudit.claim import parse_claim
    from zkaudit.commitment import commit, save_commitment, save_opening
    from zkaudit.dataset import dataset_bytes, parse_dataset, quantise_inputs
    from zkaudit.demonstration import PIXEL_RANGE, digits_task
    from zkaudit.field.jit import compile_seconds, on_first_compile
    from zkaudit.model.model import save_model
    from zkaudit.model.quantiser import quantize
    from zkaudit.prover import prove
    from zkaudit.statement import Statement
    from zkaudit.wire import write_atomic

    folder = _prepare(directory, force)
    seconds: dict[str, float] = {}
    on_first_compile(lambda: say("compiling the kernels, once on this machine: about 15 seconds"))
    with _step("train", seconds):
        task = digits_task()
    with _step("quantize", seconds):
        # The held-out images stay unseen until the model is committed.
        calibration = (task.calibration_inputs, task.calibration_labels)
        model, report = quantize(task.network, *calibration, input_range=PIXEL_RANGE)
        save_model(model, folder / "model.zkm", overwrite=force)
    with _step("commit", seconds):
        commitment, opening = commit(model.architecture, model.weight_cells())
        save_opening(folder / "opening.zko", opening, overwrite=force)
        save_commitment(folder / "commitment.json", commitment)
    write_atomic(folder / "heldout.npz", dataset_bytes(task.heldout_inputs, task.heldout_labels))
    raw = parse_dataset((folder / "heldout.npz").read_bytes())
    dataset = quantise_inputs(model.architecture, raw)
    statement = Statement(commitment=commitment, dataset=dataset, claim=parse_claim(CLAIM))
    with _step("check", seconds):
        violations = check(statement, model).violations
    if violations:
        raise RuntimeError(f"the demo's own circuit is violated: {violations[0]}")
    with _step("prove", seconds), ProgressBar() as progress:
        proof = prove(statement, model, opening, progress=progress)
        write_atomic(folder / "audit.zkp", proof.proof)
    with _step("verify", seconds):
        verdict = _verify_apart(folder)
    compiled = compile_seconds()
    sizes = {name: (folder / name).stat().st_size for name in (*SECRET_FILES, *PUBLIC_FILES)}
    fields = {
        "folder": str(folder),
        "claim": CLAIM,
        "samples": dataset.samples,
        "steps": seconds,
        "files": sizes,
        "report": report.canonical(),
        "phases": dict(proof.phases),
        "compile_seconds": compiled,
        "peak_rss_bytes": peak_rss_bytes(),
        "verify": verdict,
    }
    lines = (
        f"digits, an MLP 64-32-10, {dataset.samples} held-out samples; the files are in {folder}",
        *table((name, f"{value:8.2f} s") for name, value in seconds.items()),
        *([f"  compiling took {compiled:.1f} s of this, and is done once on a machine"] if compiled >= 1 else []),
        *table((name, f"{amount(size)}, {MEANING[name]}") for name, size in sizes.items()),
    )
    if verdict["exit_code"]:
        return Outcome(
            status=str(verdict["status"]),
            reason=str(verdict["reason"]),
            exit_code=ExitCode(verdict["exit_code"]),
            error=str(verdict["error"]),
            fields=fields,
            lines=lines,
        )
    bound, bits = verdict["lower_bound"], verdict["security_bits"]
    end = f'VERIFIED: "{CLAIM}" on {dataset.samples} samples, {bits:.1f} bits of soundness, 95% lower bound {bound:.4f}'
    return Outcome(status="verified", fields=fields, lines=(*lines, end))


def _prepare(directory: Path | None, force: bool) -> Path:
    """The folder of the demo; `InvalidInput` where it holds such files already."""
    if directory is None:
        return Path(tempfile.mkdtemp(prefix="zkaudit-demo-"))
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput(f"no folder can be made: {error.strerror}", where=os.fspath(directory)) from error
    present = [name for name in (*SECRET_FILES, *PUBLIC_FILES) if (directory / name).exists()]
    if present and not force:
        raise InvalidInput(
            f"holds {present[0]} already", where=os.fspath(directory), next_step="choose another folder or --force"
        )
    return directory


@contextmanager
def _step(name: str, seconds: dict[str, float]) -> Iterator[None]:
    """Announces a step and times it."""
    say(f"{name} ...")
    start = time.perf_counter()
    yield
    seconds[name] = time.perf_counter() - start


def _verify_apart(folder: Path) -> dict[str, Any]:
    """What `zkaudit verify --json` prints in a new process, in an empty folder with the public files."""
    with tempfile.TemporaryDirectory(prefix="zkaudit-verifier-") as apart:
        for name in PUBLIC_FILES:
            shutil.copy(folder / name, apart)
        command = [sys.executable, "-m", "zkaudit", "verify", "audit.zkp", "--commitment", "commitment.json"]
        command += ["--data", "heldout.npz", "--claim", CLAIM, "--json"]
        # A relative entry of the module path would mean another folder there.
        places = os.pathsep.join(os.path.abspath(place) for place in sys.path if place)
        environment = {**os.environ, "PYTHONPATH": places}
        done = subprocess.run(command, cwd=apart, env=environment, capture_output=True, text=True, check=False)
    try:
        verdict: dict[str, Any] = json.loads(done.stdout)
    except json.JSONDecodeError:
        raise RuntimeError(f"the verifier ended with code {done.returncode}: {done.stderr[-200:]}") from None
    if verdict["exit_code"] != done.returncode or (verdict["status"] == "verified") != (done.returncode == 0):
        raise RuntimeError(f"the verifier says {verdict['status']!r} and ends with code {done.returncode}")
    return verdict
