"""The memory that this process has taken."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path


def peak_rss_bytes() -> int:
    """The largest resident set of this process, in bytes; 0 where the system does not say.

    Linux: `getrusage` would also count the process that started this one, so the kernel's own line comes first.
    """
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
