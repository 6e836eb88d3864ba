"""How kernels are compiled, cached and run on threads."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from threading import Lock
from typing import Any

_INLINED_SOURCES = ("field/kernels.py", "merkle/kernels.py", "reed_solomon/kernels.py", "sumcheck/kernels.py")
"""Files whose functions are called by kernels of other files."""


def _cache_folder() -> Path | None:
    """The folder for compiled kernels, or None where nothing can be written.

    numba looks only at the file of a kernel to see whether its cached code is stale.
    Code inlined from other files is part of the kernel too, so the digest of those files is part of the name.
    """
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        folder = Path(chosen)
    else:
        package = Path(__file__).parents[1]
        sources = b"".join((package / name).read_bytes() for name in _INLINED_SOURCES)
        digest = hashlib.sha256(sources).hexdigest()[:12]
        base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        folder = Path(base) / "zkaudit" / f"numba-{metadata.version('numba')}-{digest}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        return None


CACHE_FOLDER = _cache_folder()
"""Where compiled kernels are kept; None in a container without a writable home, which compiles every time."""

if CACHE_FOLDER is not None:
    os.environ["NUMBA_CACHE_DIR"] = str(CACHE_FOLDER)

import numba  # noqa: E402
from numba.core import event  # noqa: E402

if CACHE_FOLDER is not None:
    # numba may have been imported before this module, and has then read its settings already.
    numba.config.CACHE_DIR = str(CACHE_FOLDER)  # type: ignore[attr-defined]

kernel = numba.njit(nogil=True, cache=CACHE_FOLDER is not None)
"""Decorator of a kernel: compiled at its first call, cached, and free of the interpreter lock."""

inlined = numba.njit(forceinline=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)  # type: ignore[call-overload]
"""Decorator of scalar arithmetic inside kernels: inlined by LLVM, which compiles far faster than numba's inliner.

Nothing but kernels calls it, so it has no wrapper for Python or C; that saves a sixth of the compilation.
"""

WORKERS = min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, 8)
"""Performance knob: threads of a large kernel; memory bandwidth leaves little to gain beyond a few."""


class _CompileClock(event.Listener):
    """Times the compilations of this package, nested ones once; numba holds its compiler lock meanwhile."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.callbacks: list[Callable[[], None]] = []
        self._depth = 0
        self._started = 0.0

    def _concerns(self, notice: Any) -> bool:
        return str(notice.data["dispatcher"].py_func.__module__).startswith("zkaudit.")

    def on_start(self, event: Any) -> None:
        if not self._concerns(event):
            return
        if self._depth == 0:
            self._started = time.perf_counter()
            callbacks, self.callbacks = self.callbacks, []
            for callback in callbacks:
                callback()
        self._depth += 1

    def on_end(self, event: Any) -> None:
        if not self._concerns(event):
            return
        self._depth -= 1
        if self._depth == 0:
            self.seconds += time.perf_counter() - self._started


_clock = _CompileClock()
event.register("numba:compile", _clock)  # type: ignore[no-untyped-call]


def compile_seconds() -> float:
    """Seconds that this process has spent compiling kernels; loading them from the cache does not count."""
    return _clock.seconds


def on_first_compile(callback: Callable[[], None]) -> None:
    """Has `callback` called once, when the next compilation begins, from the thread that needs the kernel."""
    _clock.callbacks.append(callback)


_pool: ThreadPoolExecutor | None = None
_pool_lock = Lock()


def _shared_pool() -> ThreadPoolExecutor:
    global _pool
    with _pool_lock:
        if _pool is None:
            _pool = ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix="zkaudit")
        return _pool


def run_parallel(tasks: Sequence[Callable[[], None]]) -> None:
    """Runs all tasks and waits for them, the first in the calling thread.

    A task does not call this function itself: a pool full of waiting tasks would never end.
    A dispatch costs 0.1 to 0.5 ms, so tasks below about 1 ms are better run one after the other.
    """
    if not tasks:
        return
    pending = [_shared_pool().submit(task) for task in tasks[1:]]
    try:
        tasks[0]()
    finally:
        failures = [failure for job in pending if (failure := job.exception()) is not None]
    if failures:
        raise failures[0]


def split(count: int, minimum: int) -> list[tuple[int, int]]:
    """The range 0..count in at most WORKERS consecutive parts of at least `minimum`, or in one part."""
    parts = max(1, min(WORKERS, count // max(1, minimum)))
    return [(count * part // parts, count * (part + 1) // parts) for part in range(parts)]
