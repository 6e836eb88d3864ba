"""The entry of the single-file verifier: all of its arguments are those of `zkaudit verify`."""

from __future__ import annotations

import sys
from typing import NoReturn

from zkaudit import cli


def main() -> NoReturn:
    """Runs `zkaudit verify` with the arguments of the process."""
    cli.main(["verify", *sys.argv[1:]])
