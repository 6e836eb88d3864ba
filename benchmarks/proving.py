"""One statement measured in a process of its own: seconds and memory by phase, bytes by part."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass

from benchmarks.models import SUBJECTS
from zkaudit.cli.measurement import peak_rss_bytes
from zkaudit.field.jit import compile_seconds
from zkaudit.model.evaluator import evaluate
from zkaudit.proof import decode
from zkaudit.prover import prove
from zkaudit.statement import Statement
from zkaudit.verifier import verify


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What one proof took; `memory` is the peak resident set at the end of each phase, in bytes."""

    seconds: float
    phases: dict[str, float]
    memory: dict[str, int]
    compile_seconds: float
    verify_seconds: float
    proof_bytes: int
    parts: dict[str, int]
    inference_seconds: float


def measure(name: str) -> Measurement:
    """The second proof of a statement, so that kernels are loaded and buffers are warm."""
    subject = SUBJECTS[name]()
    prove(subject.statement, subject.model, subject.opening)
    given = subject.statement
    statement = Statement(given.commitment, given.dataset, given.claim)
    memory: dict[str, int] = {}
    entered: list[str] = []

    def progress(phase: str, _: float) -> None:
        if entered:
            memory[entered[-1]] = peak_rss_bytes()
        entered.append(phase)

    result = prove(statement, subject.model, subject.opening, progress=progress)
    memory[entered[-1]] = peak_rss_bytes()
    verdict = verify(Statement(given.commitment, given.dataset, given.claim), result.proof)
    start = time.perf_counter()
    evaluate(subject.model.architecture, subject.model.kernels, subject.model.biases, given.dataset.inputs)
    inference = time.perf_counter() - start
    return Measurement(
        seconds=result.seconds,
        phases=result.phases,
        memory=memory,
        compile_seconds=compile_seconds(),
        verify_seconds=verdict.seconds,
        proof_bytes=len(result.proof),
        parts=parts(result.proof),
        inference_seconds=inference,
    )


def parts(proof: bytes) -> dict[str, int]:
    """Bytes by part; they add up to the file."""
    fields = decode(proof)
    sizes = {
        "messages": len(fields.messages),
        "combined row": len(fields.row),
        "witness columns": len(fields.witness.cells),
        "witness salts and path": len(fields.witness.salts) + len(fields.witness.path),
        "pad responses": len(fields.responses),
        "pad columns": len(fields.pads.cells),
        "pad salts and path": len(fields.pads.salts) + len(fields.pads.path),
    }
    return {**sizes, "rest": len(proof) - sum(sizes.values())}


def measure_apart(name: str) -> Measurement:
    """`measure` in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.proving", name]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return Measurement(**json.loads(output))


if __name__ == "__main__":
    print(json.dumps(asdict(measure(sys.argv[1]))))
