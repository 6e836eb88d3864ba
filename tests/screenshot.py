"""The picture of a report in the README: `python -m tests.screenshot FILE.png` makes a new audit and looks at it."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.browser import missing, window
from zkaudit import cli
from zkaudit.cli.demo import CLAIM
from zkaudit.wire import write_atomic

WIDTH = 900
"""Pixels; the README shows it at about this width."""

END = "return document.querySelector('[aria-labelledby=checked]').getBoundingClientRect().bottom + scrollY"
"""How far down the picture goes: to the end of what was checked."""


def main(output: Path) -> int:
    """The demo's files in a new folder, a report on them, a picture of its upper part."""
    fault = missing()
    if fault:
        print(f"error: {fault}", file=sys.stderr)
        return 3
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        code = cli.run(["demo", "--dir", name, "--force"])
        public = ["--commitment", f"{name}/commitment.json", "--data", f"{name}/heldout.npz", "--claim", CLAIM]
        code = code or cli.run(["report", f"{name}/audit.zkp", *public, "-o", f"{name}/report.html"])
        if code:
            return code
        with window() as browser:
            browser.show(folder / "report.html", width=WIDTH, height=1200)
            picture = browser.picture(WIDTH, round(browser.ask(END)) + 40)
    write_atomic(output, picture)
    print(f"{output}, {len(picture):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
