"""Seconds of BLS operations as the commands use them, and of the import of their library."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from zkaudit.signing import suite
from zkaudit.signing.keys import Domain, secret_key, verify_aggregate, verify_possession, verify_signature

SIGNERS = 10
REPETITIONS = 3


@dataclass(frozen=True, kw_only=True)
class Seconds:
    """The fastest of several runs."""

    name: str
    seconds: float


def measure() -> list[Seconds]:
    """Import, signature, its verification, a proof of possession, and an aggregate of ten trusted keys."""
    keys = [secret_key(2**250 + number, f"signer {number}") for number in range(SIGNERS)]
    digest = bytes(32)
    signatures = [key.sign(Domain.COMMITMENT, digest) for key in keys]
    aggregate = suite.aggregate(signatures)
    first, stranger = keys[0].public, replace(keys[0].public, proven=False)
    trusted = [key.public for key in keys]
    importing = "import time; s = time.perf_counter(); import py_ecc.bls; print(time.perf_counter() - s)"
    loaded = [float(subprocess.check_output([sys.executable, "-c", importing])) for _ in range(REPETITIONS)]
    return [
        Seconds(name="import py_ecc", seconds=min(loaded)),
        _best("sign", lambda: keys[0].sign(Domain.COMMITMENT, digest)),
        _best("verify a signature", lambda: verify_signature(first, Domain.COMMITMENT, digest, signatures[0])),
        _best("verify a proof of possession", lambda: verify_possession(stranger)),
        _best(
            f"verify an aggregate of {SIGNERS} trusted keys",
            lambda: verify_aggregate(trusted, Domain.COMMITMENT, digest, aggregate),
        ),
    ]


def _best(name: str, run: Callable[[], object]) -> Seconds:
    times = []
    for _ in range(REPETITIONS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return Seconds(name=name, seconds=min(times))
