"""Where compiled kernels are kept, when compiling is noticed, and how work is split."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from zkaudit.field import jit

SCRIPT = """
import numpy as np
from zkaudit.field import blocks, jit
calls = []
jit.on_first_compile(lambda: calls.append(1))
assert blocks.from_blocks(blocks.to_blocks(np.ones((5, 3), np.uint64)), 3).tolist() == [[1] * 3] * 5
print(jit.CACHE_FOLDER is not None, len(calls), jit.compile_seconds() > 0)
"""


def run(environment: dict[str, str]) -> list[str]:
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "PYTHONPATH": str(Path(jit.__file__).parents[2]), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return result.stdout.split()


def test_the_second_process_does_not_compile(tmp_path: Path) -> None:
    environment = {"NUMBA_CACHE_DIR": "", "XDG_CACHE_HOME": str(tmp_path)}
    assert run(environment) == ["True", "1", "True"]
    assert list(tmp_path.glob("zkaudit/numba-*/**/*.nbi"))
    assert run(environment) == ["True", "0", "False"]


def test_no_folder_to_write_to(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    assert run({"NUMBA_CACHE_DIR": str(in_the_way / "cache")}) == ["False", "1", "True"]


def test_split_covers_the_range() -> None:
    for count in (0, 1, 7, 1000):
        for minimum in (1, 10, 5000):
            parts = jit.split(count, minimum)
            assert parts[0][0] == 0
            assert parts[-1][1] == count
            assert all(left[1] == right[0] for left, right in itertools.pairwise(parts))


def test_run_parallel_runs_all_and_raises() -> None:
    done: list[int] = []
    jit.run_parallel([lambda i=i: done.append(i) for i in range(5)])  # type: ignore[misc]
    assert sorted(done) == list(range(5))

    def fail() -> None:
        raise ArithmeticError("on purpose")

    with pytest.raises(ArithmeticError):
        jit.run_parallel([lambda: None, fail])
